#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_upload: each upload is counted once, whatever nginx does with its
# request.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Chatws::Upload;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy rewrite mirror auth_request
    ssi dav /)->plan(27);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => <<'EOH', server => <<'EOC'));

    chatws_users zone=chat;
    chatws_user $arg_userId;
    chatws_upload_id $arg_id;
EOH

        location /upload {
            proxy_pass http://127.0.0.1:8081;
            chatws_upload chat;

            location /upload/nested {
                proxy_pass http://127.0.0.1:8081;
            }

            location /upload/off {
                proxy_pass http://127.0.0.1:8081;
                chatws_upload off;
            }

            location /upload/if {
                if ($arg_if) {
                    proxy_pass http://127.0.0.1:8081;
                }

                if ($arg_named) {
                    set $named 1;
                }

                proxy_pass http://127.0.0.1:8081;
            }

            location /upload/limit {
                limit_except GET {
                    deny all;
                }

                proxy_pass http://127.0.0.1:8081;
            }
        }

        location /error {
            proxy_pass http://127.0.0.1:8081;
            proxy_intercept_errors on;
            chatws_upload chat;
            error_page 404 = @fallback;
            error_page 403 /upload/page;
            error_page 409 =200 /static;
        }

        location @fallback {
            proxy_pass http://127.0.0.1:8081;
        }

        location /static {
            return 200 "static";
        }

        location /unbuffered {
            proxy_pass http://127.0.0.1:8081;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_intercept_errors on;
            chatws_upload chat;
            error_page 404 =201 /static;
        }

        location /rewritten {
            rewrite ^ /upload last;
        }

        location /mirrored {
            mirror /upload/mirror;
            proxy_pass http://127.0.0.1:8081;
            chatws_upload chat;
        }

        location /authenticated {
            auth_request /auth;
            proxy_pass http://127.0.0.1:8081;
            chatws_upload chat;
        }

        location = /auth {
            internal;
            proxy_pass http://127.0.0.1:8081;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            chatws_upload chat;
        }

        location /ssi {
            ssi on;
            ssi_types *;
            proxy_pass http://127.0.0.1:8081;
            chatws_upload chat;
        }

        location /dav {
            dav_methods PUT;
            root %%TESTDIR%%;
            chatws_upload chat;
        }
EOC

my $app = Test::Chatws::App->new(8081);

mkdir $t->testdir() . '/dav';
chmod 0777, $t->testdir() . '/dav';

$t->run();

my $tab = ws(user => 'u');
my $n = 0;

# Uploads 10 bytes to a URI, and answers what reaches the app server, one after
# the other.  Returns what was told, up to the last state.

sub told {
    my ($uri, $last, @answers) = @_;

    my $id = 'id-' . ++$n;
    my $up = upload($uri . ($uri =~ /\?/ ? '&' : '?') . "userId=u&id=$id",
        length => 10, body => '0123456789');

    for my $answer (@answers) {
        my ($status, $body, @fields) = ref $answer ? @$answer : ($answer, '');

        $app->answer($app->question(), $status, $body, @fields);
    }

    my @told = told_until($tab, uploadId => $id, state => $last);

    $up->read_answer();

    return states(@told);
}

my $done = 'processing 10/10, done 10/10';

# where the directive is, and where it is not

is(told('/upload/nested', 'done', 200), $done, 'a nested location');
is(told('/upload/if?if=1', 'done', 200), $done, 'the handler of an if');
is(told('/upload/if?named=1', 'done', 200), $done, 'in an if');
is(told('/rewritten', 'done', 200), $done, 'a rewrite');

for my $uri ('/upload/off', '/upload/limit') {
    my $up = upload("$uri?userId=u&id=none", length => 2, body => 'xy');
    $app->answer($app->question(), 200, '') if $uri =~ /off/;
    is($up->read_answer()->{status}, $uri =~ /off/ ? 200 : 403, $uri);
}

# redirects

is(told('/error', 'done', 404, 201), $done, 'an error page with a name');
is(told('/error', 'failed', 404, 500),
    'processing 10/10, failed 10/10 500', 'an error page that fails');
is(told('/error', 'failed', 403, 200),
    'processing 10/10, failed 10/10 403', 'an error page with uploads');
is(told('/error', 'done', 409), $done, 'another status');
is(told('/error', 'failed', 500), 'processing 10/10, failed 10/10 500',
    'no error page');
is(told('/unbuffered', 'done', 404), $done,
    'an error page, unbuffered');
is(told('/upload', 'done', [ 200, '', 'X-Accel-Redirect: /static' ]), $done,
    'X-Accel-Redirect');
is(told('/upload', 'done', [ 200, '', 'X-Accel-Redirect: /upload/again' ],
    200), $done, 'X-Accel-Redirect to uploads');
is(told('/upload', 'done', [ 200, '', 'X-Accel-Redirect: @fallback' ], 200),
    $done, 'X-Accel-Redirect to a name');

# subrequests

is(told('/mirrored', 'done', 200, 200), $done, 'a mirror');
is(told('/authenticated', 'done', 200, 200), $done, 'auth_request');

my $up = upload('/authenticated?userId=u&id=none', length => 2, body => 'xy');
$app->answer($app->question(), 401, '');
is($up->read_answer()->{status}, 401, 'auth_request, refused');

is(told('/ssi', 'done',
    [ 200, '<!--#include virtual="/upload/included?userId=u&id=none" -->' ],
    200), $done, 'an include');

# a file

$up = upload('/dav/file?userId=u&id=file', method => 'PUT', length => 5,
    body => 'bytes');
is(states(told_until($tab, uploadId => 'file', state => 'done')),
    'processing 5/5, done 5/5', 'a PUT');

# a request of which a part was answered

$up = upload('/unbuffered?userId=u&id=early', length => 10, body => '01234');
told_last($tab, uploadId => 'early', received => 5);

eventually(sub { $app->wait(1); grep { $_->{in} =~ /01234$/ }
    values %{$app->{connections}} });
my ($early) = grep { $_->{in} =~ /01234$/ } values %{$app->{connections}};

$app->answer($early, 415, '');
is(states(told_last($tab, uploadId => 'early', state => 'failed')),
    'failed 5/10 415', 'an early answer');
$up->drop();
$app->hang_up($early);

# resumable uploads

my @tus = ('Tus-Resumable: 1.0.0', 'X-Upload-Length: 30');

$up = upload('/upload?userId=u&id=tus', method => 'PATCH', length => 20,
    headers => [ @tus, 'Upload-Offset: 10' ], body => '01234');
is(states(told_last($tab, uploadId => 'tus', received => 15)),
    'uploading 15/30', 'tus, an offset');
$up->drop();
is(states(told_last($tab, uploadId => 'tus', state => 'paused')),
    'paused 15/30', 'tus, paused');

$up = upload('/upload?userId=u&id=tus', method => 'PATCH', length => 5,
    headers => [ @tus, 'Upload-Offset: 15' ], body => '56789');
$app->answer($app->question(), 204, '');
is($up->read_answer()->{status}, 204, 'tus, a part');

$up = upload('/upload?userId=u&id=tus', method => 'PATCH', length => 10,
    headers => [ @tus, 'Upload-Offset: 20' ], body => '0123456789');
$app->answer($app->question(), 204, '');
is(states(told_until($tab, uploadId => 'tus', state => 'done')),
    'uploading 20/30, processing 30/30, done 30/30', 'tus, the last part');

# the draft that came of it

$up = upload('/upload?userId=u&id=draft', length => 5,
    headers => [ 'Upload-Complete: ?1', 'Upload-Length: 5' ],
    body => '01234');
$app->answer($app->question(), 201, '');
is(states(told_until($tab, uploadId => 'draft', state => 'done')),
    'processing 5/5, done 5/5', 'the draft of the IETF');

is_deeply([ grep { ($_->{uploadId} || '') eq 'none' } @{$tab->{skipped}} ],
    [], 'nothing of the others');
