#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What a machine can see of the style: 80 columns, no tabs, no blanks at the
# ends of lines, files of at most 700 lines, a copyright; and in C no //
# comments, functions of at most 120 lines, two blank lines between them.

use warnings;
use strict;

use FindBin;

chdir "$FindBin::Bin/../.." or die "cannot enter the tree: $!\n";

my @c = (sort(glob 'src/*/*.[ch]'), 'ngx_http_chatws_module.c',
    sort(glob '{t/echo,t/unit,t/unit/*,t/fuzz,t/bench,t/bench/*}/*.[ch]'));

my @text = ('config', 'Makefile', '.ci/run',
    sort(glob 'conf/*.conf conf/app/* conf/{client,demo}/*.{js,ts,css,html}'),
    sort(glob 'docker/* t/docker/run t/soak/* t/fuzz/run'),
    sort(glob 't/web/*.mjs t/web/{e2e,packages,run}'),
    sort(glob 't/bench/{Makefile,run,*.py,peers/*}'),
    sort(glob 't/*/*.t'), sort(glob 't/lib/Test/*.pm t/lib/Test/*/*.pm'),
    sort(glob 't/check/*.pl'), sort(glob 'tools/*'));

my @faults;
my %c = map { $_ => 1 } @c;

sub fault {
    my ($path, $line, $what) = @_;

    push @faults, "$path:$line: $what";
}

# what a tool has made is as long as it is

for my $path (grep { -f && !/chatws\.global\.js$/ } @c, @text) {
    open my $fh, '<', $path or die "cannot read $path: $!\n";
    my @lines = <$fh>;
    close $fh;

    my $make = $path =~ m{(?:^|/)Makefile$};

    for my $n (1 .. @lines) {
        my $line = $lines[$n - 1];

        chomp $line;
        utf8::decode($line);

        fault($path, $n, 'over 80 columns') if length $line > 80;
        fault($path, $n, 'a tab') if $line =~ /\t/ && !$make;
        fault($path, $n, 'blanks at the end') if $line =~ /\s$/;
    }

    fault($path, scalar @lines, 'over 700 lines') if @lines > 700;
    fault($path, scalar @lines, 'no newline at the end')
        if @lines && $lines[-1] !~ /\n\z/;
    fault($path, scalar @lines, 'empty lines at the end')
        if @lines && $lines[-1] =~ /^\s*$/;

    fault($path, 1, 'no copyright')
        if $path =~ /\.(?:[ch]|css|js|mjs|p[lmy]|t|ts)$|run$/
            && join('', @lines[0 .. ($#lines < 5 ? $#lines : 5)])
                !~ /Copyright \(C\)|made of/;

    check_c($path, @lines) if $c{$path};
}

sub check_c {
    my ($path, @lines) = @_;

    my ($start, $comment) = (0, 0);

    for my $n (1 .. @lines) {
        my $line = $lines[$n - 1];

        $line =~ s/"(?:[^"\\]|\\.)*"/""/g;

        if ($comment) {
            $comment = 0 if $line =~ s{^.*?\*/}{};
            next if $comment;
        }

        $line =~ s{/\*.*?\*/}{}g;
        $comment = 1 if $line =~ s{/\*.*}{}s;

        fault($path, $n, 'a // comment') if $line =~ m{//};
        fault($path, $n, 'no space after a keyword')
            if $line =~ /\b(?:if|for|while|switch)\(/;

        $start = $n if $line =~ /^\{/;

        if ($line =~ /^\}/ && $start) {
            fault($path, $start, 'a function of ' . ($n - $start) . ' lines')
                if $n - $start > 120;

            fault($path, $n, 'not two blank lines after the function')
                if $line =~ /^\}$/ && $n + 3 <= @lines
                    && $lines[$n] !~ /^#/
                    && !($lines[$n] =~ /^$/ && $lines[$n + 1] =~ /^$/
                         && $lines[$n + 2] !~ /^$/)
                    && $lines[$n + 1] !~ /^#/;

            $start = 0;
        }
    }
}

# a pattern that no longer matches what it is for would find no fault

for my $name (qw{ src/ t/unit/ t/fuzz/ t/bench/ t/echo/ t/lib/ t/web/ t/check/
                  conf/ docker/ tools/ }, 't/[a-z]+/[a-z0-9_]+\\.t$')
{
    push @faults, "no files were found like $name"
        unless grep { -f && m{^$name} } @c, @text;
}

print "$_\n" for @faults;

exit(@faults ? 1 : 0);
