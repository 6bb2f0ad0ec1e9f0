#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The checks of t/check fail where they find nothing to check: one whose
# patterns no longer match any file would say that all is well.

use warnings;
use strict;

use Test::More;

use File::Copy qw/ copy /;
use File::Path qw/ make_path /;
use File::Temp qw/ tempdir /;
use FindBin;

my $top = "$FindBin::Bin/../..";
my $bare = tempdir(CLEANUP => 1);
my @checks = map { m{([^/]+)$} } glob "$top/t/check/*.pl";

# a tree with the checks and what they are made of, and no more

for my $from (glob "$top/t/check/*.pl $top/t/lib/Test/*/*.pm") {
    my $to = $bare . substr $from, length $top;

    make_path($to =~ s{/[^/]*$}{}r);
    copy($from, $to) or die "cannot copy $from: $!\n";
}

# with a front door, where the rest of the house has moved

make_path("$bare/docs");

for my $path (qw{ config Makefile ngx_http_chatws_module.c },
    map { substr $_, length "$top/" } glob "$top/*.md $top/docs/*.md")
{
    copy("$top/$path", "$bare/$path") or die "cannot copy $path: $!\n";
}

plan(tests => @checks + 1);

cmp_ok(scalar @checks, '>', 5, 'checks');

for my $check (@checks) {
    my $said = `$^X $bare/t/check/$check 2>&1`;

    isnt($?, 0, "$check: " . ($said =~ /^(.*)$/m ? $1 : 'nothing'));
}
