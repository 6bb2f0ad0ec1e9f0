#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_access request, where messages are published: a user with a token needs
# the right to send, for which the app server is asked while the request waits.

use warnings;
use strict;

use JSON::PP;
use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Chatws::App;
use Test::Chatws::Client;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy mirror /)->plan(63);

my $key = secret_key('k1');
my $other = secret_key('k2');

$t->write_file('keys.jwks', jwks($key));

my $rules = <<'EOC';
            chatws_publish chat;
            chatws_token $http_authorization;
EOC

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => <<'EOC',
    chatws_token_key_file %%TESTDIR%%/keys.jwks;
    chatws_access_pass http://127.0.0.1:8081/may;
    chatws_access_cache valid=0 denied=0;
    chatws_access_timeout 30s;
EOC
    server => <<"EOC"));
        location = /ask {
            $rules
            chatws_access request;
            chatws_chat_pattern ^[a-z0-9]+\$;
        }

        location = /keep {
            $rules
            chatws_access request;
            chatws_access_pass http://127.0.0.1:8081/keep;
            chatws_access_cache valid=1h denied=1h;
        }

        location = /soon {
            $rules
            chatws_access request;
            chatws_access_timeout 1s;
        }

        location = /both {
            $rules
            chatws_access token request;
            chatws_sender \$chatws_claim_sub;
        }

        location = /page {
            $rules
            chatws_access request;
            error_page 503 = \@page;
        }

        location \@page {
            return 200 "page";
        }

        location = /mirror {
            mirror /ask;
            chatws_token \$http_authorization;
            proxy_pass http://127.0.0.1:8080/none;
        }

        location = /none {
            return 204;
        }

        location = /commands {
            chatws_api chat write=on;
        }
EOC

my $app = Test::Chatws::App->new(8081);

$t->run();

my $ws = ws(user => 'reader', chats => [ 'c', 'd' ]);

# the question, and its answers

my $post = post('/ask', { sender => 'ann' });
my $q = $app->question();

like($q->{head}, qr{^POST /may HTTP/1\.1\r\n}, 'asked');
is_deeply($q->{json}, { userId => 'ann', chats => ['c'] }, 'question');

$app->grant($q, 'send');
is(result($post), '201 ann', 'granted');
is($ws->next()->{message}{sender}, 'ann', 'granted, delivered');

for my $case ([ 'other rights', 200, { chats => { c => [ 'subscribe' ] } } ],
    [ 'no chat', 200, { chats => {} } ], [ 'forbidden', 403, '' ])
{
    my ($name, @with) = @$case;

    $post = post('/ask', {});
    $app->answer($app->question(), @with);
    is(result($post), '403 Not allowed', $name);
}

for my $case ([ 'an error', 500, '' ], [ 'no JSON', 200, 'x' ]) {
    my ($name, @with) = @$case;

    $post = post('/ask', {});
    $app->answer($app->question(), @with);
    again($post->read_answer(), $name);
}

$post = post('/soon', {});
$q = $app->question();
again($post->read_answer(), 'no answer in time');
$app->hang_up($q);

# what is refused anyway, or known, is not asked for

is(result(post('/ask', {}, without => 1)), '401 Token required', 'no token');
is(result(post('/ask', {}, key => $other)), '401 Invalid token',
    'a bad token');
is(result(post('/ask', '{')), '400 Invalid JSON', 'no JSON');
is(result(post('/ask', { chatId => 'C' })), '400 Invalid chatId', 'pattern');
is(result(post('/ask', { type => 'chat_update', lastMessage => 'x',
    lastMessageTime => '2025-11-27T10:00:00.000Z', unreadCount => 1 })),
    '403 Not allowed', 'an update');
is(result(post('/both', { sender => 'bob' })), '403 Sender not allowed',
    'another sender');
is(result(post('/both', {}, chats => [ 'c' ])), '201 ann', 'claims');
is($ws->next()->{type}, 'new_message', 'claims, delivered');

$post = post('/both', {}, chats => [ 'd' ]);
$q = $app->question();
is_deeply($q->{json}{chats}, ['c'], 'claims for another chat');
$app->grant($q);
is(result($post), '201 ann', 'claims for another chat, granted');
is($ws->next()->{type}, 'new_message', 'claims for another chat, delivered');

# an answer is kept for all that come later

for my $case ([ 'c', '201 ann', 'send' ], [ 'd', '403 Not allowed', 'typing' ])
{
    my ($chat, $want, @rights) = @$case;

    $post = post('/keep', { chatId => $chat, sender => 'ann' });
    $app->grant($app->question(), @rights);
    is(result($post), $want, "kept, $chat");
    is(result(post('/keep', { chatId => $chat, sender => 'ann' })), $want,
        "kept, $chat, not asked again") for 1 .. 4;
}

$ws->next() for 1 .. 5;

# a batch is one question

$post = post('/ask', [ (map { event($_) } qw/ c e c d /), { text => 7 },
    event('c') ]);
$q = $app->question();
is_deeply($q->{json}{chats}, [qw/ c e d /], 'batch, question');
$app->answer($q, 200,
    { chats => { map { $_ => [ 'send' ] } qw/ c d x / } });
is(result($post), '201 ok|Not allowed|ok|ok|Invalid message|ok', 'batch');
is(join(' ', map { $ws->next()->{chatId} } 1 .. 4), 'c c d c',
    'batch, in order');

$post = post('/ask', [ map { event("c$_") } 1 .. 250 ]);
my @asked;

for (1 .. 3) {
    $q = $app->question();
    push @asked, scalar @{$q->{json}{chats}};
    $app->grant($q);
}

is("@asked", '100 100 50', 'a long batch, questions');
is(result($post), '201 ' . join('|', ('ok') x 250), 'a long batch');

$post = post('/ask', [ map { event($_) } qw/ c d / ]);
$app->answer($app->question(), 503, '');
my $answer = $post->read_answer();
is(join(' ', $answer->{status}, map { $_->{error} } @{$answer->{json}}),
    '503 Not available Not available', 'batch, no answer');
is(join(' ', map { $_->{retryAfter} / 1000 } @{$answer->{json}}),
    "$answer->{headers}{'retry-after'} $answer->{headers}{'retry-after'}",
    'batch, no answer, when to come back');

# a command for the user has the app server asked again, for all of it

$post = post('/ask', [ map { event("c$_") } 1 .. 150 ]);
$app->grant($app->question());
$q = $app->question();
is(publish({ command => 'forget', userId => 'ann' }, uri => '/commands')
    ->{status}, 202, 'command');
$app->grant($q);

$q = $app->question();
is(scalar @{$q->{json}{chats}}, 100, 'command, asked again');
$app->answer($q, 200, { chats => {
    map { $_ => [ 'send' ] } grep { $_ ne 'c2' } @{$q->{json}{chats}}
} });
$app->grant($app->question());
is(result($post), '201 ' . join('|', 'ok', 'Not allowed', ('ok') x 148),
    'command, and answered again');

# a subrequest, and another page

$post = post('/mirror', { sender => 'ann' });
$q = $app->question();
is_deeply($q->{json}{chats}, ['c'], 'mirror');
$app->grant($q);
is($ws->next()->{message}{sender}, 'ann', 'mirror, delivered');
is($post->read_answer()->{status}, 204, 'mirror, answered');

$post = post('/page', {});
$app->answer($app->question(), 500, '');
is($post->read_answer()->{body}, 'page', 'error_page');

# a client that leaves; and one that stays while nginx is reloaded

for my $uri (qw/ ask mirror /) {
    my $ended = $app->{ended} || 0;

    $post = post("/$uri", {});
    $q = $app->question();
    $post->drop();

    if ($uri eq 'ask') {
        ok(eventually(sub { $app->wait(0); ($app->{ended} || 0) > $ended }),
            'gone, the question ends');
    }
}

$app->answer($q, 403, '');

$post = post('/ask', { sender => 'ann' });
$q = $app->question();

my @before = workers_of($t);

ok(reloaded($t), 'reload');
ok((grep { my $old = $_; grep { $_ == $old } @before } workers_of($t)),
    'the worker waits');

$app->grant($q);
is(result($post), '201 ann', 'reload, granted');
is($ws->next()->{message}{sender}, 'ann', 'reload, delivered');

ok(eventually(sub {
    my %old = map { $_ => 1 } @before;
    my @now = workers_of($t);
    @now == 2 && !grep { $old{$_} } @now;
}), 'and the worker ends');

# a worker dies

$post = post('/ask', { sender => 'ann' });
$q = $app->question();

@before = workers_of($t);
slay($_) for @before;

ok($post->ended(), 'killed');
ok(eventually(sub {
    my %old = map { $_ => 1 } @before;
    my @now = workers_of($t);
    @now == 2 && !grep { $old{$_} } @now;
}), 'started again');

$ws = ws(user => 'reader', chats => [ 'c' ]);
$post = post('/ask', { sender => 'bob' });
$app->grant($app->question());
is(result($post), '201 bob', 'killed, another one');
is($ws->next()->{message}{sender}, 'bob', 'killed, delivered');

$ws->drop();
$t->stop();

my $log = $t->read_file('error.log');

is(unexplained($log), '', 'no other alerts');
is(scalar(() = $log =~ /open socket/g), 0, 'no socket is left');

$t->todo_alerts();


sub event {
    return { chatId => $_[0], text => 'x', sender => 'ann' };
}


# Sends a POST.  Options: key, without (a token), and claims of the token.

sub post {
    my ($uri, $message, %o) = @_;

    $message = { %{event('c')}, %$message }
        if ref $message eq 'HASH';

    my $body = ref $message ? encode_json($message) : $message;
    my $by = delete $o{key} || $key;

    my @token = delete $o{without} ? ()
        : 'Authorization: Bearer ' . token($by, claims => { sub => 'ann', %o });

    my $client = Test::Chatws::Client->dial();

    $client->send_raw(join("\r\n", "POST $uri HTTP/1.1", 'Host: localhost',
        'Connection: close', 'Content-Type: application/json', @token,
        'Content-Length: ' . length $body, '', '') . $body);

    return $client;
}


# The status, and who has sent, or the error; of a batch that of each.

sub result {
    my ($client) = @_;

    my $answer = $client->read_answer() || { status => 'none' };

    $client->drop();

    return "$answer->{status} " . (ref $answer->{json} eq 'ARRAY'
        ? join('|', map { $_->{error} || 'ok' } @{$answer->{json}})
        : $answer->{json}{error} || $answer->{json}{sender} || '');
}


sub again {
    my ($answer, $name) = @_;

    is("$answer->{status} $answer->{json}{error}", '503 Not available', $name);
    like($answer->{headers}{'retry-after'} || '', qr/^[1-5]$/,
        "$name, Retry-After");
    is($answer->{json}{retryAfter}, 1000 * $answer->{headers}{'retry-after'},
        "$name, retryAfter");
}
