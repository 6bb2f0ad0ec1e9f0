#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A reload gives the zone another size, and an old worker is killed while it
# holds the lock of the old one.  The master does not know that zone any more:
# the other old worker helps itself.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Chatws::Lock;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(10);

my %conf = (main => 'worker_processes 2;', http => 'chatws_drain 1h;',
    endpoint => 'add_header X-Pid $pid always; chatws_ping_interval 0;');

$t->write_file_expand('nginx.conf', conf(%conf, zone => 'zone=chat:1132k'));
$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'two workers');

my %clients;

ok(eventually(sub {
    my $ws = ws(user => 'u', chats => 'chat_1');
    push @{$clients{$ws->{headers}{'x-pid'}}}, $ws;
    keys %clients == 2 && !grep { @$_ < 4 } values %clients;
}), 'connections in both');

my ($victim, $other) = sort { $a <=> $b } keys %clients;

my $lock = Test::Chatws::Lock->new($other, 1132 * 1024);

SKIP: {
    skip 'the memory of a worker is out of reach', 8 unless $lock;

    $t->write_file_expand('nginx.conf', conf(%conf, zone => 'zone=chat:2m'));
    ok(reloaded($t), 'reload');

    # as if it were stopped right behind the lock

    halt($victim);
    ok($lock->give($victim), 'nobody else has the lock');

    slay($victim);
    ok(eventually(sub { !grep { $_ == $victim } workers_of($t) }),
        'a worker is killed');

    # clients of the other one are served, also by what takes the lock

    my ($client) = grep { $_->ping('alive') && $_->await_pong() }
        @{$clients{$other}};

    ok($client, 'the other one lives');
    ok($client && $client->subscribe('chat_2'), 'it takes the lock');
    ok(eventually(sub { $lock->holder() != $victim }),
        'the lock goes round');

    my $log = $t->read_file('error.log');

    like($log, qr/\[notice\].*"chat" was locked by dead worker $victim$/m,
        'it is logged');
    is(unexplained($log), '', 'nothing else');
}

$t->todo_alerts();
