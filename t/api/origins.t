#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_allowed_origins.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my @cases = (
    [ '/any', 'https://x.example', 101 ],
    [ '/any', 'null', 101 ],
    [ '/one', 'https://chat.example.com', 101 ],
    [ '/one', 'https://CHAT.example.com', 101 ],
    [ '/one', undef, 101 ],
    [ '/one', 'http://chat.example.com', 403 ],
    [ '/one', 'https://chat.example.com:8443', 403 ],
    [ '/one', 'https://chat.example.com.evil.example', 403 ],
    [ '/one', 'https://evil.example/https://chat.example.com', 403 ],
    [ '/one', 'null', 403 ],
    [ '/list', 'https://a.example', 101 ],
    [ '/list', 'https://b.example', 101 ],
    [ '/list', 'https://c.example', 403 ],
    [ '/list', 'https://www.b.example', 403 ],
    [ '/list', 'http://localhost:3000', 101 ],
    [ '/list', 'http://localhost:3001', 403 ],
    [ '/star', 'https://www.example.com', 101 ],
    [ '/star', 'https://a.b.example.com', 101 ],
    [ '/star', 'https://example.com', 403 ],
    [ '/star', 'https://evilexample.com', 403 ],
    [ '/star', 'http://www.example.com', 403 ],
    [ '/star', 'https://www.example.com.evil.example', 403 ],
    [ '/port', 'http://localhost:3000', 101 ],
    [ '/port', 'http://localhost:1', 101 ],
    [ '/port', 'http://localhost.evil.example', 403 ],
    [ '/scheme', 'https://chat.example.com', 101 ],
    [ '/scheme', 'http://chat.example.com', 101 ],
    [ '/scheme', 'https://chat.example.net', 403 ],
    [ '/null', 'null', 101 ],
    [ '/null', 'https://null', 403 ],
    [ '/app', 'capacitor://localhost', 101 ],
    [ '/app', 'http://localhost', 403 ],
    [ '/v6', 'http://[::1]:3000', 101 ],
    [ '/v6', 'http://[::1]', 403 ],
);

# the field "Host" and the origin, without TLS and with it

my @same = (
    [ 'chat.example.com', 'http://chat.example.com', 101, 403 ],
    [ 'chat.example.com', 'https://chat.example.com', 101, 101 ],
    [ 'CHAT.example.com', 'https://chat.example.com', 101, 101 ],
    [ 'chat.example.com', 'HTTPS://chat.EXAMPLE.com', 101, 101 ],
    [ 'chat.example.com', 'https://chat.example.com:443', 101, 101 ],
    [ 'chat.example.com:443', 'https://chat.example.com', 101, 101 ],
    [ 'chat.example.com', 'https://chat.example.com:8443', 403, 403 ],
    [ 'chat.example.com:8443', 'https://chat.example.com:8443', 101, 101 ],
    [ 'chat.example.com:8443', 'https://chat.example.com', 403, 403 ],
    [ 'chat.example.com:80', 'http://chat.example.com', 101, 403 ],
    [ 'chat.example.com:80', 'https://chat.example.com', 403, 403 ],
    [ 'chat.example.com:443', 'http://chat.example.com', 403, 403 ],
    [ 'localhost:8000', 'http://localhost:8000', 101, 403 ],
    [ 'localhost:8000', 'http://localhost:80', 403, 403 ],
    [ 'localhost:8000', 'http://127.0.0.1:8000', 403, 403 ],
    [ '[::1]', 'https://[::1]', 101, 101 ],
    [ '[::1]:8000', 'https://[::1]:8000', 101, 101 ],
    [ '[::1]', 'https://[::2]', 403, 403 ],
    [ 'chat.example.com', 'https://evil.example', 403, 403 ],
    [ 'chat.example.com', 'https://chat.example.com.evil.example', 403, 403 ],
    [ 'chat.example.com', 'https://www.chat.example.com', 403, 403 ],
    [ 'chat.example.com', 'null', 403, 403 ],
    [ 'chat.example.com', '', 403, 403 ],
    [ 'chat.example.com', '://chat.example.com', 403, 403 ],
    [ 'chat.example.com', 'https://', 403, 403 ],
    [ 'chat.example.com', 'chat.example.com', 403, 403 ],
    [ 'chat.example.com', 'ws://chat.example.com', 403, 403 ],
    [ 'chat.example.com', 'https://other.example', 101, 101, '/same/more' ],
    [ 'chat.example.com', 'https://chat.example.com', 101, 101,
      '/same/more' ],
    [ 'same', 'same', 403, 403 ],
    [ 'chat.example.com', undef, 101, 101 ],
);

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(@cases + 2 * @same + 2);

certificate($t);

$t->write_file_expand('nginx.conf', conf(server => <<'EOC'))->run();

        location = /any {
            chatws chat;
        }

        location = /one {
            chatws chat;
            chatws_allowed_origins https://chat.example.com;
        }

        location = /list {
            chatws chat;
            chatws_allowed_origins https://a.example https://b.example
                                   http://localhost:3000;
        }

        location = /star {
            chatws chat;
            chatws_allowed_origins https://*.example.com;
        }

        location = /port {
            chatws chat;
            chatws_allowed_origins http://localhost:*;
        }

        location = /scheme {
            chatws chat;
            chatws_allowed_origins *://chat.example.com;
        }

        location = /null {
            chatws chat;
            chatws_allowed_origins null;
        }

        location = /app {
            chatws chat;
            chatws_allowed_origins capacitor://localhost;
        }

        location = /v6 {
            chatws chat;
            chatws_allowed_origins http://[::1]:3000;
        }

        listen 127.0.0.1:8443 ssl;
        ssl_certificate cert.pem;
        ssl_certificate_key cert.key;

        location /same {
            chatws chat;
            chatws_allowed_origins same;

            location = /same/more {
                chatws chat;
                chatws_allowed_origins same https://other.example;
            }
        }

        location = /publish {
            chatws_publish chat;
            chatws_allowed_origins same;
        }
EOC

for my $case (@cases) {
    my ($path, $origin, $status) = @$case;

    is(ws(user => 'u', path => $path, defined $origin
        ? (headers => [ "Origin: $origin" ]) : ())->{status}, $status,
        "$path, " . (defined $origin ? $origin : 'no origin'));
}

for my $case (@same) {
    my ($host, $origin, $plain, $tls, $path) = @$case;

    for my $ssl (0, 1) {
        is(ws(user => 'u', path => $path || '/same', host => $host,
            ssl => $ssl, defined $origin
            ? (headers => [ "Origin: $origin" ]) : ())->{status},
            $ssl ? $tls : $plain, "$host, " . (defined $origin
            ? "\"$origin\"" : 'no origin') . ($ssl ? ', TLS' : ''));
    }
}

is(join(' ', map { publish({ chatId => 'c', text => 't', sender => 's' },
    uri => '/publish', host => 'a.example', headers => [ "Origin: $_" ])
    ->{status} } 'http://a.example', 'http://b.example'), '201 403',
    'publishing, of the same origin');

my $refused = ws(user => 'u', path => '/one',
    headers => [ 'Origin: https://evil.example' ]);

like($refused->{body}, qr/^\{"type":"error","error":"[^"]+","details":/,
    'JSON');
