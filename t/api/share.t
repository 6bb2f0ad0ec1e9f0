#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_limit_subscriptions: what the connections of one user may have
# together, in all workers; by default a share of the zone, so that one user
# does not take the room of the others.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(28);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:4m',
    main => 'worker_processes 2;',
    http => 'chatws_max_message_size 256k; keepalive_timeout 0;',
    server => <<'EOC'));
        location = /five {
            add_header X-Pid $pid always;
            chatws chat;
            chatws_limit_subscriptions user=5;
        }

        location /own {
            chatws_limit_subscriptions user=5;

            location = /own/five {
                chatws chat;
                chatws_own_messages on;
            }
        }

        location = /status {
            chatws_status chat;
        }
EOC

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'two workers');

# connections of one user in both workers, one subscription each

my %tabs;

ok(eventually(sub {
    my $ws = ws(user => 'u', path => '/five');
    push @{$tabs{$ws->{headers}{'x-pid'}}}, $ws;
    keys %tabs == 2 && !grep { @$_ < 2 } values %tabs;
}), 'connections in both');

my @tabs = map { @{$_}[0, 1] } values %tabs;

is(subscribe($_, 'same'), 'in', 'the same chat') for @tabs;
is(subscribe($tabs[0], 'fifth'), 'in', 'the fifth');
like(subscribe($tabs[$_], "more $_"), qr/this user have as many/,
    'no more, ' . ($_ < 2 ? 'one worker' : 'the other'))
    for 0, 2;

my $own = ws(user => 'u', path => '/own/five');

like(subscribe($own, 'more'), qr/this user have as many/,
    'no more, of another kind');

# what is there stays, and may be renewed

is(subscribe($tabs[0], 'fifth'), 'in', 'again');
is($tabs[1]->ask({ action => 'subscribe', chatId => 'same',
    since => { seq => 0, epoch => hub_status()->{epoch} } })->{recovered},
    JSON::PP::true(), 'again, since');
is(resume($tabs[2], 'same', 'new'), 'new', 'resume, each chat on its own');

# nobody else is concerned, nor the user elsewhere

is(subscribe(ws(user => $_, path => '/five'), 'same'), 'in', "user $_")
    for 'v', 'U';

my $elsewhere = ws(user => 'u');

is(subscribe($elsewhere, 'same'), 'in', 'a location without it');

# there is room again when one leaves; that location's one counts as well

$tabs[0]->unsubscribe('fifth');
like(subscribe($tabs[3], 'x'), qr/this user have/, 'six of which one leaves');
$tabs[0]->unsubscribe('same');
is(subscribe($tabs[3], 'x'), 'in', 'another one leaves');

# moved to other workers, all at once

my $before = hub_status()->{subscriptions};

ok(reloaded($t), 'reload');
ok(eventually(sub {
    my $now = hub_status();
    workers_of($t) == 2 && $now->{moved} == $now->{connections};
}), 'moved');
is(hub_status()->{subscriptions}, $before, 'moved, with all they have');
like(subscribe($tabs[1], 'y'), qr/this user have/, 'moved, and no more');

# a dead worker's are not counted

my ($victim) = workers_of($t);

kill 'KILL', $victim;

ok(eventually(sub { hub_status()->{reaped} == 1 }), 'reaped');
$_->drop() for @tabs, $own, $elsewhere;
ok(eventually(sub {
    my $ws = ws(user => 'u', path => '/five');
    my $in = grep { subscribe($ws, "after $_") eq 'in' } 1 .. 5;
    $ws->drop();
    $in == 5;
}), 'room again');

# by default: all the connections that a user can have, with long names

my ($in, @refused, @greedy) = (0);

for my $n (1 .. 12) {
    my $ws = ws(user => 'greedy');
    my @names = map { $_ . 'x' x 120 . $n } 1000 .. 1999;

    push @greedy, $ws;
    push @refused, split / /, resume($ws, @names);
    $in += @names;
}

$in -= @refused;

cmp_ok($in, '>', 1000, "by default, $in");
is(subscribe(ws(user => 'other'), $_ . 'y' x 120), 'in', "another user, $_")
    for 1000, 1001;
is(resume(ws(user => 'many'), map { $_ . 'z' x 120 } 1000 .. 1499), '',
    'another user, many');

$t->todo_alerts();


# "in", or why not.

sub subscribe {
    my ($ws, $chat) = @_;

    my $answer = $ws->ask({ action => 'subscribe', chatId => $chat });

    return $answer->{type} eq 'subscription_confirmed' ? 'in'
        : "$answer->{error}: $answer->{details}";
}


# The chats that were refused.

sub resume {
    my ($ws, @chats) = @_;

    my $answer = $ws->ask({ action => 'resume', epoch => 'x',
        chats => { map { $_ => { seq => 0 } } @chats } });

    return join ' ', sort grep {
        ($answer->{chats}{$_}{error} || '') eq 'Too many subscriptions'
    } keys %{$answer->{chats}};
}
