#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A chat with more people than are named is told their numbers, and all names
# when it falls back.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Nginx;

use constant CROWD => 200;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(13);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    zone => 'zone=chat:2m', connections => 1024,
    http => people_conf('grace=1s interval=100ms names=5')));

$t->run();

publish({ chatId => 'c', text => 'x', sender => 'nobody' });

my $reader = ws(user => 'reader');
follow($reader, 'c');

my @few = map {
    my $client = ws(user => "few$_", chats => 'c');
    is(seen($reader, "+few$_"), "+few$_", "number $_ is named");
    $client;
} 1 .. 4;

# one too many

my $sixth = ws(user => 'sixth', chats => 'c');
my $frame = numbers($reader, 6);

is(join(' ', sort keys %$frame), 'chatId count people timestamp type warming',
    'no lists');

# who is asked for is named all the same

$reader->send_json({ action => 'presence', chatId => 'c', id => 1,
    users => [ qw/ few1 sixth stranger / ] });
is(join(' ', word_of($reader->await('presence'))), '+few1 +sixth',
    'a question');

# back to as many as are named: all of them are

says($few[0], 'away');
left($sixth);

my @words = grep { !/[<-]/ } split / /, seen($reader, '!');

is("@words", '! +few2 +few3 +few4 ~few1', 'all names');
is("@{$reader->{frame}}{qw/ count people reset /}", '5 5 1', 'anew');

says($few[0], 'online');
is(seen($reader, '+few1'), '+few1', 'and then changes');

# a crowd comes and goes; each is told to all at once, as numbers

my @crowd = map { ws(user => "u$_", chats => 'c') } 1 .. CROWD;

$frame = numbers($reader, CROWD + 5);
is($frame->{count}, CROWD + 5, 'all are online');
ok(!$reader->{named}, 'nobody was named on the way');

left(@crowd);

is(join(' ', grep { /!/ } split / /, seen($reader, '!')), '!',
    'few are left');
is("@{$reader->{frame}}{qw/ count people /}", '5 5', 'the first ones');


$_->drop() for $reader, @few;


# Reads up to a frame with so many people, and returns it.

sub numbers {
    my ($client, $people) = @_;

    $client->{named} = 0;

    while (my $event = $client->next()) {
        next unless $event->{type} eq 'presence';

        return $event if $event->{people} == $people && !$event->{online};
        $client->{named}++ if $event->{online} && $event->{people} > 5;
    }
}
