#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A worker that is stopped: publishers wait for a bounded time, its clients are
# told to come back when it runs again, the others notice nothing.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(15);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:128k',
    main => 'worker_processes 2;', http => 'keepalive_timeout 0;',
    server => 'location = /status { chatws_status chat; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my @clients = map { ws(user => "s$_", chats => 'stop') } 1 .. 16;
my @owners = owners_of($t, @clients);
my $victim = $owners[0] or die "no worker has the client\n";

my @held = @clients[grep { $owners[$_] == $victim } 0 .. $#clients];
my @free = @clients[grep { $owners[$_] != $victim } 0 .. $#clients];

is(scalar(grep { $_->{status} == 101 } @clients), @clients,
    'connections, for new clients');

halt($victim);

cmp_ok(scalar @held, '>', 0, 'clients of the stopped worker');

my ($published, $busy, $last) = (0, 0, 0);

my $over = eventually(sub {
    my $reply = publish({ chatId => 'stop', text => 'y' x 4000,
        sender => 'x' }) or return 0;

    if ($reply->{status} == 503) {
        $busy++;
        $last = $reply;

    } elsif ($reply->{status} == 201) {
        $published++;
        return 1 if $busy;
    }

    # the others read what they get

    $_->fill(0) for @free;
    return 0;
});

cmp_ok($published, '>', 5, 'stopped, published while there was room');
cmp_ok($busy, '>', 0, 'stopped, 503 when there was none');
ok($last && $last->{headers}{'retry-after'}, 'stopped, Retry-After');
ok($over, 'stopped, publishers go on after a bounded time');
is(scalar(grep { !$_->{eof} } @free), @free, 'the others are still there');

kill 'CONT', $victim;

my @codes = map { ($_->await_close() || {})->{code} || 'none' } @held;

is(join(' ', @codes), join(' ', (1013) x @held),
    'its clients are told to come back');
like($held[0]{closed}{reason}, qr/reconnect/, 'why');
ok(eventually(sub { hub_status()->{laps} == 1 }), 'counted');

# it goes on with new ones

$_->drop() for @held;

ok(eventually(sub { hub_status()->{connections} == @free }),
    'the others are gone');

my @new = map { ws(user => "n$_", chats => 'stop') } 1 .. 8;

is(publish({ chatId => 'stop', text => 'new', sender => 'x' })
    ->{json}{recipients}, @free + @new, 'all are counted again');
is(scalar(grep { my $c = $_; eventually(sub {
    (($c->await('new_message') || return 1)->{message}{text} || '') eq 'new'
}) && !$c->{closed} } @new), @new, 'delivered');

# everything is given back

$_->drop() for @free, @new;

ok(eventually(sub {
    my $status = hub_status();
    $status->{connections} == 0 && $status->{subscriptions} == 0
        && $status->{memory}{subscriptions} == 0;
}), 'nothing is left');
