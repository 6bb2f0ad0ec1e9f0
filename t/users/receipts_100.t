#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A hundred readers of one message: each of them is told by a few
# notifications, and not by a hundred.  See docs/unread.md.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(3);

# an interval that is longer than it takes all of them to read, on any machine

$t->write_file_expand('nginx.conf', conf(connections => 1024,
    main => 'worker_processes 2;', zone => 'zone=chat:4m',
    http => 'chatws_users zone=chat; chatws_unread zone=chat;
        chatws_receipts zone=chat interval=10s;'));

$t->run();

my @all = map { ws(user => "u$_") } 1 .. 100;
my $epoch;

for my $ws (@all) {
    $ws->send_json({ action => 'subscribe', chatId => 'c',
                     state => JSON::PP::true() });
    $epoch = $ws->await('subscription_confirmed')->{epoch};
    $ws->await('chat_state');
}

publish({ chatId => 'c', text => '1', sender => 'x' });

for my $ws (@all) {
    $ws->send_json({ action => 'read', chatId => 'c', seq => 1,
                     epoch => $epoch, id => 1 });
}

# the first reader is told of at once, and the others after the interval

my ($most, $missing, $answers) = (0, 0, 0);

for my $ws (@all) {
    my ($n, %told) = (0);

    while (keys %told < 100) {
        my $event = $ws->next() or last;

        $answers++ if $event->{type} eq 'unread';

        if ($event->{type} eq 'read_receipt') {
            $n++;
            $told{$_} = 1 for keys %{$event->{reads}};
        }
    }

    $most = $n if $n > $most;
    $missing += 100 - keys %told;
}

is($missing, 0, 'all are told of all');
cmp_ok($most, '<=', 3, 'by three notifications at most');
cmp_ok($answers, '>=', 100, 'each reader is answered');
