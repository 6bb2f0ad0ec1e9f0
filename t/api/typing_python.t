#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_typing as a client sees it that others have written: websockets of
# Python.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $python = '/usr/bin/python3';

plan(skip_all => 'no python3-websockets')
    if system("$python -c 'import websockets' > /dev/null 2>&1") != 0;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(2);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    endpoint => 'chatws_typing interval=30m timeout=1h merge=2;'));

$t->write_file('client.py', <<'EOC');
import asyncio
import json
import sys

import websockets

port = sys.argv[1]


async def connect(user):
    ws = await websockets.connect(
        f"ws://127.0.0.1:{port}/api/ws?userId={user}&username=name_{user}")
    await ask(ws, {"action": "subscribe", "chatId": "c"},
              "subscription_confirmed")
    return ws


async def ask(ws, message, answer):
    await ws.send(json.dumps(message))
    while json.loads(await ws.recv())["type"] != answer:
        pass


async def types(ws, on):
    await ws.send(json.dumps({"type": "typing", "chatId": "c",
                              "isTyping": on}))
    await ask(ws, {"action": "unsubscribe", "chatId": "nowhere"},
              "subscription_confirmed")


async def hears(ws, n):
    for _ in range(n):
        event = json.loads(await ws.recv())
        del event["timestamp"]
        print(json.dumps(event), flush=True)


async def main():
    reader = await connect("reader")
    first, second = await connect("a"), await connect("a")

    for ws in first, second, first:
        await types(ws, True)

    await types(first, False)
    await second.close()
    await hears(reader, 2)

    many = [await connect(user) for user in ("a", "b", "d")]

    for ws in many:
        await types(ws, True)

    await hears(reader, 5)

    for ws in many:
        await ws.close()

    await hears(reader, 3)
    print("end", flush=True)


asyncio.run(main())
EOC

$t->run();

my $out = $t->testdir() . '/out';

$t->run_daemon('/bin/sh', '-c', "exec $python -u " . $t->testdir()
    . '/client.py ' . port(8080) . " > $out 2>&1");

ok(eventually(sub {
    -e $out && $t->read_file('out') =~ /^end$|Traceback/m;
}), 'all was said');

sub one {
    my ($user, $on) = @_;

    return qq({"type": "user_typing", "chatId": "c", "userId": "$user", )
        . qq("username": "name_$user", "isTyping": $on}\n);
}

sub list {
    my ($count, @users) = @_;

    return '{"type": "typing_users", "chatId": "c", "users": ['
        . join(', ', map { qq({"userId": "$_", "username": "name_$_"}) }
            @users) . qq(], "count": $count}\n);
}

is($t->read_file('out'), one(qw/ a true /) . one(qw/ a false /)
    . one(qw/ a true /) . one(qw/ b true /) . list(3, qw/ a b /)
    . one(qw/ a false /) . one(qw/ b false /)
    . list(2, qw/ b d /) . one(qw/ b false /) . one(qw/ d false /)
    . "end\n", 'and told');

$t->stop_daemons();
