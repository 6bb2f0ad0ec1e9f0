#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# An inbox goes with its connections: over a reload nothing is lost or comes
# twice, and what a killed worker had is counted no more.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(36);

my ($n, %at);

for my $workers (1, 2, 4) {
    $t->write_file_expand('nginx.conf', configuration($workers));

    if (%at) {
        ok(replaced($t, $workers), "$workers workers");
    } else {
        $t->run();
        ok(eventually(sub { workers_of($t) == $workers }),
            "$workers workers");
    }

    over_a_reload($t, $workers);
}

# a connection that is in no inbox yet stays so

my $late = ws(args => 'userId=kim&chats=resume');
told('kim', 1);
ok(replaced($t, 4), 'reload');
told('kim', 2);
is(publish({ toUsers => 'kim', type => 'note', n => 3 })
    ->{json}{recipients}, 0, 'not in its inbox yet');
$late->send_json({ action => 'resume', chats => {},
    epoch => $late->{connected}{epoch} });
$late->await('resumed');
is(numbers($late, 3), '1 2 3', 'its position has gone with it');

# a worker is killed

my @tabs = map { ws(user => 'eve') } 1 .. 12;
my @owners = owners_of($t, @tabs);
my $victim = $owners[0];
my @left = grep { $owners[$_] != $victim } 0 .. $#tabs;

is(publish({ toUsers => 'eve', type => 'note', n => 1 })
    ->{json}{recipients}, 12, 'all tabs');

slay($victim);

ok(eventually(sub {
    publish({ toUsers => 'eve', type => 'marker' })
        ->{json}{recipients} == @left;
}), 'those of a killed worker do not count');

my $told = publish({ toUsers => 'eve', type => 'note', n => 2 })->{json};

for my $tab (@tabs[@left]) {
    $tab->await('note');
    my $event = $tab->await('note');
    $at{left}++ if $event->{userSeq} == $told->{users}{eve}{userSeq};
}

is($at{left} || 0, scalar @left, 'the others go on');

my $back = ws(user => 'eve');
$back->send_json({ action => 'resume', chats => {}, user => { seq => 1 },
    epoch => $tabs[0]{connected}{epoch} });
is($back->await('resumed')->{user}{recovered}, JSON::PP::true(),
    'who comes back');
is($back->await('note')->{n}, 2, 'gets what was missed');

$_->drop() for @tabs;

is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->todo_alerts();


# Publishes before, while and after the workers are replaced.

sub over_a_reload {
    my ($t, $workers) = @_;

    my @tabs = map { ws(user => 'joe') } 1 .. 5;
    my $long = ws(args => 'userId=' . 'x' x 128, chats => 'c');

    $n = $tabs[0]{connected}{userSeq};
    my $first = $n + 1;

    told('joe', ++$n) for 1 .. 5;

    my $pid = fork();
    die "cannot fork: $!\n" unless defined $pid;

    # the publisher is a process of its own, so that the reload meets it

    if ($pid == 0) {
        told('joe', $n + $_) for 1 .. 200;
        $t->{_started} = 0;
        POSIX::_exit(0);
    }

    ok(replaced($t, $workers), "$workers workers, replaced");
    waitpid $pid, 0;
    $n += 200;

    is(told('joe', ++$n)->{users}{joe}{userSeq}, $n,
        "$workers workers, numbers go on");

    for my $tab (@tabs) {
        is(numbers($tab, 206), join(' ', $first .. $n),
            "$workers workers, each of them once");
    }

    publish({ toUsers => 'x' x 128, type => 'note', n => 1 });
    is($long->await('note')->{n}, 1, "$workers workers, a long id");

    $at{$workers} = 1;
    $_->drop() for @tabs, $long;
    eventually(sub { hub_status()->{connections} == 0 });
}


sub told {
    my ($user, $n) = @_;

    my $answer;

    # a zone that is busy may refuse; then nothing was published

    eventually(sub {
        $answer = publish({ toUsers => $user, type => 'note', n => $n });
        $answer && $answer->{status} == 201;
    });

    return $answer->{json};
}


sub numbers {
    my ($client, $n) = @_;

    return join ' ', map {
        my $event = $client->await('note') || {};
        ($event->{userSeq} || 0) == ($event->{n} || -1) ? $event->{n}
                                                         : 'wrong'
    } 1 .. $n;
}


sub configuration {
    my ($workers) = @_;

    return conf(main => "worker_processes $workers;", zone => 'zone=chat:4m',
        http => 'chatws_users zone=chat; chatws_drain 0;',
        server => 'location = /status { chatws_status chat; }');
}
