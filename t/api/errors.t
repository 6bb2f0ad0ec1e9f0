#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Errors of client messages, which keep the connection, and closes.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(78);

$t->write_file_expand('nginx.conf', conf(
    endpoint => 'chatws_max_message_size 2k;',
    server => <<'EOC'))->run();

        location = /pattern {
            chatws chat;
            chatws_chat_pattern "^(chat|room)_[0-9]+$";
        }
EOC

my $time = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;
my $ws = ws(user => 'u');

$ws->ask('{');
like($ws->{last}, qr/^\{"type":"error","error":"Invalid\ JSON",
    "details":"Could\ not\ parse\ message\ as\ JSON",
    "timestamp":"$time"\}$/x, 'the error of the specification');

for my $case (
    [ '', 'Invalid JSON', 'empty' ],
    [ ' ', 'Invalid JSON', 'blank' ],
    [ 'x', 'Invalid JSON', 'not JSON' ],
    [ '[]', 'Invalid JSON', 'an array' ],
    [ '"subscribe"', 'Invalid JSON', 'a string' ],
    [ 'null', 'Invalid JSON', 'null' ],
    [ '1', 'Invalid JSON', 'a number' ],
    [ '{"action":"subscribe","chatId":"c"', 'Invalid JSON', 'cut off' ],
    [ '{"action":"subscribe","chatId":"c"}x', 'Invalid JSON',
      'trailing bytes' ],
    [ '{"action":"subscribe","chatId":"c"}"', 'Invalid JSON',
      'a trailing quote' ],
    [ '{"action":"subscribe","chatId":"c"} "x}', 'Invalid JSON',
      'a trailing string without its end' ],
    [ '{"action":"subscribe","chatId":"c"}{}', 'Invalid JSON',
      'two objects' ],
    [ '{"action":"subscribe","chatId":"c",}', 'Invalid JSON',
      'a trailing comma' ],
    [ "{'action':'subscribe'}", 'Invalid JSON', 'single quotes' ],
    [ '{"x":' . '[' x 100 . ']' x 100 . '}', 'Invalid JSON',
      'nested too deep' ],
    [ '{"x":' . '{"x":' x 100 . '1' . '}' x 100 . '}', 'Invalid JSON',
      'objects nested too deep' ],
    [ '{"action":"sub' . "\t" . 'scribe"}', 'Invalid JSON',
      'a control character in a string' ],
    [ '{}', 'Unknown message type', 'no verb' ],
    [ '{"chatId":"c"}', 'Unknown message type', 'no verb, but a chat' ],
    [ '{"action":"frob","chatId":"c"}', 'Unknown message type',
      'unknown verb', 'frob' ],
    [ '{"type":"frob"}', 'Unknown message type', 'unknown type', 'frob' ],
    [ '{"action":"Subscribe","chatId":"c"}', 'Unknown message type',
      'case of the verb', 'Subscribe' ],
    [ '{"action":"connected"}', 'Unknown message type',
      'a verb of the server', 'connected' ],
    [ '{"action":"subscribe"}', 'Invalid message', 'no chatId', 'chatId' ],
    [ '{"action":"subscribe","chatId":1}', 'Invalid message',
      'chatId, a number', 'chatId' ],
    [ '{"action":"subscribe","chatId":null}', 'Invalid message',
      'chatId, null', 'chatId' ],
    [ '{"action":"subscribe","chatId":["c"]}', 'Invalid message',
      'chatId, an array', 'chatId' ],
    [ '{"action":"unsubscribe"}', 'Invalid message',
      'unsubscribe without chatId', 'chatId' ],
    [ '{"type":"typing","isTyping":true}', 'Invalid message',
      'typing without chatId', 'chatId' ],
    [ '{"type":"typing","chatId":"c"}', 'Invalid message',
      'no isTyping', 'isTyping' ],
    [ '{"type":"typing","chatId":"c","isTyping":1}', 'Invalid message',
      'isTyping, a number', 'isTyping' ],
    [ '{"type":"typing","chatId":"c","isTyping":"true"}',
      'Invalid message', 'isTyping, a string', 'isTyping' ],
    [ '{"action":"subscribe","chatId":""}', 'Invalid chatId',
      'empty chatId' ],
    [ '{"action":"subscribe","chatId":"' . 'c' x 129 . '"}',
      'Invalid chatId', 'chatId of 129 bytes' ],
    [ '{"action":"subscribe","chatId":"a\u0000b"}', 'Invalid chatId',
      'chatId with a zero byte' ],
    [ '{"action":"subscribe","chatId":"a\nb"}', 'Invalid chatId',
      'chatId with a line feed' ],
    [ '{"action":"subscribe","chatId":"\u007f"}', 'Invalid chatId',
      'chatId with a delete' ],
    [ '{"action":"unsubscribe","chatId":""}', 'Invalid chatId',
      'unsubscribe, empty chatId' ],
    [ '{"type":"typing","chatId":"c","isTyping":true}', 'Not subscribed',
      'typing without a subscription' ])
{
    my ($text, $error, $name, $details) = @$case;
    my $reply = $ws->ask($text);

    is("$reply->{type}: $reply->{error}", "error: $error", $name);
    like($reply->{details}, qr/\Q$details\E/, "$name, details")
        if defined $details;
}

is($ws->subscribe('after')->{chatId}, 'after', 'the connection is kept');

# what an error repeats cannot break it

$ws->ask('{"action":"\"}\u0001<script>"}');
like($ws->{last}, qr/^\{"type":"error","error":"Unknown message type"/,
    'the name is escaped');
my $reply = $ws->ask('{"action":"' . 'x' x 1500 . '"}');
is($reply->{error}, 'Unknown message type', 'a long name');
cmp_ok(length $ws->{last}, '<', 1024, 'a long name is cut');

# the pattern

$ws = ws(user => 'u', path => '/pattern');

for my $case ([ 'chat_1', 1 ], [ 'room_22', 1 ], [ 'chat_', 0 ],
    [ 'xchat_1', 0 ], [ 'other', 0 ])
{
    my ($chat, $fits) = @$case;
    my $reply = $ws->ask({ action => 'subscribe', chatId => $chat });

    is($fits ? $reply->{type} : $reply->{error},
        $fits ? 'subscription_confirmed' : 'Invalid chatId',
        "pattern, $chat");
}

# closes

for my $case (
    [ 1002, 'not masked', sub { $_[0]->send_text('{}', key => '') } ],
    [ 1002, 'a reserved bit', sub { $_[0]->send_text('{}', rsv => 4) } ],
    [ 1002, 'a reserved opcode', sub { $_[0]->send_frame(3, '') } ],
    [ 1002, 'a reserved control opcode',
      sub { $_[0]->send_frame(11, '') } ],
    [ 1002, 'a fragmented ping',
      sub { $_[0]->send_frame(9, '', fin => 0) } ],
    [ 1002, 'a long ping', sub { $_[0]->send_frame(9, 'x' x 126) } ],
    [ 1002, 'a continuation of nothing',
      sub { $_[0]->send_frame(0, 'x') } ],
    [ 1003, 'a binary message', sub { $_[0]->send_frame(2, 'x') } ],
    [ 1007, 'not UTF-8', sub { $_[0]->send_text("{\"x\":\"\xff\"}") } ],
    [ 1009, 'too big', sub { $_[0]->send_text('x' x 2049) } ],
    [ 1009, 'too big by its declared length',
      sub { $_[0]->send_text('', length => 1 << 40) } ],
    [ 1009, 'too big in fragments', sub {
          $_[0]->send_frame(1, 'x' x 1500, fin => 0);
          $_[0]->send_frame(0, 'x' x 1500); } ])
{
    my ($code, $name, $send) = @$case;
    my $client = ws(user => 'u');

    $send->($client);
    is(($client->await_close() || { code => 'none' })->{code}, $code, $name);
}

$ws = ws(user => 'u');
$ws->send_text('x' x 2048);
is($ws->await('error')->{error}, 'Invalid JSON', 'as big as may be');

$ws->send_frame(1, '{"action":"sub', fin => 0);
$ws->ping('between');
$ws->send_frame(0, 'scribe",', fin => 0);
$ws->send_frame(0, '"chatId":"c"}');
is($ws->await('subscription_confirmed')->{chatId}, 'c', 'fragments');
is($ws->{pongs}[0], 'between', 'a ping between fragments');

$ws->send_close(3000, 'bye');
is($ws->await_close()->{code}, 3000, 'close is echoed');
