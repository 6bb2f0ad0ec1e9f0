#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Closing: begun by either side or both, with output pending, over TCP and
# TLS; each time the peer gets the code, and the server ends the connection.

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
    ->has_daemon('openssl')->plan(41);

$t->write_file_expand('nginx.conf', echo_conf(http => echo_servers(
    server => <<'EOC')));
        location /ping {
            chatws_echo;
            chatws_ping_interval 20ms;
            chatws_ping_timeout 20ms;
        }
EOC

certificate($t);

$t->run();

my $big = join '', map { sprintf '%07d ', $_ } 1 .. 250_000;

for my $o ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => tls() ]) {
    my ($name, %o) = @$o;

    # begun by the client

    my $ws = echo(%o);

    is(join(' ', $ws->talk([ bye(1000, 'done') ])), 'close 1000 end',
        "$name, the client's");
    is($ws->{reason}, '', "$name, no reason is made up");
    $ws->drop();

    # what was sent before is answered before, however large

    $ws = echo(%o);
    is(join(' ', $ws->talk([ text($big), ping('x'), bye(1000) ])),
        told('text', $big) . ' pong x close 1000 end',
        "$name, after 2 MB, a ping");
    $ws->drop();

    $ws = echo(%o);
    is(join(' ', $ws->talk([ (map { text($_) } 1 .. 1000), bye(3333) ])),
        join(' ', map({ "text $_" } 1 .. 1000), 'close 3333 end'),
        "$name, after 1000 messages");
    $ws->drop();

    # what comes after it counts for nothing, and does not reset: one that
    # reads only when all is sent gets the answer as well

    $ws = echo(%o);
    ok($ws->send_raw(bye(1000) . text($big) x 4), "$name, all is taken");
    is(join(' ', $ws->talk([])), 'close 1000 end', "$name, 8 MB after it");
    $ws->drop();

    $ws = echo(%o);
    ok($ws->send_raw(text('x', rsv => 1) . text($big) x 4),
        "$name, all is taken");
    is(join(' ', $ws->talk([])), 'close 1002 end',
        "$name, 8 MB after a violation");
    like($ws->{reason}, qr/\A[ -~]{3,123}\z/, "$name, a reason is given");
    $ws->drop();

    $ws = echo(%o);
    is(join(' ', $ws->talk([ text($big, fin => 0), bye(1000),
        cont($big) ])), 'close 1000 end', "$name, inside a message");
    $ws->drop();

    # begun by the server: a pong that is awaited does not come

    $ws = echo(%o, path => '/ping');
    is(join(' ', $ws->talk([], 2)), 'ping  close 1008', "$name, the server's");
    like($ws->{reason}, qr/reconnect/, "$name, what to do is said");
    is(join(' ', $ws->talk([ bye(1008) ])), 'end', "$name, answered");
    $ws->drop();

    # messages that come instead of the answer are not heard, pings neither

    $ws = echo(%o, path => '/ping');
    $ws->talk([], 2);
    is(join(' ', $ws->talk([ text('late'), ping('late'), text($big),
        bye(1000) ])), 'end', "$name, messages instead of an answer");
    $ws->drop();

    # a message may be unfinished then

    $ws = echo(%o, path => '/ping');
    is(join(' ', $ws->talk([ text('a', fin => 0) ], 2)), 'ping  close 1008',
        "$name, the server's, inside a message");
    is(join(' ', $ws->talk([ bye(1000) ])), 'end', "$name, answered");
    $ws->drop();

    # one that sends a frame byte by byte, and so can't answer a ping in it

    $ws = echo(%o, path => '/ping');
    is(join(' ', $ws->talk([ split //, substr text('x' x 100), 0, 50 ], 2)),
        'ping  close 1008', "$name, the server's, inside a frame");
    $ws->drop();

    # a violation as an answer

    $ws = echo(%o, path => '/ping');
    $ws->talk([], 2);
    is(join(' ', $ws->talk([ text('x', rsv => 1) ])), 'end',
        "$name, a violation as the answer");
    $ws->drop();

    # just gone

    $ws = echo(%o, path => '/ping');
    $ws->talk([], 2);
    $ws->drop();

    ok(eventually(sub { stub_status()->{Active} == 0 }),
        "$name, no connection left");
}

# the end of a worker is told as well, as far as there is time

my @left = map { echo(port => 8081) } 1 .. 3;

kill 'TERM', workers_of($t);

is(join(' ', map { $_->talk([]) } @left),
    'close 1001 end close 1001 end close 1001 end', 'a fast shutdown');
like($left[0]{reason}, qr/reconnect/, 'what to do is said');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
