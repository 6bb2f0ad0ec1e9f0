#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Everything at once: clients that come, go, stall, vanish and send garbage,
# publishers, killed workers, reloads.  For TEST_CHATWS_SOAK seconds with
# TEST_CHATWS_CLIENTS clients; make soak has a longer form.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Chatws::Soak;
use Test::Nginx;

use Time::HiRes qw/ time /;

my $seconds = $ENV{TEST_CHATWS_SOAK} || 6;
my $clients = $ENV{TEST_CHATWS_CLIENTS} || 300;
my $workers = 4;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(12);

$t->write_file_expand('nginx.conf', conf(connections => 8192,
    main => "worker_processes $workers; worker_rlimit_nofile 20000;",
    zone => 'zone=chat:32m',
    http => 'chatws_history 10000 1h; chatws_drain 2s; access_log off;',
    endpoint => 'chatws_ping_interval 2s; chatws_ping_timeout 1m;
        chatws_typing interval=100ms timeout=1s merge=2;',
    server => 'location = /status { chatws_status chat; }'));

$t->run();
ok(eventually(sub { workers_of($t) == $workers }), 'workers');

# once round, so that what is kept for the next time is there

my $load = load(20);

$load->begin();
$load->delivered(1000);
is($load->verdict(), '', 'at first');
undef $load;

ok(eventually(sub { hub_status()->{connections} == 0 }), 'quiet');

my $before = hub_status();
my $fds = descriptors_of($t);
my $anon = anonymous($t);

$load = load($clients, misdeeds => $clients);
$load->begin();

my $start = time();
my $told = $start;
my ($kills, $reloads) = (0, 0);

note(sprintf '%6s %12s %10s %8s %9s %9s', 'second', 'connections',
    'delivered', 'heap KB', 'log used', 'age');

while (time() - $start < $seconds) {

    if (rand() < 0.5) {
        $t->reload();
        $reloads++;

    } else {
        my @now = workers_of($t);

        slay($now[rand @now]) if @now;
        $kills++;
    }

    $load->delivered(rand($seconds > 60 ? 20000 : 1000));

    next if time() - $told < $seconds / 20;

    my $status = hub_status();

    note(sprintf '%6d %12d %10d %8d %9d %9d', time() - $start,
        $status->{connections}, $load->{report}{delivered},
        anonymous($t), $status->{memory}{logUsed}, $status->{logAge});
    $told = time();
}

ok(eventually(sub { workers_of($t) == $workers }),
    'the last workers');

# all of it has happened, however long that takes

ok(eventually(sub {
    my $report = $load->command('report');
    ($report->{delivered} || 0) > 1000 && $report->{garbage}
        && $report->{recovered};
}), 'delivered, garbage, recovered');

my $verdict = $load->verdict();
my $report = $load->{report};
my $faults = join ', ', map { "$_ $report->{$_}" } sort keys %$report;

is($verdict, '', 'nothing lost, nothing twice, nothing wrong');

note("kills $kills, reloads $reloads, $faults");
diag($faults) if $verdict ne '';

undef $load;

# back to the start

ok(eventually(sub {
    my $status = hub_status();
    $status->{connections} == 0 && $status->{subscriptions} == 0
        && $status->{workers} == $workers && workers_of($t) == $workers;
}), 'no connection, row or slot is left');

my $after = hub_status();
my $memory = $after->{memory};

is($memory->{free} + $memory->{chats} + $memory->{subscriptions},
    $memory->{tables}, 'the zone is whole');
is($memory->{subscriptions}, 0, 'and has given everything back');
ok(eventually(sub { descriptors_of($t) == $fds }),
    'no descriptor is left');
cmp_ok(anonymous($t), '<', $anon + 4096 * $workers, 'heap of the workers');

my $log = $t->read_file('error.log');

is(unexplained($log), '', 'the log');
note(scalar(() = died_in_lock($log)), ' died in the lock');

$t->todo_alerts();


sub load {
    my ($clients, %o) = @_;

    return Test::Chatws::Soak->start(clients => $clients, chats => 256,
        subs => 4, publishers => 4, rate => 1000, %o);
}


# Kilobytes of the workers' own memory.

sub anonymous {
    my ($t) = @_;

    my $sum = 0;

    for my $pid (workers_of($t)) {
        my $text = eval { slurp("/proc/$pid/smaps_rollup") } || '';
        $sum += $1 if $text =~ /^Pss_Anon:\s+(\d+)/m;
    }

    return $sum;
}
