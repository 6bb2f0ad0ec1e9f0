#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_sender, and the right to send of a user whose request came with a
# token.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy /)->plan(46);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    http => 'chatws_token_key_file %%TESTDIR%%/keys.jwks;',
    server => <<'EOC'));
        location = /sender {
            chatws_publish chat;
            chatws_sender $arg_a;
        }

        location = /response {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat batch;
            chatws_sender $arg_a;
        }

        location = /token {
            chatws_publish chat;
            chatws_token $http_authorization;
            chatws_access token;
            chatws_sender $chatws_claim_sub;
        }

        location = /commands {
            chatws_api chat write=on;
        }

        location = /app {
            chatws_publish chat;
            chatws_access token;
        }

        location = /any {
            chatws_publish chat;
            chatws_token $http_authorization;
        }

        location = /ws {
            chatws chat;
            chatws_token $http_authorization;
            chatws_access request;
            chatws_access_pass http://127.0.0.1:8082;
        }

        location = /request {
            chatws_publish chat;
            chatws_token $http_authorization;
            chatws_access request;
            chatws_access_pass http://127.0.0.1:8082;
        }
EOC

$t->run_daemon(\&app_server, port(8081), \&example_app);
$t->waitforsocket('127.0.0.1:' . port(8081));

my $app = Test::Chatws::App->new(8082);

$t->run();

my $ws = ws(user => 'reader', chats => [ 'c' ]);

# set where it is missing, and no other one

is(sent('/sender?a=ann', {}), '201 ann', 'missing');
is($ws->next()->{message}{sender}, 'ann', 'missing, delivered');
is(sent('/sender?a=ann', { sender => 'ann' }), '201 ann', 'the same');
$ws->next();
is(sent('/sender?a=ann', { sender => 'bob' }), '403 Sender not allowed',
    'another');
is(sent('/sender?a=ann', '{"sender":"ann","sender":"bob","chatId":"c",'
    . '"text":"x"}'), '403 Sender not allowed', 'another one behind it');
is(sent('/sender?a=ann', '{"\u0073ender":"bob","chatId":"c","text":"x"}'),
    '403 Sender not allowed', 'another one in disguise');
is(sent('/sender?a=ann', { sender => 7 }), '400 Invalid message',
    'no string');
is(sent('/sender?a=ann', ' {} '), '400 Invalid message', 'an empty object');
is(sent('/sender?a=ann', '{'), '400 Invalid JSON', 'half of it');
is(sent('/sender', {}), '403 Sender not allowed', 'nobody');
is(sent('/sender', { sender => 'ann' }), '403 Sender not allowed',
    'nobody, one given');
is(sent('/sender?a=' . 'x' x 129, {}), '403 Sender not allowed', 'too long');
is(sent("/sender?a=\xff", {}), '403 Sender not allowed', 'not UTF-8');
is(sent('/sender?a="b\\', {}), '201 "b\\', 'a quote');
is($ws->next()->{message}{sender}, '"b\\', 'a quote, delivered');
is(sent('/sender?a=ann', { type => 'edited' }), '201 ann', 'an event');
is($ws->next()->{sender}, 'ann', 'an event, delivered');

# in a batch that of each message

my $batch = publish('[{"chatId":"c","text":"1"},{"chatId":"c","text":"2",'
    . '"sender":"bob"},{"chatId":"c","text":"3","sender":"ann"}]',
    uri => '/sender?a=ann');
is($batch->{status}, 201, 'batch');
is(join(' ', map { $_->{error} || $_->{sender} } @{$batch->{json}}),
    'ann Sender not allowed ann', 'batch, each');
is(join(' ', map { $ws->next()->{message}{text} } 1, 2), '1 3',
    'batch, delivered');

# a response: the answer of the app is unchanged, another one is not published

my $body = '{"chatId":"c","text":"r","sender":"bob"}';
my $answer = publish($body, uri => '/response?a=ann');
is("$answer->{status} $answer->{body}", "201 $body", 'response, another');
$answer = publish($body, uri => '/response?a=bob');
is("$answer->{status} $answer->{body}", "201 $body", 'response, the same');
is($ws->next()->{message}{sender}, 'bob', 'response, published');
ok(eventually(sub { $t->read_file('error.log')
    =~ /can't publish the response: Sender not allowed/ }),
    'response, logged');

# a user needs the right to send

my %may = (chats => { c => [ 'send' ], d => [ 'subscribe', 'typing' ] });

is(sent('/token', {}, %may), '201 ann', 'claims');
is($ws->next()->{message}{sender}, 'ann', 'claims, delivered');
is(sent('/token', { chatId => 'd' }, %may), '403 Not allowed',
    'claims, another right');
is(sent('/token', { chatId => 'e' }, %may), '403 Not allowed',
    'claims, another chat');
is(sent('/token', { sender => 'bob' }, %may), '403 Sender not allowed',
    'claims, another sender');
is(sent('/token', { type => 'edited' }, %may), '201 ann', 'claims, an event');
is($ws->next()->{type}, 'edited', 'claims, an event, delivered');
is(sent('/token', { type => 'chat_update', lastMessage => 'x',
    lastMessageTime => '2025-11-27T10:00:00.000Z', unreadCount => 1 }, %may),
    '403 Not allowed', 'claims, an update');

# what the app server alone may say, also in disguise

is(sent('/token', $_, %may), '403 Not allowed', 'claims, not for a user')
    for { toUsers => 'ann' }, { silent => \0, type => 'edited' },
        '{"chatId":"c","text":"x","s\u0069lent":true}';
is(sent('/app', { sender => 'x', toUsers => 'ann', silent => \1 }), '201 x',
    'the app server may');
is($ws->next()->{message}{toUsers}, 'ann', 'the app server, as it was written');

# the app server has no token, and needs none

is(sent('/app', { sender => 'x' }), '201 x', 'the app server');
$ws->next();
is(sent('/any', { sender => 'x' }, %may), '201 x', 'where all is open');
$ws->next();

# what the app server has said of a user counts here as well

my $user = ws(path => '/ws', headers => [ bearer() ]);

for my $case ([ 'c', '201 ann', 'subscribe', 'send' ],
    [ 'd', '403 Not allowed', 'subscribe' ])
{
    my ($chat, $want, @rights) = @$case;

    $user->send_json({ action => 'subscribe', chatId => $chat });
    $app->grant($app->question(), @rights);
    $user->next();

    is(sent('/request', { chatId => $chat, sender => 'ann' }, %may), $want,
        "request, @rights");
}

# whom a command denies a chat, no claim lets speak there

is(publish({ command => 'unsubscribe', userId => 'ann', chatId => 'c',
    until => time() + 600 }, uri => '/commands')->{status}, 202, 'a command');
is(sent('/token', {}, %may), '403 Not allowed', 'denied');
is(sent('/token', {}, %may, sub => 'eve'), '201 eve', 'denied, not another');
is(join(' ', map { $ws->next()->{message}{sender} } 1, 2), 'ann eve',
    'denied, delivered of another');

is(scalar @{$ws->{gathered}}, 0, 'no more');

$_->drop() for $ws, $user;


sub bearer {
    my (%claims) = @_;

    return 'Authorization: Bearer ' . token($key, claims => \%claims);
}


# The status, and who has sent, or the error.

sub sent {
    my ($uri, $message, %claims) = @_;

    $message = { chatId => 'c', text => 'x', %$message } if ref $message;

    my $answer = publish($message, uri => $uri, headers => [
        'Content-Type: application/json', %claims ? bearer(%claims) : () ]);

    return "$answer->{status} "
        . ($answer->{json}{error} || $answer->{json}{sender} || '');
}
