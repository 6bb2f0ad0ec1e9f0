#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_presence: a user is online with the first connection, in whatever
# worker, and offline a while after the last one.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(23);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => people_conf('grace=1s interval=100ms')
        . 'add_header X-Pid $pid always;'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

# in a chat without messages nobody is kept who is no member

publish({ chatId => 'c', text => 'x', sender => 'nobody' });

my $reader = ws_in($t, $two, user => 'reader');

is(join(' ', word_of(follow($reader, 'c')->{presence})), '+reader',
    'the whole state');

# a client that has not asked for states is told nothing, but is seen

my $m = ws_in($t, $one, user => 'm', chats => 'c');

is(seen($reader, '+m'), '+m', 'another one, in another worker');
like($reader->{last}, qr/^\{"type":"presence","chatId":"c",
    "online":\["m"\],"away":\[\],"offline":\{\},"left":\[\],
    "count":2,"people":2,"timestamp":"[-\d]+T[:.\d]+Z",
    "warming":true\}$/x, 'byte for byte');

# two tabs in two workers are one user

my $tab = ws_in($t, $one, user => 'a', chats => 'c');

is(seen($reader, '+a'), '+a', 'the first tab');

my $other = ws_in($t, $two, user => 'a', chats => 'c');

says($m, 'away');
is(seen($reader, '~m'), '~m', 'nothing of the second tab');

left($tab);
says($m, 'online');
is(seen($reader, '+m'), '+m', 'nor of its end');
is("@{$reader->{frame}}{qw/ count people /}", '3 3', 'three people');

# a page that is loaded again

left($other);
$other = ws_in($t, $one, user => 'a', chats => 'c');
says($m, 'away');
is(seen($reader, '~m'), '~m', 'loaded again');

# the last connection; whoever is no member is none of the people then

left($other);
is(seen($reader, '<a'), '<a', 'gone');
is("@{$reader->{frame}}{qw/ count people /}", '2 2', 'two people are left');

# an unsubscribe is no accident, and waits for nothing

my $b = ws_in($t, $one, user => 'b', chats => 'c');

is(seen($reader, '+b'), '+b', 'one more');
$b->unsubscribe('c');
is(seen($reader, '<b'), '<b', 'left at once');

# two devices: who is online on one of them is online

my ($phone, $desk) = map { ws_in($t, $_, user => 'd', chats => 'c') }
    $one, $two;

is(seen($reader, '+d'), '+d', 'two devices');
says($phone, 'away');
says($m, 'online');
is(seen($reader, '+m'), '+m', 'one of them is away');
says($desk, 'away');
is(seen($reader, '~d'), '~d', 'both are');

# a question

$reader->send_json({ action => 'presence', chatId => 'c',
    users => [ 'm', 'd', 'a', 'nobody', 'm' ], id => 7 });

my $answer = $reader->await('presence');

is_deeply([ word_of($answer), $answer->{id}, $answer->{people} ],
    [ '+m', '~d', 7, 3 ], 'a question');

is($m->ask({ action => 'presence', chatId => 'elsewhere', users => [ 'm' ] })
    ->{error}, 'Not subscribed', 'needs a subscription');

# the whole state is what the changes have come to

my $late = ws_in($t, $one, user => 'late');
my $state = follow($late, 'c');

is(join(' ', word_of($state->{presence})), '+late +m +reader ~d', 'a late one');
is("@{$state->{presence}}{qw/ count people /}", '4 4', 'and the numbers');
like($late->{last}, qr/,"presence":\{"online":\[[^]]+\],"away":\["d"\],
    "offline":\{\},"count":4,"people":4,"warming":true\},/x, 'byte for byte');

# the others were told nothing

$m->send_json({ action => 'unsubscribe', chatId => 'c', id => 1 });
is(scalar events_of($m, 'subscription_confirmed'), 0, 'no frames unasked for');

# the name is the server's own

is(publish({ type => 'presence', chatId => 'c' })->{status}, 400,
    'no application event has this name');
