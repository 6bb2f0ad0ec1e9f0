#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Too few worker_connections for the zones: the log says so, and says nothing of
# memory.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(16);

my $read = 0;

# one for the socket that listens, one for the master's channel, one for a
# request; one for all zones, one for each

for my $case (
    [ 3, 'this worker waits for one', 2, 'takes no clients over', 2 ],
    [ 4, 'this worker waits for one', 0, 'takes no clients over', 2 ],
    [ 5, 'this worker waits for one', 0, 'takes no clients over', 1 ],
    [ 6, 'this worker waits for one', 0, 'takes no clients over', 0 ],
)
{
    my ($connections, @want) = @$case;

    $t->write_file_expand('nginx.conf', conf(connections => $connections,
        http => 'chatws_zone zone=other:1m;',
        server => 'location = /other { chatws other; }'));

    $t->run();
    is((request('GET', '/none') || {})->{status}, 404,
        "$connections connections, a request");
    $t->stop();

    my $all = $t->read_file('error.log');
    my $log = substr $all, $read;

    $read = length $all;

    while (my ($text, $n) = splice @want, 0, 2) {
        is(scalar(() = $log =~ /"worker_connections" are too few.*$text/g),
            $n, "$connections connections, $text");
    }

    unlike($log, qr/no memory/, "$connections connections");
}

$t->todo_alerts();
