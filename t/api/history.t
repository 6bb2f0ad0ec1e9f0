#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_history: how many notifications, and how old ones, are sent again;
# what the zone holds, and what fits into chatws_send_buffer.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(22);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    zone => 'zone=chat:256k',
    http => 'chatws_history 5 1h;',
    server => <<'EOC'));
        location = /three {
            chatws chat;
            chatws_history 3;
        }

        location = /none {
            chatws chat;
            chatws_history 0;
        }

        location = /short {
            chatws chat;
            chatws_history 100 1s;
        }

        location = /small {
            chatws chat;
            chatws_history 100;
            chatws_send_buffer 4k;
        }

        location = /large {
            chatws chat;
            chatws_history 10000;
            chatws_send_buffer 1m;
        }
EOC

$t->run();

my $epoch = ws(user => 'u')->subscribe('c')->{epoch};

publish({ chatId => 'c', text => "$_", sender => 'x' }) for 1 .. 10;

# by number

for my $case (
    [ '/api/ws', 5, '6 7 8 9 10' ],
    [ '/api/ws', 4, 'no' ],
    [ '/api/ws', 0, 'no' ],
    [ '/three', 7, '8 9 10' ],
    [ '/three', 6, 'no' ],
    [ '/none', 10, '' ],
    [ '/none', 9, 'no' ],
    [ '/large', 0, '1 2 3 4 5 6 7 8 9 10' ],
)
{
    my ($path, $since, $want) = @$case;

    is(since($path, 'c', $since), $want, "$path, since $since");
}

# resume keeps to the same

my $ws = ws(user => 'v', path => '/three');
my $chats = $ws->ask({ action => 'resume', epoch => $epoch,
    chats => { c => { seq => 6 } } })->{chats};

is($chats->{c}{recovered}, JSON::PP::false(), 'resume, too many');

$chats = $ws->ask({ action => 'resume', epoch => $epoch,
    chats => { c => { seq => 7 } } })->{chats};

is($chats->{c}{recovered}, JSON::PP::true(), 'resume, not too many');

# by age

my $young = young('age');

ok(defined $young, 'young enough');
ok(eventually(sub { since('/short', 'age', $young - 1) eq 'no' }),
    'too old after a while');

my $younger = young('age');

ok(defined $younger, 'the next one is not');
is(since('/short', 'age', $young - 1), 'no', 'one of them too old');
is(since('/large', 'age', $young - 1), join(' ', $young .. $younger),
    'not so elsewhere');

# more than fits into the send buffer

publish({ chatId => 'fit', text => 'x' x 1000, sender => 'x' }) for 1 .. 6;

is(since('/small', 'fit', 4), '5 6', 'fits');
is(since('/small', 'fit', 0), 'no', 'does not fit');
is(since('/large', 'fit', 0), '1 2 3 4 5 6', 'fits elsewhere');

# what was overwritten is not held, and never a part of it sent

publish({ chatId => 'old', text => "$_", sender => 'x' }) for 1 .. 3;

my $n = 0;

while (since('/large', 'old', 1) ne 'no' && $n < 500) {
    publish({ chatId => 'much', text => 'y' x 4000, sender => 'x' });
    $n++;
}

cmp_ok($n, '>', 16, 'held for as long as there is room');
cmp_ok($n, '<', 500, 'and then not any more');
is(since('/large', 'old', 3), '', 'but the number is known');

# the numbers go on

is(publish({ chatId => 'old', text => '4', sender => 'x' })->{json}{seq}, 4,
    'the next number');


# The number of a message that was replayed; it must be when all that took less
# than a second.

sub young {
    my ($chat) = @_;

    my ($seq, $replayed);

    eventually(sub {
        my $begin = time();

        $seq = publish({ chatId => $chat, text => 'x', sender => 'x' })
            ->{json}{seq};
        $replayed = since('/short', $chat, $seq - 1);

        return $replayed eq $seq || time() - $begin < 1;
    });

    return $replayed eq $seq ? $seq : undef;
}


# The numbers that are replayed, or "no".

sub since {
    my ($path, $chat, $seq) = @_;

    my $ws = ws(user => 'v', path => $path);

    $ws->send_json({ action => 'subscribe', chatId => $chat,
        since => { seq => $seq, epoch => $epoch } });

    my $answer = $ws->next() || {};

    $ws->ping('end');
    $ws->await_pong();

    my @numbers = map { json_of($_)->{seq} } @{$ws->{gathered}};

    $ws->drop();

    return $answer->{recovered} ? "@numbers" : @numbers ? 'part' : 'no';
}
