#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A file states its floor in its head, and includes nothing of a higher one.
# Floors 0 and 1 are pure: named chatws_*, without any header of nginx; the
# others are named ngx_http_chatws_*.  HTTP begins on floor 4.

use warnings;
use strict;

use FindBin;

chdir "$FindBin::Bin/../.." or die "cannot enter the tree: $!\n";

my (%floor, %includes, @faults);
my @files = (sort(glob 'src/*.[ch]'), 'ngx_http_chatws_module.c');

for my $path (@files) {
    open my $fh, '<', $path or die "cannot read $path: $!\n";
    my $text = join '', <$fh>;
    close $fh;

    my ($head) = $text =~ m{\A\s*(/\*.*?\*/)}s;
    my ($name) = $path =~ m{([^/]+)\z};

    $head = '' unless defined $head;
    $head =~ s/\n \*\s*/ /g;

    $includes{$name} = [ $text =~ /^\h*#\h*include\h*[<"](.*?)[>"]/mg ];

    if ($head !~ /\bfloor ([0-6])\b/i) {
        push @faults, "$path: the comment at the top states no floor";
        next;
    }

    $floor{$name} = $1;
}

for my $name (sort keys %floor) {
    my $floor = $floor{$name};
    my $pure = $floor < 2;

    push @faults, "$name: named as floors "
        . ($pure ? '2 to 6 are' : '0 and 1 are') . ", but is of floor $floor"
        if $pure != ($name =~ /^chatws_/);

    (my $other = $name) =~ s/\.c$/.h/;

    push @faults, "$name: floor $floor, but $other: floor $floor{$other}"
        if defined $floor{$other} && $floor{$other} != $floor;

    for my $included (@{$includes{$name}}) {
        push @faults, "$name: pure, but includes $included"
            if $pure && $included =~ /^ngx_(?!http_chatws_)/;

        push @faults, "$name: floor $floor, but includes $included"
            if $floor < 4 && $included =~ /^ngx_http\.h$/;

        push @faults, "$name: only chatws_json* include $included"
            if $included =~ /^yajl/ && $name !~ /^chatws_json/;

        push @faults, "$name: floor $floor, "
            . "but includes $included of floor $floor{$included}"
            if defined $floor{$included} && $floor{$included} > $floor;

        push @faults, "$name: includes $included, a source file"
            if $included =~ /\.c$/;

        push @faults, "$name: includes $included, which does not exist"
            if $included =~ /^(?:ngx_http_)?chatws_/ && !$includes{$included};
    }
}

print "$_\n" for @faults;

exit(@faults ? 1 : 0);
