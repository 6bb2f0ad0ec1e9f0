#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_publish_response: what an app server answers is published.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Compress::Zlib qw/ memGzip memGunzip /;

my $t = Test::Nginx->new()->has(qw/ http proxy gzip rewrite /)->plan(48);

$t->write_file_expand('nginx.conf', conf(server => <<'EOC'));

        location /app/ {
            proxy_pass http://127.0.0.1:8081/;
            proxy_http_version 1.1;
            chatws_publish_response chat;
        }

        location /unbuffered/ {
            proxy_pass http://127.0.0.1:8081/;
            proxy_buffering off;
            chatws_publish_response chat;
        }

        location /disk/ {
            proxy_pass http://127.0.0.1:8081/;
            proxy_buffers 2 1k;
            proxy_buffer_size 1k;
            proxy_busy_buffers_size 1k;
            chatws_publish_response chat;
        }

        location /gzip/ {
            proxy_pass http://127.0.0.1:8081/;
            chatws_publish_response chat;
            gzip on;
            gzip_min_length 0;
            gzip_types application/json;
            gzip_proxied any;
        }

        location /ignore/ {
            proxy_pass http://127.0.0.1:8081/;
            proxy_ignore_client_abort on;
            chatws_publish_response chat;
        }

        location = /return {
            default_type application/json;
            chatws_publish_response chat;
            return 200 '{"chatId":"chat_1","text":"by nginx","sender":"s"}';
        }
EOC

my $signal = IO::Socket::INET->new(Proto => 'tcp', Listen => 1,
    LocalAddr => '127.0.0.1:' . port(8082), ReuseAddr => 1,
    Timeout => Test::Chatws::deadline()) or die "$!\n";

$t->run_daemon(\&app_server, port(8081), \&app);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

my $ws = ws(user => 'u', chats => 'chat_1');
my $n = 0;

# the app answers with what it is asked for: /KIND/STATUS, the body as posted

for my $case (
    [ '/app/length/200', 'length' ],
    [ '/app/length/201', '201' ],
    [ '/app/close/201', 'until the end of the connection' ],
    [ '/app/chunked/200', 'chunked' ],
    [ '/app/bytes/200', 'chunked, a byte at a time' ],
    [ '/app/charset/200', 'a charset' ],
    [ '/unbuffered/length/200', 'not buffered' ],
    [ '/unbuffered/bytes/200', 'not buffered, a byte at a time' ],
    [ '/disk/length/200', 'small buffers' ])
{
    my ($uri, $name) = @$case;

    $n++;
    my $body = '{ "id":"m' . $n . '", "text":"message ' . $n . '",'
        . ' "chatId":"chat_1", "sender":"s", "f":1.0 }' . "\n";
    my $answer = publish($body, uri => $uri);

    is($answer->{body}, $body, "$name, byte for byte");
    like($answer->{head}, qr/^HTTP.* 20[01] .*^X-App: yes/ms,
        "$name, header");
    is($ws->await('new_message')->{message}{text}, "message $n",
        "$name, published");
}

is($ws->{skipped} && @{$ws->{skipped}}, 0, 'published once');

# a large answer

my $large = '{"chatId":"chat_1","sender":"s","text":"' . 'x' x 9000 . '"}';

is(publish($large, uri => '/disk/length/200')->{body}, $large,
    'larger than the buffers, byte for byte');
is(length $ws->await('new_message')->{message}{text}, 9000,
    'larger than the buffers, published');

# compressed on the way out: the message is published as it was

my $body = '{"chatId":"chat_1","sender":"s","text":"zipped"}';
my $answer = publish($body, uri => '/gzip/length/200',
    headers => [ 'Accept-Encoding: gzip' ]);

is($answer->{headers}{'content-encoding'}, 'gzip', 'gzip by nginx');
is(memGunzip($answer->{body}), $body, 'gzip by nginx, unchanged');
is($ws->await('new_message')->{message}{text}, 'zipped',
    'gzip by nginx, published');

# compressed by the app server: published, or skipped with a warning

$answer = publish('{"chatId":"chat_1","sender":"s","text":"inner"}',
    uri => '/app/gzip/200', headers => [ 'Accept-Encoding: gzip' ]);
is(memGunzip($answer->{body} || ''),
    '{"chatId":"chat_1","sender":"s","text":"inner"}',
    'gzip by the app, byte for byte');

publish({ chatId => 'chat_1', text => 'marker', sender => 'x' });
my $event = $ws->await('new_message');

if ($event->{message}{text} eq 'inner') {
    pass('gzip by the app, published');
    $ws->await('new_message');

} else {
    like($t->read_file('error.log'), qr/\[warn\].*(?:gzip|encoding)/i,
        'gzip by the app, skipped with a warning');
}

# what is not published

for my $case (
    [ 'GET', '/app/length/200', 'another method' ],
    [ 'POST', '/app/length/202', 'status 202' ],
    [ 'POST', '/app/length/204', 'status 204' ],
    [ 'POST', '/app/length/302', 'status 302' ],
    [ 'POST', '/app/length/400', 'status 400' ],
    [ 'POST', '/app/length/500', 'status 500' ],
    [ 'POST', '/app/text/200', 'not JSON by its type' ])
{
    my ($method, $uri, $name) = @$case;

    $answer = request($method, $uri, body =>
        '{"chatId":"chat_1","sender":"s","text":"no"}');
    (my $status = $uri) =~ s{.*/}{};
    is($answer->{status}, $status, "$name, answer");
}

$answer = publish('not json', uri => '/app/length/200');
is($answer->{body}, 'not json', 'not a message, unchanged');
$answer = publish('{"ok":true}', uri => '/app/length/201');
is($answer->{body}, '{"ok":true}', 'no message in it, unchanged');

# the length is a lie: the app dies half way

publish('{"chatId":"chat_1","sender":"s","text":"half"}',
    uri => '/app/half/200');

# the client goes away after the app got its message, which is stored then

my $gone = Test::Chatws::Client->dial();

$body = '{"chatId":"chat_1","sender":"s","text":"stored"}';

$gone->send_raw("POST /ignore/signal/201 HTTP/1.1\r\nHost: localhost\r\n"
    . 'Content-Length: ' . length($body) . "\r\n\r\n$body");

my $app = $signal->accept() or die "the app got nothing\n";

$gone->drop();

# nginx has seen that when it answers this

request('GET', '/return');
close $app;

is($ws->await('new_message')->{message}{text}, 'stored',
    'published without the client');

# any other content handler

is(request('POST', '/return', body => '')->{status}, 200, 'return');

$event = $ws->await('new_message');

is($event->{message}{text}, 'by nginx', 'return, published');
is(@{$ws->{skipped}}, 0, 'nothing else was published');


sub app {
    my ($client, $request, $body) = @_;

    my ($kind, $status) = $request =~ m{/(\w+)/(\d+)$};

    my $type = $kind eq 'text' ? 'text/plain'
        : $kind eq 'charset' ? 'application/json; charset=utf-8'
        : 'application/json';
    my $head = "HTTP/1.1 $status X\r\nContent-Type: $type\r\nX-App: yes\r\n"
        . "Connection: close\r\n";

    if ($kind eq 'signal') {
        my $signal = IO::Socket::INET->new(Proto => 'tcp',
            PeerAddr => '127.0.0.1:' . port(8082)) or die "$!\n";

        readline $signal;
    }

    if ($status == 204) {
        print $client "$head\r\n";
        return;
    }

    if ($kind eq 'gzip') {
        $body = memGzip($body);
        $head .= "Content-Encoding: gzip\r\n";
    }

    if ($kind eq 'chunked' || $kind eq 'bytes') {
        my $size = $kind eq 'bytes' ? 1 : 10;

        print $client "${head}Transfer-Encoding: chunked\r\n\r\n";

        while (length(my $part = substr $body, 0, $size, '')) {
            printf $client "%x\r\n%s\r\n", length $part, $part;
        }

        print $client "0\r\n\r\n";
        return;
    }

    $head .= 'Content-Length: ' . length($body) . "\r\n"
        unless $kind eq 'close';

    print $client "$head\r\n",
        $kind eq 'half' ? substr $body, 0, length($body) / 2 : $body;
}
