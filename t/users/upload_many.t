#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_upload: several uploads of a user, a reload, and workers that die.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Chatws::App;
use Test::Chatws::Upload;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy /)->plan(20);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => <<'EOH', server => <<'EOC'));

    chatws_users zone=chat;
    chatws_user $arg_userId;
    chatws_upload_id $arg_id;
EOH

        location /upload {
            proxy_pass http://127.0.0.1:8081;
            chatws_upload chat;
        }

        location = /status {
            chatws_status chat;
        }
EOC

my $app = Test::Chatws::App->new(8081);

$t->run();

my @tabs = map { ws(user => 'u') } 1 .. 4;
my $other = ws(user => 'other');

# Uploads whole ones, whatever worker takes them.

sub whole {
    my ($user, $id, $length) = @_;

    my $up = upload("/upload?userId=$user&id=$id", length => $length,
        body => 'x' x $length);

    $app->answer($app->question(), 200, '{}');
    $up->read_answer();
}

# a second one with the same id, of the same user

my $up = upload('/upload?userId=u&id=same', length => 100, body => 'x' x 10);
told_last($tabs[0], uploadId => 'same', received => 10);

whole('u', 'same', 7) for 1 .. 8;
whole('other', 'same', 8);

is(states(told_until($other, state => 'done')), 'processing 8/8, done 8/8',
    'another user with the same id');

$up->send_raw('x' x 90);
$app->answer($app->question(), 200, '{}');

for my $tab (@tabs) {
    is(scalar(grep { $_->{total} != 100 }
        told_until($tab, uploadId => 'same', state => 'done')), 0,
        'the first one only');
}

whole('u', 'same', 9);
is(states(told_until($tabs[0], state => 'done')), 'processing 9/9, done 9/9',
    'and then another one');

# many of them: those too many are shown as soon as there is room

my @up;

for my $n (1 .. 16) {
    push @up, upload("/upload?userId=u&id=many-$n", length => 100,
        body => 'x' x $n);
    told_last($tabs[0], uploadId => "many-$n", received => $n);
}

my $late = upload('/upload?userId=u&id=late', length => 100,
    body => 'x' x 50);
whole('u', 'never', 5) for 1 .. 4;
whole('other', 'marker', 5);
told_last($other, state => 'done');

$_->drop() for @up[0 .. 1];

my @told = told_until($tabs[0], uploadId => 'late', received => 50);

is(scalar(grep { $_->{uploadId} eq 'never' } @told), 0,
    'at most 16 are shown');
ok((grep { $_->{state} eq 'aborted' } @told) != 0,
    'another one when one has ended');

is(hub_status()->{uploads}, 2 + 1 + 16 + 1 + 1, 'uploads are counted');

# a reload: the tabs go to new workers, the upload stays where it is

ok(reloaded($t), 'reload');

$late->send_raw('x' x 49);

for my $tab (@tabs) {
    is(told_last($tab, uploadId => 'late', received => 99)->{state},
        'uploading', 'told after a reload');
}

$late->send_raw('x');
$app->answer($app->question(), 200, '{}');
is(states(told_last($tabs[0], uploadId => 'late', state => 'done')),
    'done 100/100', 'and done');
$_->drop() for @up;

# a worker dies: nothing counts that it had

my $id = 0;
my @pids = eventually(sub { workers_of($t) == 2 }) ? workers_of($t) : ();

is(scalar @pids, 2, 'the previous workers have ended');

@up = map { upload('/upload?userId=other&id=' . $_, length => 100,
    body => 'x' x 10) } 1 .. 16;

eventually(sub { hub_status()->{uploads} == 2 + 1 + 16 + 1 + 1 + 16 });

slay($_) for @pids;
ok(eventually(sub { grep { $_ != $pids[0] && $_ != $pids[1] }
    workers_of($t) }), 'workers died');

my $ws = ws(user => 'other');

$up = upload('/upload?userId=other&id=1', length => 50, body => 'x' x 20);
is(states(told_last($ws, uploadId => '1', received => 20)),
    'uploading 20/50', 'an upload of the same id');
$up->send_raw('x' x 30);
$app->answer($app->question(), 200, '{}');
is($up->read_answer()->{status}, 200, 'and its answer');

is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->write_file('error.log', '');
