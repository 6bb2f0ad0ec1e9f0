package Test::Chatws::Typing;

# Copyright (C) chatws contributors
#
# For the tests of typing: what a client says, and what others were told, up to
# a moment that all of them know.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/ ws_in types settled told /;

use JSON::PP;
use Test::Chatws;


# A connection in this worker: the others are stopped while it is made.  The
# location tells the worker in X-Pid.

sub ws_in {
    my ($t, $pid, %o) = @_;

    my @others = grep { $_ != $pid } workers_of($t);

    halt($_) for @others;

    # what it subscribes to needs the lock, which another one may have

    my $client = ws(%o, chats => []);

    kill 'CONT', @others;

    die "the connection is in another worker\n"
        if $client->{headers}{'x-pid'} != $pid;

    $client->subscribe($_) for ref $o{chats} ? @{$o{chats}} : $o{chats} || ();

    return $client;
}


# The client types in a chat, or has ended.

sub types {
    my ($client, $chat, $on) = @_;

    return $client->send_json({ type => 'typing', chatId => $chat,
        isTyping => $on ? JSON::PP::true() : JSON::PP::false() });
}


# All that the client has said was carried out.  What it was told is left out.

my $asked = 0;

sub settled {
    my ($client) = @_;

    my $id = ++$asked;

    $client->send_json({ action => 'unsubscribe', chatId => 'nowhere',
        id => $id });

    while (my $event = $client->next()) {
        return 1 if ($event->{id} || 0) eq $id;
    }

    return 0;
}


# What each of the readers was told until now, of typing and messages in a
# chat: a text for each, such as "+a -b list=c,d/3 message".  The marker is a
# client in the chat, whose user types nothing else; what it says lies in the
# zone behind all that was told before.

sub told {
    my ($marker, $chat, @readers) = @_;

    my $name = $marker->{connected}{userId};
    my %text = map { $_ => [] } 0 .. $#readers;

    for my $on (1, 0) {
        types($marker, $chat, $on);

        for my $n (0 .. $#readers) {
            while (my $event = $readers[$n]->next()) {
                my $word = word($event);

                last if $word eq ($on ? '+' : '-') . $name;

                push @{$text{$n}}, $word;
            }
        }
    }

    my @all = map { join ' ', @{$text{$_}} } 0 .. $#readers;

    return wantarray ? @all : $all[0];
}


sub word {
    my ($event) = @_;

    my $type = $event->{type};

    return ($event->{isTyping} ? '+' : '-') . $event->{userId}
        if $type eq 'user_typing';

    return 'list=' . join(',', map { $_->{userId} } @{$event->{users}})
        . '/' . $event->{count} if $type eq 'typing_users';

    return $type;
}


1;
