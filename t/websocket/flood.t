#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# More control frames than anyone needs: thousands are answered, a flood of
# them ends the connection, and others are served meanwhile.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws::Peer;
use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http stub_status /)->plan(10);

$t->write_file_expand('nginx.conf', echo_conf())->run();

my $other = echo();

for my $kind ([ 'pings', \&ping ], [ 'pongs', \&pong ]) {
    my ($name, $frame) = @$kind;
    my $ws = echo();
    my @told = $ws->talk([ $frame->('x') x 4000, text('y') ],
        $name eq 'pings' ? 4001 : 1);

    is($told[-1], 'text y', "$name, thousands");

    # it is the rate that counts: as fast as they can be read, and again where
    # something else held the server up

    my $flood = join('', map { $frame->('x') } 1 .. 60_000) . text('more');

    eventually(sub {
        @told = $ws->talk([ $flood ], $name eq 'pings' ? 60_001 : 1);
        $told[-1] ne 'text more';
    });

    push @told, $ws->talk([]);

    is(join(' ', @told[-2, -1]), 'close 1008 end', "$name, too many");
    like($ws->{reason}, qr/control frames/, "$name, the reason");
    is(scalar(grep { !/^(?:pong x|close 1008|end)$/ } @told), 0,
        "$name, nothing else");
    $ws->drop();
}

# as many messages are no flood, and nobody else was hurt

is(join(' ', $other->talk([ map { text($_) } 1 .. 20_000 ], 20_000)),
    join(' ', map { "text $_" } 1 .. 20_000), 'messages are not counted');
$other->drop();

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();
