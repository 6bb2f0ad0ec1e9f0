#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What a reload can't hand over is served on, and told to come back within
# chatws_drain; quitting, and the limits of both.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Deflate;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(42);

my $d = $t->testdir();

certificate($t);

write_conf($t);
$t->run();

# compressed ones without a context go over, with one they can't; neither can
# TLS, and what belongs to another location or zone than there is now

my @deflate = (headers =>
    [ 'Sec-WebSocket-Extensions: permessage-deflate' ]);

my %c = (
    plain => ws(user => 'plain'),
    packed => ws(user => 'packed', @deflate),
    context => ws(user => 'context', path => '/context', raw => 1, @deflate),
    tls => ws(user => 'tls', ssl => 1),
    changed => ws(user => 'changed', path => '/changed'),
    removed => ws(user => 'removed', path => '/removed'),
    zone => ws(user => 'zone', path => '/zone'),
);

# the same where they are not served on for an hour

my %soon = (
    context => ws(user => 'context', path => '/soon/context', raw => 1,
        @deflate),
    tls => ws(user => 'tls', path => '/soon', ssl => 1),
    changed => ws(user => 'changed', path => '/soon/changed'),
    removed => ws(user => 'removed', path => '/soon/removed'),
    zone => ws(user => 'zone', path => '/soon/zone'),
);

for my $name (qw/ packed context /) {
    $c{$name}{deflate} = Test::Chatws::Deflate->new(
        $c{$name}{headers}{'sec-websocket-extensions'});
}

$c{context}->read_message();

for my $name (sort keys %c) {
    $c{$name}->send_json({ action => 'subscribe', chatId => 'c' });
    is(answer($name, 'subscription_confirmed')->{chatId}, 'c',
        "$name, subscribed");
}

write_conf($t, second => '', removed => '',
    pattern => 'chatws_chat_pattern c;');

ok(reloaded($t), 'reload');

# on its way from worker to worker one is not counted

ok(eventually(sub {
    my $status = request('GET', '/status')->{json} || {};
    $status->{moved} == 2 && $status->{subscriptions} == 6;
}), 'two go over');

# messages of the new workers go to all who can be reached

is(publish({ chatId => 'c', text => 'x' x 200, sender => 'x' })
    ->{json}{recipients}, 6, 'published to old and new');

for my $name (grep { $_ ne 'zone' } sort keys %c) {
    is(answer($name, 'new_message')->{seq}, 1, "$name, new_message");
}

$c{tls}->send_json({ type => 'typing', chatId => 'c',
    isTyping => JSON::PP::true() });
is(answer('plain', 'user_typing')->{userId}, 'tls', 'typing of an old one');

# chatws_drain is over for some

for my $name (sort keys %soon) {
    my $close = $soon{$name}->await_close();

    is($close->{code}, 1012, "$name, told");
    like($close->{reason}, qr/reconnect/, "$name, why");

    $soon{$name}->drop();
}

# and not for others

for my $name (sort keys %soon) {
    $c{$name}->ping('still');
    is($c{$name}->await_pong(), 'still', "$name, served on");
}

$_->drop() for @c{keys %soon};

ok(eventually(sub { workers_of($t) == 2 }), 'the old ones go');

for my $name (qw/ plain packed /) {
    publish({ chatId => 'c', text => 'x' x 200, sender => 'x' });
    is(answer($name, 'new_message')->{type}, 'new_message',
        "$name goes on");
}

# back where it was, with what was missed

my $tls = ws(user => 'tls', ssl => 1);
my $epoch = ws(user => 'u')->subscribe('c')->{epoch};

$tls->send_json({ action => 'subscribe', chatId => 'c',
    since => { seq => 1, epoch => $epoch } });
is($tls->next()->{recovered}, JSON::PP::true(), 'recovered');
is($tls->next()->{seq}, 2, 'the next one');
$tls->drop();

# worker_shutdown_timeout is not waited longer for

write_conf($t, main => 'worker_shutdown_timeout 1s;');
ok(replaced($t, 2), 'reload, worker_shutdown_timeout');

my $drained = ws(user => 'd', ssl => 1);

write_conf($t, main => 'worker_shutdown_timeout 1s;',
    pattern => 'chatws_chat_pattern x;');

ok(reloaded($t), 'reload, again');
is(($drained->await_close() || {})->{code}, 1012, 'told, not after an hour');

# quit: nobody is there to take them

write_conf($t, drain => '1s');
replaced($t, 2);

my @last = map { ws(user => "q$_") } 1 .. 4;
my ($master) = $t->read_file('nginx.pid') =~ /(\d+)/;

kill 'QUIT', $master;

is(join(' ', map { ($_->await_close() || {})->{code} || 'none' } @last),
    '1012 1012 1012 1012', 'quit');

$_->drop() for @last;

ok(eventually(sub { !-e "$d/nginx.pid" }), 'and it ends');

$t->run();


# The next message of a type, inflated where it has to be.

sub answer {
    my ($name, $type) = @_;

    my $client = $c{$name};

    for ( ;; ) {
        my $message = $client->read_message() or return {};
        my $text = $message->{payload};

        $text = $client->{deflate}->unpack($text) if $message->{rsv};

        my $event = json_of($text) || {};
        return $event if ($event->{type} || '') eq $type;
    }
}


sub write_conf {
    my ($t, %o) = @_;

    my %text = (
        main => '',
        drain => '1h',
        pattern => '',
        second => 'chatws_zone zone=second:1m;',
        removed => <<'EOC',
        location = /removed {
            chatws chat;
        }

        location = /zone {
            chatws second;
        }
EOC
        %o);

    my $locations = <<"EOC";
        location = /context {
            chatws chat;
            chatws_deflate_context_takeover on;
        }

        location = /changed {
            chatws chat;
            $text{pattern}
        }

        $text{removed}
EOC

    (my $soon = $locations) =~
        s!location = (\S+) \{!location = /soon$1 { chatws_drain 1s;!g;

    $t->write_file_expand('nginx.conf', conf(
        main => "worker_processes 2; $text{main}",
        http => <<"EOC",
    $text{second}
    chatws_drain $text{drain};

    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;
    chatws_deflate on;
    chatws_deflate_min_length 64;
EOC
        server => <<"EOC"));
        listen 127.0.0.1:8443 ssl;

        $locations
        $soon

        location = /soon {
            chatws chat;
            chatws_drain 1s;
        }

        location = /status {
            chatws_status chat;
        }
EOC
}
