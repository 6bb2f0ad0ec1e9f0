#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A comment cites only what is in the repository: files and tests by their
# names, sections of our protocol or of an RFC; and the documents name only
# functions, types and files that exist.

use warnings;
use strict;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::Chatws::Docs;

chdir "$FindBin::Bin/../.." or die "cannot enter the tree: $!\n";

my @c = ('ngx_http_chatws_module.c', glob 'src/*/*.[ch] t/echo/*.[ch]
    t/unit/*.h t/unit/*/*.c t/fuzz/*.[ch] t/bench/*.[ch] t/soak/*.[ch]');
my @script = grep { -f } 'config', 'Makefile', glob 't/*/*.t t/*/*.pl
    t/lib/Test/*.pm t/lib/Test/*/*.pm tools/* t/*/run t/web/*.mjs
    conf/*.conf conf/app/* conf/client/*.js conf/demo/*.js t/conf/*.mjs';

my @faults;

# what is there, by path and by name

my %name = map { $_ => 1, m{([^/]+)$} => 1 } @c, @script,
    map { glob "$_/*" } qw{ conf conf/* docker docs t t/* t/unit/* tools };

my ($protocol) = Test::Chatws::Docs::text_of('docs/protocol.md');
my %section = map { $_ => 1 } $protocol =~ /^## (\d+)\. /mg;

push @faults, 'docs/protocol.md: no numbered sections' if !%section;

# the comments of a file, each as one line

sub comments {
    my ($path, $text) = @_;

    my @comments = $path =~ /\.(?:c|h|js|mjs)$/
        ? $text =~ m{/\*(.*?)\*/}gs
        : $text =~ /((?:^\h*#(?!!).*\n)+)/mg;

    return map { s/^\h*[#*]//mgr =~ s/\s+/ /gr } @comments;
}

my ($files, $cites) = (0, 0);

for my $path (@c, @script) {
    my $text = Test::Chatws::Docs::text_of($path);

    $files++;

    for my $comment (comments($path, $text)) {

        # a list of sections is one citation

        while ($comment =~ /\b[Ss]ections? (\d+)/g) {
            my ($n, $before) = ($1, substr $comment, 0, $-[0]);

            $cites++;

            if ($before =~ /\b[Pp]rotocol\W*$/) {
                push @faults, "$path: there is no section $n of the protocol"
                    unless $section{$n};

            } elsif ($before !~ /\bRFC/ && $text !~ /\bRFC \d/) {
                push @faults, "$path: section $n of which document?";
            }
        }

        for my $cited ($comment =~ m~
            (?<![\w/.*%\$])
            ((?:src|t|conf|tools|docs|docker)/[\w./-]*\w(?![\w*/\{])
             |(?:ngx_http_)?chatws_\w+\.[ch]\b
             |\w+\.(?:t|pl|md)\b)(?!\()~gx)
        {
            next if $cited =~ m{^t/h$};

            $cites++;
            push @faults, "$path: there is no $cited"
                unless $name{$cited} || -e $cited;
        }
    }
}

push @faults, 'no files were found' if $files < 100;
push @faults, 'no citations were found' if $cites < 20;

# --- the documents

my $source = join '', map { Test::Chatws::Docs::text_of($_) } @c;

for my $page (Test::Chatws::Docs::pages('.')) {
    my $text = Test::Chatws::Docs::text_of($page);

    for my $word ($text =~ /\b(ngx_http_chatws_\w+(?!\w|\.)
                              |chatws_\w+_[te]\b)/gx)
    {
        push @faults, "$page: there is no $word"
            unless $source =~ /\b\Q$word\E/ || $word =~ /_example/;
    }
}

print "$_\n" for @faults;

exit(@faults ? 1 : 0);
