#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What others are told of readers, and the whole state of a chat.  See
# docs/unread.md.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(34);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_unread zone=chat;
        chatws_receipts zone=chat interval=100ms delivered limit=4;',
    endpoint => 'chatws_typing;'));

$t->run();

my $true = JSON::PP::true();
my $told;

# who follows the state, and who does not

my $a = ws(user => 'a');
my $b = ws(user => 'b');
my $plain = ws(user => 'c', chats => 'c');

my $epoch = state_of($a, 'c')->{epoch};

$b->send_json({ action => 'subscribe', chatId => 'c', state => $true });

is($b->next()->{type}, 'subscription_confirmed', 'the confirmation first');

my $state = $b->next();

is($state->{type}, 'chat_state', 'then the state');
is("$state->{chatId} $state->{last} $state->{count} $state->{unread}",
    'c 0 0 0', 'of the chat');
is(json($state->{reads}), '{}', 'nobody has read');
is(json($state->{delivered}), '{}', 'nor got anything');
is(json($state->{typing}), '[]', 'nor types');

publish({ chatId => 'c', text => "$_", sender => 'x' }) for 1 .. 5;

# one, and then several at once

reads($a, 2);
is(receipt($b), '{"a":2}', 'one has read');
is(receipt($a), '{"a":2}', 'and is told what others know');

reads($a, 3);
reads($b, 5);
is(last_of($a, 'a', 3, 'b', 5), '', 'two have, and all are told');

# in private

reads($a, 5, private => $true);
reads($b, 5);
reads($plain, 4);

is(last_of($b, 'c', 4), '', 'one more');
is(json($told), '{"a":3,"b":5,"c":4}', 'what is read in private is not told');

$state = state_of(ws(user => 'd'), 'c');

is(json($state->{reads}), '{"a":3,"b":5,"c":4}', 'nor in the whole state');
is(marks($state), '5 5 0 5 0', 'whoever enters has nothing unread');
is(marks(state_of($a, 'c')), '5 5 5 5 0', 'but it is read');

# a message makes no receipt

publish({ chatId => 'c', text => '6', sender => 'a' });
reads($plain, 6);
is(last_of($b, 'c', 6), '', 'one more');
is(json($told), '{"c":6}', 'a message makes no receipt');
is(json(state_of($b, 'c')->{reads}), '{"a":6,"b":5,"c":6}',
    'but its sender has read it');

# delivered

publish({ chatId => 'c', text => '7', sender => 'x' });

$b->send_json({ action => 'delivered', chats => { c => 7, none => 1 },
                epoch => $epoch });
is(last_of($a, 'b', 7), '', 'delivered');
is($told->{b}, undef, 'which is not read');
is(json(state_of($a, 'c')->{delivered}), '{"b":7}', 'in the state, too');

reads($b, 7);
is(last_of($a, 'b', 7), '', 'then read');
is($told->{b}, 7, 'which is so');
is(json(state_of($a, 'c')->{delivered}), '{}', 'which says more');

$b->send_json({ action => 'delivered', chats => { c => 9 },
                epoch => '000000000000' });
$b->send_json({ action => 'delivered', chats => { c => 1 },
                epoch => $epoch });

# who types

$b->send_json({ type => 'typing', chatId => 'c', isTyping => $true });
ok($a->await('user_typing'), 'typing');
is(json(state_of($a, 'c')->{typing}), '["b"]', 'who types');
is(json(state_of($b, 'c')->{typing}), '[]', 'but not to itself');

# those who did not ask are told nothing

publish({ chatId => 'c', type => 'end' });
is(scalar(grep { $_->{type} =~ /receipt|state/ } events_of($plain, 'end')), 0,
    'nothing for who did not ask');

# state by a resume, of many chats

my $many = ws(user => 'many');

$many->send_json({ action => 'resume', epoch => $epoch, state => $true,
    chats => { map { ("m$_" => { seq => 0 }) } 1 .. 50 } });

is($many->next()->{type}, 'resumed', 'resumed');

my %seen = map { my $s = $many->await('chat_state'); ($s->{chatId} => 1) }
    1 .. 50;

is(scalar(keys %seen), 50, 'the state of each chat');

# more people than the limit

my @crowd = map { my $ws = ws(user => "x$_"); state_of($ws, 'big'); $ws }
    1 .. 4;

publish({ chatId => 'big', text => '1', sender => 'y' });
reads($_, 1, chatId => 'big') for @crowd;

is(last_of($crowd[0], map { ("x$_" => 1) } 1 .. 4), '', 'as many as may be');

push @crowd, ws(user => 'x5');
ok(!exists state_of($crowd[4], 'big')->{reads}, 'one too many');

publish({ chatId => 'big', text => '2', sender => 'y' });
reads($_, 2, chatId => 'big') for @crowd;

# what is read in another chat is told after that, in the order of the crowds

state_of($_, 'small') for $crowd[0], $b;
publish({ chatId => 'small', text => '1', sender => 'x' });
reads($b, 1, chatId => 'small');
is(last_of($crowd[0], 'b', 1), '', 'in another chat they are told');
is(json($told), '{"b":1}', 'and of the large one they were not');

is(publish({ chatId => 'c', type => 'read_receipt' })->{status}, 400,
    'the name is taken');


sub state_of {
    my ($ws, $chat) = @_;

    $ws->send_json({ action => 'subscribe', chatId => $chat,
                     state => $true });

    return $ws->await('chat_state') || {};
}


sub reads {
    my ($ws, $seq, %more) = @_;

    $ws->send_json({ action => 'read', chatId => 'c', seq => $seq,
                     epoch => $epoch, id => 'r', %more });

    for ( ;; ) {
        my $answer = $ws->await('unread') or return;
        push @{$ws->{receipts}},
            grep { $_->{type} eq 'read_receipt' } @{$ws->{skipped}};
        return if ($answer->{id} || '') eq 'r';
    }
}


sub receipt {
    my ($ws) = @_;

    my $next = shift @{$ws->{receipts} || []};

    return json(($next || $ws->await('read_receipt'))->{reads});
}


# Reads receipts until they have told all of this, in one or in several.  Sets
# $told to what they have told was read.

sub last_of {
    my ($ws, %want) = @_;

    $told = {};

    while (%want) {
        my $next = (shift @{$ws->{receipts} || []})
                   || $ws->await('read_receipt') or last;

        for my $what ($next->{reads}, $next->{delivered} || {}) {
            delete $want{$_} for grep { $what->{$_} == ($want{$_} || -1) }
                keys %$what;
        }

        $told->{$_} = $next->{reads}{$_} for keys %{$next->{reads}};
    }

    return join ' ', sort keys %want;
}


sub marks {
    my ($state) = @_;

    return join ' ', map { $state->{$_} // '-' }
        qw/ last count read seen unread /;
}


sub json {
    my ($data) = @_;

    return JSON::PP->new->canonical->encode($data);
}
