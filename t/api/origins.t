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
);

my $t = Test::Nginx->new()->has(qw/ http /)->plan(@cases + 1);

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
EOC

for my $case (@cases) {
    my ($path, $origin, $status) = @$case;

    is(ws(user => 'u', path => $path, defined $origin
        ? (headers => [ "Origin: $origin" ]) : ())->{status}, $status,
        "$path, " . (defined $origin ? $origin : 'no origin'));
}

my $refused = ws(user => 'u', path => '/one',
    headers => [ 'Origin: https://evil.example' ]);

like($refused->{body}, qr/^\{"type":"error","error":"[^"]+","details":/,
    'JSON');
