#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What a dead worker has left is removed bit by bit: meanwhile the worker that
# does it serves others.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Nginx;

use constant { USERS => 200, CHATS => 1000 };

my $t = Test::Nginx->new()->has(qw/ http /)->plan(9);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:64m',
    main => 'worker_processes 1;',
    endpoint => 'chatws_max_message_size 64k;', server => <<'EOC'))->run();

        keepalive_requests 100000;

        location = /status {
            chatws_status chat;
        }
EOC

# many connections with many chats each, all in one worker

my $resume = '{"action":"resume","chats":{'
    . join(',', map { qq("chat_$_":{"seq":0}) } 1 .. CHATS)
    . '},"epoch":"0"}';

my @ws = map { ws(user => "user$_") } 1 .. USERS;

$_->send_text($resume) for @ws;
my @resumed = grep { $_->await('resumed') } @ws;

is(scalar @resumed, USERS, 'resumed');
is(hub_status()->{subscriptions}, USERS * CHATS, 'subscriptions');

# requests that wait for the next worker when this one dies

my ($pid) = workers_of($t);

ok(halt($pid), 'halted');

my $client = Test::Chatws::Client->dial();

$client->send_raw("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n" x 20);

slay($pid);

ok(eventually(sub { my ($now) = workers_of($t); $now && $now != $pid }),
    'another worker');

my @seen;

for my $n (1 .. 100000) {
    $client->send_raw("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n");

    my $answer = $client->read_answer() or last;

    push @seen, $answer->{json}{subscriptions};
    last if $seen[-1] == 0;
}

is($seen[-1], 0, 'all was removed');
ok((grep { $_ > 0 && $_ < USERS * CHATS } @seen) != 0,
    'others were served meanwhile');
is_deeply([ sort { $b <=> $a } @seen ], \@seen, 'fewer and fewer');

my $status = hub_status();

is($status->{reaped}, 1, 'one worker was reaped');
is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->write_file('error.log', '');
