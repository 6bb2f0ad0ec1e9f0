#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A reload, and the end of nginx, while questions to the app server are open:
# the client stays until its question is answered, and then moves with all that
# was granted.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(16);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => <<'EOC',
    chatws_access request;
    chatws_access_pass http://127.0.0.1:8081;
    chatws_access_cache valid=0 denied=0;
    chatws_access_timeout 30s;
    chatws_drain 0;
EOC
    server => <<'EOC'));
        location = /token {
            chatws chat;
            chatws_token $http_authorization;
            chatws_token_key_file %%TESTDIR%%/keys.jwks;
            chatws_access token;
        }

        location = /status {
            chatws_status chat;
        }
EOC

my $app = Test::Chatws::App->new(8081);

$t->run();

my $ws = ws(user => 'ann');

$ws->send_json({ action => 'subscribe', chatId => 'a' });
$app->grant($app->question());
is($ws->next()->{action}, 'subscribe', 'before');

my $end = time() + 8;
my $token = ws(path => '/token', headers => [ 'Authorization: Bearer '
    . token($key, claims => { chats => [ 'c' ] }) ]);
$token->subscribe('c');

for my $case ([ 's', $end ], [ 't', time() + 600 ]) {
    my ($chat, $exp) = @$case;

    is($token->ask({ action => 'subscribe', chatId => $chat,
        token => token($key, claims => { chat => $chat, exp => $exp,
            rights => [ 'subscribe' ] }) })->{action}, 'subscribe',
        "token, $chat");
}

# a question is open, and something waits behind it

$ws->send_json({ action => 'subscribe', chatId => 'b', id => 1 });
my $q = $app->question();
$ws->send_json({ type => 'typing', chatId => 'b', isTyping => \1, id => 2 });

ok(reloaded($t), 'reload');

# the other client has moved, this one goes on in its worker

ok(eventually(sub { hub_status()->{moved} == 1 }), 'nothing open, moved');
ok(!$ws->{eof} && !defined $ws->read_message(0), 'open, stays');

$app->grant($q, 'subscribe');
is($ws->next()->{id}, 1, 'answered');
$app->answer($app->question(), 403, '');
is($ws->next()->{id}, 2, 'what has waited is carried out');

ok(eventually(sub { hub_status()->{moved} == 2 }), 'moved then');

publish({ chatId => $_, text => $_, sender => 'x' }) for qw/ a b /;
is(join(' ', map { $ws->next()->{chatId} } 1, 2), 'a b', 'moved, subscribed');

# what tokens of chats have granted has moved, too, and ends in its time

publish({ chatId => $_, text => $_, sender => 'x' }) for qw/ c t /;
is(join(' ', sort map {
    my $event = $token->next();
    $event->{reason} ? "$event->{chatId}:$event->{reason}" : $event->{chatId};
} 1 .. 3), 'c s:expired t', 'moved, tokens');
is($token->ask({ type => 'typing', chatId => 't', isTyping => \1 })->{error},
    'Not allowed', 'moved, rights');

# all workers quit while a question is open: it is not waited for

$ws->send_json({ action => 'subscribe', chatId => 'd' });
ok($app->question(), 'asked');

$t->stop();

my $close = $ws->await_close() || {};
is($close->{reason}, 'service restart, reconnect', 'stopped');
ok($ws->ended(), 'ended');

is(scalar(() = $t->read_file('error.log') =~ /open socket/g), 0,
    'no socket is left');

$_->drop() for $ws, $token;
