#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# worker_shutdown_timeout ends WebSockets whose request others still have, or
# count, with a last word; and one that drains meanwhile is closed in order.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use IO::Socket::INET;

use Test::Chatws;
use Test::Nginx qw/ port /;

my $guest = "$Test::Chatws::TOP/build/ngx_http_chatws_guest_module.so";
my $static = ($ENV{TEST_NGINX_GLOBALS} || '') !~ /load_module/;

plan(skip_all => 'no module of t/guest') unless $static || -e $guest;

my $t = Test::Nginx->new()->has(qw/ http proxy mirror limit_conn /)->plan(10);

# nobody answers there

my $app = IO::Socket::INET->new(Proto => 'tcp', Listen => 64,
    LocalAddr => '127.0.0.1:' . port(8081), ReuseAddr => 1) or die "$!\n";

$t->write_file_expand('nginx.conf', conf(
    main => ($static ? '' : "load_module $guest;")
        . 'worker_shutdown_timeout 1s;',
    http => 'chatws_drain 24h; limit_conn_zone $server_name zone=conn:1m;',
    server => <<'EOC'))->run();

        location = /held {
            internal;
            proxy_pass http://127.0.0.1:8081;
        }

        location = /mirrored {
            mirror /held;
            chatws chat;
        }

        location = /drained {
            mirror /held;
            chatws chat;
            chatws_drain 100ms;
        }

        location = /active {
            chatws chat;
            chatws_guest precontent subrequest /held;
        }

        location = /counted {
            limit_conn conn 10;
            chatws chat;
        }
EOC

my @paths = map { "/$_" } qw/ active counted drained mirrored /;
my $worker;

ok(eventually(sub { ($worker) = workers_of($t) }), 'a worker');

my %ws = map { $_ => ws(user => $_, path => $_, chats => 'c') } @paths;

is(publish({ chatId => 'c', text => 't', sender => 'x' })
    ->{json}{recipients}, 4, 'all are there');

ok(reloaded($t), 'reload');

for my $path (@paths) {
    is(($ws{$path}->await_close() || {})->{code}, 1012, "$path, a last word");
}

ok(eventually(sub { $ws{$_}->drop() for @paths; !kill 0, $worker }),
    'the old worker ends');

is(publish({ chatId => 'c', text => 't', sender => 'x' })
    ->{json}{recipients}, 0, 'nobody is left');
unlike($t->read_file('error.log'), qr/exited on signal/, 'no crash');
