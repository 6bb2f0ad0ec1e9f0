#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# More chats and subscriptions than a zone has room for: what is new is refused,
# what is there goes on, and all of it comes back with the client that had it.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(13);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:128k',
    main => 'worker_processes 2;',
    endpoint => 'chatws_max_subscriptions 10000;',
    server => 'location = /status { chatws_status chat; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my $first = ws(user => 'first', chats => 'first');
my $greedy = ws(user => 'greedy');
my ($in, $error) = (0, undef);

while ($in < 10000) {
    my $answer = $greedy->ask({ action => 'subscribe',
        chatId => "chat $in" }) || {};

    if ($answer->{type} ne 'subscription_confirmed') {
        $error = $answer;
        last;
    }

    $in++;
}

cmp_ok($in, '>', 50, 'subscriptions');
is($error->{type}, 'error', 'zone full, error');
like($error->{details}, qr/no room/, 'zone full, which one');

my $answer = publish({ chatId => 'no room', text => 'x', sender => 'x' });

is($answer->{status}, 503, 'zone full, publishing to another chat');
ok($answer->{headers}{'retry-after'}, 'zone full, Retry-After');

is(publish({ chatId => 'first', text => 'x', sender => 'x' })
    ->{json}{recipients}, 1, 'zone full, a chat that is there');
ok($first->await('new_message'), 'zone full, delivered');

# memory comes back when chats empty

$greedy->drop();

ok(eventually(sub { hub_status()->{subscriptions} == 1 }),
    'the greedy one has gone');
is(publish({ chatId => 'no room', text => 'x', sender => 'x' })->{status},
    201, 'room for another chat');

my $again = ws(user => 'again');
my $n = grep { ($_ || {})->{type} eq 'subscription_confirmed' }
    map { $again->ask({ action => 'subscribe', chatId => "new $_" }) }
    1 .. $in - 1;

is($n, $in - 1, 'room for as many subscriptions');
cmp_ok(hub_status()->{evictions}, '>', 0, 'idle chats gave way');

# everything is given back

$_->drop() for $first, $again;

ok(eventually(sub {
    my $status = hub_status();
    $status->{connections} == 0 && $status->{subscriptions} == 0
        && $status->{memory}{subscriptions} == 0;
}), 'nothing is left');
