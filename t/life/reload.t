#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Reload with open connections, and the loss of a worker.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(26);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_drain 2s;'))->run();

my @old = map { ws(user => "old$_", chats => 'chat_1') } 1 .. 8;

is(publish({ chatId => 'chat_1', text => 'before', sender => 'x' })
    ->{json}{recipients}, 8, 'before the reload');

ok(reloaded($t), 'reload');

# messages cross the generations of workers

my @new = map { ws(user => "new$_", chats => 'chat_1') } 1 .. 8;
is(scalar(grep { $_->{status} == 101 } @new), 8, 'new connections');

my $answer = publish({ chatId => 'chat_1', text => 'across', sender => 'x' });

is($answer->{status}, 201, 'publish after the reload');
is($answer->{json}{seq}, 2, 'the numbers go on');
is(scalar(grep { ($_->await('new_message') || { message => {} })
    ->{message}{text} eq 'across' } @new), 8, 'delivered to new ones');

# an old connection either lives on, or was closed so that its client returns

my ($lived, $closed, $lost) = (0, 0, 0);

for my $client (@old) {
    my @texts;

    while (my $event = $client->next()) {
        push @texts, $event->{message}{text};
        last if $event->{message}{text} eq 'across';
    }

    if ("@texts" eq 'before across') {
        $lived++;

    } elsif ($client->{closed} && $client->{closed}{code} =~ /^(1001|1012)$/
             && length $client->{closed}{reason} && $texts[0] eq 'before')
    {
        $closed++;

    } else {
        $lost++;
    }
}

is($lost, 0, 'no old connection lost without a word');
is($lived + $closed, 8, "old connections: $lived live, $closed told");
cmp_ok($answer->{json}{recipients}, '<=', 8 + $lived, 'recipients');

# all old workers go in the end

ok(eventually(sub { workers_of($t) == 2 }), 'old workers have gone');

for my $client (@old) {
    next if $client->{eof} || $client->{closed};

    my $reply = $client->ask({ action => 'subscribe', chatId => 'again' });

    if (!$reply) {
        my $close = $client->await_close();
        $lost++ unless $close && $close->{code} =~ /^(1001|1012)$/
            && length $close->{reason};
    }
}

is($lost, 0, 'each was handed over or told to come back');

$lived = grep { !$_->{eof} && !$_->{closed} } @old;

is(publish({ chatId => 'chat_1', text => 'then', sender => 'x' })
    ->{json}{recipients}, 8 + $lived, 'recipients of both');

# several reloads in a row

for my $round (1 .. 3) {
    ok(reloaded($t), "reload $round");

    # also where a worker that quits answers: it hands the connection over, and
    # for a moment nobody counts as its recipient

    my $ws = ws(user => 'u', chats => "round_$round");
    is($ws->{status}, 101, "reload $round, connection");

    publish({ chatId => "round_$round", text => 'x', sender => 'x' });
    ok($ws->await('new_message'), "reload $round, delivered")
        or diag("$ws->{status} ",
                JSON::PP->new->encode($ws->{closed} || {}));
}

# a worker is killed at once

my @clients = map { ws(user => "k$_", chats => 'kill') } 1 .. 12;

ok(eventually(sub { workers_of($t) == 2 }), 'two workers');

my ($victim) = workers_of($t);
kill 'KILL', $victim;

ok(eventually(sub {
    my @now = workers_of($t);
    @now == 2 && !grep { $_ == $victim } @now;
}), 'another worker is started');

# what is open afterwards gets each message, and the counts are right

my @alive;

for my $client (@clients) {
    push @alive, $client if $client->ping('alive') && $client->await_pong();
}

ok(eventually(sub {
    $answer = publish({ chatId => 'kill', text => 'counted',
        sender => 'x' });
    ($answer->{json}{recipients} || 0) == @alive;
}), 'the subscriptions of the lost worker are gone');

is(scalar(grep { $_->await('new_message') } @alive), @alive,
    'the others go on: ' . @alive);

my $again = ws(user => 'again', chats => 'kill');
is(publish({ chatId => 'kill', text => 'x', sender => 'x' })
    ->{json}{recipients}, @alive + 1, 'and new ones come');

$t->todo_alerts();
