#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Batches: an array of messages, and how many there may be.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(40);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:8m',
    publish => 'client_max_body_size 2m;'))->run();

my $ws = ws(user => 'u', chats => 'chat_1');
my $good = '{"chatId":"chat_1","text":"%s","sender":"s"}';

sub batch {
    my $answer = publish('[' . join(',', @_) . ']');

    my @results = ref $answer->{json} eq 'ARRAY' ? @{$answer->{json}} : ();

    return ($answer, map { $_->{error} || $_->{text} || 'none' } @results);
}

# each on its own, in order

my ($answer, @results) = batch(sprintf($good, 'a'), '0', '{"chatId":"c"}',
    '[]', sprintf($good, 'b'));

is($answer->{status}, 201, 'some are accepted');
is("@results", 'a Invalid JSON Invalid message Invalid JSON b', 'results');
is($ws->await('new_message')->{message}{text}, 'a', 'the first, delivered');
is($ws->await('new_message')->{message}{text}, 'b', 'the last, delivered');

($answer, @results) = batch('{}', '0');
is("$answer->{status} @results", '400 Invalid message Invalid JSON',
    'none is accepted');

# as many as there may be

($answer, @results) = batch(map { sprintf $good, "m$_" } 1 .. 1000);

is($answer->{status}, 201, '1000 members');
is(scalar @results, 1000, '1000 members, results');
is($answer->{json}[999]{text}, 'm1000', '1000 members, the last result');
is(scalar(grep { $ws->await('new_message')->{message}{text} eq "m$_" }
    1 .. 1000), 1000, '1000 members, delivered');

# one more, and many more: nothing is published

my $bytes = 1024 * 1024;

for my $case (
    [ 'one more', map { sprintf $good, 'no' } 1 .. 1001 ],
    [ 'numbers', (0) x ($bytes / 2 - 1) ],
    [ 'arrays', ('[]') x ($bytes / 3 - 1) ],
    [ 'strings', ('""') x ($bytes / 3 - 1) ],
    [ 'objects', ('{}') x ($bytes / 3 - 1) ],
    [ 'a message first', sprintf($good, 'no'), (0) x ($bytes / 4) ])
{
    my ($name, @members) = @$case;

    ($answer) = batch(@members);

    is($answer->{status}, 400, "$name, status");
    like($answer->{body}, qr/"error":"Invalid\ message",
        "details":"a\ batch\ must\ have\ at\ most\ 1000\ messages"/x,
        "$name, error");
    cmp_ok(length $answer->{body}, '<', 300, "$name, a short answer");
}

# after a hundred that are refused the rest is not looked at

($answer, @results) = batch((0) x 100, sprintf($good, 'no'), (0) x 899);

is($answer->{status}, 400, 'only errors, status');
is(scalar @results, 101, 'only errors, results');
is($results[99], 'Invalid JSON', 'only errors, the last');
is($results[100], 'Too many errors', 'only errors, the end');
cmp_ok(length $answer->{body}, '<', 20000, 'only errors, a short answer');

# those that were accepted before stay so

($answer, @results) = batch(sprintf($good, 'first'), ('{}', 0) x 49, '{}',
    sprintf($good, 'between'), 0, sprintf($good, 'no'));

is($answer->{status}, 201, 'some errors, status');
is("@results[0, 100, 101, 102]",
    'first between Invalid JSON Too many errors', 'some errors, results');
is(scalar @results, 103, 'some errors, the end');

# a hundred of them are not too many

($answer, @results) = batch((0) x 99, sprintf($good, 'last but one'), 0);
is(scalar @results, 101, 'a hundred errors, results');
is($results[100], 'Invalid JSON', 'a hundred errors, the last');

is(join('|', map { $ws->await('new_message')->{message}{text} } 1 .. 3),
    'first|between|last but one', 'what was accepted was delivered');

publish(sprintf $good, 'marker');
is($ws->await('new_message')->{message}{text}, 'marker', 'and nothing else');
is(@{$ws->{skipped}}, 0, 'no other notification');
