#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A zone without room refuses what is new, and goes on with the rest.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(13);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:128k',
    main => 'worker_processes 2;',
    endpoint => 'chatws_max_subscriptions 100000;'))->run();

my $before = ws(user => 'before', chats => 'kept');

# a client that takes all the room there is

my ($hog, $n, $refused) = (ws(user => 'hog'), 0);

while ($n < 20000) {
    my $reply = $hog->ask({ action => 'subscribe',
        chatId => 'x' x 100 . $n });

    if (!$reply || $reply->{type} ne 'subscription_confirmed') {
        $refused = $reply || $hog->{closed};
        last;
    }

    $n++;
}

cmp_ok($n, '>', 20, "some subscriptions fit: $n");
ok($refused, 'then one is refused');

# by an error, or by a close that has its client come back

my $told = $refused && ($refused->{type} || '') eq 'error'
    || $refused && ($refused->{code} || 0) == 1013
    && $refused->{reason} =~ /reconnect/;

ok($told, 'and told so');

# another one fills it up again, by short steps to the last byte

my @hogs;

for my $m (1 .. 50) {
    my $client = ws(user => "h$m");

    last unless $client->{connected};
    push @hogs, $client;

    for my $k (1 .. 400) {
        my $reply = $client->ask({ action => 'subscribe',
            chatId => 'y' x 100 . "$m/$k" });
        last if !$reply || $reply->{type} ne 'subscription_confirmed';
    }

    last if $client->{closed};
}

# chats that are there go on

is(publish({ chatId => 'kept', text => 'kept', sender => 's' })
    ->{json}{recipients}, 1, 'publish to a chat that is there');
is($before->await('new_message')->{message}{text}, 'kept', 'delivered');

# what needs room is told so

my $full = ws(user => 'full', chats => 'kept');
my @small = map { ws(user => "s$_") } 1 .. 20;
my ($answer, $new) = (undef, 0);

for my $client (@small) {
    for my $k (1 .. 400) {
        my $reply = $client->ask({ action => 'subscribe',
            chatId => 'z' x 100 . $new++ });
        last if !$reply || $reply->{type} ne 'subscription_confirmed';
    }

    $answer = publish({ chatId => 'w' x 100 . $new, text => 'new',
        sender => 's' });
    last if $answer->{status} == 503;
}

SKIP: {
    skip 'there is always room for a publication', 3
        if $answer->{status} == 201;

    is($answer->{status}, 503, 'publish to a new chat');
    like($answer->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After');
    like($answer->{body}, qr/^\{"type":"error","error":"/, 'JSON');
}

is(publish({ chatId => 'kept', text => 'still', sender => 's' })->{status},
    201, 'the chat that is there goes on');
is($before->await('new_message')->{message}{text}, 'still',
    'delivered again');

# room comes back with those who go

$_->drop() for $hog, @hogs, @small, $full;

ok(eventually(sub {
    my $client = ws(user => 'after');
    my $reply = $client->ask({ action => 'subscribe',
        chatId => 'new' . 'v' x 100 });
    $client->drop();
    $reply && $reply->{type} eq 'subscription_confirmed';
}), 'room again');

my $after = ws(user => 'after', chats => 'new');
is(publish({ chatId => 'new', text => 'new', sender => 's' })
    ->{json}{recipients}, 1, 'publish to a new chat');
is($after->await('new_message')->{message}{text}, 'new', 'delivered');
