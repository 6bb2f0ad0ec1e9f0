#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_watch: a list of users, of whom the connection is told all at first,
# and then what is new.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(20);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => people_conf('grace=1s interval=100ms')
        . 'add_header X-Pid $pid always;',
    endpoint => 'chatws_watch 3;',
    server => 'location = /members { chatws chat; chatws_watch 300 members; }
               location = /none { chatws chat; }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

my $a = ws_in($t, $one, user => 'a');
my $w = ws_in($t, $two, user => 'w');

sub watch {
    my ($client, $id, @users) = @_;

    $client->send_json({ action => 'watch', users => \@users, id => $id });

    while (my $event = $client->next()) {
        return $event if defined $event->{id} && $event->{id} eq $id;
    }
}

# the answer has all of them, each once, and no chat

my $answer = watch($w, 1, 'a', 'b', 'a');

is(join(' ', word_of($answer)), '+a -b', 'the whole list');
like($w->{last}, qr/^\{"type":"presence","online":\["a"\],"away":\[\],
    "offline":\{"b":null\},"timestamp":"[^"]+","warming":true,"id":1\}$/x,
    'byte for byte');

# a user whom nobody knew

my $b = ws_in($t, $one, user => 'b');

is(seen($w, '+b'), '+b', 'comes');
says($b, 'away');
is(seen($w, '~b'), '~b', 'is away');
says($b, 'offline');
is(seen($w, '-b'), '-b', 'has gone');
like($w->{frame}{offline}{b}, qr/^[-\d]+T\d\d:\d\d:00\.000Z$/, 'to the minute');

# nothing of a second connection, nor of one that comes back

my $again = ws_in($t, $two, user => 'a');

left($a);
$a = ws_in($t, $one, user => 'a');
left($again);
says($b, 'online');
is(seen($w, '+b'), '+b', 'nothing else is new');

left($a);
is(seen($w, '-a'), '-a', 'the last one, after the grace');

# another list replaces it

is(join(' ', word_of(watch($w, 2, 'c'))), '-c', 'another list');
says($b, 'away');
settled($b);

my $c = ws_in($t, $two, user => 'c');

is(seen($w, '+c'), '+c', 'nothing of those who were in the first one');
is(join(' ', word_of(watch($w, 3))), '', 'none');

# limits

is($w->ask({ action => 'watch', users => [ qw/ a b c d / ] })->{details},
    'users are more than may be watched here', 'too many');
is($w->ask({ action => 'watch', users => 'a' })->{details},
    'users must be an array of user ids', 'no list');
is(ws(user => 'n', path => '/none')->ask({ action => 'watch', users => [] })
    ->{details}, 'Unknown message type: watch', 'off');

# with members: nobody shares a chat here

my $s = ws_in($t, $two, user => 's', path => '/members');

is(join(' ', word_of(watch($s, 4, 'c', 'nobody'))), '-c -nobody',
    'a stranger is like somebody who was never there');
like($s->{last}, qr/"offline":\{"c":null,"nobody":null\}/, 'to the byte');

says($c, 'away');
settled($c);
watch($s, 5, 'c');
is(seen_until($s), '', 'and makes no news');

# more than the zone keeps the news of

my @many = map { "many$_" } 1 .. 300;
my $many = ws_in($t, $two, user => 's2', path => '/members');

is(keys %{watch($many, 6, @many)->{offline}}, 300, 'a long list');

is(watch($w, 7, 'c')->{away}[0], 'c', 'the list is as it is');


$_->drop() for $w, $b, $c, $s, $many;


# What a client is told up to an answer.

sub seen_until {
    my ($client) = @_;

    my @words;

    $client->send_json({ action => 'unsubscribe', chatId => 'x', id => 'u' });

    while (my $event = $client->next()) {
        last if ($event->{id} || '') eq 'u';
        push @words, word_of($event) if $event->{type} eq 'presence';
    }

    return join ' ', @words;
}
