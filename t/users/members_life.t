#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Members through reloads and killed workers: each tab that stays gets each
# change and each message, in order; a command that met a death is said again.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Nginx;

use Test::Chatws::Members;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(16);

$t->write_file_expand('nginx.conf', conf(connections => 512,
    zone => 'zone=chat:16m', main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; keepalive_timeout 0;',
    server => 'location = /api/commands { chatws_api chat write=on; }'));

$t->run();

*members = \&Test::Chatws::Members::members;
*say_to = \&Test::Chatws::Members::say_to;
*list = \&Test::Chatws::Members::list;
*logs = \&Test::Chatws::Members::logs;
*end_of_log = \&Test::Chatws::Members::end_of_log;

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

sub tab {
    my ($user, $mode) = @_;

    return ws(user => $user, args => "userId=$user&chats=" . ($mode || 'live'));
}

# --- reloads, in the middle of changes: the clients are on their way

my @ann = map { tab('ann') } 1 .. 20;
list($_) for @ann;

my $waiting = tab('bob', 'resume');

my $want = '';

for my $round (1 .. 3) {
    members("r$round", add => [ 'ann' ]);
    say_to("r$round", "before $round");

    $t->reload();

    for my $i (1 .. 20) {
        members("r$round.$i", add => [ 'ann' ]);
        say_to("r$round.$i", "in $round.$i");
        members("r$round.$i", remove => [ 'ann' ]);
        say_to("r$round.$i", "out $round.$i");
    }

    $want .= "+r$round:0 before $round "
        . join('', map { "+r$round.$_:0 in $round.$_ -r$round.$_ " } 1 .. 20);

    ok(eventually(sub { workers_of($t) == 2 }), "reload $round");
}

end_of_log();

is(logs(@ann), $want =~ s/ $//r . ' (20)', 'all of it, in order, on each tab');

$waiting->send_json({ action => 'resume', chats => {},
    epoch => $waiting->{connected}{epoch} });
is($waiting->next()->{type}, 'resumed', 'who waits to resume waits on');
is($waiting->next()->{type}, 'end', 'for what came meanwhile');
is($waiting->next()->{type}, 'chats', 'and for the list');

# --- an unsubscribed chat stays so over a reload

$ann[0]->unsubscribe('r1');
ok(replaced($t, 2), 'another reload');
say_to('r1', 'later');
say_to('r2', 'later');
end_of_log();
is(logs($ann[0]), 'later (1)', 'a chat that the client has left');
is(logs(@ann[1 .. 19]), 'later later (19)', 'the others');

# --- a worker dies: those who stay miss nothing

my ($victim) = owners_of($t, $ann[0]);

slay($victim);

# a request may be one of the worker that dies, and is repeated

ok(eventually(sub {
    (members('k', add => [ 'ann' ]) || {})->{status} || 0 == 200
}), 'a command after a death');

ok(eventually(sub { (say_to('k', 'alive') || {})->{status} || 0 == 201 }),
    'a message after it');

eventually(sub { end_of_log()->{status} });

my $wrong = 0;
my $left = 0;

for my $client (@ann) {
    my $got = logs($client);

    next if $client->{eof};
    $left++;
    $wrong++ if $got !~ /^\+k:\d+ alive\b/;
}

cmp_ok($left, '<', 20, 'some had that worker');
is($wrong, 0, 'the others got it');

is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->todo_alerts();
