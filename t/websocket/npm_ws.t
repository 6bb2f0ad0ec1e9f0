#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The npm client ws, and the specification's JavaScript example.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use IO::Socket::IP;

use Test::Chatws;
use Test::Nginx;

my $modules = "$FindBin::Bin/../../build/npm/node_modules";

plan(skip_all => 'no npm package ws') unless -d "$modules/ws";

my $own = own_network();
my $t = Test::Nginx->new()->has(qw/ http /)->has_daemon('node')->plan(13);
my $conf = conf(endpoint => 'chatws_max_message_size 80k;',
    publish => 'client_max_body_size 200k;', zone => 'zone=chat:8m');

$conf =~ s/127\.0\.0\.1:8080/127.0.0.1:8000/;

# "localhost" is the first address of that name to some versions of node

$conf =~ s/(listen 127\.0\.0\.1:8000;)/$1 listen [::1]:%%PORT_8000%%;/
    if IO::Socket::IP->new(LocalHost => '::1', Listen => 1);

$t->write_file_expand('nginx.conf', $conf)->run();

# a client of its own, which says what happens

$t->write_file('client.js', <<'EOC');
const WebSocket = require('ws');
const [port, user] = process.argv.slice(2);
const ws = new WebSocket(`ws://127.0.0.1:${port}/api/ws?userId=${user}`);

ws.on('open', () => {
    ws.send('{"action":"subscribe","chatId":"chat_1"}');
});

ws.on('message', (data, binary) => {
    const event = JSON.parse(data);

    console.log(event.type, binary, data.length);

    if (event.type === 'subscription_confirmed') {
        ws.ping('hello');
    }

    if (event.type === 'new_message' && event.message.text === 'bye') {
        ws.send(Buffer.from('{"action":"subscribe", "chatId":"'), {
            binary: false, fin: false });
        ws.send(Buffer.from('last"}' + ' '.repeat(70000)), {
            binary: false, fin: true });
    }

    if (event.chatId === 'last') {
        ws.close(4000, 'enough');
    }
});

ws.on('pong', (data) => console.log('pong', data.toString()));
ws.on('close', (code) => console.log('closed', code));
ws.on('error', (error) => console.log('failed', error));
EOC

start($t, 'client.js', 'client', port(8000), 'u');

ok(printed($t, 'client', qr/^connected false/m), 'connected');
ok(printed($t, 'client', qr/^subscription_confirmed false/m), 'subscribed');
ok(printed($t, 'client', qr/^pong hello/m), 'pong');

publish({ chatId => 'chat_1', text => 'x' x 100_000, sender => 's' },
    port => 8000);
ok(printed($t, 'client', qr/^new_message false 100\d\d\d/m), 'a large message');

publish({ chatId => 'chat_1', text => 'bye', sender => 's' }, port => 8000);
ok(printed($t, 'client', qr/^closed 4000/m), 'fragments, and a close');
unlike($t->read_file('client.out'), qr/^failed/m, 'no error');

# the example, with WebSocket being that of the package

my $spec = slurp("$FindBin::Bin/../spec/websocket-notifications.md");
my ($example) = $spec =~ /^## Usage Example.*?^```javascript\n(.*?)^```$/ms;

like($example, qr/ws\.onmessage/, 'the example is there');

if (port(8000) != 8000) {
    $example =~ s/localhost:8000/'localhost:' . port(8000)/e;
}

$t->write_file('example.js', "globalThis.WebSocket = require('ws');\n"
    . $example . "process.once('SIGUSR2', () => {\n"
    . "    sendTypingIndicator('chat_1', true);\n});\n");

my $pid = start($t, 'example.js', 'example');

ok(printed($t, 'example', qr/^WebSocket connected/m), 'example, open');
ok(printed($t, 'example', qr/^Connection acknowledged: Successfully/m),
    'example, connected');
ok(printed($t, 'example', qr/^Subscription confirmed: /m),
    'example, subscribed');

publish({ chatId => 'chat_1', text => 'Hello', sender => 'john_doe' },
    port => 8000);
ok(printed($t, 'example', qr/^New message in chat chat_1 : .*Hello/ms),
    'example, new_message');

my $ws = ws(user => 'jane', port => 8000, chats => 'chat_1');

$ws->send_text('{"type":"typing","chatId":"chat_1","isTyping":true}');
ok(printed($t, 'example', qr/^jane is typing in chat_1/m),
    'example, user_typing');

kill 'USR2', $pid;
is($ws->await('user_typing')->{userId}, 'user123', 'example, typing');

$t->stop_daemons();


sub start {
    my ($t, $script, $name, @args) = @_;

    my $modules = "$FindBin::Bin/../../build/npm/node_modules";
    my $d = $t->testdir();

    $t->run_daemon('/bin/sh', '-c', "NODE_PATH=$modules "
        . "exec node $d/$script @args > $d/$name.out 2>&1");

    return $t->{_daemons}[-1];
}


sub printed {
    my ($t, $name, $re) = @_;

    return eventually(sub {
        -e $t->testdir() . "/$name.out"
            && $t->read_file("$name.out") =~ $re;
    });
}
