#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What a client says of itself counts at once: nothing here waits for the grace.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(22);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => people_conf('grace=10m interval=100ms lastseen=off')
        . 'chatws_zone zone=plain:1m;'
        . 'chatws_presence_state $arg_app;'
        . 'add_header X-Pid $pid always;',
    server => 'location = /plain { chatws plain; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

publish({ chatId => 'c', text => 'x', sender => 'nobody' });

my $reader = ws_in($t, $two, user => 'reader');
follow($reader, 'c');

my $m = ws_in($t, $one, user => 'm', chats => 'c');
seen($reader, '+m');

# signing out, on the only connection, which goes on

my $a = ws_in($t, $one, user => 'a', chats => 'c');

is(seen($reader, '+a'), '+a', 'online');
says($a, 'offline');
is(seen($reader, '-a'), '-a', 'offline at once');
is($reader->{frame}{offline}{a}, undef, 'lastseen=off');
is("@{$reader->{frame}}{qw/ count people /}", '2 3', 'one of the people');
says($a, 'offline');
says($m, 'away');
is(seen($reader, '~m'), '~m', 'said again');
says($a, 'online');
is(seen($reader, '+a'), '+a', 'back');

# with a connection that remains

my $other = ws_in($t, $two, user => 'a', chats => 'c');

says($a, 'offline');
settled($a);
says($m, 'online');
is(seen($reader, '+m'), '+m', 'another one remains');
says($other, 'away');
is(seen($reader, '~a'), '~a', 'which is away');
left($other);
says($m, 'away');
is(seen($reader, '~m'), '~m', 'and has ended: that may come back');
says($a, 'online');
is(seen($reader, '+a'), '+a', 'no connection is away now');

# whoever has said offline is offline, and leaves as such

says($a, 'offline');
is(seen($reader, '-a'), '-a', 'offline again');
left($a);
says($m, 'online');
is(seen($reader, '+m'), '+m', 'the end is no news');

# the first state, before others are told anything

my $b = ws_in($t, $one, args => 'userId=b&presence=away', chats => 'c');

is(seen($reader, '~b'), '~b', 'away from the beginning');

$b = ws_in($t, $two, args => 'userId=e&presence=offline', chats => 'c');
is(seen($reader, '-e'), '-e', 'offline, and one of the people');

$b = ws_in($t, $two, args => 'userId=f&presence=away&app=online',
    chats => 'c');
is(seen($reader, '+f'), '+f', 'the app server goes first');

$b = ws_in($t, $two, args => 'userId=g&presence=away&app=x', chats => 'c');
is(seen($reader, '~g'), '~g', 'if it says anything');

$b = ws_in($t, $two, args => 'userId=h&presence=&app=', chats => 'c');
is(seen($reader, '+h'), '+h', 'nobody says anything');

# errors, and where it is off

is($reader->ask({ action => 'presence', state => 'busy', id => 1 })->{details},
    'state must be online, away, offline or invisible', 'a wrong state');
is($reader->ask({ action => 'watch', users => [ 'm' ] })->{details},
    'Unknown message type: watch', 'no list may be watched here');

my $plain = ws(user => 'a', path => '/plain');

is($plain->ask({ action => 'presence', state => 'online' })->{details},
    'Unknown message type: presence', 'off');
is($plain->ask({ action => 'presence', state => 5 })->{error},
    'Unknown message type', 'whatever it says');
