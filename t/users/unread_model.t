#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What is unread, compared with a model that keeps every message: three users
# with three tabs each publish, read, come back, lose their worker, and go to
# the workers of a new configuration, at random.  Whenever nothing is on its
# way, each tab has the number of the model.  See docs/unread.md.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Nginx;

my $steps = $ENV{TEST_CHATWS_STEPS} || 150;
my $seed = $ENV{TEST_CHATWS_SEED} || time();

my $t = Test::Nginx->new()->has(qw/ http /)->plan(3);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_unread zone=chat;
        chatws_history 1000 1h;'));

$t->run();

srand($seed);

my $true = JSON::PP::true();
my @users = qw/ ann bob joe /;
my @counts = (0);
my %seen = map { $_ => 0 } @users;
my %read = map { $_ => 0 } @users;
my $epoch;
my @trace;

my @tabs = map { my $user = $_; map { enter({ user => $user }) } 1 .. 3 }
    @users;

my $wrong;

for my $step (1 .. $steps) {
    my $tab = $tabs[rand @tabs];
    my $dice = rand();

    if ($dice < 0.45) {
        send_by($tab->{user});

    } elsif ($dice < 0.8) {
        read_by($tab);

    } elsif ($dice < 0.93) {
        push @trace, "back $tab->{user}";
        $tab->{ws}->drop();
        enter($tab);

    } elsif ($dice < 0.97) {
        push @trace, 'kill';

        my @workers = workers_of($t);
        my $victim = $workers[rand @workers];

        slay($victim);
        last unless eventually(sub {
            my @now = workers_of($t);
            @now == 2 && !grep { $_ == $victim } @now;
        });

    } else {
        push @trace, 'reload';
        last unless replaced($t, 2);
    }

    $wrong = compare() and last;
}

is($wrong, undef, "seed $seed: each tab has the number of the model");
diag(join "\n", @trace[-20 .. -1]) if $wrong && @trace > 20;
cmp_ok($counts[-1], '>', 5, 'there were messages');
is(unexplained($t->read_file('error.log')), '', 'nothing else in the log');

$t->todo_alerts();


# A tab comes, or comes back from the number that it has seen.

sub enter {
    my ($tab) = @_;

    for ( ;; ) {
        $tab->{ws} = ws(user => $tab->{user});

        my $ws = $tab->{ws};
        my %since = defined $tab->{seq}
            ? (since => { seq => $tab->{seq}, epoch => $epoch }) : ();

        $ws->send_json({ action => 'subscribe', chatId => 'c', %since });

        my $answer = $ws->await('subscription_confirmed') or next;

        $epoch ||= $answer->{epoch};
        @$tab{qw/ seq count seen /} = @$answer{qw/ seq count seen /};

        return $tab;
    }
}


sub send_by {
    my ($user) = @_;

    my $kind = int rand 4;
    my %more = $kind == 1 ? (silent => $true) : ();

    $user = 'bot' if $kind == 2;

    my $answer = $kind == 3
        ? publish({ chatId => 'c', type => 'edited', sender => $user })
        : publish({ chatId => 'c', text => 'x', sender => $user, %more });

    push @trace, "publish $user $kind: $answer->{json}{seq}";

    push @counts, $counts[-1] + ($kind == 0 || $kind == 2);

    if ($kind < 2) {
        $read{$user} = $#counts;
        $seen{$user} = $counts[-1];
    }
}


sub read_by {
    my ($tab) = @_;

    my $user = $tab->{user};
    my $seq = int rand($#counts + 3);

    push @trace, "read $user $seq";

    for ( ;; ) {
        $tab->{ws}->send_json({ action => 'read', chatId => 'c',
            seq => $seq, epoch => $epoch, id => 'r' });

        last if take($tab, sub { ($_[0]{id} || '') eq 'r' });
        enter($tab);
    }

    $seq = $#counts if $seq > $#counts;

    if ($seq > $read{$user}) {
        $read{$user} = $seq;
        $seen{$user} = $counts[$seq] if $counts[$seq] > $seen{$user};
    }

    $seen{$user} = $counts[-1] if $seq == $#counts;
}


# Takes what a tab gets, until the code says that it is enough.  Returns false
# if the connection has ended.

sub take {
    my ($tab, $enough) = @_;

    for ( ;; ) {
        my $event = $tab->{ws}->next() or return 0;

        # the answer to a question says what the tab has to know by itself

        if ($event->{type} eq 'unread' && ($event->{id} || '') ne 'q') {
            $tab->{seen} = $event->{seen};
            $tab->{count} = $event->{count}
                if $event->{count} > $tab->{count};

        } elsif (defined $event->{seq}) {
            return fail("a number twice: $event->{seq}")
                if $event->{seq} <= $tab->{seq} && !$tab->{again};

            @$tab{qw/ seq count /} = @$event{qw/ seq count /};
        }

        return 1 if $enough->($event);
    }
}


# Asks each tab for nothing, so that what was on its way has come before the
# answer, and compares it with the model.

sub compare {
    for my $tab (@tabs) {
        my $user = $tab->{user};
        my $want = "$counts[-1] $seen{$user}";
        my $got;

        my $same = eventually(sub {
            $tab->{ws}->send_json({ action => 'read', chatId => 'c', seq => 0,
                epoch => 'none', id => 'q' });

            take($tab, sub { ($_[0]{id} || '') eq 'q' }) or enter($tab);

            $got = "$tab->{count} $tab->{seen}";
            $got eq $want;
        });

        return "$user: has $got, should have $want" if !$same;
    }

    return undef;
}
