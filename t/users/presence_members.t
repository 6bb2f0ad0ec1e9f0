#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Presence of members: they are people of the chat whether they are there or
# not, and may watch each other.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(20);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => people_conf('grace=1s interval=100ms'),
    endpoint => 'chatws_watch 10 members;',
    server => 'location = /command { chatws_api chat write=on; }'));

$t->run();

my $reader = ws(user => 'reader');
follow($reader, 'c');

my $b = ws(user => 'b');

# whoever was never there; whoever is connected, and not subscribed

is(members('c', add => [ 'a', 'b' ]), 200, 'two members');
is(join(' ', sort split / /, seen($reader, '-a', '+b')), '+b -a',
    'one of them is online');
is("@{$reader->{frame}}{qw/ count people /}", '2 3', 'of three people');
ok(!defined $reader->{frame}{offline}{a}, 'the other one was never seen');

# who comes and goes stays one of the people

my $a = ws(user => 'a');

is(seen($reader, '+a'), '+a', 'comes');
left($a);
is(seen($reader, '-a'), '-a', 'goes, after the grace');
like($reader->{frame}{offline}{a}, qr/:00\.000Z$/, 'was seen then');
is($reader->{frame}{people}, 3, 'is one of the people');

# an invisible member is one, too, and not seen to leave

says($b, 'invisible');
is(seen($reader, '-b'), '-b', 'invisible');
is("@{$reader->{frame}}{qw/ count people /}", '1 3', 'as if it was offline');
is(asked('a', 'b', 'x'), '-a -b', 'to those who ask, too');

says($b, 'online');
is(seen($reader, '+b'), '+b', 'visible');

# a member no more

is(members('c', remove => [ 'a' ]), 200, 'removed');
is(seen($reader, '<a'), '<a', 'has left');

# watching: by a chat that is shared

my $s = ws(user => 's');

is(watch($s, 'b'), '-b', 'a stranger');
members('d', add => [ 'b', 's' ]);
is(watch($s, 'b'), '+b', 'a member of a chat together');
says($b, 'away');
is(seen($s, '~b'), '~b', 'is told of changes');
members('d', remove => [ 's' ]);
says($b, 'online');
is(seen($s, '-b'), '-b', 'and knows nothing any more');
says($b, 'away');
seen($reader, '~b');
is(watch($s, 'b'), '-b', 'as before');
like($s->{last}, qr/"offline":\{"b":null\}/, 'and was never seen');

$_->drop() for $reader, $b, $s;


sub members {
    my ($chat, %lists) = @_;

    return publish({ command => 'members', chatId => $chat, %lists },
        uri => '/command')->{status};
}


# What the client is told of its list, in the answer.

sub watch {
    my ($client, @users) = @_;

    $client->send_json({ action => 'watch', users => \@users, id => 'w' });

    while (my $event = $client->next()) {
        return join ' ', word_of($event) if ($event->{id} || '') eq 'w';
    }
}


sub asked {
    my (@users) = @_;

    $reader->send_json({ action => 'presence', chatId => 'c', id => 'q',
        users => \@users });

    while (my $event = $reader->next()) {
        return join ' ', word_of($event) if ($event->{id} || '') eq 'q';
    }
}
