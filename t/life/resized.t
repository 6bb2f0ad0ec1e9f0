#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A reload that gives a zone another size, or removes it, loses what the zone
# held: the log says which and how.  Without a master it is refused, since the
# only process goes on with the memory that it has.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(23);

my %conf = (server => 'location = /other { chatws_publish other; }');
my ($read, $seq) = (0, 1);
my ($m1, $m2) = (1024 * 1024, 2 * 1024 * 1024);

configure($t, 'zone=chat:1m', 'chatws_zone zone=other:1m;', %conf);
$t->run();

is(published(), 1, 'the first message');

# the same sizes, and another order

configure($t, 'zone=other:1m', 'chatws_zone zone=chat:1024k;', %conf);
ok(replaced($t, 1), 'reload');
is(published(), 2, 'the numbers go on');
is(notices($t), '', 'no notice');

# another size, of one; back to the one before

configure($t, 'zone=chat:2m', 'chatws_zone zone=other:1m;', %conf);
ok(replaced($t, 1), 'reload, larger');
is(published(), 1, 'larger, it begins anew');
is(notices($t), qq("chat" is resized from $m1 to $m2 bytes), 'larger');

configure($t, 'zone=chat:1m', 'chatws_zone zone=other:1m;', %conf);
ok(replaced($t, 1), 'reload, smaller');
is(notices($t), qq("chat" is resized from $m2 to $m1 bytes), 'smaller');

# removed, added

configure($t, 'zone=chat:1m');
ok(replaced($t, 1), 'reload, one is removed');
is(notices($t), '"other" is removed', 'removed');

configure($t, 'zone=chat:1m', 'chatws_zone zone=other:1m;', %conf);
ok(replaced($t, 1), 'reload, one is added');
is(notices($t), '', 'added');

# a reload that is refused loses nothing

configure($t, 'zone=chat:2m', 'chatws_zone zone=other:2m;',
    server => $conf{server} . ' listen 192.0.2.1:8080;');
$t->reload();

my $refused = '';

ok(eventually(sub { ($refused .= news($t)) =~ /\[emerg\]/ }),
    'reload, refused');
unlike($refused, qr/its messages/, 'refused');

is(published(), 1, 'it goes on');

# no http at all

$t->write_file_expand('nginx.conf', <<'EOC');
%%TEST_GLOBALS%%

daemon off;

events {
}
EOC

ok(replaced($t, 1), 'reload, nothing left');
is(notices($t), join("\n", map { qq("$_" is removed) } 'chat', 'other'),
    'nothing left');

$t->stop();

# without a master

configure($t, 'zone=chat:1m', 'chatws_zone zone=other:1m;', %conf,
    main => 'master_process off;');
$t->run();

is(published(), 1, 'no master');

for my $case ([ 'larger', 'zone=chat:2m', 'chatws_zone zone=other:1m;',
    %conf ], [ 'removed', 'zone=chat:1m', '' ])
{
    my ($name, @conf) = @$case;

    news($t);
    configure($t, @conf, main => 'master_process off;');
    $t->reload();

    my $log = '';

    ok(eventually(sub {
        ($log .= news($t)) =~ /\[emerg\].*can't be removed or resized/
    }), "no master, $name, refused");

    $seq++;
    is(published(), $seq, "no master, $name, it goes on");
}

$t->todo_alerts();


sub configure {
    my ($t, $zone, $more, %o) = @_;

    $t->write_file_expand('nginx.conf', conf(zone => $zone, http => $more,
        %o));
}


# The number of the next message: 1 in a zone that is made anew.

sub published {
    return publish({ chatId => 'chat_1', text => 'x', sender => 'x' })
        ->{json}{seq};
}


# What the log says of zones since it was asked before.

sub notices {
    my ($t) = @_;

    return join "\n", news($t) =~ /\[notice\].*chatws zone (.*): its messages/g;
}


# What was added to the log.

sub news {
    my ($t) = @_;

    my $all = $t->read_file('error.log');
    my $new = substr $all, $read;

    $read = length $all;

    return $new;
}
