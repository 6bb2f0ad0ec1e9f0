#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Users whose connections come and go within the grace are no news, in whatever
# workers they are.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Nginx;

use constant USERS => 40;
use constant ROUNDS => 6;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(ROUNDS + 3);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 4;',
    zone => 'zone=chat:2m',
    http => people_conf('grace=10m interval=100ms')));

$t->run();

publish({ chatId => $_, text => 'x', sender => 'nobody' }) for qw/ c d /;

my $reader = ws(user => 'reader');
follow($reader, $_) for qw/ c d /;

my $m = ws(user => 'm', chats => 'c');
seen($reader, '+m');

my @users = map { "u$_" } 1 .. USERS;
my %ws = map { $_ => ws(user => $_, chats => [ 'c', 'd' ]) } @users;

is(join(' ', sort grep { !/^\+m$/ } counted(\@users)),
    join(' ', sort map { ("+$_") x 2 } @users), 'all come, in both chats');

my $away = 0;

for my $round (1 .. ROUNDS) {

    # some close, some are cut off, some have the next one before

    for my $n (0 .. $#users) {
        my $user = $users[$n];
        my $old = $ws{$user};

        left($old) if $n % 3 == 0;
        $old->drop() if $n % 3 == 1;

        $ws{$user} = ws(user => $user, chats => [ 'c', 'd' ]);

        left($old) if $n % 3 == 2;
    }

    $away = !$away;
    says($m, $away ? 'away' : 'online');

    my $last = $away ? '~m' : '+m';
    is(seen($reader, $last), $last, "round $round: no news");
}

# those who were cut off are noticed later

$_->drop() for values %ws;

says($m, 'offline');
is(seen($reader, '-m'), '-m', 'and no news when all have gone');

$reader->send_json({ action => 'presence', chatId => 'd', id => 1,
    users => [ @users, 'nobody' ] });

my $answer = $reader->await('presence');

is(join(' ', word_of($answer)), join(' ', sort map { "+$_" } @users),
    'all are there, for a while');

$_->drop() for $reader, $m;


# The words that the reader was told, until each user came in two chats.

sub counted {
    my ($users) = @_;

    my @words;

    while (@words < 2 * @$users) {
        my $event = $reader->next() or last;

        push @words, grep { !/reader/ } word_of($event)
            if $event->{type} eq 'presence';
    }

    return @words;
}
