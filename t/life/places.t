#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Many locations of one zone: clients of all of them are handed over, or the
# log says of how many not.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my ($n, $room) = (1000, 510);

my $t = Test::Nginx->new()->has(qw/ http rewrite /)->plan(14);

my $locations = join '', map { my $i = $_; map {
    "location = /$_/$i {
        chatws $_;

        if (\$http_host) {
            set \$seen $i;
        }
    }\n" } qw/ small large / } 1 .. $n;

# the same in another server of that name is the same

$t->write_file('locations', $locations);

$t->write_file_expand('nginx.conf', conf(
    http => 'chatws_drain 0; chatws_zone zone=small:1000k;
        chatws_zone zone=large:2m;',
    server => <<'EOC'))->run();

        include locations;

        location = /status/small {
            chatws_status small;
        }

        location = /status/large {
            chatws_status large;
        }
    }

    server {
        listen 127.0.0.1:8081;
        server_name localhost;
        include locations;
EOC

my $log = $t->read_file('error.log');
my $left = $n - $room;

like($log, qr/\[warn\] .*zone "small" has no room for $left of its locations/,
    'too many');
is(scalar(() = $log =~ /has no room for/g), 1, 'not too many for another zone');

my @sample = map { $_ * 50 } 1 .. 20;
my %ws;

for my $zone (qw/ small large /) {
    $ws{$zone} = [ map { ws(user => 'u', path => "/$zone/$_", chats => 'c',
        port => $_ % 100 ? 8080 : 8081) } @sample ];
    is(scalar(grep { $_->{status} == 101 } @{$ws{$zone}}), @sample,
        "$zone, connected");
}

ok(reloaded($t), 'reload');

ok(eventually(sub {
    request('GET', '/status/large')->{json}{moved} == @sample
}), 'large, all are handed over');

is(scalar(grep { ($_->subscribe('d') || {})->{chatId} } @{$ws{large}}),
    @sample, 'large, all go on');

# of the others each is either handed over or closed

ok(eventually(sub {
    (() = $t->read_file('error.log') =~ /closes with 1012/g)
        + request('GET', '/status/small')->{json}{moved} == @sample
}), 'small, all are one or the other');

my $moved = request('GET', '/status/small')->{json}{moved};

cmp_ok($moved, '>', 0, 'small, some are handed over');
cmp_ok($moved, '<', @sample, 'small, some are not');
is(scalar(grep { ($_->subscribe('d') || {})->{chatId} } @{$ws{small}}),
    $moved, 'small, those go on');
is(scalar(grep { ($_->{closed} || {})->{code} || 0 == 1012 } @{$ws{small}}),
    @sample - $moved, 'small, the others are closed');

$log = $t->read_file('error.log');
is(scalar(() = $log =~ /has no room for $left of/g), 2, 'said again');
unlike($log, qr/can't be taken over/, 'none was offered in vain');

for my $ws (map { @$_ } values %ws) {
    $ws->drop();
}
