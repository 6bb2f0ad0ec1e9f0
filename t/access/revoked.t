#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Tokens of chats that are revoked: which subscriptions end, in all workers,
# behind a hand-over, and where an action waits.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(31);

my ($k1, $k2) = map { secret_key($_) } qw/ k1 k2 /;
my $now = time();

$t->write_file('keys.jwks', jwks($k1, $k2));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => <<'EOC',
    chatws_token_key_file %%TESTDIR%%/keys.jwks;
    chatws_token $http_authorization;
    chatws_access_pass http://127.0.0.1:8081;
EOC
    endpoint => 'chatws_access token request;',
    publish => 'chatws_token off;',
    server => <<'EOC'));
        location = /api/commands {
            chatws_token off;
            chatws_api chat write=on;
        }
EOC

my $app = Test::Chatws::App->new(8081);

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

# by the id of the token, in all workers

my @ann = map { user('ann') } 1 .. 6;

is(entered($_, 'a', jti => 'one') . entered($_, 'b', jti => 'two'), 'ab',
    'subscribed') for @ann;

is(revoke(jti => 'one'), 202, 'by jti');
is(lost(@ann), '6 x a removed', 'by jti, the subscriptions end');
is(left('b', @ann), 6, 'by jti, others go on');
is($ann[0]->ask({ action => 'subscribe', chatId => 'a',
    token => chat_token('ann', 'a', jti => 'one') })->{error},
    'Invalid token', 'by jti, refused');
is(entered($ann[0], 'a', jti => 'three'), 'a', 'by jti, another one');

# a newer token takes the place of the one before

is(entered($ann[1], 'b', jti => 'four'), 'b', 'a newer one');
revoke(jti => 'two');
is(lost(@ann[0, 2 .. 5]), '5 x b removed', 'the older one');
is(left('b', $ann[1]), 1, 'the older one, by the newer one it goes on');

# by key, and by age; the tokens that the connections have are newer

is(entered($ann[2], 'c', key => $k2) . entered($ann[2], 'd'), 'cd',
    'another key');
revoke(kid => 'k2');
is(lost($ann[2]), '1 x c removed', 'by kid');

entered($ann[3], 'e', iat => $now - 100);
entered($ann[3], 'f', iat => $now - 50);
revoke(userId => 'ann', issuedBefore => $now - 51);
is(lost($ann[3]), '1 x e removed', 'by age');
is(left('f', $ann[3]), 1, 'by age, a newer one goes on');

# many, some of which the client leaves: the others are still known

my $bob = user('bob');

for my $i (1 .. 100) {
    entered($bob, "m$i", jti => "m$i");
    $bob->ask({ action => 'unsubscribe', chatId => "m$i" }) if $i % 3;
}

revoke(jti => "m$_") for 2, 3, 51, 99;
is(lost($bob, 3), '1 x m3 removed, 1 x m51 removed, 1 x m99 removed', 'many');

# behind a hand-over

ok(replaced($t, 2), 'reload');
revoke(jti => $_) for 'm6', 'm96', 'four';
is(lost($bob, 2), '1 x m6 removed, 1 x m96 removed', 'behind a hand-over');
is(lost($ann[1]), '1 x b removed', 'behind a hand-over, in another client');

# while the action waits for another chat

my $cat = user('cat');

entered($cat, 's');

$cat->send_json({ action => 'resume', epoch => 'x', chats => {
    w => { seq => 0, token => chat_token('cat', 'w', jti => 'w') },
    asked => { seq => 0 } } });

my $question = $app->question();

is_deeply($question->{json}{chats}, [ 'asked' ], 'a question');

revoke(jti => 'w');
is(left('s', $cat), 1, 'its worker has seen the command');
$app->grant($question);

is_deeply($cat->await('resumed')->{chats}{w}, { error => 'Invalid token' },
    'what waits shows its token again');

# a command is for what was there before it, though its token may come again

my $dan = user('dan');

is(revoke(jti => 'x', until => $now - 1), 202, 'over');
is(entered($dan, 'x', jti => 'x'), 'x', 'over, subscribed behind it');
is(left('x', $dan), 1, 'over, it goes on');

# who has left, and is in by a command

entered($dan, 'y', jti => 'y');
$dan->ask({ action => 'unsubscribe', chatId => 'y' });
publish('{"command":"subscribe","userId":"dan","chatId":"y"}',
    uri => '/api/commands');
$dan->await('subscription_confirmed');
revoke(jti => 'y');
is(left('y', $dan), 1, 'by a command it goes on');

# by age alone

entered($dan, 'z', iat => $now - 100);
revoke(issuedBefore => $now - 99);
is(lost($dan), '1 x z removed', 'by age alone');


sub user {
    my ($name) = @_;

    return ws(headers => [ 'Authorization: Bearer '
        . token($k1, claims => { sub => $name, iat => $now - 10 }) ]);
}


sub chat_token {
    my ($user, $chat, %claims) = @_;

    my $key = delete $claims{key} || $k1;

    return token($key, claims => { sub => $user, chat => $chat, %claims });
}


# Subscribes by a token; the chat, or an error.

sub entered {
    my ($ws, $chat, %claims) = @_;

    my $answer = $ws->ask({ action => 'subscribe', chatId => $chat,
        token => chat_token($ws->{connected}{userId}, $chat, %claims) });

    return $answer->{error} || $answer->{chatId};
}


sub revoke {
    return publish(JSON::PP->new->encode({ command => 'revoke', @_ }),
        uri => '/api/commands')->{status};
}


# Which subscriptions of clients end, and why; so many of one, or one of each.

sub lost {
    my @clients = @_;

    @clients = ($clients[0]) x $clients[1] if !ref $clients[-1];

    my %n;

    $n{join ' ', @{$_->await('unsubscribed') || {}}{qw/ chatId reason /}}++
        for @clients;

    return join ', ', map { "$n{$_} x $_" }
        sort { length $a <=> length $b || $a cmp $b } keys %n;
}


# How many of the clients get what is published in the chat.

sub left {
    my ($chat, @clients) = @_;

    publish({ chatId => $chat, text => 'x', sender => 'eve' });

    return scalar grep {
        (($_->await('new_message') || {})->{chatId} || '') eq $chat;
    } @clients;
}
