#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Typing: the protocol, section 2.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(15);

$t->write_file_expand('nginx.conf', conf())->run();

my $time = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;

my $jane = ws(user => 'user456', username => 'jane_doe', chats => 'chat_1');
my $jane2 = ws(user => 'user456', username => 'jane_doe', chats => 'chat_1');
my $john = ws(user => 'john', chats => [ 'chat_1', 'chat_2' ]);
my $john2 = ws(user => 'john', chats => 'chat_1');
my $none = ws(user => 'none', chats => 'chat_2');

$jane->send_text('{"type":"typing","chatId":"chat_1","isTyping":true}');

$john->await('user_typing');
like($john->{last}, qr/^\{"type":"user_typing","chatId":"chat_1",
    "userId":"user456","username":"jane_doe","isTyping":true,
    "timestamp":"$time"\}$/x, 'typing, byte for byte');
ok($john2->await('user_typing'), 'typing, another connection of the user');

$jane->send_text('{"chatId":"chat_1","isTyping":false,"type":"typing"}');
is($john->await('user_typing')->{isTyping}, JSON::PP::false(),
    'not typing');

$john->send_text('{"action":"typing","chatId":"chat_1","isTyping":true}');
my $event = $jane->await('user_typing');
is($event->{userId}, 'john', 'typing, the verb in action');
is($event->{username}, 'john', 'the name is the user id by default');
is(@{$jane->{skipped}}, 0, 'own typing is not delivered');

$event = $jane2->await('user_typing');
is($event->{userId}, 'john', 'nor to another connection of the user');
is(@{$jane2->{skipped}}, 0, 'nothing skipped');

publish({ chatId => 'chat_2', text => 'marker', sender => 'x' });
$none->await('new_message');
is(@{$none->{skipped}}, 0, 'nothing in another chat');

# typing takes no sequence number and leaves no reply

my $reply = $jane->ask({ action => 'unsubscribe', chatId => 'x' });
is($reply->{type}, 'subscription_confirmed', 'typing has no reply');

# a sender that is not subscribed

my $error = $jane->ask({ type => 'typing', chatId => 'chat_2',
    isTyping => JSON::PP::true() });
is("$error->{type} $error->{error}", 'error Not subscribed',
    'not subscribed');

$jane->unsubscribe('chat_1');
$error = $jane->ask({ type => 'typing', chatId => 'chat_1',
    isTyping => JSON::PP::true() });
is("$error->{type} $error->{error}", 'error Not subscribed',
    'not subscribed any more');

$john->send_text('{"type":"typing","chatId":"chat_2","isTyping":true}');
is($none->await('user_typing')->{chatId}, 'chat_2', 'typing in another chat');

# without chatws_typing the list of typists is no notification of the server's

is(publish({ type => 'typing_users', chatId => 'chat_2', users => 'all' })
    ->{status}, 201, 'an application event');
is($none->await('typing_users')->{users}, 'all', 'is handed through');
