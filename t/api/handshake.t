#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The opening handshake, RFC 6455, section 4.2: what is accepted in any order
# and case, and what is refused, how.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws::Peer;
use Test::Chatws;
use Test::Nginx;

use constant KEY => 'dGhlIHNhbXBsZSBub25jZQ==';
use constant ACCEPT => 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

my @lines = ('Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade',
    'Sec-WebSocket-Key: ' . KEY, 'Sec-WebSocket-Version: 13');
my @good = good();
my @bad = bad();
my @protocols = protocols();

my $t = Test::Nginx->new()->has(qw/ http stub_status /)
    ->plan(@good + @bad + 2 * @protocols + 31);

$t->write_file_expand('nginx.conf', echo_conf(server => <<'EOC'))->run();

        location = /chosen {
            chatws_echo;
            chatws_subprotocol chat.v1;
        }
EOC


# --- what is accepted

sub good {
    my @permuted = map {
        my $first = $_;
        [ "from field $first on", [ @lines[map { ($_ + $first) % 5 } 0 .. 4] ] ]
    } 0 .. 4;

    return (
        @permuted,
        [ 'backwards', [ reverse @lines ] ],
        [ 'upper case', [ map { my ($n, $v) = split /: /, $_, 2;
            uc($n) . ": $v" } @lines ] ],
        [ 'lower case', [ map { my ($n, $v) = split /: /, $_, 2;
            lc($n) . ": $v" } @lines ] ],
        [ 'Upgrade in another case', [ but('Upgrade', 'WebSocket') ] ],
        [ 'Connection in another case', [ but('Connection', 'UPGRADE') ] ],
        [ 'no blanks', [ map { s/: /:/r } @lines ] ],
        [ 'many blanks', [ map { s/: /:   /r . '  ' } @lines ] ],
        [ 'Connection as Firefox has it',
          [ but('Connection', 'keep-alive, Upgrade') ] ],
        [ 'Connection, Upgrade first',
          [ but('Connection', 'Upgrade,keep-alive') ] ],
        [ 'Connection with empty elements',
          [ but('Connection', ', ,Upgrade ,,') ] ],
        [ 'Connection twice', [ @lines, 'Connection: keep-alive' ] ],
        [ 'Connection twice, the other first',
          [ 'Connection: keep-alive', @lines ] ],
        [ 'Upgrade as a list', [ but('Upgrade', 'h2c, websocket') ] ],
        [ 'Upgrade twice', [ 'Upgrade: h2c', @lines ] ],
        [ 'an origin', [ @lines, 'Origin: http://example.com' ] ],
        [ 'a length of nothing', [ @lines, 'Content-Length: 0' ] ],
        [ 'Expect', [ @lines, 'Expect: 100-continue' ] ],
        [ 'fields nobody knows', [ @lines, map { "X-$_: $_" } 1 .. 40 ] ],
        [ 'a cookie of 2 KB', [ @lines, 'Cookie: a=' . 'x' x 2048 ] ],
        [ 'extensions nobody knows',
          [ @lines, 'Sec-WebSocket-Extensions: foo; bar="baz", x-y' ] ],
        [ 'deflate, which is off',
          [ @lines, 'Sec-WebSocket-Extensions: permessage-deflate' ] ],
        [ 'HTTP/1.2', \@lines, line => 'GET / HTTP/1.2' ],
        [ 'HTTP/1.9', \@lines, line => 'GET / HTTP/1.9' ],
    );
}

# The fields with one of them having another value; undef: without it.

sub but {
    my ($name, $value) = @_;

    return map { !/^\Q$name\E:/ ? $_ : defined $value ? "$name: $value" : () }
        @lines;
}

sub answer {
    my ($lines, %o) = @_;

    my $client = Test::Chatws::Client->dial();

    $client->send_raw(join("\r\n", $o{line} || 'GET / HTTP/1.1', @$lines, '',
        '') . (defined $o{body} ? $o{body} : ''));

    my $answer = $client->read_answer($o{no_body});

    # as nginx does it with any body that is not read

    $answer = $client->read_answer() if $o{expect}
        && $answer->{status} == 100;

    $answer->{client} = $client;

    return $answer;
}

for my $case (@good) {
    my ($name, $lines, %o) = @$case;
    my $answer = answer($lines, %o);

    is(join(' ', map { defined ? $_ : '-' } $answer->{status},
        @{$answer->{headers}}{qw/ upgrade connection sec-websocket-accept
            sec-websocket-protocol sec-websocket-extensions content-length
            transfer-encoding content-type /}),
        '101 websocket upgrade ' . ACCEPT . ' - - - - -', $name);

    $answer->{client}->drop();
}

my $first = answer(\@lines);

like($first->{head}, qr{\AHTTP/1\.1 101 Switching Protocols\r\n},
    'the status line');
$first->{client}->drop();

# each key has its own answer

for my $key ('AAAAAAAAAAAAAAAAAAAAAA==', '/////////////////////w==',
    'x3JJHMbDL1EzLkh9GBhXDw==', 'AAAAAAAAAAAAAAAAAAAAAP==')
{
    my $answer = answer([ but('Sec-WebSocket-Key', $key) ]);

    is($answer->{headers}{'sec-websocket-accept'},
        Test::Chatws::Client::accept_of($key), "key $key");
    $answer->{client}->drop();
}


# --- what is refused

sub bad {
    return (
        [ 426, 'no upgrade at all', [ 'Host: localhost' ] ],
        [ 426, 'no Upgrade', [ but('Upgrade') ] ],
        [ 426, 'no Connection', [ but('Connection') ] ],
        [ 426, 'another Upgrade', [ but('Upgrade', 'h2c') ] ],
        [ 426, 'almost Upgrade', [ but('Upgrade', 'websockets') ] ],
        [ 426, 'Connection without the token',
          [ but('Connection', 'keep-alive') ] ],
        [ 426, 'Connection with almost the token',
          [ but('Connection', 'keep-alive, Upgraded') ] ],
        [ 426, 'Connection: close', [ but('Connection', 'close') ] ],
        [ 426, 'HTTP/1.0', \@lines, line => 'GET / HTTP/1.0' ],
        [ 426, 'HTTP/1.2, no upgrade', [ 'Host: localhost' ],
          line => 'GET / HTTP/1.2' ],
        [ 426, 'no version', [ but('Sec-WebSocket-Version') ] ],
        (map { [ 426, "version $_", [ but('Sec-WebSocket-Version', $_) ] ] }
            0, 7, 8, 12, 14, 130, 113, 255, '13, 8', '013', '1 3', 'x',
            '-13'),
        [ 400, 'no key', [ but('Sec-WebSocket-Key') ] ],
        (map { [ 400, "key \"$_\"", [ but('Sec-WebSocket-Key', $_) ] ] }
            '', 'x', 'dGhlIHNhbXBsZSBub25jZQ=', 'dGhlIHNhbXBsZSBub25jZQ',
            'dGhlIHNhbXBsZSBub25jZQ===', 'dGhlIHNhbXBsZSBub25jZXg=',
            'dGhlIHNhbXBsZSBub25j', 'dGhlIHNhbXBsZSBub25jZ!==',
            'dGhlIHNh XBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=A',
            '_-hlIHNhbXBsZSBub25jZQ==', '======================AA',
            'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=='),
        [ 400, 'two keys', [ @lines, 'Sec-WebSocket-Key: ' . KEY ] ],
        [ 400, 'a body', [ @lines, 'Content-Length: 5' ], body => 'Hello' ],
        [ 400, 'a chunked body', [ @lines, 'Transfer-Encoding: chunked' ],
          body => "5\r\nHello\r\n0\r\n\r\n" ],
        [ 400, 'a body, expected', [ @lines, 'Content-Length: 5',
          'Expect: 100-continue' ], body => 'Hello', expect => 1,
          no_body => 1 ],
        [ 400, 'a subprotocol that is no token',
          [ @lines, 'Sec-WebSocket-Protocol: a b' ] ],
        [ 405, 'POST', \@lines, line => 'POST / HTTP/1.1' ],
        [ 405, 'HEAD', \@lines, line => 'HEAD / HTTP/1.1',
          no_body => 1 ],
        [ 405, 'OPTIONS', \@lines, line => 'OPTIONS / HTTP/1.1' ],
        [ 400, 'no Host', [ but('Host') ] ],
    );
}

for my $case (@bad) {
    my ($status, $name, $lines, %o) = @$case;
    my $answer = answer([ @$lines, 'X-End: 1' ], %o);

    # none of them looks like an upgrade, and a 426 tells what is wanted

    my %headers = %{$answer->{headers}};
    my $wrong = $answer->{status} != $status ? $answer->{status}
        : $headers{'sec-websocket-accept'} ? 'accepted'
        : $status == 426 && (lc $headers{upgrade} ne 'websocket'
            || $headers{'sec-websocket-version'} ne '13') ? 'no version'
        : '';

    is($wrong, '', "$status, $name");
    $answer->{client}->drop();
}

# twice the version: one of them could be another

is(answer([ @lines, 'Sec-WebSocket-Version: 8' ])->{status}, 400,
    'two versions');

# a refusal leaves the connection as it was: the next request may be a good
# one

my $client = Test::Chatws::Client->dial();

$client->send_raw(join "\r\n", 'GET / HTTP/1.1', but('Sec-WebSocket-Key'),
    '', '');
is($client->read_answer()->{status}, 400, 'a bad one');

$client->{in} = '';
$client->send_raw(join "\r\n", 'GET / HTTP/1.1', @lines, '', '');
is($client->read_answer()->{status}, 101, 'a good one on the same connection');
$client->send_text('Hello');
is($client->read_message()->{payload}, 'Hello', 'and it works');
$client->drop();


# --- subprotocols

sub protocols {
    return (
        [ [], undef ],
        [ [ 'chat.v1' ], 'chat.v1' ],
        [ [ 'chat.v2' ], undef ],
        [ [ 'chat.v2, chat.v1' ], 'chat.v1' ],
        [ [ 'chat.v1,chat.v2' ], 'chat.v1' ],
        [ [ 'chat.v2', 'chat.v1' ], 'chat.v1' ],
        [ [ 'Chat.V1' ], undef ],
        [ [ 'chat.v11, xchat.v1' ], undef ],
        [ [ ", chat.v1\t," ], 'chat.v1' ],
    );
}

for my $case (@protocols) {
    my ($offers, $want) = @$case;
    my @headers = map { "Sec-WebSocket-Protocol: $_" } @$offers;

    for my $path ('/', '/chosen') {
        my $answer = answer([ @lines, @headers ],
            line => "GET $path HTTP/1.1");

        is($answer->{headers}{'sec-websocket-protocol'},
            $path eq '/' ? undef : $want, "$path: @headers");
        $answer->{client}->drop();
    }
}


# --- data that comes together with the request

my $request = join "\r\n", 'GET / HTTP/1.1', @lines, '', '';
my $large = text('x' x 100_000);
my @frames = map { text("message $_") } 1 .. 200;
my @told = map { "text message $_" } 1 .. 200;

for my $case (
    [ 'a message', text('early'), '', 'text early' ],
    [ 'a ping', ping('early'), '', 'pong early' ],
    [ 'half a header', substr(text('early'), 0, 1),
      substr(text('early', key => ''), 0, 0), undef ],
    [ 'many messages', join('', @frames), '', @told ],
    [ 'a large one', $large, '', told('text', 'x' x 100_000) ])
{
    my ($name, $early, $late, @want) = @$case;

    if (!defined $want[0]) {
        my $frame = text('early');
        ($early, $late, @want) = (substr($frame, 0, 1), substr($frame, 1),
            'text early');
    }

    my $ws = opened($request . $early);

    is(join(' ', $ws->talk([ $late, bye(1000) ])),
        "@want close 1000 end", "with the request: $name");
}

# cut at every byte of a frame, and at some of the request

my $frame = text('Hello');

for my $n (1 .. length $frame) {
    my $ws = opened($request . substr $frame, 0, $n);

    is(join(' ', $ws->talk([ substr($frame, $n) . bye(1000) ])),
        'text Hello close 1000 end', "with the request: $n bytes");
}

my $ws = Test::Chatws::Peer->dial();
setsockopt $ws->{socket}, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
$ws->send_raw($_) for split //, $request . $frame;
$ws->read_answer();
$ws->{told} = [];
$ws->parse_told();
is(join(' ', $ws->talk([ split //, bye(1000) ])), 'text Hello close 1000 end',
    'byte by byte');

$ws->drop();

# a violation, and a close, before the answer is even read

is(join(' ', opened($request . text('x', rsv => 2))->talk([])),
    'close 1002 end', 'with the request: a violation');
is(join(' ', opened($request . bye(4001))->talk([])), 'close 4001 end',
    'with the request: a close');

# the header buffers have other sizes where the request is large

my $huge = join "\r\n", 'GET / HTTP/1.1', @lines, 'Cookie: ' . 'y' x 6000,
    '', '';

is(join(' ', opened($huge . join '', @frames)->talk([ bye(1000) ])),
    "@told close 1000 end", 'a large request, and many messages with it');

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');


sub opened {
    my ($bytes) = @_;

    my $ws = Test::Chatws::Peer->dial();

    $ws->send_raw($bytes);
    $ws->read_answer();
    $ws->{told} = [];
    $ws->parse_told();

    return $ws;
}
