#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A client that ends its half of the TCP connection: what it is owed still
# goes to it, and the server ends the other half.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws::Peer;
use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl stub_status /)
    ->has_daemon('openssl')->plan(22);

# output waits in the server: its socket takes little

$t->write_file_expand('nginx.conf', echo_conf(http => echo_servers(
    listen => 'sndbuf=32k', echo => 'chatws_deflate on;')));

certificate($t);

$t->run();

my $big = join '', map { sprintf '%07d ', $_ } 1 .. 250_000;

for my $o ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => tls() ]) {
    my ($name, %o) = @$o;

    my $ws = echo(%o);
    $ws->half_close();
    is(join(' ', $ws->talk([])), 'end', "$name, nothing before");

    $ws = echo(%o);
    $ws->talk([ text('Hello') ], 0);
    $ws->half_close();
    is(join(' ', $ws->talk([])), 'text Hello end', "$name, a message before");

    # an answer that is large, and that the client does not read before

    $ws = echo(%o);
    $ws->send_raw(text($big));
    $ws->half_close();
    is(join(' ', $ws->talk([])), told('text', $big) . ' end',
        "$name, 2 MB are owed");

    $ws = echo(%o);
    $ws->send_raw(text($big) . bye(1000, 'bye'));
    $ws->half_close();
    is(join(' ', $ws->talk([])), told('text', $big) . ' close 1000 end',
        "$name, 2 MB and a close are owed");

    $ws = echo(%o);
    $ws->send_raw(text('Hello') . bye(4000));
    $ws->half_close();
    is(join(' ', $ws->talk([])), 'text Hello close 4000 end',
        "$name, a close before");

    $ws = echo(%o);
    $ws->send_raw(text('one') . substr text('x' x 1000), 0, 500);
    $ws->half_close();
    is(join(' ', $ws->talk([])), 'text one end', "$name, inside a frame");

    $ws = echo(%o);
    $ws->send_raw(text('one', fin => 0) . ping('x') . cont('two', fin => 0));
    $ws->half_close();
    is(join(' ', $ws->talk([])), 'pong x end', "$name, inside a message");

    $ws = echo(%o);
    $ws->send_raw("\x81");
    $ws->half_close();
    is(join(' ', $ws->talk([])), 'end', "$name, inside a header");

    # a violation is told although nobody may listen

    $ws = echo(%o);
    $ws->send_raw(text('x', rsv => 1));
    $ws->half_close();
    is(join(' ', $ws->talk([])), 'close 1002 end', "$name, a violation");

    # the handshake and the end in one go

    $ws = Test::Chatws::Peer->dial(%o);
    $ws->send_raw(join "\r\n", 'GET / HTTP/1.1', 'Host: localhost',
        'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: ' . Test::Chatws::Client::KEY(), '',
        text('early') . bye(1000));
    $ws->half_close();
    $ws->read_answer();
    $ws->{told} = [];
    $ws->parse_told();
    is(join(' ', $ws->talk([])), 'text early close 1000 end',
        "$name, with the request");
}

# one that ends its half and never reads is let go all the same

my $mute = echo(port => 8081);

$mute->send_raw(text($big));
$mute->half_close();
$mute->drop();

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
