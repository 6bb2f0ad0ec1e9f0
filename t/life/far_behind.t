#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A worker that was stopped finds more entries than it looks at in one delivery:
# those at the limit are delivered once, as all others.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

# NGX_HTTP_CHATWS_ENTRIES

my $limit = 8192;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(5);

$t->write_file_expand('nginx.conf', conf(zone => 'zone=chat:16m',
    main => 'worker_processes 2;', publish => 'client_max_body_size 2m;',
    endpoint => 'add_header X-Pid $pid always;'));

$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

my $client = ws(user => 'reader', chats => 'read');
my $worker = $client->{headers}{'x-pid'};

ok(halt($worker), 'the worker of the client is stopped');

# a few messages for the client around the limit, and one that begins

my %for_client = map { $_ => 1 } 1, $limit - 2 .. $limit + 2;
my @all = map {
    sprintf '{"chatId":"%s","text":"%d","sender":"s"}',
        $for_client{$_} ? 'read' : 'other', $_
} 1 .. $limit + 2;

my $refused = 0;

while (my @some = splice @all, 0, 1000) {
    my $answer = publish('[' . join(',', @some) . ']');
    $refused++ if !$answer || $answer->{status} != 201;
}

is($refused, 0, 'published');

kill 'CONT', $worker;

is(publish({ chatId => 'read', text => 'end', sender => 's' })->{status}, 201,
    'published when it runs again');

my @texts;

while (my $event = $client->await('new_message')) {
    push @texts, $event->{message}{text};
    last if $texts[-1] eq 'end';
}

is("@texts", join(' ', sort({ $a <=> $b } keys %for_client), 'end'),
    'each once, in order');
