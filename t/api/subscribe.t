#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Subscribing: the protocol, section 2, and who gets what.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(53);

$t->write_file_expand('nginx.conf',
    conf(endpoint => 'chatws_max_subscriptions 5;'));

$t->run();

# what extensions may add after the specification's members

my $more = qr/(?:,"(?:id|seq|epoch|recovered)":[^,{}]+)*/;


my $ws = ws(user => 'user123');

$ws->subscribe('chat_1');
like($ws->{last}, qr/^\{"type":"subscription_confirmed",
    "action":"subscribe","chatId":"chat_1",
    "message":"Subscribed\ to\ chat\ chat_1"$more\}$/x, 'subscribe');

$ws->subscribe('chat_1');
like($ws->{last}, qr/^\{"type":"subscription_confirmed",
    "action":"subscribe","chatId":"chat_1",
    "message":"Subscribed\ to\ chat\ chat_1"$more\}$/x, 'subscribe again');

publish({ chatId => 'chat_1', text => 'once', sender => 'x' });
publish({ chatId => 'chat_1', text => 'marker', sender => 'x' });
is($ws->await('new_message')->{message}{text}, 'once', 'delivered');
is($ws->await('new_message')->{message}{text}, 'marker', 'delivered once');

$ws->unsubscribe('chat_1');
like($ws->{last}, qr/^\{"type":"subscription_confirmed",
    "action":"unsubscribe","chatId":"chat_1",
    "message":"Unsubscribed\ from\ chat\ chat_1"$more\}$/x, 'unsubscribe');

$ws->unsubscribe('chat_1');
like($ws->{last}, qr/^\{"type":"subscription_confirmed",
    "action":"unsubscribe","chatId":"chat_1",
    "message":"Unsubscribed\ from\ chat\ chat_1"$more\}$/x,
    'unsubscribe again');

$ws->unsubscribe('never');
is($ws->{closed}, undef, 'unsubscribe from what was never subscribed');

$ws->subscribe('marker');
is(publish({ chatId => 'chat_1', text => 'gone', sender => 'x' })
    ->{json}{recipients}, 0, 'no recipient after unsubscribe');
publish({ chatId => 'marker', text => 'marker', sender => 'x' });
is($ws->await('new_message')->{message}{text}, 'marker',
    'nothing after unsubscribe');
is(@{$ws->{skipped}}, 0, 'nothing else');


# forms of the message

for my $case (
    [ '{"chatId":"f","action":"subscribe"}', 'another order' ],
    [ '{"type":"subscribe","chatId":"f"}', 'the verb in type' ],
    [ '{"type":"x","action":"subscribe","chatId":"f"}',
      'action goes before type' ],
    [ '{"action":"subscribe","chatId":"f","x":[{"y":null}],"z":1e400}',
      'unknown members' ],
    [ " \t\r\n{ \"action\" : \"subscribe\" , \"chatId\" : \"f\" }\n",
      'blanks' ],
    [ '{"\u0061ction":"sub\u0073cribe","chatId":"\u0066"}', 'escapes' ])
{
    my ($text, $name) = @$case;
    my $reply = $ws->ask($text);

    is("$reply->{type} $reply->{action} $reply->{chatId}",
        'subscription_confirmed subscribe f', $name);
}

for my $case (
    [ '{"action":"subscribe","chatId":"f","id":"r1"}', 'r1', 'id, string' ],
    [ '{"action":"subscribe","chatId":"f","id":17}', 17, 'id, integer' ],
    [ '{"id":"a\"b","action":"subscribe","chatId":"f"}', 'a"b',
      'id, escapes' ],
    [ '{"action":"unsubscribe","chatId":"f","id":"' . 'i' x 64 . '"}',
      'i' x 64, 'id, 64 bytes' ],
    [ '{"action":"none","id":"r2"}', 'r2', 'id in an error' ])
{
    my ($text, $id, $name) = @$case;

    is($ws->ask($text)->{id}, $id, $name);
}

$ws->ask('{"action":"subscribe","chatId":"f","id":9007199254740993}');
like($ws->{last}, qr/"id":9007199254740993\b/, 'id, a large integer');
$ws->unsubscribe('f');


# chat ids

for my $case (
    [ 'c', 'one byte' ],
    [ 'c' x 128, '128 bytes' ],
    [ "\x{e9}" x 64, '128 bytes of UTF-8' ],
    [ "\x{1f600}", 'outside the basic plane' ],
    [ '"\\/<>&', 'what JSON escapes' ],
    [ 'a b', 'a space' ])
{
    my ($chat, $name) = @$case;
    my $reply = $ws->subscribe($chat);

    is($reply->{chatId}, $chat, "chat id, $name");
    is($reply->{message}, "Subscribed to chat $chat",
        "chat id, $name, message");
    is(publish({ chatId => $chat, text => 't', sender => 'x' })
        ->{json}{recipients}, 1, "chat id, $name, publish");
    $ws->await('new_message');
    $ws->unsubscribe($chat);
}


# several chats of one connection, several connections of one user

my $a1 = ws(user => 'a', chats => [ 'one', 'two' ]);
my $a2 = ws(user => 'a', chats => [ 'one' ]);
my $b = ws(user => 'b', chats => [ 'two' ]);

is(publish({ chatId => 'one', text => '1', sender => 'x' })
    ->{json}{recipients}, 2, 'recipients of one');
is(publish({ chatId => 'two', text => '2', sender => 'x' })
    ->{json}{recipients}, 2, 'recipients of two');

is(join(' ', map { $a1->await('new_message')->{message}{text} } 1 .. 2),
    '1 2', 'both chats, in order');
is($a2->await('new_message')->{message}{text}, 1, 'first chat');
is($b->await('new_message')->{message}{text}, 2, 'second chat');

is(publish({ chatId => 'one', text => 'by a', sender => 'a' })
    ->{json}{recipients}, 0, 'all connections of the sender left out');

# cleanup on disconnect

$a2->send_close(1000);
is($a2->await_close()->{code}, 1000, 'close is answered');
ok($a2->ended(), 'close ends the connection');

ok(until_recipients('one', 1), 'closed: no recipient');

$a1->drop();
ok(until_recipients('one', 0), 'gone without a close: no recipient');


# the limit

my $limited = ws(user => 'l', chats => [ 1 .. 5 ]);
my $error = $limited->ask({ action => 'subscribe', chatId => '6' });

is("$error->{type} $error->{error}", 'error Too many subscriptions', 'limit');
is($limited->ask({ action => 'subscribe', chatId => '5' })->{type},
    'subscription_confirmed', 'limit, subscribed already');
$limited->unsubscribe('5');
is($limited->ask({ action => 'subscribe', chatId => '6' })->{type},
    'subscription_confirmed', 'limit, after unsubscribe');


sub until_recipients {
    my ($chat, $n) = @_;

    return eventually(sub {
        publish({ chatId => $chat, text => 't', sender => 'x' })
            ->{json}{recipients} == $n;
    });
}
