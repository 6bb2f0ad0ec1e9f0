#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A client that does not read is not closed for the states that it misses: it
# is told them as they are when it reads again.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Socket qw/ SOL_SOCKET SO_RCVBUF /;

use constant N => 1500;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(14);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:16m',
    main => 'worker_processes 2;', http => <<'EOC'));

    chatws_users zone=chat;
    chatws_unread zone=chat;
    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;

    server {
        listen 127.0.0.1:8081 sndbuf=16k;
        listen 127.0.0.1:8443 ssl sndbuf=16k;
        server_name localhost;

        location = /api/ws {
            chatws chat;
            chatws_send_buffer 16k;
        }
    }
EOC

certificate($t);
$t->run();

for my $o ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => 1 ]) {
    my ($name, %o) = @$o;
    my $long = "chat_${name}_" . 'x' x 100;

    my $socket = IO::Socket::INET->new(Proto => 'tcp',
        PeerAddr => '127.0.0.1:' . port($o{port}),
        Sockopts => [ [ SOL_SOCKET, SO_RCVBUF, 4096 ] ]);

    my $sleeper = ws(%o, user => "ann_$name", socket => $socket);
    my $reader = ws(user => "ann_$name", chats => $long);
    my $epoch = $reader->{connected}{epoch};

    for my $batch (1 .. N / 100) {
        publish([ map { { chatId => $long, text => "$_", sender => 'bob' } }
            1 .. 100 ]);
        $reader->await('new_message') for 1 .. 100;
    }

    # each of them is told to the other tab

    for my $n (1 .. N) {
        $reader->send_json({ action => 'read', chatId => $long, seq => $n,
            epoch => $epoch });
        $reader->await('unread');
    }

    # a message for the user is not in the way of them

    publish({ toUsers => "ann_$name", type => 'marker' });
    is($reader->await('marker')->{type}, 'marker', "$name, one who reads");

    my ($n, $last, $sorted, $marker) = (0, 0, 1);

    while ($last < N || !$marker) {
        my $event = $sleeper->next() or last;

        if ($event->{type} eq 'marker') {
            $marker = 1;
            next;
        }

        $sorted = 0 if $event->{read} < $last;
        $last = $event->{read};
        $n++;
    }

    ok(!$sleeper->{closed} && !$sleeper->{eof}, "$name, is not closed");
    is($last, N, "$name, the last one");
    ok($sorted, "$name, never an older one");
    cmp_ok($n, '<', N / 2, "$name, most were left out");
    ok($marker, "$name, the message");

    # from then on all of them come again

    publish({ chatId => $long, text => 'on', sender => 'bob' });
    $reader->send_json({ action => 'read', chatId => $long, seq => N + 1,
        epoch => $epoch });
    is(($sleeper->await('unread') || {})->{read}, N + 1, "$name, goes on");

    $_->drop() for $sleeper, $reader;
}
