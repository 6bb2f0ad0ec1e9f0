#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A command for a user and an answer of the app server, in both orders: what was
# asked for before the command grants nothing after it.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(32);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    endpoint => <<'EOC',
    chatws_access request;
    chatws_access_pass http://127.0.0.1:8081;
    chatws_access_cache valid=1h denied=0;
    chatws_access_timeout 30s;
EOC
    server => 'location = /api/commands { chatws_api chat write=on; }'));

my $app = Test::Chatws::App->new(8081);

$t->run();

my $ws = ws(user => 'ann');

# an answer that is late: it is asked for again

for my $command ({ command => 'forget', userId => 'ann' },
    { command => 'forget', userId => 'ann', chatId => 'late' },
    { command => 'forget', chatId => 'late' },
    { command => 'forget' },
    { command => 'unsubscribe', userId => 'ann', chatId => 'late' },
    { command => 'expire', userId => 'ann', at => time() + 86400 })
{
    my $name = join ' ', @$command{qw/ command /},
        grep { exists $command->{$_} } qw/ userId chatId /;

    $ws->send_json({ action => 'subscribe', chatId => 'late' });
    my $q = $app->question();

    is(command($command), 202, "late, $name");
    $app->grant($q);

    $q = $app->question();
    is_deeply($q->{json}{chats}, ['late'], "late, $name, asked again");
    $app->answer($q, 403, '');
    is($ws->next()->{error}, 'Not allowed', "late, $name, denied");
}

# the other order: what was granted is asked for again, or was taken away

$ws->send_json({ action => 'subscribe', chatId => $_ }) for qw/ a b c /;

my $n = 0;

while ($n < 3) {
    my $q = $app->question();
    $n += @{$q->{json}{chats}};
    $app->grant($q);
}

is($ws->next()->{action}, 'subscribe', 'granted') for 1 .. 3;

is(command({ command => 'forget', userId => 'ann', chatId => 'a' }), 202,
    'forget in a chat');
my $q = $app->question();
is_deeply($q->{json}{chats}, ['a'], 'forget in a chat, asked again');
$app->answer($q, 200, { chats => {} });

my $event = $ws->next();
is("$event->{type} $event->{chatId} $event->{reason}",
    'unsubscribed a denied', 'forget in a chat, denied');

is(command({ command => 'forget', userId => 'ann' }), 202, 'forget');
$q = $app->question();
is_deeply([ sort @{$q->{json}{chats}} ], [ 'b', 'c' ], 'forget, asked again');
$app->grant($q, 'subscribe');

# it waits for the answer, so that the answer has come before what follows

is($ws->ask({ action => 'subscribe', chatId => 'c' })->{action}, 'subscribe',
    'forget, granted');

# unsubscribe drops what is known; another chat is as it was

is(command({ command => 'unsubscribe', userId => 'ann', chatId => 'b' }), 202,
    'unsubscribe');
$event = $ws->next();
is("$event->{chatId} $event->{reason}", 'b removed', 'unsubscribed');

$ws->send_json({ action => 'subscribe', chatId => 'b' });
$q = $app->question();
is_deeply($q->{json}{chats}, ['b'], 'unsubscribed, asked again');
$app->answer($q, 403, '');
is($ws->next()->{error}, 'Not allowed', 'unsubscribed, denied');

is($ws->ask({ action => 'subscribe', chatId => 'c' })->{action}, 'subscribe',
    'another chat is still known');

$ws->drop();


sub command {
    return publish($_[0], uri => '/api/commands')->{status};
}
