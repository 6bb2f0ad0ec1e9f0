#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A reload while workers may hardly open more files than they have clients:
# one that has taken as many as it can leaves the rest to the other.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Soak;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(9);

write_conf($t, '');

$t->run();

# what two workers need for themselves, half of the clients, and little more

my $clients = 46;
my $fds = descriptors_of($t) / 2;

write_conf($t, 'worker_rlimit_nofile ' . ($fds + $clients / 2 + 7) . ';');
ok(replaced($t, 2), 'few descriptors');

my @in = map { ws(user => "u$_", chats => 'c') } 1 .. $clients;

is(scalar(grep { $_->{status} == 101 } @in), $clients, 'clients');

for my $n (1 .. 3) {
    ok(replaced($t, 2), "reload $n");

    is(scalar(grep { $_->ping("p$n") && $_->await_pong() } @in), $clients,
        "reload $n, all are there");
}

# nginx itself says so where a channel to another worker could not be had

is(Test::Chatws::Soak::alerts($t,
    qr/recvmsg\(\) truncated data|accept4?\(\) failed \(24:/), '',
    'nothing else in the log');

$t->todo_alerts()
    if $t->read_file('error.log') =~ /recvmsg\(\) truncated data/;


sub write_conf {
    my ($t, $main) = @_;

    $t->write_file_expand('nginx.conf', conf(
        main => "worker_processes 2; $main",
        http => 'chatws_drain 1h;'));
}
