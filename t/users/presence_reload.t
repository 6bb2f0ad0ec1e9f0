#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A reload hands connections over, with what they have said: others are told
# nothing, and all are as they were.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Nginx;

use constant USERS => 120;
use constant RELOADS => 4;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(2 * RELOADS + 5);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    zone => 'zone=chat:2m', connections => 1024,
    http => people_conf('grace=1m interval=100ms names=1000'),
    endpoint => 'chatws_watch 10;'));

$t->run();

publish({ chatId => 'c', text => 'x', sender => 'nobody' });

my $reader = ws(user => 'reader');
follow($reader, 'c');

my $m = ws(user => 'm', chats => 'c');
seen($reader, '+m');

my @users = map { ws(user => "u$_", chats => 'c') } 1 .. USERS;

# some with a second connection, that is away; some away, offline, invisible

my @more = map { ws(args => "userId=u$_&presence=away", chats => 'c') }
    1 .. 20;

says($users[$_], 'away') for 20 .. 39;
says($users[$_], 'offline') for 40 .. 59;
says($users[$_], 'invisible') for 60 .. 79;

my $all = join ' ', map { ($_ > 60 && $_ <= 80 ? '' :
    ($_ > 20 && $_ <= 40 ? '~' : $_ > 40 && $_ <= 60 ? '-' : '+') . "u$_") }
    1 .. USERS;

sub states {
    my ($client) = @_;

    my @words;

    for my $from (1, 1 + USERS / 2) {
        $client->send_json({ action => 'presence', chatId => 'c', id => $from,
            users => [ map { "u$_" } $from .. $from + USERS / 2 - 1 ] });

        my $event;
        1 while ($event = $client->next()) && ($event->{id} || 0) ne $from;
        push @words, word_of($event);
    }

    return join ' ', sort { substr($a, 2) <=> substr($b, 2) } @words;
}

$all =~ s/ +/ /g;

my $asks = ws(user => 'reader', chats => 'c');

ok(eventually(sub { states($asks) eq $all }), 'all are as they say');

# a watcher, who is to be told nothing, either

$asks->send_json({ action => 'watch', users => [ 'u1', 'u21', 'u61' ],
    id => 'w' });
is(join(' ', word_of($asks->await('presence'))), '+u1 ~u21 -u61', 'watched');

# what was on its way has arrived with this

my $on = 0;

sub marked {
    my ($words) = '';

    $on = !$on;
    says($m, $on ? 'away' : 'online');

    return seen($reader, $on ? '~m' : '+m');
}

marked();

for my $n (1 .. RELOADS) {
    ok(replaced($t, 2), "reload $n");

    # a change of which all are told, behind all others

    is(marked(), $on ? '~m' : '+m', 'others are told nothing');
}

is(states($asks), $all, 'all are as they were');

# the list that is watched has come along

says($users[0], 'away');
says($more[0], 'away');
is(seen($asks, '~u1'), '~u1', 'nothing but a change');
is(seen($reader, '~u1'), '~u1', 'and for the chat');

$_->drop() for $reader, $m, $asks, @users, @more;
