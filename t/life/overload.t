#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Too much of anything: chats, subscriptions, connections, descriptors,
# publishing, clients that don't read, a worker that does not run.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Socket qw/ SOL_SOCKET SO_RCVBUF /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(37);

$t->write_file_expand('nginx.conf', conf(connections => 64,
    main => 'worker_processes 2;', zone => 'zone=chat:128k',
    http => 'keepalive_timeout 0;',
    endpoint => 'chatws_max_subscriptions 10000; chatws_send_buffer 16k;',
    publish => 'client_max_body_size 1m;',
    server => 'listen 127.0.0.1:8081 sndbuf=16k;
        location = /status { chatws_status chat; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

# more chats and subscriptions than there is room for

my $before = hub_status();
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

$again->drop();

# more connections than there are: told so, and no others harmed

my @many;
my $refused;

for (1 .. 150) {
    my $ws = ws(user => "m$_");

    if ($ws->{status} == 503) {
        $refused = $ws;
        last;
    }

    last if $ws->{status} != 101;
    push @many, $ws;
}

ok($refused, 'connections, 503 after ' . @many);
ok($refused && $refused->{headers}{'retry-after'},
    'connections, Retry-After');
is(publish({ chatId => 'first', text => 'x', sender => 'x' })
    ->{json}{recipients}, 1, 'connections, publishing goes on');
ok($first->await('new_message'), 'connections, delivered');
cmp_ok(cpu_of($t, 0.5), '<', 0.4, 'connections, no busy loop');

$_->drop() for splice @many;

ok(eventually(sub { hub_status()->{connections} == 1 }),
    'connections, room again');

# a worker that is stopped: publishers wait for a bounded time, others don't

my @clients = map { ws(user => "s$_", chats => 'stop') } 1 .. 16;
my @owners = owners($t, @clients);
my $victim = $owners[0] or die "no worker has the client\n";

my @held = @clients[grep { $owners[$_] == $victim } 0 .. $#clients];
my @free = @clients[grep { $owners[$_] != $victim } 0 .. $#clients];

is(scalar(grep { $_->{status} == 101 } @clients), @clients,
    'connections, for new clients');

halt($victim);

cmp_ok(scalar @held, '>', 0, 'clients of the stopped worker');

my ($published, $busy, $last) = (0, 0, 0);

my $over = eventually(sub {
    my $reply = publish({ chatId => 'stop', text => 'y' x 4000,
        sender => 'x' }) or return 0;

    if ($reply->{status} == 503) {
        $busy++;
        $last = $reply;

    } elsif ($reply->{status} == 201) {
        $published++;
        return 1 if $busy;
    }

    # the others read what they get

    $_->fill(0) for @free;
    return 0;
});

cmp_ok($published, '>', 5, 'stopped, published while there was room');
cmp_ok($busy, '>', 0, 'stopped, 503 when there was none');
ok($last && $last->{headers}{'retry-after'}, 'stopped, Retry-After');
ok($over, 'stopped, publishers go on after a bounded time');
is(scalar(grep { !$_->{eof} } @free), @free, 'the others are still there');

kill 'CONT', $victim;

my @codes = map { ($_->await_close() || {})->{code} || 'none' } @held;

is(join(' ', @codes), join(' ', (1013) x @held),
    'its clients are told to come back');
like($held[0]{closed}{reason}, qr/reconnect/, 'why');
ok(eventually(sub { hub_status()->{laps} == 1 }), 'counted');

# it goes on with new ones

$_->drop() for @held;

ok(eventually(sub { hub_status()->{connections} == 1 + @free }),
    'the others are gone');

my @new = map { ws(user => "n$_", chats => 'stop') } 1 .. 8;

is(publish({ chatId => 'stop', text => 'new', sender => 'x' })
    ->{json}{recipients}, @free + @new, 'all are counted again');
is(scalar(grep { my $c = $_; eventually(sub {
    (($c->await('new_message') || return 1)->{message}{text} || '') eq 'new'
}) && !$c->{closed} } @new), @new, 'delivered');

# a reader that is slow: typing is dropped, then it is closed; others go on

my $socket = IO::Socket::INET->new(Proto => 'tcp',
    PeerAddr => '127.0.0.1:' . port(8081),
    Sockopts => [ [ SOL_SOCKET, SO_RCVBUF, 8192 ] ]);

my $sleeper = ws(user => 'sleeper', socket => $socket, chats => 'slow');
my $typist = ws(user => 'typist', chats => 'slow');

my $typed = 0;

eventually(sub {
    publish({ chatId => 'slow', text => 'z' x 4000, sender => 'typist' });
    $typist->send_json({ type => 'typing', chatId => 'slow',
        isTyping => JSON::PP::true() });
    $typed++;
    $t->read_file('error.log')
        =~ /closes with 1013: too slow.*user: "sleeper"/;
});

cmp_ok($typed, '>', 4, 'a slow reader, for a while');

my $close = $sleeper->await_close();

is($close->{code}, 1013, 'a slow reader is closed');
like($close->{reason}, qr/reconnect/, 'and told why');

$sleeper->drop();

ok(eventually(sub {
    publish({ chatId => 'slow', text => 'on', sender => 'x' })
        ->{json}{recipients} == 1;
}), 'the rest goes on');

# everything is given back

$_->drop() for @free, @new, $typist, $first;

ok(eventually(sub {
    my $status = hub_status();
    $status->{connections} == 0 && $status->{subscriptions} == 0;
}), 'nothing is left');

is(eventually(sub { hub_status()->{memory}{subscriptions} == 0 }), 1,
    'no memory either');


# The worker that has each of the clients.

sub owners {
    my ($t, @clients) = @_;

    my (%inode, %pid);

    # a client's port may be that of another server's client as well

    my $server = sprintf ':%04X', port(8080);

    for (split /\n/, slurp('/proc/net/tcp')) {
        my @field = split;

        $inode{hex $1} = $field[9] if $field[3] eq '01'
            && $field[1] =~ /$server$/ && $field[2] =~ /:(\w+)$/;
    }

    for my $pid (workers_of($t)) {
        for my $path (glob "/proc/$pid/fd/*") {
            my $link = readlink $path;
            $pid{$1} = $pid if defined $link && $link =~ /^socket:\[(\d+)/;
        }
    }

    return map { $pid{$inode{$_->{socket}->sockport()} || 0} || 0 } @clients;
}
