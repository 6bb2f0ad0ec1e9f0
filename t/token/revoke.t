#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Revocations: which connections a revoke closes, which tokens are refused then,
# also where the handshake is under way; users without a right in a chat; a full
# table; and tokens for the API itself.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http rewrite auth_request proxy /)
    ->plan(71);
my $d = $t->testdir();

my ($k1, $k2, $k3) = map { secret_key($_) } qw/ k1 k2 k3 /;

$t->write_file('keys.jwks', jwks($k1, $k2, $k3));

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 3;',
    http => 'keepalive_timeout 0; chatws_token_key_file keys.jwks;
             chatws_token_lifetime 1h;',
    endpoint => 'chatws_token $http_authorization;', server => <<'EOC'));

location = /slow {
    set $early $chatws_claim_sub;
    auth_request /auth;
    chatws chat;
    chatws_token $http_authorization;
}

location = /auth {
    internal;
    proxy_pass http://127.0.0.1:8081;
}

location = /free {
    chatws chat;
}

location = /api/commands { chatws_api chat write=on; }

location = /guarded {
    chatws_api chat write=on;
    chatws_token $http_authorization;
}

location = /satisfied {
    satisfy any;
    allow all;
    chatws_api chat;
    chatws_token $http_authorization;
}

EOC

# an app server that says yes when it is told to

$t->run_daemon(\&app_server, Test::Nginx::port(8081), sub {
    my ($client, $request) = @_;

    touch("$d/asked");
    eventually(sub { -e "$d/go" });
    app_answer($client, 200, 'text/plain', '');
});

$t->run()->waitforsocket('127.0.0.1:' . Test::Nginx::port(8081));

ok(eventually(sub { workers_of($t) == 3 }), 'workers');

my $now = time();

sub touch {
    my ($path) = @_;

    open my $fh, '>', $path or die "cannot write $path: $!\n";
}

sub command {
    return publish($_[0], uri => '/api/commands');
}

sub with {
    my ($token) = @_;

    return headers => [ "Authorization: Bearer $token" ];
}

sub open_with {
    my ($token, %o) = @_;

    return ws(with($token), %o);
}

# How often which code and reason came, or what the connection still does.

sub ends_of {
    my %n;

    $n{join ' ', @{$_->await_close() || {}}{qw/ code reason /}}++ for @_;

    return join ', ', map { "$n{$_} x $_" } sort keys %n;
}

sub alive {
    return scalar grep {
        $_->send_json({ action => 'unsubscribe', chatId => 'none' });
        ($_->next() || {})->{type};
    } @_;
}

sub refused {
    my ($token) = @_;

    my $answer = open_with($token);
    my $error = ($answer->{json} || {})->{error} || '';

    return "$answer->{status} $error";
}

# --- by jti, in all workers

my %token = map { $_ => token($k1, claims => { sub => 'ann', jti => $_ }) }
    qw/ one two /;

my @one = map { open_with($token{one}) } 1 .. 9;
my @two = map { open_with($token{two}) } 1 .. 9;

is(command('{"command":"revoke","jti":"one"}')->{status}, 202, 'by jti');
is(ends_of(@one), '9 x 4403 token revoked', 'by jti, closed');
is(refused($token{one}), '401 Invalid token', 'by jti, refused');
is(alive(@two), 9, 'by jti, the others stay');
is(open_with($token{two})->{status}, 101, 'by jti, others connect');

# --- by the key

my $other = token($k2, claims => { sub => 'ann' });
my $anonymous = open_with($other);

command('{"command":"revoke","kid":"k2"}');
is(ends_of($anonymous), '1 x 4403 token revoked', 'by kid, closed');
is(refused($other), '401 Invalid token', 'by kid, refused');
is(alive(@two), 9, 'by kid, the others stay');

# --- by user and age

my $old = token($k1, claims => { sub => 'bob', iat => $now - 100 });
my $new = token($k1, claims => { sub => 'bob', iat => $now - 50 });
my $bobs = token($k1, claims => { sub => 'bobby', iat => $now - 100 });

my @bob = map { open_with($_) } $old, $new, $bobs;

command('{"command":"revoke","userId":"bob","issuedBefore":'
    . ($now - 51) . '}');
is(ends_of($bob[0]), '1 x 4403 token revoked', 'by age, closed');
is(refused($old), '401 Invalid token', 'by age, refused');
is(alive(@bob[1, 2]), 2, 'by age, newer ones and other users stay');
is(open_with($new)->{status}, 101, 'by age, newer ones connect');

command('{"command":"revoke","userId":"bob","issuedBefore":'
    . ($now - 90) . '}');
is(refused($old), '401 Invalid token', 'by age, it never gets less');

command('{"command":"revoke","userId":"bob","issuedBefore":'
    . ($now - 50) . '}');
is(ends_of($bob[1]), '1 x 4403 token revoked', 'by age, up to this second');

# --- until: what lies behind is not kept

my $short = token($k1, claims => { sub => 'eve', jti => 'short' });
my $eve = open_with($short);

is(command('{"command":"revoke","jti":"short","until":' . ($now - 1)
    . '}')->{status}, 202, 'until a time that is over');
is(ends_of($eve), '1 x 4403 token revoked', 'closed all the same');
is(open_with($short)->{status}, 101, 'and may come back');

command('{"command":"revoke","jti":"short","until":' . (time() + 2) . '}');
is(refused($short), '401 Invalid token', 'until soon');
ok(eventually(sub { open_with($short)->{status} == 101 }), 'and then over');

# --- what is without a token is not concerned

my $free = ws(path => '/free', user => 'ann');
command('{"command":"revoke","userId":"ann","issuedBefore":' . ($now - 999)
    . '}');
is(alive($free), 1, 'a client without a token');

# --- revoke and handshake: before it, in the middle of it, behind it

sub slow {
    my ($token, $meanwhile) = @_;

    unlink "$d/asked", "$d/go";

    my $client = Test::Chatws::Client->dial();

    $client->send_raw(join "\r\n", 'GET /slow HTTP/1.1', 'Host: localhost',
        'Connection: Upgrade', 'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        "Authorization: Bearer $token", '', '');

    # its token was verified by now

    eventually(sub { -e "$d/asked" });
    $meanwhile->();

    touch("$d/go");

    my $answer = $client->read_answer() || {};
    $client->{status} = $answer->{status};

    return $client;
}

my %dan = map { $_ => token($k1, claims => { sub => 'dan', jti => "$_" }) }
    1 .. 5;

my $dan = slow($dan{1}, sub { });
is("$dan->{status} " . ($dan->await('connected') || {})->{userId}, '101 dan',
    'a handshake that waits');

command('{"command":"revoke","jti":"2"}');
is(slow($dan{2}, sub { })->{status}, 401, 'revoked before the handshake');

$dan = slow($dan{3}, sub { command('{"command":"revoke","jti":"3"}') });

if ($dan->{status} == 101) {
    is(ends_of($dan), '1 x 4403 token revoked', 'revoked in the middle');

} else {
    is($dan->{status}, 401, 'revoked in the middle');
}

$dan = slow($dan{4}, sub { });
command('{"command":"revoke","jti":"4"}');
is(ends_of($dan), '1 x 4403 token revoked', 'revoked behind it');

# a disconnect in the middle of it is not for the connection that comes

$dan = slow($dan{5}, sub {
    command('{"command":"disconnect","userId":"dan"}');
});
is("$dan->{status} " . ($dan->await('connected') || {})->{userId}, '101 dan',
    'disconnect in the middle, connected');
is(alive($dan), 1, 'disconnect in the middle, not closed');

# --- a session by its id

my @tabs = map { open_with($dan{5}) } 1 .. 6;
my @ids = map { $_->{connected}{session} } @tabs;

command('{"command":"disconnect","userId":"dan","session":"' . $ids[2]
    . '","code":4001}');
is(ends_of($tabs[2]), '1 x 4001 disconnected', 'one session');
is(alive(@tabs[0, 1, 3 .. 5]), 5, 'one session, the others stay');

command('{"command":"subscribe","userId":"dan","chatId":"mine","session":"'
    . $ids[3] . '"}');
is(($tabs[3]->next() || {})->{chatId}, 'mine', 'subscribe one session');
is(alive(@tabs[0, 1, 4, 5]), 4, 'subscribe one session, no other');

command('{"command":"disconnect","userId":"dan","except":"' . $ids[0]
    . '","reason":"logged out"}');
is(ends_of(@tabs[1, 3 .. 5]), '4 x 4403 logged out', 'all but one session');
is(alive($tabs[0]), 1, 'all but one session, it stays');

# --- a user without a right in a chat

my $ann = $two[0];
my $bobby = $bob[2];

$_->subscribe('c') for $ann, $bobby;

my $until = time() + 600;

is(command('{"command":"unsubscribe","userId":"ann","chatId":"c","until":'
    . "$until}")->{status}, 202, 'no right');
is(($ann->next() || {})->{reason}, 'removed', 'no right, unsubscribed');

is($_->[0]->ask({ action => 'subscribe', chatId => 'c' })->{error} || '',
    $_->[1], 'no right, subscribe')
    for [ $ann, 'Not allowed' ], [ $two[1], 'Not allowed' ], [ $bobby, '' ];

is($ann->ask({ action => 'resume', chats => { c => { seq => 0 },
    d => { seq => 0 } }, epoch => 'x' })->{chats}{c}{error}, 'Not allowed',
    'no right, resume');
like($ann->ask({ action => 'typing', chatId => 'c',
    isTyping => JSON::PP::true() })->{error}, qr/^Not (?:allowed|subscribed)$/,
    'no right, typing');
is($ann->ask({ action => 'subscribe', chatId => 'e' })->{type},
    'subscription_confirmed', 'no right, in another chat');

command('{"command":"subscribe","userId":"ann","chatId":"c"}');
is(alive($ann), 1, 'no right, by a command neither');
is($free->ask({ action => 'subscribe', chatId => 'c' })->{error},
    'Not allowed', 'no right, without a token neither');

is(command('{"command":"unsubscribe","userId":"u","chatId":"c","until":'
    . (time() + 3700) . '}')->{status}, 400, 'until is too far ahead');

command('{"command":"unsubscribe","userId":"bobby","chatId":"c","until":'
    . (time() + 2) . '}');
ok(eventually(sub { ($bobby->ask({ action => 'subscribe', chatId => 'c' })
    || {})->{type} eq 'subscription_confirmed' }), 'until soon, and over');

# --- a reload, and a worker that is killed

my $known = request('GET', '/api/commands?what=info')->{json}{revocations};
cmp_ok($known, '>=', 6, 'revocations are counted');

ok(replaced($t, 3), 'reload');
kill 'KILL', (workers_of($t))[0];
ok(eventually(sub { workers_of($t) == 3 }), 'kill');

is(refused($token{one}), '401 Invalid token', 'kept');
is(request('GET', '/api/commands?what=info')->{json}{revocations} > 0, 1,
    'counted still');

# --- a reload that turns commands off, and on again

my $conf = $t->read_file('nginx.conf');

$t->write_file('nginx.conf', $conf =~ s/ write=on//gr);
ok(replaced($t, 3), 'commands are off');
is(command('{"command":"revoke","jti":"x"}')->{status}, 405, 'off');
is(refused($token{one}), '401 Invalid token', 'off, kept');

$t->write_file('nginx.conf', $conf);
ok(replaced($t, 3), 'commands are on again');
is(refused($token{one}), '401 Invalid token', 'on again, kept');
is(request('GET', '/api/commands?what=info')->{json}{revocations} > 0, 1,
    'on again, counted');

# --- by age alone, which everything falls under

my $last = open_with(token($k3, claims => { sub => 'zoe' }));

is(command('{"command":"revoke","issuedBefore":' . time() . '}')->{status},
    202, 'all tokens');
is(ends_of($last), '1 x 4403 token revoked', 'all tokens, closed');
is(refused(token($k3, claims => { iat => time() - 1 })), '401 Invalid token',
    'all tokens, refused');

# --- the table is full: nothing is evicted

my ($n, $answer) = (0);

ok(eventually(sub {
    $answer = command('[' . join(',', map { $n++;
        qq({"command":"revoke","jti":"fill $n"}) } 1 .. 100) . ']');
    return $answer->{status} == 503;
}), 'full');

like($answer->{body}, qr/no room for another revocation/, 'full, why');
is(command('{"command":"revoke","jti":"one"}')->{status}, 202,
    'full, an old one is extended');
is(refused($token{one}), '401 Invalid token', 'full, and in force');

# --- tokens of the API itself

my %api = map { $_ => token($k1, claims => { iat => time() + 5,
    exp => time() + 60, chatws => [ split / /, $_ ] }) }
    'read', 'write', 'read write', 'other';

sub guarded {
    my ($method, $token) = @_;

    my @headers = $token ? "Authorization: Bearer $token" : ();

    return request('GET', '/guarded?what=info', headers => \@headers)
        ->{status} if $method eq 'GET';

    return publish('{"command":"forget"}', uri => '/guarded',
        headers => \@headers)->{status};
}

is(guarded('GET') . guarded('POST'), '401401', 'API, no token');
is(guarded($_, $api{read}), $_ eq 'GET' ? 200 : 403, "API, read, $_")
    for qw/ GET POST /;
is(guarded($_, $api{write}), $_ eq 'GET' ? 403 : 202, "API, write, $_")
    for qw/ GET POST /;
is(guarded('GET', $api{'read write'}) . guarded('POST', $api{'read write'}),
    '200202', 'API, both');
is(guarded('GET', $api{other}), 403, 'API, another right');
is(request('GET', '/satisfied?what=info')->{status}, 401,
    'API, satisfy any');

# of the worker that was killed

$t->todo_alerts();
