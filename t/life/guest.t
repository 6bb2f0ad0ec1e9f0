#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What other modules may do to the request of a handshake, at each moment of
# it: cleanups, subrequests, timers, the request posted, another status.  A
# WebSocket lives fully while others still have the request, and is handed
# over as soon as they let it go.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use IO::Select;
use IO::Socket::INET;

use Test::Chatws;
use Test::Nginx qw/ port /;

my @moments = qw/ rewrite access precontent header sent log /;
my @deeds = (qw/ cleanup pool post hold watch /, 'background /empty',
    'background /page', 'background /refused', 'careless /page',
    'subrequest /empty', 'subrequest /page', 'subrequest /refused');

# nginx itself does not survive a count in a request that is being freed

my @cases = map { my $moment = $_; map { [ $moment, $_ ] }
    grep { $moment ne 'log' || $_ ne 'hold' } @deeds } @moments;

# a subrequest that is answered when the test wants it to be

my @held = map { [ $_, 'background /held' ] } @moments[0 .. 4];
my @active = map { [ $_, 'subrequest /held' ] } @moments[0 .. 4];
my @statuses = map { [ header => "status $_" ] } 200, 204, 403, 500;

my %path = map { ("@$_" => '/' . "@$_" =~ s/[^a-z0-9]+/_/gr) }
    @cases, @held, @active, @statuses;

my $t = Test::Nginx->new()
    ->has(qw/ http http_ssl socket_ssl proxy rewrite mirror limit_conn /)
    ->has_daemon('openssl');

my $guest = "$Test::Chatws::TOP/build/ngx_http_chatws_guest_module.so";
my $static = ($ENV{TEST_NGINX_GLOBALS} || '') !~ /load_module/;

plan(skip_all => 'no module of t/guest') unless $static || -e $guest;

$t->plan(4 * @cases + 2 * (10 * (@held + 1) + 7 * @active + 7)
    + 4 * @statuses + 17);

my $app = IO::Socket::INET->new(Proto => 'tcp', Listen => 64,
    LocalAddr => '127.0.0.1:' . port(8081), ReuseAddr => 1) or die "$!\n";

$t->write_file_expand('nginx.conf', conf(
    main => ($static ? '' : "load_module $guest;") . 'worker_processes 2;',
    zone => 'zone=chat:2m',
    http => 'chatws_drain 24h; limit_conn_zone $server_name zone=conn:1m;'
        . 'log_format state "$scheme $uri $status";'
        . 'access_log %%TESTDIR%%/access.log state;',
    server => locations() . <<'EOC' . locations()));
    }

    server {
        listen 127.0.0.1:8443 ssl;
        server_name localhost;

        ssl_certificate cert.pem;
        ssl_certificate_key cert.key;
EOC

certificate($t);

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my @workers = workers_of($t);


# --- what is over soon

my %open;

for my $case (@cases) {
    my $name = "@$case";
    my $ws = ws(user => $name, path => $path{$name}, chats => 'c');

    is($ws->{status}, 101, "$name: 101");
    is(alive($ws), 'pong subscribed', "$name: alive");

    $open{$name} = $ws;
}

my $all = publish({ chatId => 'c', text => 'all', sender => 'x' });

is($all->{json}{recipients}, scalar @cases, 'all are counted');

for my $name (map { "@$_" } @cases) {
    my $ws = $open{$name};

    is(($ws->await('new_message') || {})->{message}{text}, 'all',
        "$name: gets a message");
    is(closing($ws), '1000 end', "$name: closing handshake");
}

is_deeply([ workers_of($t) ], \@workers, 'the same workers');


# --- what goes on in the background: the life of a session beside it

for my $tls ([ 'http' ], [ 'https', port => 8443, ssl => 1 ]) {
    my ($scheme, @o) = @$tls;

    for my $case (@held, [ 'mirror' ]) {
        my $path = $path{"@$case"} || '/mirrored';
        my $name = "$scheme @$case";
        my $ended = sub { logged($t, $scheme, $path) };

        my ($ws, $back) = opened($name, $path, @o);

        is(alive($ws), 'pong subscribed', "$name: alive, held");
        is(delivered($ws, $name), '1 held', "$name: gets a message, held");
        is($ended->(), 0, "$name: the request is there");

        answer($back);

        ok(eventually(sub { $ended->() == 1 }), "$name: the request is freed");
        is(alive($ws), 'pong subscribed', "$name: alive, freed");
        is(closing($ws), '1000 end', "$name: closing handshake, freed");

        # the session ends before: by a handshake, or without

        ($ws, $back) = opened($name, $path, @o);

        is(closing($ws), '1000 end', "$name: closing handshake, held");
        ok(eventually(sub { $ended->() == 2 }),
            "$name: and the request is freed");

        ($ws, $back) = opened($name, $path, @o);
        $ws->drop();

        ok(eventually(sub { $ended->() == 3 }),
            "$name: the client has gone, and the request is freed");
        is(publish({ chatId => $name, text => 'gone', sender => 'x' })
            ->{json}{recipients}, 0, "$name: and the session");
    }

    # an active subrequest: nginx gives it the events of the connection

    for my $case (@active) {
        my $path = $path{"@$case"};
        my $name = "$scheme @$case";
        my $ended = sub { logged($t, $scheme, $path) };

        my ($ws, $back) = opened($name, $path, @o);

        is(alive($ws), 'pong subscribed', "$name: alive, held");
        is(delivered($ws, $name), '1 held', "$name: gets a message, held");

        answer($back);

        ok(eventually(sub { $ended->() == 1 }), "$name: the request is freed");
        is(alive($ws), 'pong subscribed', "$name: alive, freed");
        is(closing($ws), '1000 end', "$name: closing handshake, freed");

        ($ws, $back) = opened($name, $path, @o);
        is(closing($ws), '1000 end', "$name: closing handshake, held");
        ok(eventually(sub { $ended->() == 2 }),
            "$name: and the request is freed");
    }

    # a request that is counted is there to the end

    my ($ws, $back) = opened("$scheme counted", '/counted', @o);

    answer($back);

    is(alive($ws), 'pong subscribed', "$scheme, counted: alive");
    is(delivered($ws, "$scheme counted"), '1 held',
        "$scheme, counted: gets a message");
    is(logged($t, $scheme, '/counted'), 0, "$scheme, counted: kept");
    is(closing($ws), '1000 end', "$scheme, counted: closing handshake");
    ok(eventually(sub { logged($t, $scheme, '/counted') == 1 }),
        "$scheme, counted: and the request is freed");

    # the timer is the session's, whatever nginx does with that of the request

    ($ws, $back) = opened("$scheme pinged", '/pinged', @o);

    ok(eventually(sub { $ws->await('never', 0.1); ($ws->{pings} || 0) > 1 }),
        "$scheme, held: pings");

    $ws->{mute} = 1;
    is(($ws->await_close() || {})->{code}, 1008, "$scheme, held: no pong");
    $ws->drop();
}

is_deeply([ workers_of($t) ], \@workers, 'the same workers still');


# --- it is 101 or there is no session

for my $case (@statuses) {
    my $name = "@$case";
    my ($status) = $name =~ /(\d+)/;
    my $ws = ws(user => $name, path => $path{$name}, raw => 1);

    is($ws->{status}, $status, "$name: the status");
    ok($ws->ended(), "$name: the connection ends");
    is($ws->{in}, '', "$name: nothing follows");
    is(reached(), 0, "$name: no session");
}

my $kept = ws(user => 'swallowed', path => '/swallowed', raw => 1);

isnt($kept->{status}, 101, 'a header that is kept back');
ok($kept->ended(), 'the connection ends');
is(reached(), 0, 'no session');


# --- reload: held ones go on, and are handed over when they can be

my %moving;

for my $case (@held[0, 3], $active[0], [ 'mirror' ]) {
    my $name = "@$case";
    $moving{$name} = [ opened($name, $path{$name} || '/mirrored') ];
}

ok(reloaded($t), 'reload');

for my $name (sort keys %moving) {
    my ($ws) = @{$moving{$name}};

    is(alive($ws), 'pong subscribed', "$name: alive, told to quit");
}

answer($moving{$_}[1]) for sort keys %moving;

ok(eventually(sub {
    my %now = map { $_ => 1 } workers_of($t);
    keys %now == 2 && !grep { $now{$_} } @workers;
}), 'the old workers have gone');

is(join(' ', map { alive($moving{$_}[0]) } sort keys %moving),
    join(' ', ('pong subscribed') x 4), 'their clients have not');


# --- the end of a worker: held ones get a last word

my @last = map { [ opened("last $_", '/mirrored') ] } 1 .. 3;

kill 'TERM', workers_of($t);

is(join(' ', map { ($_->[0]->await_close() || {})->{code} || 0 } @last),
    '1001 1001 1001', 'a last word');

$t->stop();

my $log = $t->read_file('error.log');
my %cleaned;

$cleaned{$_}++ for $log =~ m{guest cleaned up "(/\w+)"}g;

is(join(' ', map { $cleaned{$path{$_}} || 0 } map { "@$_" }
    grep { $_->[1] =~ /^(?:cleanup|pool)$/ && "@$_" ne 'log cleanup' }
    @cases), join(' ', (1) x (2 * @moments - 1)), 'each cleanup once');
unlike($log, qr/exited on signal/, 'no crash');


# --- helpers

sub locations {
    my $text = '';

    for my $case (@cases, @held, @active, @statuses) {
        my ($moment, $deed) = @$case;

        $text .= "location = $path{qq($moment $deed)} { chatws chat; "
            . "chatws_guest $moment $deed; }\n";
    }

    return $text . <<'EOC';

        location = /empty {
            internal;
            return 204;
        }

        location = /page {
            internal;
            return 200 "not to be seen";
        }

        location = /refused {
            internal;
            proxy_pass http://127.0.0.1:8082;
        }

        location = /held {
            internal;
            proxy_pass http://127.0.0.1:8081;
        }

        location = /mirrored {
            mirror /held;
            chatws chat;
        }

        location = /swallowed {
            chatws chat;
            chatws_guest header swallow;
        }

        location = /counted {
            limit_conn conn 1000;
            mirror /held;
            chatws chat;
        }

        location = /pinged {
            mirror /held;
            chatws chat;
            chatws_ping_interval 1s;
            chatws_ping_timeout 1s;
        }
EOC
}


# A WebSocket, and the connection of its subrequest to the app.

sub opened {
    my ($name, $path, @o) = @_;

    my $ws = ws(user => $name, path => $path, @o);
    my $back;

    $ws->subscribe($name);

    if (IO::Select->new($app)->can_read(deadline())) {
        $back = $app->accept();
    }

    die "$name: no subrequest\n" unless $back;

    return ($ws, $back);
}


sub answer {
    my ($back) = @_;

    local $SIG{PIPE} = 'IGNORE';

    print $back "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n"
        . "Connection: close\r\n\r\nanswer\n";
    close $back;
}


# What a client can do: pings are answered, and it is heard.

sub alive {
    my ($ws) = @_;

    my @told;

    $ws->ping('p');
    push @told, 'pong' if ($ws->await_pong() || '') eq 'p';

    push @told, 'subscribed' if ($ws->ask({ action => 'subscribe',
        chatId => 'alive' }) || {})->{type} eq 'subscription_confirmed';

    return join ' ', @told;
}


sub closing {
    my ($ws) = @_;

    $ws->send_close(1000);

    my $close = $ws->await_close() || { code => 'none' };
    my $end = $ws->ended() ? 'end' : 'open';

    $ws->drop();

    return "$close->{code} $end";
}


# How many a message reaches, and what this one gets.

sub delivered {
    my ($ws, $chat) = @_;

    my $n = publish({ chatId => $chat, text => 'held', sender => 'x' })
        ->{json}{recipients};
    my $event = $ws->await('new_message') || {};

    return join ' ', $n, $event->{message}{text} || 'nothing';
}


# How often a request of this path has ended.

sub logged {
    my ($t, $scheme, $path) = @_;

    return scalar(() = $t->read_file('access.log')
        =~ /^$scheme \Q$path\E 101$/mg);
}


# How many sessions a message reaches.

sub reached {
    return publish({ chatId => 'c', text => 'anybody', sender => 'x' })
        ->{json}{recipients};
}
