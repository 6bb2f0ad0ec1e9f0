#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Chat updates: the protocol, section 4.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(16);

$t->write_file_expand('nginx.conf', conf())->run();

my $time = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;
my $ws = ws(user => 'u', chats => 'chat_1');

my $answer = publish('{"type":"chat_update","chatId":"chat_1",'
    . '"lastMessage":"Hello world!",'
    . '"lastMessageTime":"2025-11-27T10:00:00.000Z","unreadCount":3}');

is($answer->{status}, 201, 'status');
is($answer->{json}{chatId}, 'chat_1', 'answer');
is($answer->{json}{recipients}, 1, 'recipients');
ok(!exists $answer->{json}{seq}, 'not numbered');

$ws->await('chat_update');
like($ws->{last}, qr/^\{"type":"chat_update","chatId":"chat_1",
    "lastMessage":"Hello\ world!",
    "lastMessageTime":"2025-11-27T10:00:00\.000Z","unreadCount":3,
    "timestamp":"$time"\}$/x, 'byte for byte');

# the order is the specification's, whatever the publisher's

publish('{"unreadCount":0,"lastMessageTime":"2025-11-27T10:00:00.000Z",'
    . '"lastMessage":"x","chatId":"chat_1","type":"chat_update"}');
$ws->await('chat_update');
like($ws->{last}, qr/^\{"type":"chat_update","chatId":"chat_1",
    "lastMessage":"x","lastMessageTime":"2025-11-27T10:00:00\.000Z",
    "unreadCount":0,"timestamp":"$time"\}$/x, 'another order');

# a sender is left out

my $other = ws(user => 'other', chats => 'chat_1');

$answer = publish({ type => 'chat_update', chatId => 'chat_1',
    lastMessage => 'm', lastMessageTime => 't', unreadCount => 1,
    sender => 'u' });
is($answer->{json}{recipients}, 1, 'the sender is left out');
is($other->await('chat_update')->{lastMessage}, 'm', 'delivered to others');

publish({ chatId => 'chat_1', text => 'marker', sender => 'x' });
is($ws->await('new_message')->{seq}, 1, 'takes no number');
is(@{$ws->{skipped}}, 0, 'not delivered to the sender');

for my $case (
    [ '"lastMessage":"m","lastMessageTime":"t","unreadCount":1', 'chatId' ],
    [ '"chatId":"c","lastMessageTime":"t","unreadCount":1',
      'lastMessage' ],
    [ '"chatId":"c","lastMessage":"m","unreadCount":1',
      'lastMessageTime' ],
    [ '"chatId":"c","lastMessage":"m","lastMessageTime":"t"',
      'unreadCount' ],
    [ '"chatId":"c","lastMessage":1,"lastMessageTime":"t","unreadCount":1',
      'lastMessage' ],
    [ '"chatId":"c","lastMessage":"m","lastMessageTime":"t",'
      . '"unreadCount":"1"', 'unreadCount' ])
{
    my ($text, $member) = @$case;

    $answer = publish("{\"type\":\"chat_update\",$text}");
    like("$answer->{status} $answer->{body}", qr/^400 .*\b$member\b/s,
        "$member missing or of the wrong type");
}
