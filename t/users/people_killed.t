#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Users come, go, subscribe and unsubscribe while workers are killed: at last
# those are online who have a connection, and nobody else.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Nginx;

use constant USERS => 40;
use constant ROUNDS => 6;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(2 * ROUNDS + 4);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 3;',
    http => 'chatws_users zone=chat;
        chatws_unread zone=chat;
        chatws_presence zone=chat grace=1s;',
    server => <<'EOC'))->run();

        location = /status {
            chatws_status chat;
        }
EOC

publish({ chatId => "c$_", text => 'x', sender => 'nobody' }) for 0 .. 4;

srand(7);

my @clients;

for my $round (1 .. ROUNDS) {

    for (1 .. USERS / 2) {
        my $client = ws(user => 'u' . int(rand(USERS)));

        $client->{user} = $client->{connected}{userId};
        $client->subscribe("c$_") for grep { rand() < 0.6 } 0 .. 4;

        push @clients, $client;
    }

    for my $client (@clients) {
        $client->unsubscribe('c' . int(rand(5))) if rand() < 0.3;
    }

    $_->drop() for splice @clients, 0, USERS / 4;

    my @pids = workers_of($t);
    my $pid = $pids[rand @pids];

    slay($pid);

    ok(eventually(sub {
        my @now = workers_of($t);
        return @now >= 3 && !grep { $_ == $pid } @now;
    }), "round $round: a worker is killed");

    # who is left

    my @left;

    for my $client (@clients) {
        $client->ping('x');
        push @left, $client if $client->await_pong('x');
    }

    @clients = @left;

    my %there = map { $_->{user} => 1 } @clients;

    ok(eventually(sub { figure('online') == keys %there }),
       "round $round: those are online who are there")
    or diag(figure('online') . ' of ' . keys %there);
}

# all go

$_->drop() for @clients;

ok(eventually(sub { figure('online') == 0 }), 'nobody is online');
ok(eventually(sub { figure('places') == 0 }), 'nobody is in a chat');
is(figure('placesRefused'), 0, 'there was room');

is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->todo_alerts();


sub figure {
    my ($name) = @_;

    my $value = hub_status()->{$name};

    return defined $value ? $value : -1;
}
