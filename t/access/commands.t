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
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(47);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    endpoint => <<'EOC',
    chatws_access request;
    chatws_access_pass http://127.0.0.1:8081;
    chatws_access_cache valid=1h denied=0;
    chatws_access_timeout 30s;
EOC
    server => <<'EOC'));

        location = /api/commands {
            chatws_api chat write=on;
        }

        location = /claims {
            chatws chat;
            chatws_token $http_authorization;
            chatws_token_key_file %%TESTDIR%%/keys.jwks;
            chatws_access token request;
            chatws_access_pass http://127.0.0.1:8081;
            chatws_access_cache valid=1h denied=0;
            chatws_access_timeout 30s;
        }
EOC

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

my $answer;

# what is known of one chat of a resume, while another one is asked for: it is
# looked for once more, as there was a command

for my $case ([ 'no such session', ['new'], 'granted',
        { command => 'disconnect', userId => 'ann', session => 'none' } ],
    [ 'unsubscribe', [ 'c', 'new' ], 'Not allowed',
        { command => 'unsubscribe', userId => 'ann', chatId => 'c' } ])
{
    my ($name, $chats, $result, $command) = @$case;
    my $back = ws(user => 'ann');

    $back->send_json({ action => 'resume', epoch => 'x',
        chats => { c => { seq => 0 }, new => { seq => 0 } } });

    $q = $app->question();
    is_deeply($q->{json}{chats}, ['new'], "a resume, $name, asked");

    is(command($command), 202, "a resume, $name");
    $app->answer($q, 200, { chats => {} });

    $q = $app->question();
    is_deeply([ sort @{$q->{json}{chats}} ], $chats,
        "a resume, $name, asked again");
    $app->answer($q, 200, { chats => {} });

    $answer = $back->next();
    is($answer->{chats}{c}{error} || 'granted', $result,
        "a resume, $name, decided");
    $back->drop();
}

# claims that a renewed token does not have

$ws->drop();
$ws = ws(path => '/claims', raw => 1, headers => [ 'Authorization: Bearer '
    . token($key, claims => { sub => 'ann', chats => ['mine'] }) ]);
$ws->await('connected');

$ws->send_json({ action => 'resume', epoch => 'x',
    chats => { mine => { seq => 0 }, new => { seq => 0 } } });
$q = $app->question();
is_deeply($q->{json}{chats}, ['new'], 'claims, asked for another chat');

is($ws->ask({ action => 'auth',
    token => token($key, claims => { sub => 'ann' }) })->{type},
    'authenticated', 'claims, renewed');

$app->answer($q, 200, { chats => {} });

$q = $app->question();
is_deeply($q->{json}{chats}, ['mine'], 'claims, asked for what they had');
$app->answer($q, 200, { chats => {} });

is($ws->next()->{chats}{mine}{error}, 'Not allowed', 'claims, denied');

# who can't come back can still leave, which needs no right

my $eve = ws(user => 'eve');

$eve->send_json({ action => 'subscribe', chatId => 'c' });
$app->grant($app->question());
$eve->next();

is(command({ command => 'unsubscribe', userId => 'eve', chatId => 'c',
    until => time() + 600 }), 202, 'kept out');
is($eve->next()->{reason}, 'removed', 'kept out, unsubscribed');
is($eve->ask({ action => 'unsubscribe', chatId => 'c' })->{action},
    'unsubscribe', 'kept out, and left');

$eve->drop();
$ws->drop();


sub command {
    return publish($_[0], uri => '/api/commands')->{status};
}
