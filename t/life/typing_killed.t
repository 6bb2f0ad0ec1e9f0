#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A worker dies while connections of it type: nobody types for ever, and those
# of other workers, and those who come back, are told as ever.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(12);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'add_header X-Pid $pid always;',
    endpoint => 'chatws_typing interval=30m timeout=1h;',
    server => 'location = /many {
                   chatws chat;
                   chatws_typing interval=0 timeout=1s merge=3;
               }
               location = /plain { chatws chat; }
               location = /status { chatws_status chat; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

my $reader = ws_in($t, $two, user => 'reader', chats => [ 'c', 'd' ],
    path => '/plain');
my $mark = ws_in($t, $two, user => 'mark', chats => [ 'c', 'd' ],
    path => '/plain');
my $a = ws_in($t, $one, user => 'a', chats => 'c');
my $a2 = ws_in($t, $two, user => 'a', chats => 'c');
my $b = ws_in($t, $one, user => 'b', chats => 'c');

for my $who ($a, $a2, $b) {
    types($who, 'c', 1);
    settled($who);
}

is(told($mark, 'c', $reader), '+a +b', 'both type');

slay($one);

ok(eventually(sub {
    my $status = hub_status();
    $status->{reaped} == 1 && $status->{workers} == 2;
}), 'the other one knows');

# readers let it expire: nothing is told, nor again when it goes on

is(told($mark, 'c', $reader), '', 'nothing is told');

$b = ws_in($t, $two, user => 'b', chats => 'c');
types($b, 'c', 1);
settled($b);
is(told($mark, 'c', $reader), '', 'a repeat is a repeat');

types($b, 'c', 0);
settled($b);
is(told($mark, 'c', $reader), '-b', 'the end of who has come back');

types($a2, 'c', 0);
settled($a2);
is(told($mark, 'c', $reader), '-a', 'the end of who was not there alone');

for my $on (1, 0) {
    types($_, 'c', $on) for $a2, $b;
    settled($_) for $a2, $b;
}

is(join(' ', sort split / /, told($mark, 'c', $reader)), '+a +b -a -b',
    'as ever');

# a row of the dead is void after a while, and the user begins anew

($one, $two) = (grep({ $_ != $two } workers_of($t)), $two);

my $z = ws_in($t, $one, user => 'z', chats => 'c', path => '/many');

types($z, 'c', 1);
is($reader->await('user_typing')->{userId}, 'z', 'one more');

slay($one);

# each time with lists, and with whoever is alive

for my $n (1 .. 8) {
    eventually(sub { workers_of($t) == 2 });

    my @who = map { ws(user => "u$_", chats => 'd', path => '/many') } 1 .. 12;

    types($_, 'd', 1) for @who;
    slay((grep { $_ != $two } workers_of($t))[0]);

    types($_, 'd', rand() < 0.5) for @who;
    $_->drop() for @who;
}

ok(eventually(sub { hub_status()->{connections} == 4 }), 'all have gone');

# the rows of the dead are void some seconds later: then one user is one

my $alone = ws_in($t, $two, user => 'alone', chats => 'd', path => '/many');

ok(eventually(sub {
    types($alone, 'd', 1);
    settled($alone);
    types($alone, 'd', 0);
    settled($alone);

    return told($mark, 'd', $reader) =~ /\+alone -alone$/;
}), 'nobody of them types any more');

is(unexplained($t->read_file('error.log')), '', 'nothing else in the log');

$t->todo_alerts();

$_->drop() for $reader, $mark;
