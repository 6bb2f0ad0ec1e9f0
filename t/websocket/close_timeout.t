#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Peers that never answer a close, never read, or never end their half of the
# connection: each is let go when its time is over, but one that is slow is
# not.  All of them at once, so that the seconds are waited for once.

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
    ->has_daemon('openssl')->plan(16);

$t->write_file_expand('nginx.conf', echo_conf(http => echo_servers(
    listen => 'sndbuf=32k', server => <<'EOC')));
        location /ping {
            chatws_echo;
            chatws_ping_interval 20ms;
            chatws_ping_timeout 20ms;
        }
EOC

certificate($t);

$t->run();

my $big = 'x' x 8_000_000;
my (@silent, @open, @deaf, @slow);

my @kinds = ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => tls() ]);

for my $kind (@kinds) {
    my ($name, %o) = @$kind;
    my $ws;

    # has closed, but keeps its half open

    $ws = echo(%o);
    is(join(' ', $ws->talk([ bye(1000) ])), 'close 1000 end',
        "$name, the server ended its half");
    push @open, [ $name, $ws ];

    # the same after a violation

    $ws = echo(%o);
    is(join(' ', $ws->talk([ text('x', rsv => 1) ])), 'close 1002 end',
        "$name, the server ended its half after a violation");
    push @open, [ $name, $ws ];

    # never answers our close

    push @silent, [ $name, echo(%o, path => '/ping') ];

    # never reads what it asked for

    $ws = echo(%o);
    $ws->send_raw(binary($big) . bye(1000));
    push @deaf, [ $name, $ws ];
}

# reads it a little at a time

for my $kind (@kinds) {
    my ($name, %o) = @$kind;
    my $ws = echo(%o, window => 16384);

    $ws->send_raw(binary($big) . bye(1000));
    push @slow, [ $name, $ws ];
}

# the same while all that it is to read is the system's already

my $late = echo(window => 16384);
my $most = 'x' x 1_000_000;

$late->send_raw(binary($most) . bye(1000));

is(join(' ', map { $_->[1]->{over} } @open), '1 1 1 1',
    'those had no more to read');

# all but those that read, slowly as they do

my $n = 0;

ok(eventually(sub {
    $_->[1]->sip() for @slow;

    if ($n++ % 8 == 0) {
        # what it still sends must not cost it what it has not read
        $late->sip();
        $late->send_raw(text('x'));
    }

    return stub_status()->{Active} == @slow + 1;
}), 'none is left of the others');

for my $peer (@silent) {
    is(join(' ', $peer->[1]->talk([])), 'ping  close 1008 '
        . ($peer->[0] eq 'TLS' ? 'torn' : 'end'),
        "$peer->[0], no answer to a close");
}

is(join(' ', $late->talk([])), told('binary', $most) . ' close 1000 end',
    'one that is late');
$late->drop();

# side by side, as each has to go on reading

eventually(sub {
    $_->[1]->hear() for @slow;
    return !grep { !$_->[1]->{over} } @slow;
});

for my $peer (@slow) {
    is(join(' ', $peer->[1]->talk([])),
        told('binary', $big) . ' close 1000 end', "$peer->[0], a slow one");
    $peer->[1]->drop();
}

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');
is(stub_status()->{Writing}, 0, 'no request left');

# what they get to see then, late as they are, is cut off, not made whole

for my $peer (@deaf) {
    unlike(join(' ', $peer->[1]->talk([])), qr/close|binary/,
        "$peer->[0], output that was never read");
}

$_->[1]->drop() for @silent, @open, @deaf;

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
