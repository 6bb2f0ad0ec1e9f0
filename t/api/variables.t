#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The variables, in an access log.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http rewrite proxy limit_conn map
    auth_request /)->plan(32);

$t->write_file_expand('nginx.conf', conf(http => <<'EOC',

    limit_conn_zone $chatws_user zone=conn:1m;

    map $chatws_user $mapped {
        default   none;
        ~^mapped  yes;
    }

    log_format chat '$status|$chatws_user|$chatws_username|$chatws_chat|'
                    '$chatws_seq|$chatws_recipients|$chatws_result|$uri';
    access_log %%TESTDIR%%/chat.log chat;
EOC
    publish => 'client_max_body_size 1k;',
    server => <<'EOC'))->run();

        location = /other {
            return 204;
        }

        location = /capture {
            proxy_pass http://127.0.0.1:8080/app;
            chatws_publish_response chat;
        }

        location = /app {
            default_type application/json;
            return 201 '{"chatId":"c2","text":"t","sender":"s"}';
        }

        location = /early {
            set $early "$chatws_user/$chatws_username";
            add_header X-Early $early always;
            add_header X-Mapped $mapped always;

            if ($chatws_user = mallory) {
                return 403 "not $chatws_user";
            }

            limit_conn conn 1;
            chatws chat;
        }

        location = /elsewhere {
            set $early "$chatws_user/$chatws_username";
            add_header X-Early $early always;
            limit_conn conn 1;
            return 204;
        }

        location = /cookie {
            limit_conn conn 1;
            chatws chat;
            chatws_user $cookie_user;
        }

        location = /late {
            auth_request /check;
            auth_request_set $late $upstream_http_x_user;
            add_header X-Early $chatws_user always;
            chatws chat;
            chatws_user $late;
        }

        location = /check {
            proxy_pass http://127.0.0.1:8080/checked;
        }

        location = /checked {
            add_header X-User late;
            return 204;
        }

        location = /itself {
            chatws chat;
            chatws_user $chatws_user;
        }

        location = /each/other {
            chatws chat;
            chatws_user $chatws_username;
            chatws_username $chatws_user;
        }

        location = /name {
            chatws chat;
            chatws_username "$chatws_user!";
        }

        location = /map {
            chatws chat;
            chatws_user $http_x_user;
            chatws_username "$http_x_user the $http_x_kind";
        }
EOC

my $ws = ws(user => 'u1', username => 'n1', chats => 'c1');

publish({ chatId => 'c1', text => 't', sender => 's' });
ok(logged($t, qr{^201\|.*\|c1\|1\|1\|published\|/api/messages$}m), 'published');

publish({ chatId => 'c1', text => 't', sender => 'u1' });
ok(logged($t, qr{^201\|.*\|c1\|2\|0\|published\|/api/messages$}m),
    'published to nobody');

publish('{}');
ok(logged($t, qr{^400\|.*\|refused\|/api/messages$}m), 'refused');

request('POST', '/capture', body => 'x');
ok(logged($t, qr{^201\|.*\|c2\|1\|0\|published\|/capture$}m), 'a response');

request('GET', '/other');
ok(logged($t, qr{^204\|(?:-?\|){6}/other$}m), 'elsewhere: nothing');

ws(args => '');
ok(logged($t, qr{^400\|.*/api/ws$}m), 'a refused connection');

$ws->drop();
ok(logged($t, qr{^101\|u1\|n1\|.*/api/ws$}m), 'a connection');

# expressions

$ws = ws(args => 'userId=ignored', path => '/map',
    headers => [ 'X-User: joe', 'X-Kind: first' ], chats => 'c3');
is($ws->{connected}{userId}, 'joe', 'chatws_user');

my $other = ws(user => 'o', chats => 'c3');
$ws->send_text('{"type":"typing","chatId":"c3","isTyping":true}');
is($other->await('user_typing')->{username}, 'joe the first',
    'chatws_username');

$ws->drop();
ok(logged($t, qr{^101\|joe\|joe the first\|.*/map$}m), 'expressions, logged');

is(ws(args => 'userId=u', path => '/map')->{json}{error}, 'Missing userId',
    'an empty expression');


# each phase is told the same, and before the content

is(ws(user => 'a%20b', username => 'n', path => '/early')->{headers}{'x-early'},
    'a%20b/n', 'as early as set');
is(ws(user => 'u9', path => '/early')->{headers}{'x-early'}, 'u9/u9',
    'a name that is the id');
is(ws(user => 'mapped1', path => '/early')->{headers}{'x-mapped'}, 'yes',
    'in a map');
is(ws(user => 'mallory', path => '/early')->{body}, 'not mallory',
    'in an if');
is(ws(args => '', path => '/early')->{headers}{'x-early'}, '/',
    'none, empty');
is(ws(args => 'userId=u&userId=v', path => '/early')->{headers}{'x-early'}, '/',
    'repeated, empty');
is(ws(args => 'userId=%00', path => '/early')->{headers}{'x-early'}, '/',
    'not valid, empty');
is(request('GET', '/elsewhere?userId=u')->{headers}{'x-early'}, '/',
    'elsewhere, empty');

my $one = ws(user => 'limited', path => '/early');
is($one->{status}, 101, 'limit_conn, as many as allowed');
is(ws(user => 'limited', path => '/early')->{status}, 503,
    'limit_conn, one more');
is(ws(user => 'limited2', path => '/early')->{status}, 101,
    'limit_conn, another user');
is(request('GET', '/elsewhere?userId=limited')->{status}, 204,
    'limit_conn, elsewhere');

my @cookie = (headers => [ 'Cookie: user=limited' ]);

is(ws(user => 'x', path => '/cookie', @cookie)->{status}, 503,
    'limit_conn, the same user by a cookie');
$one->drop();
ok(eventually(sub {
    ($one = ws(user => 'x', path => '/cookie', @cookie))->{status} == 101
}), 'limit_conn, room again');
is(ws(user => 'y', path => '/cookie', @cookie)->{status}, 503,
    'limit_conn, chatws_user');
$one->drop();

my $late = ws(user => 'x', path => '/late');
is($late->{headers}{'x-early'}, 'late', 'of auth_request');
is($late->{connected}{userId}, 'late', 'of auth_request, connected');

is(ws(user => 'u', path => '/itself')->{json}{error}, 'Missing userId',
    'made of itself');
is(ws(user => 'u', path => '/each/other')->{json}{error}, 'Missing userId',
    'made of each other');
like($t->read_file('error.log'), qr/"chatws_user" is made of itself/,
    'made of itself, logged');

$ws = ws(user => 'u', path => '/name', chats => 'c3');
$ws->send_text('{"type":"typing","chatId":"c3","isTyping":true}');
is($other->await('user_typing')->{username}, 'u!', 'a name made of the id');


sub logged {
    my ($t, $re) = @_;

    return eventually(sub { $t->read_file('chat.log') =~ $re })
        || !diag($t->read_file('chat.log'));
}
