#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_access token: what the claims of a client grant, and tokens of chats.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(71);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => <<'EOC',
    chatws_token_key_file %%TESTDIR%%/keys.jwks;
    chatws_token $http_authorization message;
    chatws_access_pass http://127.0.0.1:8081;
    chatws_max_message_size 64k;
EOC
    endpoint => 'chatws_access token;',
    publish => 'chatws_token off;',
    server => <<'EOC'));
        location = /both {
            chatws chat;
            chatws_access token request;
        }

        location = /request {
            chatws chat;
            chatws_access request;
        }

        location = /pattern {
            chatws chat;
            chatws_access token;
            chatws_chat_pattern ^c;
        }
EOC

my $app = Test::Chatws::App->new(8081);

$t->run();

# claims, by id and by prefix

my $ws = user({
    chats => { a => [ 'subscribe', 'typing', 'fly' ], b => [ 'subscribe' ],
        c => [ 'typing' ], d => [], '*' => [ 'subscribe' ] },
    chatPrefixes => { team_ => [ 'subscribe' ], team_a => [ 'typing' ] } });

is(said($ws, { action => 'subscribe', chatId => $_->[0] }), $_->[1],
    "claims, $_->[0]")
    for ([ a => 'subscribe' ], [ b => 'subscribe' ], [ c => 'Not allowed' ],
        [ d => 'Not allowed' ], [ e => 'Not allowed' ],
        [ '*' => 'subscribe' ], [ ab => 'Not allowed' ],
        [ A => 'Not allowed' ], [ team_ => 'subscribe' ],
        [ team_b => 'subscribe' ], [ team_a1 => 'subscribe' ],
        [ team => 'Not allowed' ], [ 'xteam_' => 'Not allowed' ]);

typing($ws, 'a', 1);
typing($ws, 'team_a1', 1);
typing($ws, 'b', 0);
typing($ws, 'team_b', 0);

$ws->send_json({ action => 'resume', epoch => '000000000000', chats => {
    map { $_ => { seq => 0 } } qw/ a e team_x / } });

my $chats = $ws->next()->{chats};
ok(defined $chats->{a}{recovered} && defined $chats->{team_x}{recovered},
    'claims, resume');
is($chats->{e}{error}, 'Not allowed', 'claims, resume, denied');
ok(!exists $chats->{e}{retryAfter}, 'claims, resume, final');

my $list = user({ chats => [ 'a', 'b' ] });
$list->subscribe('a');
typing($list, 'a', 1);
is(said($list, { action => 'subscribe', chatId => 'c' }), 'Not allowed',
    'a list');

my $none = user({});
is(said($none, { action => 'subscribe', chatId => 'a' }), 'Not allowed',
    'no claims');

# a token of a chat

sub chat_token {
    my ($chat, %claims) = @_;

    return token($key, claims => { chat => $chat, %claims });
}

is(said($none, { action => 'subscribe', chatId => 'p',
    token => chat_token('p') }), 'subscribe', 'token');
typing($none, 'p', 1);
is(said($none, { action => 'subscribe', chatId => 'p' }), 'subscribe',
    'token, subscribed again without it');

is(said($none, { action => 'subscribe', chatId => 'q',
    token => chat_token('q', rights => [ 'subscribe' ]) }), 'subscribe',
    'token, rights');
typing($none, 'q', 0);

my %bad = (
    'another chat' => chat_token('q'),
    'another user' => chat_token('r', sub => 'bob'),
    'no chat' => token($key),
    'another key' => token(secret_key('k9'), claims => { chat => 'r' }),
    'not yet' => chat_token('r', nbf => time() + 300),
    'garbage' => 'eyJ.eyJ.x',
    'an expired one of another user' =>
        chat_token('r', sub => 'bob', iat => time() - 600,
            exp => time() - 300),
);

is(said($none, { action => 'subscribe', chatId => 'r', token => $bad{$_} }),
    'Invalid token', "token, $_") for sort keys %bad;

is(said($none, { action => 'subscribe', chatId => 'r',
    token => chat_token('r', iat => time() - 600, exp => time() - 300) }),
    'Token expired', 'token, expired');
is(said($none, { action => 'subscribe', chatId => 'r',
    token => chat_token('r', iat => time() - 600, exp => time() - 1) }),
    'Token expired', 'token, expired within the leeway');
is(said($none, { action => 'subscribe', chatId => 'r',
    token => chat_token('r', rights => [ 'typing' ]) }), 'Not allowed',
    'token, no right');
is(said($none, { action => 'subscribe', chatId => 'r', token => $_ }),
    'Invalid message', 'token, no string') for 7, '';

# it alone decides, also against the claims

is(said($ws, { action => 'subscribe', chatId => 'a',
    token => chat_token('b') }), 'Invalid token', 'alone, invalid');
is(said($ws, { action => 'subscribe', chatId => 'a',
    token => chat_token('a', rights => [ 'subscribe' ]) }), 'subscribe',
    'alone, less than claims');
typing($ws, 'a', 0);

# the pattern of the location counts all the same

my $pattern = user({}, '/pattern');
is(said($pattern, { action => 'subscribe', chatId => 'p',
    token => chat_token('p') }), 'Invalid chatId', 'pattern');

# one of many, more than are verified at once

$none->send_json({ action => 'resume', epoch => '000000000000', chats => {
    map { $_ => { seq => 0, token => chat_token($_ eq 'm7' ? 'x' : $_) } }
        map { "m$_" } 1 .. 50 } });

$chats = $none->next()->{chats};
is(scalar(grep { defined $_->{recovered} } values %$chats), 49,
    'resume, tokens');
is($chats->{m7}{error}, 'Invalid token', 'resume, a bad one');

$none->send_raw(join '', map { Test::Chatws::Client::frame(1,
    qq({"action":"subscribe","chatId":"n$_","id":$_,"token":")
    . chat_token("n$_") . '"}') } 1 .. 50);
is(join(' ', map { $none->next()->{id} } 1 .. 50), "@{[1 .. 50]}",
    'subscribe, many, in order');

# it ends, and a newer one extends it

my $end = time() + 6;

is(said($none, { action => 'subscribe', chatId => $_,
    token => chat_token($_, exp => $end) }), 'subscribe', "short, $_")
    for 's', 't', 'u';
is(said($none, { action => 'subscribe', chatId => 't',
    token => chat_token('t') }), 'subscribe', 'extended');
$none->unsubscribe('u');

my $event = $none->await('unsubscribed');
is("$event->{chatId} $event->{reason}", 's expired', 'expired');
like($event->{timestamp}, qr/^\d{4}-.*Z$/, 'expired, time');
is(said($none, { type => 'typing', chatId => 's', isTyping => \1 }),
    'Not subscribed', 'expired, not subscribed');
typing($none, 't', 1);

# both sources: who asks, and what the claims say needs no question

my $both = user({ chats => [ 'a' ] }, '/both');
is(said($both, { action => 'subscribe', chatId => 'a' }), 'subscribe',
    'both, claims');
$both->send_json({ action => 'subscribe', chatId => 'b', id => 1 });
my $q = $app->question();
is_deeply($q->{json}{chats}, ['b'], 'both, question');
is(said($both, { action => 'subscribe', chatId => 'c',
    token => chat_token('c') }), 'subscribe', 'both, token');
$app->grant($q, 'subscribe');
is($both->next()->{id}, 1, 'both, granted');

# without the source a token of a chat is nothing but an unknown member

my $request = user({ chats => [ 'a' ] }, '/request');
$request->send_json({ action => 'subscribe', chatId => 'a',
    token => chat_token('a') });
$app->answer($app->question(), 200, { chats => {} });
is($request->next()->{error}, 'Not allowed', 'request only');

# a renewed token: what it grants no more ends, what others have granted stays

sub renew {
    my ($ws, $claims) = @_;

    $ws->send_json({ action => 'auth', token => token($key,
        claims => { sub => 'ann', %$claims }) });

    return $ws->await('authenticated');
}

my $old = user({ chats => [ 'ra', 'rb', 'rc' ] }, '/both');

$old->subscribe($_) for qw/ ra rb rc /;
$old->subscribe('ra');
is(said($old, { action => 'subscribe', chatId => 'rd',
    token => chat_token('rd') }), 'subscribe', 'renewed, by its own token');
$old->send_json({ action => 'subscribe', chatId => 're' });
$app->grant($app->question());
$old->next();

ok(renew($old, { chats => [ 'rb' ] }), 'renewed');

$q = $app->question();
is_deeply([ sort @{$q->{json}{chats}} ], [ 'ra', 'rc' ],
    'renewed, the other source is asked');
$app->answer($q, 200, { chats => { ra => [ 'subscribe' ] } });

$event = $old->await('unsubscribed');
is("$event->{chatId} $event->{reason}", 'rc denied', 'renewed, denied');

my $only = user({ chats => [ 'a', 'b' ], chatPrefixes => { t_ =>
    [ 'subscribe' ] } });

$only->subscribe($_) for qw/ a b t_1 t_2 /;
is(said($only, { action => 'subscribe', chatId => 'd',
    token => chat_token('d') }), 'subscribe', 'renewed, by its own token');
ok(renew($only, { chats => [ 'b' ], chatPrefixes => { t_1 =>
    [ 'subscribe' ] } }), 'renewed, token only');

is(join(' ', sort map { my $event = $only->next();
    "$event->{chatId}:$event->{reason}" } 1, 2), 'a:token t_2:token',
    'renewed, lost');

publish({ chatId => $_, text => $_, sender => 'x' }) for qw/ a t_2 b t_1 d /;
is(join(' ', map { $only->next()->{chatId} } 1 .. 3), 'b t_1 d',
    'renewed, nothing of these follows');

$_->drop() for $old, $only;

# what the server sends in this zone, no application sends

for my $type (qw/ unsubscribed authenticated token_expiring /) {
    is(publish({ type => $type, chatId => 'a' })->{status}, 400,
        "$type is not free");
}
$_->drop() for $ws, $list, $none, $both, $request, $pattern;


sub user {
    my ($claims, $path) = @_;

    return ws(path => $path, headers => [ 'Authorization: Bearer '
        . token($key, claims => $claims) ]);
}


# What the answer says: its action, or its error.

sub said {
    my ($ws, $message) = @_;

    my $answer = $ws->ask($message) || {};

    return $answer->{error} || $answer->{action};
}


# Whether typing is refused; the pong comes behind an error.

sub typing {
    my ($ws, $chat, $may) = @_;

    $ws->send_json({ type => 'typing', chatId => $chat, isTyping => \1 });
    $ws->ping($chat);
    $ws->await_pong();

    my @got = map { json_of($_)->{error} || '' } @{$ws->{gathered}};
    $ws->{gathered} = [];

    is("@got", $may ? '' : 'Not allowed', "typing, $chat");
}
