#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Users as targets with Python's urllib and websockets: see python.py.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $python = '/usr/bin/python3';

plan(skip_all => 'no python3-websockets')
    if system("$python -c 'import websockets' > /dev/null 2>&1") != 0;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(6);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_users zone=chat;'));
$t->run();

my @lines = `$python $FindBin::Bin/python.py @{[port(8080)]} 2>&1`;

for my $line (@lines) {
    ok(!$1, $2) if $line =~ /^(not )?ok \d+ - (.*)/;
    diag($line) if $line !~ /^(?:not )?ok|^1\.\./;
}

is((grep { /^1\.\.5$/ } @lines) + 0, 1, 'to its end');
