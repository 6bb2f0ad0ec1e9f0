#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The state of a chat for those who were slow, or went to another worker: what
# they know in the end is what a new one is told.  See docs/unread.md.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Socket qw/ SOL_SOCKET SO_RCVBUF /;

use constant MESSAGES => 75;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(13);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    zone => 'zone=chat:16m', http => <<'EOC'));

    chatws_users zone=chat;
    chatws_unread zone=chat;
    chatws_receipts zone=chat interval=100ms;

    server {
        listen 127.0.0.1:8081 sndbuf=16k;
        server_name localhost;

        location = /api/ws {
            chatws chat;
            chatws_send_buffer 256k;
        }
    }
EOC

$t->run();

my $true = JSON::PP::true();
my $epoch;

# one who does not read for a while

my $socket = IO::Socket::INET->new(Proto => 'tcp',
    PeerAddr => '127.0.0.1:' . port(8081),
    Sockopts => [ [ SOL_SOCKET, SO_RCVBUF, 4096 ] ]);

my $sleeper = follow({ user => 'sleeper' },
    ws(port => 8081, socket => $socket, user => 'sleeper'));
my $a = follow({ user => 'a' });
my $b = follow({ user => 'b' });

for (1 .. MESSAGES) {
    publish({ chatId => 'c', text => 'x' x 2048, sender => 'x' });
}

# more than a quarter of its buffer waits: what others read is left out

for my $seq (1 .. 5) {
    read_to($a, $seq);
    await_read($b, 'a', $seq);
}

read_to($b, MESSAGES);
await_read($a, 'b', MESSAGES);

my ($messages, $states) = (0, 0);

while (($sleeper->{known}{b} || 0) < MESSAGES || $messages < MESSAGES) {
    my $event = $sleeper->{ws}->next() or last;

    fold($sleeper, $event);

    $messages++ if $event->{type} eq 'new_message';
    $states++ if $event->{type} eq 'chat_state';
}

is($messages, MESSAGES, 'no message is left out');
ok(!$sleeper->{ws}{closed}, 'and nobody is closed');
cmp_ok($states, '<=', 2, 'the state once, or again');
is(json($sleeper->{known}), json(fresh()), 'what it knows is what is so');

# and goes on

read_to($a, 10);
await_read($sleeper, 'a', 10);
is(json($sleeper->{known}), json(fresh()), 'and later, too');

# to the workers of a new configuration

for my $round (1 .. 3) {
    ok(replaced($t, 2), "reload $round");

    read_to($b, MESSAGES);
    read_to($a, 20 + $round);

    # a connection is handed over, or its client comes back

    await_read($_, 'a', 20 + $round) for $sleeper, $b;

    is(json([ map { $_->{known} } $sleeper, $b ]),
        json([ map { fresh() } 1, 2 ]), "reload $round, the state");
}

is(scalar(keys %{fresh()}), 2, 'of two readers');
is(fresh()->{a}, 23, 'the last one');


# A tab subscribes, on this connection or on a new one.

sub follow {
    my ($tab, $ws) = @_;

    for ( ;; ) {
        $tab->{ws} = $ws || ws(user => $tab->{user});
        $tab->{ws}->send_json({ action => 'subscribe', chatId => 'c',
                                state => $true });

        my $state = $tab->{ws}->await('chat_state');

        undef $ws;
        next unless $state;

        $epoch = $state->{epoch};
        fold($tab, $state);

        return $tab;
    }
}


sub fold {
    my ($tab, $event) = @_;

    $tab->{known} = {} if $event->{type} eq 'chat_state';

    if ($event->{reads}) {
        $tab->{known}{$_} = $event->{reads}{$_} for keys %{$event->{reads}};
    }
}


sub read_to {
    my ($tab, $seq) = @_;

    for ( ;; ) {
        $tab->{ws}->send_json({ action => 'read', chatId => 'c',
            seq => $seq, epoch => $epoch, id => $seq });

        while (my $event = $tab->{ws}->next()) {
            fold($tab, $event);
            return if ($event->{id} || '') eq $seq;
        }

        follow($tab);
    }
}


# Takes what a tab gets until it knows that a user has read so far.

sub await_read {
    my ($tab, $user, $seq) = @_;

    while (($tab->{known}{$user} || 0) != $seq) {
        my $event = $tab->{ws}->next();

        $event ? fold($tab, $event) : follow($tab);
    }
}


sub fresh {
    return follow({ user => 'fresh' })->{known};
}


sub json {
    my ($data) = @_;

    return JSON::PP->new->canonical->encode($data);
}
