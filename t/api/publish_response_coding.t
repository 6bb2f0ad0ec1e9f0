#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_publish_response: answers that are coded, or of which the client gets
# a part.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Compress::Zlib;

my $t = Test::Nginx->new()->has(qw/ http proxy gunzip rewrite /)->plan(74);

$t->write_file_expand('nginx.conf', conf(server => <<'EOC'));

        location = /app {
            proxy_pass http://127.0.0.1:8081;
            proxy_force_ranges on;
            chatws_publish_response chat;
        }

        location = /gunzip {
            proxy_pass http://127.0.0.1:8081;
            gunzip on;
            chatws_publish_response chat;
        }

        location = /disk {
            proxy_pass http://127.0.0.1:8081;
            proxy_force_ranges on;
            proxy_buffers 2 1k;
            proxy_buffer_size 1k;
            proxy_busy_buffers_size 1k;
            chatws_publish_response chat;
        }

        location = /return {
            default_type application/json;
            chatws_publish_response chat;
            return 200 '{"chatId":"chat_1","text":"by nginx","sender":"s"}';
        }
EOC

my $text = '{"chatId":"chat_1","text":"%s","sender":"s"}';
my $half = length($text) / 2;

sub gzip {
    return join '', map { Compress::Zlib::memGzip($_) } @_;
}

sub raw {
    my ($z) = deflateInit(-WindowBits => -MAX_WBITS());

    return $z->deflate($_[0]) . $z->flush();
}

sub halves {
    return (substr($_[0], 0, $half), substr $_[0], $half);
}

my %body = (
    plain => sub { $_[0] },
    gzip => sub { gzip($_[0]) },
    members => sub { gzip(halves($_[0])) },
    many => sub { gzip(split //, $_[0]) },
    empty => sub { gzip('', $_[0], '') },
    padded => sub { gzip($_[0]) . "\0" x 512 },
    zlib => sub { Compress::Zlib::compress($_[0]) },
    raw => sub { raw($_[0]) },
    torn => sub { substr gzip(halves($_[0])), 0, -20 },
    damaged => sub { substr(gzip(halves($_[0])), 0, -12) . 'x' x 12 },
);

my $message;
my $n = 0;

$t->run_daemon(\&app_server, port(8081), \&app);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

my $ws = ws(user => 'u', chats => 'chat_1');

# what the app makes of a message is asked for by fields of the request

sub ask {
    my ($uri, $coding, $kind, @headers) = @_;

    $message = sprintf $text, ++$n;

    return request('POST', $uri, body => $message, headers => [ @headers,
        "X-Coding: $coding", "X-Kind: $kind" ]);
}

for my $case (
    [ '', 'plain' ], [ 'identity', 'plain' ], [ 'Identity', 'plain' ],
    [ 'identity, identity', 'plain' ],
    [ 'gzip', 'gzip' ], [ 'GZip', 'gzip' ], [ 'x-gzip', 'gzip' ],
    [ 'X-GZIP', 'gzip' ], [ 'identity, gzip', 'gzip' ],
    [ 'gzip,identity', 'gzip' ],
    [ 'gzip', 'members' ], [ 'x-gzip', 'members' ], [ 'gzip', 'many' ],
    [ 'gzip', 'empty' ], [ 'gzip', 'padded' ],
    [ 'deflate', 'zlib' ], [ 'deflate', 'raw' ], [ 'Deflate', 'raw' ])
{
    my ($coding, $kind) = @$case;
    my $answer = ask('/app', $coding, $kind);

    ok($answer->{body} eq $body{$kind}->($message),
        "$kind as \"$coding\", to the byte");
    is($ws->await('new_message')->{message}{text}, $n,
        "$kind as \"$coding\", published");
}

# two fields, one of which says nothing

for my $codings ("identity\r\nContent-Encoding: gzip",
    "gzip\r\nContent-Encoding: identity")
{
    ask('/app', 'twice', $codings =~ /^gzip/ ? 'after' : 'before');
    is($ws->await('new_message')->{message}{text}, $n, 'two fields');
}

# nginx expands it for the client

for my $kind (qw/ gzip members /) {
    is(ask('/gunzip', 'gzip', $kind)->{body}, $message, "$kind, gunzip");
    is($ws->await('new_message')->{message}{text}, $n,
        "$kind, gunzip, published");
}

# what can't be read is told, and passed on

for my $case (
    [ 'br', 'plain', 'its encoding is not known' ],
    [ 'gzip, gzip', 'gzip', 'its encoding is not known' ],
    [ 'gzip, br', 'gzip', 'its encoding is not known' ],
    [ 'gzipx', 'gzip', 'its encoding is not known' ],
    [ 'gzip', 'plain', 'it can\'t be decompressed' ],
    [ 'gzip', 'torn', 'it can\'t be decompressed' ],
    [ 'gzip', 'damaged', 'it can\'t be decompressed' ],
    [ 'deflate', 'plain', 'it can\'t be decompressed' ])
{
    my ($coding, $kind, $why) = @$case;
    my $told = told($t, $why);

    my $answer = ask('/app', $coding, $kind);

    ok($answer->{body} eq $body{$kind}->($message),
        "$kind as \"$coding\", to the byte");
    is(told($t, $why), $told + 1, "$kind as \"$coding\", told");
}

# a range is of a GET alone, RFC 9110, 14.2: the client gets the whole, and that
# is published

for my $range ('bytes=0-9', 'bytes=10-', 'bytes=-5', 'bytes=0-1,4-5',
    'bytes=5000-')
{
    my $answer = ask('/app', '', 'plain', "Range: $range");

    is("$answer->{status} $answer->{body}", "200 $message", $range);
    is($ws->await('new_message')->{message}{text}, $n, "$range, published");
}

like(ask('/disk', '', 'long', 'Range: bytes=5000-5009')->{body},
    qr/"${n}x{9000}"/, 'a range of what is in a file');
like($ws->await('new_message')->{message}{text}, qr/^${n}x{9000}$/,
    'a range of what is in a file, published');

ask('/return', '', 'plain', 'Range: bytes=0-9');
is($ws->await('new_message')->{message}{text}, 'by nginx',
    'a range of what nginx says, published');

publish({ chatId => 'chat_1', text => 'marker', sender => 's' });
is($ws->await('new_message')->{message}{text}, 'marker', 'and nothing else');
is(@{$ws->{skipped}}, 0, 'no other notification');
unlike($t->read_file('error.log'), qr/Invalid JSON/, 'nothing was torn');


sub told {
    my ($t, $why) = @_;

    return scalar(() = $t->read_file('error.log')
        =~ /\[warn\].* does not publish the response: $why/g);
}


sub app {
    my ($client, $request, $body, $head) = @_;

    my ($coding) = $head =~ /^X-Coding: (.*?)\r?$/m;
    my ($kind) = $head =~ /^X-Kind: (\w+)/m;

    if ($coding eq 'twice') {
        ($coding, $kind) = ($kind eq 'after' ? "gzip\r\nContent-Encoding: "
            . 'identity' : "identity\r\nContent-Encoding: gzip", 'gzip');
    }

    my $more = $coding eq '' ? '' : "Content-Encoding: $coding\r\n";

    $body =~ s/(?=","sender)/"x" x 9000/e if $kind eq 'long';

    app_answer($client, $head =~ /^Range:/m ? 200 : 201, 'application/json',
        ($body{$kind} || $body{plain})->($body), $more);
}
