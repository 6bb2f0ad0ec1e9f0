#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Bytes that move are a sign of life: clients that read, or send, slowly are
# neither pinged to death nor shed for what is small beside one large message.
# The pings that another client gets tell the time.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Conformance;
use Test::Chatws::Peer;
use Test::Nginx;

use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl /)
    ->has_daemon('openssl')->plan(18);

my $ws = '';

$ws .= "location = /$_->[0] { chatws chat; $_->[1] }\n" for
    [ first => 'chatws_ping_interval 100ms; chatws_ping_timeout 10m;' ],
    [ paced => 'chatws_ping_interval 200ms; chatws_ping_timeout 3s;' ],
    [ still => 'chatws_ping_interval 200ms; chatws_ping_timeout 300ms;' ],
    [ small => 'chatws_send_buffer 16k;' ],
    [ middle => 'chatws_send_buffer 64k;' ];

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:32m',
    events => 'epoll_events 1;', http => <<"EOC"));

    client_max_body_size 4m;
    client_body_buffer_size 4m;
    chatws_max_message_size 4m;
    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;

    server {
        listen 127.0.0.1:8443 ssl sndbuf=32k;
        listen 127.0.0.1:8081 sndbuf=32k;
        server_name localhost;

        $ws
    }
EOC

certificate($t);

$t->run();

my $clock = peer(port => 8081, path => '/first', args => 'userId=clock');

my @kinds = ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => 1 ]);

# reads nothing while its ping is due, and small messages come

for my $kind (@kinds) {
    my ($name, %o) = @$kind;
    my $peer = listener(%o, path => '/first');

    publish_text('c', 'x' x 1_000_000);
    tick() for 1 .. 5;
    publish_text('c', "small $_") for 1 .. 10;

    my @texts = texts($peer, 11);

    is(scalar(@texts), 11, "$name, a large message, and small ones behind it");
    cmp_ok(length $texts[0], '>', 1_000_000, "$name, the large one is whole");

    # one that finds others before it

    publish_text('c', 'y' x 40_000) for 1 .. 3;
    publish_text('c', 'z' x 1_000_000);

    @texts = texts($peer, 4);

    is(scalar(@texts), 4, "$name, a large message behind others");
    $peer->drop();
}

# what is small takes part in the limit all the same

my $shed = listener(port => 8081, path => '/middle');

publish_text('c', 'x' x 300_000);
publish_text('c', 'y' x 8_000) for 1 .. 20;

is(join(' ', map { /^(\w+ 1013|text)/ } $shed->talk([], 'close')),
    'text close 1013', 'no more than the limit besides it');
$shed->drop();

# reads a piece at each tick, or sends one, and answers pings when it sees them

my @slow = map { [ $_->[0], listener(@$_[1 .. $#$_], path => '/paced') ] }
    @kinds;
my $sender = peer(port => 8081, path => '/paced', args => 'userId=sender');

$sender->talk([], 1);

my $upload = text('{"action":"subscribe","chatId":"up","pad":"'
    . 'x' x 400_000 . '"}');

publish_text('c', 'x' x 400_000);

my $start = time();
my $until = $start + 6 * deadline();

while (time() < $until) {
    tick();

    $sender->send_raw(substr $upload, 0, 10_000, '')
        if length $upload > 10_000;
    sip($_->[1]) for @slow;

    last if time() - $start > 3.3 && !grep { !$_->[1]{texts} } @slow;
}

for my $peer (@slow) {
    is($peer->[1]{texts}, 1, "$peer->[0], read slowly");
}

$sender->send_raw($upload . pong(''));
ok(eventually(sub {
    $sender->hear();

    while (defined(my $told = shift @{$sender->{told}})) {
        return 1 if $told =~ /^text/;
    }

    return 0;
}), 'sent slowly');

# all of them are asked again for signs of life, and do not answer

for my $peer (@slow, [ 'sender', $sender ]) {
    is(join(' ', grep { !/^text/ } $peer->[1]->talk([], 'close')),
        'ping  close 1008', "$peer->[0], asked again");
    $peer->[1]->drop();
}

# output that does not move is none

my $deaf = listener(port => 8081, path => '/still');

publish_text('c', 'x' x 1_000_000);
ok(eventually(sub { tick(); publish_text('c', '') == 0 }),
    'one that reads nothing at all');
$deaf->drop();

# answers that wait in the worker's socket while it does not run are not late

my ($worker) = workers_of($t);
my @many = map { peer(port => 8081, path => '/paced', args => "userId=m$_") }
    1 .. 8;

$_->talk([], 2) for @many;

halt($worker);
$_->hear() for @many;
@many = grep { !grep { /^close/ } @{$_->{told}} } @many;

cmp_ok(scalar @many, '>', 0, 'asked, and not too late to answer');

$_->send_raw(pong('')) for @many;
select undef, undef, undef, 3.3;
kill 'CONT', $worker;

is(scalar(grep { join(' ', $_->talk(
    [ text('{"action":"unsubscribe","chatId":"c"}') ], 1)) =~ /^text/ }
    @many), @many, 'after a stall of the worker');
$_->drop() for @many;

# many answers at once, to one that does not read yet

for my $kind (@kinds) {
    my ($name, %o) = @$kind;
    my $peer = peer(%o, path => '/small', args => 'userId=n',
        window => 16384);

    $peer->send_raw(join '', map {
        text("{\"action\":\"subscribe\",\"chatId\":\"chat_$_\"}")
    } 1 .. 1000);

    tick() for 1 .. 3;

    is(scalar(grep { /^text/ } $peer->talk([], 1001)), 1001,
        "$name, answers to a thousand messages");
    $peer->drop();
}

$clock->drop();
$t->stop();


# One that is subscribed, and reads no more.

sub listener {
    my $peer = peer(args => 'userId=slow', window => 16384, @_);

    $peer->talk([ text('{"action":"subscribe","chatId":"c"}') ], 2);

    return $peer;
}


# Recipients.  The answer has the text in it, and who decodes it is silent.

sub publish_text {
    my ($chat, $text) = @_;

    my $answer = publish(qq({"chatId":"$chat","sender":"s","text":"$text"}),
        undecoded => 1);

    return $answer->{body} =~ /"recipients":(\d+)/ ? $1 : undef;
}


# The next ping of the clock.

sub tick {
    $clock->talk([ pong('') ], 1);
}


# Reads a piece, and answers its pings until the message is there.

sub sip {
    my ($peer) = @_;

    sysread $peer->{socket}, $peer->{in}, 16384, length $peer->{in};
    $peer->parse_told();

    return if $peer->{texts};

    my @told = splice @{$peer->{told}};

    $peer->{texts} = grep { /^text/ } @told;
    $peer->send_raw(pong('')) for grep { /^ping/ } @told;
    push @{$peer->{told}}, grep { !/^(?:text|ping)/ } @told;
}


# The next n messages, up to a close, with all pings answered at once.

sub texts {
    my ($peer, $n) = @_;

    my @texts;

    do {
        while (defined(my $frame = $peer->parse_frame())) {
            $peer->send_raw(pong('')) if $frame->{opcode} == 9;
            push @texts, $frame->{payload} if $frame->{opcode} == 1;
            return @texts if $frame->{opcode} == 8;
        }
    } while (@texts < $n && $peer->fill(deadline()));

    return @texts;
}
