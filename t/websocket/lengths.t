#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Messages of every length around the borders of frame lengths.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(10);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:8m',
    endpoint => 'chatws_max_message_size 80k; chatws_send_buffer 1m;',
    publish => 'client_max_body_size 100k;'))->run();

my $ws = ws(user => 'u', chats => 'chat_1');

# out: the length of a frame is known once one is seen

publish({ type => 'e', chatId => 'chat_1', x => '' });

my $frame = $ws->read_frame();
my $base = length($frame->{payload});

for my $border (126, 65536) {
    my ($wrong, $heads) = (0, '');

    for my $want ($border - 12 .. $border + 12) {
        my $size = $want - $base;

        next if $size < 0;

        publish({ type => 'e', chatId => 'chat_1', x => 'x' x $size });
        $frame = $ws->read_frame();

        # digits of seq may have made it longer
        my $length = length $frame->{payload};
        my $head = $length < 126 ? 2 : $length < 65536 ? 4 : 10;

        my $event = json_of($frame->{payload});

        $wrong++ if $frame->{head} != $head || !$event
            || $event->{x} ne 'x' x $size || !$frame->{fin}
            || $frame->{opcode} != 1 || $frame->{masked};
        $heads .= "$frame->{head} " if $heads !~ /\b$frame->{head} $/;
    }

    is($wrong, 0, "out, around $border");
    like($heads, $border == 126 ? qr/4 / : qr/4 10 /,
        "out, around $border, both forms");
}

# the shortest that can be made: a close to 125 bytes

my @short = map { publish({ type => 'e', chatId => 'chat_1', x => 'x' x $_ });
    $ws->read_frame() } 0 .. 60;
is(scalar(grep { !json_of($_->{payload}) } @short), 0, 'out, short ones');

# in: the frame's length by padding with blanks, cut at any place

for my $border (126, 65536) {
    my $wrong = 0;

    for my $length ($border - 8 .. $border + 8) {
        my $text = "{\"action\":\"subscribe\",\"chatId\":\"c$length\"}";
        $text .= ' ' x ($length - length $text);

        $ws->send_text($text);
        my $event = $ws->next();
        $wrong++ unless $event && ($event->{chatId} || '') eq "c$length";
        $ws->unsubscribe("c$length");
    }

    is($wrong, 0, "in, around $border");
}

# in, a byte at a time

my $bytes = Test::Chatws::Client::frame(1,
    '{"action":"subscribe","chatId":"' . 'b' x 128 . '"}');

$ws->send_raw($_) for split //, $bytes;
is($ws->next()->{chatId}, 'b' x 128, 'in, a byte at a time');

# in, many messages in one piece

$ws->send_raw(join '', map { Test::Chatws::Client::frame(1,
    "{\"action\":\"subscribe\",\"chatId\":\"b\",\"id\":$_}") } 1 .. 200);
is(scalar(grep { ($ws->next() || { id => 0 })->{id} == $_ } 1 .. 200), 200,
    'in, many in one piece');

# in, lengths in longer forms than needed are no violation of ours to keep

my $long = ws(user => 'u');
$long->send_text('{"action":"subscribe","chatId":"l"}', long => 8);
my $event = $long->next();
ok($event || $long->{closed}{code} == 1002,
    'in, a length that is longer than needed');
