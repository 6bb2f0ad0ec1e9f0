#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_expires: who may connect, and when the session ends, also in another
# worker, in an old one, and beside chatws_session_lifetime.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;
use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http limit_conn auth_request rewrite /)
    ->plan(112);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_drain 0; limit_conn_zone $server_name zone=conn:1m;
             chatws_expires $arg_e;',
    endpoint => 'chatws_expires 0;',
    server => <<'EOC'))->run();

        location = /ends {
            chatws chat;
        }

        location = /text {
            chatws chat;
            chatws_expires "$arg_e$arg_f";
        }

        location = /if {
            chatws chat;
            if ($arg_e) {
                set $some 1;
            }
        }

        location = /counted {
            chatws chat;
            limit_conn conn 100;
        }

        location = /short {
            chatws chat;
            chatws_session_lifetime 1s;
        }

        location = /long {
            chatws chat;
            chatws_session_lifetime 1h;
        }

        location = /stays {
            chatws chat;
            chatws_handover off;
            chatws_drain 1h;
        }

        location = /session {
            chatws chat;
            auth_request /auth;
            auth_request_set $until $sent_http_x_until;
            chatws_expires $arg_e$until;
        }

        location = /auth {
            return 204;
        }

        location = /page {
            chatws chat;
            error_page 401 /later;
            error_page 403 = @refused;
        }

        location = /later {
            return 200 later;
        }

        location @refused {
            return 409 refused;
        }

        location = /status {
            chatws_status chat;
        }
EOC

my %gone = (code => 4401, reason => 'session expired, reconnect');
my %over = (code => 1012, reason => 'session lifetime over, reconnect');

# who may connect

for my $case ([ '', 403 ], [ 'soon', 403 ], [ '-1', 403 ], [ '1e9', 403 ],
    [ '2000000000.5', 403 ], [ '%202000000000', 403 ], [ '1' x 16, 403 ],
    [ '1', 401 ], [ int(time()) - 1, 401 ], [ '0', 101 ], [ '000', 101 ],
    [ 2000000000, 101 ], [ '9' x 15, 101 ])
{
    my ($value, $status) = @$case;

    for my $path (qw/ ends text if session /) {
        my $ws = ws(args => "userId=u&e=$value", path => "/$path");

        is($ws->{status}, $status, "$path, \"$value\"");
        $ws->drop();

        next if $status == 101;

        is($ws->{json}{error}, $status == 401 ? 'Session expired'
            : 'Not allowed', "$path, \"$value\", error");
    }
}

like($t->read_file('error.log'),
    qr/\[error\] .*"chatws_expires" is "soon", which is no time in seconds/,
    'logged');

is(ws(args => 'e=1', path => '/ends')->{status}, 400, 'no user');
is(ws(args => 'userId=u', path => '/page')->{status}, 409, 'named location');
is(ws(args => 'userId=u&e=1', path => '/page')->{status}, 401, 'error_page');

# when the session ends

my %ws = map { $_->[0] . ' ' . $_->[1] => until_end(@$_) }
    [ 'ends', 2 ], [ 'counted', 2 ], [ 'long', 2 ], [ 'stays', 4 ],
    [ 'ends', 4 ], [ 'short', 3600 ], [ 'short', 0 ], [ 'ends', 3600 ],
    [ 'ends', 0 ];

for my $case ([ 'ends 2', \%gone ], [ 'counted 2', \%gone ],
    [ 'long 2', \%gone ], [ 'short 3600', \%over ], [ 'short 0', \%over ])
{
    my ($name, $close) = @$case;

    is_deeply($ws{$name}->await_close(), $close, "$name, close");
    cmp_ok(time(), '>=', $ws{$name}{end}, "$name, not earlier")
        if $close == \%gone;

    $ws{$name}->send_close($close->{code});
    ok($ws{$name}->ended(), "$name, ended");
}

ok(reloaded($t), 'reload');

for my $name ('ends 4', 'stays 4') {
    is_deeply($ws{$name}->await_close(), \%gone, "$name, after a reload");
    cmp_ok(time(), '>=', $ws{$name}{end}, "$name, not earlier");
}

for my $name ('ends 3600', 'ends 0') {
    is(($ws{$name}->subscribe('d') || {})->{chatId}, 'd', "$name, goes on");
    $ws{$name}->drop();
}


# A connection that ends so many seconds from now.

sub until_end {
    my ($path, $seconds) = @_;

    my $end = $seconds ? int(time()) + $seconds + 1 : 0;
    my $ws = ws(args => "userId=u&e=$end", path => "/$path", chats => 'c');

    $ws->{end} = $end;

    return $ws;
}
