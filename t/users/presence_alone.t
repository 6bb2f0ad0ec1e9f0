#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_presence without a master: after a reload the worker goes by the
# settings of the new configuration.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Presence;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(3);

configure($t, 'grace=10m interval=10s');

$t->run();

publish({ chatId => 'c', text => 'x', sender => 'nobody' });

my $reader = ws(user => 'reader');
my $m = ws(user => 'm', chats => 'c');

is(join(' ', word_of(follow($reader, 'c')->{presence})), '+m +reader',
    'two are there');

configure($t, 'grace=1s interval=100ms');

my $times = inits($t);

$t->reload();
ok(eventually(sub { inits($t) > $times }), 'reload');

left($m);

is(seen($reader, '<m'), '<m', 'the grace of the new configuration');


sub configure {
    my ($t, $presence) = @_;

    $t->write_file_expand('nginx.conf', conf(main => 'master_process off;',
        http => people_conf($presence)));

    return;
}


sub inits {
    my ($t) = @_;

    return scalar(() = $t->read_file('error.log')
        =~ /using the "\w+" event method/g);
}
