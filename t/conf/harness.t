#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The test library itself, with an nginx that has no chatws in it.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy rewrite /)->plan(7);

$t->write_file_expand('nginx.conf', <<'EOC');
%%TEST_GLOBALS%%

daemon off;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    server {
        listen 127.0.0.1:8080;
        server_name localhost;

        location /ok {
            return 200 "fine";
        }

        location /none {
            return 404;
        }

        location /big {
            proxy_pass http://127.0.0.1:8081;
        }
    }
}
EOC

$t->run_daemon(\&app_server, port(8081), \&big);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

like(http_get('/ok'), qr/200 OK.*fine/s, 'http_get');
is(request('GET', '/ok')->{body}, 'fine', 'request');
is(length request('GET', '/big')->{body}, 100000, 'request, long body');
is(request('GET', '/none')->{status}, 404, 'request, status');

is(Test::Chatws::Client::accept_of('dGhlIHNhbXBsZSBub25jZQ=='),
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 'accept key of RFC 6455, 1.3');

is(unpack('H*', Test::Chatws::Client::frame(1, 'Hello')),
    '818537fa213d7f9f4d5158', 'masked frame of RFC 6455, 5.7');

ok(reloaded($t), 'reload');


sub big {
    my ($client) = @_;

    print $client "HTTP/1.0 200 OK\r\n\r\n", 'x' x 100000;
}
