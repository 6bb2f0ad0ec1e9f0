#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A list of chats that is larger than what may wait in front of states: these
# come when it has left, even if it left before nginx had told of any event.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use constant N => 100;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(5);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_unread zone=chat;
        limit_conn_zone $server_name zone=conn:1m;',
    endpoint => 'chatws_send_buffer 4k;',
    server => <<'EOC'))->run();

        location = /held {
            chatws chat;
            chatws_send_buffer 4k;
            limit_conn conn 100;
        }

        location = /commands {
            chatws_api chat write=on;
        }
EOC

my @chats = map { sprintf 'chat_%03d', $_ } 1 .. N;
my $answer = publish([ map { { command => 'members', chatId => $_,
    add => [ 'ann' ] } } @chats ], uri => '/commands');

is($answer->{status}, 200, 'a member of many chats');

is(states('live', '/api/ws'), "@chats", 'live');
is(states('live', '/held'), "@chats", 'live, and nginx keeps the request');
is(states('resume', '/api/ws'), "@chats", 'resumed');
is(states('resume', '/held'), "@chats", 'resumed, and nginx keeps the request');


# The chats of whose state a new connection is told.

sub states {
    my ($mode, $path) = @_;

    my %told;
    my $client = ws(path => $path, args => "userId=ann&chats=$mode&state=1");

    if ($mode eq 'resume') {
        $client->send_json({ action => 'resume', chats => {},
            epoch => $client->{connected}{epoch} });
    }

    while (keys %told < N) {
        my $event = $client->next() or last;
        $told{$event->{chatId}} = 1 if $event->{type} eq 'chat_state';
    }

    $client->drop();

    return join ' ', sort keys %told;
}
