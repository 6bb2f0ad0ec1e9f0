#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The chats of a user: the list that a client gets, what it is subscribed to,
# and that nothing live comes before what was missed.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Test::Chatws::Members;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(39);

$t->write_file_expand('nginx.conf', conf(connections => 256,
    zone => 'zone=chat:8m', main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; keepalive_timeout 0;',
    endpoint => 'chatws_max_subscriptions 1000;',
    server => <<'EOC'));

location = /api/commands { chatws_api chat write=on; }

location = /few {
    chatws                   chat;
    chatws_max_subscriptions 6;
}

location = /some {
    chatws              chat;
    chatws_chat_pattern ^[ac];
}

EOC

$t->run();

*members = \&Test::Chatws::Members::members;
*say_to = \&Test::Chatws::Members::say_to;

sub tab {
    my ($user, $mode, %o) = @_;

    return ws(%o, user => $user, args => "userId=$user&chats=$mode");
}

# the pages of a list, and what they say

sub pages {
    my ($client) = @_;

    my @pages;

    for ( ;; ) {
        my $page = $client->next() or return @pages;

        push @pages, { %$page, size => length $client->{last} };
        return @pages if ($page->{more} || '') ne '1';
    }
}

sub ids {
    return join ' ', map { sort keys %{$_->{chats}} } @_;
}

# --- the order

members($_, add => [ 'ann' ]) for qw/ a b c /;
say_to('b', 'first');

my $tab = tab('ann', 'live');
my ($page) = pages($tab);

is($page->{type}, 'chats', 'the list follows the greeting');
is(ids($page), 'a b c', 'the chats');
is($page->{chats}{b}{last}, 1, 'where a chat is');
is($page->{chats}{a}{last}, 0, 'an empty one');
ok($page->{first} && !$page->{more}, 'one page');
is($page->{userSeq}, $tab->{connected}{userSeq}, 'as of the greeting');
is($page->{epoch}, $tab->{connected}{epoch}, 'the epoch');

say_to('b', 'second');
is($tab->next()->{message}{text}, 'second', 'live');

# --- who has not asked for it

my $plain = ws(user => 'ann');
my $odd = tab('ann', 'all');

say_to('b', 'third');
publish({ toUsers => 'ann', type => 'end' });
is($_->next()->{type}, 'end', 'not subscribed') for $plain, $odd;
$_->drop() for $plain, $odd;

# --- a client that leaves a chat

$tab->await('end');
$tab->unsubscribe('b');
members('b', add => [ 'ann' ]);
say_to('b', 'fourth');
publish({ toUsers => 'ann', type => 'end' });
is($tab->next()->{type}, 'end', 'it does not come back by itself');
is($tab->subscribe('b')->{seq}, 4, 'but it may');
$tab->drop();

# --- the location's rules

my $some = tab('ann', 'live', path => '/some');

is(ids(pages($some)), 'a c', 'a chat that the location does not allow');
$some->drop();

# --- more chats than subscriptions

for my $i (1 .. 5) {
    members("few$i", add => [ 'bob' ]);
    say_to("few$i", 'x');
}

say_to('few2', 'y');

my $few = tab('bob', 'live', path => '/few');
my @pages = pages($few);

is(ids(@pages), 'few1 few2 few3 few4 few5', 'all are listed');
is($pages[0]{more}, 'limit', 'and it is told that there is a limit');

say_to("few$_", $_) for 1 .. 5;
publish({ toUsers => 'bob', type => 'end' });
is(join(' ', map { $_->{message}{text} } events_of($few, 'end')), '2 4 5',
    'the latest ones are subscribed');
$few->subscribe("few$_") for 1, 3;
$few->subscribe('other');
$few->send_json({ action => 'subscribe', chatId => 'more' });
is($few->next()->{error}, 'Too many subscriptions', 'the limit of all');
$few->drop();

# --- pages

members(sprintf('%s_%03d', "\x{e9}" x 40, $_), add => [ 'eve' ])
    for 1 .. 300;

my $many = tab('eve', 'live');
@pages = pages($many);

cmp_ok(scalar(@pages), '>', 1, 'several pages');
is(scalar(grep { $_->{size} > 16384 } @pages), 0, 'none is too large');
is(join(' ', map { $_->{first} ? 1 : 0 } @pages),
    join(' ', 1, (0) x $#pages), 'one of them is the first');
is(scalar(map { keys %{$_->{chats}} } @pages), 300, 'all chats');
is($pages[-1]{more}, 0, 'the last page');
$many->drop();

# --- resume: nothing before it

my $old = tab('ann', 'live');
pages($old);
$old->drop();

my $seq = $old->{connected}{userSeq};
my $epoch = $old->{connected}{epoch};

say_to('b', 'missed');

my $back = tab('ann', 'resume');

is($back->{connected}{userSeq}, $seq, 'greeted');

say_to('b', 'before');
say_to('c', 'before');
members('d', add => [ 'ann' ]);
say_to('d', 'before');
publish({ toUsers => 'ann', type => 'note', n => 1 });

$back->send_json({ action => 'resume', epoch => $epoch, id => 7,
    chats => { b => { seq => 4 }, x => { seq => 0 } },
    user => { seq => $seq } });

my $resumed = $back->next();

is($resumed->{type}, 'resumed', 'nothing comes before the answer');
is($resumed->{id}, 7, 'it is the answer');
ok($resumed->{chats}{b}{recovered}, 'the chat is recovered');

my @events = map { $back->next() } 1 .. 4;

is(join(' ', map { $_->{message} ? "$_->{chatId}:$_->{message}{text}"
    : $_->{chatId} ? "$_->{type}:$_->{chatId}" : $_->{type} }
    sort { ($a->{seq} || 0) <=> ($b->{seq} || 0)
           || ($a->{userSeq} || 0) <=> ($b->{userSeq} || 0) } @events),
    'chat_added:d note b:missed b:before', 'then all that was missed');

@pages = pages($back);

is($pages[0]{type}, 'chats', 'then the list');
is(ids(@pages), 'a b c d', 'of all chats');
is(join(' ', map { $pages[0]{chats}{$_}{last} } qw/ b c d /), '6 1 1',
    'as of now');

say_to($_, 'live') for qw/ b c d x /;
publish({ toUsers => 'ann', type => 'end' });
is(join(' ', map { $_->{chatId} } events_of($back, 'end')), 'b c d x',
    'then what is live');

# --- a second resume is one as ever

$back->send_json({ action => 'resume', epoch => $epoch,
    chats => { c => { seq => 1 } } });
is($back->next()->{type}, 'resumed', 'a second one');
is($back->next()->{message}{text}, 'live', 'its replay');
publish({ toUsers => 'ann', type => 'end' });
is($back->next()->{type}, 'end', 'and no list');
$back->drop();

# --- an empty one, and none

my $empty = tab('ann', 'resume');

$empty->send_json({ action => 'resume', epoch => $epoch, chats => {} });
is_deeply([ map { $empty->next()->{type} } 1, 2 ], [ 'resumed', 'chats' ],
    'an empty resume');

my $silent = tab('ann', 'resume');

publish({ toUsers => 'ann', type => 'note', n => 2 });
say_to('a', 'waits');
is($silent->next()->{type}, 'resumed', 'none, after ten seconds');
is(($silent->next() || {})->{type}, 'note', 'what has come since the greeting');
is(($silent->next() || {})->{type}, 'chats', 'the list');
say_to('a', 'live');
is(($silent->next() || {})->{message}{text}, 'live', 'and what is live');

$_->drop() for $empty, $silent;
