#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Tokens with a client and a library that are not ours: see client.py.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $python = '/usr/bin/python3';

plan(skip_all => 'no python3-websockets, python3-jwt')
    if system("$python -c 'import websockets, jwt' > /dev/null 2>&1") != 0;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(13);
my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_token_key_file %%TESTDIR%%/keys.jwks;
             chatws_auth_timeout 1h;',
    server => <<'EOC'))->run();

        location = /message {
            chatws chat;
            chatws_token message;
        }

        location = /protocol {
            chatws chat;
            chatws_token protocol;
            error_page 401 = @refused;
        }

        location @refused {
            chatws_close 4403 "log in";
        }
EOC

my $out = $t->testdir() . '/out';

$t->run_daemon('/bin/sh', '-c', "exec $python -u $FindBin::Bin/client.py "
    . 'ws://127.0.0.1:' . port(8080) . ' ' . unpack('H*', $key->{secret})
    . " k1 > $out 2>&1");

ok(printed(qr/^protocol: chatws\.v1 ann$/m), 'a subprotocol');
ok(printed(qr/^refused: 4403 log in$/m), 'a bad one, and the client is told');
ok(printed(qr/^none: Invalid token$/m), 'no algorithm');
ok(printed(qr/^another key: Invalid token$/m), 'another key');
ok(printed(qr/^old: Token expired$/m), 'an old one');
ok(printed(qr/^member: connected ann$/m), 'connected');
ok(printed(qr/^member: token_expiring $/m), 'told that it expires');
ok(printed(qr/^member: subscription_confirmed/m), 'subscribed');
ok(printed(qr/^renewed: (?:600|59\d)$/m), 'renewed');

publish({ chatId => 'c', text => 'Hello', sender => 'bob' });

ok(printed(qr/^text: Hello True$/m), 'gets a message');
ok(printed(qr/^closed: 4403 wrong user$/m), 'another user');
ok(printed(qr/^done$/m), 'done');

unlike(slurp($out), qr/Traceback/, 'no error');


sub printed {
    my ($expected) = @_;

    return eventually(sub { -e $out && slurp($out) =~ $expected })
        || diag(slurp($out));
}
