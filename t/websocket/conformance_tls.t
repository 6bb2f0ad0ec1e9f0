#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# RFC 6455 case by case over TLS, each frame in a record of its own.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws;
use Test::Nginx;

my @cases = cases();

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl stub_status /)
    ->has_daemon('openssl')->plan(@cases + 2);

$t->write_file_expand('nginx.conf', echo_conf(http => echo_servers()));

certificate($t);

$t->run();

for my $case (@cases) {
    is(run_case($case, 'frames', path => '/', args => '', ssl => tls()), '',
        $case->[0]);
}

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
