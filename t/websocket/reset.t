#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A client that resets the connection, in the middle of anything: nothing of
# it is left, and others do not notice.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws::Deflate;
use Test::Chatws::Peer;
use Test::Chatws;
use Test::Nginx;

my @moments = moments();

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl stub_status /)
    ->has_daemon('openssl')->plan(3 * @moments + 4);

$t->write_file_expand('nginx.conf', echo_conf(http => echo_servers(
    echo => 'chatws_deflate on; chatws_deflate_context_takeover on;')));

certificate($t);

$t->run();

my @before;

eventually(sub { @before = workers_of($t) });

my $other = echo(port => 8081);

for my $o ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => tls() ],
    [ 'deflate', port => 8081, headers =>
      [ 'Sec-WebSocket-Extensions: permessage-deflate' ],
      deflated => sub { '' } ])
{
    my ($name, %o) = @$o;

    for my $moment (@moments) {
        my ($when, $act) = @$moment;

        for (1 .. 5) {
            my $ws = $act->(%o);

            $ws->reset();
        }

        is(join(' ', $other->talk([ text($when) ], 1)), told('text', $when),
            "$name, $when");
    }
}

$other->drop();

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');
is_deeply(stub_status(), { Active => 0, Reading => 0, Writing => 0,
    Waiting => 0 }, 'no request left');
is_deeply([ workers_of($t) ], \@before, 'the same worker');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');


# What goes on when the reset comes.

sub moments {
    my $big = 'x' x 4_000_000;

    my $after = sub {
        my (@frames) = @_;

        return sub {
            my $ws = echo(@_);
            $ws->send_raw(join '', @frames);
            return $ws;
        };
    };

    return (
        [ 'inside the request', sub {
            my $ws = Test::Chatws::Peer->dial(@_);
            $ws->send_raw("GET / HTTP/1.1\r\nHost: localhost\r\nUpgr");
            return $ws;
        } ],
        [ 'after the request, before the answer is read', sub {
            my $ws = Test::Chatws::Peer->dial(@_);
            $ws->send_raw(join "\r\n", 'GET / HTTP/1.1', 'Host: localhost',
                'Upgrade: websocket', 'Connection: Upgrade',
                'Sec-WebSocket-Version: 13',
                'Sec-WebSocket-Key: ' . Test::Chatws::Client::KEY(), '', '');
            return $ws;
        } ],
        [ 'nothing was sent', $after->() ],
        [ 'inside a header', $after->("\x82\xff\0\0\0") ],
        [ 'after a header', $after->(substr binary('x' x 10), 0, 6) ],
        [ 'inside a frame', $after->(substr binary($big), 0, 200_000) ],
        [ 'inside a message', $after->(text('a', fin => 0)) ],
        [ 'inside a ping', $after->(substr ping('x' x 100), 0, 50) ],
        [ 'after messages', $after->(map { text($_) } 1 .. 500) ],
        [ 'with output unread', $after->(binary($big)) ],
        [ 'with output unread, and more to come',
          $after->(binary($big), substr binary($big), 0, 100_000) ],
        [ 'after a close', $after->(bye(1000)) ],
        [ 'after a close, with output unread',
          $after->(binary($big), bye(1000)) ],
        [ 'after a violation', $after->(text('x', rsv => 3)) ],
        [ 'in the lingering close', sub {
            my $ws = echo(@_);
            $ws->talk([ bye(1000), 'x' x 100 ]);
            return $ws;
        } ],
        [ 'in the middle of answers', sub {
            my $ws = echo(@_);
            $ws->talk([ map { text($_ x 1000) } 1 .. 100 ], 10);
            return $ws;
        } ],
    );
}
