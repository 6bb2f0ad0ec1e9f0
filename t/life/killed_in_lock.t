#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A worker is killed while it holds the lock of its zone: the master opens the
# lock, and says so; the others go on.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Chatws::Lock;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(10);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    zone => 'zone=chat:1132k'));
$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'two workers');

my ($victim, $other) = workers_of($t);
my $lock = Test::Chatws::Lock->new($other, 1132 * 1024);

SKIP: {
    skip 'the memory of a worker is out of reach', 9 unless $lock;

    halt($victim);
    ok($lock->give($victim), 'nobody else has the lock');

    slay($victim);

    ok(eventually(sub {
        my @now = workers_of($t);
        @now == 2 && !grep { $_ == $victim } @now;
    }), 'another worker is started');

    my $ws = ws(user => 'u', chats => 'c');

    is(publish({ chatId => 'c', text => 'x', sender => 'x' })
        ->{json}{recipients}, 1, 'publish');
    ok($ws->await('new_message'), 'delivered');

    my $log = $t->read_file('error.log');

    is(join(' ', died_in_lock($log)), $victim, 'it died in the lock');
    is(unexplained($log), '', 'nothing else');

    # of others, or twice, it would be a fault

    isnt(unexplained($log =~ s/was locked by \K\d+$/$other/mr), '',
        'a worker that was not killed');
    isnt(unexplained($log =~ s/^(.*was locked by.*\n)/$1$1/mr), '',
        'a worker that died twice');
    isnt(unexplained($log =~ s/^.*exited on signal.*\n//mr), '',
        'a worker that did not die');
}

$t->todo_alerts();
