#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_typing with merge: more typists than that are told as a list, which
# takes the place of those told one by one, and gives it back.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(15);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'add_header X-Pid $pid always;',
    endpoint => 'chatws_typing interval=30m timeout=1h merge=2;',
    server => 'location = /often {
                   chatws chat;
                   chatws_typing interval=0 timeout=1h merge=2;
               }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

my $reader = ws_in($t, $two, user => 'reader', chats => [ 'c', 'd' ]);
my %u;

for my $user (qw/ a b d e /) {
    $u{$user} = ws_in($t, $user eq 'b' ? $two : $one, user => $user,
        username => "Name $user", chats => 'c');
}

# the first list takes the place of those who were told one by one

for my $user (qw/ a b /) {
    types($u{$user}, 'c', 1);
    settled($u{$user});
}

types($u{d}, 'c', 1);

is(words($reader, '-b'), '+a +b list=a,b/3 -a -b', 'up');
is(words($u{d}, '-b'), '+a +b list=a,b/3 -a -b', 'a typist is told as well');
is(words($u{a}, '-b'), '+b list=a,b/3 -b', 'but nothing of itself alone');

# to the byte; it is repeated, which is the only one within the interval

types($u{e}, 'c', 1);

is(words($reader, 'list=a,b/4'), 'list=a,b/4', 'one more');
like($reader->{last}, qr/^\{"type":"typing_users","chatId":"c",
    "users":\[\{"userId":"a","username":"Name[ ]a"\},
    \{"userId":"b","username":"Name[ ]b"\}\],"count":4,
    "timestamp":"[-\d]+T[:.\d]+Z"\}$/x, 'byte for byte');
like(words($reader, 'list=a,b/4'), qr/list/, 'repeated');

# who is shown depends on who began, not on who repeats; falling back, the last
# list comes at once, and single ones go on from it

for my $user (qw/ e d b a /) {
    types($u{$user}, 'c', 1);
    settled($u{$user});
}

types($u{a}, 'c', 0);
settled($u{a});
types($u{b}, 'c', 0);

like(words($reader, 'list=d,e/2'),
    qr{^(?:list=a,b/4 )?(?:list=b,d/3 )?list=d,e/2$}, 'down');

types($u{d}, 'c', 1);
types($u{d}, 'c', 0);
settled($u{d});
types($u{e}, 'c', 0);

is(words($reader, '-e'), '-d -e', 'one by one');

# without an interval each change is told

for my $user (qw/ a b d e /) {
    $u{$user} = ws_in($t, $user eq 'b' ? $two : $one, user => $user,
        path => '/often', chats => 'd');
}

for my $user (qw/ a b d e /) {
    types($u{$user}, 'd', 1);
    settled($u{$user});
}

is(words($reader, 'list=a,b/4'), '+a +b list=a,b/3 -a -b list=a,b/4',
    'each change, up');

publish({ chatId => 'd', text => 'x', sender => 'a' });
is(words($reader, 'list=b,d/3'), 'new_message list=b,d/3',
    'down, by a message');

$u{b}->drop();
is(words($reader, 'list=d,e/2'), 'list=d,e/2', 'and by an end');

types($u{a}, 'd', 1);
is(words($reader, '-e'), 'list=d,e/3 -d -e', 'up again');

# the name is the server's own

is(publish({ type => 'typing_users', chatId => 'd' })->{status}, 400,
    'no application event has this name');

# from many to none

$_->drop() for @u{qw/ d e a /};
like(words($reader, qr/^-/, qr/^-/), qr{^list=\w,\w/2 -\w -\w$}, 'all end');

$reader->drop();


# What a client is told up to words that match these, one after the other; a
# list that is repeated is left out.

sub words {
    my ($client, @last) = @_;

    my @words;

    while (my $event = $client->next()) {
        my $word = Test::Chatws::Typing::word($event);

        shift @last if ref $last[0] ? $word =~ $last[0] : $word eq $last[0];
        push @words, $word unless @words && $words[-1] eq $word;

        last unless @last;
    }

    return join ' ', @words;
}
