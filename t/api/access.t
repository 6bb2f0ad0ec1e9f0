#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# nginx's access modules on the endpoint and on publishing.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http auth_request rewrite proxy /)
    ->plan(18);

$t->write_file_expand('nginx.conf', conf(
    http => 'limit_req_zone $binary_remote_addr zone=req:1m rate=1r/m;',
    server => <<'EOC'));

        location = /denied {
            deny all;
            chatws chat;
        }

        location = /allowed {
            allow 127.0.0.1;
            deny all;
            chatws chat;
        }

        location = /basic {
            auth_basic chat;
            auth_basic_user_file htpasswd;
            chatws chat;
            chatws_user $remote_user;
        }

        location = /auth {
            auth_request /check;
            auth_request_set $user $upstream_http_x_user;
            auth_request_set $name $upstream_http_x_name;
            chatws chat;
            chatws_user $user;
            chatws_username $name;
        }

        location = /check {
            internal;
            proxy_pass http://127.0.0.1:8080/session;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }

        location = /session {
            if ($http_x_token = "") {
                return 401;
            }

            add_header X-User "user of $http_x_token";
            add_header X-Name "name of $http_x_token";
            return 204;
        }

        location = /publish {
            auth_request /check;
            chatws_publish chat;
        }

        location = /limited {
            limit_req zone=req;
            chatws chat;
        }
EOC

$t->write_file('htpasswd', "joe:{PLAIN}secret\n");
$t->run();

is(ws(user => 'u', path => '/denied')->{status}, 403, 'deny');
is(ws(user => 'u', path => '/allowed')->{status}, 101, 'allow');

my $ws = ws(user => 'u', path => '/basic');
is($ws->{status}, 401, 'auth_basic, no password');
ok($ws->{headers}{'www-authenticate'}, 'auth_basic, challenge');
is(ws(user => 'u', path => '/basic',
    headers => [ 'Authorization: Basic am9lOndyb25n' ])->{status}, 401,
    'auth_basic, wrong password');

$ws = ws(user => 'u', path => '/basic',
    headers => [ 'Authorization: Basic am9lOnNlY3JldA==' ]);
is($ws->{status}, 101, 'auth_basic');
is($ws->{connected}{userId}, 'joe', 'auth_basic, the user is $remote_user');

is(ws(args => 'userId=u', path => '/auth')->{status}, 401, 'auth_request');

$ws = ws(user => 'u', path => '/auth', chats => 'c',
    headers => [ 'X-Token: abc' ]);
is($ws->{status}, 101, 'auth_request, allowed');
is($ws->{connected}{userId}, 'user of abc', 'auth_request, user');

my $other = ws(user => 'o', chats => 'c');
$ws->send_text('{"type":"typing","chatId":"c","isTyping":true}');
is($other->await('user_typing')->{username}, 'name of abc',
    'auth_request, name');

my $message = { chatId => 'c', text => 't', sender => 's' };

is(publish($message, uri => '/publish')->{status}, 401,
    'publishing, auth_request');
is(publish($message, uri => '/publish', headers => [ 'X-Token: x' ])
    ->{status}, 201, 'publishing, auth_request, allowed');
is($ws->await('new_message')->{message}{text}, 't', 'delivered');

# several frames may follow at once: the subrequest has them wait

my $early = ws(user => 'u', path => '/auth', headers => [ 'X-Token: t' ],
    early =>
    Test::Chatws::Client::frame(1, '{"action":"subscribe","chatId":"e"}') x 3);

is(scalar(grep { ($_ || {})->{chatId} eq 'e' }
    map { $early->await('subscription_confirmed') } 1 .. 3), 3,
    'frames before the answer of auth_request');

is(ws(user => 'u', path => '/limited')->{status}, 101, 'limit_req');
is(ws(user => 'u', path => '/limited')->{status}, 503, 'limit_req, over it');

is(ws(user => 'u')->{status}, 101, 'other locations go on');
