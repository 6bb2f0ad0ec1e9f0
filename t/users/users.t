#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Users as targets: who gets what is published to users, its numbers, what the
# publisher is answered, and what is refused.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(80);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_users zone=chat;
        chatws_zone zone=none:1m;
        chatws_chat_pattern ^chat_;
        log_format test "$chatws_result|$chatws_chat|$chatws_users|'
        . '$chatws_seq|$chatws_recipients";',
    publish => 'access_log %%TESTDIR%%/test.log test;',
    server => <<'EOC'))->run();

        location = /own {
            chatws chat;
            chatws_own_messages on;
        }

        location = /plain {
            chatws none;
        }

        location = /to_plain {
            chatws_publish none;
        }

        location = /status {
            chatws_status chat;
        }
EOC

my $long = "\xe9" x 63 . 'xy';
my $epoch;

# connected

my $ann = ws(user => 'ann');

is($ann->{connected}{userSeq}, 0, 'connected, userSeq');
like($epoch = $ann->{connected}{epoch}, qr/^[0-9a-f]{12}$/, 'connected, epoch');
is_deeply($ann->{connected}{features}, [ 'users', 'members' ],
    'connected, features');
like($ann->{last}, qr/"timestamp":"[^"]+","userSeq":0,"epoch":"\w+",
    "features":\["users","members"\]\}$/x, 'connected, in order');

# all tabs, on all workers

my @tabs = map { ws(user => 'bob') } 1 .. 6;
my $plain = ws(user => 'bob', path => '/plain');

is($plain->{last} =~ /userSeq|features/, '', 'not told where it is off');

my $answer = publish({ toUsers => 'bob', type => 'friend_request',
    from => 'jane' });

is($answer->{status}, 201, 'to a user');
like($answer->{body}, qr/^\{"from":"jane","type":"friend_request",
    "timestamp":"[^"]+","epoch":"$epoch","recipients":6,
    "users":\{"bob":\{"userSeq":1,"recipients":6\}\}\}$/x, 'the answer');

for my $tab (@tabs) {
    my $event = $tab->next();
    like($tab->{last}, qr/^\{"from":"jane","type":"friend_request",
        "timestamp":"[^"]+","userSeq":1\}$/x, 'a tab');
}

# many users, one of them twice, one who was never there

$answer = publish({ toUsers => [ 'bob', 'ann', 'bob', 'cid', $long ],
    type => 'chat_update', chatId => 'chat_9', lastMessage => 'Hi',
    lastMessageTime => '2025-11-27T10:00:00.000Z', unreadCount => 1,
    sender => 'zoe' })->{json};

is_deeply($answer->{users}, { bob => { userSeq => 2, recipients => 6 },
    ann => { userSeq => 1, recipients => 1 },
    cid => { userSeq => 1, recipients => 0 },
    $long => { userSeq => 1, recipients => 0 } }, 'users of an answer');
is($answer->{recipients}, 7, 'the sum of recipients');
ok(!exists $answer->{seq}, 'no seq');
is($answer->{sender}, 'zoe', 'a sender');

$ann->await('chat_update');
like($ann->{last}, qr/^\{"type":"chat_update","chatId":"chat_9",
    "lastMessage":"Hi","lastMessageTime":"[^"]+","unreadCount":1,
    "timestamp":"[^"]+","userSeq":1\}$/x, 'a chat_update is numbered');

$_->await('chat_update') for @tabs;

is(ws(user => 'cid')->{connected}{userSeq}, 1, 'who was not there');
is(ws(args => 'userId=' . '%C3%A9' x 63 . 'xy')->{connected}{userSeq}, 1,
    'an id of 128 bytes');

# the chat is data: nobody is subscribed, and its numbers go on

$ann->subscribe('chat_1');

$answer = publish({ toUsers => 'ann', chatId => 'chat_1', text => 'for you',
    sender => 'bob', id => 'm1', replyTo => 'm0', userSeq => 77 })->{json};

is($answer->{text}, 'for you', 'a message, its answer');
ok(!exists $answer->{toUsers}, 'a message, no toUsers in its answer');

my $event = $ann->await('new_message');
is($event->{message}{text}, 'for you', 'a message');
is($event->{message}{replyTo}, 'm0', 'a message, further members');
is($event->{userSeq}, 2, 'a message, its number');
ok(!exists $event->{seq} && !exists $event->{message}{toUsers}
    && !exists $event->{message}{userSeq}, 'a message, and no other');

is(publish({ chatId => 'chat_1', text => 'all', sender => 'bob' })
    ->{json}{seq}, 1, 'the first of the chat');
$ann->await('new_message');
is(scalar @{$ann->{skipped}}, 0, 'once');

publish({ toUsers => 'ann', chatId => 'other', type => 'note' });
is($ann->await('note')->{chatId}, 'other', 'the pattern is not asked');

# nothing of the inbox is seen as a chat

my $status = hub_status();
is($status->{chats}, 1, 'chats');
is($status->{subscriptions}, 1, 'subscriptions');

# the sender is left out, or told

my $own = ws(user => 'bob', path => '/own');

$answer = publish({ toUsers => [ 'bob', 'ann' ], chatId => 'chat_1',
    text => 'mine', sender => 'bob' })->{json};
is($answer->{users}{bob}{recipients}, 1, 'the sender\'s own');
is($answer->{users}{ann}{recipients}, 1, 'others');

is($own->await('new_message')->{message}{isOwnMessage}, JSON::PP::true(),
    'own message');
is($ann->await('new_message')->{message}{isOwnMessage}, JSON::PP::false(),
    'a message of another');

publish({ toUsers => 'bob', type => 'marker' });
$tabs[0]->await('marker');
is(scalar @{$tabs[0]->{skipped}}, 0, 'left out');
is($own->await('marker')->{userSeq}, $answer->{users}{bob}{userSeq} + 1,
    'the number was used');

# a batch

$answer = publish([ { toUsers => 'ann', type => 'one' },
    { chatId => 'chat_1', type => 'two' },
    { toUsers => [ 'ann', 'cid' ], type => 'three' },
    { toUsers => [], type => 'four' } ]);

is($answer->{status}, 201, 'a batch');
my @results = @{$answer->{json}};
is($results[0]{recipients}, 1, 'a batch, to a user');
is($results[1]{seq}, 2, 'a batch, to a chat');
is(join(',', sort keys %{$results[2]{users}}), 'ann,cid',
    'a batch, to users');
is($results[3]{error}, 'Invalid message', 'a batch, an error');

$ann->await('three');
is(join(',', map { $_->{type} } @{$ann->{skipped}}), 'one,two',
    'a batch, in order');

# what is refused

for my $case ([ 'a number', 7 ], [ 'null', undef ], [ 'an object', {} ],
    [ 'nobody', [] ], [ 'numbers', [ 'ann', 7 ] ],
    [ '1001 users', [ map { "u$_" } 1 .. 1001 ] ])
{
    my ($name, $users) = @$case;

    $answer = publish({ toUsers => $users, type => 'x' });
    is($answer->{status}, 400, $name);
    is($answer->{json}{details},
        'toUsers must be a string, or an array of 1 to 1000 strings',
        "$name, details");
}

for my $user ('', "\x01ann", 'x' x 129, "a\x7f") {
    $answer = publish({ toUsers => $user, type => 'x' });
    is("$answer->{status} $answer->{json}{error}", '400 Invalid userId',
        'no user id');
}

$answer = publish({ toUsers => [ "\x01ann", 'ann' ], type => 'x' });
is($answer->{status}, 201, 'one of them is none');
is_deeply($answer->{json}{users}{"\x01ann"}, { error => 'Invalid userId' },
    'one of them is none, its error');
is($answer->{json}{users}{ann}{recipients}, 1, 'the other one');
$ann->await('x');

$answer = publish('{"toUsers":"\ud800","type":"x"}');
is($answer->{status}, 400, 'half of a surrogate');

is(publish({ toUsers => 'ann', text => 'x', sender => 'y' })->{json}{details},
    'chatId must be a string', 'a message needs its chat');
is(publish({ toUsers => 'ann', type => 'chat_update' })->{json}{details},
    'chatId must be a string', 'so does a chat_update');
is(publish({ toUsers => 'ann', type => 'connected' })->{status}, 400,
    'a type of the server');

$answer = publish({ toUsers => [ map { "u$_" } 1 .. 1000 ], type => 'x' });
is(scalar keys %{$answer->{json}{users}}, 1000, '1000 users');

# an inbox is reached by no chat id

for my $message ({ chatId => "\x01ann", text => 'x', sender => 'y' },
    { chatId => "\x01ann", type => 'x' })
{
    is(publish($message)->{json}{error}, 'Invalid chatId', 'a publication');
}

for my $action (qw/ subscribe unsubscribe typing /) {
    is($ann->ask({ action => $action, chatId => "\x01bob",
        isTyping => JSON::PP::true() })->{error}, 'Invalid chatId', $action);
}

$ann->send_json({ action => 'resume', chats => { "\x01bob" => { seq => 0 } },
    epoch => $epoch });
is($ann->await('resumed')->{chats}{"\x01bob"}{error}, 'Invalid chatId',
    'resume');

# where it is off, it is a further member

my $all = ws(user => 'eve', path => '/plain', chats => 'chat_1');

$answer = publish({ toUsers => 'bob', chatId => 'chat_1', type => 'note' },
    uri => '/to_plain');
is($answer->{json}{seq}, 1, 'off, to the chat');
is($all->await('note')->{toUsers}, 'bob', 'off, a further member');
is(publish({ toUsers => 'bob', type => 'note' }, uri => '/to_plain')
    ->{json}{details}, 'chatId must be a string', 'off, a chat is needed');
is(publish({ toUsers => 7, chatId => 'chat_1', type => 'note', userSeq => 3,
    userSeq => 4 }, uri => '/to_plain')->{json}{toUsers}, 7,
    'off, of any type');
is($all->await('note')->{userSeq}, 4, 'off, userSeq, too');

# variables

my $line;

ok(eventually(sub {
    ($line) = grep { /chat_9/ } split /\n/, $t->read_file('test.log');
}), 'a log');
like($line, qr/^published\|chat_9\|bob,ann,cid,\S+\|-\|7$/, 'variables');
