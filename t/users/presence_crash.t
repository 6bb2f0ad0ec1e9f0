#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A worker is killed: its users who are connected elsewhere, or come back, are
# no news, and the others are offline after the grace, however often.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Chatws::Presence;
use Test::Chatws::Typing;
use Test::Nginx;

use constant ROUNDS => 8;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(4 * ROUNDS + 4);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_zone zone=long:1m;'
        . people_conf('grace=1s interval=100ms')
        . people_conf('grace=10m interval=100ms', 'long')
        . 'add_header X-Pid $pid always;',
    server => 'location = /long { chatws long; }
               location = /post { chatws_publish long; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

publish({ chatId => 'c', text => 'x', sender => 'nobody' });
publish({ chatId => 'c', text => 'x', sender => 'nobody' }, uri => '/post');

my ($keep) = workers_of($t);

my ($short, $long) = map {
    my $reader = ws_in($t, $keep, user => 'reader', path => $_);
    follow($reader, 'c');
    $reader;
} '/api/ws', '/long';

my $m = ws_in($t, $keep, user => 'm', path => '/long', chats => 'c');
seen($long, '+m');

my $both = ws_in($t, $keep, user => 'both', path => '/long', chats => 'c');
seen($long, '+both');

my $state = 'online';

for my $round (1 .. ROUNDS) {
    my ($dies) = grep { $_ != $keep } workers_of($t);

    # a user with another connection, one who comes back, and one who does not

    my @clients = (
        ws_in($t, $dies, user => 'both', path => '/long', chats => 'c'),
        ws_in($t, $dies, user => 'back', path => '/long', chats => 'c'),
        ws_in($t, $dies, user => 'gone', chats => 'c'),
    );

    seen($long, '+back') if $round == 1;
    is(seen($short, '+gone'), '+gone', "round $round: all are there");

    slay($dies);

    ok(eventually(sub { (grep { $_ != $keep } workers_of($t)) == 1 }),
        'another worker');
    like(seen($short, '<gone'), qr/^(?:-gone )?<gone$/,
        'who does not come back is gone');

    # by then the slot of the dead one was reaped, in both zones

    my $back = ws_in($t, $keep, user => 'back', path => '/long',
        chats => 'c');

    $state = $state eq 'online' ? 'away' : 'online';
    says($m, $state);
    my $word = ($state eq 'online' ? '+' : '~') . 'm';
    is(seen($long, $word), $word, 'and nothing else');

    $_->drop() for @clients, $back;
}

# nobody is left over

for my $case ([ $short, 'reader', 1 ], [ $long, 'both m reader', 3 ]) {
    my ($reader, $names, $n) = @$case;
    my $event;

    # connections that were dropped are still to be noticed

    ok(eventually(sub {
        $reader->send_json({ action => 'presence', chatId => 'c', id => 1,
            users => [ qw/ reader m both gone nobody / ] });
        1 while ($event = $reader->next()) && !$event->{id};
        my @there = map { /^[+~](.*)/ } word_of($event);
        join(' ', sort @there) eq $names;
    }), "there are $names");
}

is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->todo_alerts();
