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
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(27);

certificate($t);
$t->write_file('keys.jwks', jwks(secret_key('k')));
write_conf($t, 'write=on');
$t->run();

ok(eventually(sub { workers() == 2 }), 'workers');

my $say = '{"command":"publish","chatId":"c","text":"%s","sender":"x"}';

sub orders {
    my ($token) = @_;

    return '[' . join(',', sprintf($say, 1),
        '{"command":"unsubscribe","userId":"ann","chatId":"c"}',
        sprintf($say, 2),
        '{"command":"disconnect","userId":"bob","code":3333}',
        '{"command":"revoke","jti":"' . $token . '"}',
        sprintf($say, 3)) . ']';
}

# --- a worker without a subscriber

my @idle = map { ws(user => 'idle') } 1 .. 12;

command('{"command":"disconnect","userId":"idle"}');
is(codes(@idle), '4403', 'workers without subscribers');

# --- a reload: an old worker is stopped, and finds the commands before it hands
# its clients over

my %c = clients('before');
my @old = workers_of($t);

halt($_) for @old;
$t->reload();

# the new workers answer, the old ones are stopped

ok(eventually(sub { workers() == 4 }), 'old and new workers');
is(command(orders('before'))->{status}, 201, 'given before the hand-over');

kill 'CONT', @old;

ok(gone($t, @old), 'handed over');
check('before', %c);

# --- the other order: the commands are given while the clients are parcels,
# which nobody receives

%c = clients('behind');
@old = workers_of($t);

my $orders = orders('behind');
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

ok(gone($t, grep { $_ != $holder } @old), 'an old worker has sent its clients');
ok(eventually(sub { !grep { $_ == $holder } owners_of($t, values %c) }),
    'the other one as well');

$late->send_raw(substr $orders, -1);
is($late->read_answer()->{status}, 201, 'given behind the hand-over');

kill 'CONT', @new;
check('behind', %c);

# --- a reload that turns commands on: clients that are taken over are in the
# index, those that stay in an old worker are found without one

write_conf($t, 'write=off');
ok(replaced($t, 2), 'without commands');

my @moves = map { ws(user => 'moves', chats => 'c') } 1 .. 6;
my @stays = map { ws(user => 'stays', chats => 'c', ssl => 1,
    port => 8443) } 1 .. 6;

write_conf($t, 'write=on');
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

# of the workers that were killed

$t->todo_alerts();


sub write_conf {
    my ($t, $write) = @_;

    $t->write_file_expand('nginx.conf', conf(connections => 256,
        zone => 'zone=chat:1m', main => 'worker_processes 2;',
        http => 'keepalive_timeout 0;', endpoint => 'chatws_drain 1h;',
        server => <<"EOC"));

listen 127.0.0.1:8443 ssl;
ssl_certificate cert.pem;
ssl_certificate_key cert.key;

location = /api/commands { chatws_api chat $write; }
location = /status { chatws_status chat; }

location = /token {
    chatws chat;
    chatws_token \$http_authorization;
    chatws_token_key_file keys.jwks;
}

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
    my ($t, @pids) = @_;

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
    my ($token) = @_;

    my %of;
    my $bearer = 'Authorization: Bearer ' . token(secret_key('k'),
        claims => { sub => 'dan', jti => $token });

    for my $n (1 .. 4) {
        $of{"$_$n"} = ws(user => $_, chats => [ 'c', 'all' ])
            for qw/ ann bob cid /;

        $of{"dan$n"} = ws(path => '/token', headers => [ $bearer ],
            chats => [ 'c', 'all' ]);
    }

    return %of;
}


# Ann is unsubscribed behind 1, bob is disconnected behind 2, and the token of
# dan is revoked then; cid gets all.

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
    is(join(',', keys %{$got{dan}}), '1 2 closed 4403', "$when, revoked");
    is(join(',', keys %{$got{cid}}), '1 2 3', "$when, the others");

    $_->drop() for values %of;
}
