#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Many publishers at once, on connections that are kept, half of them without
# waiting for answers: each request is answered, in order; what was answered by
# 201 is delivered once and in the order of the numbers, and nothing else is.
# So it is while a worker stands still, and some are refused by 503.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $publishers = 40;
my $messages = 40;
my $chats = 4;
my $subscribers = 6;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(14);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    zone => 'zone=chat:8m',
    http => 'chatws_zone zone=small:128k; chatws_send_buffer 8m;'
        . 'keepalive_timeout 1h; add_header X-Pid $pid always;',
    server => <<'EOC'))->run();

        location = /small/ws {
            chatws small;
        }

        location = /small/messages {
            chatws_publish small;
        }
EOC

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

is(flood('all run', '/api/ws', '/api/messages', 0), 0,
    'all run, none is refused');
cmp_ok(flood('one stands', '/small/ws', '/small/messages', 1), '>', 0,
    'one stands, some are refused');

is(publish({ chatId => 'c0', text => 'after', sender => 'x' })->{status},
    201, 'afterwards');


# How many were refused; checks all else.

sub flood {
    my ($name, $path, $uri, $stop) = @_;

    my @readers = map {
        ws(user => "r$_", path => $path, chats => [ map { "c$_" }
            0 .. $chats - 1 ])
    } 1 .. $subscribers;

    my @writers;
    my %workers;

    ok(eventually(sub {
        my $writer = { id => scalar @writers, sent => 1, out => '',
            client => Test::Chatws::Client->dial() };

        $writer->{client}->send_raw(message($uri, $writer->{id}, 1));
        $writer->{answers} = [ $writer->{client}->read_answer() || return 0 ];

        push @writers, $writer;
        $workers{$writer->{answers}[0]{headers}{'x-pid'}}++;

        return @writers >= $publishers && keys %workers == 2;
    }), "$name, publishers in both workers");

    my $victim = $stop ? $readers[0]{headers}{'x-pid'} : 0;

    halt($victim) if $victim;

    # every other one sends all at once, in pieces that end anywhere

    for my $writer (grep { $_->{id} % 2 } @writers) {
        $writer->{out} = join '', map { message($uri, $writer->{id}, $_) }
            2 .. $messages;
        $writer->{sent} = $messages;
    }

    ok(eventually(sub {
        for my $writer (@writers) {
            $writer->{client}->send_raw(substr $writer->{out}, 0, 777, '')
                if length $writer->{out};
        }

        read_readers(@readers);
        read_writers($uri, @writers);

        if ($victim && grep { $_->{refused} } @writers) {
            kill 'CONT', $victim;
            $victim = 0;
        }

        return !grep { @{$_->{answers}} < $messages } @writers;
    }), "$name, all answers");

    kill 'CONT', $victim if $victim;

    # the last ones, behind which there is nothing more

    for my $chat (0 .. $chats - 1) {
        eventually(sub {
            publish({ chatId => "c$chat", text => 'end', sender => 'x' },
                uri => $uri)->{status} == 201;
        });
    }

    eventually(sub {
        read_readers(@readers);
        !grep { $_->{ends} < $chats && !$_->{closed} && !$_->{eof} }
            @readers;
    });

    my ($wanted, $refused, @wrong) = wanted(@writers);

    is(join('; ', @wrong), '', "$name, the answers, in order");
    is(scalar(grep { !defined } map { @$_ } @$wanted), 0,
        "$name, no number is left out");

    # whoever was in a worker that stood still for too long was told so

    is(scalar(grep { !complete($_, $wanted) } @readers), 0,
        "$name, each got all, once and in order");

    $_->drop() for @readers, map { $_->{client} } @writers;

    return $refused;
}


# The texts of each chat by their numbers, how many were refused, and what is
# wrong with the answers.

sub wanted {
    my (@writers) = @_;

    my ($refused, @wanted, @wrong) = (0);

    for my $writer (@writers) {
        my $chat = $writer->{id} % $chats;
        my ($k, $last) = (0, 0);

        for my $answer (@{$writer->{answers}}) {
            my $text = "$writer->{id}/" . ++$k;
            my $json = $answer->{json} || {};

            if ($answer->{status} == 503) {
                push @wrong, "$text: no Retry-After"
                    if !$answer->{headers}{'retry-after'};
                $refused++;
                next;
            }

            if ($answer->{status} != 201 || $json->{text} ne $text
                || $json->{seq} <= $last
                || defined $wanted[$chat][$json->{seq} - 1])
            {
                push @wrong, "$text: $answer->{status} $answer->{body}";
                next;
            }

            $last = $json->{seq};
            $wanted[$chat][$last - 1] = $text;
        }
    }

    return (\@wanted, $refused, @wrong);
}


sub complete {
    my ($reader, $wanted) = @_;

    my $told = $reader->{closed} && $reader->{closed}{code} == 1013;

    for my $chat (0 .. $chats - 1) {
        my @got = @{$reader->{got}{"c$chat"} || []};
        my @want = @{$wanted->[$chat] || []};

        $#want = $#got if $told && @got < @want;

        return 0 if "@got" ne "@want";
    }

    return $told || !$reader->{eof};
}


sub message {
    my ($uri, $id, $k) = @_;

    my $body = '{"chatId":"c' . $id % $chats . "\",\"text\":\"$id/$k\","
        . '"sender":"s","filler":"' . 'x' x ($k * 97 % 400) . '"}';

    return "POST $uri HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Type: application/json\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}


sub read_readers {
    for my $reader (@_) {
        $reader->{ends} ||= 0;
        $reader->fill(0);

        while (my $message = $reader->parse_message()) {
            my ($chat, $text) = $message->{payload}
                =~ /^\{"type":"new_message","chatId":"(\w+)".*?"text":"(.*?)"/;

            if ($text eq 'end') {
                $reader->{ends}++;

            } else {
                push @{$reader->{got}{$chat}}, $text;
            }
        }
    }
}


# Whoever waits for an answer sends the next message when it is there.

sub read_writers {
    my ($uri, @writers) = @_;

    for my $writer (@writers) {
        my $client = $writer->{client};

        $client->fill(0);

        while ($client->{in} =~ /\A(.*?\r\n)\r\n/s) {
            my $size = $+[0];
            my ($length) = $1 =~ /^Content-Length: (\d+)/m;

            last if length $client->{in} < $size + $length;

            my $answer = $client->read_answer();

            push @{$writer->{answers}}, $answer;
            $writer->{refused} = 1 if $answer->{status} == 503;
        }

        next if $writer->{sent} == $messages
            || $writer->{sent} > @{$writer->{answers}};

        $client->send_raw(message($uri, $writer->{id}, ++$writer->{sent}));
    }
}
