#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# 1,000 connections in 100 chats: every delivery is checked.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $connections = 1000;
my $chats = 100;
my $messages = 3;

plan(skip_all => 'too few files may be open') unless many_files(4096);

my $t = Test::Nginx->new()->has(qw/ http /)->plan(8);

$t->write_file_expand('nginx.conf', conf(connections => 2048,
    main => 'worker_processes 2;', zone => 'zone=chat:8m'))->run();

my @clients = map {
    ws(user => "u$_", raw => 1)
} 0 .. $connections - 1;

is(scalar(grep { $_->{status} == 101 } @clients), $connections,
    'connections');

is(scalar(grep { ($_->next() || { type => '' })->{type} eq 'connected' }
    @clients), $connections, 'connected');

# each is in two chats: its own ten share one, and one of the others

for my $n (0 .. $#clients) {
    for my $chat (chats_of($n)) {
        $clients[$n]->send_json({ action => 'subscribe',
            chatId => "chat_$chat" });
    }
}

is(scalar(grep { @$_ == 2 } gather(\@clients, 2)), $connections,
    'subscribed');

# publishing by one of the subscribers of each chat, in turn

my ($recipients, $created) = (0, 0);

for my $m (1 .. $messages) {
    for my $chat (0 .. $chats - 1) {
        my $answer = publish({ chatId => "chat_$chat",
            text => "$chat/$m", sender => "u$chat" });

        $created++ if $answer->{status} == 201;
        $recipients += $answer->{json}{recipients} || 0;
    }
}

is($created, $chats * $messages, 'published');

my %expected;
my $total = 0;

for my $n (0 .. $#clients) {
    for my $chat (chats_of($n)) {
        next if $n == $chat;

        push @{$expected{$n}{$chat}}, map { "$chat/$_" } 1 .. $messages;
        $total += $messages;
    }
}

is($recipients, $total, 'recipients');

# a chat's order is kept; between chats there is none to keep

my ($missing, $wrong) = (0, 0);

for my $n (0 .. $#clients) {
    my $want = 0;
    $want += @$_ for values %{$expected{$n} || {}};

    my ($list) = gather([ $clients[$n] ], $want);
    my %got;

    $missing += $want - @$list;

    for my $text (@$list) {
        my $event = json_of($text);
        my ($chat) = $event->{chatId} =~ /(\d+)/;
        push @{$got{$chat}}, $event->{message}{text};
    }

    for my $chat (keys %{$expected{$n} || {}}) {
        $wrong++ if "@{$expected{$n}{$chat}}" ne "@{$got{$chat} || []}";
    }
}

is($missing, 0, 'none is missing');
is($wrong, 0, 'each chat in order, none twice');

# nothing came that should not: the next message is the next message

my $extra = 0;

for my $chat (0 .. $chats - 1) {
    publish({ chatId => "chat_$chat", text => 'end', sender => 'x' });
}

for my $list (gather(\@clients, 2)) {
    $extra += grep { json_of($_)->{message}{text} ne 'end' } @$list;
}

is($extra, 0, 'nothing besides');


sub chats_of {
    my ($n) = @_;

    my $first = $n % $chats;

    return ($first, ($first + 1 + int($n / $chats)) % $chats);
}
