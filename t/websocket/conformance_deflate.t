#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# permessage-deflate, RFC 7692, with all combinations of parameters: what is
# agreed, messages of all sizes and kinds in both directions, and what must
# not be.

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

use constant EXT => 'permessage-deflate';
use constant ALONE => '; server_no_context_takeover'
    . '; client_no_context_takeover';

my @answers = answers();
my @sizes = ([ 16 ], [ 64 ], [ 256 ], [ 1024 ], [ 4096 ], [ 8192 ], [ 16384 ],
    [ 32768 ], [ 65536 ], [ 131072 ], [ 8192, 256 ], [ 16384, 256 ],
    [ 32768, 256 ], [ 65536, 256 ], [ 131072, 256 ], [ 131072, 1024 ],
    [ 131072, 4096 ], [ 131072, 32768 ]);
my @offers = offers();
my @data = data();
my @faults = faults();

my $t = Test::Nginx->new()->has(qw/ http stub_status /)
    ->plan(@answers + 2 * @data * @sizes + 2 * @offers + 2 * @faults + 17);

$t->write_file_expand('nginx.conf', echo_conf(server => <<'EOC'))->run();
        chatws_deflate_min_length 0;

        location = /on {
            chatws_echo;
            chatws_deflate on;
        }

        location = /takeover {
            chatws_echo;
            chatws_deflate on;
            chatws_deflate_context_takeover on;
        }

        location = /small {
            chatws_echo;
            chatws_deflate on;
            chatws_max_message_size 64k;
        }

        location = /min {
            chatws_echo;
            chatws_deflate on;
            chatws_deflate_min_length 100;
            chatws_deflate_level 9;
        }
EOC


# --- what is agreed

sub answers {
    my $s = '; server_no_context_takeover';
    my $c = '; client_no_context_takeover';

    return (
        [ '/', EXT, undef ],
        [ '/on', 'permessage-bzip2', undef ],
        [ '/on', 'x-webkit-deflate-frame', undef ],
        [ '/on', EXT, ALONE ],
        [ '/on', 'permessage-bzip2, ' . EXT, ALONE ],
        [ '/on', EXT . '; client_max_window_bits', ALONE ],
        [ '/on', EXT . '; unknown', undef ],
        [ '/on', EXT . '; unknown, ' . EXT, ALONE ],
        [ '/on', EXT . $s . $s, undef ],
        [ '/on', EXT . '; server_max_window_bits', undef ],
        [ '/on', EXT . '; server_max_window_bits=7', undef ],
        [ '/on', EXT . '; server_max_window_bits=16', undef ],
        [ '/on', EXT . '; server_max_window_bits=010', undef ],
        [ '/on', EXT . '; server_max_window_bits="10"',
          ALONE . '; server_max_window_bits=10' ],
        [ '/on', EXT . '; server_max_window_bits=8',
          ALONE . '; server_max_window_bits=8' ],
        [ '/on', EXT . '; client_max_window_bits=16', undef ],
        [ '/on', EXT . '; client_max_window_bits=8', ALONE ],
        [ '/on', EXT . '; server_no_context_takeover=1', undef ],
        [ '/on', EXT . '; server_max_window_bits=7, ' . EXT
          . '; server_max_window_bits=11',
          ALONE . '; server_max_window_bits=11' ],
        [ '/on', "Permessage-Deflate", undef ],
        [ '/on', ", ,\t" . EXT . ' ;client_max_window_bits = 12 ,',
          ALONE . '; client_max_window_bits=12' ],
        [ '/takeover', EXT, '' ],
        [ '/takeover', EXT . $s, $s ],
        [ '/takeover', EXT . $c, $c ],
        [ '/takeover', EXT . $c . $s, $s . $c ],
        [ '/takeover', EXT . '; server_max_window_bits=9'
          . '; client_max_window_bits=10',
          '; server_max_window_bits=9; client_max_window_bits=10' ],
        [ '/on', EXT . ';', 400 ],
        [ '/on', EXT . '; x="', 400 ],
        [ '/on', EXT . ' x', 400 ],
        [ '/on', '"' . EXT . '"', 400 ],
        [ '/on', EXT . '; x=""', 400 ],
    );
}

for my $answer (@answers) {
    my ($path, $offer, $want) = @$answer;

    my $client = Test::Chatws::Client->connect(path => $path, args => '',
        headers => [ "Sec-WebSocket-Extensions: $offer" ]);
    my $got = $client->{status} == 101
        ? $client->{headers}{'sec-websocket-extensions'}
        : $client->{status};

    is($got, defined $want && $want ne 400 ? EXT . $want : $want,
        "$path $offer");

    $client->drop();
}

# of a field that comes twice, each one counts

is(Test::Chatws::Client->connect(path => '/on', args => '', headers => [
    'Sec-WebSocket-Extensions: foo', 'sec-websocket-extensions: ' . EXT ])
    ->{headers}{'sec-websocket-extensions'}, EXT . ALONE, 'two fields');


# --- messages of all kinds and sizes

sub data {
    my $json = join ',', map {
        sprintf '{"id":"msg_%08x","n":%d,"text":"Gr%s %s %d"}',
            $_ * 2654435761 % 4294967296, $_, "\xc3\xbc\xc3\x9fe",
            ('hello', "\xe2\x82\xac", 'world')[$_ % 3], $_ * $_
    } 1 .. 6000;

    my ($noise, $x) = ('', 1);

    for (1 .. 80_000) {
        $x = ($x * 1103515245 + 12345) % 2147483648;
        $noise .= pack 'n', $x >> 8;
    }

    my $prose = join '', map { ('Habe nun, ach! ', 'Philosophie, ',
        "Juristerei und Medizin,\n")[$_ * $_ % 3] . $_ } 1 .. 12_000;
    my $html = join '', map { "<tr><td class=\"c$_\">"
        . $_ * 7919 % 1000 . "</td></tr>\n" } 1 .. 6000;
    my $picture = join '', map { chr((int($_ / 512) + $_) % 256) x 3 }
        1 .. 60_000;

    return ([ 'JSON', 1, $json ], [ 'noise', 2, $noise ],
        [ 'prose', 2, $prose ], [ 'HTML', 1, $html ],
        [ 'picture', 2, $picture ]);
}


# Connects and, in one go, sends the messages compressed, and compares.

sub exchange {
    my ($path, $offer, $kind, $size, @messages) = @_;

    my $deflate;
    my $peer = peer(path => $path, args => '',
        headers => [ "Sec-WebSocket-Extensions: $offer" ],
        deflated => sub { $deflate->unpack($_[0]) });

    $deflate = Test::Chatws::Deflate->new(
        $peer->{headers}{'sec-websocket-extensions'});

    my (@frames, @want);

    for my $message (@messages) {
        my @pieces = pieces($kind, $deflate->pack($message), $size);

        $pieces[0] |= "\x40";

        push @frames, @pieces;
        push @want, told($kind == 1 ? 'text' : 'binary', $message);
    }

    my @got = $peer->talk([ join '', @frames, bye(1000) ]);

    $peer->drop();

    push @want, 'close 1000', 'end';

    return ("@got" eq "@want" ? '' : "told: @got\nwanted: @want",
        $peer->{count_deflated} || 0);
}


for my $path ('/on', '/takeover') {
    for my $data (@data) {
        my ($name, $kind, $all) = @$data;

        for my $size (@sizes) {
            my ($n, $fragment) = @$size;
            my $count = $n < 1024 ? 500 : 2 + int(400_000 / $n);
            my @messages;
            my $at = 0;

            for (1 .. $count) {
                my $message = substr $all, $at, $n;

                $at += $n;

                if (length $message < $n) {
                    $at = $n - length $message;
                    $message .= substr $all, 0, $at;
                }

                # characters may be cut at the ends, but are whole in text

                $message =~ s/[\x80-\xff]/?/g if $kind == 1 && $n < 200;
                $message =~ s/\A[\x80-\xbf]+|[\xc2-\xf4][\x80-\xbf]*\z/?/g
                    if $kind == 1;

                push @messages, $message;
            }

            my ($wrong, $packed) = exchange($path, EXT, $kind,
                $fragment || 1 << 20, @messages);

            $wrong ||= 'nothing was compressed'
                if !$packed && $name ne 'noise' && $n > 64;

            is($wrong, '', "$path, $name, $count of $n"
                . ($fragment ? " in fragments of $fragment" : ''));
        }
    }
}


# --- all combinations of parameters

sub offers {
    my @offers;

    for my $takeover (0 .. 3) {
        for my $server ('', map { "; server_max_window_bits=$_" } 8 .. 15) {
            for my $client ('', '; client_max_window_bits',
                map { "; client_max_window_bits=$_" } 8 .. 15)
            {
                push @offers, EXT
                    . ($takeover & 1 ? '; server_no_context_takeover' : '')
                    . ($takeover & 2 ? '; client_no_context_takeover' : '')
                    . $server . $client;
            }
        }
    }

    return @offers;
}

for my $path ('/on', '/takeover') {
    my $json = $data[0][2];
    my @messages = map { s/\A[\x80-\xbf]+|[\xc2-\xf4][\x80-\xbf]*\z//gr }
        '', 'Hello', substr($json, 0, 300), substr($json, 0, 40_000),
        substr($json, 100, 300), substr($json, 35_000, 70_000), 'Hello',
        substr($json, 35_000, 700);

    for my $offer (@offers) {
        my ($wrong, $packed) = exchange($path, $offer, 1, 20_000, @messages);

        $wrong ||= "compressed: $packed" if $packed < 4;

        is($wrong, '', "$path, $offer");
    }
}


# --- what must not be, and what need not be

# A name, the frames, what is told; what is compressed comes as a reference.

sub faults {
    my $hello = "\xf2\x48\xcd\xc9\xc9\x07\x00";
    my $long = 'Hello, ' x 100;

    return (
        # RFC 7692, 7.2.3
        [ '"Hello" of RFC 7692', [ text($hello, rsv => 4) ],
          [ 'text Hello' ] ],
        [ '"Hello" in two fragments',
          [ text(substr($hello, 0, 3), rsv => 4, fin => 0),
            cont(substr $hello, 3) ], [ 'text Hello' ] ],
        [ '"Hello" in fragments, a ping between',
          [ text(substr($hello, 0, 3), rsv => 4, fin => 0), ping('x'),
            cont(substr($hello, 3), fin => 0), cont('') ],
          [ 'pong x', 'text Hello' ] ],
        [ '"Hello" not compressed', [ text('Hello') ], [ 'text Hello' ] ],
        [ '"Hello" in a stored block',
          [ text("\x00\x05\x00\xfa\xffHello\x00", rsv => 4) ],
          [ 'text Hello' ] ],
        [ '"Hello" with BFINAL',
          [ text("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", rsv => 4) ],
          [ 'text Hello' ] ],
        [ '"Hello" in two blocks',
          [ text("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
            rsv => 4) ], [ 'text Hello' ] ],
        [ 'nothing, compressed', [ text("\0", rsv => 4) ],
          [ told('text', '') ] ],
        [ 'nothing at all', [ text('', rsv => 4) ], [ told('text', '') ] ],
        [ 'compressed and not, by turns',
          [ map { (text($hello, rsv => 4), text('plain')) } 1 .. 5 ],
          [ ('text Hello', 'text plain') x 5 ] ],
        [ 'RSV1 on a continuation', [ text('a', fin => 0),
          cont('b', rsv => 4) ], [ 'close 1002' ] ],
        [ 'RSV1 on a continuation of a compressed message',
          [ text(substr($hello, 0, 3), rsv => 4, fin => 0),
            cont(substr($hello, 3), rsv => 4) ], [ 'close 1002' ] ],
        [ 'RSV1 on a ping', [ ping('x', rsv => 4) ], [ 'close 1002' ] ],
        [ 'RSV1 on a close', [ bye(1000, '', rsv => 4) ],
          [ 'close 1002' ] ],
        [ 'RSV2', [ text($hello, rsv => 2) ], [ 'close 1002' ] ],
        [ 'RSV1 and RSV3', [ text($hello, rsv => 5) ], [ 'close 1002' ] ],
        [ 'a block of no type', [ text("\x06", rsv => 4) ],
          [ 'close 1007' ] ],
        [ 'a bad stored length',
          [ text("\x00\x05\x00\xfa\xfeHello", rsv => 4) ],
          [ 'close 1007' ] ],
        [ 'a distance before the beginning',
          [ text("\x02\x06\x00", rsv => 4) ], [ 'close 1007' ] ],
        [ 'cut off', [ text("\x00\x05\x00\xfa\xffHel", rsv => 4) ],
          [ 'close 1007' ] ],
        [ 'noise', [ text("\xff" x 50, rsv => 4) ], [ 'close 1007' ] ],
        [ 'text that is not UTF-8', [ packed_frame("Hello\xff") ],
          [ 'close 1007' ] ],
        [ 'text cut off in a character', [ packed_frame("Hello\xe2\x82") ],
          [ 'close 1007' ] ],
        [ 'the same as binary',
          [ chr(0xc2) . substr packed_frame("Hello\xff"), 1 ],
          [ told('binary', "Hello\xff") ] ],
        [ 'no compression', [ packed_frame($long, -Level => 0) ],
          [ told('text', $long) ] ],
        [ 'fixed codes', [ packed_frame($long, -Strategy => 4) ],
          [ told('text', $long) ] ],
        [ 'compressed, in fragments of a byte',
          [ packed_pieces(1, $long), ping('x'), packed_pieces(1, $long) ],
          [ told('text', $long), 'pong x', told('text', $long) ] ],
    );
}

sub packed_frame {
    my ($payload, %o) = @_;

    return text(Test::Chatws::Deflate->new(EXT)->pack($payload,
        -Level => 6, %o), rsv => 4);
}

sub packed_pieces {
    my ($size, $payload) = @_;

    my @pieces = pieces(1, Test::Chatws::Deflate->new(EXT)->pack($payload,
        -Level => 6), $size);

    $pieces[0] |= "\x40";

    return @pieces;
}

for my $path ('/on', '/takeover') {
    for my $fault (@faults) {
        my $deflate = Test::Chatws::Deflate->new(
            EXT . ($path eq '/on' ? ALONE : ''));

        is(run_case($fault, 'frames', path => $path, args => '',
            headers => [ 'Sec-WebSocket-Extensions: ' . EXT ],
            deflated => sub { $deflate->unpack($_[0]) }), '',
            "$path, $fault->[0]");
    }
}

# a bomb goes off at the limit, not in memory

my %small = (path => '/small', args => '',
    headers => [ 'Sec-WebSocket-Extensions: ' . EXT ],
    deflated => sub { Test::Chatws::Deflate->new(EXT)->unpack($_[0]) });
my $bomb = packed_frame('x' x (32 * 1024 * 1024));

cmp_ok(length $bomb, '<', 65536, 'a small bomb');
is(run_case([ '', [ $bomb ], [ 'close 1009' ] ], 'whole', %small), '',
    'bomb');
is(run_case([ '', [ packed_frame('x' x 65537) ], [ 'close 1009' ] ], 'whole',
    %small), '', 'a byte over the limit');
is(run_case([ '', [ packed_frame('x' x 65536) ],
    [ told('text', 'x' x 65536) ] ], 'whole', %small), '', 'at the limit');

# blocks of nothing do not add up either

is(run_case([ '', [ text("\x00\x00\x00\xff\xff" x 50_000 . "\x00",
    rsv => 4) ], [ 'close 1009' ] ], 'whole', %small), '', 'empty blocks');

my $empty = "\x00\x00\x00\xff\xff" x 10_000;

is(run_case([ '', [ text($empty . "\x00", rsv => 4) ],
    [ told('text', '') ] ], 'whole', %small), '', 'some empty blocks');

# what is short, or does not get smaller, goes as it is

my $deflate = Test::Chatws::Deflate->new(EXT . ALONE);
my $min = peer(path => '/min', args => '',
    headers => [ 'Sec-WebSocket-Extensions: ' . EXT ],
    deflated => sub { $deflate->unpack($_[0]) });

$min->{tell_deflated} = 1;

is(join(' ', $min->talk([ text('x' x 99) ], 1)), told('text', 'x' x 99),
    'below the least length');
is(join(' ', $min->talk([ text('x' x 100) ], 1)),
    told('text deflated', 'x' x 100), 'at the least length');
is(join(' ', $min->talk([ packed_frame('x' x 200) ], 1)),
    told('text deflated', 'x' x 200), 'above it');

my $noise = substr $data[1][2], 0, 200;

is(join(' ', $min->talk([ binary($noise) ], 1)), told('binary', $noise),
    'what does not get smaller');
is(join(' ', $min->talk([ ping('x' x 125) ], 1)), told('pong', 'x' x 125),
    'a pong is never compressed');

# a context outlives what was sent as it is

my $kept = Test::Chatws::Deflate->new(EXT);
my $takeover = peer(path => '/takeover', args => '',
    headers => [ 'Sec-WebSocket-Extensions: ' . EXT ],
    deflated => sub { $kept->unpack($_[0]) });

for my $payload ('Hello, ' x 20, $noise, 'Hello, ' x 20) {
    my $frame = binary($kept->pack($payload), rsv => 4);

    is(join(' ', $takeover->talk([ $frame ], 1)), told('binary', $payload),
        'a context, and noise between');
}

$_->drop() for $min, $takeover;

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
