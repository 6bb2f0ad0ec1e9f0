#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_own_messages: the protocol, section 5.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(14);

$t->write_file_expand('nginx.conf', conf(server => <<'EOC'))->run();

        location = /own {
            chatws chat;
            chatws_own_messages on;
        }
EOC

my $john = ws(user => 'john', chats => 'chat_1');
my $john_own = ws(user => 'john', path => '/own', chats => 'chat_1');
my $john_own2 = ws(user => 'john', path => '/own', chats => 'chat_1');
my $jane_own = ws(user => 'jane', path => '/own', chats => 'chat_1');

my $answer = publish({ chatId => 'chat_1', text => 'mine',
    sender => 'john' });

is($answer->{json}{recipients}, 3, 'recipients');

for my $client ($john_own, $john_own2) {
    my $event = $client->await('new_message');

    is($event->{message}{text}, 'mine', 'own message');
    is($event->{message}{isOwnMessage}, JSON::PP::true(),
        'own message, marked');
    is($event->{message}{id}, $answer->{json}{id}, 'own message, id');
    like($client->{last}, qr/"isOwnMessage":\s*true\s*[,}]/,
        'own message, JSON');
}

is($jane_own->await('new_message')->{message}{isOwnMessage},
    JSON::PP::false(), 'a message of another is not marked');

publish({ chatId => 'chat_1', text => 'marker', sender => 'x' });

is($john->await('new_message')->{message}{text}, 'marker',
    'the other connections of the sender are left out');
is($john_own->await('new_message')->{message}{isOwnMessage},
    JSON::PP::false(), 'a message of another');

# typing is never one's own

$john->send_json({ type => 'typing', chatId => 'chat_1',
    isTyping => JSON::PP::true() });
is($jane_own->await('user_typing')->{userId}, 'john', 'typing to others');

publish({ chatId => 'chat_1', text => 'marker', sender => 'x' });
$john_own->await('new_message');
is(scalar(grep { $_->{type} eq 'user_typing' } @{$john_own->{skipped}}), 0,
    'no typing of one\'s own');
