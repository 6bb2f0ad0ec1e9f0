#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A command reaches each connection once, wherever it is: in a worker that has
# no subscriber, is stopped, quits, is lapped, or without the index of users;
# and on its way between two workers, given before or behind it.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(23);

certificate($t);
write_conf('write=on');
$t->run();

ok(eventually(sub { workers() == 2 }), 'workers');

my $say = '{"command":"publish","chatId":"c","text":"%s","sender":"x"}';

my $orders = '[' . join(',', sprintf($say, 1),
    '{"command":"unsubscribe","userId":"ann","chatId":"c"}',
    sprintf($say, 2),
    '{"command":"disconnect","userId":"bob","code":3333}',
    sprintf($say, 3)) . ']';

# --- a worker without a subscriber

my @idle = map { ws(user => 'idle') } 1 .. 12;

command('{"command":"disconnect","userId":"idle"}');
is(codes(@idle), '4403', 'workers without subscribers');

# --- a reload: an old worker is stopped, and finds the commands before it hands
# its clients over

my %c = clients();
my @old = workers_of($t);

halt($_) for @old;
$t->reload();

# the new workers answer, the old ones are stopped

ok(eventually(sub { workers() == 4 }), 'old and new workers');
is(command($orders)->{status}, 201, 'given before the hand-over');

kill 'CONT', @old;

ok(gone(@old), 'handed over');
check('before', %c);

# --- the other order: the commands are given while the clients are parcels,
# which nobody receives

%c = clients();
@old = workers_of($t);

my $late = half_of_a_request($orders);
my ($holder) = owners_of($t, $late);

halt($_) for @old;
$t->reload();

ok(eventually(sub { workers() == 4 }), 'old and new workers again');

my %is_old = map { $_ => 1 } @old;
my @new = grep { !$is_old{$_} } workers_of($t);

halt($_) for @new;
kill 'CONT', @old;

# the one that reads the request can't end, and has no other connection

ok(gone(grep { $_ != $holder } @old), 'an old worker has sent its clients');
ok(eventually(sub { !grep { $_ == $holder } owners_of($t, values %c) }),
    'the other one as well');

$late->send_raw(substr $orders, -1);
is($late->read_answer()->{status}, 201, 'given behind the hand-over');

kill 'CONT', @new;
check('behind', %c);

# --- a reload that turns commands on: clients that are taken over are in the
# index, those that stay in an old worker are found without one

write_conf('write=off');
ok(replaced($t, 2), 'without commands');

my @moves = map { ws(user => 'moves', chats => 'c') } 1 .. 6;
my @stays = map { ws(user => 'stays', chats => 'c', ssl => 1,
    port => 8443) } 1 .. 6;

write_conf('write=on');
ok(reloaded($t), 'with commands');
ok(eventually(sub { hub_status()->{moved} >= 12 + 6 }), 'some are moved');

command('{"command":"disconnect","userId":"moves","code":3001}');
command('{"command":"disconnect","userId":"stays","code":3002}');

is(codes(@moves), '3001', 'clients that are taken over');
is(codes(@stays), '3002', 'clients of old workers');

# --- a worker that is lapped has missed commands: its clients come back

my @many = map { ws(user => 'many', chats => 'c') } 1 .. 12;
my @owner = owners_of($t, @many);
my ($victim) = grep { $_ } @owner;

my @held = @many[grep { $owner[$_] == $victim } 0 .. $#many];
my @free = @many[grep { $owner[$_] != $victim } 0 .. $#many];

halt($victim);
command('{"command":"disconnect","userId":"many","code":3003}');

is(codes(@free), @free ? '3003' : '', 'clients of the other worker');

# commands are refused as messages are, and go on when the worker is lapped

my $filling = '[' . join(',', (sprintf '{"command":"unsubscribe",'
    . '"userId":"%s","chatId":"c"}', 'u' x 100) x 200) . ']';
my $busy = 0;

ok(eventually(sub {
    my $answer = command($filling);

    $busy++ if grep { ($_->{error} || '') eq 'Service unavailable' }
        @{$answer->{json}};

    return $busy && $answer->{status} == 202
        && !grep { $_->{error} } @{$answer->{json}};
}), 'commands wait for a worker that is stopped, for a time');

kill 'CONT', $victim;
is(codes(@held), '1013', 'clients of the worker that has missed it');

# --- a worker that is killed when it has taken a command: if it was answered,
# the others have it

my $lost = 0;

for my $n (1 .. 20) {
    my @them = map { ws(user => "k$n", chats => 'c') } 1 .. 4;
    my @owners = owners_of($t, @them);

    my $client = half_of_a_request('{"command":"disconnect","userId":"k'
        . $n . '","code":3100}');
    my ($pid) = owners_of($t, $client) or next;

    $client->send_raw('}');
    kill 'KILL', $pid if $n % 2;

    my $answer = $client->read_answer();
    kill 'KILL', $pid;

    next if !$answer || ($answer->{status} || 0) != 202;

    for my $i (grep { $owners[$_] && $owners[$_] != $pid } 0 .. 3) {
        my $close = $them[$i]->await_close();
        $lost++ if !$close || $close->{code} != 3100;
    }

    eventually(sub { workers_of($t) >= 2 });
}

is($lost, 0, 'none that was answered is lost');
is(command('{"command":"forget"}')->{status}, 202, 'commands go on');


sub write_conf {
    my ($write) = @_;

    $t->write_file_expand('nginx.conf', conf(connections => 256,
        zone => 'zone=chat:1m', main => 'worker_processes 2;',
        http => 'keepalive_timeout 0;', endpoint => 'chatws_drain 1h;',
        server => <<"EOC"));

listen 127.0.0.1:8443 ssl;
ssl_certificate cert.pem;
ssl_certificate_key cert.key;

location = /api/commands { chatws_api chat $write; }
location = /status { chatws_status chat; }

EOC
}


sub command {
    return publish($_[0], uri => '/api/commands');
}


sub workers {
    return hub_status()->{workers} || 0;
}


# All but the last byte of a POST, which a worker has begun to read.

sub half_of_a_request {
    my ($body) = @_;

    my $client = Test::Chatws::Client->dial();

    $client->send_raw(join "\r\n", 'POST /api/commands HTTP/1.1',
        'Host: localhost', 'Content-Type: application/json',
        'Expect: 100-continue', 'Content-Length: ' . length $body, '', '');

    # it says that it reads the body

    $client->read_answer();
    $client->send_raw(substr $body, 0, -1);

    return $client;
}


sub gone {
    my @pids = @_;

    return eventually(sub {
        my %now = map { $_ => 1 } workers_of($t);
        !grep { $now{$_} } @pids;
    });
}


# The close codes of clients, each once.

sub codes {
    my %codes = map { ($_->await_close() || {})->{code} || 'none' => 1 } @_;

    return join ' ', sort keys %codes;
}


sub clients {
    my %of;

    $of{"$_->[0]$_->[1]"} = ws(user => $_->[0], chats => [ 'c', 'all' ])
        for map { my $n = $_; map { [ $_, $n ] } qw/ ann bob cid / } 1 .. 4;

    return %of;
}


# Ann is unsubscribed behind 1, bob is disconnected behind 2, cid gets all.

sub check {
    my ($when, %of) = @_;

    publish({ type => 'end', chatId => 'all' });

    my %got;

    for my $name (sort keys %of) {
        my ($who) = $name =~ /(\w{3})/;
        my @said;

        while (my $event = $of{$name}->next()) {
            last if $event->{type} eq 'end';
            push @said, $event->{reason} || $event->{message}{text};
        }

        push @said, "closed $of{$name}{closed}{code}"
            if $of{$name}{closed};

        $got{$who}{"@said"}++;
    }

    is(join(',', keys %{$got{ann}}), '1 removed', "$when, unsubscribed");
    is(join(',', keys %{$got{bob}}), '1 2 closed 3333',
        "$when, disconnected");
    is(join(',', keys %{$got{cid}}), '1 2 3', "$when, the others");

    $_->drop() for values %of;
}
