#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_upload_chat: those in the chat are told of an upload if its user may
# send there, and not often.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Chatws::Token;
use Test::Chatws::Upload;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy /)->plan(32);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => <<'EOH',
    chatws_users zone=chat;
    chatws_upload_id $arg_id;
    chatws_upload_chat $arg_chatId;
    chatws_token_key_file %%TESTDIR%%/keys;
    proxy_http_version 1.1;
EOH
    server => <<'EOC'));

        location /upload {
            proxy_pass http://127.0.0.1:8081;
            proxy_request_buffering off;
            chatws_user $arg_userId;
            chatws_upload chat;

            location /upload/pattern {
                proxy_pass http://127.0.0.1:8081;
                chatws_chat_pattern ^d$;
            }

            location /upload/request {
                proxy_pass http://127.0.0.1:8081;
                chatws_access request;
                chatws_access_pass unix:%%TESTDIR%%/app;
            }
        }

        location /token {
            proxy_pass http://127.0.0.1:8081;
            chatws_token $http_x_token;
            chatws_access token;
            chatws_upload chat;
        }

        location = /asks {
            chatws chat;
            chatws_access request;
            chatws_access_pass unix:%%TESTDIR%%/app;
        }

        location = /own {
            chatws chat;
            chatws_own_messages on;
        }

        location = /api {
            chatws_api chat write=on;
        }
EOC

my $key = secret_key('k');
$t->write_file('keys', jwks($key));

my $app = Test::Chatws::App->new(8081);
my $access = Test::Chatws::App->new($t->testdir() . '/app');
chmod 0777, $t->testdir() . '/app';

$t->run();

my $own = ws(user => 'u', chats => 'c');
my $mine = ws(user => 'u', chats => 'c', path => '/own');
my @others = map { ws(user => $_, chats => 'c') } qw/ a b /;
my $out = ws(user => 'a', chats => 'd');

# Uploads a whole body.

sub whole {
    my ($uri, %o) = @_;

    my $up = upload($uri, length => 40, body => 'x' x 40, %o);

    $app->answer($app->question(), 200, '{}');

    return $up->read_answer()->{status};
}

# What those in the chat are told until a publication comes.

my $n = 0;

sub told_chat {
    my ($ws) = @_;

    publish({ chatId => 'c', text => 'marker ' . ++$n, sender => 's' });
    $ws->await('new_message');

    return grep { $_->{type} eq 'upload_progress' } @{$ws->{skipped}};
}

# piece by piece

my $received = 0;
my $up = upload('/upload?userId=u&id=1&chatId=c', length => 1000000);

for my $piece (10000, 70000, 420000, 400000, 99999, 1) {
    $up->send_raw('x' x $piece);
    $received += $piece;
    eventually(sub { $app->wait(0); 1 });
    told_last($own, uploadId => '1', received => $received);
}

my $question = $app->question();

$app->answer($question, 200, '{}');

my @told = told_until($others[0], state => 'done');
my $last = pop @told;

is(states($last), 'done 1000000/1000000', 'the end');

delete $last->{timestamp};
is_deeply($last, { type => 'upload_progress', uploadId => '1',
    chatId => 'c', userId => 'u', username => 'u', state => 'done',
    received => 1000000, total => 1000000 }, 'the members');

my ($rare, $news) = (0, 0);

for my $i (1 .. $#told) {
    my ($first, $second) = map { time_of($_) } @told[$i - 1, $i];
    my $more = $told[$i]{received} - $told[$i - 1]{received};

    $rare++ if $second - $first < 0.99;
    $news++ if $more < 50000 && $second - $first < 4.4
        && $told[$i]{state} eq $told[$i - 1]{state};
}

is($rare, 0, 'not more often than once in a second');
is($news, 0, 'not without news');
is(states(told_last($others[1], state => 'done')),
    'done 1000000/1000000', 'another one in the chat');

# the own connections are told once

for my $ws ($own, $mine) {
    told_last($ws, state => 'done');
    is(scalar(told_chat($ws)), 0, 'own connections are told once');
}

sub time_of {
    my ($event) = @_;

    return $event->{timestamp} =~ /T(\d+):(\d+):(\d+\.\d+)Z/
        ? $1 * 3600 + $2 * 60 + $3 : 0;
}

# a stalled one is repeated

$up = upload('/upload?userId=u&id=2&chatId=c', length => 40, body => 'x' x 20);

told_last($others[0], uploadId => '2', received => 20);
is(states(told_last($others[0], uploadId => '2')), 'uploading 20/40',
    'told again');
$up->drop();
is(states(told_last($others[0], uploadId => '2', state => 'aborted')),
    'aborted 20/40', 'aborted');

# ids of chats that can't be, or are not allowed here

for my $case ([ '/upload?userId=u&id=3&chatId=' . 'x' x 129, 'too long' ],
    [ '/upload?userId=u&id=3', 'no chat' ],
    [ '/upload/pattern?userId=u&id=3&chatId=c', 'not allowed' ])
{
    my ($uri, $name) = @$case;

    is(whole($uri), 200, $name);
    is(told_last($own, uploadId => '3', state => 'done')->{chatId}, undef,
        "$name, its user is told");
    is(scalar(told_chat($others[0])), 0, "$name, nobody else is");
}

# claims

for my $case ([ [ 'send' ], 1 ], [ [ 'subscribe', 'typing' ], 0 ]) {
    my ($rights, $may) = @$case;

    is(whole('/token?id=4&chatId=c', headers => [ 'X-Token: '
        . token($key, claims => { chats => { c => $rights } }) ]), 200,
        "claims, @$rights");

    if ($may) {
        is(states(told_last($others[0], uploadId => '4', state => 'done')),
            'done 40/40', "claims, @$rights, told");

    } else {
        is(scalar(told_chat($others[0])), 0, "claims, @$rights, not told");
    }
}

is(whole('/token?id=4&chatId=c'), 200, 'no token');
is(scalar(told_chat($others[0])), 0, 'no token, nothing is told');

# what the app server has said before; it is not asked

is(whole('/upload/request?userId=u&id=5&chatId=c'), 200, 'not known');
is(scalar(told_chat($others[0])), 0, 'not known, nobody is told');
ok(!$access->question(0), 'the app server is not asked');

my $asks = ws(user => 'u', path => '/asks');

$asks->send_json({ action => 'subscribe', chatId => 'c' });
$access->grant($access->question());
$asks->await('subscription_confirmed');

is(whole('/upload/request?userId=u&id=5&chatId=c'), 200, 'granted');
is(states(told_until($others[0], uploadId => '5', state => 'done')),
    'processing 40/40, done 40/40', 'granted, told');

# a command has taken the rights

request('POST', '/api', headers => [ 'Content-Type: application/json' ],
    body => '{"command":"unsubscribe","userId":"u","chatId":"c","until":'
        . (time() + 600) . '}');

is(whole('/upload?userId=u&id=6&chatId=c'), 200, 'taken');
is(scalar(told_chat($others[0])), 0, 'taken, nobody is told');

$out->send_json({ action => 'example' });
$out->await('error');
is(scalar(grep { $_->{type} eq 'upload_progress' } @{$out->{skipped}}), 0,
    'another chat');
