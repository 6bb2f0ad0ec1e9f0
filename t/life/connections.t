#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# More connections than a worker may have: new ones are told so, and nobody else
# is harmed.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(8);

$t->write_file_expand('nginx.conf', conf(connections => 64,
    zone => 'zone=chat:128k', main => 'worker_processes 2;',
    http => 'keepalive_timeout 0;',
    server => 'location = /status { chatws_status chat; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my $first = ws(user => 'first', chats => 'first');
my @many;
my $refused;

for (1 .. 150) {
    my $ws = ws(user => "m$_");

    if ($ws->{status} == 503) {
        $refused = $ws;
        last;
    }

    last if $ws->{status} != 101;
    push @many, $ws;
}

ok($refused, '503 after ' . @many);
ok($refused && $refused->{headers}{'retry-after'},
    'Retry-After');
is(publish({ chatId => 'first', text => 'x', sender => 'x' })
    ->{json}{recipients}, 1, 'publishing goes on');
ok($first->await('new_message'), 'delivered');
cmp_ok(cpu_of($t, 0.5), '<', 0.4, 'no busy loop');

$_->drop() for splice @many;

ok(eventually(sub { hub_status()->{connections} == 1 }),
    'room again');

# everything is given back

$first->drop();

ok(eventually(sub {
    my $status = hub_status();
    $status->{connections} == 0 && $status->{subscriptions} == 0
        && $status->{memory}{subscriptions} == 0;
}), 'nothing is left');
