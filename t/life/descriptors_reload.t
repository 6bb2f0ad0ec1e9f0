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
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(8);

write_conf($t, '');

$t->run();

# what two workers need for themselves, half of the clients, a channel to each
# of two more workers, and what is kept for nginx

my $clients = 46;
my $fds = descriptors_of($t) / 2;

write_conf($t, 'worker_rlimit_nofile ' . ($fds + $clients / 2 + 7) . ';');
ok(replaced($t, 2), 'few descriptors');

# each worker has half of them: while one has stopped the other accepts all

my @in;

for my $worker (workers_of($t)) {
    halt($worker);
    push @in, map { ws(user => "u$_", chats => 'c') } 1 .. $clients / 2;
    kill 'CONT', $worker;
}

is(scalar(grep { $_->{status} == 101 } @in), $clients, 'clients');

for my $n (1 .. 3) {
    ok(replaced($t, 2), "reload $n");

    is(scalar(grep { $_->ping("p$n") && $_->await_pong() } @in), $clients,
        "reload $n, all are there");
}


sub write_conf {
    my ($t, $main) = @_;

    $t->write_file_expand('nginx.conf', conf(
        main => "worker_processes 2; $main",
        http => 'chatws_drain 1h;'));
}
