#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The 101 and what other parts of nginx make of it: it comes first, however
# long it is and wherever nginx would keep it, or there is no session.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()
    ->has(qw/ http http_ssl socket_ssl rewrite proxy /)
    ->has_daemon('openssl');

# headers below and above what nginx holds back, a record, and a buffer

my @lengths = (0, 800, 1100, 1400, 1460, 3000, 15_000, 16_200, 17_000, 40_000);
my @servers = ([ 'plain' ], [ 'TLS', port => 8443, ssl => 1 ],
    [ 'TLS, small', port => 8444, ssl => 1 ]);

my %places = (
    default => '',
    rate => 'limit_rate 1;',
    postponed => 'postpone_output 64k;',
    at_once => 'postpone_output 0;',
);

my $locations = '';

for my $length (@lengths) {
    for my $place (sort keys %places) {
        $locations .= "location = /$place/$length { chatws chat;"
            . " set \$k " . 'k' x 1000 . '; add_header X-Long "-'
            . '${k}' x int($length / 1000) . 'x' x ($length % 1000)
            . "\" always; $places{$place} }\n";
    }
}

$locations .= <<'EOC';

        location = /other {
            error_page 418 @ws;
            return 418;
        }

        location = /ok {
            error_page 418 =200 @ws;
            return 418;
        }

        location = /equals {
            error_page 418 = @ws;
            return 418;
        }

        location = /switching {
            error_page 418 =101 @ws;
            return 418;
        }

        location = /after {
            post_action @ws;
            return 200 "before";
        }

        location @ws {
            chatws chat;
        }
EOC

$t->plan(@servers * @lengths * keys(%places) + 17);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:2m',
    connections => 1024, server => $locations, http => <<"EOC"));

    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;

    server {
        listen 127.0.0.1:8443 ssl;
        server_name localhost;
        $locations
    }

    server {
        listen 127.0.0.1:8444 ssl sndbuf=4k;
        server_name localhost;
        ssl_buffer_size 64k;
        $locations
    }
EOC

certificate($t);

$t->run();

for my $server (@servers) {
    my ($name, @o) = @$server;

    for my $place (sort keys %places) {
        for my $length (@lengths) {
            my $ws = ws(user => 'u', path => "/$place/$length", raw => 1, @o);

            is(described($ws, $length), '101 connected pong',
                "$name, $place, $length bytes");
            $ws->drop();
        }
    }
}


# --- another status than 101

for my $case ([ '/other', 418 ], [ '/ok', 200 ]) {
    my ($path, $status) = @$case;
    my $client = Test::Chatws::Client->connect(user => 'u', path => $path,
        headers => [ 'Connection: close' ]);

    is($client->{status}, $status, "$path, status");
    is(($client->{json} || {})->{error}, 'Upgrade impossible', "$path, why");
    ok($client->ended(), "$path, the connection ends");
    is($client->{in}, '', "$path, nothing follows");
    is($client->{headers}{'sec-websocket-accept'}, undef, "$path, no accept");
}

is(described(ws(user => 'u', path => '/equals', raw => 1)),
    '101 connected pong', '"="');
is(described(ws(user => 'u', path => '/switching', raw => 1)),
    '101 connected pong', '"=101"');

my $after = Test::Chatws::Client->connect(user => 'u', path => '/after',
    headers => [ 'Connection: close' ]);

is($after->{body}, 'before', 'post_action, the answer');
ok($after->ended(), 'post_action, the connection ends');
is($after->{in}, '', 'post_action, nothing follows');

$t->stop();

my $log = $t->read_file('error.log');

is(scalar(() = $log =~ /Upgrade impossible/g), 2, 'in the log, why');
unlike($log, qr/exited on signal/, 'no crash');


# What becomes of a handshake.

sub described {
    my ($ws, $length) = @_;

    my @told = $ws->{status};

    push @told, "a header of $length bytes"
        if $length && length $ws->{headers}{'x-long'} != $length + 1;
    push @told, ($ws->next() || { type => 'nothing' })->{type};

    $ws->ping('x');
    push @told, 'pong' if ($ws->await_pong() || '') eq 'x';

    return join ' ', @told;
}
