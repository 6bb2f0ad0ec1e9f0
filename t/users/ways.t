#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Users as targets in the other ways in: the answer of an app server, commands,
# requests of users, tokens as the first message; and in a zone that is full.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy /)->plan(33);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_zone zone=small:128k;
        chatws_users zone=small;
        chatws_token_key_file %%TESTDIR%%/keys.jwks;
        log_format test "$uri|$chatws_result|$chatws_users|$chatws_chat";
        access_log %%TESTDIR%%/test.log test;',
    server => <<'EOC'));

        location = /message {
            chatws chat;
            chatws_token message;
        }

        location = /commands {
            chatws_api chat write=on;
        }

        location = /small {
            chatws small;
        }

        location = /to_small {
            chatws_publish small;
        }

        location = /small_status {
            chatws_status small;
        }

        location = /user {
            chatws_publish chat;
            chatws_token $http_authorization;
            chatws_access token;
        }

        location /app/ {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat users;

            location /app/batch {
                proxy_pass http://127.0.0.1:8081;
                chatws_publish_response chat batch users;
            }

            location /app/chat {
                proxy_pass http://127.0.0.1:8081;
                chatws_publish_response chat;
            }

            location /app/inherited {
                if ($arg_if) {
                    set $if 1;
                }

                limit_except POST {
                    deny all;
                }

                proxy_pass http://127.0.0.1:8081;
            }
        }
EOC

$t->run_daemon(\&app_server, port(8081), \&example_app);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

# a token as the first message

my $ann = ws(path => '/message', args => '', raw => 1);
$ann->send_json({ action => 'auth', token => token($key),
    id => 1 });
$ann->await('connected');
like($ann->{last}, qr/"expiresIn":\d+,"userSeq":0,"epoch":"\w+",
    "features":\["users","members"\],"id":1\}$/x,
    'a token as the first message');

# the answer of an app server

my $chat = ws(user => 'bob', chats => 'chat_1');

for my $path ('/app/one', '/app/inherited', '/app/inherited?if=1',
    '/app/batch')
{
    my $answer = publish({ toUsers => [ 'ann' ], chatId => 'chat_1',
        type => 'note', path => $path }, uri => $path);

    is($answer->{status}, 201, "$path, unchanged");
    is($answer->{json}{toUsers}[0], 'ann', "$path, with all of it");

    my $event = $ann->await('note');
    is($event->{path}, $path, $path);
    ok(exists $event->{userSeq} && !exists $event->{toUsers},
        "$path, to the user");
}

publish([ { toUsers => 'ann', type => 'one' },
    { toUsers => 'ann', type => 'two' } ], uri => '/app/batch');
$ann->await('two');
is($ann->{skipped}[0]{type}, 'one', 'a batch');

publish({ toUsers => 'ann', chatId => 'chat_1', type => 'note' },
    uri => '/app/chat');
my $event = $chat->await('note');
is(scalar @{$chat->{skipped}}, 0, 'without the parameter, not before');
is($event->{toUsers}, 'ann', 'without the parameter, a further member');
is($event->{seq}, 1, 'without the parameter, to the chat');

# a command

my $answer = publish({ command => 'publish', toUsers => 'ann',
    type => 'note' }, uri => '/commands');
is($answer->{json}{users}{ann}{recipients}, 1, 'a command');
$ann->await('note');
is(scalar(grep { exists $_->{toUsers} } @{$ann->{skipped}}), 0,
    'nothing else came');

# a user may not

my $bearer = 'Authorization: Bearer ' . token($key,
    claims => { sub => 'eve', chats => { chat_1 => [ 'send' ] } });

$answer = publish({ toUsers => 'ann', chatId => 'chat_1', type => 'note' },
    uri => '/user', headers => [ $bearer ]);
is("$answer->{status} $answer->{json}{error}", '403 Not allowed', 'a user');
is(publish({ toUsers => 'ann', type => 'note' }, uri => '/user',
    headers => [ $bearer ])->{status}, 403, 'a user, no chat');
is(publish({ chatId => 'chat_1', type => 'note' }, uri => '/user',
    headers => [ $bearer ])->{status}, 201, 'a user, to a chat');

# a full zone: inboxes of users without connections give way, in order

my $joe = ws(user => 'joe', path => '/small', chats => 'held');

publish({ toUsers => 'joe', type => 'note' }, uri => '/to_small');
publish({ chatId => "kept_$_", type => 'note' }, uri => '/to_small')
    for 1 .. 5;

my $before = request('GET', '/small_status')->{json};
my $accepted = 0;

for my $batch (1 .. 10) {
    $answer = publish({ type => 'note', toUsers => [
        map { "user_${batch}_$_" . 'x' x 60 } 1 .. 100 ] },
        uri => '/to_small');
    $accepted += grep { $_->{userSeq} } values %{$answer->{json}{users}};
}

my $status = request('GET', '/small_status')->{json};

is($accepted, 1000, 'all were accepted');
cmp_ok($status->{evictions}, '>', 100, 'most gave way again');
is($status->{chats}, $before->{chats}, 'no chat did');

is(publish({ toUsers => 'joe', type => 'last' }, uri => '/to_small')
    ->{json}{users}{joe}{userSeq}, 2, 'nor who is connected');
is($joe->await('last')->{userSeq}, 2, 'and gets it');

# the log

my @lines;

ok(eventually(sub {
    @lines = split /\n/, $t->read_file('test.log');
    grep { m{^/app/one\|published\|ann\|chat_1$} } @lines;
}), 'variables of an answer');

is((grep { m{^/app/chat\|} } @lines)[0], '/app/chat|published|-|chat_1',
    'to a chat');
