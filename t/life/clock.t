#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The wall clock is stepped, or differs a little from the clock of timers: a
# session ends when its time is over, with the reason that belongs to it.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Clock;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /);
my $clock = Test::Chatws::Clock->new($t);

plan(skip_all => $clock) unless ref $clock;

$t->plan(5);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_handover off; chatws_drain 1h;',
    server => <<'EOC'));

        location = /second {
            chatws chat;
            chatws_session_lifetime 1s;
        }

        location = /pinged {
            chatws chat;
            chatws_session_lifetime 3s;
            chatws_ping_interval 100ms;
            chatws_ping_timeout 1h;
        }

        location = /hour {
            chatws chat;
            chatws_session_lifetime 1h;
            chatws_ping_interval 100ms;
        }
EOC

my $end = { code => 1012, reason => 'session lifetime over, reconnect' };

$clock->run();

# the timers are over half a second before the wall clock says so

my $pinged = ws(user => 'u', path => '/pinged');

is(($pinged->read_frame() || {})->{opcode}, 9, 'a ping');
$pinged->{mute} = 1;

$clock->set(-0.5);

is_deeply($pinged->await_close(), $end, 'while a pong is awaited');

my $drains = ws(user => 'u', path => '/second');

ok(reloaded($t), 'reload');

$clock->set(-1);

is_deeply($drains->await_close(), $end, 'while the worker quits');

# a step over the end is noticed by the next ping

my $hour = ws(user => 'u', path => '/hour');

$clock->set(2 * 60 * 60);

is_deeply($hour->await_close(), $end, 'set forward');
