#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A client that does not read costs itself, and nobody else.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Socket qw/ SOL_SOCKET SO_RCVBUF /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(8);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:2m',
    main => 'worker_processes 2;',
    endpoint => 'chatws_send_buffer 64k;',
    publish => 'client_max_body_size 64k;',
    server => 'listen 127.0.0.1:8081 sndbuf=64k;'))->run();

my $socket = IO::Socket::INET->new(Proto => 'tcp');

setsockopt $socket, SOL_SOCKET, SO_RCVBUF, pack('i', 4096);
connect $socket, Socket::pack_sockaddr_in(port(8081),
    Socket::inet_aton('127.0.0.1')) or die "connect: $!\n";

my $slow = ws(user => 'slow', socket => $socket, chats => 'chat_1');
my $fast = ws(user => 'fast', chats => 'chat_1');
my $other = ws(user => 'other', chats => 'chat_2');

# as much as no buffer between holds, each read by the one that reads

my ($answered, $delivered, $shed) = (0, 0, 0);

for my $n (1 .. 1000) {
    my $answer = publish({ chatId => 'chat_1', sender => 's',
        text => "$n " . 'x' x 16000 });

    $answered++ if $answer->{status} == 201;

    my $event = $fast->await('new_message');
    $delivered++ if $event && $event->{message}{text} =~ /^$n /;

    if ($answer->{json}{recipients} == 1) {
        $shed = $n;
        last;
    }
}

ok($shed, "the slow one is let go, after $shed messages");
is($answered, $shed, 'all are answered by 201');
is($delivered, $shed, 'the other one gets each');

# it got a part in order, and was told to come back if it could be told

my ($n, $wrong) = (0, 0);

while (my $event = $slow->next()) {
    $n++;
    $wrong++ unless $event->{message}{text} =~ /^$n /;
}

cmp_ok($n, '>', 0, "some had arrived: $n");
is($wrong, 0, 'in order');
ok($slow->ended(), 'it is closed');

SKIP: {
    skip 'closed without a word', 1 unless $slow->{closed};
    is($slow->{closed}{code}, 1013, 'with a code to come back');
}

publish({ chatId => 'chat_2', text => 'on', sender => 's' });
is($other->await('new_message')->{message}{text}, 'on',
    'other chats go on');
