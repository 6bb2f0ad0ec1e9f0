#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What the module refuses can go to an app, by error_page, with its body; and
# a body that nobody wants is not asked for.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy rewrite /)->plan(55);

$t->write_file_expand('nginx.conf', conf(server => <<'EOC'));

        location = /publish {
            chatws_publish chat;
            error_page 400 405 415 = @app;
        }

        location = /ws {
            chatws chat;
            error_page 400 405 426 = @app;
        }

        location = /status {
            chatws_status chat;
            error_page 405 = @app;
        }

        location = /page {
            chatws_publish chat;
            error_page 405 415 /sorry;
        }

        location = /sorry {
            internal;
            return 200 "sorry\n";
        }

        location = /api/status {
            chatws_status chat;
        }

        location = /other {
            chatws chat;
            error_page 426 = @other;
        }

        location @other {
            return 200 "other\n";
        }

        location @app {
            client_body_buffer_size 1k;
            proxy_pass http://127.0.0.1:8081;
        }
EOC

$t->run_daemon(\&app_server, port(8081), \&app);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

my $message = '{"chatId":"chat_1","text":"t","sender":"s"}';
my @json = 'Content-Type: application/json';

# to another app: with the method, and the body to the byte

for my $case (
    [ 'PUT', '/publish', 405, $message, @json ],
    [ 'DELETE', '/publish', 405, 'x' ],
    [ 'POST', '/publish', 415, 'text', 'Content-Type: text/plain' ],
    [ 'POST', '/publish', 415, $message, @json, 'Content-Encoding: br' ],
    [ 'POST', '/publish', 400, '{ "search": [ "a" ]}', @json ],
    [ 'POST', '/publish', 400, '[]', @json ],
    [ 'POST', '/ws', 405, $message, @json ],
    [ 'GET', '/ws?userId=u', 426, 'of a GET' ],
    [ 'GET', '/ws', 426, '' ],
    [ 'POST', '/status', 405, 'x' ])
{
    my ($method, $uri, $status, $body, @headers) = @$case;

    is(request($method, $uri, body => $body, headers => \@headers)->{body},
        "$method $uri\n$body", "$status, $method $uri, to an app");
}

# an answer of another status has nothing that belongs to the refused one

like(request('GET', '/other?userId=u')->{head},
    qr/^HTTP\/1\.1\ 200\ OK\r\n (?!.*^(?:Upgrade|Sec-WebSocket))
        .*^Connection:\ close\r\n/msx, 'another answer');

# however long it is, and however it comes

for my $size (0, 1, 1000, 100000) {
    my $body = 'b' x $size;
    my $chunks = $size ? sprintf "%x\r\n%s\r\n", $size, $body : '';

    ok(request('PUT', '/publish', body => $body)->{body}
        eq "PUT /publish\n$body", "$size bytes, to an app");

    ok(request('POST', '/publish', body => "${chunks}0\r\n\r\n",
            no_length => 1, headers => [ 'Content-Type: text/plain',
            'Transfer-Encoding: chunked' ])->{body}
        eq "POST /publish\n$body", "$size bytes, chunked, to an app");
}

# in parts: the rest comes after it was refused

my $client = Test::Chatws::Client->dial();

$client->send_raw("PUT /publish HTTP/1.1\r\nHost: x\r\n"
    . "Content-Length: 6\r\n\r\nfir");
$client->send_raw('st!');
is($client->read_answer()->{body}, "PUT /publish\nfirst!",
    'a body that comes in parts');

# a page takes no body, and the connection goes on

$client = Test::Chatws::Client->dial();

for my $body ('', 'x' x 70000) {
    $client->send_raw("PUT /page HTTP/1.1\r\nHost: x\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
    is($client->read_answer()->{body}, "sorry\n", 'a page');
}

# a client that waits to be asked for its body is told at once, and one that
# sends it all the same can go on

for my $case (
    [ 'PUT', '/api/messages', 405, @json ],
    [ 'POST', '/api/messages', 415, 'Content-Type: text/plain' ],
    [ 'POST', '/api/messages', 415, @json, 'Content-Encoding: gzip' ],
    [ 'POST', '/api/ws', 405 ],
    [ 'POST', '/api/status', 405 ],
    [ 'PUT', '/page', 405 ],
    [ 'GET', '/api/status', 200 ],
    [ 'GET', '/api/ws?userId=u', 426 ])
{
    my ($method, $uri, $status, @headers) = @$case;
    my $name = "$status, $method $uri, Expect";

    $client = Test::Chatws::Client->dial();
    $client->send_raw(join "\r\n", "$method $uri HTTP/1.1", 'Host: x',
        'Content-Length: 5', 'Expect: 100-continue', @headers, '', '');

    is($client->read_answer()->{status}, $status, $name);

    $client->send_raw("12345GET /sorry HTTP/1.1\r\nHost: x\r\n\r\n");
    is($client->read_answer()->{status}, 404, "$name, the next request");
}

# what is wanted is asked for

for my $case (
    [ 'POST', '/api/messages', 201, $message, @json ],
    [ 'PUT', '/publish', 200, $message, @json ])
{
    my ($method, $uri, $status, $body, @headers) = @$case;

    $client = Test::Chatws::Client->dial();
    $client->send_raw(join "\r\n", "$method $uri HTTP/1.1", 'Host: x',
        'Content-Length: ' . length $body, 'Expect: 100-continue', @headers,
        '', '');

    is($client->read_answer()->{status}, 100, "$method $uri, asked for");
    $client->send_raw($body);
    is($client->read_answer()->{status}, $status, "$method $uri, status");
}

# content codings of a publication: none

for my $coding ('gzip', 'x-gzip', 'deflate', 'br', 'GZIP', 'gzip, identity',
    'identity, gzip', 'identityx', 'unknown')
{
    my $answer = publish($message, headers => [ "Content-Encoding: $coding" ]);

    is("$answer->{status} " . ($answer->{headers}{'accept-encoding'} || ''),
        '415 identity', "Content-Encoding: $coding");
}

for my $coding ('identity', '', 'Identity,, identity') {
    is(publish($message, headers => [ "Content-Encoding: $coding" ])
        ->{status}, 201, "Content-Encoding: $coding");
}

is(publish($message, headers => [ 'Content-Encoding: identity',
        'Content-Encoding: br' ])->{status}, 415, 'two fields');


sub app {
    my ($client, $request, $body) = @_;

    app_answer($client, 200, 'text/plain', "$request\n$body");
}
