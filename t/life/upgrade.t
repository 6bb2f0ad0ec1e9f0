#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Upgrade of the binary: USR2, then QUIT to the old master.  Old workers go
# on with their clients and tell them to come back; the new zone is another
# one, and says that it can't know what they missed.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(15);
my $d = $t->testdir();

# in the foreground nginx does not heed USR2

my $conf = conf(main => 'worker_processes 2;',
    http => 'chatws_drain 1s; keepalive_timeout 0;',
    server => 'location = /status { chatws_status chat; }');

$conf =~ s/daemon off;//;
$t->write_file_expand('nginx.conf', $conf);

$t->run();

my @old = map { ws(user => "u$_") } 1 .. 8;
my $epoch;

$epoch = $_->subscribe('c')->{epoch} for @old;

is(publish({ chatId => 'c', text => 'before', sender => 'x' })
    ->{json}{recipients}, 8, 'before');
is(scalar(grep { $_->await('new_message') } @old), 8, 'delivered');

my ($master) = $t->read_file('nginx.pid') =~ /(\d+)/;

# USR2 is not heeded while the process that made the master a daemon, a child
# of ours, is its parent

eventually(sub { parent_of(parent_of($master)) != $$ });

kill 'USR2', $master;

ok(eventually(sub {
    -s "$d/nginx.pid.oldbin" && -s "$d/nginx.pid"
        && $t->read_file('nginx.pid') =~ /(\d+)/ && $1 != $master
        && workers_of($t) == 2;
}), 'the new binary');

my ($new) = $t->read_file('nginx.pid') =~ /(\d+)/;

# both serve, each its own

ok(eventually(sub {
    (request('GET', '/status')->{json}{epoch} || $epoch) ne $epoch;
}), 'another zone answers');
is(scalar(grep { $_->ping('x') && $_->await_pong() } @old), 8,
    'the old clients are served');

kill 'QUIT', $master;

my @closes = map { $_->await_close() || {} } @old;

is(join(' ', map { $_->{code} || 'none' } @closes), join(' ', (1012) x 8),
    'told to come back');
is(scalar(grep { ($_->{reason} || '') =~ /reconnect/ } @closes), 8, 'why');

$_->drop() for @old;

ok(eventually(sub { !kill 0, $master }), 'the old master ends');

# they come back to a zone that knows nothing

my @back = map { ws(user => "u$_") } 1 .. 8;

is(scalar(grep { $_->{status} == 101 } @back), 8, 'back');

my @answers = map {
    $_->ask({ action => 'subscribe', chatId => 'c',
        since => { seq => 1, epoch => $epoch } })
} @back;

is(scalar(grep { defined $_->{recovered} && !$_->{recovered} } @answers), 8,
    'recovered: false');
is(scalar(grep { $_->{epoch} ne $epoch } @answers), 8, 'another epoch');

my $another = ws(user => 'r');
my $resumed = $another->ask({ action => 'resume', epoch => $epoch,
    chats => { c => { seq => 1 } } });

is($resumed->{chats}{c}{recovered}, JSON::PP::false(), 'resumed, not so');

is(publish({ chatId => 'c', text => 'after', sender => 'x' })
    ->{json}{recipients}, 9, 'after');
is(scalar(grep { $_->await('new_message') } @back, $another), 9,
    'delivered');

is(join(' ', $t->read_file('error.log') =~ /exited on signal \d+/g), '',
    'no crash');


sub parent_of {
    my ($pid) = @_;

    my $stat = eval { slurp("/proc/$pid/stat") } || '';

    return $stat =~ /\) \S (\d+)/ ? $1 : 0;
}
