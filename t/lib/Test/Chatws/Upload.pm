package Test::Chatws::Upload;

# Copyright (C) chatws contributors
#
# Uploads, piece by piece, and what WebSocket connections are told of them.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/ upload told_until told_last states /;

use Test::Chatws;
use Test::Chatws::Client;
use Time::HiRes qw/ time /;


# Begins an upload: sends its head, and what there is of its body.  Returns the
# connection.  Options: method, headers, length (missing: in chunks), body.

sub upload {
    my ($uri, %o) = @_;

    my $client = Test::Chatws::Client->dial();

    $client->send_raw(join("\r\n", ($o{method} || 'POST') . " $uri HTTP/1.1",
        'Host: localhost', 'Connection: close',
        defined $o{length} ? "Content-Length: $o{length}"
                           : 'Transfer-Encoding: chunked',
        @{$o{headers} || []}, '', '')
        . (defined $o{body} ? $o{body} : ''));

    return $client;
}


# Returns what a connection is told of uploads, up to the first one with these
# members.

sub told_until {
    my ($ws, %want) = @_;

    my @told;

    for ( ;; ) {
        my $event = $ws->await('upload_progress') or return @told;

        push @told, $event;

        return @told
            if !grep { !defined $event->{$_} || $event->{$_} ne $want{$_} }
                keys %want;
    }
}


# The last one of these.

sub told_last {
    return (told_until(@_))[-1];
}


# What was told, without repetitions: words like "uploading 12/40" or "failed
# 40/- 502".

sub states {
    my @words = map {
        join ' ', $_->{state},
            "$_->{received}/" . (defined $_->{total} ? $_->{total} : '-'),
            defined $_->{status} ? $_->{status} : ()
    } @_;

    return join ', ',
        map { $words[$_] }
        grep { $_ == 0 || $words[$_] ne $words[$_ - 1] } 0 .. $#words;
}


1;
