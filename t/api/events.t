#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Application events: the protocol, section 4.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(55);

$t->write_file_expand('nginx.conf', conf())->run();

my $ws = ws(user => 'u', chats => 'chat_1');

my $answer = publish('{"type":"message_edited","chatId":"chat_1",'
    . '"messageId":"msg_1","text":"new","n":1.50,"sender":"s"}');

is($answer->{status}, 201, 'status');
is($answer->{json}{chatId}, 'chat_1', 'answer, chatId');
is($answer->{json}{recipients}, 1, 'answer, recipients');
is($answer->{json}{seq}, 1, 'answer, seq');

my $event = $ws->await('message_edited');

is($event->{chatId}, 'chat_1', 'chatId');
is($event->{messageId}, 'msg_1', 'a member');
is($event->{text}, 'new', 'another');
like($ws->{last}, qr/"messageId":"msg_1","text":"new","n":1\.50/,
    'members unchanged and in order');
like($event->{timestamp}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    'timestamp ensured');
is($event->{seq}, 1, 'seq');
ok(!exists $event->{isOwnMessage}, 'no isOwnMessage');

publish('{"chatId":"chat_1","timestamp":"mine","type":"e"}');
is($ws->await('e')->{timestamp}, 'mine', 'a timestamp is kept');
like($ws->{last}, qr/^[^\\]*"timestamp"[^\\]*$/, 'one timestamp');
is(scalar(() = $ws->{last} =~ /"timestamp"/g), 1, 'only one timestamp');

# the sender is left out where it is given

my $other = ws(user => 'other', chats => 'chat_1');

is(publish({ type => 'reaction', chatId => 'chat_1', sender => 'u' })
    ->{json}{recipients}, 1, 'the sender is left out');
is($other->await('reaction')->{chatId}, 'chat_1', 'delivered to others');
is(publish({ type => 'marker', chatId => 'chat_1' })->{json}{recipients}, 2,
    'without a sender, to all');
ok($ws->await('marker'), 'marker');
is(@{$ws->{skipped}}, 0, 'not delivered to the sender');

# names

for my $type (qw/ a a_1 deleted opened resume unsubscribed authenticated
    token_expiring typing_users /, 'x' x 64) {
    is(publish({ type => $type, chatId => 'c' })->{status}, 201,
        'type ' . substr $type, 0, 10);
}

for my $type (qw/ connected subscription_confirmed resumed user_typing
    error open connecting reconnecting closed recovered gap message
    unauthorized denied undecryptable /,
    'x' x 65, '', '1a', '_a', 'A', 'a-b', "a\n", "\x{e9}")
{
    $answer = publish({ type => $type, chatId => 'c' });
    like("$answer->{status} $answer->{body}", qr/^400 .*\btype\b/s,
        'no type ' . JSON::PP->new->ascii->allow_nonref->encode($type));
}

# the last type of several counts, and is the one that is sent

publish('{"type":"resumed","chatId":"chat_1","type":"z"}');
ok($other->await('z'), 'a type before');
unlike($other->{last}, qr/resumed/, 'a type before, not sent');
is(publish('{"chatId":"c","ty\u0070e":"r\u0065sumed"}')->{status}, 400,
    'escaped');
