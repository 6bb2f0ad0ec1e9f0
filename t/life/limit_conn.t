#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# limit_conn counts a WebSocket for as long as it lives.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http limit_conn /)->plan(9);

$t->write_file_expand('nginx.conf', conf(
    http => 'limit_conn_zone $arg_userId zone=conn:1m;',
    endpoint => 'limit_conn conn 2;'))->run();

my $first = ws(user => 'u', chats => 'c');
my $second = ws(user => 'u', chats => 'c');

is($second->{status}, 101, 'as many as allowed');
is(ws(user => 'u')->{status}, 503, 'one more');
is(ws(user => 'other')->{status}, 101, 'of another user');

is(publish({ chatId => 'c', text => 't', sender => 's' })
    ->{json}{recipients}, 2, 'publish');
ok($first->await('new_message'), 'delivered');
is(ws(user => 'u')->{status}, 503, 'still counted');

$first->send_close(1000);
$first->await_close();
ok($first->ended(), 'closed');

my $third;
ok(eventually(sub { ($third = ws(user => 'u'))->{status} == 101 }),
    'room again');

$second->drop();
ok(eventually(sub { ($second = ws(user => 'u'))->{status} == 101 }),
    'room again after one that went without a close');
