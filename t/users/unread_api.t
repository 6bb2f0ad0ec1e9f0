#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The app server says what users have read.  See docs/unread.md.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(20);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_unread zone=chat;
        chatws_zone zone=bare:1m; chatws_users zone=bare;',
    server => 'location = /api { chatws_api chat write=on; }
        location = /bare { chatws_api bare write=on; }'));

$t->run();

my $a = ws(user => 'a');
my $epoch = $a->subscribe('c')->{epoch};
my $elsewhere = ws(user => 'a');

publish({ chatId => 'c', text => "$_", sender => 'x' }) for 1 .. 10;

my $answer = api(reads => { a => 4, nobody => 4 }, epoch => $epoch);

is($answer->{status}, 200, 'carried out');
is($answer->{json}{command}, 'read', 'the command');
is($answer->{json}{chatId}, 'c', 'the chat');
is($answer->{json}{users}, 1, 'users that are known');
is($answer->{json}{epoch}, $epoch, 'the epoch');
is(unread($a), '4 4 10 6', 'the user is told');
is(unread($elsewhere), '4 4 10 6', 'on all connections');

api(reads => { a => 3 }, epoch => $epoch);
is(unread($a), '4 4 10 6', 'only forward');

api(unread => { a => 9 });
is(unread($a), '4 1 10 9', 'and back, by what is unread');

api(unread => { a => 30 });
is(unread($a), '4 -20 10 30', 'more than the zone has seen');

api(reads => { a => 10 }, epoch => $epoch, unread => { a => 2 });
is(unread($a), '10 10 10 0', 'both, one after the other');
is(unread($a), '10 8 10 2', 'what is unread last');

# a member who is not connected

is(publish({ command => 'members', chatId => 'c', add => [ 'm' ] },
    uri => '/api')->{status}, 200, 'a member');
api(unread => { m => 7 });

my $m = ws(user => 'm');

is($m->ask({ action => 'read', chatId => 'c', seq => 0, epoch => 'x' })
    ->{unread}, 7, 'a member asks without a subscription');

# what is refused

is(api(reads => { a => 1 }, epoch => '000000000000')->{status}, 409,
    'another epoch');
is(api(reads => { a => 1 })->{status}, 400, 'no epoch');
is(api(unread => { a => -1 })->{status}, 400, 'a negative number');
is(api(unread => { "a\n" => 1 })->{status}, 400, 'no user id');
is(api(unread => { map { ("u$_" => 1) } 1 .. 1001 })->{status}, 400,
    'too many');
is(api(uri => '/bare', unread => { a => 1 })->{status}, 400,
    'nothing is kept');


sub api {
    my (%o) = @_;

    my $uri = delete $o{uri} || '/api';

    return publish({ command => 'read', chatId => 'c', %o }, uri => $uri);
}


sub unread {
    my ($ws) = @_;

    my $event = $ws->await('unread') || {};

    return join ' ', map { $event->{$_} // '-' } qw/ read seen count unread /;
}
