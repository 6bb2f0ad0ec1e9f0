#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Workers killed at any moment, under load: the others go on, what the dead
# one had is given back, its clients come back and miss nothing.  So many
# times as TEST_CHATWS_KILLS says.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Chatws::Soak;
use Test::Nginx;

my $kills = $ENV{TEST_CHATWS_KILLS} || 60;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(18);

$t->write_file_expand('nginx.conf', conf(connections => 2048,
    main => 'worker_processes 4;', zone => 'zone=chat:16m',
    http => 'chatws_history 10000 1h;',
    server => 'location = /status { chatws_status chat; }'));

$t->run();
ok(eventually(sub { workers_of($t) == 4 }), 'workers');

# the others of a quiet worker: slot and rows are given back without traffic

my @clients = map { ws(user => "u$_", chats => 'quiet') } 1 .. 16;

is(hub_status()->{subscriptions}, 16, 'subscriptions');

my ($victim) = workers_of($t);

slay($victim);

my @alive = grep { $_->ping('alive') && $_->await_pong() } @clients;

ok(eventually(sub {
    my $status = hub_status();
    $status->{reaped} == 1 && $status->{workers} == 4
        && $status->{subscriptions} == @alive;
}), 'slot and rows are given back');

is(hub_status()->{connections}, @alive, 'connections');
is(hub_status()->{lost}, 16 - @alive, 'lost connections');

$_->drop() for @clients;

# under load

my $load = Test::Chatws::Soak->start(clients => 200, chats => 64, subs => 2,
    publishers => 4, rate => 1500, misdeeds => 100, polite => 1);

$load->begin();

my $before = hub_status();

for my $n (1 .. $kills) {
    my @workers = workers_of($t) or next;

    $victim = $workers[rand @workers];
    slay($victim);

    # in the middle of what the rest makes of it, now and then

    next if rand() < 0.3;

    eventually(sub {
        my @now = workers_of($t);
        @now == 4 && !grep { $_ == $victim } @now;
    });

    $load->delivered(rand 500);
}

ok(eventually(sub { workers_of($t) == 4 }), 'all workers are back');
ok($load->delivered(2000), 'notifications go on');

my $verdict = $load->verdict();
my $slowest = $load->slowest();
my $report = $load->{report};

is($verdict, '', 'nothing lost, nothing twice');
diag($load->summary()) if $verdict ne '' || $ENV{TEST_NGINX_VERBOSE};

cmp_ok($report->{cut}, '>', 0, 'clients were cut off');
is($report->{told}, 0, 'only those of the dead');
is($report->{unrecovered}, 0, 'all of them recovered');

undef $load;

# as if nothing had been

ok(eventually(sub {
    my $status = hub_status();
    $status->{connections} == 0 && $status->{subscriptions} == 0
        && $status->{workers} == 4;
}), 'no connection, row or slot is left');

my $after = hub_status();

is($after->{memory}{free}
    + $after->{memory}{chats} + $after->{memory}{subscriptions},
    $before->{memory}{tables}, 'no memory either');

is($after->{epoch}, $before->{epoch}, 'the zone is the same');
cmp_ok($slowest, '<', 500 * Test::Chatws::deadline(),
    'nobody waited for long');

my $log = $t->read_file('error.log');

is(unexplained($log), '', 'nothing else in the log');
note(scalar(() = died_in_lock($log)), ' died in the lock');

# some were lost before they knew that they were there

my $lost = $after->{lost} - $before->{lost};

cmp_ok($lost, '>=', $report->{cut}, 'what was cut off was lost');
cmp_ok($lost, '<=', $report->{cut} + $report->{unanswered_ws},
    'what was lost was cut off');

$t->todo_alerts();
