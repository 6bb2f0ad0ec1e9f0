#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_session_lifetime: the end of a session's time, which goes with it
# from worker to worker, and chatws_handover.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;
use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http limit_conn /)->plan(30);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_drain 0; limit_conn_zone $server_name zone=conn:1m;',
    server => <<'EOC'))->run();

        location = /second {
            chatws chat;
            chatws_session_lifetime 1s;
        }

        location = /pings {
            chatws chat;
            chatws_ping_interval 100ms;
            chatws_ping_timeout 1h;
            chatws_session_lifetime 1s;
        }

        location = /mute {
            chatws chat;
            chatws_ping_interval 100ms;
            chatws_ping_timeout 100ms;
            chatws_session_lifetime 1h;
        }

        location = /counted {
            chatws chat;
            limit_conn conn 100;
            chatws_session_lifetime 1s;
        }

        location = /three {
            chatws chat;
            chatws_session_lifetime 3s;
        }

        location = /less {
            chatws chat;
            chatws_session_lifetime 2500ms;
        }

        location = /long {
            chatws chat;
            chatws_session_lifetime 24d;
        }

        location /stays {
            chatws chat;
            chatws_handover off;
            chatws_drain 1h;

            location = /stays/not {
                chatws chat;
                chatws_handover on;
            }

            location = /stays/short {
                chatws chat;
                chatws_session_lifetime 4s;
            }
        }

        location = /status {
            chatws_status chat;
        }
EOC

my $end = 'session lifetime over, reconnect';
my $start = time();
my $three = ws(user => 'u', path => '/three', chats => 'c');
my $short = ws(user => 'u', path => '/stays/short', chats => 'c');
my $forever = ws(user => 'u', chats => 'c');
my $long = ws(user => 'u', path => '/long', chats => 'c');
my %soon = map { $_ => ws(user => 'u', path => "/$_", chats => 'c') }
    qw/ second pings counted /;
my $mute = ws(user => 'u', path => '/mute');

for my $path (qw/ pings second counted /) {
    my $close = $soon{$path}->await_close() || {};

    is($close->{reason}, $end, "$path, reason");
    is($close->{code}, 1012, "$path, code");
    cmp_ok(time() - $start, '>=', 1, "$path, not earlier");

    $soon{$path}->send_close(1012);
    ok($soon{$path}->ended(), "$path, ended");
}

# whoever reads no pings answers none

ok(eventually(sub {
    $t->read_file('error.log') =~ /closes with 1008: ping timeout/
}), 'pings go on meanwhile');
$mute->drop();

for my $ws ($three, $short, $forever, $long) {
    is(($ws->subscribe('d') || {})->{chatId}, 'd', 'others are open');
}

# those of a location that hands none over go on in the old worker, too

my $stays = ws(user => 'u', path => '/stays', chats => 'c');
my $not = ws(user => 'u', path => '/stays/not', chats => 'c');

ok(reloaded($t), 'reload');

ok(eventually(sub {
    request('GET', '/status')->{json}{moved} == 4
}), 'handed over') or diag(request('GET', '/status')->{body});

# from now on a shorter time would end later

my $less = ws(user => 'u', path => '/less');

is(($three->await_close() || {})->{reason}, $end, 'after a reload');
cmp_ok(time() - $start, '>=', 3, 'after a reload, not earlier');
ok(!$less->{closed} && !$less->{eof}, 'after a reload, not later');
is(($less->await_close() || {})->{reason}, $end, 'and then the other');

is(($short->await_close() || {})->{reason}, $end, 'in an old worker');
cmp_ok(time() - $start, '>=', 4, 'in an old worker, not earlier');

is(publish({ chatId => 'c', text => 't', sender => 's' })->{status}, 201,
    'publish');

for my $ws ($forever, $long, $stays, $not) {
    ok($ws->await('new_message'), 'others go on');
}

$_->drop() for $forever, $long, $stays, $not;
