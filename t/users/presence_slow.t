#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A client that does not read is not closed for who comes and goes: when it
# reads again, it is told how all are, in its chats and of those it watches.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Nginx;

use Socket qw/ SOL_SOCKET SO_RCVBUF /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(8);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:16m',
    main => 'worker_processes 2;',
    http => people_conf('grace=10m interval=100ms') . <<'EOC'));

    server {
        listen 127.0.0.1:8081 sndbuf=16k;
        server_name localhost;

        location = /api/ws {
            chatws chat;
            chatws_send_buffer 16k;
            chatws_watch 100;
        }
    }
EOC

$t->run();

publish({ chatId => 'c', text => 'x', sender => 'nobody' });

my $socket = IO::Socket::INET->new(Proto => 'tcp',
    PeerAddr => '127.0.0.1:' . port(8081),
    Sockopts => [ [ SOL_SOCKET, SO_RCVBUF, 4096 ] ]);

my $sleeper = ws(user => 'sleeper', socket => $socket);

follow($sleeper, 'c');

# it watches most of the crowd that comes later

my @names = map { "u$_" . 'x' x 110 } 1 .. 120;
my @watched = sort 'a', 'z', @names[0 .. 89];

$sleeper->send_json({ action => 'watch', users => \@watched, id => 1 });

my $answer;
1 while ($answer = $sleeper->next()) && !$answer->{id};

is(join(' ', word_of($answer)), join(' ', map { "-$_" } @watched), 'watches');

# another one that follows the chat, and reads

my $reader = ws(user => 'reader');
follow($reader, 'c');

my $a = ws(user => 'a', chats => 'c');
seen($reader, '+a');

# many states of many users, more than the system takes for the one who sleeps

my @crowd = map { ws(user => $_, chats => 'c') } @names;

seen($reader, map { "+$_->{connected}{userId}" } @crowd);

for my $round (1 .. 30) {
    my ($state, $sign) = $round % 2 ? ('away', '~') : ('online', '+');

    says($_, $state) for @crowd, $a;
    seen($reader, map { "$sign$_->{connected}{userId}" } @crowd, $a);
}

says($a, 'away');
seen($reader, '~a');

# it reads again: its chat and its list are told as they are

my ($whole, $list);

while (my $event = $sleeper->next()) {
    $whole = $event if $event->{type} eq 'chat_state';

    $list = $event if $event->{type} eq 'presence' && !$event->{chatId}
        && $event->{reset};

    last if $whole && $list;
}

ok(!$sleeper->{closed}, 'is not closed');
ok($whole, 'the whole state of the chat');
ok($list, 'and of the list');
is(join(' ', word_of($list)),
    join(' ', '!', (map { "+$_" } grep { /^u/ } @watched), '~a', '-z'),
    'which is as it is');
is(join(' ', sort map { word_of($_->{presence}) } $whole),
    join(' ', sort map { word_of($_->{presence}) } follow($reader, 'c')),
    'as others are told');

# from then on it is told changes

says($a, 'online');

my %told;

while (keys %told < 2) {
    my $event = $sleeper->next() or last;

    next unless grep { $_ eq '+a' } word_of($event);
    $told{$event->{chatId} || ''} = 1;
}

is(join(' ', sort keys %told), ' c', 'both go on');
ok(!$sleeper->{closed}, 'as if nothing had happened');

$_->drop() for $sleeper, $reader, $a, @crowd;
