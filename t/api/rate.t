#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# More messages than a client may send: what it does at once after it has come
# back is none of that, a flood is not passed on.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Conformance;
use Test::Nginx;

use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(23);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:8m',
    http => 'chatws_max_message_size 64k;'))->run();

# a client that comes back: chat by chat, and with one message

my $back = ws(user => 'back');
my $resume = '{"action":"resume","epoch":"000000000000","chats":{'
    . join(',', map { qq("chat_$_":{"seq":38}) } 1 .. 1000) . '}}';

$back->send_raw(join '', (map { subscription("chat_$_") } 1 .. 1000),
    text($resume), (map { subscription("chat_$_") } 1 .. 1000));

my @types = map { ($back->next() || {})->{type} || '' } 1 .. 2001;

is(scalar(grep { $_ eq 'subscription_confirmed' } @types), 2000,
    'a thousand chats, twice');
is(scalar(grep { $_ eq 'resumed' } @types), 1, 'and a resume');
$back->drop();

# typing, on and off

my $other = ws(user => 'other', chats => 'c');
my $typist = ws(user => 'typist', chats => 'c');
my $same = ws(user => 'typist', chats => 'c');

my $start = time();

flood($typist, 20_000, map { text("{\"type\":\"typing\",\"chatId\":\"c\","
    . "\"isTyping\":$_}") } qw/ true false /);

my @told = events_of($typist, 'subscription_confirmed');
my $seconds = time() - $start;

is(scalar(grep { $_->{error} ne 'Rate limited' } @told), 0,
    'typing, told of the rate only');
cmp_ok(scalar @told, '>=', 1, 'typing, told of it');
cmp_ok(scalar @told, '<=', 2 + $seconds * 10, 'typing, but rarely');

my $told = $told[0] || {};

is("$told->{action} $told->{chatId}", 'typing c', 'typing, what it is about');
cmp_ok($told->{retryAfter}, '>', 0, 'typing, when to try again');
cmp_ok($told->{retryAfter}, '<=', 20, 'typing, which is soon');

publish({ chatId => 'c', text => 'marker', sender => 's' });

my @seen = events_of($other, 'new_message');

cmp_ok(scalar @seen, '>=', 100, 'typing, some of it is passed on');
cmp_ok(scalar @seen, '<=', 501 + $seconds * 100, 'typing, not all of it');

# what has an id is answered each time, what gives back is done

$typist->await('new_message');
flood($typist, 20_000, text('{"type":"typing","chatId":"c",'
    . '"isTyping":true}'));
events_of($typist, 'subscription_confirmed');

flood($typist, 1000, text('{"type":"typing","chatId":"c","isTyping":true,'
    . '"id":7}'));
@told = events_of($typist, 'subscription_confirmed');

cmp_ok(scalar(grep { ($_->{id} || 0) == 7 } @told), '>=', 500,
    'each that has an id');
like(($told[0] || {})->{details} || '', qr/says more/, 'the details');

publish({ chatId => 'c', text => 'still', sender => 's' });
is($typist->await('new_message')->{message}{text}, 'still',
    'it is still there');

my $answer = $typist->unsubscribe('c');

is($answer->{type}, 'subscription_confirmed', 'unsubscribed');
is(publish({ chatId => 'c', text => 'x', sender => 's' })->{json}{recipients},
    2, 'really');

# other connections, of the same user as well, are not meant

is($same->subscribe('d')->{type}, 'subscription_confirmed',
    'another connection');

# it is a matter of time

ok(eventually(sub {
    $typist->ask({ action => 'subscribe', chatId => 'c' })->{type}
        eq 'subscription_confirmed';
}), 'subscribed again');

# what is no message at all, and what is none of the known ones

for my $bad ('no', '{"action":"dance"}', '{"action":"unsubscribe"}') {
    my $ws = ws(user => 'bad');

    $start = time();
    flood($ws, 20_000, text($bad));

    @told = events_of($ws, 'subscription_confirmed');
    $seconds = time() - $start;

    my $limited = grep { $_->{error} eq 'Rate limited' } @told;

    cmp_ok($limited, '>=', 1, "$bad, told");
    cmp_ok(@told - $limited, '<=', 5001 + $seconds * 1000, "$bad, not more");
    $ws->drop();
}

$_->drop() for $other, $typist, $same;


sub subscription {
    return text("{\"action\":\"subscribe\",\"chatId\":\"$_[0]\"}");
}


# So many of the frames in turn, and what is never limited, as a mark.

sub flood {
    my ($ws, $n, @frames) = @_;

    my $all = join('', @frames) x ($n / @frames);
    my $mark = text('{"action":"unsubscribe","chatId":"mark"}');

    for my $piece (unpack('(a65536)*', $all), $mark) {
        $ws->send_raw($piece);
        $ws->fill(0);
    }
}
