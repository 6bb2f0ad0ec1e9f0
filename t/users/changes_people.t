#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What the app server takes of people who come and go: nothing is missed when
# workers are killed between an answer and its ack, and nothing is told twice
# that was acked.

use warnings;
use strict;

use JSON::PP;
use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(24);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_users zone=chat;
        chatws_presence zone=chat grace=1s;',
    server => <<'EOC'))->run();

        location = /commands {
            chatws_api chat write=on;
        }

        location = /status {
            chatws_status chat;
        }
EOC

# who comes

my $ann = ws(user => 'ann');
my $answer = take(undef, 60);
my $ack = $answer->{ack};

is_deeply($answer->{changes},
    [ { userId => 'ann', online => JSON::PP::true, lastSeen => undef } ],
    'a user has come');
ok(!$answer->{more}, 'there is no more');

# the same batch, whatever is asked

is_deeply(take(undef, 60), $answer, 'without an ack: the same');
is_deeply(take("$ack-1", 60), $answer, 'with another ack: the same');
is_deeply(take('x', 0), $answer, 'with no ack at all: the same');

# a second connection is no news

my $tab = ws(user => 'ann');

is_deeply(take($ack, 0)->{changes}, [], 'acked, a second tab is no news');
is_deeply(take($ack, 0)->{changes}, [], 'acked twice');

$tab->drop();
undef $tab;

# all workers are killed between an answer and its ack

my @users = map { ws(user => "u$_") } 1 .. 20;

ok(eventually(sub { hub_status()->{online} == 21 }), 'many have come');

my $before = take($ack, 60);

ok(scalar @{$before->{changes}}, 'a batch');

ok(killed($t), 'all workers are killed');
is_deeply(ids(take(undef, 60)), ids($before), 'the batch is the same');
is(take(undef, 60)->{ack}, $before->{ack}, 'and its ack');

# everything comes to what is so: nobody is connected

my %online = map { $_->{userId} => $_->{online} } @{$before->{changes}};
my %seen;

$ack = $before->{ack};

ok(eventually(sub {
    my $answer = take($ack, 1);

    $ack = $answer->{ack} if @{$answer->{changes}};

    for my $change (@{$answer->{changes}}) {
        $online{$change->{userId}} = $change->{online};
        $seen{$change->{userId}} = $change->{lastSeen};
    }

    return keys %online == 21 && !grep { $_ } values %online;
}), 'all are offline at last');

like($seen{u7}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'last seen');
is(hub_status()->{online}, 0, 'nobody is online, by the status');
is(take($ack, 0)->{more}, JSON::PP::false, 'there is no more');
ok(eventually(sub { hub_status()->{changes} == 0 }), 'all was taken');

# what changes while a batch is told is told again

my $bob = ws(user => 'bob');

$answer = take($ack, 60);
is($answer->{changes}[0]{online}, JSON::PP::true, 'a user has come');

$bob->send_json({ action => 'presence', state => 'invisible' });
ok(eventually(sub {
    return grep { $_->{invisible} } @{take('x', 0)->{changes}};
}), 'the batch has present values');

$answer = take($answer->{ack}, 60);
is_deeply($answer->{changes}, [ { userId => 'bob', online => JSON::PP::true,
    lastSeen => undef, invisible => JSON::PP::true } ],
    'and the next one has the change');

isnt($answer->{ack}, $ack, 'each batch has its own ack');
is(take($answer->{ack}, 0)->{changes}[0], undef, 'all is taken');

# a request that waits is answered when somebody comes, in whatever worker

my $body = encode_json({ command => 'changes', ack => $answer->{ack},
    wait => 60 });
my $poll = Test::Chatws::Client->dial();

$poll->send_raw(join("\r\n", 'POST /commands HTTP/1.1', 'Host: localhost',
    'Content-Type: application/json', 'Connection: close',
    'Content-Length: ' . length $body, '', $body));

my $zoe = ws(user => 'zoe');

is($poll->read_answer()->{json}{changes}[0]{userId}, 'zoe', 'a wait is over');

is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->todo_alerts();


sub take {
    my ($ack, $wait) = @_;

    my $answer = publish({ command => 'changes', wait => $wait,
        defined $ack ? (ack => $ack) : () }, uri => '/commands');

    return $answer->{json} || {};
}


sub ids {
    my ($answer) = @_;

    return [ map { $_->{userId} } @{$answer->{changes}} ];
}


# Kills all workers, and waits until others serve.

sub killed {
    my ($t) = @_;

    my @pids = workers_of($t);

    slay($_) for @pids;

    return eventually(sub {
        my %now = map { $_ => 1 } workers_of($t);
        return keys %now >= 2 && !grep { $now{$_} } @pids;
    }) && eventually(sub { (hub_status()->{workers} || 0) == 2 });
}
