#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The WebSocket endpoint: each answer of the protocol, section 1.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http rewrite /)->plan(69);

$t->write_file_expand('nginx.conf', conf(server => <<'EOC'));

        location = /plain {
            return 200 "plain";
        }
EOC

$t->run();

my $time = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;


# accepted

my $ws = ws(user => 'user123');

is($ws->{status}, 101, 'handshake');
is(lc $ws->{headers}{upgrade}, 'websocket', 'Upgrade');
is(lc $ws->{headers}{connection}, 'upgrade', 'Connection');
is($ws->{headers}{'sec-websocket-accept'}, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    'Sec-WebSocket-Accept');
ok(!exists $ws->{headers}{'content-length'}, 'no Content-Length');
ok(!exists $ws->{headers}{'transfer-encoding'}, 'no Transfer-Encoding');
ok(!exists $ws->{headers}{'sec-websocket-protocol'}, 'no subprotocol');
like($ws->{last}, qr/^\{"type":"connected","userId":"user123",
    "message":"Successfully\ connected\ to\ WebSocket",
    "timestamp":"$time"\}$/x, 'connected, byte for byte');

my $other = ws(user => 'u', key => 'x3JJHMbDL1EzLkh9GBhXDw==');

is($other->{headers}{'sec-websocket-accept'}, 'HSmrc0sMlYUkAGmm5OPpG2HaGWk=',
    'another key, another Sec-WebSocket-Accept');

for my $case (
    [ 'a list in Connection', without => [ 'Connection' ],
      headers => [ 'Connection: keep-alive, Upgrade' ] ],
    [ 'case of Connection', without => [ 'Connection' ],
      headers => [ 'Connection: upGRADE' ] ],
    [ 'case of Upgrade', without => [ 'Upgrade' ],
      headers => [ 'Upgrade: WebSocket' ] ],
    [ 'an Origin', headers => [ 'Origin: https://any.example' ] ],
    [ 'an unknown subprotocol',
      headers => [ 'Sec-WebSocket-Protocol: chat, superchat' ] ],
    [ 'an unknown extension',
      headers => [ 'Sec-WebSocket-Extensions: x-none; a=1' ] ],
    [ 'a body of no bytes', headers => [ 'Content-Length: 0' ] ])
{
    my ($name, %o) = @$case;

    is(ws(user => 'u', %o)->{status}, 101, $name);
}

$ws = ws(user => 'u', early =>
    Test::Chatws::Client::frame(1, '{"action":"subscribe","chatId":"c"}'));

is($ws->await('subscription_confirmed')->{chatId}, 'c',
    'a frame sent along with the handshake');


# userId

for my $case (
    [ 'userId=a%20b', 'a b', 'URL-decoded' ],
    [ 'userId=a+b', 'a b', 'plus is a space' ],
    [ 'x=1&userId=u&y=2', 'u', 'among others' ],
    [ 'userIdx=1&userId=u', 'u', 'after a longer name' ],
    [ 'userId=%C3%A9%e2%82%AC', "\x{e9}\x{20ac}", 'UTF-8' ],
    [ 'userId=%22%5C%2F', '"\\/', 'escaped in JSON' ],
    [ 'userId=' . 'a' x 128, 'a' x 128, '128 bytes' ],
    [ 'userId=' . '%41' x 128, 'A' x 128, '128 bytes, encoded' ],
    [ 'userId=' . '%C3%A9' x 64, "\x{e9}" x 64, '128 bytes of UTF-8' ])
{
    my ($args, $user, $name) = @$case;

    is(ws(args => $args)->{connected}{userId}, $user, "userId $name");
}

for my $case (
    [ '', qr/Missing userId/, 'no arguments' ],
    [ 'username=u', qr/Missing userId/, 'missing' ],
    [ 'userId=', qr/Missing userId|Invalid userId/, 'empty' ],
    [ 'userId', qr/Missing userId|Invalid userId/, 'without a value' ],
    [ 'userId=' . 'a' x 129, qr/Invalid userId/, '129 bytes' ],
    [ 'userId=%ff', qr/Invalid userId/, 'not UTF-8' ],
    [ 'userId=%c0%80', qr/Invalid userId/, 'overlong UTF-8' ],
    [ 'userId=%ed%a0%80', qr/Invalid userId/, 'a surrogate' ],
    [ 'userId=a%00b', qr/Invalid userId/, 'a zero byte' ],
    [ 'userId=a%0Ab', qr/Invalid userId/, 'a line feed' ],
    [ 'userId=%7f', qr/Invalid userId/, 'a delete' ],
    [ 'userId=%zz', qr/Invalid userId/, 'a malformed escape' ])
{
    my ($args, $error, $name) = @$case;

    my $refused = ws(args => $args);

    like("$refused->{status} " . ($refused->{body} || ''),
        qr/^400\ \{"type":"error","error":"$error","details":"[^"]+",
            "timestamp":"$time"\}\s*$/x, "userId $name");
}

# a body, whether it comes along or later

for my $case (
    [ 'along with it', 'Hello' ],
    [ 'later', '' ])
{
    my ($name, $body) = @$case;

    my $refused = ws(user => 'u', headers => [ 'Content-Length: 5' ],
        early => $body);

    like($refused->{body} || $refused->{status}, qr/must have no body/,
        "a body that comes $name");
}

my $refused = ws(args => '');

like($refused->{headers}{'content-type'}, qr{^application/json},
    'an error is JSON');
is($refused->{headers}{'content-length'}, length $refused->{body},
    'an error has its length');


# not a handshake

for my $case (
    [ 'plain GET', without => [ qw/ Upgrade Connection Sec-WebSocket-Key
                                    Sec-WebSocket-Version / ] ],
    [ 'no Upgrade', without => [ 'Upgrade' ] ],
    [ 'no Connection', without => [ 'Connection' ] ],
    [ 'another Upgrade', without => [ 'Upgrade' ],
      headers => [ 'Upgrade: h2c' ] ],
    [ 'Connection without upgrade', without => [ 'Connection' ],
      headers => [ 'Connection: keep-alive' ] ])
{
    my ($name, %o) = @$case;

    is(ws(user => 'u', %o)->{status}, 426, "$name, 426");
}

$refused = request('GET', '/api/ws?userId=u');

is($refused->{status}, 426, 'plain GET');
is(lc $refused->{headers}{upgrade}, 'websocket', '426, Upgrade');
like($refused->{headers}{connection}, qr/\bupgrade\b/i, '426, Connection');
is($refused->{headers}{'sec-websocket-version'}, 13, '426, version');
like($refused->{body},
    qr/^\{"type":"error","error":"[^"]+","details":"[^"]+",
        "timestamp":"$time"\}\s*$/x, '426, JSON');
is(request('GET', '/api/ws')->{status}, 426, '426 before the check of userId');

isnt(ws(user => 'u', protocol => 'HTTP/1.0')->{status}, 101, 'HTTP/1.0');

for my $version (8, 12, 14, 'x') {
    $refused = ws(user => 'u', version => $version);
    is("$refused->{status} $refused->{headers}{'sec-websocket-version'}",
        '426 13', "version $version");
}

for my $key ('short', 'dGhlIHNhbXBsZSBub25jZQ', 'A' x 24,
    '!GhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZTEyMw==')
{
    is(ws(user => 'u', key => $key)->{status}, 400, "key $key");
}

is(ws(user => 'u', without => [ 'Sec-WebSocket-Key' ])->{status}, 400,
    'no key');

for my $method (qw/ POST PUT DELETE OPTIONS /) {
    $refused = ws(user => 'u', method => $method);
    is("$refused->{status} " . ($refused->{headers}{allow} || ''), '405 GET',
        "method $method");
}

is(request('GET', '/plain')->{body}, 'plain', 'other locations go on');
