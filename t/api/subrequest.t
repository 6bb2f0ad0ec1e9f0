#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Publishing from another module, by subrequests.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Piece;
use Test::Nginx;

my $echo = '/usr/lib/nginx/modules/ngx_http_echo_module.so';

plan(skip_all => 'no libnginx-mod-http-echo') unless -e $echo;

my $t = Test::Nginx->new()->has(qw/ http /);
my $why = Test::Chatws::Piece->new($t, "load_module $echo;")->misfit($echo);

plan(skip_all => "another nginx's $why") if $why;

$t->plan(9);

$t->write_file_expand('nginx.conf', conf(main => "load_module $echo;",
    server => <<'EOC'))->run();

        location = /internal {
            internal;
            chatws_publish chat;
        }

        location = /async {
            default_type text/plain;
            echo before;
            echo_subrequest_async POST /internal
                -b '{"chatId":"chat_1","text":"async","sender":"s"}';
            echo after;
        }

        location = /wait {
            default_type text/plain;
            echo_subrequest POST /internal
                -b '{"chatId":"chat_1","text":"wait","sender":"s"}';
        }

        location = /two {
            default_type text/plain;
            echo_subrequest_async POST /internal
                -b '{"chatId":"chat_1","text":"first","sender":"s"}';
            echo_subrequest_async POST /api/messages
                -b '{"chatId":"chat_1","text":"second","sender":"s"}';
        }

        location = /bad {
            default_type text/plain;
            echo before;
            echo_subrequest POST /internal -b 'not json';
            echo after;
        }
EOC

my $ws = ws(user => 'u', chats => 'chat_1');

like(request('GET', '/async')->{body}, qr/^before\n.*"text":"async".*after\n/s,
    'asynchronous subrequest, answer');
is($ws->await('new_message')->{message}{text}, 'async',
    'asynchronous subrequest, delivered');

like(request('GET', '/wait')->{body}, qr/^\{"id":"msg_.*"recipients":1/s,
    'synchronous subrequest, answer');
is($ws->await('new_message')->{message}{text}, 'wait',
    'synchronous subrequest, delivered');

like(request('GET', '/two')->{body}, qr/"first".*"second"/s,
    'two subrequests, answers');
is(join(' ', sort map { $ws->await('new_message')->{message}{text} } 1, 2),
    'first second', 'two subrequests, delivered');

# a failing one leaves the main request alone

like(request('GET', '/bad')->{head}, qr/^HTTP\/1.1 200 /,
    'a bad subrequest');
is(request('POST', '/internal', body => '{}')->{status}, 404,
    'internal is internal');

publish({ chatId => 'chat_1', text => 'marker', sender => 's' });
is($ws->await('new_message')->{message}{text}, 'marker', 'and nothing else');
