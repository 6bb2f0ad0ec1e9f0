#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A worker that may open no more files: new clients wait, those that are there
# stay and are served, nothing runs in circles; and when some have left, those
# that wait get in.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(23);

write_conf($t, '');

$t->run();

# as many as a worker needs for itself, and some

my $fds = descriptors_of($t);

write_conf($t, 'worker_rlimit_nofile ' . ($fds + 40) . ';');
ok(replaced($t, 1), 'few descriptors');

my ($worker) = workers_of($t);

is(descriptors_of($t), $fds, 'as many as before');

# publishers that stay, as an app server has them

my $publisher = Test::Chatws::Client->dial();

is(post('x')->{status}, 201, 'publisher');

# until the worker says that there is none left

my @in;
my @waiting;

while (@in < 64) {
    my $client = handshake(@in + 0);

    eventually(sub {
        $client->fill(0);
        $client->{in} =~ /\r\n\r\n/ || exhausted($t);
    });

    if ($client->{in} !~ /\r\n\r\n/) {
        push @waiting, $client;
        last;
    }

    push @in, joined($client);
}

cmp_ok(scalar @in, '>', 20, 'clients: ' . @in);
is(scalar @waiting, 1, 'one that waits');

push @waiting, map { handshake("w$_") } 1 .. 9;

is(scalar(grep { defined } @in), @in, 'all others are subscribed');

# all goes on for those who are there

for my $n (1 .. 20) {
    post($n);
}

is(post('last')->{json}{recipients}, @in, 'recipients');
is(join(' ', map { scalar @$_ } gather(\@in, 21)), join(' ', (21) x @in),
    'delivered');

$in[0]->send_json({ type => 'typing', chatId => 'c',
    isTyping => JSON::PP::true() });
is(($in[1]->await('user_typing') || {})->{userId}, 0, 'typing');
ok($in[2]->subscribe('another'), 'another chat');
ok($in[2]->unsubscribe('another'), 'and back');

cmp_ok(cpu_of($t, 1), '<', 0.4, 'no busy loop');

is(status()->{connections}, @in, 'nobody was closed');
is(scalar(grep { $_->fill(0) || $_->{eof} } @waiting), 0, 'nobody got in');

# as many leave as wait

$_->drop() for splice @in, 0, 10;

is(scalar(grep { answered($_) == 101 } @waiting), 10, 'those that wait get in');

push @in, map { joined($_) } splice @waiting;

ok(eventually(sub { status()->{connections} == @in }),
    'the first ones have gone');
is(post('all')->{json}{recipients}, @in, 'all are recipients');
is(scalar(grep { $_->await('new_message') } @in), @in, 'delivered');

# as if nothing had been

$_->drop() for splice @in;

ok(eventually(sub {
    my $status = status();
    $status->{connections} == 0 && $status->{subscriptions} == 0;
}), 'nothing is left');

$publisher->drop();

ok(eventually(sub { descriptors_of($t) == $fds }),
    'no descriptor is left');

my $after = ws(user => 'after', chats => 'c');

is(publish({ chatId => 'c', text => 'after', sender => 'x' })
    ->{json}{recipients}, 1, 'a new client');
ok($after->await('new_message'), 'a new client, delivered');
is_deeply([ workers_of($t) ], [ $worker ], 'the same worker');


sub write_conf {
    my ($t, $main) = @_;

    $t->write_file_expand('nginx.conf', conf(
        main => "worker_processes 1; $main",
        http => 'keepalive_timeout 1h; keepalive_requests 1000000;',
        server => 'location = /status { chatws_status chat; }'));
}


sub exhausted {
    my ($t) = @_;

    return $t->read_file('error.log') =~ /accept4?\(\) failed \(24:/;
}


# One that has sent its request, and reads no answer yet.

sub handshake {
    my ($user) = @_;

    my $client = Test::Chatws::Client->dial();

    $client->send_raw(join "\r\n", "GET /api/ws?userId=$user HTTP/1.1",
        'Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: ' . Test::Chatws::Client::KEY(), '', '');

    return $client;
}


sub answered {
    my ($client) = @_;

    return $client->{status} ||= ($client->read_answer() || {})->{status};
}


# Subscribed to what all are subscribed to; undef: it was not let in.

sub joined {
    my ($client) = @_;

    return answered($client) == 101 && $client->subscribe('c') ? $client
        : undef;
}


# By the connection that is kept: there may be no room for another one.

sub post {
    my ($text) = @_;

    my $body = JSON::PP->new->encode({ chatId => 'c', text => "$text",
        sender => 'x' });

    return exchange("POST /api/messages HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Type: application/json\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
}


sub status {
    return exchange("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        ->{json} || {};
}


sub exchange {
    my ($request) = @_;

    $publisher->send_raw($request);

    return $publisher->read_answer() || die "no answer\n";
}
