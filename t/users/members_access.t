#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The source "members": who is a member may enter, type and send, and nobody
# else; and what is so while nobody can tell yet.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

use Test::Chatws::Members;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(35);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));
$t->write_file_expand('nginx.conf', conf(connections => 128,
    zone => 'zone=chat:4m', main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; keepalive_timeout 0;',
    endpoint => 'chatws_access members; chatws_members_settle 0;',
    server => <<'EOC'));

location = /api/commands { chatws_api chat write=on; }

location = /settle {
    chatws                chat;
    chatws_access         members;
    chatws_members_settle 1h;
}

location = /both {
    chatws                chat;
    chatws_access         members token;
    chatws_token          $http_x_token;
    chatws_token_key_file %%TESTDIR%%/keys.jwks;
    chatws_members_settle 0;
}

location = /send {
    chatws_publish        chat;
    chatws_access         members;
    chatws_token          $http_x_token;
    chatws_token_key_file %%TESTDIR%%/keys.jwks;
    chatws_members_settle 0;
}

location = /send/settle {
    chatws_publish        chat;
    chatws_access         members;
    chatws_token          $http_x_token;
    chatws_token_key_file %%TESTDIR%%/keys.jwks;
}

EOC

$t->run();

*members = \&Test::Chatws::Members::members;
*say_to = \&Test::Chatws::Members::say_to;

sub answer_of {
    my ($client, $chat, %o) = @_;

    my $answer = $client->ask({ action => 'subscribe', chatId => $chat, %o })
        || {};

    return $answer->{error} || $answer->{type};
}

my @token = map { 'X-Token: ' . token($key, claims => { sub => $_ }) }
    qw/ ann bob /;

# --- members, and guessed ids

members('c', add => [ 'ann' ]);

my $ann = ws(user => 'ann');
my $bob = ws(user => 'bob');

is(answer_of($ann, 'c'), 'subscription_confirmed', 'a member');
is(answer_of($bob, 'c'), 'Not allowed', 'no member');
is(answer_of($ann, $_), 'Not allowed', "a guessed id, $_")
    for qw/ d C c1 c* /, ' c', "c\x{e9}";

$bob->send_json({ action => 'resume', epoch => $bob->{connected}{epoch},
    chats => { c => { seq => 0 } } });
is($bob->next()->{chats}{c}{error}, 'Not allowed', 'nor by a resume');

$bob->send_json({ type => 'typing', chatId => 'c', isTyping => \1 });
is($bob->next()->{error}, 'Not subscribed', 'nor typing');

say_to('c', 'for members');
is($ann->next()->{message}{text}, 'for members', 'a message');

# --- a membership that begins and ends

members('c', add => [ 'bob' ]);
is($bob->next()->{type}, 'chat_added', 'told');
is(answer_of($bob, 'c'), 'subscription_confirmed', 'may enter now');
$bob->send_json({ type => 'typing', chatId => 'c', isTyping => \1 });
is($ann->next()->{userId}, 'bob', 'and type');

members('c', remove => [ 'bob' ]);
is($bob->next()->{type}, 'chat_removed', 'told, and nothing else');
say_to('c', 'without bob');
is(($ann->await('new_message') || {})->{message}{text}, 'without bob',
    'the others');
is(answer_of($bob, 'c'), 'Not allowed', 'may not enter again');

# --- a member that the server subscribes

members('c', add => [ 'eve' ]);

my $eve = ws(user => 'eve', args => 'userId=eve&chats=live');

is(join(' ', keys %{$eve->next()->{chats}}), 'c', 'the list');
say_to('c', 'live');
is($eve->next()->{message}{text}, 'live', 'subscribed');
members('c', remove => [ 'eve' ]);
is($eve->next()->{type}, 'chat_removed', 'removed');
is(answer_of($eve, 'c'), 'Not allowed', 'it may not come back');

# --- sending

sub send_as {
    my ($header, $chat, $uri) = @_;

    return publish({ chatId => $chat, text => 'x', sender => 's' },
        uri => $uri || '/send',
        headers => [ $header ]);
}

is(send_as($token[0], 'c')->{status}, 201, 'a member sends');
is(send_as($token[1], 'c')->{status}, 403, 'no member sends');
is(publish({ chatId => 'c', text => 'x' }, uri => '/send')->{status}, 401,
    'without a token');

# --- another source

my $both = ws(path => '/both', headers => [ $token[1] ]);

is(answer_of($both, 'c'), 'Not allowed', 'neither of two');
is(answer_of($both, 'd', token => token($key,
    claims => { sub => 'bob', chat => 'd' })), 'subscription_confirmed',
    'a token of the chat');
members('c', add => [ 'bob' ]);
$both->await('chat_added');
is(answer_of($both, 'c'), 'subscription_confirmed', 'membership');

# --- who is a member is not known

my $early = ws(user => 'dan', path => '/settle');

is(answer_of($early, 'c'), 'Not allowed', 'a chat that has members');

$early->send_json({ action => 'subscribe', chatId => 'unknown', id => 1 });
my $error = $early->next();
is($error->{error}, 'Not available', 'a chat without any');
cmp_ok($error->{retryAfter}, '>', 0, 'it may try again');

$early->send_json({ action => 'resume', epoch => $early->{connected}{epoch},
    chats => { unknown => { seq => 0 } } });
$error = $early->next()->{chats}{unknown};
is($error->{error}, 'Not available', 'in a resume');
cmp_ok($error->{retryAfter}, '>', 0, 'the same');

my $answer = send_as($token[0], 'unknown', '/send/settle');
is($answer->{status}, 503, 'sending');
like($answer->{headers}{'retry-after'}, qr/^\d$/, 'may be tried again');

members('unknown', add => [ 'dan' ]);
$early->await('chat_added');
is(answer_of($early, 'unknown'), 'subscription_confirmed', 'known now');
