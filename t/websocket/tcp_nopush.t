#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A handshake that arrives together with a request before it finds a socket
# on which nginx still collects full packets, with "tcp_nopush" and a file.  A
# WebSocket sends each frame at once: what is answered to it is there before
# the answer to a request that was made later.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(10);

$t->write_file_expand('nginx.conf', conf(
    http => 'sendfile on; tcp_nopush on;',
    server => <<'EOC'));

        location /files/ {
            root %%TESTDIR%%;
        }

        location = /status {
            chatws_status chat;
        }
EOC

mkdir $t->testdir() . '/files';
$t->write_file('files/page.html', 'x' x 3000);

$t->run();

my $get = "GET /files/page.html HTTP/1.1\r\nHost: localhost\r\n\r\n";
my $handshake = "GET /api/ws?userId=alice HTTP/1.1\r\nHost: localhost\r\n"
    . "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    . 'Sec-WebSocket-Key: ' . Test::Chatws::Client::KEY() . "\r\n"
    . "Sec-WebSocket-Version: 13\r\n\r\n";

for my $o ([ 'one by one', 0 ], [ 'together', 1 ]) {
    my ($name, $together) = @$o;

    my $ws = Test::Chatws::Client->dial();

    $ws->send_raw($get . ($together ? $handshake : ''));
    is(length $ws->read_answer()->{body}, 3000, "$name, the file");

    $ws->send_raw($handshake) unless $together;
    is($ws->read_answer()->{status}, 101, "$name, the handshake");

    ok($ws->await('connected'), "$name, connected");

    my @late = grep {
        $ws->ping($_);
        hub_status();

        my $pong = $ws->read_frame(0);

        !$pong && $ws->read_frame();
    } 1 .. 5;

    is("@late", '', "$name, frames leave at once");

    $ws->drop();
}

ok(eventually(sub { hub_status()->{connections} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:alert|crit|error)\]/,
    'no socket left, no error');
