#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Chats that somebody subscribes to and leaves, and that nothing was published
# to, are the first to give way: they cost no other chat its history.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(5);

$t->write_file_expand('nginx.conf', conf(
    http => 'chatws_max_message_size 64k;',
    server => 'location = /status { chatws_status chat; }'));

$t->run();

# chats with history that nobody is subscribed to, one of them used before

my $first = ws(user => 'u', chats => [ 'kept 1', 'kept 2' ]);

$first->unsubscribe('kept 2');
publish({ chatId => "kept $_", text => 'x', sender => 'x' }) for 1 .. 50;
$first->drop();

my $epoch = hub_status()->{epoch};

is(hub_status()->{chats}, 50, 'chats');

# more others than the zone has room for

for my $round (1 .. 16) {
    my $ws = ws(user => 'passer-by');

    my $answer = $ws->ask({ action => 'resume', epoch => $epoch,
        chats => { map { ("passing $round $_" => { seq => 0 }) }
            1 .. 1000 } });

    my @in = grep { !$_->{error} } values %{$answer->{chats}};

    last if @in < 1000;

    $ws->drop();
    eventually(sub { hub_status()->{subscriptions} == 0 });
}

cmp_ok(hub_status()->{evictions}, '>', 12000, 'others gave way');

# all are there, and what was said in them

my $answer = ws(user => 'back')->ask({ action => 'resume', epoch => $epoch,
    chats => { map { ("kept $_" => { seq => 0 }) } 1 .. 50 } });

is(scalar(grep { $_->{recovered} } values %{$answer->{chats}}), 50,
    'history is kept');
is(scalar(grep { $_->{seq} == 1 } values %{$answer->{chats}}), 50,
    'numbers are kept');

# the chats that came last are known again, with numbers that go on

is(publish({ chatId => 'passing 1 1', text => 'x', sender => 'x' })->{status},
    201, 'one of the others');
