#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Clients that do not read: the one that sends all the same is not read from,
# the one that is sent to is closed with 1013; memory stays bounded, and
# others do not notice.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Conformance;
use Test::Chatws::Peer;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl stub_status /)
    ->has_daemon('openssl')->plan(22);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:16m',
    http => <<'EOC', server => 'location = /status { stub_status; }',

    client_max_body_size 256k;
    client_body_buffer_size 256k;
    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;

    server {
        listen 127.0.0.1:8443 ssl sndbuf=32k;
        listen 127.0.0.1:8081 sndbuf=32k;
        server_name localhost;

        location = /api/ws {
            chatws chat;
            chatws_send_buffer 256k;
        }

        location = /deflate {
            chatws chat;
            chatws_deflate on;
            chatws_deflate_min_length 0;
        }
    }
EOC
    ));

certificate($t);

$t->run();

my $worker;

eventually(sub { ($worker) = workers_of($t) });

# hard to compress

my ($text, $x) = ('', 1);

for (1 .. 16_000) {
    $x = ($x * 1103515245 + 12345) % 2147483648;
    $text .= chr 48 + ($x >> 16) % 44;
}

for my $o ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => 1 ],
    [ 'deflate', port => 8081, path => '/deflate', headers =>
      [ 'Sec-WebSocket-Extensions: permessage-deflate' ],
      deflated => sub { 'x' } ])
{
    my ($name, %o) = @$o;

    # ten that sleep, one that does not

    my @slow = map { listener(%o, args => 'userId=slow') } 1 .. 10;
    my $fast = listener(args => 'userId=fast');

    my $memory = memory_of($worker);
    my ($kept_up, $n, $left) = (0, 0, 11);

    # until the slow ones are closed; what they do not read then for some
    # seconds is not kept for them

    while ($left > 1 && $n++ < 1000) {
        my $answer = publish('{"chatId":"c","sender":"s","text":"'
            . $n . $text . '"}');

        # the fast one keeps up

        $kept_up++ if $answer->{status} == 201
            && join(' ', $fast->talk([], 1)) =~ /^text/;
        $left = $answer->{json}{recipients};
    }

    is($kept_up, $n, "$name, the fast one got all");
    cmp_ok(memory_of($worker) - $memory, '<', 11 * 256 * 1024,
        "$name, the memory of ten slow ones is bounded");

    # they wake up, and are told, after whole messages only

    my @told = map { [ $_->talk([], 'close') ] } @slow;

    is(join(' ', map { $$_[-1] } @told), join(' ', ('close 1013') x 10),
        "$name, they are told");
    is(scalar(grep { !/^text/ } map { @$_[0 .. $#$_ - 1] } @told), 0,
        "$name, after whole messages");
    is(join(' ', map { $_->talk([ bye(1013) ]) } @slow),
        join(' ', ('end') x 10), "$name, and the connection ends");
    like($slow[0]{reason}, qr/reconnect/, "$name, and what to do");

    $_->drop() for @slow;

    ok(eventually(sub {
        publish({ chatId => 'c', text => 'still', sender => 's' })
            ->{json}{recipients} == 1;
    }), "$name, one is left");
    $fast->drop();

}

ok(eventually(sub {
    request('GET', '/status')->{body} =~ /^Active connections: 1 /m;
}), 'no connection left');

$t->stop();


# One that subscribed, and reads no more.

sub listener {
    my (%o) = @_;

    my $peer = peer(%o, window => 16384);

    $peer->talk([ text('{"action":"subscribe","chatId":"c"}') ], 2);

    return $peer;
}
