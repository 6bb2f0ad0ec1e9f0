#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A reload gives the zone another size, and an old worker is killed while it
# holds the lock of the old one.  The master does not know that zone any more:
# the other old worker helps itself.

use warnings;
use strict;

no warnings qw/ portable /;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(9);

my %conf = (main => 'worker_processes 2;', http => 'chatws_drain 1h;',
    endpoint => 'add_header X-Pid $pid always; chatws_ping_interval 0;');

$t->write_file_expand('nginx.conf', conf(%conf, zone => 'zone=chat:1132k'));
$t->run();

ok(Test::Chatws::until(sub { workers_of($t) == 2 }), 'two workers');

my %clients;

ok(Test::Chatws::until(sub {
    my $ws = ws(user => 'u', chats => 'chat_1');
    push @{$clients{$ws->{headers}{'x-pid'}}}, $ws;
    keys %clients == 2 && !grep { @$_ < 4 } values %clients;
}), 'connections in both');

my ($victim, $other) = sort { $a <=> $b } keys %clients;

my ($memory, $lock) = lock_of($other, 1132 * 1024);

SKIP: {
    skip 'the memory of a worker is out of reach', 7 unless $memory;

    $t->write_file_expand('nginx.conf', conf(%conf, zone => 'zone=chat:2m'));
    ok(reloaded($t), 'reload');

    # as if it were stopped right behind the lock

    halt($victim);
    ok(Test::Chatws::until(sub { peek() == 0 || peek() == $victim }),
        'nobody else has the lock');
    poke($victim);

    kill 'KILL', $victim;
    ok(Test::Chatws::until(sub { !grep { $_ == $victim } workers_of($t) }),
        'a worker is killed');

    # clients of the other one are served, also by what takes the lock

    my ($client) = grep { $_->ping('alive') && $_->await_pong() }
        @{$clients{$other}};

    ok($client, 'the other one lives');
    ok($client && $client->subscribe('chat_2'), 'it takes the lock');
    ok(Test::Chatws::until(sub { peek() != $victim }), 'the lock goes round');

    like($t->read_file('error.log'), qr/\[notice\].*"chat" was locked by dead/,
        'it is logged');
}

$t->todo_alerts();


# The memory of a worker, and where the lock of its zone of that size is: at
# the beginning.

sub lock_of {
    my ($pid, $size) = @_;

    open my $maps, '<', "/proc/$pid/maps" or return;

    my ($at) = map { hex $_->[0] }
        grep { hex($_->[1]) - hex($_->[0]) == $size }
        map { /^([0-9a-f]+)-([0-9a-f]+) rw-s/ ? [ $1, $2 ] : () } <$maps>;

    return unless defined $at;

    open my $fh, '+<:raw', "/proc/$pid/mem" or return;

    return ($fh, $at);
}


sub peek {
    sysseek $memory, $lock, 0;
    sysread $memory, my $word, 8;

    return unpack 'Q', $word;
}


sub poke {
    sysseek $memory, $lock, 0;
    syswrite $memory, pack 'Q', $_[0];
}
