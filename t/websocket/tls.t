#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# WebSocket and publishing over TLS.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(16);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    zone => 'zone=chat:8m',
    endpoint => 'chatws_max_message_size 80k; chatws_send_buffer 1m;',
    publish => 'client_max_body_size 200k;',
    http => <<'EOC'));

    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;

    server {
        listen 127.0.0.1:8443 ssl;
        server_name localhost;

        location = /api/ws {
            chatws chat;
            chatws_max_message_size 80k;
            chatws_send_buffer 1m;
        }

        location = /api/messages {
            chatws_publish chat;
        }
    }
EOC

certificate($t);

$t->run();

my @tls = map { ws(user => "t$_", ssl => 1, chats => 'chat_1') } 1 .. 4;
my $plain = ws(user => 'p', chats => 'chat_1');

is(scalar(grep { $_->{status} == 101 } @tls), 4, 'connected');
is(publish({ chatId => 'chat_1', text => 'over TLS', sender => 'x' },
    ssl => 1)->{json}{recipients}, 5, 'publish over TLS');

for my $client (@tls, $plain) {
    is($client->await('new_message')->{message}{text}, 'over TLS',
        'delivered');
}

# more than a record, and more than a socket takes at once

publish({ chatId => 'chat_1', text => 'x' x 100_000, sender => 'x' });

for my $client (@tls) {
    is(length $client->await('new_message')->{message}{text}, 100_000,
        'a large message');
}

for my $n (1 .. 100) {
    publish({ chatId => 'chat_1', text => "$n", sender => 'x' });
}

is(join(' ', map { $tls[0]->await('new_message')->{message}{text} }
    1 .. 100), join(' ', 1 .. 100), 'many, in order');

# in: fragments over records

$tls[1]->send_text('{"action":"subscribe","chatId":"c"' . ' ' x 70_000 . '}');
is($tls[1]->await('subscription_confirmed')->{chatId}, 'c',
    'a large message in');

$tls[1]->ping('over TLS');
is($tls[1]->await_pong(), 'over TLS', 'ping');

# a close is answered, and the connection ends

$tls[2]->send_close(1000, 'done');
is($tls[2]->await_close()->{code}, 1000, 'close');
ok($tls[2]->ended(), 'end');
