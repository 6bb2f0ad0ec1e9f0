#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The specification's Python example, as it stands.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $python = '/usr/bin/python3';

plan(skip_all => 'no python3-websockets')
    if system("$python -c 'import websockets' > /dev/null 2>&1") != 0;

my $own = own_network();
my $t = Test::Nginx->new()->has(qw/ http /)->plan(6);
my $conf = conf();

$conf =~ s/127\.0\.0\.1:8080/127.0.0.1:8000/;

$t->write_file_expand('nginx.conf', $conf);

my $spec = slurp("$FindBin::Bin/../spec/websocket-notifications.md");
my ($example) = $spec =~ /^```python\n(.*?)^```$/ms;

like($example, qr/async def test_websocket/, 'the example is there');

if (port(8000) != 8000) {
    plan(skip_all => 'port 8000 is taken') if $own;
    note('no network of its own: the port is another');
    $example =~ s/localhost:8000/'localhost:' . port(8000)/e;
}

$t->write_file('example.py', $example);
$t->run();

my $out = $t->testdir() . '/out';

$t->run_daemon('/bin/sh', '-c',
    "exec $python -u " . $t->testdir() . "/example.py > $out 2>&1");

ok(printed($t, qr/^Connected: \{"type":"connected","userId":"testUser"/m),
    'connected');
ok(printed($t, qr/^Received: .*"type":"subscription_confirmed"/m),
    'subscription_confirmed');

publish({ chatId => 'chat_1', text => 'Hello world!',
    sender => 'john_doe' }, port => 8000);

ok(printed($t, qr/^Received: .*"type":"new_message".*Hello world!/m),
    'new_message');

my $ws = ws(user => 'jane', port => 8000, chats => 'chat_1');
$ws->send_text('{"type":"typing","chatId":"chat_1","isTyping":true}');

ok(printed($t, qr/^Received: .*"type":"user_typing".*jane/m), 'user_typing');
unlike($t->read_file('out'), qr/Traceback/, 'no exception');

$t->stop_daemons();


sub printed {
    my ($t, $re) = @_;

    return eventually(sub {
        -e $t->testdir() . '/out' && $t->read_file('out') =~ $re;
    });
}
