#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Many messages at once, more than chatws_send_buffer, for clients that read:
# what the socket takes is not held against them, over TLS neither.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Conformance;
use Test::Chatws::Peer;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(13);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:16m',
    endpoint => 'chatws_send_buffer 8k;', http => <<'EOC'));

    client_max_body_size 1m;
    client_body_buffer_size 1m;
    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;

    server {
        listen 127.0.0.1:8443 ssl;
        listen 127.0.0.1:8444 ssl sndbuf=16k;
        listen 127.0.0.1:8081 sndbuf=16k;
        server_name localhost;

        location = /api/ws {
            chatws chat;
            chatws_send_buffer 8k;
        }
    }
EOC

certificate($t);

$t->run();

my @peers = ([ 'TCP', peer(args => 'userId=u') ],
    [ 'TLS', peer(args => 'userId=v', ssl => 1) ]);

$_->[1]->talk([ text('{"action":"subscribe","chatId":"c"}') ], 2) for @peers;

# one by one they would all pass; together they are one write, or 20 records

for my $size (10, 1000, 3000) {
    my @batch = map { '{"chatId":"c","sender":"s","text":"' . "$_ "
        . 'x' x $size . '"}' } 1 .. 100;
    my $answer = publish('[' . join(',', @batch) . ']');

    is($answer->{status}, 201, "a batch of 100 times $size");

    for my $peer (@peers) {
        my @told = $peer->[1]->talk([], 100);

        is(scalar(grep { /^text/ } @told), 100, "$peer->[0], all of it")
            or diag("the last: $told[-1]");
    }
}

# those that do not read are shed in the middle of it, but never in the middle
# of a message, of which TLS may have taken a part already

my @deaf = ([ 'TCP', slow(port => 8081) ],
    [ 'TLS', slow(port => 8444, ssl => 1) ]);

for my $size (3000, 5000) {
    my @batch = map { '{"chatId":"c","sender":"s","text":"' . "$_ "
        . 'x' x $size . '"}' } 1 .. 100;

    publish('[' . join(',', @batch) . ']');
}

for my $peer (@deaf) {
    my @told = $peer->[1]->talk([], 'close');

    is(pop @told, 'close 1013', "$peer->[0], shed");
    is(scalar(grep { !/^text/ } @told), 0, "$peer->[0], whole messages");
}

$_->[1]->drop() for @peers, @deaf;

$t->stop();


# A subscriber that the server can't send much to before it reads.

sub slow {
    my $peer = peer(args => 'userId=w', window => 8192, @_);

    $peer->talk([ text('{"action":"subscribe","chatId":"c"}') ], 2);

    return $peer;
}
