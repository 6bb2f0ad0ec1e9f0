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

my $t = Test::Nginx->new()->has(qw/ http rewrite proxy /)->plan(11);

$t->write_file_expand('nginx.conf', conf(http => <<'EOC',

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


sub logged {
    my ($t, $re) = @_;

    return Test::Chatws::until(sub { $t->read_file('chat.log') =~ $re })
        || !diag($t->read_file('chat.log'));
}
