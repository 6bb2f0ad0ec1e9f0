#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The server ends typing where it ends a subscription or a connection, and a
# reader that is too slow for what is told of typing loses nothing else.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Typing;
use Test::Nginx;

use Socket qw/ SOL_SOCKET SO_RCVBUF /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(12);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    zone => 'zone=chat:8m',
    http => 'chatws_typing interval=30m timeout=1h;
             chatws_send_buffer 64k;
             add_header X-Pid $pid always;',
    server => 'listen 127.0.0.1:8081 sndbuf=16k;
               location = /commands { chatws_api chat write=on; }
               location = /lifetime {
                   chatws chat;
                   chatws_session_lifetime 3s;
               }
               location = /merge {
                   chatws chat;
                   chatws_typing interval=0 timeout=1h merge=1;
               }
               location = /status { chatws_status chat; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

my $reader = ws_in($t, $two, user => 'reader', chats => [ 'c', 's' ]);
my $mark = ws_in($t, $two, user => 'mark', chats => [ 'c', 's' ]);

# commands

my $a = ws_in($t, $one, user => 'a', chats => [ 'c', 'd' ]);
my $a2 = ws_in($t, $two, user => 'a', chats => [ 'c', 'd' ]);

for my $tab ($a, $a2) {
    types($tab, 'c', 1);
    settled($tab);
}

is(told($mark, 'c', $reader), '+a', 'two connections');

command({ command => 'unsubscribe', userId => 'a', chatId => 'd' });
settled($_) for $a, $a2;
is(told($mark, 'c', $reader), '', 'they lose another chat');

command({ command => 'unsubscribe', userId => 'a', chatId => 'c' });
is(word($reader), '-a', 'they lose this one');
is(told($mark, 'c', $reader), '', 'which is told once');

for my $tab ($a, $a2) {
    $tab->subscribe('c');
    types($tab, 'c', 1);
    settled($tab);
}

is(told($mark, 'c', $reader), '+a', 'they come back');

command({ command => 'disconnect', userId => 'a' });
is(word($reader), '-a', 'they are closed');
is(told($mark, 'c', $reader), '', 'which is told once');

# the lifetime of one of them

$a = ws_in($t, $one, user => 'a', chats => 'c');
$a2 = ws_in($t, $two, user => 'a', chats => 'c', path => '/lifetime');

for my $tab ($a, $a2) {
    types($tab, 'c', 1);
}

$a2->await_close();
$a2->drop();
settled($a);
is(told($mark, 'c', $reader), '+a', 'one connection is closed');

types($a, 'c', 0);
is(word($reader), '-a', 'the other one ends it');

# a reader that does not read: more is told than all buffers take

my $socket = IO::Socket::INET->new(Proto => 'tcp',
    PeerAddr => '127.0.0.1:' . port(8081),
    Sockopts => [ [ SOL_SOCKET, SO_RCVBUF, 8192 ] ]);

my $sleeper = ws(user => 'sleeper', socket => $socket, chats => 's');
my @many = map { ws_in($t, $_ % 2 ? $one : $two, user => "u$_" . 'x' x 100,
    username => 'n' x 120, chats => 's', path => '/merge') } 1 .. 3;

ok(eventually(sub {
    for my $on (1, 0) {
        types($_, 's', $on) for @many;
        settled($_) for @many;
    }

    while (my $message = $reader->parse_message()) { }
    $reader->fill(0);

    hub_status()->{typingDropped} > 100;
}), 'typing is dropped for who does not read');

publish({ chatId => 's', text => 'still here', sender => 'x' });

my $event = $sleeper->await('new_message') || {};
is($event->{message}{text}, 'still here', 'but messages are not');

$_->drop() for $reader, $mark, $sleeper, @many;


sub command {
    return publish($_[0], uri => '/commands');
}


sub word {
    my $event = $_[0]->next() or return '';

    return Test::Chatws::Typing::word($event);
}
