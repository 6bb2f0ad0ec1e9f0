#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Several zones are independent hubs.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(9);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_zone zone=other:1m;', server => <<'EOC'))->run();

        location = /other/ws {
            chatws other;
        }

        location = /other/messages {
            chatws_publish other;
        }
EOC

my $one = ws(user => 'u', chats => 'chat_1');
my $two = ws(user => 'u', path => '/other/ws', chats => 'chat_1');

my %message = (chatId => 'chat_1', sender => 's');
my $first = publish({ %message, text => 'first' });
my $second = publish({ %message, text => 'second' },
    uri => '/other/messages');

is($first->{json}{recipients}, 1, 'recipients of the first');
is($second->{json}{recipients}, 1, 'recipients of the second');
is($first->{json}{seq}, 1, 'seq of the first');
is($second->{json}{seq}, 1, 'seq of the second');
isnt($first->{json}{epoch}, $second->{json}{epoch}, 'epochs');
is($one->await('new_message')->{message}{text}, 'first', 'first');
is($two->await('new_message')->{message}{text}, 'second', 'second');

ok(reloaded($t), 'reload');
is(publish({ %message, text => 'x' })->{json}{epoch}, $first->{json}{epoch},
    'the epoch is kept over a reload');
