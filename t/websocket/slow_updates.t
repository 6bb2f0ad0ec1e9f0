#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A client that does not read has the last chat_update of each chat to read
# later, however many there were, and is not closed for them.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Deflate;
use Test::Nginx;

use Socket qw/ SOL_SOCKET SO_RCVBUF /;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(24);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:16m',
    http => <<'EOC'));

    client_max_body_size 1m;
    client_body_buffer_size 1m;
    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;
    chatws_send_buffer 16k;
    chatws_deflate_min_length 0;

    server {
        listen 127.0.0.1:8081 sndbuf=16k;
        listen 127.0.0.1:8443 ssl sndbuf=16k;
        server_name localhost;

        location = /api/ws {
            chatws chat;
        }

        location = /deflate {
            chatws chat;
            chatws_deflate on;
        }

        location = /takeover {
            chatws chat;
            chatws_deflate on;
            chatws_deflate_context_takeover on;
        }
    }
EOC

certificate($t);
$t->run();

my @offer = (headers => [ 'Sec-WebSocket-Extensions: permessage-deflate' ]);

# hard to compress, also for who knows what came before

my ($text, $x) = ('', 1);

for (1 .. 100_000) {
    $x = ($x * 1103515245 + 12345) % 2147483648;
    $text .= chr 48 + ($x >> 16) % 44;
}

for my $o ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => 1 ],
    [ 'deflate', port => 8081, path => '/deflate', @offer ],
    [ 'takeover', port => 8081, path => '/takeover', @offer ])
{
    my ($name, %o) = @$o;
    my ($one, $two) = ("one_$name", "two_$name");

    my $socket = IO::Socket::INET->new(Proto => 'tcp',
        PeerAddr => '127.0.0.1:' . port($o{port}),
        Sockopts => [ [ SOL_SOCKET, SO_RCVBUF, 4096 ] ]);

    my $sleeper = ws(%o, user => 'sleeper', socket => $socket, raw => 1);
    my $deflate = $o{headers} && Test::Chatws::Deflate->new(
        $sleeper->{headers}{'sec-websocket-extensions'});

    $sleeper->send_json({ action => 'subscribe', chatId => $_ })
        for $one, $two;
    received($sleeper, $deflate) for 1 .. 3;

    my $other = ws(user => 'other', chats => [ $one, $two ]);

    # a megabyte, and a message

    for my $batch (1 .. 10) {
        publish([ map { {
            type => 'chat_update', chatId => $_ % 2 ? $one : $two,
            lastMessage => substr($text, $_ * 990, 1000),
            lastMessageTime => 't', unreadCount => $batch * 100 + $_
        } } 1 .. 100 ]);

        $other->await('chat_update') for 1 .. 100;
    }

    publish({ chatId => $one, text => 'marker', sender => 's' });
    is($other->await('new_message')->{seq}, 1, "$name, one who reads");

    my (%last, $n, $sorted) = ();

    $sorted = 1;

    while (my $event = received($sleeper, $deflate)) {
        last if $event->{type} eq 'new_message';

        my $chat = $event->{chatId};

        $sorted = 0 if $last{$chat} && $event->{unreadCount} <= $last{$chat};
        $last{$chat} = $event->{unreadCount};
        $n++;
    }

    ok(!$sleeper->{closed} && !$sleeper->{eof}, "$name, is not closed");
    cmp_ok($n, '<', 500, "$name, most gave way");
    ok($sorted, "$name, to newer ones");
    is_deeply(\%last, { $one => 1099, $two => 1100 },
        "$name, and not the last");

    publish({ chatId => $one, text => 'on', sender => 's' });
    is((received($sleeper, $deflate) || {})->{seq}, 2, "$name, goes on");

    $_->drop() for $sleeper, $other;
}


# The next message, which may be compressed.

sub received {
    my ($client, $deflate) = @_;

    my $message = $client->read_message() or return undef;
    my $payload = $message->{payload};

    $payload = $deflate->unpack($payload) if $deflate && $message->{rsv};

    return json_of($payload);
}
