#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What a slow client is not sent is counted as dropped, not as delivered:
# typing that its queue has no room for or that gives way in it, and what waits
# when it is closed.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use MIME::Base64 qw/ encode_base64 /;
use Socket qw/ SOL_SOCKET SO_RCVBUF /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(32);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:32m',
    publish => 'client_max_body_size 8m; client_body_buffer_size 8m;',
    http => 'chatws_history 100; chatws_send_buffer 4m;',
    server => <<'EOC'));
        listen 127.0.0.1:8081 sndbuf=16k;

        location = /status {
            chatws_status chat;
        }

        location = /deflate {
            chatws chat;
            chatws_deflate on;
            chatws_deflate_min_length 2k;
        }

        location = /narrow {
            chatws chat;
            chatws_send_buffer 16k;
        }
EOC

$t->run();

my %chat = map { $_ => $_ . '-' x 100 } 'a' .. 'h';

my $typist = ws(user => 't' x 100, username => 'n' x 100,
    chats => [ values %chat ]);

# no room: a large message waits, so typing is not queued

my $sleeper = sleeper('/narrow', $chat{a});
my $was = hub_status();

large($chat{a}, 1_000_000);
types($chat{a}, 5);

is(grown('typingDropped'), 5, 'no room, dropped');
is(grown('delivered'), 1, 'no room, delivered');

my @got = events($sleeper);

is("@got", 'message', 'no room, what came');
is(grown('delivered'), 1, 'no room, not more');
leave($sleeper);

for my $case ([ '/api/ws', $chat{b} ], [ '/deflate', $chat{c} ]) {
    my ($path, $chat) = @$case;

    # it gives way: typing waits behind messages, until there are too many

    $sleeper = sleeper($path, $chat);
    $was = hub_status();

    large($chat, 3_000_000);
    types($chat, 40);

    is(grown('delivered'), 41, "$path, typing waits");
    is(grown('typingDropped'), 0, "$path, none is dropped");

    my $n = 1;

    while (grown('typingDropped') == 0 && $n++ < 1000) {
        large($chat, 10_000);
    }

    is(grown('typingDropped'), 40, "$path, typing gave way");
    is(grown('delivered'), $n, "$path, the rest is delivered");

    @got = events($sleeper);

    is(scalar(grep { $_ eq 'message' } @got), $n, "$path, all of it came");
    is(scalar @got, $n, "$path, and nothing else");
    leave($sleeper);

    # closed: what waits is not delivered

    $sleeper = sleeper($path, $chat);
    $was = hub_status();

    large($chat, 2_000_000);
    types($chat, 2);
    large($chat, 1_000_000);
    types($chat, 2);
    large($chat, 3_000_000) for 1 .. 2;

    # at once: a client that reads nothing is not waited for

    @got = events($sleeper);

    ok(eventually(sub { grown('subscriptions') == -1 }),
        "$path, closed, it has left");
    is($sleeper->{closed}{code}, 1013, "$path, too slow");
    is("@got", 'message', "$path, too slow, what came");
    is(grown('typingDropped'), 4, "$path, too slow, dropped");
    is(grown('delivered'), 1, "$path, too slow, delivered");
    leave($sleeper);
}

# replayed, and closed

my $epoch = hub_status()->{epoch};

large($chat{d}, 1_000_000) for 1 .. 2;

$sleeper = sleeper('/api/ws', $chat{e});
$was = hub_status();

$sleeper->send_json({ action => 'subscribe', chatId => $chat{d},
    since => { seq => 0, epoch => $epoch } });

ok(eventually(sub { grown('delivered') == 2 }), 'replayed');

large($chat{e}, 3_000_000) for 1 .. 2;

@got = events($sleeper);

ok(eventually(sub { grown('subscriptions') == -1 }),
    'replayed, it has left');
is("@got", 'subscription_confirmed message', 'replayed, what came');
is(grown('delivered'), 1, 'replayed, delivered');

# nobody is slow

$was = hub_status();

my $reader = ws(user => 'reader', chats => $chat{f});

types($chat{f}, 2);
$reader->await('user_typing') for 1 .. 2;

ok(eventually(sub { grown('delivered') == 2 }),
    'nobody slow, delivered');
is(grown('typingDropped'), 0, 'nobody slow, dropped');


# One that subscribes, and reads no more.

sub sleeper {
    my ($path, $chat) = @_;

    my $socket = IO::Socket::INET->new(Proto => 'tcp',
        PeerAddr => '127.0.0.1:' . port(8081),
        Sockopts => [ [ SOL_SOCKET, SO_RCVBUF, 8192 ] ]);

    return ws(user => 'sleeper', path => $path, socket => $socket,
        chats => $chat, headers => $path ne '/deflate' ? [] : [
            'Sec-WebSocket-Extensions: permessage-deflate; '
            . 'server_no_context_takeover' ]);
}


# Ends a connection, and waits until the worker has noticed.

sub leave {
    my ($client) = @_;

    $client->drop();

    eventually(sub { hub_status()->{connections} == 1 });
}


# A message of about that many bytes, which do not get much smaller.

sub large {
    my ($chat, $size) = @_;

    open my $fh, '<:raw', '/dev/urandom' or die "cannot read noise: $!\n";
    sysread $fh, my $noise, $size * 3 / 4;

    publish('{"chatId":"' . $chat . '","text":"' . encode_base64($noise, '')
        . '","sender":"' . 't' x 100 . '"}', undecoded => 1);
}


# Typing that was passed on: what answers it comes after its delivery.

sub types {
    my ($chat, $n) = @_;

    $typist->send_json({ type => 'typing', chatId => $chat,
        isTyping => JSON::PP::true() }) for 1 .. $n;

    $typist->ask({ action => 'subscribe', chatId => $chat });
    $typist->ask({ action => 'subscribe', chatId => $chat });
}


# What comes until nothing is left: a ping is answered behind it.

sub events {
    my ($client) = @_;

    $client->ping('end');
    $client->await_pong() || $client->await_close();

    # what is large can only be a message, and takes long to decode

    return map { length > 5000 ? 'message' : (json_of($_) || {})->{type}
        || 'message' }
        @{$client->{gathered}};
}


# By how much a figure is larger than it was.

sub grown {
    my ($name) = @_;

    return hub_status()->{$name} - $was->{$name};
}
