#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Messages that arrive together are answered together: by one write, hence by
# one segment or one TLS record, in their order, whatever is among them.

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

$t->write_file_expand('nginx.conf', echo_conf(http => echo_servers()));

certificate($t);

$t->run();

my @many = map { [ text("message $_"), "text message $_" ] } 1 .. 100;
my @mixed = map { ([ text($_), "text $_" ], [ ping($_), "pong $_" ],
    [ binary("b$_"), "binary b$_" ]) } 1 .. 30;

for my $o ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => tls() ]) {
    my ($name, %o) = @$o;
    my $ws = echo(%o);

    # the first read has it all: several writes would come one by one; a few
    # times, since a slow reader would not see that

    for my $list ([ 'messages', \@many ], [ 'messages and pings', \@mixed ]) {
        my ($what, $frames) = @$list;

        for my $n (1 .. 3) {
            $ws->send_raw(join '', map { $_->[0] } @$frames);
            $ws->wait_for(0, Test::Chatws::deadline());
            $ws->hear();

            is(join(' ', splice @{$ws->{told}}),
                join(' ', map { $_->[1] } @$frames),
                "$name, $what at once, $n");
        }
    }

    # more than is held back, and single ones that are larger than that

    my @wrong;

    for my $size (1000, 8191, 8192, 8193, 16383, 16384, 16385, 40_000) {
        my @list = map { my $p = $_ . 'x' x $size; [ text($p), told('text',
            $p) ] } 1 .. 20;

        push @wrong, $size if join(' ', $ws->talk(
            [ join '', map { ($_->[0], ping('between')) } @list ], 40))
            ne join(' ', map { ($_->[1], 'pong between') } @list);
    }

    is(join(' ', @wrong), '', "$name, messages of many sizes, in order");

    # what was held back leaves before a close, and before a violation

    is(join(' ', $ws->talk([ join '', map({ $_->[0] } @many), bye(1000) ])),
        join(' ', map({ $_->[1] } @many), 'close 1000 end'),
        "$name, then a close");
    $ws->drop();

    $ws = echo(%o);
    is(join(' ', $ws->talk([ join '', map({ $_->[0] } @many),
        text('x', rsv => 1), text('y') ])),
        join(' ', map({ $_->[1] } @many), 'close 1002 end'),
        "$name, then a violation");
    $ws->drop();

    # and when the client has gone half-way

    $ws = echo(%o);
    $ws->send_raw(join '', map { $_->[0] } @many);
    $ws->half_close();
    is(join(' ', $ws->talk([])), join(' ', map({ $_->[1] } @many), 'end'),
        "$name, then the end");
    $ws->drop();
}

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
