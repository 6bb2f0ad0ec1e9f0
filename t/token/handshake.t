#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Tokens in the handshake: where they may be, what they say, and what a request
# without a good one gets.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http rewrite map /)->plan(65);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key, secret_key('k2', alg => 'HS512')));
$t->write_file('more.jwks', jwks(secret_key('k3', alg => 'HS384')));

$t->write_file_expand('nginx.conf', conf(http => <<'EOC',

    map $http_x_token $mapped {
        default $http_x_token;
    }

    chatws_token_key_file %%TESTDIR%%/keys.jwks;
    chatws_token_key_file %%TESTDIR%%/more.jwks;
    chatws_user $http_x_user;
    chatws_username $http_x_name;
EOC
    server => <<'EOC'))->run();

        location = /field {
            chatws chat;
            chatws_token $http_authorization;
        }

        location = /arg {
            chatws chat;
            chatws_token $arg_access_token;
        }

        location = /cookie {
            chatws chat;
            chatws_token $cookie_token;
            chatws_allowed_origins same;
        }

        location = /protocol {
            chatws chat;
            chatws_subprotocol chat;
            chatws_token protocol;
        }

        location = /any {
            chatws chat;
            chatws_token $http_authorization $arg_access_token $mapped
                         protocol;
        }

        location = /parties {
            chatws chat;
            chatws_token $http_authorization;
            chatws_token_issuer https://a.example https://b.example;
            chatws_token_audience chat other;
        }

        location = /short {
            chatws chat;
            chatws_token $http_authorization;
            chatws_token_lifetime 1m;
            chatws_token_leeway 0;
            chatws_token_max_size 300;
        }

        location /outer {
            chatws_token $http_authorization;

            location = /outer/inner {
                chatws chat;
            }

            location = /outer/off {
                chatws chat;
                chatws_token off;
            }
        }
EOC

my $good = token($key);

# --- where a token may be

is(user('/field', bearer($good)), 'ann', 'the field Authorization');
is(user('/field', headers => [ "Authorization: bEARER   $good" ]), 'ann',
    'the scheme in any case, and blanks');
is(user('/arg', args => "a=b&access_token=$good&c"), 'ann', 'an argument');
is(user('/cookie', headers => [ "Cookie: a=b; token=$good; c=d" ]), 'ann',
    'a cookie');
is(user('/any', headers => [ "X-Token: $good" ]), 'ann', 'a map');
is(user('/any', headers => [ "X-Token: Bearer $good" ]), 'ann',
    'a map of a field with a scheme');
is(user('/any', args => "access_token=$good"), 'ann', 'the second source');
is(user('/outer/inner', bearer($good)), 'ann', 'inherited');
is(user('/outer/off', args => 'userId=eve', headers => [ 'X-User: joe' ]),
    'joe', 'off again');

# the first one that is not empty counts

refused('/any', 'Invalid token', 'a bad one before a good one',
    headers => [ 'Authorization: Bearer x' ], args => "access_token=$good");
is(user('/any', args => "access_token=$good", headers =>
    [ 'Authorization: Basic YTpi' ]), 'ann', 'another scheme is no token');
is(user('/any', args => "access_token=$good", headers =>
    [ 'Authorization: Bearer ' ]), 'ann', 'nor is an empty one');

refused('/field', 'Token required', 'none');
refused('/field', 'Token required', 'another scheme',
    headers => [ 'Authorization: Basic YTpi' ]);
refused('/field', 'Token required', 'no scheme',
    headers => [ "Authorization: $good" ]);
refused('/field', 'Token required', 'in another place',
    args => 'access_token=' . token($key, claims => { sub => 'joe' }));
refused('/field', 'Invalid token', 'an empty part',
    headers => [ 'Authorization: Bearer a..b' ]);

# --- as a subprotocol

my $ws = token_ws('/protocol', protocol("chatws.v1, chatws.bearer.$good"));

is(($ws->{connected} || {})->{userId}, 'ann', 'a subprotocol');
is($ws->{headers}{'sec-websocket-protocol'}, 'chatws.v1',
    'another one is chosen');

$ws = token_ws('/protocol',
    protocol("chat", "chatws.bearer.$good", 'chatws.v1'));
is($ws->{headers}{'sec-websocket-protocol'}, 'chatws.v1',
    'before that of the location, in several fields');

$ws = token_ws('/any', headers => [ 'Sec-WebSocket-Protocol: chatws.v1',
    "Authorization: Bearer $good" ]);
is($ws->{headers}{'sec-websocket-protocol'}, 'chatws.v1',
    'also without a token in it');

$ws = token_ws('/any', bearer($good));
is($ws->{headers}{'sec-websocket-protocol'}, undef, 'none is on offer');

$ws = token_ws('/field', headers => [ 'Sec-WebSocket-Protocol: chatws.v1',
    "Authorization: Bearer $good" ]);
is($ws->{headers}{'sec-websocket-protocol'}, undef, 'it is no source');

$ws = token_ws('/protocol', protocol("chat, chatws.bearer.$good"));
is($ws->{status}, 400, 'without chatws.v1');
unlike($ws->{head} . $ws->{body}, qr/\Q$good\E/, 'it is not echoed');

refused('/protocol', 'Token required', 'chatws.v1 alone',
    protocol('chatws.v1'));
refused('/protocol', 'Token required', 'an empty bearer',
    protocol('chatws.v1, chatws.bearer.'));
refused('/protocol', 'Invalid token', 'a bad bearer, and no chatws.v1',
    protocol('chatws.bearer.x'));

# --- what it says

$ws = token_ws('/field', bearer(token($key, claims => { sub => "zo\xeb",
    name => 'Zoe' })), args => 'userId=eve&username=Eve');

is($ws->{connected}{userId}, "zo\xeb", 'the user is sub');
like($ws->{connected}{session}, qr/^s_[0-9a-z]{22}$/, 'the session');
ok($ws->{connected}{expiresIn} > 500 && $ws->{connected}{expiresIn} <= 600,
    'expiresIn');
is(join(' ', $ws->{first} =~ /"(\w+)":/g),
    'type userId message timestamp session expiresIn',
    'behind the members of the specification');

my $later = token_ws('/field', bearer($good));
ok($later->{connected}{session} gt $ws->{connected}{session},
    'sessions sort by time');

my $other = ws(user => 'other', chats => 'c',
    headers => [ 'X-User: other' ]);

$ws->subscribe('c');
$ws->send_json({ type => 'typing', chatId => 'c', isTyping => JSON::PP::true });
is($other->await('user_typing')->{username}, 'Zoe', 'the name');

$later = token_ws('/field', bearer(token($key,
    claims => { name => "a\tb" })), args => 'username=Eve');
$later->subscribe('c');
$later->send_json(
    { type => 'typing', chatId => 'c', isTyping => JSON::PP::true });
is($other->await('user_typing')->{username}, 'ann',
    'an invalid name: the id');

ok(!exists $other->{connected}{session}, 'no session where tokens are off');

# --- whether it is good

my $now = time();

is(user('/field', bearer(token(secret_key('k2', alg => 'HS512')))), 'ann',
    'the second key');
is(user('/field', bearer(token(secret_key('k3', alg => 'HS384')))), 'ann',
    'of the second file');
is(user('/parties', bearer(token($key, claims =>
    { iss => 'https://b.example', aud => [ 'x', 'chat' ] }))), 'ann',
    'issuer and audience');
is(user('/parties', bearer(token($key, claims =>
    { iss => 'https://a.example', aud => 'other' }))), 'ann',
    'the others');
is(user('/field', bearer(token($key, claims => { exp => $now - 1 }))), undef,
    'exp is before iat');
is(user('/field', bearer(token($key, claims =>
    { iat => $now - 60, exp => $now }))), 'ann', 'within the leeway');

for my $case (
    [ 'another audience', '/parties', { iss => 'https://a.example',
      aud => 'c' } ],
    [ 'no audience', '/parties', { iss => 'https://a.example' } ],
    [ 'another issuer', '/parties', { iss => 'https://a', aud => 'chat' } ],
    [ 'an audience, none is set', '/field', { aud => 'chat' } ],
    [ 'a lifetime over a day', '/field', { exp => $now + 90000 } ],
    [ 'a lifetime over a minute', '/short', { } ],
    [ 'not yet valid', '/field', { nbf => $now + 300 } ],
    [ 'not yet issued', '/field', { iat => $now + 300 } ],
    [ 'no exp', '/field', { exp => undef } ],
    [ 'no iat', '/field', { iat => undef } ],
    [ 'no sub', '/field', { sub => undef } ],
    [ 'an empty sub', '/field', { sub => '' } ],
    [ 'NUL in sub', '/field', { sub => "a\0b" } ],
    [ 'a token for a chat', '/field', { chat => 'c' } ],
    [ 'more than 256 chats', '/field', { chats => [ 0 .. 256 ] } ],
) {
    my ($name, $path, $claims) = @$case;

    refused($path, 'Invalid token', $name,
        bearer(token($key, claims => $claims)));
}

refused('/field', 'Token expired', 'expired',
    bearer(token($key, claims => { iat => $now - 600, exp => $now - 60 })));
refused('/short', 'Invalid token', 'too long', bearer(token($key,
    claims => { exp => $now + 60, x => 'x' x 300 })));

# --- before all else

my @bad = (headers => [ 'Authorization: Bearer x' ]);

is(request('POST', '/field', body => '', @bad)->{status}, 401, 'POST');
is(request('GET', '/field')->{status}, 401, 'no handshake');
is(request('GET', '/field', bearer($good))->{status}, 426,
    'no handshake, a good token');
is(token_ws('/field', @bad, version => 12)->{status}, 401,
    'another version of WebSocket');
is(token_ws('/field', @bad, key => 'x')->{status}, 401, 'a bad key');

# what nginx logs for debugging has all that it reads

my $log = $t->read_file('error.log');

$log =~ s/^.*\[debug\].*\n//mg;

unlike($log, qr/\Q$good\E/, 'not in the log of errors');


sub token_ws {
    my ($path, %o) = @_;

    my $ws = ws(path => $path, raw => 1, %o);

    return $ws if $ws->{status} != 101;

    $ws->{connected} = $ws->next();
    $ws->{first} = $ws->{last};

    return $ws;
}


sub user {
    my ($path, @o) = @_;

    my $ws = token_ws($path, @o);

    return $ws->{connected} ? $ws->{connected}{userId} : undef;
}


sub bearer {
    return (headers => [ "Authorization: Bearer $_[0]" ]);
}


sub protocol {
    return (headers => [ map { "Sec-WebSocket-Protocol: $_" } @_ ]);
}


sub refused {
    my ($path, $error, $name, @o) = @_;

    my $ws = token_ws($path, @o);

    is(join(' ', $ws->{status}, $ws->{headers}{'www-authenticate'} || '',
            ($ws->{json} || {})->{error} || ''),
        "401 Bearer $error", $name);
}
