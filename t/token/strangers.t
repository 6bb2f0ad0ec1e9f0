#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# How many connections may be without a user: an eighth of worker_connections.
# Those that send their token, or go away, make room.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(32);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 1;', connections => 128,
    http => 'chatws_token_key_file %%TESTDIR%%/keys.jwks; chatws_drain 0;',
    endpoint => 'chatws_token message $http_authorization;
                 chatws_auth_timeout 1h;',
    server => <<'EOC'))->run();

        location = /off {
            chatws chat;
        }

        location = /limited {
            chatws chat;
            chatws_token message;
            chatws_auth_timeout 1h;
            chatws_limit_user rate=1r/m burst=1;
        }

        location = /status {
            chatws_status chat;
        }
EOC

my $good = token($key);
my @ws;

is(another(), 101, 'an eighth of 128') for 1 .. 16;
is(another(), 503, 'and no more');
like((pop @ws)->{headers}{'retry-after'}, qr/^[1-5]$/, 'for a while');

is(another(headers => [ "Authorization: Bearer $good" ]), 101,
    'but those who say who they are');
is(another(args => 'userId=u', path => '/off'), 101, 'and where nobody asks');

# one is a user now, one goes away, one is closed

$ws[0]->send_json({ action => 'auth', token => $good });
is(($ws[0]->next() || {})->{type}, 'connected', 'one is a user');
is(another(), 101, 'and makes room');
is(another(), 503, 'for one');

$ws[1]->drop();
$ws[2]->send_frame(2, 'binary');
$ws[2]->await_close();
$ws[2]->drop();

ok(eventually(sub { another() == 101 }), 'one has gone');
ok(eventually(sub { another() == 101 }), 'one was closed');
is(another(), 503, 'and no more than these');

# strangers have no limit in common

my ($one) = splice @ws, 3, 1;

$one->drop();

ok(eventually(sub { another(path => '/limited') == 101 }), 'a limit of users');

for my $n (1 .. 4) {
    $ws[-1]->send_json({ action => 'subscribe', chatId => 'c' });
    is(($ws[-1]->next() || {})->{error}, 'Token required', "message $n");
}

# those that are handed over count in the new worker

$t->reload();

ok(eventually(sub { ws(raw => 1)->{status} == 503 }),
    'the same after a reload');


# Adds a connection, which stays, and returns its status.

sub another {
    push @ws, ws(@_, raw => 1);

    return $ws[-1]->{status};
}
