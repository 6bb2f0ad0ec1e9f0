#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A table that only some directives need lies beside the zone: a reload turns it
# on and off, it is kept while the zone is, made anew with it, each zone has its
# own, and the worker that dies takes nothing with it.  The table of rates is
# the example.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Nginx;

use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(30);
my $d = $t->testdir();

# nothing leaks out of a bucket within the time of a test, as good as

my $limit = 'chatws_limit_user rate=1r/m burst=9;';
my $user = 'chatws_user $arg_userId;';

# off

configure($t, 'zone=chat:1004k');
$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');
is(said('u', 4), 'all', 'off: nothing is limited');

# on: all workers count as one

configure($t, 'zone=chat:1004k', $limit);
ok(replaced($t, 2), 'on');
is(said('u', 4), 10, 'on: all connections together');
is(said('v', 4), 10, 'on: another user');
is(said('u', 1), 0, 'on: no more');

# kept over a reload, and over the death of a worker

my $open = ws(user => 'w');

is(spoken([ $open ], 4), 'all', 'open');

configure($t, 'zone=chat:1004k', $limit);
ok(replaced($t, 2), 'as before');
is(said('u', 4), 0, 'as before: it is kept');
is(spoken([ $open ]), 6, 'as before: the client goes on');
$open->drop();

my ($victim) = workers_of($t);

slay($victim);

ok(eventually(sub {
    my @now = workers_of($t);
    @now == 2 && !grep { $_ == $victim } @now;
}), 'a worker dies');
is(said('u', 4), 0, 'a worker dies: it is kept');

# nginx -t uses memory of its own

like(`$Test::Nginx::NGINX -t -p $d/ -c nginx.conf -e stderr 2>&1`,
    qr/test is successful/, 'a test of the configuration');
is(said('v', 1), 0, 'a test of the configuration: it is kept');

# another zone, and another limit of the same zone, count for themselves

configure($t, 'zone=chat:1004k', $limit, "location = /other {
    chatws other; $user $limit } location = /more { chatws chat; $user
    chatws_limit_user rate=1r/m burst=4; }");
ok(replaced($t, 2), 'two zones');
is(said('u', 2, '/other'), 10, 'two zones: the other one');
is(said('u', 2), 0, 'two zones: this one');
is(said('u', 2, '/more'), 5, 'another limit');
is(said('u', 2, '/more'), 0, 'another limit: no more');

# a zone of another size, to which an annex of the same size belongs

configure($t, 'zone=chat:1008k', $limit);
ok(replaced($t, 2), 'another size');
is(said('u', 4), 10, 'another size: it begins anew');

# off, and on again

configure($t, 'zone=chat:1008k');
ok(replaced($t, 2), 'off again');
is(said('u', 4), 'all', 'off again: nothing is limited');

configure($t, 'zone=chat:1008k', $limit);
ok(replaced($t, 2), 'on again');
is(said('u', 4), 10, 'on again: it begins anew');

$t->stop();

# without a master: after a reload nginx accepts no connection any more, but
# goes on with those that it has

configure($t, 'zone=chat:1004k', $limit, '', 'master_process off;');
$t->run();

my $ws = ws(user => 'u');

is(spoken([ $ws ]), 10, 'no master');

for my $case ([ 'off', '', 'all' ], [ 'on', $limit, 10 ],
    [ 'as before', $limit, 0 ])
{
    my ($name, $conf, $want) = @$case;

    configure($t, 'zone=chat:1004k', $conf, '', 'master_process off;');

    my $times = inits($t);

    $t->reload();
    eventually(sub { inits($t) > $times });

    is(spoken([ $ws ]), $want, "no master, $name");
}

is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->todo_alerts();


sub configure {
    my ($t, $zone, $limit, $server, $main) = @_;

    $t->write_file_expand('nginx.conf', conf(zone => $zone,
        http => 'chatws_zone zone=other:1m; chatws_drain 0;',
        main => $main || 'worker_processes 2;', server => $server,
        endpoint => 'chatws_user $arg_userId;' . ($limit || '')));
}


# How many actions of a user on so many connections are carried out, until all
# of them are refused; 'all' if none is.  What leaks is not counted.

sub said {
    my ($name, $n, $path) = @_;

    my @ws = map { ws(user => $name, path => $path || '/api/ws') } 1 .. $n;
    my $done = spoken(\@ws);

    $_->drop() for @ws;

    return $done;
}


sub spoken {
    my ($ws, $tries) = @_;

    my ($done, $refused, $start) = (0, 0, time());

    for my $try (1 .. $tries || 20) {
        for my $ws (@$ws) {
            my $type = $ws->ask({ action => 'subscribe', chatId => 'c',
                id => $try })->{type} || '';

            $done += $type eq 'subscription_confirmed';
            $refused += $type eq 'error';
        }
    }

    return 'all' if $refused == 0;

    my $leaked = int((time() - $start) / 60);

    return $done - ($leaked < $done ? $leaked : $done);
}


# How many configurations have come into force.

sub inits {
    my ($t) = @_;

    return scalar(() = $t->read_file('error.log')
        =~ /using the "\w+" event method/g);
}
