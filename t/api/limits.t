#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Limits for actions and errors: what they count, what is said when there is no
# room, and that a refusal takes from none of them.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(62);

# by these rates nothing comes back while a test runs, or all of it

my $user = 'chatws_user $arg_userId;';

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_max_message_size 64k; chatws_drain 0;',
    server => <<"EOC", endpoint => 'chatws_limit_actions rate=1r/m burst=4;'));

        location = /status {
            chatws_status chat;
        }

        location /both {
            chatws chat;
            $user
            chatws_limit_actions rate=1r/m burst=4;
            chatws_limit_user rate=1r/m burst=6;

            location /both/off {
                chatws chat;
                chatws_limit_actions off;
                chatws_limit_user off;
            }
        }

        location = /soon {
            chatws chat;
            chatws_limit_actions rate=10r/s;
        }

        location = /claimed {
            chatws chat;
            chatws_limit_user rate=1r/m burst=4;
        }

        location = /errors {
            chatws chat;
            chatws_chat_pattern ^c;
            chatws_limit_errors rate=1r/m burst=4;
        }

        location = /blame {
            chatws chat;
            chatws_limit_actions rate=1r/m burst=1;
            chatws_limit_errors rate=1r/m burst=4;
        }

        location = /resume {
            chatws chat;
            chatws_limit_actions rate=1r/m burst=9;
        }
EOC

$t->run();

# actions

my $ws = ws(user => 'u');
my $start = time();

is($ws->subscribe($_)->{type}, 'subscription_confirmed', "subscribed, $_")
    for 1 .. 4;
is($ws->ask({ type => 'typing', chatId => 'x', isTyping => \1 })->{error},
    'Not subscribed', 'an error costs as much');

my $error = $ws->ask({ action => 'subscribe', chatId => 'c5', id => 7 });

is("$error->{type} $error->{error}", 'error Rate limited', 'refused');
is("$error->{action} $error->{chatId} $error->{id}", 'subscribe c5 7',
    'what was refused');
like($ws->{last}, qr/"timestamp":"[^"]+","action":"subscribe","chatId":"c5",
    "retryAfter":\d+,"id":7\}$/x, 'what is added comes last');
cmp_ok($error->{retryAfter}, '>', 60000 - 1000 * (time() - $start) - 1,
    'until when, at least');
cmp_ok($error->{retryAfter}, '<=', 60010, 'until when, at most');

# of each action one is told in a while, but for those with an id

$ws->send_json({ action => 'subscribe', chatId => "c$_" }) for 1 .. 40;
$error = $ws->ask({ action => 'subscribe', chatId => 'c', id => 8 });

my $told = 0;

while (($error->{id} || '') ne '8') {
    $told++;
    $error = $ws->next();
}

cmp_ok($told, '<=', 1 + 10 * (time() - $start), 'told, but rarely');

# what gives back, and what is no action

is($ws->unsubscribe($_)->{action}, 'unsubscribe', "unsubscribed, $_")
    for 1 .. 4;
$ws->ping('x');
ok($ws->await_pong(), 'a ping');

my $status = hub_status();

is($status->{rateLimited}, 42, 'rateLimited');
is($status->{limitMisses}, 0, 'limitMisses');

# soon there is room again

my $soon = ws(user => 'u', path => '/soon');

$soon->subscribe('c');

ok(eventually(sub {
    my $answer = $soon->ask({ action => 'subscribe', chatId => 'd', id => 1 });

    return 1 if $answer->{type} eq 'subscription_confirmed';
    Time::HiRes::sleep($answer->{retryAfter} / 1000);
    return $soon->subscribe('d');
}), 'after the time that was told');

# all limits must have room, and a refusal takes from none

my @both = map { ws(user => 'both', path => '/both') } 1 .. 2;

is(said($both[0], 6), 5, 'both: the connection');
is(said($both[1], 1), 1, 'both: another one');
is(said($both[0], 9), 0, 'both: still');
is(said($both[1], 9), 1, 'both: these took nothing from the user');
like(refusal($both[1])->{details}, qr/connections of this user/,
    'both: now the user');
like(refusal($both[0])->{details}, qr/this connection|of this user/,
    'both: whichever takes longer');
is(said(ws(user => 'other', path => '/both'), 9), 5, 'both: another user');
is(said(ws(user => 'both', path => '/both/off'), 50), 50, 'both: off inside');

# whoever claims to be a user takes nothing from others

is(said(ws(user => 'v', path => '/claimed'), 9), 5, 'claimed');
is(said(ws(user => 'v', path => '/claimed'), 9), 0, 'claimed: no more');
is(said(ws(user => 'v', path => '/claimed', local => '127.0.0.2'), 9), 5,
    'claimed: at another address');

# a resume costs 1 + chats / 100, and what is more than all of it fits once

for my $case ([ 0, 1 ], [ 99, 1 ], [ 100, 2 ], [ 199, 2 ], [ 550, 6 ],
    [ 1000, 10 ])
{
    my ($chats, $cost) = @$case;
    my $ws = ws(user => 'u', path => '/resume');
    my %chats = map { $_ => { seq => 0 } } 1 .. $chats;

    is($ws->ask({ action => 'resume', chats => \%chats, epoch => 'x' })
        ->{type} . ' ' . said($ws, 20), 'resumed ' . (10 - $cost),
        "a resume of $chats");
    $ws->drop();
}

# errors

$ws = ws(user => 'u', path => '/errors', chats => 'c');

is($ws->ask($_)->{type}, 'error', "an error, $_")
    for 'x', '{}', '{"action":"x"}', '{"action":"subscribe"}';

$ws->ask({ action => 'subscribe', chatId => 'no' }) for 1 .. 9;
$ws->ask({ type => 'typing', chatId => 'c2', isTyping => \1 }) for 1 .. 9;
is($ws->ask('[]')->{error}, 'Invalid JSON', 'others do not count');

$ws->send_text('x');

my $close = $ws->await_close() || {};

is("$close->{code} $close->{reason}", '4429 too many errors', 'too many');

# who is told to wait, and does not

$ws = ws(user => 'u', path => '/blame');

is(said($ws, 2), 2, 'in order');
is(refusal($ws)->{error}, 'Rate limited', 'the first one is no error')
    for 1 .. 6;

$ws->send_json({ action => 'subscribe', chatId => 'c' });
$close = $ws->await_close() || {};

is("$close->{code} $close->{reason}", '4429 too many errors', 'no patience');

# a connection that is handed over has used what it has used

my $moved = ws(user => 'm', path => '/blame');
my $both = ws(user => 'm', path => '/both');

is(said($moved, 2), 2, 'before');
is(said($both, 9), 5, 'before, both');
is(refusal($moved)->{error}, 'Rate limited', 'before, told') for 1 .. 3;

ok(replaced($t, 2), 'reload');

is(refusal($moved)->{error}, 'Rate limited', 'after') for 1 .. 3;

$moved->send_json({ action => 'subscribe', chatId => 'c' });
$close = $moved->await_close() || {};

is("$close->{code} $close->{reason}", '4429 too many errors', 'after, errors');
is(said($both, 9), 0, 'after, actions');
is(said(ws(user => 'm', path => '/both'), 9), 2, 'after, the user');


# How many of so many actions are carried out.

sub said {
    my ($ws, $n) = @_;

    my $type = 'subscription_confirmed';

    return scalar grep {
        $ws->ask({ action => 'subscribe', chatId => 'c', id => $_ })->{type}
            eq $type
    } 1 .. $n;
}


sub refusal {
    my ($ws) = @_;

    return $ws->ask({ action => 'subscribe', chatId => 'c', id => 1 });
}
