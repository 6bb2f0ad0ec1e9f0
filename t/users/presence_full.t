#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The ring has no room for who is there, since a worker is stopped: when there
# is some again, all that has changed meanwhile is told.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(6);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => people_conf('grace=10m interval=100ms')
        . 'add_header X-Pid $pid always;',
    server => 'location = /status { chatws_status chat; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

publish({ chatId => 'c', text => 'x', sender => 'nobody' });

my @readers = map { ws_in($t, $_, user => 'reader') } $one, $two;

follow($_, 'c') for @readers;

my %u = map { $_ => ws_in($t, $one, user => $_, chats => 'c') } qw/ a b f /;

seen($_, qw/ +a +b +f /) for @readers;

# typing that the second worker does not read fills the ring

ok(halt($two), 'a worker is stopped');

ok(eventually(sub {
    types($u{f}, 'c', 1) for 1 .. 10;
    settled($u{f});
    hub_status()->{typingDropped};
}), 'the ring is full');

my $before = hub_status()->{presence};

says($u{a}, 'away');
says($u{b}, 'offline');
settled($_) for @u{qw/ a b /};

kill 'CONT', $two;

for my $reader (@readers) {
    my $words = seen($reader, qw/ ~a -b /);

    like($words, qr/~a/, 'told when there is room');
}

cmp_ok(hub_status()->{presence}, '>', $before, 'by another frame');

$_->drop() for @readers, values %u;
