#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The end of a token: the client is told, may renew it, and is closed, in the
# worker that it is in.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;
use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http limit_conn /)->plan(62);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;', publish => 'chatws_token off;',
    http => 'chatws_token_key_file %%TESTDIR%%/keys.jwks; chatws_drain 0;
             chatws_token message $http_authorization;
             limit_conn_zone $server_name zone=conn:1m;',
    server => <<'EOC'))->run();

        location = /second {
            chatws chat;
            chatws_token_grace 1s;
        }

        location = /none {
            chatws chat;
            chatws_token_grace 0;
        }

        location = /pings {
            chatws chat;
            chatws_token_grace 1s;
            chatws_ping_interval 100ms;
        }

        location = /counted {
            limit_conn conn 100;
            chatws chat;
            chatws_token_grace 1s;
        }

        location = /hour {
            chatws chat;
            chatws_token_grace 1h;
        }

        location = /stays {
            chatws chat;
            chatws_token_grace 3s;
            chatws_handover off;
            chatws_drain 1h;
        }

        location = /moves {
            chatws chat;
            chatws_token_grace 3s;
        }

        location = /expires {
            chatws chat;
            chatws_token_grace 1h;
            chatws_expires $arg_e;
        }

        location = /lifetime {
            chatws chat;
            chatws_token_grace 1h;
            chatws_session_lifetime 1s;
        }

        location = /status {
            chatws_status chat;
        }
EOC

my %over = (code => 4401, reason => 'token expired, reconnect');

# those that end; the token may be the first message, or in the handshake

my %ws = map { ("$_->[0] $_->[1]" => begun(@$_)) }
    map { [ $_, 'first' ], [ $_, 'field' ] }
    qw/ second none pings counted moves stays /;

for my $name (sort grep { !/moves|stays/ } keys %ws) {
    my $ws = $ws{$name};
    my $told = $ws->next() || {};

    is($told->{type}, 'token_expiring', "$name, told");
    cmp_ok($told->{expiresIn}, '<=', 3, "$name, of what is left");

    is_deeply($ws->await_close(), \%over, "$name, closed");
    is_deeply($ws->{before_close} || [], [], "$name, told once");
    cmp_ok(time(), '>=', $ws->{exp} + ($name =~ /none/ ? 0 : 1),
        "$name, not earlier");
}

# one that is told of it in time, and renews it twice

my $exp = int(time()) + 32;
my $ws = ws(path => '/hour', raw => 1, headers => bearer($exp));

$ws->await('connected');

my $told = $ws->next() || {};

is($told->{type}, 'token_expiring', 'told');
cmp_ok($told->{expiresIn}, '<=', 30, 'in time');
cmp_ok(time(), '>=', $exp - 30, 'not earlier');

$ws->send_json({ action => 'auth', token => token($key,
    claims => { exp => int(time()) + 10 }) });

is(($ws->next() || {})->{type}, 'authenticated', 'renewed');

$told = $ws->next() || {};

is($told->{type}, 'token_expiring', 'told again');
cmp_ok($told->{expiresIn}, '<=', 10, 'at once');

$ws->send_json({ action => 'auth', token => token($key) });

is(($ws->next() || {})->{type}, 'authenticated', 'renewed again');
$ws->drop();

# other ends come first

$ws = ws(path => '/expires', raw => 1, headers => bearer(time() + 600),
    args => 'e=' . (int(time()) + 2));

is_deeply($ws->await_close(), { code => 4401,
    reason => 'session expired, reconnect' }, 'chatws_expires');

$ws = ws(path => '/lifetime', raw => 1, headers => bearer(time() + 600));

is_deeply($ws->await_close(), { code => 1012,
    reason => 'session lifetime over, reconnect' }, 'the lifetime');

# by now these tokens are over, and their clients in the grace

ok(reloaded($t), 'reload');

for my $name (sort grep { /moves|stays/ } keys %ws) {
    my $ws = $ws{$name};

    is_deeply($ws->await_close(), \%over, "$name, closed");
    is(scalar(grep { /token_expiring/ } @{$ws->{before_close}}), 1,
        "$name, told once");
    cmp_ok(time(), '>=', $ws->{exp} + 3, "$name, not earlier");
}


# A connection whose token lives for two or three seconds.

sub begun {
    my ($path, $kind) = @_;

    my $exp = int(time()) + 3;
    my $ws = ws(path => "/$path", raw => 1, $kind eq 'field'
        ? (headers => bearer($exp)) : ());

    $ws->{exp} = $exp;

    $ws->send_json({ action => 'auth',
        token => token($key, claims => { exp => $exp }) })
        if $kind eq 'first';

    $ws->await('connected');

    return $ws;
}


sub bearer {
    my ($exp) = @_;

    return [ 'Authorization: Bearer '
        . token($key, claims => { exp => int $exp }) ];
}
