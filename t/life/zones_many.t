#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Many zones under the usual limit of 1024 open files: the descriptors by which
# workers wake each other are the same for all of them, across reloads that
# resize some, and after workers that died with theirs.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

# with the usual limit

if (!$ENV{TEST_CHATWS_FILES}) {
    $ENV{TEST_CHATWS_FILES} = 1;

    exec '/bin/sh', '-c', 'ulimit -Sn 1024 && exec "$@"', 'sh', $^X,
        (map { "-I$_" } grep { !ref } @INC), $0;
}

my @zones = 1 .. 40;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(16);

configure($t, 64);
$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'two workers');

my $master = $t->read_file('nginx.pid') =~ /(\d+)/ ? $1 : 0;
my $fds = fds($master);

cmp_ok($fds, '<', 400, "descriptors of the master: $fds");

# a client of each zone in both workers

my %clients;

ok(eventually(sub {
    my $zone = $zones[rand @zones];
    my $ws = ws(user => 'u', path => "/ws/$zone", chats => 'c');

    $clients{$ws->{headers}{'x-pid'}}{$zone} = $ws;

    keys %clients == 2 && !grep { keys %$_ < @zones } values %clients;
}), 'clients in both workers');

is(told('first'), 2 * @zones, 'from one worker to the other, in each zone');

# a reload that resizes most: the old workers stay, with their own memory

configure($t, 128);
ok(reloaded($t), 'reload');
unlike($t->read_file('error.log'), qr/\[emerg\]/, 'it is not refused');

my $new = fds($master);

cmp_ok($new, '<', $fds + 100, "descriptors after it: $new");

# those of the zones that stay

is(told('second', 21 .. 40), 40, 'zones that stay');

# those of the zones that were resized: a client in each new worker

my %new;

ok(eventually(sub {
    my $zone = $zones[rand 20];
    my $ws = ws(user => 'u', path => "/ws/$zone", chats => 'c');

    push @{$new{$zone}}, $ws;

    keys %new == 20 && !grep {
        my %pids = map { $_->{headers}{'x-pid'} => 1 } @$_;
        keys %pids < 2;
    } values %new;
}), 'new clients in both workers');

my $wrong = 0;

for my $zone (1 .. 20) {
    publish({ chatId => 'c', text => "third $zone", sender => 'x' },
        uri => "/publish/$zone");

    for my $ws (@{$new{$zone}}) {
        my $event = $ws->await('new_message');
        $wrong++ unless $event && $event->{message}{text} eq "third $zone";
    }
}

is($wrong, 0, 'zones that were resized');

# the descriptors of workers that died are taken again

for my $n (1 .. 70) {
    my ($victim) = workers_of($t);
    my $reaped = reaped();

    kill 'KILL', $victim;

    eventually(sub {
        reaped() > $reaped && !grep { $_ == $victim } workers_of($t)
    }) or last;
}

cmp_ok(reaped(), '>=', 70, 'workers died');
ok(eventually(sub {
    my $ws = ws(user => 'v', path => '/ws/1', chats => 'd');
    publish({ chatId => 'd', text => 'on', sender => 'x' },
        uri => '/publish/1')->{json}{recipients} == 1
        && $ws->await('new_message');
}), 'the others go on');
unlike($t->read_file('error.log'), qr/are taken/, 'none is missing');

# what is not used any more is closed

configure($t, 256, 1 .. 40);
ok(reloaded($t), 'all of another size');

cmp_ok(fds($master), '<', $new + 100, 'descriptors in the end');
unlike($t->read_file('error.log'), qr/\[emerg\]/, 'no reload was refused');

$t->todo_alerts();


sub configure {
    my ($t, $size, @resized) = @_;

    @resized = 1 .. 20 unless @resized;

    my %size = map { $_ => 64 } @zones;

    $size{$_} = $size for @resized;

    $t->write_file_expand('nginx.conf', conf(connections => 1024,
        main => 'worker_processes 2; worker_rlimit_nofile 4096;',
        http => join("\n", 'chatws_drain 1h; keepalive_timeout 0;',
            map { "chatws_zone zone=z$_:$size{$_}k;" } @zones),
        server => join("\n", map { <<"EOC" } @zones)));
        location = /ws/$_ {
            add_header X-Pid \$pid always;
            chatws z$_;
        }

        location = /publish/$_ {
            chatws_publish z$_;
        }

        location = /status/$_ {
            chatws_status z$_;
        }
EOC
}


# How many clients are told what is published, in each of the zones.

sub told {
    my ($text, @in) = @_;

    my $told = 0;

    for my $zone (@in ? @in : @zones) {
        publish({ chatId => 'c', text => "$text $zone", sender => 'x' },
            uri => "/publish/$zone");

        for my $clients (values %clients) {
            my $event = $clients->{$zone}->await('new_message');
            $told++ if $event && $event->{message}{text} eq "$text $zone";
        }
    }

    return $told;
}


sub reaped {
    return ((request('GET', '/status/40') || {})->{json} || {})->{reaped}
        || 0;
}


sub fds {
    my ($pid) = @_;

    return scalar(() = glob "/proc/$pid/fd/*");
}
