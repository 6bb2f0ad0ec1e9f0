#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Every directive and every variable of the module has its place in
# the documents, and they have none that the module lacks.

use warnings;
use strict;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::Chatws::Docs;

chdir "$FindBin::Bin/../.." or die "cannot enter the tree: $!\n";

my $docs = Test::Chatws::Docs::whole_text('.');
my $code = join '', map { Test::Chatws::Docs::text_of($_) }
    'ngx_http_chatws_module.c', glob 'src/*/ngx_http_chatws_*.[ch]';

$code =~ s/\h*\\$//mg;

my %directive = map { $_ => 1 }
    $code =~ /\{\s*ngx_string\("(chatws\w*)"\),\s*NGX_HTTP_/g;
my %variable = map { $_ => 1 }
    $code =~ /\{\s*ngx_string\("(chatws\w*)"\),\s*NULL,/g;
my %syntax = map { $_ => 1 } $docs =~ /^#+ `?(chatws\w*)`?\s*$/mg;

my @faults;

push @faults, 'no directives found' if !%directive;

for my $name (sort keys %directive) {
    push @faults, "docs: the directive $name has no section"
        unless $syntax{$name};
}

for my $name (sort keys %syntax) {
    push @faults, "docs: $name is no directive" unless $directive{$name};
}

for my $name (sort keys %variable) {
    push @faults, "docs: the variable \$$name is not described"
        unless $docs =~ /`\$\Q$name\E`/;
}

print "$_\n" for @faults;

exit(@faults ? 1 : 0);
