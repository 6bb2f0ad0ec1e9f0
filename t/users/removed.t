#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Nothing of a chat follows chat_removed: neither what is published in the name
# of the user who was removed, nor what the app server says of its watermark.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(6);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_unread zone=chat;',
    server => 'location = /commands { chatws_api chat write=on; }'))->run();

command('members', add => [ 'ann', 'bob' ]);

my $ann = ws(user => 'ann', args => 'userId=ann&chats=live');
my $bob = ws(user => 'bob', args => 'userId=bob&chats=live');

say_as('ann');
is($ann->await('unread')->{read}, 1, 'who sends has read');

command('members', remove => [ 'ann' ]);
$ann->await('chat_removed');

say_as('ann');
is(command('read', reads => { ann => 1, bob => 1 },
    epoch => $ann->{connected}{epoch})->{users}, 1, 'of members only');
is(command('read', unread => { ann => 1 })->{users}, 0, 'has no watermark');

publish({ toUsers => [ 'ann', 'bob' ], type => 'marker' });
is($ann->next()->{type}, 'marker', 'nothing follows');

$bob->await('marker');
is(join(' ', map { $_->{type} } @{$bob->{skipped}}),
    'chats new_message new_message unread', 'others are told');

command('members', add => [ 'ann' ]);
is($ann->await('chat_added')->{chatId}, 'c', 'a member again');

$_->drop() for $ann, $bob;


sub command {
    my ($command, %o) = @_;

    return publish({ command => $command, chatId => 'c', %o },
        uri => '/commands')->{json};
}


sub say_as {
    my ($sender) = @_;

    return publish({ chatId => 'c', text => 'x', sender => $sender });
}
