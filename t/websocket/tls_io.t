#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What only TLS has: records, a socket that is full when the session wants to
# say goodbye, renegotiation, and ends that are not orderly.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws::Peer;
use Test::Chatws;
use Test::Nginx;

my @versions = qw/ TLSv1_2 TLSv1_3 /;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl stub_status /)
    ->has_daemon('openssl')->plan(7 * @versions + 5);

$t->write_file_expand('nginx.conf', echo_conf(http => echo_servers(
    listen => 'sndbuf=16k', http => 'ssl_protocols TLSv1.2 TLSv1.3;')));

certificate($t);

$t->run();

my $worker;

eventually(sub { ($worker) = workers_of($t) });

my $big = join '', map { sprintf '%07d ', $_ } 1 .. 1_000_000;
my $other = echo();

for my $version (@versions) {
    my %o = (port => 8443, ssl => { SSL_version => $version });

    # records are full ones, and never too large

    my $ws = echo(%o);

    is(join(' ', $ws->talk([ text($big), bye(1000) ])),
        told('text', $big) . ' close 1000 end', "$version, 8 MB");
    $ws->drop();

    # many small messages in a record, and a message over many records

    $ws = echo(%o);
    is(join(' ', $ws->talk([ join('', map { text($_) } 1 .. 5000),
        bye(1000) ])), join(' ', map({ "text $_" } 1 .. 5000),
        'close 1000 end'), "$version, many in a record");
    $ws->drop();

    $ws = echo(%o);
    is(join(' ', $ws->talk([ split(//, text('x' x 300)), bye(1000) ])),
        told('text', 'x' x 300) . ' close 1000 end',
        "$version, a record each byte");
    $ws->drop();

    # wherever the output fills the socket up, the end of it is orderly: the
    # last of it may be a frame, or the close_notify

    my @wrong;

    for my $n (0 .. 150) {
        my $payload = 'z' x (40_000 + $n * 331);

        $ws = echo(%o, window => 8192);
        $ws->send_raw(binary($payload) . bye(1000));

        # the server has done what it can when others were served thrice

        $other->talk([ text($_) ], 1) for 1 .. 3;

        my $got = join ' ', $ws->talk([]);
        my $want = told('binary', $payload) . ' close 1000 end';

        push @wrong, length($payload) . ": $got" if $got ne $want;
        $ws->drop();
    }

    is(join("\n", @wrong), '', "$version, a socket that is full");

    # a close_notify without a close frame, and none at all

    $ws = echo(%o);
    $ws->half_close();
    is(join(' ', $ws->talk([])), 'end', "$version, close_notify");
    $ws->drop();

    $ws = echo(%o);
    shutdown $ws->{socket}, 1;
    isnt(join(' ', $ws->talk([])), 'timeout', "$version, just the end");
    $ws->drop();

    # rubbish instead of a record

    $ws = echo(%o);
    syswrite_plain($ws, "\x17\x03\x03\x00\x20" . 'x' x 32);
    like(join(' ', $ws->talk([])), qr/^(?:end|error)/,
        "$version, a damaged record");
    $ws->drop();
}

# renegotiation is refused by not doing it, or by the end of the connection;
# before a close, and with output pending

for my $pending ('', binary($big)) {
    my $ws = echo(port => 8443, ssl => { SSL_version => 'TLSv1_2' });
    my $ssl = $ws->{socket}->_get_ssl_object();

    $ws->send_raw($pending);
    Net::SSLeay::renegotiate($ssl);
    Net::SSLeay::do_handshake($ssl);

    my $got = join ' ', $ws->talk([ bye(1000) ]);

    like($got, qr/(?:torn|end|error[^\n]*)\z/, 'renegotiation');
    $ws->reset();
}

is(join(' ', $other->talk([ text('still'), bye(1000) ])),
    'text still close 1000 end', 'others are served');
$other->drop();

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');
is_deeply([ workers_of($t) ], [ $worker ], 'the same worker');

$t->stop();


# Bytes beside TLS.

sub syswrite_plain {
    my ($ws, $bytes) = @_;

    open my $fh, '>&', fileno $ws->{socket} or die "$!\n";
    syswrite $fh, $bytes;
}
