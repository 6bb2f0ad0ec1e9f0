package Test::Chatws::Presence;

# Copyright (C) chatws contributors
#
# For the tests of presence: who is there, as clients were told.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/ follow says left seen word_of people_conf /;

use JSON::PP;
use Test::Chatws;


# Settings of the level http for a zone that knows who is there.

sub people_conf {
    my ($presence, $zone) = @_;

    $zone ||= 'chat';

    return "chatws_users zone=$zone; chatws_presence zone=$zone $presence;";
}


# The client subscribes to a chat, and is told of its state from then on.
# Returns the whole state.

sub follow {
    my ($client, $chat) = @_;

    $client->send_json({ action => 'subscribe', chatId => $chat,
        state => JSON::PP::true() });

    return $client->await('chat_state');
}


sub says {
    my ($client, $state) = @_;

    return $client->send_json({ action => 'presence', state => $state });
}


# The client has left, and the server knows it.

sub left {
    my (@clients) = @_;

    $_->send_close(1000) for @clients;

    for my $client (@clients) {
        $client->await_close();
        $client->drop();
    }

    return 1;
}


# What a client was told of the presence of others, up to that it was told each
# of these words, as a text such as "+a -b".  The last frame is kept in the
# member frame.  That its own user is there is known from the whole state or
# from a change.

sub seen {
    my ($client, @wanted) = @_;

    my @words;
    my %wanted = map { $_ => 1 } @wanted;
    my $self = $client->{connected}{userId};

    while (%wanted) {
        my $event = $client->next() or last;

        next unless $event->{type} eq 'presence';

        $client->{frame} = $event;
        push @words, grep { $_ ne "+$self" } word_of($event);
        delete @wanted{@words};
    }

    return join ' ', @words;
}


# The words of a notification: online is +, away is ~, offline is -, left is <.

sub word_of {
    my ($event) = @_;

    return (
        ($event->{reset} ? '!' : ()),
        (map { "+$_" } sort @{$event->{online} || []}),
        (map { "~$_" } sort @{$event->{away} || []}),
        (map { "-$_" } sort keys %{$event->{offline} || {}}),
        (map { "<$_" } sort @{$event->{left} || []}),
    );
}


1;
