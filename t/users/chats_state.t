#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The states of the chats of a user come by themselves, behind the notification
# by which a client learns of the chat.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Test::Chatws::Members;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(36);

$t->write_file_expand('nginx.conf', conf(connections => 128,
    zone => 'zone=chat:8m', main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_unread zone=chat;'
        . 'keepalive_timeout 0;',
    server => 'location = /api/commands { chatws_api chat write=on; }'));

$t->run();

*members = \&Test::Chatws::Members::members;
*say_to = \&Test::Chatws::Members::say_to;

sub tab {
    my ($user, $mode) = @_;

    return ws(user => $user, args => "userId=$user&chats=$mode&state=1");
}

# --- a chat that is added, in connections of both workers

my @tabs = map { tab('ann', 'live') } 1 .. 4;

$_->await('chats') for @tabs;

for my $chat (qw/ a b c d /) {
    say_to($chat, 'before');
    members($chat, add => [ 'bob', 'ann' ]);

    for my $tab (@tabs) {
        my $next = $tab->next();

        is("$next->{type} $next->{chatId} $next->{last}",
            "chat_added $chat 1", 'added');

        $next = $tab->next();
        is("$next->{type} $next->{chatId} $next->{last}",
            "chat_state $chat 1", 'its state is told behind that');
    }
}

# --- the chats of a resume are those of the user, too

my $tab = tab('ann', 'resume');

my $epoch = $tab->{connected}{epoch};

$tab->send_json({ action => 'resume', epoch => $epoch,
    chats => { a => { seq => 1 }, other => { seq => 0 } } });

$tab->await('chats');

my %told;

while (keys %told < 4) {
    my $next = $tab->next() or last;

    $told{$next->{chatId}}++ if $next->{type} eq 'chat_state';
}

is(join(' ', sort keys %told), 'a b c d', 'states of all chats of the user');

$tab->send_json({ action => 'unsubscribe', chatId => 'none' });

my $next = $tab->next();

is($next->{type}, 'subscription_confirmed', 'of each one, and of no other');

# --- what the resume asks for is told once

$tab = tab('ann', 'resume');
$tab->send_json({ action => 'resume', epoch => $epoch,
    state => JSON::PP::true(),
    chats => { a => { seq => 1 }, other => { seq => 0 } } });
$tab->await('chats');

%told = ();

for (1 .. 5) {
    $next = $tab->next() or last;
    $told{$next->{chatId}}++ if $next->{type} eq 'chat_state';
}

is(join(' ', sort keys %told), 'a b c d other', 'states that it asks for');

$tab->send_json({ action => 'unsubscribe', chatId => 'none' });
is($tab->next()->{type}, 'subscription_confirmed', 'each of them once');
