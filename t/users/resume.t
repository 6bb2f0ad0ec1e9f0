#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What was published to a user is recovered by its numbers: "user" in a resume,
# and connections that enter the inbox with their first resume.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(37);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_zone zone=none:1m;',
    server => <<'EOC'))->run();

        location = /short {
            chatws chat;
            chatws_history 2;
        }

        location = /own {
            chatws chat;
            chatws_own_messages on;
        }

        location = /plain {
            chatws none;
        }
EOC

my $epoch;

told('zed', $_) for 1 .. 3;

# the missed ones, in order, and then live ones

my $zed = ws(user => 'zed', chats => 'c');
$epoch = $zed->{connected}{epoch};
is($zed->{connected}{userSeq}, 3, 'the position');

resume($zed, user => { seq => 1 });
my $resumed = $zed->next();
like($zed->{last}, qr/^\{"type":"resumed","chats":\{\},
    "user":\{"recovered":true,"seq":3\},"epoch":"$epoch"\}$/x, 'resumed');
is(numbers($zed, 2), '2 3', 'the missed ones');
told('zed', 4);
is(numbers($zed, 1), '4', 'and then live ones');

# the inbox first, then the chats

publish({ chatId => 'c', type => 'note', n => 'c' });
$zed->await('note');

my $back = ws(user => 'zed');
resume($back, user => { seq => 3 }, chats => { c => { seq => 0 } });
$resumed = $back->await('resumed');
is($resumed->{chats}{c}{recovered}, JSON::PP::true(), 'a chat, too');
is($back->next()->{userSeq}, 4, 'the inbox first');
is($back->next()->{n}, 'c', 'then the chats');

# nothing was missed

resume($back, user => { seq => 4 });
is_deeply($back->await('resumed')->{user}, { recovered => JSON::PP::true(),
    seq => 4 }, 'nothing was missed');

# what can't be recovered

resume($back, user => { seq => 9 });
is_deeply($back->await('resumed')->{user}, { recovered => JSON::PP::false(),
    seq => 4 }, 'a number that is to come');

resume($back, user => { seq => 4 }, epoch => 'aaaaaaaaaaaa');
is($back->await('resumed')->{user}{recovered}, JSON::PP::false(),
    'another epoch');

resume($back, user => { seq => 4, epoch => $epoch }, epoch => 'aaaaaaaaaaaa');
is($back->await('resumed')->{user}{recovered}, JSON::PP::true(),
    'an epoch of its own');

resume($back, user => { seq => 4, epoch => 'aaaaaaaaaaaa' });
is($back->await('resumed')->{user}{recovered}, JSON::PP::false(),
    'another one of its own');

my $short = ws(user => 'zed', path => '/short');
resume($short, user => { seq => 1 });
is($short->await('resumed')->{user}{recovered}, JSON::PP::false(),
    'more than chatws_history');
resume($short, user => { seq => 2 });
is($short->await('resumed')->{user}{recovered}, JSON::PP::true(),
    'as many as chatws_history');
is(numbers($short, 2), '3 4', 'as many as chatws_history, all of them');

# not asked for, and not written as it has to be

resume($back);
ok(!exists $back->await('resumed')->{user}, 'not asked for');

for my $user (7, [], {}, { seq => -1 }, { seq => '4' }) {
    resume($back, user => $user);
    is_deeply($back->await('resumed')->{user}, { error => 'Invalid message' },
        'not in form');
}

my $plain = ws(user => 'zed', path => '/plain');
resume($plain, user => 7);
$plain->await('resumed');
like($plain->{last}, qr/^\{"type":"resumed","chats":\{\},"epoch":"\w+"\}$/,
    'where it is off');

# one's own

told('zed', 5, sender => 'zed');
told('zed', 6);
is(numbers($zed, 1), '6', 'own ones are left out');

my $own = ws(user => 'zed', path => '/own');
resume($own, user => { seq => 4 });
$own->await('resumed');
is(numbers($own, 2), '5 6', 'own ones, asked for');

resume($back, user => { seq => 4 });
$back->await('resumed');
is(numbers($back, 1), '6', 'own ones are left out of what was missed');

# the inbox is entered with the first resume

my $late = ws(args => 'userId=kim&chats=resume');
is($late->{connected}{userSeq}, 0, 'before the first');

is(told('kim', 1)->{users}{kim}{recipients}, 0, 'nothing is entered');

resume($late);
$late->await('resumed');
is(scalar @{$late->{skipped}}, 0, 'nothing comes before it');
is(numbers($late, 1), '1', 'live begins behind connected');
is(told('kim', 2)->{users}{kim}{recipients}, 1, 'it is entered');
is(numbers($late, 1), '2', 'and live');

$late = ws(args => 'userId=kim&chats=resume');
is($late->{connected}{userSeq}, 2, 'again');
told('kim', 3);
resume($late, user => { seq => 1 });
is_deeply($late->await('resumed')->{user}, { recovered => JSON::PP::true(),
    seq => 3 }, 'with a position');
is(numbers($late, 2), '2 3', 'from that on');
resume($late);
ok(!exists $late->await('resumed')->{user}, 'the second says nothing of it');

my $live = ws(args => 'userId=kim&chats=live');
is(told('kim', 4)->{users}{kim}{recipients}, 2, 'live enters at once');
is(numbers($live, 1), '4', 'live');


sub told {
    my ($user, $n, %more) = @_;

    my $answer = publish({ toUsers => $user, type => 'note', n => $n, %more });

    return $answer->{json};
}


sub resume {
    my ($client, %o) = @_;

    $client->send_json({ action => 'resume', chats => {}, epoch => $epoch,
        %o });
}


# The numbers of so many notes, which are also in their text.

sub numbers {
    my ($client, $n) = @_;

    return join ' ', map {
        my $event = $client->await('note') || {};
        $event->{userSeq} == $event->{n} ? $event->{n} : 'wrong'
    } 1 .. $n;
}
