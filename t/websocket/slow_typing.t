#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A client that reads neither messages nor typing is closed, and told so; the
# others go on.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Socket qw/ SOL_SOCKET SO_RCVBUF /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(5);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:128k',
    main => 'worker_processes 2;', endpoint => 'chatws_send_buffer 16k;',
    server => 'listen 127.0.0.1:8081 sndbuf=16k;
        location = /status { chatws_status chat; }'));

$t->run();

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

$typist->drop();

ok(eventually(sub {
    my $status = hub_status();
    $status->{connections} == 0 && $status->{subscriptions} == 0
        && $status->{memory}{subscriptions} == 0;
}), 'nothing is left');
