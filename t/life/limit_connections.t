#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The connections that a user may have, in all workers: one too many is closed
# when its user is known.  Those that are handed over are neither lost nor
# counted twice, those of dead workers are forgotten, those that drain count
# until they are closed.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Alerts;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl /)->plan(57);

my $key = secret_key('k1');

$t->write_file('keys.jwks', jwks($key));
certificate($t);

configure($t, 'worker_processes 4;');
$t->run();

ok(eventually(sub { workers_of($t) == 4 }), 'workers');

# so many, and no more

my @ws = map { ws(user => 'u') } 1 .. 3;

is(refused(ws(user => 'u')), '4429 too many connections, reconnect',
    'one too many');
is(hub_status()->{connectionsLimited}, 1, 'is counted as such');

my $other = ws(user => 'v');

is(open_of($other), 1, 'another user');
is(open_of(@ws), 3, 'the first ones stay');

# one that begins to close makes room

quit(pop @ws);
push @ws, ws(user => 'u');
is(open_of(@ws), 3, 'one goes, one comes');
is(refused(ws(user => 'u')), '4429 too many connections, reconnect',
    'and no more');

# all at once

my @many = map { ws(user => 'w', raw => 1) } 1 .. 20;

is(scalar(grep { !is_refused($_) } @many), 3, 'twenty at once');
$_->drop() for @many;

# a limit of its own, and none

my @more = map { ws(user => 'u', path => '/more') } 1 .. 3;

is(open_of($more[0]), 1, 'a place that allows four');
is(scalar(grep { is_refused($_) } @more), 2, 'counts those of others');
is(open_of(ws(user => 'u', path => '/any')), 1, 'a place without a limit');
quit(shift @more);

# with TLS

my @tls = map { ws(user => 'tls', ssl => 1, port => 8443) } 1 .. 4;

is(refused(pop @tls), '4429 too many connections, reconnect', 'with TLS');
is(open_of(@tls), 3, 'with TLS, the others');

# a token that comes later

my $token = token($key);
my @later = map { ws(path => '/message', raw => 1) } 1 .. 4;

is(scalar(grep { is_refused($_) } @later), 0, 'nobody knows them');
is(join(' ', map { ($_->ask({ action => 'auth', token => $token })
    || {})->{type} || 'none' } @later), 'connected connected connected none',
    'one too many is known by its token');
is("$later[3]{closed}{code} $later[3]{closed}{reason}",
    '4429 too many connections, reconnect', 'and closed');
$_->drop() for @later;

# a reload: those in hand go on; three are three

quit($_) for @tls;
ok(replaced($t, 4), 'reload');
is(open_of(@ws, $other), 4, 'reload, they go on');
is(refused(ws(user => 'u')), '4429 too many connections, reconnect',
    'reload, none is lost');
quit(pop @ws);
push @ws, ws(user => 'u');
is(open_of(@ws), 3, 'reload, none is counted twice');
is(refused(ws(user => 'u')), '4429 too many connections, reconnect',
    'reload, and no more');

# a worker dies, with those that it has

my ($victim) = workers_of($t);

slay($victim);

ok(eventually(sub {
    my @now = workers_of($t);
    @now == 4 && !grep { $_ == $victim } @now;
}), 'a worker dies');

@ws = grep { open_of($_) } @ws;

push @ws, ws(user => 'u') while @ws < 3;
is(open_of(@ws), 3, 'a worker dies, its seats are free');
is(refused(ws(user => 'u')), '4429 too many connections, reconnect',
    'a worker dies, and no others');
$_->drop() for @ws, $other;

# those that stay in an old worker count until they are closed

my @stay = map { ws(user => 's', path => '/stay') } 1 .. 3;

ok(reloaded($t), 'drain');
is(open_of(@stay), 3, 'drain, they go on');
is(refused(ws(user => 's', path => '/stay')),
    '4429 too many connections, reconnect', 'drain, they count');
quit(pop @stay);
push @stay, ws(user => 's', path => '/stay');
is(open_of(@stay), 3, 'drain, one goes, one comes');
$_->drop() for @stay;

# what does not answer a ping gives way

configure($t, 'worker_processes 4;', 'chatws_ping_interval 1s;
    chatws_ping_timeout 1h;');
ok(replaced($t, 4), 'pings');

my $quiet = ws(user => 'p', path => '/quiet');
my @silent = map { ws(user => 'p') } 1 .. 2;

silent($_) for @silent;

my $new = ws(user => 'p', path => '/quiet');

is(open_of($new), 1, 'a new one is let in');
is(open_of($quiet, $new), 2, 'those that owe nothing stay');

ok(eventually(sub { open_of(@silent) < 2 }), 'a silent one goes');

# whichever worker has them

my @one = map { ws(user => "p$_", path => '/one') } 1 .. 8;

silent($_) for @one;

for my $i (1 .. 8) {
    my $ws = ws(user => "p$i", path => '/one/quiet');

    is(open_of($ws), 1, 'it is let in');
    is(refused($one[$i - 1]), '4429 too many connections, reconnect',
        'for another one');
    is(refused(ws(user => "p$i", path => '/one')),
        '4429 too many connections, reconnect', 'and no more');
}

is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->todo_alerts();


sub configure {
    my ($t, $main, $ping) = @_;

    my $pings = $ping || '';
    my $d = $t->testdir();

    my $conf = conf(main => $main, server => <<"EOC",

        listen 127.0.0.1:8443 ssl;
        ssl_certificate cert.pem;
        ssl_certificate_key cert.key;

        location = /status {
            chatws_status chat;
        }

        location = /more {
            chatws chat;
            chatws_limit_connections user=4;
        }

        location = /any {
            chatws chat;
            chatws_limit_connections off;
        }

        location = /message {
            chatws chat;
            chatws_token message;
            chatws_token_key_file $d/keys.jwks;
        }

        location = /quiet {
            chatws chat;
            chatws_ping_interval 0;
        }

        location /one {
            chatws chat;
            chatws_limit_connections user=1;

            location = /one/quiet {
                chatws chat;
                chatws_ping_interval 0;
            }
        }

        location = /stay {
            chatws chat;
            chatws_handover off;
            chatws_drain 1h;
        }
EOC
        http => 'chatws_limit_connections user=3; chatws_drain 0;');

    $conf =~ s/chatws_ping_interval 0;/$pings/ if $ping;
    $t->write_file_expand('nginx.conf', $conf);
}


# The code and the reason with which the server closes the connection.

sub refused {
    my ($ws) = @_;

    my $close = $ws->{closed} || $ws->await_close() || {};

    return join ' ', map { $_ || 'none' } @$close{qw/ code reason /};
}


# Whether it was closed: one that is open answers a ping.

sub is_refused {
    my ($ws) = @_;

    return 1 if $ws->{closed};

    $ws->ping('here');

    return !$ws->await_pong();
}


sub open_of {
    return scalar grep { !is_refused($_) } @_;
}


# Waits until a client has got a ping, which it does not answer.

sub silent {
    my ($ws) = @_;

    $ws->{mute} = 1;

    do {
        $ws->parse_message();
    } while (!$ws->{pings} && $ws->fill(Test::Chatws::deadline()));
}


# Closes one, and waits until the server has.

sub quit {
    my ($ws) = @_;

    $ws->send_close(1000);
    $ws->await_close();
    $ws->drop();
}
