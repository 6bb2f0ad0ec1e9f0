#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_close: whatever leads to it, a WebSocket is accepted and closed, and
# any other request gets the status that it would have got.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;
use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()
    ->has(qw/ http http_ssl socket_ssl rewrite auth_basic auth_request
              limit_conn limit_req /)
    ->has_daemon('openssl')->plan(89);

# the same pages in all servers: what they lead to differs

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 1;',
    connections => 128,
    events => 'multi_accept on;',
    http => <<'EOC', server => <<'EOD'));

    limit_conn_zone $server_name zone=conn:1m;
    limit_req_zone $server_name zone=req:1m rate=1r/m;
    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;
    error_page 401 403 404 429 = @refused;

    server {
        listen 127.0.0.1:8081;
        server_name localhost;

        location /denied {
            deny all;
            chatws chat;
        }

        location @refused {
            return 202 other;
        }
    }

    server {
        listen 127.0.0.1:8443 ssl;
        server_name localhost;

        location / {
            chatws_close 4000 tls;
        }
    }
EOC

        location = /direct {
            chatws_close 4999 "";
        }

        location = /counted {
            limit_conn conn 100;
            chatws_close 4001 counted;
        }

        location = /protocol {
            chatws_subprotocol chat;
            chatws_deflate on;
            chatws_close 4001 protocol;
        }

        location = /denied {
            deny all;
            chatws chat;
        }

        location = /password {
            auth_basic chat;
            auth_basic_user_file none;
            chatws chat;
        }

        location = /asked {
            auth_request /auth;
            chatws chat;
        }

        location = /auth {
            return 401;
        }

        location = /late {
            chatws chat;
            chatws_expires 1;
        }

        location = /often {
            limit_req zone=req;
            limit_req_status 429;
            chatws chat;
        }

        location = /returned {
            return 404;
        }

        location = /explicit {
            error_page 403 =410 @refused;
            deny all;
            chatws chat;
        }

        location = /plain {
            error_page 403 /uri;
            deny all;
            chatws chat;
        }

        location = /forgotten {
            error_page 404 = /uri;
            return 404;
        }

        location = /uri {
            chatws_close 4403 uri;
        }

        location = /twice {
            recursive_error_pages on;
            deny all;
        }

        location = /recursive {
            recursive_error_pages on;
            error_page 403 = /recursive;
            chatws_close 4403 recursive;
        }

        location @refused {
            chatws_close 4403 "refused, grüße";
        }

        location = /status {
            chatws_status chat;
        }
EOD

certificate($t);

$t->run();

# path, status of what is no handshake, code, reason

for my $case ([ direct => 403, 4999, '' ], [ counted => 403, 4001, 'counted' ],
    [ denied => 403, 4403 ], [ password => 401, 4403 ],
    [ asked => 401, 4403 ], [ late => undef, 4403 ],
    [ returned => 404, 4403 ], [ explicit => 410, 4403 ],
    [ plain => 403, 4403, 'uri' ], [ forgotten => 403, 4403, 'uri' ],
    [ twice => 403, 4403 ], [ recursive => 403, 4403, 'recursive' ])
{
    my ($path, $status, $code, $reason) = @$case;

    $reason = 'refused, grüße' if !defined $reason;

    my $ws = ws(user => 'u', path => "/$path", raw => 1);

    is($ws->{status}, 101, "$path, accepted");
    is_deeply($ws->await_close(), { code => $code, reason => $reason },
        "$path, closed");
    is_deeply($ws->{before_close} || [], [], "$path, nothing else");

    $ws->send_close($code);
    ok($ws->ended(), "$path, ended");

    next if !defined $status;

    my $answer = request('GET', "/$path");

    is($answer->{status}, $status, "$path, no handshake");
    is(ws(user => 'u', path => "/$path", key => 'x')->{status}, $status,
        "$path, a bad one");
}

like(request('GET', '/password')->{head}, qr/^WWW-Authenticate: Basic/m,
    'a password is asked for');
is(request('POST', '/direct', body => 'x' x 4000)->{status}, 403, 'POST');
is(request('HEAD', '/denied')->{status}, 403, 'HEAD');

is(request('GET', '/often')->{status}, 426, 'the first one');
is(request('GET', '/often')->{status}, 429, 'another status');
is((ws(user => 'u', path => '/often', raw => 1)->await_close()
    || {})->{code}, 4403, 'another status, closed');

is(request('GET', '/denied', port => 8081)->{status}, 202,
    'another server');

# what the handshake offers is answered, but for the compression

my $ws = ws(path => '/protocol', raw => 1, headers => [
    'Sec-WebSocket-Protocol: x, chat',
    'Sec-WebSocket-Extensions: permessage-deflate' ]);

is($ws->{headers}{'sec-websocket-protocol'}, 'chat', 'subprotocol');
is($ws->{headers}{'sec-websocket-extensions'}, undef, 'no extension');

# TLS; a ping and a message before the end

$ws = ws(path => '/x', port => 8443, ssl => 1, raw => 1,
    early => Test::Chatws::Client::frame(9, 'p')
             . Test::Chatws::Client::frame(1, '{}'));

is_deeply($ws->await_close(), { code => 4000, reason => 'tls' }, 'TLS');
$ws->send_close(4000);
ok($ws->ended(), 'TLS, ended');

# who does not close is cut off

my $start = time();

$ws = ws(path => '/direct', raw => 1);
$ws->await_close();
$ws->send_text('{}') for 1 .. 3;

ok($ws->ended(), 'cut off');
cmp_ok(time() - $start, '>=', 0.9, 'cut off, not at once');

# a 16th of 128: the worker sees all of the connections in one turn

my ($worker) = workers_of($t);

ok(halt($worker), 'the worker is stopped');

my @ws = map { Test::Chatws::Client->dial() } 1 .. 20;

for my $one (@ws) {
    $one->send_raw(join "\r\n", 'GET /denied HTTP/1.1', 'Host: localhost',
        'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13', '', '');
}

kill 'CONT', $worker;

my %n;

$n{($_->read_answer() || {})->{status} || 0}++ for @ws;

is_deeply(\%n, { 101 => 8, 403 => 12 }, 'beyond the limit');

$_->drop() for @ws;

ok(eventually(sub {
    $ws = ws(path => '/denied', raw => 1);
    return $ws->{status} == 101;
}), 'later there is room again');

# of a worker that quits nobody is left

ok(reloaded($t), 'reload');
ok($ws->ended(), 'ended');

my %seen = map { $_ => hub_status()->{$_} } qw/ opened closed connections /;

is_deeply(\%seen, { opened => 0, closed => 0, connections => 0 },
    'nothing of a zone');
