#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A connection that is being closed is none of those whom a message reaches,
# however long its peer keeps it up: "recipients" leaves it out from the
# moment that the peer can know.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(15);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    server => 'location = /status { chatws_status chat; }'));

$t->run();

my $reader = ws(user => 'reader', chats => 'chat');


is(recipients(), 1, 'one reader');

my @ways = (
    [ 'it said goodbye', sub { $_[0]->send_close(1000, 'bye') }, 1000 ],
    [ 'it broke the protocol', sub { $_[0]->send_frame(3, '') }, 1002 ],
    [ 'it sent too much',
        sub { $_[0]->send_text('x' x 20000) }, 1009 ],
);

for my $way (@ways) {
    my ($name, $code, $expected) = @$way;

    my $ws = ws(user => 'other', chats => [ 'chat', 'another' ]);

    is(recipients(), 2, "$name, before");

    $code->($ws);

    is($ws->await_close()->{code}, $expected, "$name, close");

    # the connection itself is still there: the peer has not closed it

    is(recipients(), 1, "$name, not counted");
    is(request('GET', '/status')->{json}{subscriptions}, 1,
        "$name, no subscription");

    $ws->drop();
}

$reader->send_json({ action => 'unsubscribe', chatId => 'chat' });
ok($reader->await('subscription_confirmed'), 'the reader leaves');

is(recipients(), 0, 'nobody');


sub recipients {
    return publish({ chatId => 'chat', text => 'x', sender => 'x' })
        ->{json}{recipients};
}
