#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# resume: a name that is repeated is answered once, and what one message has
# the server look at is bounded.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(14);

$t->write_file_expand('nginx.conf', conf(server => <<'EOC'));
        location = /small {
            chatws chat;
            chatws_send_buffer 4k;
        }

        location = /large {
            chatws chat;
            chatws_max_message_size 128k;
        }

        location = /status {
            chatws_status chat;
        }
EOC

$t->run();

publish({ chatId => 'abc', text => "$_", sender => 'x' }) for 1 .. 3;
publish({ chatId => 'd', text => "$_", sender => 'x' }) for 1 .. 2;

my $epoch = hub_status()->{epoch};

# repeated as it is, in other writing, beside others, invalid ones

my $ws = ws(user => 'u');

resume($ws, '"abc":{"seq":1},"d":{"seq":1},"abc":{"seq":0},"\u0061bc":'
    . '{"seq":2},"d":{"seq":2},"a\u0062c":{},"":{"seq":1},"\n":{"seq":1},'
    . '"":{"seq":2}');

is(names($ws), 'abc d  \n', 'repeated, answered once');
is(join(' ', map { $ws->next()->{seq} } 1 .. 3), '2 3 2',
    'repeated, replayed once');

$ws->ping('end');
$ws->await_pong();
is(scalar @{$ws->{gathered}}, 0, 'repeated, and not again');
is(hub_status()->{recovered}, 2, 'repeated, counted once');
is(hub_status()->{subscriptions}, 2, 'repeated, subscribed once');

# the first one counts, also if it is wrong

$ws = ws(user => 'u');
resume($ws, '"abc":{"seq":"1"},"abc":{"seq":1},"d":7,"d":{"seq":0}');
is(join(' ', map { $_->{error} } @{json_of($ws->{last})->{chats}}{qw/ abc d /}),
    'Invalid message Invalid message', 'repeated, the first one counts');

# the next message may have them again

resume($ws, '"abc":{"seq":3},"d":{"seq":1}');
is(names($ws), 'abc d', 'another message');
is($ws->next()->{seq}, 2, 'another message, replayed');

# as many as a message has room for

$ws = ws(user => 'u', path => '/large');
resume($ws, join ',', ('"abc":{"seq":0}') x 5000);
is(names($ws), 'abc', 'many of the same');

$ws = ws(user => 'u', path => '/large');
resume($ws, join ',', map { qq("$_":{"seq":0}) } (1 .. 900) x 2);
is(names($ws), join(' ', 1 .. 900), 'many, each twice');

# repeated ones that are not strings of JSON

$ws = ws(user => 'u', path => '/large');
resume($ws, join ',', map { qq("":0) } 1 .. 5000);
is(names($ws), '', 'the shortest');

# notifications that are not sent, because they are one's own, count as well

publish({ chatId => $_, text => 'x', sender => 'u' })
    for ('e') x 40, ('f') x 40;

$ws = ws(user => 'u', path => '/small');
resume($ws, '"e":{"seq":0},"f":{"seq":0},"g":{"seq":0}');
is(recovered($ws), 'e:1 f:0 g:1', 'bounded by the buffer');

resume($ws, '"f":{"seq":0}');
is(recovered($ws), 'f:1', 'but not by the message before');

$ws = ws(user => 'u');
resume($ws, '"e":{"seq":0},"f":{"seq":0},"g":{"seq":0}');
is(recovered($ws), 'e:1 f:1 g:1', 'a larger buffer');


sub resume {
    my ($ws, $chats) = @_;

    $ws->ask(qq({"action":"resume","epoch":"$epoch","chats":{$chats}}));
}


# The names in the answer, in order, as they are written.

sub names {
    my ($ws) = @_;

    return join ' ', $ws->{last} =~ /"((?:[^"\\]|\\.)*)":\{"(?:rec|err)/g;
}


sub recovered {
    my ($ws) = @_;

    my $chats = json_of($ws->{last})->{chats};

    return join ' ', map { "$_:" . ($chats->{$_}{recovered} ? 1 : 0) }
        sort keys %$chats;
}
