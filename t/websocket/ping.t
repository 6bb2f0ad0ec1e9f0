#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Pings, and peers that do not answer.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(10);

$t->write_file_expand('nginx.conf', conf(
    endpoint => 'chatws_ping_interval 300ms; chatws_ping_timeout 10m;',
    server => <<'EOC'))->run();

        location = /short {
            chatws chat;
            chatws_ping_interval 300ms;
            chatws_ping_timeout 300ms;
        }

        location = /off {
            chatws chat;
            chatws_ping_interval 0;
        }
EOC

my $off = ws(user => 'off', path => '/off');
my $ws = ws(user => 'u', chats => 'c');

# as raw frames: a ping is well formed, and comes again

for my $n (1, 2, 3) {
    my $frame = $ws->read_frame();

    is($frame && $frame->{opcode}, 9, "ping $n");
    $ws->send_frame(10, $frame->{payload});
}

# one that reads, but does not answer, is closed; the other one answers

my $mute = ws(user => 'mute', path => '/short');

$mute->{mute} = 1;
$mute->send_json({ action => 'subscribe', chatId => 'c' });

is(($mute->await_close() || {})->{code}, 1008, 'closed without a pong');
$mute->send_close(1008);
ok($mute->ended(), 'and ended');
ok($mute->{pings}, 'after a ping');

ok(eventually(sub {
    $ws->fill(0);
    1 while $ws->parse_message();

    publish({ chatId => 'c', text => 't', sender => 's' })
        ->{json}{recipients} == 1;
}), 'no recipient any more');

ok($ws->await('new_message'), 'one that answers lives on');

# without an interval: an answer to our ping is the first frame since

$off->ping('mine');
my $frame = $off->read_frame();
is($frame && $frame->{opcode}, 10, 'off: no ping from the server');
is($frame && $frame->{payload}, 'mine', 'off: pong');
