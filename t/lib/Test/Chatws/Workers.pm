package Test::Chatws::Workers;

# Copyright (C) chatws contributors
#
# One test for any number of workers: a message that is published in any of them
# reaches the connections of all.

use warnings;
use strict;

use Test::More;

use Test::Chatws;
use Test::Nginx;


sub check {
    my ($n) = @_;

    plan(skip_all => 'too few files may be open') unless many_files($n * $n);

    my $t = Test::Nginx->new()->has(qw/ http /)->plan(7);

    $t->write_file_expand('nginx.conf', conf(connections => 64,
        zone => $n > 4 ? 'zone=chat:4m' : 'zone=chat:1m',
        main => "worker_processes $n;", http => 'keepalive_timeout 0;'));

    $t->run();

    ok(eventually(sub { workers_of($t) == $n }), "$n workers");

    # there are enough connections for several workers to have some

    my @all = map { ws(user => "u$_", chats => [ 'all', 'c' . $_ % 3 ]) }
        1 .. 24;

    my $recipients = 0;
    my @ids;

    for my $m (1 .. 20) {
        my $answer = publish({ chatId => 'all', text => "$m", sender => 'x' });

        $recipients += $answer->{json}{recipients};
        push @ids, $answer->{json}{id};
    }

    is($recipients, 20 * 24, 'recipients');
    is("@ids", "@{[sort @ids]}", 'ids sort by time, whoever made them');
    is(in_order(gather(\@all, 20)), 24, 'each got all, in order');

    # some of the clients subscribe to this chat

    is(publish({ chatId => 'c1', text => 'some', sender => 'u1' })
        ->{json}{recipients}, 7, 'a chat of some, without the sender');

    # typing reaches other workers, too

    $all[0]->send_json({ type => 'typing', chatId => 'all',
        isTyping => JSON::PP::true() });

    is(scalar(grep { $_->await('user_typing') } @all[1 .. 23]), 23,
        'typing');

    # a closed connection is counted in no worker any more

    $_->drop() for @all[12 .. 23];

    ok(eventually(sub {
        publish({ chatId => 'all', text => 'x', sender => 'x' })
            ->{json}{recipients} == 12;
    }), 'half of them gone');
}


# Returns how many of the lists hold the texts 1, 2, ...  without a gap.

sub in_order {
    my (@lists) = @_;

    return scalar grep {
        my $n = 0;
        @$_ && !grep { json_of($_)->{message}{text} ne ++$n } @$_;
    } @lists;
}


1;
