package Test::Chatws::Conformance;

# Copyright (C) chatws contributors
#
# The behaviour of a WebSocket server, case by case: the frames that a client
# sends, and the events that must follow, up to the orderly end of the TCP
# connection.  The numbers of the groups are those that fuzzing clients of this
# kind have in common: 1 framing, 2 pings, 3 reserved bits, 4 opcodes, 5
# fragmentation, 6 UTF-8, 7 closing.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/
    cases run_case size_of text binary ping pong cont bye frame pieces
/;

use Test::Chatws::Peer;


my @keys = ("\0\0\0\0", "\xff\xff\xff\xff", "\x37\xfa\x21\x3d", "abcd",
    "\x00\x00\x00\x01", "\x80\x00\x00\x00", "\x5a\xa5\x5a\xa5");
my $next = 0;


# --- frames

sub frame {
    my ($opcode, $payload, %o) = @_;

    return Test::Chatws::Client::frame($opcode,
        defined $payload ? "$payload" : '',
        key => $keys[$next++ % @keys], %o);
}

sub text { my ($payload, %o) = @_; return frame(1, $payload, %o) }
sub binary { my ($payload, %o) = @_; return frame(2, $payload, %o) }
sub cont { my ($payload, %o) = @_; return frame(0, $payload, %o) }
sub ping { my ($payload, %o) = @_; return frame(9, $payload, %o) }
sub pong { my ($payload, %o) = @_; return frame(10, $payload, %o) }


sub bye {
    my ($code, $reason, %o) = @_;

    return frame(8, defined $code
        ? pack('n', $code) . (defined $reason ? $reason : '') : '', %o);
}


# Returns a message in fragments of that size.

sub pieces {
    my ($opcode, $payload, $size) = @_;

    my @parts = $size ? unpack "(a$size)*", $payload : ();

    @parts = ('') if !@parts;

    return map { frame($_ ? 0 : $opcode, $parts[$_], fin => $_ == $#parts) }
        0 .. $#parts;
}


# --- the table

# Each case has a name, the frames to send, and the events that must follow.
# Where these have no close, the client closes, and the close is added to both.

sub cases {
    return (framing(), pings(), reserved(), opcodes(), fragments(),
        utf8(), closing());
}


sub framing {
    my @cases;

    for my $kind (1, 2) {
        my ($name, $fill) = $kind == 1 ? ('text', '*') : ('binary', "\xfe");

        for my $n (0 .. 9, 15 .. 17, 31 .. 33, 63 .. 65, 124 .. 130, 255,
                   256, 4095 .. 4097, 65534 .. 65537, 65550, 131072)
        {
            push @cases, [ "1.$kind $name of $n", [ frame($kind, $fill x $n) ],
                [ told($name, $fill x $n) ] ];
        }

        my @many = map { $fill x $_ } 0 .. 300;

        push @cases, [ "1.$kind $name, 0 to 300 back to back",
            [ map { frame($kind, $_) } @many ],
            [ map { told($name, $_) } @many ] ];
    }

    my $any = join '', map { chr } 0 .. 255;

    for my $at (0 .. 3) {
        push @cases, [ "1.3 binary, all bytes from $at",
            [ binary('x' x $at . $any) ],
            [ told('binary', 'x' x $at . $any) ] ];
    }

    for my $long ([ 0, 2 ], [ 125, 2 ], [ 0, 8 ], [ 126, 8 ], [ 65535, 8 ]) {
        my ($n, $bytes) = @$long;

        push @cases, [ "1.4 length $n in $bytes bytes",
            [ text('x' x $n, long => $bytes) ], [ 'close 1002' ] ];
    }

    push @cases,
        [ '1.4 length with the top bit',
          [ pack('CCNN', 0x82, 0xff, 0x80000000, 5) ], [ 'close 1002' ] ],
        [ '1.4 length of 2^63 - 1',
          [ pack('CCNN', 0x82, 0xff, 0x7fffffff, 0xffffffff) . 'mask' ],
          [ 'close 1009' ] ],
        [ '1.4 length over the limit, told with the header',
          [ pack('CCNN', 0x82, 0xff, 0, 32 * 1024 * 1024 + 1) . 'mask' ],
          [ 'close 1009' ] ],
        [ '1.4 fragments over the limit together',
          [ text('Hello', fin => 0),
            pack('CCNN', 0x80, 0xff, 0, 32 * 1024 * 1024 - 4) . 'mask' ],
          [ 'close 1009' ] ],
        [ '1.5 no mask', [ text('Hello', key => '') ], [ 'close 1002' ] ],
        [ '1.5 no mask, nothing to mask', [ text('', key => '') ],
          [ 'close 1002' ] ],
        [ '1.5 a control frame without a mask', [ ping('x', key => '') ],
          [ 'close 1002' ] ],
        [ '1.5 a close without a mask', [ bye(1000, '', key => '') ],
          [ 'close 1002' ] ],
        [ '1.5 no mask after a message', [ text('one'),
          text('two', key => '') ], [ 'text one', 'close 1002' ] ];

    return @cases;
}


sub pings {
    my @cases;

    for my $n (0, 1, 2, 13, 124, 125) {
        push @cases, [ "2 ping of $n", [ ping("\xfe" x $n) ],
            [ told('pong', "\xfe" x $n) ] ];
    }

    my @ten = map { "payload-$_" } 0 .. 9;

    push @cases,
        [ '2 ping of text', [ ping('Hello, world!') ],
          [ 'pong Hello, world!' ] ],
        [ '2 ping of bytes that are no text',
          [ ping("\x00\xff\xfe\xfd\xfc\xfb\x00\xff") ],
          [ told('pong', "\x00\xff\xfe\xfd\xfc\xfb\x00\xff") ] ],
        [ '2 ping of 126', [ ping("\xfe" x 126) ], [ 'close 1002' ] ],
        [ '2 ping of 65536', [ ping("\xfe" x 65536) ], [ 'close 1002' ] ],
        [ '2 pong of 126', [ pong("\xfe" x 126) ], [ 'close 1002' ] ],
        [ '2 unasked pong', [ pong('') ], [] ],
        [ '2 unasked pong with a payload', [ pong('unsolicited') ], [] ],
        [ '2 unasked pong, then a ping', [ pong('x'), ping('ping payload') ],
          [ 'pong ping payload' ] ],
        [ '2 ten pings', [ map { ping($_) } @ten ],
          [ map { "pong $_" } @ten ] ],
        [ '2 ping and a message by turns',
          [ map { (ping($_), text($_)) } @ten ],
          [ map { ("pong $_", "text $_") } @ten ] ];

    return @cases;
}


sub reserved {
    my @cases;

    for my $rsv (1 .. 7) {
        push @cases,
            [ "3 reserved bits $rsv, text",
              [ text('Hello', rsv => $rsv) ], [ 'close 1002' ] ],
            [ "3 reserved bits $rsv, binary",
              [ binary("\x00\xff", rsv => $rsv) ], [ 'close 1002' ] ],
            [ "3 reserved bits $rsv, after a message and before a ping",
              [ text('Hello, world!'), text('Hello, world!', rsv => $rsv),
                ping('') ],
              [ 'text Hello, world!', 'close 1002' ] ],
            [ "3 reserved bits $rsv, continuation",
              [ text('a', fin => 0), cont('b', rsv => $rsv) ],
              [ 'close 1002' ] ],
            [ "3 reserved bits $rsv, ping", [ ping('x', rsv => $rsv) ],
              [ 'close 1002' ] ],
            [ "3 reserved bits $rsv, pong", [ pong('x', rsv => $rsv) ],
              [ 'close 1002' ] ],
            [ "3 reserved bits $rsv, close", [ bye(1000, '', rsv => $rsv) ],
              [ 'close 1002' ] ];
    }

    return @cases;
}


sub opcodes {
    my @cases;

    for my $opcode (3 .. 7, 11 .. 15) {
        push @cases,
            [ "4 opcode $opcode", [ frame($opcode, '') ], [ 'close 1002' ] ],
            [ "4 opcode $opcode with a payload",
              [ frame($opcode, 'reserved opcode payload') ],
              [ 'close 1002' ] ],
            [ "4 opcode $opcode after a message and before a ping",
              [ text('Hello, world!'), frame($opcode, 'x'), ping('') ],
              [ 'text Hello, world!', 'close 1002' ] ],
            [ "4 opcode $opcode inside a message",
              [ text('a', fin => 0), frame($opcode, 'x'), cont('b') ],
              [ 'close 1002' ] ];
    }

    return @cases;
}


sub fragments {
    my @cases;
    my @abc = map { "fragment$_" } 1 .. 5;
    my $whole = join '', @abc;

    for my $kind (1, 2) {
        my $name = $kind == 1 ? 'text' : 'binary';

        push @cases,
            [ "5 $name in two", [ pieces($kind, 'fragment1fragment2', 9) ],
              [ "$name fragment1fragment2" ] ],
            [ "5 $name in five, by one byte", [ pieces($kind, $whole, 1) ],
              [ told($name, $whole) ] ],
            [ "5 $name, pings between",
              [ frame($kind, $abc[0], fin => 0), ping('1'),
                cont($abc[1], fin => 0), ping('2'), ping('3'),
                cont($abc[2]) ],
              [ 'pong 1', 'pong 2', 'pong 3',
                "$name fragment1fragment2fragment3" ] ],
            [ "5 $name, pongs between",
              [ frame($kind, $abc[0], fin => 0), pong('1'), cont($abc[1]) ],
              [ "$name fragment1fragment2" ] ],
            [ "5 $name, empty fragments around",
              [ frame($kind, '', fin => 0), cont('', fin => 0),
                cont('middle', fin => 0), cont('', fin => 0), cont('') ],
              [ "$name middle" ] ],
            [ "5 $name, three fragments of nothing",
              [ frame($kind, '', fin => 0), cont('', fin => 0), cont('') ],
              [ told($name, '') ] ],
            [ "5 $name, two messages in fragments", [ pieces($kind, 'abc', 1),
              pieces($kind, 'def', 1) ], [ "$name abc", "$name def" ] ],
            [ "5 another message inside $name",
              [ frame($kind, 'a', fin => 0), text('b') ], [ 'close 1002' ] ],
            [ "5 another beginning inside $name",
              [ frame($kind, 'a', fin => 0), binary('b', fin => 0) ],
              [ 'close 1002' ] ];
    }

    for my $n (9, 10, 8) {
        push @cases, [ "5 control frame $n in fragments",
            [ frame($n, $n == 8 ? pack('n', 1000) : 'fragment1', fin => 0),
              cont('fragment2') ], [ 'close 1002' ] ],
            [ "5 control frame $n in fragments, inside a message",
              [ text('a', fin => 0), frame($n, 'xy', fin => 0), cont('b') ],
              [ 'close 1002' ] ];
    }

    for my $fin (0, 1) {
        push @cases,
            [ "5 continuation of nothing, FIN $fin",
              [ cont('non-continuation', fin => $fin), text('Hello') ],
              [ 'close 1002' ] ],
            [ "5 continuation of nothing, FIN $fin, after a message",
              [ pieces(1, 'fragment1fragment2', 9),
                cont('fragment3', fin => $fin), text('fragment4') ],
              [ 'text fragment1fragment2', 'close 1002' ] ],
            [ "5 continuation of nothing, FIN $fin, twice",
              [ map { (cont('1', fin => $fin), text('2', fin => 0),
                       cont('3')) } 1, 2 ], [ 'close 1002' ] ];
    }

    push @cases, [ '5 five fragments, two pings',
        [ text($abc[0], fin => 0), cont($abc[1], fin => 0),
          ping('pongme 1!'), cont($abc[2], fin => 0),
          cont($abc[3], fin => 0), ping('pongme 2!'), cont($abc[4]) ],
        [ 'pong pongme 1!', 'pong pongme 2!', told('text', $whole) ] ],
        [ '5 the pong comes before the message is complete',
          [ text($abc[0], fin => 0), ping('now') ], [ 'pong now' ],
          [ cont($abc[1]) ], [ 'text fragment1fragment2' ] ];

    return @cases;
}


sub utf8 {
    my @cases;
    my $word = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
    my $hello = "Hello-\xc2\xb5\xc2\xa9\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc"
        . "\xc3\xa0\xc3\xa1-UTF-8!!";

    my (@good, @bad);

    push @good, map { [ 'some text', $_ ] } $word, $hello, 'hello$world',
        "hello\xc2\xa2world", "hello\xe2\x82\xacworld",
        "hello\xf0\xa4\xad\xa2world";

    for my $n (1 .. length $word) {
        my $prefix = substr $word, 0, $n;
        my $list = (grep { $n == $_ } 2, 5, 7, 9, 11) ? \@good : \@bad;

        push @$list, [ "the first $n bytes of a word", $prefix ];
    }

    push @good, map { [ 'the edge of a range', $_ ] } "\x00", "\x7f",
        "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbd", "\xf1\x80\x80\x80",
        "\xf3\xbf\xbf\xbf";

    for my $plane (0 .. 16) {
        for my $low (0xfffe, 0xffff) {
            my $c = chr($plane << 16 | $low);

            { no warnings; utf8::encode($c); }
            push @good, [ 'not a character, valid all the same', $c ];
        }
    }

    push @good, map { [ 'a special', "\xef\xbf$_" ] }
        "\xb9", "\xba", "\xbb", "\xbc", "\xbd", "\xbe", "\xbf";

    push @bad, map { [ 'five or six bytes', $_ ] } "\xf8\x88\x80\x80\x80",
        "\xfc\x84\x80\x80\x80\x80", "\xfb\xbf\xbf\xbf\xbf",
        "\xfd\xbf\xbf\xbf\xbf\xbf";
    push @bad, map { [ 'above U+10FFFF', $_ ] } "\xf4\x90\x80\x80",
        "\xf7\xbf\xbf\xbf", "\xf5\x80\x80\x80";
    push @bad, map { [ 'continuation bytes alone', $_ ] } "\x80", "\xbf",
        map({ substr "\x80\xbf" x 3, 0, $_ } 2 .. 6),
        join('', map { chr } 0x80 .. 0xbe);

    for my $range ([ 0xc0, 0xdf ], [ 0xe0, 0xef ], [ 0xf0, 0xf7 ],
                   [ 0xf8, 0xfb ], [ 0xfc, 0xfd ])
    {
        push @bad, [ 'lonely first bytes',
            join '', map { chr($_) . ' ' } $range->[0] .. $range->[1] - 1 ];
    }

    my @cut = ("\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80",
        "\xfc\x80\x80\x80\x80", "\xdf", "\xef\xbf", "\xf7\xbf\xbf",
        "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf");

    push @bad, map { [ 'the last byte missing', $_ ] } @cut, "\xf1\x80\x80",
        "\xf4\x8f\xbf", "\xe1\x80", "\xc2";
    push @bad, [ 'cut sequences in a row', join '', @cut ];
    push @bad, map { [ 'impossible bytes', $_ ] } "\xfe", "\xff",
        "\xfe\xfe\xff\xff";
    push @bad, map { [ 'overlong', $_ ] } "\xc0\xaf", "\xe0\x80\xaf",
        "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf",
        "\xfc\x80\x80\x80\x80\xaf", "\xc1\xbf", "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf",
        "\xfc\x83\xbf\xbf\xbf\xbf", "\xc0\x80", "\xe0\x80\x80",
        "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80",
        "\xfc\x80\x80\x80\x80\x80";

    my @high = ("\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80",
        "\xed\xaf\xbf");
    my @low = ("\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf");

    push @bad, map { [ 'a surrogate', $_ ] } @high, @low;

    for my $high (@high) {
        push @bad, map { [ 'a pair of surrogates', $high . $_ ] }
            "\xed\xb0\x80", "\xed\xbf\xbf";
    }

    for my $case (@good) {
        my ($name, $payload) = @$case;
        my $hex = unpack 'H*', $payload;

        push @cases, [ "6 $name: $hex", [ text($payload) ],
            [ told('text', $payload) ] ],
            [ "6 $name: $hex in fragments of a byte",
              [ pieces(1, $payload, 1) ], [ told('text', $payload) ] ],
            [ "6 $name: $hex far in",
              [ text('x' x 61 . $payload . 'x' x 70) ],
              [ told('text', 'x' x 61 . $payload . 'x' x 70) ] ];
    }

    for my $case (@bad) {
        my ($name, $payload) = @$case;
        my $hex = unpack 'H*', $payload;
        my $n = wrong_at($payload);

        push @cases, [ "6 $name: $hex", [ text($payload) ],
            [ 'close 1007' ] ],
            [ "6 $name: $hex in fragments of a byte",
              [ pieces(1, $payload, 1) ], [ 'close 1007' ] ],
            [ "6 $name: $hex far in",
              [ text('x' x 61 . $payload . 'x' x 70) ], [ 'close 1007' ] ],
            [ "6 $name: $hex as binary", [ binary($payload) ],
              [ told('binary', $payload) ] ];

        # the server must fail as early as it can: the rest of the frame never
        # comes

        my $early = substr($payload, 0, $n);

        push @cases, [ "6 $name: $hex told with the first wrong byte",
            [ substr(text("ok$early" . 'x' x 100), 0, 6 + 2 + $n) ],
            [ 'close 1007' ] ] if $n;
    }

    # a valid part comes first, then an invalid one, then nothing more

    for my $bad ("\xf4\x90\x80\x80", "\xed\xa0\x80", "\xf4\x90", "\xed\xa0") {
        my $hex = unpack 'H*', $bad;

        push @cases, [ "6.4 a valid fragment, then $hex",
            [ text($word, fin => 0), ping('still there') ],
            [ 'pong still there' ],
            [ cont($bad, fin => 0) ], [ 'close 1007' ] ];
    }

    push @cases, [ '6.4 a byte that may go on, then one that may not',
        [ text("$word\xf4", fin => 0), ping('still there') ],
        [ 'pong still there' ], [ cont("\x90", fin => 0) ],
        [ 'close 1007' ] ],
        [ '6.4 a character over three fragments and pings',
          [ text("\xf0\x90", fin => 0), ping('a'), cont("\x80", fin => 0),
            ping('b'), cont("\x80") ],
          [ 'pong a', 'pong b', told('text', "\xf0\x90\x80\x80") ] ],
        [ '6.4 cut off at the end of a message, not at that of a fragment',
          [ text("\xe2\x82", fin => 0), ping('still there') ],
          [ 'pong still there' ], [ cont('') ], [ 'close 1007' ] ];

    return @cases;
}


# Returns after how many bytes the text is known not to be UTF-8; 0: only its
# end shows that.

sub wrong_at {
    my ($bytes) = @_;

    my $char = qr/[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]
        |\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}
        |\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}
        |[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}/x;
    my $begun = qr/[\xc2-\xf4]|\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]
        |\xed[\x80-\x9f]|\xf0[\x90-\xbf][\x80-\xbf]?
        |[\xf1-\xf3][\x80-\xbf]{1,2}|\xf4[\x80-\x8f][\x80-\xbf]?/x;

    for my $n (1 .. length $bytes) {
        return $n if substr($bytes, 0, $n) !~ /\A$char*$begun?\z/;
    }

    return 0;
}


sub closing {
    my @cases;
    my $max = '*' x 123;

    push @cases,
        [ '7.1 a message, then a close', [ text('Hello World!'), bye(1000) ],
          [ 'text Hello World!', 'close 1000' ] ],
        [ '7.1 two closes', [ bye(1000), bye(1000) ], [ 'close 1000' ] ],
        [ '7.1 two closes, the second another', [ bye(1000), bye(3000) ],
          [ 'close 1000' ] ],
        [ '7.1 a ping after the close', [ bye(1000), ping('') ],
          [ 'close 1000' ] ],
        [ '7.1 a message after the close', [ bye(1000), text('Hello') ],
          [ 'close 1000' ] ],
        [ '7.1 rubbish after the close', [ bye(1000), "\xff" x 1000 ],
          [ 'close 1000' ] ],
        [ '7.1 a close inside a message',
          [ text('fragment1', fin => 0), bye(1000), cont('fragment2') ],
          [ 'close 1000' ] ],
        [ '7.1 256 KB, a close, a ping',
          [ text('BAsd7&jh23' x 26214 . 'BAsd'), bye(1000), ping('') ],
          [ told('text', 'BAsd7&jh23' x 26214 . 'BAsd'), 'close 1000' ] ],
        [ '7.3 nothing in it', [ bye() ], [ 'close none' ] ],
        [ '7.3 one byte', [ frame(8, 'a') ], [ 'close 1002' ] ],
        [ '7.3 one byte of zero', [ frame(8, "\0") ], [ 'close 1002' ] ],
        [ '7.3 a code', [ bye(1000) ], [ 'close 1000' ] ],
        [ '7.3 a code and a reason', [ bye(1000, 'Hello World!') ],
          [ 'close 1000' ] ],
        [ '7.3 the longest reason', [ bye(1000, $max) ], [ 'close 1000' ] ],
        [ '7.3 a reason too long', [ bye(1000, "$max*") ],
          [ 'close 1002' ] ],
        [ '7.5 a reason of many bytes a character',
          [ bye(1000, "\xf0\x9f\x98\x80" x 30) ], [ 'close 1000' ] ],
        [ '7.5 a reason that is not UTF-8',
          [ bye(1000, "\xce\xba\xe1\xbd\xb9\xed\xa0\x80edited") ],
          [ 'close 1007' ] ],
        [ '7.5 a reason cut off inside a character',
          [ bye(1000, "\xce\xba\xe1") ], [ 'close 1007' ] ];

    for my $code (1000 .. 1003, 1007 .. 1014, 3000, 3999, 4000, 4999) {
        push @cases, [ "7.7 code $code", [ bye($code) ], [ "close $code" ] ],
            [ "7.7 code $code and a reason", [ bye($code, 'why') ],
              [ "close $code" ] ];
    }

    for my $code (0, 1, 255, 256, 999, 1004 .. 1006, 1015, 1016, 1100, 2000,
                  2999, 5000, 32768, 65535)
    {
        push @cases, [ "7.9 code $code", [ bye($code) ], [ 'close 1002' ] ],
            [ "7.9 code $code and a reason", [ bye($code, 'why') ],
              [ 'close 1002' ] ];
    }

    return @cases;
}


# --- running them

# Runs a case.  Returns nothing if the events were right, else those that came.
# The modes: "whole" sends everything by one write, "frames" each frame by a
# write of its own, "bytes" each byte by its own.  The options are those of
# peer(), and greeting, the number of events that come first, and answer, the
# events that follow a text message if these are not the message itself.

sub run_case {
    my ($case, $mode, %o) = @_;

    my ($name, @steps) = @$case;
    my $peer = peer(%o);

    $peer->talk([], $o{greeting}) if $o{greeting};

    while (my ($frames, $expected) = splice @steps, 0, 2) {
        my @frames = @$frames;
        my @want = @$expected;
        my $last = !@steps;

        if ($last) {
            if (!grep { /^close/ } @want) {
                push @frames, bye(1000);
                push @want, 'close 1000';
            }

            push @want, 'end';
        }

        my @pieces = $mode eq 'frames' ? @frames
            : $mode eq 'bytes' ? split(//, join '', @frames)
            : join '', @frames;

        my @got = $peer->talk(\@pieces, $last ? undef : scalar @want);

        if (defined $o{answer}) {
            s/^text .*/$o{answer}/ for @got, @want;
        }

        if ("@got" ne "@want") {
            $peer->drop();
            return "$mode: told: @got\nwanted: @want";
        }
    }

    $peer->drop();

    return '';
}


# Returns the sum of the bytes that a case sends.

sub size_of {
    my ($case) = @_;

    my $size = 0;

    $size += length for map { ref ? @$_ : () } @$case;

    return $size;
}


1;
