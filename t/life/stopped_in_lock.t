#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A worker is stopped while it holds the lock of its zone.  The others wait for
# it once and for a short time, serve plain requests and connections as before,
# refuse what needs the zone in a way that clients come back, and make up for
# the rest when it runs again.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Lock;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(36);

my $pid = 'add_header X-Pid $pid always;';

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:1132k',
    main => 'worker_processes 3;', endpoint => $pid,
    publish => $pid, http => "chatws_drain 1h; keepalive_requests 1000000;
        keepalive_timeout 1h;",
    server => "location = /status { chatws_status chat; $pid }
        location = /plain { return 200 plain; $pid }"));

$t->run();

ok(eventually(sub { workers_of($t) == 3 }), 'three workers');

# clients of several chats and a connection for requests in each worker

my (%clients, %http);

ok(eventually(sub {
    my $ws = ws(user => 'u', chats => [ 'a', 'b' ]);
    push @{$clients{$ws->{headers}{'x-pid'}}}, $ws;

    my $http = Test::Chatws::Client->dial();
    $http{ask($http, 'GET', '/plain')->{headers}{'x-pid'}} = $http;

    keys %http == 3 && keys %clients == 3
        && !grep { @$_ < 8 } values %clients;
}), 'connections in all');

my ($victim, $one, $two) = sort { $a <=> $b } keys %clients;
my ($first, @of_one) = @{$clients{$one}};
my @of_two = @{$clients{$two}};
my $all = map { @$_ } values %clients;
my $lock = Test::Chatws::Lock->new($one, 1132 * 1024);

SKIP: {
    skip 'the memory of a worker is out of reach', 34 unless $lock;

    # something to be read waits in one worker when another one stops in the
    # lock

    halt($one);
    is(say_to($two, 'a', 'before')->{json}{recipients}, $all, 'publish');

    halt($victim);
    ok($lock->give($victim), 'a worker stops in the lock');
    kill 'CONT', $one;

    is(heard($_), 'before', 'what was published arrives')
        for $first, $of_two[0];

    # plain requests, and connections that need nothing of the zone

    is(ask($http{$_}, 'GET', '/plain')->{body}, 'plain', 'a plain request')
        for ($one, $two) x 2;

    $first->ping('alive');
    is($first->await_pong(), 'alive', 'a connection');

    # what needs the zone

    for my $worker ($one, $two) {
        my $answer = say_to($worker, 'a', 'refused');

        is($answer->{status}, 503, 'publish, refused');
        like($answer->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After');
        is(ask($http{$worker}, 'GET', '/status')->{status}, 503, 'status');
    }

    my $subscriber = shift @of_one;

    $subscriber->send_json({ action => 'subscribe', chatId => 'new' });
    is(closed($subscriber), '1013 zone busy, reconnect', 'subscribe');

    $subscriber = shift @of_one;
    $subscriber->send_json({ action => 'subscribe', chatId => 'a' });
    is(closed($subscriber), '1013 zone busy, reconnect', 'again');

    $subscriber = shift @of_one;
    $subscriber->send_json({ action => 'resume', epoch => 'x',
        chats => { map { $_ => { seq => 0 } } 'a' .. 'z' } });
    is(closed($subscriber), '1013 zone busy, reconnect', 'resume');

    # ends are not refused

    my $typist = $of_two[1];

    is($of_one[0]->unsubscribe('a')->{chatId}, 'a', 'unsubscribe');
    $typist->send_json({ type => 'typing', chatId => 'b',
        isTyping => JSON::PP::true() });
    is($typist->unsubscribe('b')->{chatId}, 'b', 'typing, unsubscribe');

    $of_two[2]->send_close(1000);
    is(closed($of_two[2]), '1000 ', 'close');
    $_->drop() for $of_one[1], $of_two[3];

    # a worker that comes in the meantime serves, too, as far as it can

    kill 'KILL', $two;
    ok(eventually(sub {
        my @now = workers_of($t);
        @now == 3 && !grep { $_ == $two } @now;
    }), 'another worker is started');

    my $fresh;

    ok(eventually(sub {
        my $http = Test::Chatws::Client->dial();
        my $answer = ask($http, 'GET', '/plain');

        $fresh = $answer->{headers}{'x-pid'};
        $http{$fresh} = $http;

        $fresh != $one && $fresh != $victim;
    }), 'it serves');
    is(say_to($fresh, 'a', 'refused')->{status}, 503, 'publish, refused');

    my $log = $t->read_file('error.log');
    my @told = $log =~ /locked by worker $victim, which does not go on/g;

    cmp_ok(scalar @told, '>', 1, 'it is logged');
    cmp_ok(scalar @told, '<', 9, 'not each time');

    # it runs again: the zone has what is true, and all goes on

    $lock->give(0, $victim);
    kill 'CONT', $victim;

    # left: those of the victim, which heard all; of one: the first, one
    # without a, the others

    my $a = @{$clients{$victim}} + @{$clients{$one}} - 3 - 1 - 1;
    my $b = $a + 1;

    ok(eventually(sub {
        my $status = ask($http{$one}, 'GET', '/status')->{json} || {};
        ($status->{subscriptions} || 0) == $a + $b
            && $status->{workers} == 3;
    }), 'the zone knows who has left');

    is(say_to($one, 'a', 'after')->{json}{recipients}, $a, 'publish');
    is(heard($first), 'after', 'it is the next that arrives');
    is(join(' ', map { heard($_) } @{$clients{$victim}}[0, 0]),
        'before after', 'in the worker that had stopped, too');
    is(say_to($fresh, 'b', 'fresh')->{json}{recipients}, $b,
        'publish by the new worker');
    is(heard($first), 'fresh', 'it arrives');
    is($of_one[0]->subscribe('a')->{type}, 'subscription_confirmed',
        'subscribe');
    is(say_to($one, 'a', 'end')->{json}{recipients}, $a + 1, 'it counts');
}

$t->todo_alerts();


# A request on a connection that stays, so that it stays with its worker.

sub ask {
    my ($http, $method, $uri, $body) = @_;

    $http->send_raw("$method $uri HTTP/1.1\r\nHost: x\r\n" . (defined $body
        ? "Content-Type: application/json\r\nContent-Length: "
          . length($body) . "\r\n\r\n$body" : "\r\n"));

    return $http->read_answer() || { headers => {} };
}


sub say_to {
    my ($worker, $chat, $text) = @_;

    return ask($http{$worker}, 'POST', '/api/messages',
        qq({"chatId":"$chat","text":"$text","sender":"s"}));
}


sub heard {
    my ($ws) = @_;

    my $event = $ws->await('new_message') || { message => {} };

    return $event->{message}{text};
}


sub closed {
    my ($ws) = @_;

    my $close = $ws->await_close() || {};

    return "$close->{code} $close->{reason}";
}
