#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_typing: of a user in a chat, over all connections and workers, a
# repeat is swallowed, an end is passed on after a beginning only, and typing
# ends with the last connection that does it, or with a message.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(27);

# nothing here depends on time

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_typing interval=30m timeout=1h limit=4;
             add_header X-Pid $pid always;',
    server => 'location = /plain { chatws chat; chatws_typing off; }
               location = /status { chatws_status chat; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

my $a = ws_in($t, $one, user => 'a', username => 'Ann', chats => 'c');
my $a2 = ws_in($t, $two, user => 'a', username => 'Ann', chats => 'c');
my $a3 = ws_in($t, $one, user => 'a', username => 'Ann', chats => 'c');
my $near = ws_in($t, $one, user => 'near', chats => 'c');
my $far = ws_in($t, $two, user => 'far', chats => 'c');
my $mark = ws_in($t, $two, user => 'mark', chats => 'c');

# one connection

types($a, 'c', 0);
settled($a);
is_told('', 'no end without a beginning');

types($a, 'c', 1);
like($near->await('user_typing') && $near->{last},
    qr/^\{"type":"user_typing","chatId":"c","userId":"a",
    "username":"Ann","isTyping":true,"timestamp":"[-\d]+T[:.\d]+Z"\}$/x,
    'a beginning, byte for byte');
ok($far->await('user_typing')->{isTyping}, 'and in another worker');

types($a, 'c', 1) for 1 .. 3;
settled($a);
is_told('', 'repeats are swallowed');

types($a, 'c', 0);
like($near->await('user_typing') && $near->{last},
    qr/^\{"type":"user_typing","chatId":"c","userId":"a",
    "username":"Ann","isTyping":false,"timestamp":"[-\d]+T[:.\d]+Z"\}$/x,
    'an end, byte for byte');
ok(!$far->await('user_typing')->{isTyping}, 'and in another worker');

types($a, 'c', 0);
types($a, 'c', 1);
types($a, 'c', 0);
settled($a);
is_told('+a -a', 'a new beginning is told at once');

# several connections

for my $tab ($a, $a2, $a3) {
    types($tab, 'c', 1);
    settled($tab);
}

is_told('+a', 'all connections are one typist');

types($a, 'c', 0);
settled($a);
$a3->unsubscribe('c');
is_told('', 'which goes on with the last one');

types($a2, 'c', 0);
settled($a2);
is_told('-a', 'and ends with it');

$a3->subscribe('c');

for my $tab ($a, $a2, $a3) {
    types($tab, 'c', 1);
    settled($tab);
}

$a->drop();
$a2->drop();
types($a3, 'c', 0);

ok($near->await('user_typing')->{isTyping}
    && !$near->await('user_typing')->{isTyping},
    'connections that end without a word');
is_told('', 'end it once', '+a -a');

# one connection that unsubscribes, or is closed

types($a3, 'c', 1);
settled($a3);
$a3->unsubscribe('c');
is_told('+a -a', 'unsubscribe ends it');

$a3->subscribe('c');
types($a3, 'c', 1);
$a3->send_close(1000);
ok($near->await('user_typing')->{isTyping}
    && !$near->await('user_typing')->{isTyping}, 'a close ends it');
$a3->drop();
is_told('', 'once', '+a -a');

# a message

$a = ws_in($t, $one, user => 'a', username => 'Ann', chats => 'c');
$a2 = ws_in($t, $two, user => 'a', username => 'Ann', chats => 'c');

for my $tab ($a, $a2) {
    types($tab, 'c', 1);
    settled($tab);
}

is_told('+a', 'two connections');

publish({ chatId => 'c', type => 'reaction_added', sender => 'a' });
publish({ chatId => 'c', text => 'of another', sender => 'x' });
publish({ chatId => 'other', text => 'elsewhere', sender => 'a' });
is_told('reaction_added new_message', 'no other message ends it');

publish({ chatId => 'c', text => 'done', sender => 'a' });
is_told('new_message -a', 'a message of the user does');

types($a2, 'c', 0);
settled($a2);
types($a, 'c', 1);
settled($a);
is_told('+a', 'for all connections');

types($a2, 'c', 0);
settled($a2);
is_told('', 'and what they say later is nothing');

types($a, 'c', 0);
settled($a);
is_told('-a', 'but for the one that went on');

# the chat is not the connection's

types($a, 'x', 1);
is($a->await('error')->{error}, 'Not subscribed', 'not subscribed');

# over the limit: users count, not connections

types($a, 'c', 1);
settled($a);
is_told('+a', 'four users, five connections');

my $fifth = ws(user => 'fifth', path => '/plain', chats => 'c');

types($near, 'c', 1);
settled($near);
types($a, 'c', 1);
types($a, 'c', 0);
settled($a);

# a location without chatws_typing passes on what comes

types($fifth, 'c', $_) for 1, 1, 0, 0;
settled($fifth);
$fifth->drop();

ok(eventually(sub { hub_status()->{connections} == 5 }), 'it has gone');
is_told('-a +fifth +fifth -fifth -fifth',
    'over the limit ends only, and chatws_typing off');

# the status counts what was told

cmp_ok(hub_status()->{typing}, '>', 20, 'what was told is counted');

$_->drop() for $near, $far, $mark;


# What both readers were told, or the first of them if there is a third text.

sub is_told {
    my ($want, $name, $far_want) = @_;

    is_deeply([ told($mark, 'c', $near, $far) ],
        [ $want, defined $far_want ? $far_want : $want ], $name);
}
