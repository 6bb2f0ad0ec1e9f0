#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Clients that others wrote, with all they can: the npm packages ws, undici
# (the WebSocket of browsers) and faye-websocket, and Python's websockets;
# plain and over TLS, with compression where they have it.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws;
use Test::Nginx;

my $modules = "$FindBin::Bin/../../build/npm/node_modules";
my $python = '/usr/bin/python3';

my @npm = grep { -d "$modules/$_" } qw/ ws undici faye-websocket /;
my $websockets = -x $python
    && system("$python -c 'import websockets' > /dev/null 2>&1") == 0;

plan(skip_all => 'no client of others') if !@npm && !$websockets;

my @paths = qw/ plain deflate takeover /;

my $t = Test::Nginx->new()->has(qw/ http http_ssl stub_status /)
    ->has_daemon('openssl')->has_daemon('node')
    ->plan(2 * @paths * (@npm + ($websockets ? 1 : 0)) + 2);

my $locations = <<'EOC';
        location = /plain {
            chatws_echo;
        }

        location = /deflate {
            chatws_echo;
            chatws_deflate on;
        }

        location = /takeover {
            chatws_echo;
            chatws_deflate on;
            chatws_deflate_context_takeover on;
        }
EOC

$t->write_file_expand('nginx.conf', echo_conf(server => $locations,
    http => <<"EOC"));
    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;

    server {
        listen 127.0.0.1:8443 ssl;
        server_name localhost;
        $locations
    }
EOC

certificate($t);

$t->run();

# Each client sends all messages, back to back, and prints what is wrong.

$t->write_file('client.js', <<'EOC');
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

const [name, url] = process.argv.slice(2);
const faye = name === 'faye-websocket';
const WebSocket = name === 'ws' ? require('ws')
    : faye ? require('faye-websocket').Client : require('undici').WebSocket;
const socket = name === 'ws'
    ? new WebSocket(url, { perMessageDeflate: { threshold: 0 } })
    : new WebSocket(url);

const wanted = [ '', 'Hello', 'Gr\u00fc\u00dfe \u20ac \u{1f600}',
    'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(65535),
    '\u20ac'.repeat(30000) ];

for (let i = 0; i < 500; i++) {
    wanted.push(`message ${i} ` + 'abc'.repeat(i));
}

for (const n of [ 0, 1, 125, 126, 65536, 1 << 20 ]) {
    const bytes = new Uint8Array(n);

    for (let i = 0; i < n; i++) {
        bytes[i] = i * 2654435761 >>> 13;
    }

    wanted.push(bytes);
}

const same = (a, b) => typeof a === 'string' ? a === b
    : typeof b !== 'string' && Buffer.compare(Buffer.from(a),
        Buffer.from(b)) === 0;

let next = 0;

socket.binaryType = 'arraybuffer';

socket.onopen = () => {
    for (const message of wanted) {
        socket.send(faye && typeof message !== 'string'
            ? Buffer.from(message) : message);
    }
};

socket.onmessage = (event) => {
    if (!same(wanted[next], event.data)) {
        console.log(`message ${next} is another`);
    }

    if (++next === wanted.length) {
        socket.close(4001, 'enough');
    }
};

socket.onerror = (event) => console.log('error', event.message);

socket.onclose = (event) => {
    console.log(`got ${next === wanted.length ? 'all' : next},`,
        `closed ${event.code}`);
    process.exit(0);
};
EOC

$t->write_file('client.py', <<'EOC');
import asyncio
import ssl
import sys

import websockets


async def main(url):
    context = None

    if url.startswith("wss"):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    wanted = ["", "Hello", "Gr\u00fc\u00dfe \u20ac \U0001f600", "x" * 65535,
              b"", b"\xff" * 126, bytes(range(256)) * 5000]
    wanted += ["message %d " % n + "abc" * n for n in range(500)]

    async with websockets.connect(url, ssl=context, max_size=None) as ws:
        async def send():
            for message in wanted:
                await ws.send(message)

        task = asyncio.ensure_future(send())

        for n, message in enumerate(wanted):
            if await ws.recv() != message:
                print("message", n, "is another")

        await task

        # a message in fragments, a ping, and the longest control frame

        await ws.send(part for part in ["a", "", "b" * 70000, "c"])

        if await ws.recv() != "a" + "b" * 70000 + "c":
            print("fragments are another")

        await (await ws.ping("x" * 125))
        await ws.close(4001, "enough")

    print("got all, closed", ws.close_code)


asyncio.run(main(sys.argv[1]))
EOC

my $d = $t->testdir();

for my $scheme ([ 'ws', 8080 ], [ 'wss', 8443 ]) {
    for my $path (@paths) {
        my $url = "$scheme->[0]://127.0.0.1:" . port($scheme->[1]) . "/$path";

        for my $name (@npm) {
            is(output("env NODE_NO_WARNINGS=1 NODE_PATH=$modules "
                . "node $d/client.js $name $url"), "got all, closed 4001\n",
                "$name, $scheme->[0], $path");
        }

        is(output("$python $d/client.py $url"), "got all, closed 4001\n",
            "websockets, $scheme->[0], $path") if $websockets;
    }
}

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');


sub output {
    my ($command) = @_;

    my $seconds = 6 * Test::Chatws::deadline();

    return scalar `timeout $seconds $command 2>&1`;
}
