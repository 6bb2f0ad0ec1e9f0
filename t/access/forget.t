#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Commands and what the app server has granted: forget and unsubscribe drop it
# in all workers, and what was answered to an older question takes no effect.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(15);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => <<'EOC',
    chatws_access request;
    chatws_access_pass http://127.0.0.1:8081;
    chatws_access_timeout 30s;
EOC
    endpoint => 'chatws_access_cache valid=1h denied=1h;',
    server => 'location = /api/commands { chatws_api chat write=on; }'));

my $app = Test::Chatws::App->new(8081);

$t->run();

sub command {
    return publish($_[0], uri => '/api/commands')->{status};
}

sub ask {
    my ($ws, $chat) = @_;

    $ws->send_json({ action => 'subscribe', chatId => $chat });
}

# What the app server is asked, and says.

sub decide {
    my ($app, @rights) = @_;

    my $q = $app->question() or return 'none';

    $app->answer($q, 200, { chats => { map { $_ => [ @rights ] }
        @{$q->{json}{chats}} } });

    return join ' ', sort @{$q->{json}{chats}};
}

sub said {
    my ($ws) = @_;

    my $event = $ws->next() || {};

    return $event->{error} || $event->{reason} || $event->{type};
}

# --- forget: subscriptions are asked for again at once

my $ann = ws(user => 'ann');
my $bob = ws(user => 'bob');

for my $ws ($ann, $bob) {
    ask($ws, 'c');
    is(decide($app, 'subscribe'), 'c', 'asked');
    is(said($ws), 'subscription_confirmed', 'granted');
}

is(command('{"command":"forget","userId":"ann","chatId":"other"}'), 202,
    'forget, another chat');
is(command('{"command":"forget","userId":"ann","chatId":"c"}'), 202,
    'forget');
is(decide($app), 'c', 'asked again');
is(said($ann), 'denied', 'denied now');

my $again = ws(user => 'bob');
ask($again, 'c');
is(said($again), 'subscription_confirmed', 'known still of another user');

# --- an answer to a question from before a forget takes no effect

ask($ann, 'late');

my $q = $app->question();

is(command('{"command":"forget","userId":"ann"}'), 202, 'forget, meanwhile');
$app->answer($q, 200, { chats => { late => [ 'subscribe' ] } });

is(decide($app), 'late', 'asked again after a late answer');
is(said($ann), 'Not allowed', 'the newer answer counts');

# --- unsubscribe drops what is known, so that who comes back is asked for

command('{"command":"unsubscribe","userId":"bob","chatId":"c"}');
is(join(' ', map { said($_) } $bob, $again), 'removed removed',
    'unsubscribe');

ask($bob, 'c');
is(decide($app), 'c', 'asked for who comes back');
is(said($bob), 'Not allowed', 'denied');
