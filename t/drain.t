#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What a reload can't hand over is served on, and told to come back within
# chatws_drain; quitting, and the limits of both.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/lib"; }

use Test::Chatws;
use Test::Chatws::Deflate;
use Test::Nginx;

use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(38);

my $slow = $ENV{TEST_NGINX_SLOW} || 1;
my $d = $t->testdir();

system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost "
    . "-keyout $d/cert.key -out $d/cert.pem -days 2 > /dev/null 2>&1") == 0
    or die "cannot create a certificate\n";

write_conf($t);
$t->run();

# compressed ones without a context go over, with one they can't; neither can
# TLS, and what belongs to another location or zone than there is now

my %c = (
    plain => ws(user => 'plain'),
    packed => ws(user => 'packed',
        headers => [ 'Sec-WebSocket-Extensions: permessage-deflate' ]),
    context => ws(user => 'context', path => '/context', raw => 1,
        headers => [ 'Sec-WebSocket-Extensions: permessage-deflate' ]),
    tls => ws(user => 'tls', ssl => 1),
    changed => ws(user => 'changed', path => '/changed'),
    removed => ws(user => 'removed', path => '/removed'),
    zone => ws(user => 'zone', path => '/zone'),
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

my $begin = time();

ok(reloaded($t), 'reload');

# messages of the new workers go to all who can be reached

is(publish({ chatId => 'c', text => 'x' x 200, sender => 'x' })
    ->{json}{recipients}, 6, 'published to old and new');

for my $name (grep { $_ ne 'zone' } sort keys %c) {
    is(answer($name, 'new_message')->{seq}, 1, "$name, new_message");
}

$c{tls}->send_json({ type => 'typing', chatId => 'c',
    isTyping => JSON::PP::true() });
is(answer('plain', 'user_typing')->{userId}, 'tls', 'typing of an old one');

for my $name (qw/ context tls changed removed zone /) {
    my $close = $c{$name}->await_close();

    is($close->{code}, 1012, "$name, told");
    like($close->{reason}, qr/reconnect/, "$name, why");

    $c{$name}->drop();
}

cmp_ok(time() - $begin, '<', 2 + 4 * $slow, 'within chatws_drain');

ok(Test::Chatws::until(sub { workers_of($t) == 2 }), 'the old ones go');

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

# worker_shutdown_timeout is not waited longer for

write_conf($t, main => 'worker_shutdown_timeout 1s;',
    http => 'chatws_drain 1h;');
ok(reloaded($t), 'reload, worker_shutdown_timeout');

my $drained = ws(user => 'd', ssl => 1);

write_conf($t, main => 'worker_shutdown_timeout 1s;',
    http => 'chatws_drain 1h;', pattern => 'chatws_chat_pattern x;');

$begin = time();
ok(reloaded($t), 'reload, again');

is(($drained->await_close() || {})->{code}, 1012, 'told in the end');
cmp_ok(time() - $begin, '<', 2 + 4 * $slow, 'not after an hour');

# quit: nobody is there to take them

write_conf($t, http => 'chatws_drain 1s;');
reloaded($t);

my @last = map { ws(user => "q$_") } 1 .. 4;
my ($master) = $t->read_file('nginx.pid') =~ /(\d+)/;

kill 'QUIT', $master;

is(join(' ', map { ($_->await_close() || {})->{code} || 'none' } @last),
    '1012 1012 1012 1012', 'quit');

$_->drop() for @last;

ok(Test::Chatws::until(sub { !-e "$d/nginx.pid" }), 'and it ends');

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
        http => 'chatws_drain 2s;',
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

    $t->write_file_expand('nginx.conf', conf(
        main => "worker_processes 2; $text{main}",
        http => <<"EOC",
    $text{second}
    $text{http}

    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;
    chatws_deflate on;
    chatws_deflate_min_length 64;
EOC
        server => <<"EOC"));
        listen 127.0.0.1:8443 ssl;

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
}
