#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# An invisible user: to others it is offline, wherever they look.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Chatws::Typing;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(25);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => people_conf('grace=10m interval=100ms')
        . 'add_header X-Pid $pid always;',
    endpoint => 'chatws_watch 9; chatws_typing merge=2;',
    server => 'location = /raw { chatws chat; }
               location = /sender {
                   chatws_publish chat;
                   chatws_sender $arg_sender;
               }'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my ($one, $two) = workers_of($t);

publish({ chatId => $_, text => 'x', sender => 'nobody' }) for qw/ c d /;

my $reader = ws_in($t, $two, user => 'reader');
follow($reader, 'c');

my $m = ws_in($t, $one, user => 'm', chats => 'c');
seen($reader, '+m');

$reader->send_json({ action => 'watch', users => [ 'i', 'm' ], id => 1 });
is(join(' ', word_of($reader->await('presence'))), '+m -i', 'not there yet');

# invisible from the beginning: not seen, not counted

my $i = ws_in($t, $one, args => 'userId=i&presence=invisible',
    chats => [ 'c', 'd' ]);

is(marker('away'), '~m, ~m', 'nobody has come');
is("@{$reader->{frame}}{qw/ count people /}", '2 2', 'nor counts');
is(asked('i'), '', 'is none of the people');

# it gets what others get

publish({ chatId => 'c', text => 'hi', sender => 'm' });
ok($i->await('new_message'), 'but it gets messages');

# types, in vain

types($i, 'c', 1);
settled($i);
types($m, 'c', 1);
is($reader->await('user_typing')->{userId}, 'm', 'types unseen');

my $raw = ws_in($t, $one, user => 'i', path => '/raw', chats => 'c');

types($raw, 'c', 1);
types($raw, 'c', 0);
settled($raw);
types($m, 'c', 0);
is($reader->await('user_typing')->{userId}, 'm',
    'also where typing is passed on as it comes');

# leaves a chat and enters it

$i->unsubscribe('c');
$i->subscribe('c');
is(marker('online'), '+m, +m', 'neither goes nor comes');

# another connection does not show it, nor does what one says

says($raw, 'away');
settled($raw);
is(marker('away'), '~m, ~m', 'is not away');

left($raw);
left($i);
$i = ws_in($t, $two, user => 'i', chats => 'c');
is(marker('online'), '+m, +m', 'a new connection is no news');
is(asked('i'), '', 'it is invisible as before');

# until it says so

says($i, 'online');
is(both('+i'), '+i, +i', 'visible, to both');
is(asked('i'), '+i', 'one of the people');
is("@{$reader->{frame}}{qw/ count people /}", '3 3', 'that count');

# visible, it types, and becomes invisible

types($i, 'c', 1);
is($reader->await('user_typing')->{isTyping}, JSON::PP::true(), 'types');

my $tab = ws_in($t, $one, user => 'i', chats => 'd');

says($tab, 'invisible');

is($reader->await('user_typing')->{isTyping}, JSON::PP::false(),
    'does not type any more');

my @before = @{$reader->{skipped}};

is(both('-i', @before), '-i, -i', 'offline, and has not left');

my ($frame, $list) = @{$reader}{qw/ frame watched /};

like($frame->{offline}{i}, qr/^\d/, 'since then');
is("@{$frame}{qw/ count people /}", '2 2', 'it does not count');
is($list->{offline}{i}, $frame->{offline}{i}, 'with the same time');

# all of its ends

left($tab);
left($i);
is(marker('away'), '~m, ~m', 'its end is no news');

# recipients would tell whether it is there

my $answer = publish({ chatId => 'd', text => 'x' },
    uri => '/sender?sender=m');

is($answer->{status}, 201, 'published');
ok(!exists $answer->{json}{recipients}, 'without recipients');
ok(exists publish({ chatId => 'd', text => 'x', sender => 'm' })
    ->{json}{recipients}, 'the app server gets them');


$_->drop() for $reader, $m;


# What the reader was told of the chat, and as a watcher, up to a change of
# another user.

sub marker {
    my ($state) = @_;

    says($m, $state);

    return both(($state eq 'online' ? '+' : '~') . 'm');
}


# The same up to a word; more events may have been read already.

sub both {
    my ($last, @events) = @_;

    my (@chat, @watch);

    until ((grep { $_ eq $last } @chat) && (grep { $_ eq $last } @watch)) {
        my $event = shift @events || $reader->next() or last;

        next unless $event->{type} eq 'presence';

        $reader->{$event->{chatId} ? 'frame' : 'watched'} = $event;
        push @{$event->{chatId} ? \@chat : \@watch}, word_of($event);
    }

    return "@chat, @watch";
}


sub asked {
    my (@users) = @_;

    $m->send_json({ action => 'presence', chatId => 'c', id => 'q',
        users => \@users });

    while (my $event = $m->next()) {
        return join ' ', word_of($event) if ($event->{id} || '') eq 'q';
    }
}
