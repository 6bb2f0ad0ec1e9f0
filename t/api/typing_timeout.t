#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_typing: without a repeat typing ends by itself, for each connection,
# and a repeat is passed on after the interval.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(9);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'add_header X-Pid $pid always;',
    endpoint => 'chatws_typing interval=10ms timeout=1h;',
    server => 'location = /short {
                   chatws chat;
                   chatws_typing interval=100ms timeout=200ms;
               }
               location = /merge {
                   chatws chat;
                   chatws_typing interval=10ms timeout=1h merge=1;
               }
               location = /merge_short {
                   chatws chat;
                   chatws_typing interval=10ms timeout=200ms merge=1;
               }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

my $reader = ws_in($t, $two, user => 'reader', chats => [ 'c', 'm' ]);
my $long = ws_in($t, $one, user => 'a', chats => 'c');
my $short = ws_in($t, $one, user => 'a', chats => 'c', path => '/short');
my $other = ws_in($t, $one, user => 'b', chats => 'c', path => '/short');

# without a repeat

types($short, 'c', 1);

is(word(), '+a', 'a beginning');
is(word(), '-a', 'an end by itself');

types($short, 'c', 0);
settled($short);
types($short, 'c', 1);

is(word(), '+a', 'and a new beginning');
is(word(), '-a', 'with its end');

# each connection has its own deadline: b's is later than a's short one

types($long, 'c', 1);
settled($long);
types($short, 'c', 1);
settled($short);
types($other, 'c', 1);

my @words = (word());

push @words, word() while $words[-1] ne '-b';

unlike("@words", qr/-a/, 'another connection types');

types($long, 'c', 0);
is(word(), '-a', 'and ends it');

# a repeat after the interval

types($long, 'c', 1);
word();

my $repeats = 0;

ok(eventually(sub {
    types($long, 'c', 1);
    settled($long);
    types($other, 'c', 1);

    for ( ;; ) {
        my $word = word();

        $repeats++ if $word eq '+a';
        return $repeats if $word eq '-b';
    }
}), 'a repeat after the interval is passed on');

# who is silent leaves a list as well, which ends with that

my $keen = ws_in($t, $one, user => 'k', chats => 'm', path => '/merge');
my $tired = ws_in($t, $two, user => 't', chats => 'm',
    path => '/merge_short');

types($keen, 'm', 1);
settled($keen);
types($tired, 'm', 1);

is(join(' ', map { word() } 1 .. 4), '+k list=k/2 -k list=k/1',
    'the end of a list');

$reader->drop();


sub word {
    my $event = $reader->next() or return '';

    return Test::Chatws::Typing::word($event);
}
