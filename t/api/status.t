#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_status: the counters are what the clients saw, whichever worker is
# asked, also after a reload and the death of a worker.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(32);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 4;',
    http => 'chatws_history 100 1h; keepalive_timeout 0;',
    server => 'location = /status { chatws_status chat; }'));

$t->run();

ok(eventually(sub { (hub_status()->{workers} || 0) == 4 }), 'workers');

my $reply = request('GET', '/status');

is($reply->{headers}{'content-type'}, 'application/json', 'JSON');
is(request('POST', '/status', body => '')->{status}, 405, 'POST');

my @all = map { ws(user => "u$_", chats => [ 'all', 'c' . $_ % 4 ]) }
    1 .. 16;
my $recipients = 0;

$recipients += publish({ chatId => 'all', text => "$_", sender => 'u1' })
    ->{json}{recipients} for 1 .. 10;
$recipients += publish({ chatId => 'c1', text => "$_", sender => 'x' })
    ->{json}{recipients} for 1 .. 5;

is($recipients, 10 * 15 + 5 * 4, 'recipients');

$all[1]->send_json({ type => 'typing', chatId => 'all',
    isTyping => JSON::PP::true() }) for 1 .. 3;

my $got = 0;

for my $n (0 .. $#all) {
    my $want = ($n ? 10 : 0) + ($n % 4 == 0 ? 5 : 0) + ($n == 1 ? 0 : 3);
    my ($list) = gather([ $all[$n] ], $want);

    $got += @$list;
}

is($got, $recipients + 3 * 15, 'all came');

# a worker counts when it has sent

ok(eventually(sub { hub_status()->{delivered} == $got }), 'delivered');

my $status = hub_status();

is($status->{connections}, 16, 'connections');
is($status->{opened}, 16, 'opened');
is($status->{subscriptions}, 32, 'subscriptions');
is($status->{chats}, 5, 'chats');
is($status->{published}, 15, 'published');
is($status->{typing}, 3, 'typing');

# the same from every worker

my %answers;

for (1 .. 40) {
    my $text = request('GET', '/status')->{body};

    $text =~ s/"logAge":\d+//;
    $answers{$text}++;
}

is(scalar keys %answers, 1, 'the same from all workers');

# recovery, closes

my $epoch = $status->{epoch};

for my $since ([ 'all', 5, $epoch ], [ 'all', 99, $epoch ],
    [ 'all', 5, '000000000000' ])
{
    my $ws = ws(user => 'back');

    $ws->ask({ action => 'subscribe', chatId => $since->[0],
        since => { seq => $since->[1], epoch => $since->[2] } });

    $ws->send_close(1000);
    $ws->await_close();
    $ws->drop();
}

my $bad = ws(user => 'bad');

$bad->send_text("\xff");
$bad->await_close();
$bad->drop();

$_->drop() for splice @all, 12;

ok(eventually(sub {
    my $now = hub_status();
    $now->{connections} == 12 && $now->{subscriptions} == 24
        && $now->{closed} == 8;
}), 'closed');

$status = hub_status();

is($status->{recovered}, 1, 'recovered');
is($status->{unrecovered}, 2, 'unrecovered');
is($status->{closes}{1000}, 3, 'closed with 1000');
is($status->{closes}{1007}, 1, 'closed with 1007');
is($status->{closes}{1006}, 4, 'without a close');
is($status->{delivered}, $got + 5, 'delivered what was missed');
audit('closes');

# a reload

ok(reloaded($t), 'reload');
ok(eventually(sub {
    my $now = hub_status();
    $now->{workers} == 4 && $now->{connections} == 12
        && $now->{subscriptions} == 24 && workers_of($t) == 4;
}), 'moved');

is(hub_status()->{moved}, 12, 'moved, counted');
is(hub_status()->{published}, 15, 'the rest is kept');
audit('reload');

# a worker dies

my ($victim) = workers_of($t);
my $lives = 0;

kill 'KILL', $victim;

for my $client (@all) {
    $lives++ if $client->ping('x') && $client->await_pong();
}

ok(eventually(sub {
    my $now = hub_status();
    $now->{reaped} == 1 && $now->{workers} == 4
        && $now->{subscriptions} == 2 * $lives;
}), 'reaped');

$status = hub_status();

is($status->{connections}, $lives, 'those who live');
is($status->{lost}, 12 - $lives, 'those who were lost');
is($status->{subscriptions}, 2 * $lives, 'subscriptions of the living');
is($status->{delivered}, $got + 5, 'what the dead one counted');
audit('death');

$t->todo_alerts();


# Every connection is somewhere, and each that was closed has a reason.

sub audit {
    my ($name) = @_;

    my $now = hub_status();
    my $closes = 0;

    $closes += $_ for values %{$now->{closes}};

    is("$now->{opened} $now->{closed}",
        ($now->{connections} + $now->{closed} + $now->{lost})
        . " $closes", "$name, the sums");
}
