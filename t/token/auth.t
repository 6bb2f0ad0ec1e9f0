#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The token as the first message: what a client without a user may do, who it
# is afterwards, and that what it sends at once is done in order.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use IO::Compress::RawDeflate;
use JSON::PP;

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;
use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl');

$t->plan(88);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    endpoint => 'chatws_token message $http_authorization;
                 chatws_auth_timeout 1h;',
    http => <<'EOC', server => <<'EOC2'));

    chatws_token_key_file %%TESTDIR%%/keys.jwks;
    chatws_drain 0;
    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;

    server {
        listen 127.0.0.1:8443 ssl;
        server_name localhost;

        location / {
            chatws chat;
            chatws_token message;
        }
    }
EOC

        location = /small {
            chatws chat;
            chatws_token message;
            chatws_token_max_size 512;
            chatws_max_message_size 2k;
            chatws_deflate on;
            chatws_deflate_min_length 4096;
        }

        location = /soon {
            chatws chat;
            chatws_token message;
            chatws_auth_timeout 1s;
            chatws_ping_interval 100ms;
        }

        location = /later {
            chatws chat;
            chatws_token message;
            chatws_auth_timeout 2s;
        }

        location = /errors {
            chatws chat;
            chatws_token message;
            chatws_auth_timeout 1h;
            chatws_limit_errors rate=1r/m burst=19;
        }

        location = /field {
            chatws chat;
            chatws_token $http_authorization;
        }

        location = /off {
            chatws chat;
        }

        location = /status {
            chatws_status chat;
        }
EOC2

certificate($t);

$t->run();

my $good = token($key, claims => { name => 'Ann' });
my $old = token($key, claims => { iat => time() - 600, exp => time() - 60 });

# --- a stranger

my $ws = stranger();

is($ws->{status}, 101, 'accepted');

for my $action ({ action => 'subscribe', chatId => 'c', id => 1 },
    { action => 'unsubscribe', chatId => 'c', id => 2 },
    { type => 'typing', chatId => 'c', isTyping => JSON::PP::true, id => 3 },
    { action => 'resume', chats => {}, epoch => 'x', id => 4 },
    { action => 'subscribe', id => 5 })
{
    my $answer = $ws->ask($action);
    my $verb = $action->{action} || $action->{type};

    is($answer->{error}, 'Token required', "$verb, refused");
    is($answer->{id}, $action->{id}, "$verb, id");
}

is(told($ws, 'x'), 'Invalid JSON', 'no JSON');
is(told($ws, '{"action":"x"}'), 'Token required', 'an unknown action');
is(told($ws, '{}'), 'Token required', 'no action');
is(told($ws, '{"action":"auth"}'), 'Invalid message', 'no token');
is(told($ws, '{"action":"auth","token":7}'), 'Invalid message', 'a number');
is(auth($ws, '')->{error}, 'Invalid token', 'an empty one');
is(auth($ws, "x$good")->{error}, 'Invalid token', 'a bad one');
is(auth($ws, $old)->{error}, 'Token expired', 'an old one');
is(auth($ws, token($key, claims => { chat => 'c' }))->{error},
    'Invalid token', 'that of a chat');

my $answer = auth($ws, $good, 'seven');

is($answer->{type}, 'connected', 'a good one');
is($answer->{userId}, 'ann', 'the user');
like($answer->{session}, qr/^s_[0-9a-z]{22}$/, 'the session');
cmp_ok($answer->{expiresIn}, '<=', 600, 'expires');
cmp_ok($answer->{expiresIn}, '>', 500, 'expires, not at once');
is($answer->{id}, 'seven', 'the id');
like($ws->{last}, qr/^\{"type":"connected","userId":"ann","message":"Succ\w+
    .connected.to.WebSocket","timestamp":"[^"]+","session":"[^"]+",
    "expiresIn":\d+,"id":"seven"\}$/x, 'the members in order');

# --- a user

is(($ws->subscribe('c') || {})->{chatId}, 'c', 'subscribes');

my $bob = user(sub => 'bob', chats => 'c');

$bob->send_json({ type => 'typing', chatId => 'c',
    isTyping => JSON::PP::true });
is(($ws->await('user_typing') || {})->{userId}, 'bob', 'sees others type');

$ws->send_json({ type => 'typing', chatId => 'c',
    isTyping => JSON::PP::true });

$answer = $bob->await('user_typing') || {};
is($answer->{userId}, 'ann', 'types');
is($answer->{username}, 'Ann', 'has a name');

publish({ chatId => 'c', text => 'own', sender => 'ann' });
publish({ chatId => 'c', text => 'other', sender => 'eve' });
is(($ws->await('new_message') || {})->{message}{text}, 'other',
    'gets what is from others');
is(($bob->await('new_message') || {})->{message}{text}, 'own',
    'and they get the own');

like($t->read_file('error.log'), qr/user: "ann"|chatws/, 'the log');

# --- all at once

my $auth = frame({ action => 'auth', token => $good });
my $subscribe = frame({ action => 'subscribe', chatId => 'd' });
my $bad = frame({ action => 'auth', token => 'x' });

$ws = stranger();
$ws->send_raw($subscribe . $bad . $subscribe . $auth . $subscribe);

is(kinds($ws, 5), 'Token required, Invalid token, Token required, connected, '
    . 'subscription_confirmed', 'in order');

$ws = stranger(early => $bad . $auth . $subscribe);
is(kinds($ws, 3), 'Invalid token, connected, subscription_confirmed',
    'behind the handshake');

$ws = ws(path => '/', port => 8443, ssl => 1, raw => 1,
    early => $auth . $subscribe);
is(kinds($ws, 2), 'connected, subscription_confirmed', 'with TLS');

# --- in the handshake as well

$ws = ws(headers => [ "Authorization: Bearer x$good" ], raw => 1);
is($ws->{status}, 401, 'a bad one in the handshake');
is($ws->{headers}{'www-authenticate'}, 'Bearer', 'which is asked for');

$ws = ws(headers => [ "Authorization: Bearer $good" ]);
is(($ws->{connected} || {})->{userId}, 'ann', 'a good one in the handshake');

for my $path (qw{ /api/ws /field }) {
    $ws = ws(headers => [ "Authorization: Bearer $good" ], path => $path);

    $answer = auth($ws, token($key, claims => { exp => time() + 1000 }), 9);
    is($answer->{type}, 'authenticated', "$path, renewed");
    like($ws->{last}, qr/^\{"type":"authenticated","action":"auth",
        "userId":"ann","expiresIn":(?:1000|9\d\d),"id":9\}$/x,
        "$path, the members in order");

    is(auth($ws, $old)->{error}, 'Token expired', "$path, an old one");
    is(auth($ws, 'x')->{error}, 'Invalid token', "$path, a bad one");
    is(($ws->subscribe('e') || {})->{chatId}, 'e', "$path, goes on");

    auth_only($ws, token($key, claims => { sub => 'bob' }));
    is_deeply($ws->await_close(), { code => 4403, reason => 'wrong user' },
        "$path, another user");
}

is(ws(path => '/field', raw => 1)->{status}, 401, 'no message there');

$ws = ws(user => 'u', path => '/off');

for my $text ('{"action":"auth","token":"x","id":3}', '{"type":"auth"}') {
    $ws->send_text($text);
    $answer = $ws->next() || {};

    is($answer->{error}, 'Unknown message type', 'tokens are off');
    is($answer->{details}, 'Unknown message type: auth', 'as any other one');
}

# --- limits

my $many = frame({ action => 'auth', token => 'x', id => 1 });

$ws = stranger();
$ws->send_raw($many x 12);

my @kinds = split /, /, kinds($ws, 12);

cmp_ok(scalar(grep { $_ eq 'Invalid token' } @kinds), '>=', 6, 'six tokens');
is($kinds[11], 'Rate limited', 'and not more');

$answer = auth($ws, $good, 2);
is($answer->{error}, 'Rate limited', 'a good one neither');
is($answer->{action}, 'auth', 'which is told');
cmp_ok($answer->{retryAfter}, '<=', 1010, 'when to try again');

ok(eventually(sub { (auth($ws, $good, 3)->{type} || '') eq 'connected' }),
    'and then it may');

# a flood is told once in a while, and counts as errors

my $flood = $bad x 500;
my $start = time();

$ws = stranger();
$ws->send_raw($flood . $many);

my ($told, $id) = (0, '');

while ($id eq '' && defined($answer = $ws->next())) {
    $told++ if $answer->{error} eq 'Rate limited';
    $id = $answer->{id} || '';
}

is($id, 1, 'a flood, all of it is read');
cmp_ok($told, '<=', 3 + 10 * (time() - $start), 'a flood, told but rarely');

$ws = stranger(path => '/errors');
$ws->send_raw($flood);

my $close = $ws->await_close() || {};

is("$close->{code} $close->{reason}", '4429 too many errors',
    'a flood, too many errors');

my $room = 512 + 1024;
my $wrap = length '{"action":"auth","token":""}';

for my $case ([ 'one frame', sub { frame_of(1, $_[0]) } ],
    [ 'fragments', sub {
        join '', frame_of(1, substr($_[0], 0, 700), fin => 0),
            frame_of(0, substr($_[0], 700, 300), fin => 0),
            frame_of(0, substr($_[0], 1000));
    } ],
    [ 'compressed', sub { frame_of(1, packed($_[0]), rsv => 4) } ])
{
    my ($name, $made) = @$case;
    my $text = '{"action":"auth","token":"' . 'x' x ($room - $wrap) . '"}';

    $ws = stranger(path => '/small', headers =>
        [ 'Sec-WebSocket-Extensions: permessage-deflate' ]);

    $ws->send_raw($made->($text));
    is(($ws->next() || {})->{error}, 'Invalid token', "$name, the most");

    $text =~ s/x/xx/;
    $ws->send_raw($made->($text));
    is(($ws->await_close() || {})->{code}, 1009, "$name, too much");
}

$ws = stranger(path => '/small');
is(auth($ws, $good)->{type}, 'connected', 'a user');
$ws->send_text('{"action":"' . 'x' x 1900 . '"}');
is(($ws->next() || {})->{error}, 'Unknown message type', 'has more room');
$ws->send_text('{"action":"' . 'x' x 2048 . '"}');
is(($ws->await_close() || {})->{code}, 1009, 'and not any');

# --- time

$start = time();

$ws = stranger(path => '/soon');

my $later = stranger(path => '/later');
my $moved = stranger();

$ws->send_raw($bad . frame_of(9, 'p') . $subscribe);
is_deeply($ws->await_close(), { code => 4408,
    reason => 'auth timeout, reconnect' }, 'the time is over');
cmp_ok(time() - $start, '>=', 1, 'not earlier');

# a reload meanwhile: what was begun goes on there

$auth = frame_of(1, encode_json({ action => 'auth', token => $good }));

my $half = stranger();

$half->send_raw($bad . substr $auth, 0, 50);
is(($half->next() || {})->{error}, 'Invalid token', 'a half message');

ok(reloaded($t), 'reload');
ok(eventually(sub { (hub_status()->{moved} || 0) >= 3 }), 'handed over')
    or diag(request('GET', '/status')->{body});

is(told($moved, '{"action":"subscribe","chatId":"c"}'), 'Token required',
    'still a stranger');
is(auth($moved, $good)->{type}, 'connected', 'a user in the new worker');
is(($moved->subscribe('c') || {})->{chatId}, 'c', 'who subscribes');

$half->send_raw(substr $auth, 50);
is(($half->next() || {})->{type}, 'connected', 'the other half');

publish({ chatId => 'c', text => 'new', sender => 'eve' });
is(($moved->await('new_message') || {})->{message}{text}, 'new', 'and gets');

is_deeply($later->await_close(), { code => 4408,
    reason => 'auth timeout, reconnect' }, 'the time goes on');
cmp_ok(time() - $start, '>=', 2, 'and is the same');

# a worker dies

$t->todo_alerts();

for my $pid (workers_of($t)) {
    $ws = stranger();
    kill 'KILL', $pid;
}

ok(eventually(sub {
    my $new = stranger();
    return $new->{status} == 101
        && (auth($new, $good)->{type} || '') eq 'connected';
}), 'after a death');


# --- clients

sub stranger {
    return ws(args => 'userId=eve&username=Eve', @_, raw => 1);
}


sub user {
    my (%o) = @_;

    my $ws = stranger();

    auth($ws, token($key, claims => { sub => $o{sub} }));
    $ws->subscribe($o{chats});

    return $ws;
}


sub auth_only {
    my ($ws, $token, $id) = @_;

    $ws->send_json({ action => 'auth', token => $token,
        defined $id ? (id => $id) : () });
}


sub auth {
    my ($ws) = @_;

    auth_only(@_);

    return $ws->next() || {};
}


sub told {
    my ($ws, $text) = @_;

    $ws->send_text($text);

    return ($ws->next() || {})->{error};
}


# The types of the next messages, and what errors say.

sub kinds {
    my ($ws, $n) = @_;

    return join ', ', map { $_->{error} || $_->{type} || 'none' }
        map { $ws->next() || {} } 1 .. $n;
}


# --- frames

sub frame_of {
    return Test::Chatws::Client::frame(@_);
}


sub frame {
    return frame_of(1, encode_json($_[0]));
}


sub packed {
    my ($text) = @_;

    my $out;
    my $z = IO::Compress::RawDeflate->new(\$out) or die;

    $z->write($text);
    $z->flush(IO::Compress::RawDeflate::Z_SYNC_FLUSH());

    return substr $out, 0, -4;
}
