#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The lists of files in the add-on script and in the tree are the same,
# and sorted.  With --write the lists are renewed from the tree.

use warnings;
use strict;

use FindBin;


my $top = "$FindBin::Bin/../..";
my $write = grep { $_ eq '--write' } @ARGV;

chdir $top or die "cannot enter $top: $!\n";

my %want = (
    CHATWS_DEPS => [ sort glob('src/*/*.h') ],
    CHATWS_SRCS => [ 'ngx_http_chatws_module.c',
                     sort glob('src/*/*.c') ],
);

open my $fh, '<', 'config' or die "cannot read config: $!\n";
my $text = join '', <$fh>;
close $fh;

my $failed = 0;

for my $name (sort keys %want) {
    next if @{$want{$name}} > 1;

    print "config.pl: no files were found for $name\n";
    $failed = 1;
}

for my $name (sort keys %want) {
    my $list = join '',
        map { "    \$ngx_addon_dir/$_ \\\n" } @{$want{$name}};

    $list =~ s/ \\\n\z//;

    my ($have) = $text =~ /^\Q$name\E=" \\\n(.*?)"$/ms;
    die "config has no list $name\n" unless defined $have;

    next if $have eq $list;

    if ($write) {
        $text =~ s/^\Q$name\E=".*?"$/$name=" \\\n$list"/ms;
        next;
    }

    my %have = map { $_ => 1 } $have =~ m{\$ngx_addon_dir/(\S+)}g;
    my %tree = map { $_ => 1 } @{$want{$name}};

    print "config: $name lacks $_\n" for grep { !$have{$_} } sort keys %tree;
    print "config: $name has $_, which does not exist\n"
        for grep { !$tree{$_} } sort keys %have;
    print "config: $name is not sorted or not in form\n"
        if "@{[sort keys %have]}" eq "@{[sort keys %tree]}";

    $failed = 1;
}

if ($write) {
    open my $out, '>', 'config' or die "cannot write config: $!\n";
    print $out $text;
    close $out or die "cannot write config: $!\n";
}

exit $failed;
