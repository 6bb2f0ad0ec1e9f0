#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Who tells others nothing of what it reads is told nothing, where that is
# reciprocal.  See docs/unread.md.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(9);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_unread zone=chat;
        chatws_receipts zone=chat interval=100ms reciprocal;'));

$t->run();

my $true = JSON::PP::true();

my @tabs = map { ws(user => 'shy') } 1 .. 2;
my $other = ws(user => 'other');
my $witness = ws(user => 'witness');
my $epoch;

for my $ws (@tabs, $other, $witness) {
    $epoch = state_of($ws)->{epoch};
}

publish({ chatId => 'c', text => "$_", sender => 'x' }) for 1 .. 5;

read_to($tabs[0], 1);
is(told($_, 'shy', 1), 1, 'others are told') for @tabs, $witness;

# from here on neither side knows

read_to($tabs[0], 3, private => $true);
read_to($other, 2);
is(told($witness, 'other', 2), 1, 'the witness is told');
is(state_of($_)->{reads}, undef, 'who reads in private is not') for @tabs;
is(scalar(map { grep { $_->{type} eq 'read_receipt' } @{$_->{skipped}} } @tabs),
    0, 'on no tab');

# and back again

read_to($tabs[1], 4);
is(told($tabs[0], 'shy', 4), 1, 'reading in public ends that');
is(state_of($tabs[0])->{reads}{other}, 2, 'and the others are there again');


sub state_of {
    my ($ws) = @_;

    $ws->send_json({ action => 'subscribe', chatId => 'c', state => $true });

    return $ws->await('chat_state') || {};
}


sub read_to {
    my ($ws, $seq, %more) = @_;

    $ws->send_json({ action => 'read', chatId => 'c', seq => $seq,
                     epoch => $epoch, id => 'r', %more });

    # what comes after the answer knows of it

    while (my $answer = $ws->await('unread')) {
        return if ($answer->{id} || '') eq 'r';
    }
}


sub told {
    my ($ws, $user, $seq) = @_;

    while (my $receipt = $ws->await('read_receipt')) {
        return 1 if ($receipt->{reads}{$user} || 0) == $seq;
    }

    return 0;
}
