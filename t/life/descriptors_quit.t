#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A worker without a free descriptor at a reload: nginx loses its channel, by
# which it would be told to quit.  It quits all the same, and its clients go
# on in the new worker.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(6);

write_conf($t, '');

$t->run();

# until the worker has no descriptor left

my $fds = descriptors_of($t);

write_conf($t, 'worker_rlimit_nofile ' . ($fds + 24) . ';');
ok(replaced($t, 1), 'few descriptors');

my @clients;

while (@clients < 64 && !exhausted($t)) {
    my $client = Test::Chatws::Client->dial();

    $client->send_raw(join "\r\n", 'GET /api/ws?userId=u HTTP/1.1',
        'Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: ' . Test::Chatws::Client::KEY(), '', '');

    eventually(sub {
        $client->fill(0);
        $client->{in} =~ /\r\n\r\n/ || exhausted($t);
    });

    push @clients, $client;
}

ok(exhausted($t), 'no descriptor left');

# all of them, the one included that nobody had accepted yet

write_conf($t, '');

ok(replaced($t, 1), 'reload');

is(scalar(grep { ($_->read_answer() || { status => 0 })->{status} == 101 }
    @clients), @clients, 'clients');
is(scalar(grep { $_->ping('x') && $_->await_pong() } @clients), @clients,
    'all are there');

# nginx itself tells of the channel

my $log = $t->read_file('error.log');

is(unexplained($log,
    qr/recvmsg\(\) (?:truncated|returned)|accept4?\(\) failed \(24:/), '',
    'nothing else in the log');

$t->todo_alerts() if $log =~ /recvmsg\(\) /;


sub write_conf {
    my ($t, $main) = @_;

    $t->write_file_expand('nginx.conf', conf(
        main => "worker_processes 1; $main", http => 'chatws_drain 1h;'));
}


sub exhausted {
    my ($t) = @_;

    return $t->read_file('error.log') =~ /accept4?\(\) failed \(24:/;
}
