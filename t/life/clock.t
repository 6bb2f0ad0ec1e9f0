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
use Test::Nginx;

plan(skip_all => 'no preloading with a sanitizer')
    if `$ENV{TEST_NGINX_BINARY} -V 2>&1` =~ /fsanitize/;

my $t = Test::Nginx->new()->has(qw/ http /)->has_daemon('cc');
my $dir = $t->testdir();

plan(skip_all => 'no shared object')
    if system('cc', '-shared', '-fPIC', '-o', "$dir/clock.so",
              "$FindBin::Bin/../lib/clock.c", '-ldl') != 0;

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
            chatws_session_lifetime 1s;
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

clock_is(0);

{
    local $ENV{LD_PRELOAD} = "$dir/clock.so";
    local $ENV{TEST_CHATWS_CLOCK} = "$dir/clock";

    $t->run();
}

# the timers are over half a second before the wall clock says so

my $pinged = ws(user => 'u', path => '/pinged');

is(($pinged->read_frame() || {})->{opcode}, 9, 'a ping');
$pinged->{mute} = 1;

clock_is(-500);

is_deeply($pinged->await_close(), $end, 'while a pong is awaited');

my $drains = ws(user => 'u', path => '/second');

ok(reloaded($t), 'reload');

clock_is(-1000);

is_deeply($drains->await_close(), $end, 'while the worker quits');

# a step over the end is noticed by the next ping

my $hour = ws(user => 'u', path => '/hour');

clock_is(2 * 60 * 60 * 1000);

is_deeply($hour->await_close(), $end, 'set forward');


# The milliseconds by which the clock of nginx is ahead.  It reads the file at
# any moment, so the length of the text stays the same.

sub clock_is {
    my ($msec) = @_;

    open my $fh, -e "$dir/clock" ? '+<' : '>', "$dir/clock" or die "$!\n";
    syswrite $fh, sprintf('%12d', $msec);
}
