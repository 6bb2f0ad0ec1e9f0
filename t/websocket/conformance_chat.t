#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# RFC 6455 case by case at a chat: what is no message of a chat is answered by
# an error, one for one.  Cases with binary messages are another test's.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Conformance;
use Test::Chatws;
use Test::Nginx;

my @cases = grep { !binary_in($_) } cases();

my $t = Test::Nginx->new()->has(qw/ http stub_status /)->plan(@cases + 5);

$t->write_file_expand('nginx.conf', conf(
    endpoint => 'chatws_max_message_size 32m;',
    server => 'location = /status { stub_status; }'))->run();

my %o = (args => 'userId=u', greeting => 1, answer => 'text');

for my $case (@cases) {
    is(run_case($case, 'whole', %o) . run_case($case, 'frames', %o), '',
        $case->[0]);
}

# a binary message is told with the first byte that says so

for my $frame (binary('x'), binary('x', fin => 0),
    substr(binary('x' x 100), 0, 6))
{
    is(run_case([ 'binary', [ $frame ], [ 'close 1003' ] ], 'whole', %o), '',
        'binary');
}

ok(eventually(sub {
    request('GET', '/status')->{body} =~ /^Active connections: 1 /m;
}), 'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');


sub binary_in {
    my ($case) = @_;

    return grep { ref && grep { (ord($_) & 15) == 2 } @$_ } @$case;
}
