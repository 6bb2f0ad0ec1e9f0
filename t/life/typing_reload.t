#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Who types goes on typing after a reload: nothing is told that did not
# happen, and what happens then is told.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(30);

my $on = 'chatws_typing interval=30m timeout=1h;';

config($t, $on);
$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

my $a = ws_in($t, $one, user => 'a', chats => [ 'c', 'd' ]);
my $a2 = ws_in($t, $two, user => 'a', chats => 'c');
my $silent = ws_in($t, $two, user => 'silent', chats => 'c', path => '/short');
my $reader = ws_in($t, $one, user => 'reader', chats => [ 'c', 'd' ],
    path => '/plain');
my $mark = ws_in($t, $two, user => 'mark', chats => [ 'c', 'd' ],
    path => '/plain');

# more than once, with connections on both workers

for my $tab ($a, $a2) {
    types($tab, 'c', 1);
    settled($tab);
}

is(told($mark, 'c', $reader), '+a', 'a beginning');

for my $n (1 .. 3) {
    ok(replaced($t, 2), "reload $n");

    # all are there by now

    settled($_) for $a, $a2, $mark;

    is(told($mark, 'c', $reader), '', 'nothing is told');
}

types($a2, 'c', 1);
settled($a2);
is(told($mark, 'c', $reader), '', 'a repeat is one');

types($a, 'c', 0);
settled($a);
is(told($mark, 'c', $reader), '', 'one connection ends');

types($a2, 'c', 0);
settled($a2);
is(told($mark, 'c', $reader), '-a', 'and the last one');

# a connection ends before the others are there, and a message comes

for my $tab ($a, $a2) {
    types($tab, 'c', 1);
    settled($tab);
}

types($a, 'd', 1);
settled($a);

is(told($mark, 'd', $reader), '+a +a', 'in two chats');

ok(replaced($t, 2), 'reload');

publish({ chatId => 'c', text => 'sent', sender => 'a' });
settled($_) for $a, $a2, $mark;
is(told($mark, 'c', $reader), 'new_message -a', 'a message ends it');

$a->drop();
$a2->drop();

is(join(' ', word(), told($mark, 'd', $reader)), '-a ',
    'a connection ends where it types');

# a deadline

types($silent, 'c', 1);
is(word(), '+silent', 'another one');
ok(replaced($t, 2), 'reload');
is(word(), '-silent', 'its deadline has moved as well');

# the settings change: connections are closed, and that ends typing; then there
# is no table any more, and then a new one

$a = ws(user => 'a', chats => 'c');
types($a, 'c', 1);
is(word(), '+a', 'the last time');

# what nobody gets is not kept, and nobody does while all are on their way to
# the new workers: this one stays

my $still = ws(user => 'still', path => '/still', chats => 'c');

config($t, '');
ok(reloaded($t), 'reload without chatws_typing');
is($a->await_close()->{code}, 1012, 'the connection is closed');
is(word($still), '-a', 'and has ended typing');

$still->drop();

$a = ws(user => 'a', chats => 'c');
types($a, 'c', 0);
is(word(), '-a', 'typing is passed on as it comes');

config($t, $on);
ok(reloaded($t), 'reload with chatws_typing');
$a->await_close();
$a = ws(user => 'a', chats => 'c');
types($a, 'c', 0);
settled($a);
types($a, 'c', 1);

# the reader was on its way when typing ended, which is not told twice

my $word = word();
$word = word() if $word eq '-a';
is($word, '+a', 'and is not any more');

$_->drop() for $reader, $mark;

# without a master the worker goes on with its connections, and the table is
# what the new configuration needs

$t->stop();
config($t, $on, 'master_process off;');
$t->run();

$reader = ws(user => 'reader', path => '/plain', chats => 'c');
$a = ws(user => 'a', chats => [ 'c', 'd' ]);

types($a, 'c', 1);
types($a, 'd', 1);
is(word(), '+a', 'no master');

config($t, '', 'master_process off;');
inits($t);
types($a, 'c', 1);
is(word(), '+a', 'no master, off');
types($a, 'c', 0);
is(word(), '-a', 'no master, off, an end');

config($t, $on, 'master_process off;');
inits($t);

types($a, 'c', 0);
types($a, 'd', 0);
types($a, 'c', 1);
is(word(), '+a', 'no master, on');
types($a, 'c', 1);
$a->drop();
is(word(), '-a', 'no master, on, the end');

$reader->drop();


sub word {
    my ($ws) = @_;

    my $event = ($ws || $reader)->next() or return '';

    return Test::Chatws::Typing::word($event);
}


sub config {
    my ($t, $typing, $main) = @_;

    my $short = $typing ? 'chatws_typing interval=100ms timeout=1s;' : '';
    my $still = "chatws_drain 1h; $typing";

    $t->write_file_expand('nginx.conf', conf(
        main => $main || 'worker_processes 2;',
        http => 'chatws_drain 0; add_header X-Pid $pid always;',
        endpoint => $typing,
        server => "location = /short { chatws chat; $short }
                   location = /still { chatws chat; $still }
                   location = /plain { chatws chat; }"));
}


# Reloads, and waits until that is in force.

sub inits {
    my ($t) = @_;

    my $n = sub {
        return scalar(() = $t->read_file('error.log')
            =~ /using the "\w+" event method/g);
    };

    my $before = $n->();

    $t->reload();

    return eventually(sub { $n->() > $before });
}
