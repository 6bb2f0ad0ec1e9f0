#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What is unread: the count of messages, and the watermarks of users.
# See docs/unread.md.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(45);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_unread zone=chat;'));

$t->run();

my $true = JSON::PP::true();
my $false = JSON::PP::false();

# two tabs of a reader, and one who writes

my $a = ws(user => 'reader');
my $b = ws(user => 'reader');
my $w = ws(user => 'writer');

my $at = $a->subscribe('c');

is(marks($at), '0 0 0 0', 'nothing is unread at first');
is(marks($w->subscribe('c')), '0 0 0 0', 'for anybody');
$b->subscribe('c');

my $epoch = $at->{epoch};

# what counts

is(text($a, 'one'), '1:1', 'a message counts');
is(text($a, 'two', silent => $true), '2:1', 'a silent one does not');
is(text($a, 'two', silent => 'yes'), '3:2', 'one that is no more than a word');
is(event($a, 'edited'), '4:2', 'an event does not');
is(event($a, 'called', silent => $false), '5:3', 'unless it says so');
is(event($a, 'called', silent => $true), '6:3', 'and not if it is silent');

# the writer has read what it has sent

is(join(', ', map { mark_of($w) } 1 .. 3), '1 1 1 0, 2 1 1 0, 3 2 2 0',
    'the sender is told so, of messages only');
is(marks(ws(user => 'writer')->subscribe('c')), '3 3 2 1',
    'up to its last message');

is(marks(ws(user => 'reader')->subscribe('c')), '3 0 0 3', 'all is unread');

# a part of it

is(read_to($a, 2), '2 1 3 2', 'read up to a silent one');
is(mark_of($b), '2 1 3 2', 'the other tab is told');
is(read_to($a, 1), '2 1 3 2', 'an older reading changes nothing');
mark_of($b);
is(read_to($b, 5), '5 3 3 0', 'read up to the last that counts');
is(mark_of($a), '5 3 3 0', 'the other tab, and it was not told twice');
is(read_to($a, 99), '6 3 3 0', 'a number that is too large is the last one');
mark_of($b);

# an answer has the id, and is not told to those who did not ask

my $answer = $a->ask({ action => 'read', chatId => 'c', seq => 6,
                       epoch => $epoch, id => 'x' });

is($answer->{id}, 'x', 'the id is echoed');
is($answer->{type}, 'unread', 'by the answer itself');
is($answer->{epoch}, $epoch, 'with the epoch');
like($answer->{timestamp}, qr/^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/,
    'and the time');
ok(!exists $b->await('unread')->{id}, 'the others get no id');

# another epoch says nothing

text($a, 'three');
is(text($b, undef), '7:4', 'one more');
is(read_to($a, 7, epoch => '000000000000'), '6 3 4 1', 'another epoch');
is(read_to($a, 7, epoch => undef), '6 3 4 1', 'no epoch');
is(read_to($a, 7, epoch => 7), '6 3 4 1', 'none that could be one');
is(read_to($a, 7), '7 4 4 0', 'the right one');
is(mark_of($b), '7 4 4 0', 'and the others were told of that only');

# marked by hand

$answer = $a->ask({ action => 'mark', chatId => 'c', unread => $true });

is(line($answer), '7 4 4 0 marked', 'marked as unread');
is(line($b->await('unread')), '7 4 4 0 marked', 'and told so');
is(line($a->ask({ action => 'mark', chatId => 'c', unread => $false })),
    '7 4 4 0', 'and not any more');
$b->await('unread');
$a->ask({ action => 'mark', chatId => 'c', unread => $true });
$b->await('unread');
is(read_to($a, 7), '7 4 4 0', 'a reading takes the mark away');
mark_of($b);

# a message that the sender does not read by sending it

is(text($a, 'bot', markRead => $false), '8:5', 'on behalf of the writer');
text($b, undef);
is(marks(ws(user => 'writer')->subscribe('c')), '5 7 4 1',
    'its watermark did not move');

# who may

my $stranger = ws(user => 'stranger');

is($stranger->ask({ action => 'read', chatId => 'c', seq => 1,
                    epoch => $epoch })->{error}, 'Not subscribed',
    'reading needs a subscription');
is($stranger->ask({ action => 'mark', chatId => 'c', unread => $true })
    ->{error}, 'Not subscribed', 'and so does a mark');

# what is wrong

for my $bad ([ { seq => -1 }, 'seq must be a non-negative integer' ],
    [ { seq => '1' }, 'seq must be a non-negative integer' ],
    [ {}, 'seq must be a non-negative integer' ],
    [ { seq => 1, private => 1 }, 'private must be a boolean' ])
{
    is($a->ask({ action => 'read', chatId => 'c', epoch => $epoch,
                 %{$bad->[0]} })->{details}, $bad->[1], $bad->[1]);
}

is($a->ask({ action => 'mark', chatId => 'c' })->{details},
    'unread must be a boolean', 'unread must be a boolean');

# whoever comes back is told where it is

$answer = ws(user => 'reader')->ask({ action => 'resume', epoch => $epoch,
    chats => { c => { seq => 7 }, d => { seq => 0 } } });

is(marks($answer->{chats}{c}), '5 7 4 1', 'resumed');
is(marks($answer->{chats}{d}), '0 0 0 0', 'resumed, another chat');

# a chat that nobody is in

publish({ chatId => 'lonely', text => "$_", sender => 'x' }) for 1 .. 3;
publish({ chatId => 'lonely', text => 'x', sender => 'x', silent => $true });

is(marks(ws(user => 'reader')->subscribe('lonely')), '3 0 3 0',
    'whoever enters a chat has nothing unread');

is(publish({ chatId => 'c', type => 'unread', what => 1 })->{status}, 400,
    'the name is taken');


# Publishes, and returns the number and the count of what a client gets next.

sub text {
    my ($ws, $text, %more) = @_;

    if (defined $text) {
        publish({ chatId => 'c', text => $text, sender => 'writer', %more });
    }

    return number($ws->await('new_message'));
}


sub event {
    my ($ws, $type, %more) = @_;

    publish({ chatId => 'c', type => $type, %more });

    return number($ws->await($type));
}


sub number {
    my ($message) = @_;

    return "$message->{seq}:$message->{count}";
}


sub marks {
    my ($state) = @_;

    return join ' ', map { $state->{$_} // '-' } qw/ count read seen unread /;
}


sub line {
    my ($unread) = @_;

    return join ' ', (map { $unread->{$_} // '-' }
        qw/ read seen count unread /), $unread->{marked} ? 'marked' : (),
        exists $unread->{exact} ? 'inexact' : ();
}


sub mark_of {
    my ($ws) = @_;

    return line($ws->await('unread') || {});
}


sub read_to {
    my ($ws, $seq, %more) = @_;

    my %read = (action => 'read', chatId => 'c', seq => $seq,
                epoch => $epoch, id => 'r', %more);

    delete $read{epoch} if !defined $read{epoch};

    return line($ws->ask(\%read));
}
