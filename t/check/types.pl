#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The server refuses publications whose type has a meaning already.  Its lists
# of these names agree with what the browser client keeps for itself, with the
# events that the client's types declare, and with what the documents say.

use warnings;
use strict;

use FindBin;

chdir "$FindBin::Bin/../.." or die "cannot enter the tree: $!\n";

my $source = 'src/protocol/chatws_type.c';
my $client = 'conf/client/chatws.js';
my $declared = 'conf/client/chatws.d.ts';
my $people = 'conf/client/chatws-people.d.ts';

my @faults;

sub text_of {
    my ($path) = @_;

    open my $fh, '<', $path or die "cannot read $path: $!\n";
    local $/;
    return scalar <$fh>;
}

my ($docs) = grep { text_of($_) =~ /^- Any other name of /m }
    'README.md', glob 'docs/*.md';

# The names in a piece of a file that the expression finds.

sub names {
    my ($path, $piece, $name) = @_;

    my ($text) = text_of($path) =~ $piece;
    my @names = defined $text ? $text =~ /$name/g : ();

    push @faults, "$path: no names found" if !@names;

    return map { $_ => 1 } @names;
}

sub same {
    my ($path, $want, $got) = @_;

    push @faults, map { "$path: $_ is missing" }
        grep { !$got->{$_} } sort keys %$want;
    push @faults, map { "$path: $_ is not in $source" }
        grep { !$want->{$_} } sort keys %$got;
}

my $string = qr/chatws_str\("(\w+)"\)/;

my %server = names($source, qr/chatws_type_server\[\] = \{(.*?)\n\}/s,
    $string);
my %own = names($source, qr/chatws_type_client\[\] = \{(.*?)\n\}/s, $string);
my %all = (%server, %own);

my %client = names($client, qr/const own = \[(.*?)\]/s, qr/'(\w+)'/);

same($client, \%own, \%client);

my %events = (
    names($declared, qr/interface OwnEvents \{(.*?)\n\}/s,
        qr/^    (\w+)\??:/m),
    names($declared, qr/(.*)/s, qr/^    type: '(\w+)';/m),
    names($people, qr/(.*)/s, qr/^    type: '(\w+)';/m),
);

push @faults, map { "$declared: $_ is not in $source" }
    grep { !$all{$_} } sort keys %events;

my %told = names($docs || 'README.md', qr/^- Any other name of (.*?)(?=^\S)/ms,
    qr/`([a-z_]{2,})`/);

delete $told{timestamp};

same($docs || 'README.md', \%all, \%told);

print "$_\n" for @faults;

exit(@faults ? 1 : 0);
