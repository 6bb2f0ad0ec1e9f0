#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The grace behind the end of a token: all rights go on, and a renewal is as
# good as before it, in each worker; the clock is the test's.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Clock;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /);
my $clock = Test::Chatws::Clock->new($t);

plan(skip_all => $clock) unless ref $clock;

$t->plan(36);

my $key = secret_key('k1');
my $ahead = 0;

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;', publish => 'chatws_token off;',
    http => 'chatws_token_key_file %%TESTDIR%%/keys.jwks; chatws_drain 0;
             chatws_token message; chatws_token_leeway 0;
             chatws_auth_timeout 1m;',
    server => <<'EOC'));

        chatws_ping_interval 50ms;
        chatws_ping_timeout 1h;

        location = /long {
            chatws chat;
            chatws_auth_timeout 1h;
        }

        location = /status {
            chatws_status chat;
        }
EOC

$clock->run();

my %over = (code => 4401, reason => 'token expired, reconnect');
my %late = (code => 4408, reason => 'auth timeout, reconnect');

# a token of 600 seconds; two of these renew it, and one does not

my $ann = user('ann');
my $bob = user('bob');
my $eve = user('eve');

$ann->subscribe('c');

my $stranger = ws(raw => 1);
my $patient = ws(raw => 1, path => '/long');

ahead(571);

for my $ws ($ann, $bob, $eve) {
    my $told = $ws->await('token_expiring') || {};

    cmp_ok($told->{expiresIn}, '<=', 30, 'told');
    cmp_ok($told->{expiresIn}, '>', 5, 'told in time');
}

is_deeply($stranger->await_close(), \%late, 'a stranger is late');

# one renews before the end, and the old one ends

renewed($ann, 'in time');

ahead(615);

is(auth($bob, token($key, claims => { sub => 'bob' }))->{error},
    'Token expired', 'the old one is over');
rights($bob, 'in the grace');
rights($eve, 'in the grace');

# the new workers go on where the old ones were

ok(reloaded($t), 'reload');
ok(eventually(sub { (hub_status()->{moved} || 0) >= 4 }), 'handed over')
    or diag(request('GET', '/status')->{body});

rights($bob, 'in the grace, moved');
renewed($bob, 'in the grace');

is(auth($patient, now('ann'))->{type}, 'connected', 'a stranger, moved');

ahead(640);

is_deeply($eve->await_close(), \%over, 'the grace is over');
is(scalar(grep { /token_expiring/ } @{$eve->{before_close} || []}), 0,
    'told once');

rights($ann, 'renewed in time');
rights($bob, 'renewed in the grace');

# the renewed ones end as well

ok(reloaded($t), 'another reload');

ahead(640 + 631);

for my $ws ($ann, $bob, $patient) {
    is_deeply($ws->await_close(), \%over, 'the end of the renewed one');
}

# set back, the clock lets a session go on for longer

my $back = user('ann');

ahead(640);
rights($back, 'set back');
ahead(640 + 631 + 640);
is_deeply($back->await_close(), \%over, 'until it comes');


sub ahead {
    ($ahead) = @_;

    $clock->set($ahead);
}


# A token that is made by the clock of nginx.

sub now {
    my ($user) = @_;

    my $now = time() + $ahead;

    return token($key, claims => { sub => $user, iat => $now,
        exp => $now + 600 });
}


sub user {
    my ($name) = @_;

    my $ws = ws(raw => 1);

    is(auth($ws, now($name))->{type}, 'connected', "$name connects");

    return $ws;
}


sub auth {
    my ($ws, $token) = @_;

    $ws->send_json({ action => 'auth', token => $token });

    return $ws->next() || {};
}


sub renewed {
    my ($ws, $when) = @_;

    my $user = $ws == $ann ? 'ann' : 'bob';

    is(auth($ws, now($user))->{type}, 'authenticated', "renewed $when");
}


# It may subscribe, and gets what others publish.

sub rights {
    my ($ws, $when) = @_;

    is(($ws->subscribe('c') || {})->{chatId}, 'c', "$when, subscribes");

    publish({ chatId => 'c', text => $when, sender => 'x' });

    my $got = $ws->await('new_message') || {};
    $got = $ws->await('new_message') || {}
        while $got->{message} && $got->{message}{text} ne $when;

    is($got->{message} && $got->{message}{text}, $when, "$when, gets");
}
