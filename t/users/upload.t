#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_upload: the connections of a user are told how an upload goes, to the
# byte, however it comes.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Chatws::Upload;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy rewrite /)->plan(38);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => <<'EOH', server => <<'EOC'));

    chatws_users zone=chat;
    chatws_user $arg_userId;
    proxy_http_version 1.1;
    client_body_buffer_size 4k;
EOH

        location /buffered {
            proxy_pass http://127.0.0.1:8081;
            chatws_upload chat;
            client_max_body_size 1m;
        }

        location /unbuffered {
            proxy_pass http://127.0.0.1:8081;
            proxy_request_buffering off;
            chatws_upload chat;
            client_max_body_size 1m;
        }

        location /nobody {
            proxy_pass http://127.0.0.1:8082;
            chatws_upload chat;

            location /nobody/unbuffered {
                proxy_pass http://127.0.0.1:8082;
                proxy_request_buffering off;
            }
        }

        location /named {
            proxy_pass http://127.0.0.1:8081;
            chatws_upload chat;
            chatws_upload_id $arg_id;
            chatws_username $arg_name;
            chatws_upload_chat $arg_chatId;
            chatws_upload_interval 100ms;
        }

        location /off {
            proxy_pass http://127.0.0.1:8081;
            chatws_upload off;
        }
EOC

my $app = Test::Chatws::App->new(8081);

$t->run();

# tabs in both workers, and another user

my @tabs = map { ws(user => 'u') } 1 .. 4;
my $other = ws(user => 'other');
my $n = 0;

# piece by piece: each piece is told by itself

for my $where (qw/ buffered unbuffered /) {
    my $id = "$where-" . ++$n;
    my $up = upload("/$where?userId=u", length => 40000,
        headers => [ "X-Progress-ID: $id" ], body => 'x' x 11);
    my %of = (uploadId => $id);

    is(told_last($tabs[0], %of, received => 11)->{state}, 'uploading',
        "$where, the first bytes");

    $up->send_raw('x' x 29989);
    is(told_last($tabs[0], %of, received => 30000)->{state}, 'uploading',
        "$where, more");

    $up->send_raw('x' x 10000);

    my $question = $app->question();
    is(length $question->{body}, 40000, "$where, all came to the app");

    my $event = told_last($tabs[0], %of, state => 'processing');
    is(states($event), 'processing 40000/40000', "$where, all was received");

    # the app takes its time: it is repeated

    is(states(told_last($tabs[0], %of)), 'processing 40000/40000',
        "$where, told again");

    $app->answer($question, 201, '{}');
    is($up->read_answer()->{status}, 201, "$where, the answer");

    for my $tab (@tabs) {
        is(states(told_last($tab, %of, state => 'done')), 'done 40000/40000',
            "$where, each tab is told of the end");
    }

    delete $event->{timestamp};
    is_deeply($event, { type => 'upload_progress', uploadId => $id,
        userId => 'u', username => 'u', state => 'processing',
        received => 40000, total => 40000 }, "$where, the members");
}

# chunks, whose total is not known

for my $where (qw/ buffered unbuffered /) {
    my $id = "$where-" . ++$n;
    my $up = upload("/$where?userId=u",
        headers => [ "X-Progress-ID: $id" ], body => "a\r\n0123456789\r\n");

    is(states(told_last($tabs[0], uploadId => $id, received => 10)),
        'uploading 10/-', "$where, chunks");

    $up->send_raw("5;x=y\r\n01234\r\n0\r\n\r\n");

    my $question = $app->question();

    told_last($tabs[0], uploadId => $id, state => 'processing');

    $app->answer($question, 200, '{}');
    is(states(told_last($tabs[0], uploadId => $id, state => 'done')),
        'done 15/-', "$where, chunks, all");

    # what was not read of the chunks
    $app->hang_up($question);
}

# the client goes away

for my $where (qw/ buffered unbuffered /) {
    my $id = "$where-" . ++$n;
    my $up = upload("/$where?userId=u", length => 100,
        headers => [ "X-Progress-ID: $id" ], body => 'x' x 60);

    told_last($tabs[0], uploadId => $id, received => 60);
    $up->drop();

    is(states(told_last($tabs[0], uploadId => $id, state => 'aborted')),
        'aborted 60/100', "$where, the client is gone");
}

# the app server is not there, and refuses what it gets

my $id = 'nobody';
my $up = upload('/nobody?userId=u', length => 5,
    headers => [ "X-Progress-ID: $id" ], body => 'x' x 5);

is($up->read_answer()->{status}, 502, 'no app server');
is(states(told_last($tabs[0], uploadId => $id, state => 'failed')),
    'failed 5/5 502', 'no app server, failed');

$up = upload('/nobody/unbuffered?userId=u', length => 50,
    headers => [ "X-Progress-ID: $id" ], body => 'x' x 5);

is($up->read_answer()->{status}, 502, 'no app server, unbuffered');
is(states(told_last($tabs[0], uploadId => $id, state => 'failed')),
    'failed 5/50 502', 'failed before all was received');
$up->drop();

$up = upload('/unbuffered?userId=u', length => 9,
    headers => [ "X-Progress-ID: $id" ], body => 'x' x 9);
my $question = $app->question();

$app->answer($question, 507, '{}');
is(states(told_last($tabs[0], uploadId => $id, state => 'failed')),
    'failed 9/9 507', 'the app server refuses it');

# too much, found out before, or in the middle of it

is(request('POST', '/buffered?userId=u',
    headers => [ 'X-Progress-ID: large', 'Content-Length: 2000000' ])
    ->{status}, 413, 'too large by its length');

$up = upload('/buffered?userId=u',
    headers => [ 'X-Progress-ID: larger' ], body => "a\r\n0123456789\r\n");

told_last($tabs[0], uploadId => 'larger', received => 10);
$up->send_raw("1ffffff\r\n01");
is(states(told_last($tabs[0], uploadId => 'larger', state => 'failed')),
    'failed 10/- 413', 'too large, in the middle');
$up->drop();

# one of no bytes, and the names of directives

$up = upload('/named?userId=u&id=i&name=Jane&chatId=c', length => 0);
$app->answer($app->question(), 204, '');

my ($event) = told_until($tabs[0], uploadId => 'i', state => 'done');

delete $event->{timestamp};
is_deeply($event, { type => 'upload_progress', uploadId => 'i',
    chatId => 'c', userId => 'u', username => 'Jane', state => 'processing',
    received => 0, total => 0 }, 'the names, and no bytes');

# whose id, user or directive is missing is not told

for my $uri ('/named?userId=u', '/named?userId=u&id=' . 'x' x 129,
    '/named?id=i', '/off?userId=u&id=i')
{
    $up = upload($uri, length => 3, body => 'abc');
    $app->answer($app->question(), 200, '{}');
    $up->read_answer();
}

$up = upload('/named?userId=other&id=last', length => 3, body => 'abc');
$app->answer($app->question(), 200, '{}');

is(states(told_until($other, state => 'done')),
    'processing 3/3, done 3/3', 'others are told of their own only');

my $marker = upload('/named?userId=u&id=end', length => 3, body => 'abc');
$app->answer($app->question(), 200, '{}');

is(states(told_until($tabs[0], state => 'done')),
    'processing 3/3, done 3/3', 'nothing of what can\'t be shown');
