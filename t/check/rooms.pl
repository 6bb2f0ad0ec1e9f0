#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The rooms of the house.  A folder of src is a room; what a room may include
# is in the table below, and the order of the table is the order of the rooms:
# nobody includes or calls upward.  Files say by their names whether they are
# pure C (chatws_*) or know nginx (ngx_http_chatws_*).

use warnings;
use strict;

use FindBin;

chdir "$FindBin::Bin/../.." or die "cannot enter the tree: $!\n";

# room, which of the rooms above it may include, and whether it is pure

my @rooms = (
    [ base => 'pure' ],
    [ json => 'pure', qw/ base / ],
    [ websocket => 'pure', qw/ base / ],
    [ token => 'pure', qw/ base json / ],
    [ http => 'pure', qw/ base / ],
    [ protocol => 'pure', qw/ base json / ],
    [ store => 'pure', qw/ base websocket / ],
    [ process => 'nginx', qw/ base websocket http store / ],
    [ hub => 'nginx', qw/ base json websocket protocol store process / ],
    [ session => 'nginx', qw/ base websocket process / ],
    [ client => 'nginx',
      qw/ base json websocket token protocol store process hub session / ],
    [ endpoint => 'nginx',
      qw/ base json websocket token protocol store process hub session
          client / ],
);

# The engine is what another module than ours, the echo of the tests, is built
# of.  It takes nothing from the chat: the folders and files below.

my $engine = 't/echo/config';
my @engine_rooms = qw/ base websocket process session /;

# what one room alone may include, of what is not ours

my %only = (
    yajl => qr/^json$/,
    zlib => qr/^(?:websocket|session|endpoint)$/,
    openssl => qr/^token$/,
    ngx_http => qr/^(?:hub|session|client|endpoint)$/,
);

my (%pure, %may, @faults);

for my $room (@rooms) {
    my ($name, $kind, @below) = @$room;

    $pure{$name} = $kind eq 'pure';
    $may{$name} = { map { $_ => 1 } $name, @below };
}

my %order = map { $rooms[$_][0] => $_ } 0 .. $#rooms;

for my $room (@rooms) {
    my ($name, undef, @below) = @$room;

    push @faults, "rooms.pl: $name is not above $_"
        for grep { $order{$_} >= $order{$name} } @below;
}

my @files = sort glob 'src/*/*.[ch]';

push @faults, map { "$_: is in no room" } glob 'src/*.*';
push @faults, map { m{^src/(\w+)$} && $may{$1} ? () : "$_: an unknown room" }
    grep { -d } glob 'src/*';

my (%room, %defined, %calls);

for my $path (@files) {
    my ($room, $name) = $path =~ m{^src/(\w+)/(\S+)$};

    next unless $may{$room};

    open my $fh, '<', $path or die "cannot read $path: $!\n";
    my $text = join '', <$fh>;
    close $fh;

    push @faults, "$path: a file of that name is in $room{$name} as well"
        if $room{$name};

    $room{$name} = $room;

    push @faults, "$path: its name is not one of a room that is "
        . ($pure{$room} ? 'pure' : 'of nginx')
        if $pure{$room} != ($name =~ /^chatws_/);

    for my $included ($text =~ /^\h*#\h*include\h*"(.*?)"/mg) {
        my ($from) = $included =~ m{^(\w+)/};

        if (!defined $from) {
            push @faults, "$path: includes $included without its room";

        } elsif (!-e "src/$included") {
            push @faults, "$path: includes $included, which does not exist";

        } elsif (!$may{$room}{$from}) {
            push @faults, "$path: includes $included of a room above";
        }

        push @faults, "$path: includes the private $included"
            if $included =~ /_private\.h$/ && $from ne $room;
    }

    for my $included ($text =~ /^\h*#\h*include\h*<(.*?)>/mg) {
        push @faults, "$path: pure, but includes $included"
            if $pure{$room} && $included =~ /^ngx_/;

        for my $other (sort keys %only) {
            push @faults, "$path: includes $included, as only others may"
                if $included =~ /^$other\b/ && $room !~ $only{$other};
        }
    }

    $text =~ s{/\*.*?\*/}{}gs;
    $text =~ s/"(?:[^"\\\n]|\\.)*"//g;

    # what is in the hub concerns the hub alone

    push @faults, "$path: reaches into the hub: $1"
        if $room ne 'hub' && $text =~ /\b(hub->\w+)/;

    # functions that are defined here, and those that are called

    my %static = map { $_ => 1 }
        $text =~ /^static[^;{}]*?\b(\w+)\([^;{}]*?\)(?:;|\n\{)/mg;

    for my $function ($text =~ /^(\w+)\([^;{}]*\)\n\{/mg) {
        $defined{$function} = $room unless $static{$function};
    }

    $calls{$path} = { map { $_ => 1 }
                      $text =~ /\b((?:ngx_http_)?chatws_\w+)\(/g };
    delete @{$calls{$path}}{keys %static};
}

for my $path (sort keys %calls) {
    my ($room) = $path =~ m{^src/(\w+)/};

    for my $function (sort keys %{$calls{$path}}) {
        my $other = $defined{$function};

        push @faults, "$path: calls $function() of $other, a room above"
            if defined $other && !$may{$room}{$other};
    }
}

# the files that config names, and all that these include

sub engine_files {
    open my $fh, '<', $engine or die "cannot read $engine: $!\n";
    local $/;

    return map { glob "src/$_" } <$fh> =~ m{\$chatws_src/([\w/*]+\.c)}g;
}

my @engine = engine_files();
my %named = map { s/\.c$//r => 1 } @engine;
my %seen;

while (defined(my $path = shift @engine)) {
    next if $seen{$path}++;

    my ($room) = $path =~ m{^src/(\w+)/};

    push @faults, "$path: the engine takes it from the chat"
        unless (grep { $_ eq $room } @engine_rooms)
            || $named{$path =~ s/\.[ch]$//r};

    open my $fh, '<', $path or next;
    push @engine, map { /^#include "(.*?)"/ ? "src/$1" : () } <$fh>;
}

push @faults, "$engine: no files were found" if keys %seen < 20;
push @faults, 'no files were found' if @files < 50;
push @faults, 'no functions were found' if keys %defined < 100;
push @faults, "no room $_->[0]" for grep { !-d "src/$_->[0]" } @rooms;

print "$_\n" for @faults;

exit(@faults ? 1 : 0);
