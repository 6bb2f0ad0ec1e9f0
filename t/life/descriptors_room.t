#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A reload hands more clients to a worker than it may have descriptors: it
# keeps some, which nginx needs to tell it of other workers, and closes what
# there is no room for with a close frame.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(7);

write_conf($t, '');

$t->run();

my $fds = descriptors_of($t);
my @clients = map { ws(user => "u$_", chats => 'c') } 1 .. 40;

is(scalar(grep { $_->{status} == 101 } @clients), 40, 'clients');

write_conf($t, 'worker_rlimit_nofile ' . ($fds + 20) . ';');
ok(replaced($t, 1), 'few descriptors');

# each goes on, or is told

my @alive = grep { $_->ping('x') && defined $_->await_pong() } @clients;
my @told = grep { $_->{closed} } @clients;

cmp_ok(scalar @alive, '>', 10, 'taken over: ' . @alive);
is(@alive + @told, 40, 'closed: ' . @told);
is(join(' ', map { $_->{closed}{code} } @told), join(' ', (1012) x @told),
    'with a close frame');

# nginx reaches the worker that is full

write_conf($t, '');

ok(replaced($t, 1), 'reload');

is(scalar(grep { $_->ping('y') && $_->await_pong() } @alive), @alive,
    'all are there');



sub write_conf {
    my ($t, $main) = @_;

    $t->write_file_expand('nginx.conf', conf(
        main => "worker_processes 1; $main", http => 'chatws_drain 1h;'));
}
