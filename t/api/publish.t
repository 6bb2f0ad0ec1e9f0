#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Publishing: each answer of the protocol, section 4.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(98);

$t->write_file_expand('nginx.conf',
    conf(publish => 'client_max_body_size 8k;', server => <<'EOC'))->run();

        location = /disk {
            chatws_publish chat;
            client_body_buffer_size 1k;
            client_body_in_file_only clean;
        }

        location = /small {
            chatws_publish chat;
            client_body_buffer_size 128;
        }
EOC

my $time = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;
my $more = qr/(?:,"(?:seq|epoch)":[^,{}]+)*/;
my $ws = ws(user => 'u', chats => 'chat_1');

# the message of the specification

my $answer = publish(
    '{"chatId":"chat_1","text":"Hello world!","sender":"john_doe"}');

is($answer->{status}, 201, 'status');
like($answer->{headers}{'content-type'}, qr{^application/json\b}, 'type');
is($answer->{headers}{'content-length'}, length $answer->{body}, 'length');
like($answer->{body}, qr/^\{"id":"msg_[0-9A-Za-z_-]+","text":"Hello\ world!",
    "sender":"john_doe","timestamp":"$time","chatId":"chat_1","seq":1,
    "epoch":"[0-9a-f]{12}","recipients":1\}\s*$/x, 'answer');

my $event = $ws->await('new_message');

like($ws->{last}, qr/^\{"type":"new_message","chatId":"chat_1",
    "message":\{"id":"msg_[0-9A-Za-z_-]+","text":"Hello\ world!",
    "sender":"john_doe","timestamp":"$time","isOwnMessage":false\},
    "timestamp":"$time"$more\}$/x, 'notification');
is($event->{message}{id}, $answer->{json}{id}, 'the same id');
is($event->{message}{timestamp}, $answer->{json}{timestamp},
    'the same time');
is($event->{seq}, 1, 'seq');

# ids are fresh and sort by time

my @ids = map { publish({ chatId => 'ids', text => "m$_", sender => 's' })
    ->{json}{id} } 1 .. 20;

is(scalar(keys %{{ map { $_ => 1 } @ids }}), 20, 'ids are different');
is("@{[sort @ids]}", "@ids", 'ids are sorted');
is(publish({ chatId => 'ids', text => 't', sender => 's' })->{json}{seq}, 21,
    'seq counts');
is(publish({ chatId => 'ids2', text => 't', sender => 's' })->{json}{seq}, 1,
    'seq of another chat');
is(publish({ chatId => 'ids2', text => 't', sender => 's' })
    ->{json}{recipients}, 0, 'no recipients');

# what is given is kept, to the byte

my %kept = (
    '"id":"mine","timestamp":"2020-02-30T00:00:00Z"' => 'id and timestamp',
    '"big":123456789012345678901234567890' => 'a big integer',
    '"f":1.10,"e":1E+02,"z":-0.0' => 'numbers as written',
    '"u":"\u00e9\ud83d\ude00\/"' => 'escapes',
    '"a":[1,{"b":[]},null,true,"]}"],"o":{"x":{}}' => 'arrays and objects',
    '"attachments":[{"name":"a.png","size":1}],"replyTo":"msg_1"'
        => 'attachments and replyTo',
    "\"utf8\":\"\xc3\xa9\"" => 'UTF-8',
    '"\u006b\"ey":1' => 'an escaped name',
);

for my $text (sort keys %kept) {
    $answer = publish("{\"chatId\":\"chat_1\",\"text\":\"t\","
        . "\"sender\":\"s\",$text}");
    is($answer->{status}, 201, "$kept{$text}, status");
    my @parts = $kept{$text} eq 'id and timestamp'
        ? split /,/, $text : $text;
    is(scalar(grep { index($answer->{body}, $_) < 0 } @parts), 0,
        "$kept{$text}, answer") or diag($answer->{body});
    $ws->await('new_message');
    is(scalar(grep { index($ws->{last}, $_) < 0 } @parts), 0,
        "$kept{$text}, notification") or diag($ws->{last});
    ok(json_of($ws->{last}), "$kept{$text}, JSON");
}

publish('{"z":1,"chatId":"chat_1","a":2,"sender":"s","m":3,"text":"t"}');
like($ws->await('new_message') && $ws->{last}, qr/"z":1,"a":2,"m":3/,
    'the order of further members');

publish('{"chatId":"chat_1","text":"t","sender":"s","isOwnMessage":true}');
is($ws->await('new_message')->{message}{isOwnMessage}, JSON::PP::false(),
    'isOwnMessage is the server\'s');

# refused

my $good = '{"chatId":"chat_1","text":"t","sender":"s"}';

for my $case (
    [ '', 'empty' ],
    [ 'x', 'not JSON' ],
    [ '[]', 'an array' ],
    [ "$good x", 'trailing bytes' ],
    [ "$good\"", 'a trailing quote' ],
    [ "$good \"x}", 'a trailing string without its end' ],
    [ '{"text":"t","sender":"s"}', 'no chatId', 'chatId' ],
    [ '{"chatId":"c","sender":"s"}', 'no text', 'text' ],
    [ '{"chatId":"c","text":"t"}', 'no sender', 'sender' ],
    [ '{"chatId":1,"text":"t","sender":"s"}', 'chatId, number', 'chatId' ],
    [ '{"chatId":"c","text":1,"sender":"s"}', 'text, number', 'text' ],
    [ '{"chatId":"c","text":"t","sender":null}', 'sender, null', 'sender' ],
    [ '{"chatId":"c","text":"t","sender":"s","id":{}}', 'id, object', 'id' ],
    [ '{"chatId":"c","text":"t","sender":"s","timestamp":{}}',
      'timestamp, object', 'timestamp' ],
    [ '{"chatId":"","text":"t","sender":"s"}', 'empty chatId', 'chatId' ],
    [ '{"chatId":"' . 'c' x 129 . '","text":"t","sender":"s"}',
      'long chatId', 'chatId' ],
    [ '{"chatId":"a\nb","text":"t","sender":"s"}', 'chatId, line feed',
      'chatId' ],
    [ '{"type":1,"chatId":"c","text":"t","sender":"s"}', 'type, number',
      'type' ],
    [ '{"chatId":"c","text":"t","sender":"s","x":'
      . '[' x 100 . ']' x 100 . '}', 'nested too deep' ],
    [ "{\"chatId\":\"c\",\"text\":\"\xff\",\"sender\":\"s\"}", 'not UTF-8' ])
{
    my ($body, $name, $member) = @$case;

    $answer = publish($body);
    like("$answer->{status} $answer->{body}",
        qr/^400\ \{"type":"error","error":"[^"]+","details":"[^"]+",
            "timestamp":"$time"\}\s*$/x, "$name, 400");
    like($answer->{json}{error} . $answer->{json}{details}, qr/$member/,
        "$name, named") if $member;
}

# content types

for my $case (
    [ 'application/json', 201 ],
    [ 'application/json; charset=utf-8', 201 ],
    [ 'Application/JSON;x=y', 201 ],
    [ 'text/plain', 415 ],
    [ 'application/jsonx', 415 ],
    [ 'application/x-www-form-urlencoded', 415 ])
{
    my ($type, $status) = @$case;

    is(publish($good, headers => [ "Content-Type: $type" ])->{status},
        $status, "type $type");
}

is(request('POST', '/api/messages', body => $good)->{status}, 415,
    'no type');
like(publish($good, headers => [ 'Content-Type: text/plain' ])->{body},
    qr/^\{"type":"error","error":/, '415, JSON');

# methods

for my $method (qw/ GET HEAD PUT DELETE PATCH /) {
    $answer = request($method, '/api/messages');
    is("$answer->{status} " . ($answer->{headers}{allow} || ''), '405 POST',
        "method $method");
}

# sizes

my $room = 8192 - length '{"chatId":"c","text":"","sender":"s"}';

is(publish('{"chatId":"c","text":"' . 'x' x $room . '","sender":"s"}')
    ->{status}, 201, 'as big as may be');
is(publish('{"chatId":"c","text":"' . 'x' x ($room + 1) . '","sender":"s"}')
    ->{status}, 413, 'too big');

# bodies in other shapes

for my $uri (qw{ /disk /small }) {
    publish('{"chatId":"chat_1","text":"' . 'y' x 3000 . "$uri\","
        . '"sender":"s"}', uri => $uri);
    my $text;
    do {
        $text = $ws->await('new_message')->{message}{text};
    } while ($text eq 't');
    is($text, 'y' x 3000 . $uri, "the body of $uri");
}

$answer = request('POST', '/api/messages', no_length => 1,
    headers => [ 'Content-Type: application/json',
        'Transfer-Encoding: chunked' ],
    body => sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", 10,
        substr($good, 0, 10), length($good) - 10, substr($good, 10)));
is($answer->{status}, 201, 'a chunked request');

# one connection, several messages

my $client = Test::Chatws::Client->dial();
my $post = "POST /api/messages HTTP/1.1\r\nHost: x\r\n"
    . "Content-Type: application/json\r\n"
    . 'Content-Length: ' . length($good) . "\r\n\r\n$good";

$client->send_raw($post x 3);

eventually(sub {
    $client->fill(1);
    (() = $client->{in} =~ m{HTTP/1.1 201}g) == 3;
});
is(scalar(() = $client->{in} =~ m{HTTP/1.1 201}g), 3, 'keepalive');
