#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Every directive and every variable of the module has its place in the
# README, and the README has none that the module lacks.

use warnings;
use strict;

use FindBin;

chdir "$FindBin::Bin/../.." or die "cannot enter the tree: $!\n";

sub text_of {
    my ($path) = @_;

    open my $fh, '<', $path or die "cannot read $path: $!\n";
    local $/;
    return scalar <$fh>;
}

my $readme = text_of('README.md');
my $code = join '', map { text_of($_) }
    'ngx_http_chatws_module.c', glob 'src/*/ngx_http_chatws_*.[ch]';

$code =~ s/\h*\\$//mg;

my %directive = map { $_ => 1 }
    $code =~ /\{\s*ngx_string\("(chatws\w*)"\),\s*NGX_HTTP_/g;
my %variable = map { $_ => 1 }
    $code =~ /\{\s*ngx_string\("(chatws\w*)"\),\s*NULL,/g;
my %syntax = map { $_ => 1 } $readme =~ /^#+ `?(chatws\w*)`?\s*$/mg;

my @faults;

push @faults, 'no directives found' if !%directive;

for my $name (sort keys %directive) {
    push @faults, "README.md: the directive $name has no section"
        unless $syntax{$name};
}

for my $name (sort keys %syntax) {
    push @faults, "README.md: $name is no directive" unless $directive{$name};
}

for my $name (sort keys %variable) {
    push @faults, "README.md: the variable \$$name is not described"
        unless $readme =~ /`\$\Q$name\E`/;
}

print "$_\n" for @faults;

exit(@faults ? 1 : 0);
