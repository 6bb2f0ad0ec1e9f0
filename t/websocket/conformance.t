#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# RFC 6455 case by case, each with its frames in one piece, frame by frame and
# byte by byte.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws;
use Test::Nginx;

my @cases = cases();

my $t = Test::Nginx->new()->has(qw/ http stub_status /)->plan(@cases + 2);

$t->write_file_expand('nginx.conf', echo_conf())->run();

for my $case (@cases) {
    my @modes = ('whole', 'frames', size_of($case) > 4096 ? () : 'bytes');

    is(join("\n", grep { $_ } map {
        run_case($case, $_, path => '/', args => '')
    } @modes), '', $case->[0]);
}

# nothing of all these is left

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
