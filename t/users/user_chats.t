#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The chats of a user as a handshake says them: what is asserted and what is
# not, and that a lost zone heals itself.

use warnings;
use strict;

use Test::More;
use Time::HiRes;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Test::Chatws::Members;

my $t = Test::Nginx->new()
    ->has(qw/ http auth_request proxy rewrite stub_status /)->plan(27);

sub configuration {
    my ($zone) = @_;

    return conf(connections => 128, zone => $zone,
        main => 'worker_processes 2;',
        http => 'chatws_users zone=chat; keepalive_timeout 0; chatws_drain 0;',
        endpoint => <<'EOC', server => <<'EOC2');

auth_request           /auth;
auth_request_set       $chats $upstream_http_x_chats;
chatws_user            $arg_user;
chatws_user_chats      $chats;
chatws_chat_pattern    ^[a-z];
chatws_access          members;

EOC

location = /auth {
    internal;
    proxy_pass http://127.0.0.1:8081/session;
}

location = /session {
    add_header X-Chats $http_x_chats;
    return 204;
}

location = /held {
    chatws            chat;
    chatws_user_chats $http_x_chats;
}

listen 127.0.0.1:8081;

location = /stub { stub_status; }

location = /api/commands { chatws_api chat write=on; }

EOC2
}

$t->write_file_expand('nginx.conf', configuration('zone=chat:4m'));
$t->run();

*members = \&Test::Chatws::Members::members;
*say_to = \&Test::Chatws::Members::say_to;
*list = \&Test::Chatws::Members::list;

sub tab {
    my ($user, $chats, %o) = @_;

    return ws(args => "user=$user&chats=live",
        headers => [ "X-Chats: $chats" ], %o);
}

sub chats_of {
    my ($user) = @_;

    my $json = request('GET', "/api/commands?what=user&userId=$user")->{json};

    return join ' ', map { $_->{chatId} } grep { $_->{member} }
        @{$json->{chats}};
}

# --- what a handshake says

my $ann = tab('ann', '{"a":3,"b":0}');

is($ann->{connected}{userId}, 'ann', 'connected');
is(list($ann), 'a:0 b:0', 'in its chats');
is(chats_of('ann'), 'a b', 'a member');

say_to('b', 'x');
is(($ann->next() || {})->{message}{text}, 'x', 'subscribed');

# --- it only adds, for all tabs of the user

my $tab = tab('ann', '{"c":1}');

is(list($tab), 'a:0 b:1 c:0', 'a chat that is missing is not touched');
is(($ann->next() || {})->{chatId}, 'c', 'the other tab is told');
say_to('c', 'y');
is(($_->next() || {})->{message}{text}, 'y', 'and subscribed') for $ann, $tab;

my $again = tab('ann', '{"a":0,"b":0,"c":0}');

is(list($again), 'a:0 b:1 c:1', 'said again');
members('z', add => [ 'ann' ]);
is(($ann->next() || {})->{chatId}, 'z', 'that is no news');

# --- what is not asserted

is(list(tab('bob', '{"d":1,"D":1,"e":-1,"f":"1","":1}')), 'd:0',
    'what is no chat, and no number');
is(list(tab('bob', '[1]')), 'd:0', 'no object');
is(list(tab('bob', '{"g":1')), 'd:0', 'no JSON');
is(list(tab('bob', '')), 'd:0', 'nothing');

my $log = $t->read_file('error.log');

like($log, qr/\[warn\].*of user "bob" has 4 entries that .* such as "D"/,
    'that is logged');
is(scalar(() = $log =~ /"chatws_user_chats" of user "bob" is no JSON/g), 2,
    'what is no object as well');

# --- a removal is remembered, an assertion from before it does not add

my $held = Test::Chatws::Client->dial();

$held->send_raw("GET /held?userId=eve HTTP/1.1\r\nHost: localhost\r\n"
    . "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    . "Sec-WebSocket-Version: 13\r\nX-Chats: {\"h\":1}\r\n");

ok(eventually(sub {
    return request('GET', '/stub')->{body} =~ /Reading: 1 /;
}), 'a handshake is under way');

members('h', add => [ 'eve' ]);
is(members('h', remove => [ 'eve' ])->{json}{removed}, 1, 'removed meanwhile');

$held->send_raw("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
is($held->read_answer()->{status}, 101, 'the handshake goes on');
is(chats_of('eve'), '', 'what it said is too old');

# by the clock, whose unit is a millisecond

my $now = Time::HiRes::time();
eventually(sub { Time::HiRes::time() > $now + 0.01 });

my $later = ws(path => '/held', args => 'userId=eve&chats=live',
    headers => [ 'X-Chats: {"h":1}' ]);

is(list($later), 'h:0', 'a later one is not');

# --- a command is stronger than a handshake before it, and the reverse

members('h', remove => [ 'eve' ]);
is($later->next()->{type}, 'chat_removed', 'removed again');
members('h', add => [ 'eve' ]);
is($later->next()->{type}, 'chat_added', 'and added');
$_->drop() for $later, $held;

# --- a lost zone: another size makes a fresh one

my $epoch = $ann->{connected}{epoch};

$t->write_file_expand('nginx.conf', configuration('zone=chat:8m'));
ok(replaced($t, 2), 'another zone');

is(chats_of('ann'), '', 'nothing is known');

my $back = tab('ann', '{"a":3,"b":0}');

isnt($back->{connected}{epoch}, $epoch, 'another epoch');
is(list($back), 'a:0 b:0', 'it heals');
