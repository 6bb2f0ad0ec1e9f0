#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Large messages: in one frame, in fragments of any size, in small pieces of
# one frame, and many small messages back to back.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws::Peer;
use Test::Chatws;
use Test::Nginx;

use constant { K => 1024, M => 1024 * 1024 };

my $t = Test::Nginx->new()->has(qw/ http stub_status /)->plan(72);

$t->write_file_expand('nginx.conf', echo_conf())->run();

my %o = (path => '/', args => '');

# no two places of it are alike, so nothing can be lost or swapped

my $text = '';
my $bytes = '';

for my $n (1 .. 300_000) {
    $text .= sprintf "%06d \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 %x\n", $n,
        $n * 2654435761 % 4294967296;
}

$text x= 3;
$bytes = join '', map { pack 'N', $_ * 2654435761 % 4294967296 }
    1 .. 4 * M;

sub text_of {
    my ($n) = @_;

    my $part = substr $text, 0, $n;

    # a character that is cut off is made up for

    $part =~ s/(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?
        |[\xf0-\xf4][\x80-\xbf]{0,2})\z//x;

    return $part . 'x' x ($n - length $part);
}

sub payload {
    my ($kind, $n) = @_;

    return $kind == 1 ? text_of($n) : substr $bytes, 0, $n;
}

sub same {
    my ($kind, $payload, $frames, $mode, $name) = @_;

    my $event = $kind == 1 ? 'text' : 'binary';

    is(run_case([ $name, $frames, [ told($event, $payload) ] ], $mode, %o),
        '', "$event, $name");
}

is(length $text > 8 * M && length $bytes, 16 * M, 'enough of it');

for my $kind (1, 2) {

    for my $n (64 * K, 256 * K, M, 4 * M, 8 * M, 16 * M) {
        my $payload = payload($kind, $n);

        same($kind, $payload, [ frame($kind, $payload) ], 'whole',
            "$n in one frame");
    }

    for my $size (64, 256, K, 4 * K, 16 * K, 64 * K, 256 * K, M, 4 * M) {
        my $payload = payload($kind, 4 * M);

        same($kind, $payload, [ pieces($kind, $payload, $size) ], 'whole',
            "4 MB in fragments of $size");
    }

    for my $size (64, 128, 256, 512, 1024, 2048) {
        my $payload = payload($kind, M);

        same($kind, $payload,
            [ unpack "(a$size)*", frame($kind, $payload) ], 'frames',
            "1 MB in one frame, sent by $size");
    }

    my $payload = payload($kind, 16 * M);

    same($kind, $payload, [ pieces($kind, $payload, 64) ], 'whole',
        '16 MB in fragments of 64');

    $payload = payload($kind, 64 * K);

    same($kind, $payload, [ pieces($kind, $payload, 1300) ], 'frames',
        '64 KB in fragments of 1300');
    same($kind, $payload, [ pieces($kind, $payload, 1) ], 'whole',
        '64 KB in fragments of 1');

    for my $n (0, 16, 64, 256, K, 4 * K, 16 * K, 64 * K) {
        my $count = $n <= 4 * K ? 10_000 : 1000;
        my @list = map { substr $kind == 1 ? sprintf('%06d', $_) x 16
            : pack('N', $_) x 16, 0, $n } 1 .. $count;

        $_ .= 'x' x ($n - length $_) for @list;

        my $event = $kind == 1 ? 'text' : 'binary';

        is(run_case([ '', [ map { frame($kind, $_) } @list ],
            [ map { told($event, $_) } @list ] ], 'whole', %o), '',
            "$event, $count of $n");
    }
}

# one byte too many, however it comes

my $limit = 32 * M;

for my $frames ([ binary('x' x ($limit + 1)) ],
    [ pieces(2, 'x' x ($limit + 1), M) ],
    [ binary('x' x $limit, fin => 0), cont('x') ])
{
    is(run_case([ '', $frames, [ 'close 1009' ] ], 'whole', %o), '',
        'over the limit');
}

my $whole = 'x' x $limit;

is(run_case([ '', [ binary($whole) ], [ told('binary', $whole) ] ], 'whole',
    %o), '', 'at the limit');

# fragments without anything in them are not without end

is(run_case([ '', [ text('', fin => 0), map { cont('', fin => 0) } 1 .. 3000 ],
    [ 'close 1008' ] ], 'whole', %o), '', 'empty fragments');

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
