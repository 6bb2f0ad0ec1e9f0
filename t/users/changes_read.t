#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What the app server takes of what was read: present values, a batch that
# stays the same until it is acked, and rows that change meanwhile.

use warnings;
use strict;

use JSON::PP;
use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(9);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_users zone=chat;
        chatws_unread zone=chat;',
    server => <<'EOC'))->run();

        location = /commands {
            chatws_api chat write=on;
        }
EOC

my $bob = ws(user => 'bob', chats => 'c');
my $epoch = $bob->{connected}{epoch};

publish({ chatId => 'c', text => "m$_", sender => 'ann' }) for 1 .. 3;

my $answer = take(undef, 60);

is_deeply([ grep { $_->{userId} eq 'bob' } @{$answer->{changes}} ],
    [ { userId => 'bob', online => JSON::PP::true, lastSeen => undef } ],
    'a user has come');

# the answer to a read comes when the row has changed

reads(1);
$answer = take($answer->{ack}, 60);

is_deeply($answer->{changes}, [ place(read => 1, seen => 1, unread => 2) ],
          'a read');

# one that changes while it is in the batch: present values, the same ack

reads(2);

my $again = take('x', 0);

is_deeply($again->{changes}, [ place(read => 2, seen => 2, unread => 1) ],
          'the batch has present values');
is($again->{ack}, $answer->{ack}, 'it is the same batch');

$answer = take($again->{ack}, 60);

is_deeply($answer->{changes}, [ place(read => 2, seen => 2, unread => 1) ],
          'what has changed is told again');
isnt($answer->{ack}, $again->{ack}, 'in another batch');

# marks, and what nobody else is told

$bob->send_json({ action => 'mark', chatId => 'c', unread => JSON::PP::true });
$bob->await('unread');

$answer = take($answer->{ack}, 60);
is_deeply($answer->{changes}, [ place(read => 2, seen => 2, unread => 1,
    marked => JSON::PP::true) ], 'a mark');

reads(3, private => JSON::PP::true);

$answer = take($answer->{ack}, 60);
is_deeply($answer->{changes}, [ place(read => 3, seen => 3, unread => 0,
    private => JSON::PP::true) ], 'a private read');

is_deeply(take($answer->{ack}, 0)->{changes}, [], 'all is taken');

$bob->drop();


sub take {
    my ($ack, $wait) = @_;

    my $answer = publish({ command => 'changes', wait => $wait,
        defined $ack ? (ack => $ack) : () }, uri => '/commands');

    return $answer->{json} || {};
}


sub reads {
    my ($seq, %more) = @_;

    $bob->send_json({ action => 'read', chatId => 'c', seq => $seq,
        epoch => $epoch, %more });
    $bob->await('unread');
}


# A change of the place of the user, in which these values are other ones.

sub place {
    return { chatId => 'c', userId => 'bob', marked => JSON::PP::false,
        private => JSON::PP::false, @_ };
}
