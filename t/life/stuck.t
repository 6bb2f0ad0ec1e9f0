#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A worker that hangs stops the others neither for long nor silently.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(13);

my $pid = 'add_header X-Pid $pid always;';

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:256k',
    main => 'worker_processes 2;', endpoint => $pid, publish => $pid,
    http => 'keepalive_requests 1000000;'))->run();

ok(eventually(sub { workers_of($t) == 2 }), 'two workers');

# connections in both workers, and a publisher in each

my (%clients, %publishers);

ok(eventually(sub {
    my $ws = ws(user => 'u', chats => 'chat_1');
    push @{$clients{$ws->{headers}{'x-pid'}}}, $ws;

    my $publisher = Test::Chatws::Client->dial();
    my $answer = post($publisher, 'to nobody', 'none');
    $publishers{$answer->{headers}{'x-pid'}} = $publisher;

    keys %clients == 2 && keys %publishers == 2;
}), 'connections in both');

my ($stuck, $free) = sort { $a <=> $b } keys %clients;
my $publisher = $publishers{$free};

halt($stuck);

# what is accepted goes out at once where no worker hangs

my (@accepted, $refused, $retry, $later);

ok(eventually(sub {
    my $text = 'm' . (@accepted + 1) . ' ' . 'x' x 2000;
    my $answer = post($publisher, $text) or die "no answer\n";

    if ($answer->{status} == 201) {
        push @accepted, $text;
        $later++ if $refused;

    } else {
        $refused++;
        $retry = $answer->{headers}{'retry-after'};
    }

    ($later || 0) >= 10;
}), 'publishing goes on in the end');

ok($refused, 'it was refused for a while: ' . ($refused || 0) . ' times');
like($retry, qr/^\d+$/, 'Retry-After');
cmp_ok(scalar @accepted, '>', 20, 'accepted: ' . @accepted);

my @texts = map { $_->{message}{text} }
    map { $clients{$free}[0]->await('new_message') } @accepted;

is("@texts", "@accepted", 'the accepted ones, and only they, are delivered');

# it wakes up: nobody there misses anything without being told

kill 'CONT', $stuck;

my ($silent, $told) = (0, 0);

for my $client (@{$clients{$stuck}}) {
    my @got;

    while (my $event = $client->next()) {
        push @got, $event->{message}{text};
        last if @got == @accepted;
    }

    my $from = join ' ', @accepted[0 .. $#got];

    if ($client->{closed}) {
        $told++;
        $silent++ unless $client->{closed}{code} =~ /^(?:1012|1013)$/
            && $client->{closed}{reason} =~ /reconnect/;
        $silent++ if "@got" ne $from;

    } elsif ("@got" ne "@accepted") {
        $silent++;
    }
}

is($silent, 0, "no silent hole, $told told to come back");

# and it serves again

my $again;

ok(eventually(sub {
    $again = ws(user => 'again', chats => 'chat_1');
    $again->{headers}{'x-pid'} == $stuck;
}), 'it takes connections again');

my $answer = post($publishers{$stuck}, 'again');
is($answer->{status}, 201, 'publishing there');
is($again->await('new_message')->{message}{text}, 'again', 'delivered there');
is($clients{$free}[0]->await('new_message')->{message}{text}, 'again',
    'delivered elsewhere');

like($t->read_file('error.log'), qr/\[warn\].*chatws.*worker/i,
    'the log says so');


# On a connection that stays, so that it stays with its worker.

sub post {
    my ($client, $text, $chat) = @_;

    my $body = JSON::PP->new->encode({ chatId => $chat || 'chat_1',
        text => $text, sender => 's' });

    $client->send_raw("POST /api/messages HTTP/1.1\r\nHost: x\r\n"
        . "Content-Type: application/json\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body");

    return $client->read_answer();
}
