#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What the documents say of the sources is so: places and defaults of directives
# (and that they come in order, each with a version), log messages, reasons of
# closes, members of the browser client, names of files, links within.  Their
# examples are run by t/conf/docs.t.

use warnings;
use strict;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::Chatws::Docs;

chdir "$FindBin::Bin/../.." or die "cannot enter the tree: $!\n";

my @faults;
my @pages = Test::Chatws::Docs::pages('.');
my $docs = Test::Chatws::Docs::whole_text('.');
my @source = map { Test::Chatws::Docs::text_of($_) }
    'ngx_http_chatws_module.c', glob 'src/*/*.[ch]';

# macros of several lines, and strings of several parts, become one

s/\h*\\$//mg, s/"\s*\n\s*"//g, s/\\"/'/g for @source;

my $source = join '', @source;

sub fault {
    push @faults, "docs: @_";
}

sub section {
    my ($title) = @_;

    return $docs =~ /^#+ (?:\d+\. )?\Q$title\E\n(.*?)(?=^#|\z)/ms ? $1 : '';
}

sub rows {
    my ($text) = @_;

    return map { [ map { s/^\s+|\s+$//gr } split /(?<!\\)\|/,
                   s/^\||\|$//gr ] }
        $text =~ /^(\|.*\|)$/mg;
}


# --- directives

my %context = (
    NGX_HTTP_CHATWS_ANY_CONF => '`http`, `server`, `location`',
    NGX_HTTP_LOC_CONF => '`location`',
    NGX_HTTP_MAIN_CONF => '`http`',
);

my %flags = $source =~ /\{\s*ngx_string\("(chatws\w*)"\),\s*(NGX_HTTP_\w+)/g;
my %field = $source =~ /\{\s*ngx_string\("(chatws\w*)"\),[^{}]*
                        offsetof\(\w+,\s*(?:\w+\.)?(\w+)\)/gx;
my @sections = grep { $_ ne 'chatws' || $flags{$_} }
    section_names('Directives');

sub section_names {
    my ($part) = @_;

    my ($text) = $docs =~ /^## \Q$part\E\n(.*?)(?=^## |\z)/ms;
    return $text =~ /^### (\w+)$/mg;
}

fault('the directives are not in order')
    if "@sections" ne join ' ', sort @sections;

my ($index) = Test::Chatws::Docs::text_of('docs/directives.md')
    =~ /\A(.*?)^## /ms;

fault('the index of the directives is not what follows')
    if "@sections" ne join ' ', $index =~ /^- \[(\w+)\]\(#\1\)$/mg;

for my $name (@sections) {
    my ($text) = $docs =~ /^### \Q$name\E\n(.*?)(?=^#+ |\z)/ms;
    my %row = map { @$_ } rows($text);
    my ($syntax) = $text =~ /^\| Syntax: +\| (.*?) *\|$/m;

    fault("$name: no syntax") if ($syntax || '') !~ /^`$name\b.*;`/;
    fault("$name: no version") if $text !~ /appeared in version \d+\.\d+\.\d+/;

    my $want = $context{$flags{$name} || ''};
    fault("$name: the context is not $want")
        if defined $want && ($row{'Context:'} || '') ne $want;

    my $default = $row{'Default:'} || '';
    next if $default eq "\x{e2}\x{80}\x{94}";

    # times by name, in seconds

    if (my %time = $default =~ /(\w+)=(\w+)/g) {
        for my $key (sort keys %time) {
            my ($set) = $source =~ /rule\(\w+_$key,\s*(\d+)\)/;

            fault("$name: the default of $key is another one")
                if !defined $set || number($time{$key}) != 1000 * $set;
        }

        next;
    }

    # a variable, which stands in the sources

    if (my ($variable) = $default =~ /^`$name (\$\w+);`$/) {
        fault("$name: the default is another one")
            if index($source, "\"$variable\"") < 0;
        next;
    }

    my ($value) = $default =~ /^`$name (\w+)\b.*;`$/;
    my $field = $field{$name} || $name =~ s/^chatws_//r;
    my ($set) = $source =~ /_(?:init_\w+\(\w+->|limit\(|rule\(|set\(token\.)
                            $field,\s*([^)]*)\)/x;

    # a setting that is not in the fingerprint

    ($set) = $source =~ /_word\(\w+,\s*$field,\s*\w+,\s*(\w+),/
        if !defined $set;

    # where a pointer is set to nothing, that is "off"

    $set = 0 if !defined $set && $source =~ /_pointer\(rules\.$field,/;

    fault("$name: the default is not understood"), next
        if !defined $value || !defined $set;
    fault("$name: the default is not $set") if number($value) != eval $set;
}

sub number {
    my ($text) = @_;

    return { on => 1, off => 0, open => 0 }->{$text} if $text =~ /^o/;

    my ($n, $unit) = $text =~ /^(\d+)(\w*)$/ or return -1;

    return $n * { '' => 1, k => 1024, m => 1048576, ms => 1, s => 1000,
        d => 86400000 }
        ->{$unit};
}


# --- what is logged, and told to clients

sub said_somewhere {
    my ($text) = @_;

    return $source =~ /"[^"\n]*${\ expression($text) }/;
}

sub expression {
    my ($text) = @_;

    return join '[^\n]*?', map { quotemeta }
        split /\x{e2}\x{80}\x{a6}/, $text =~ tr/"/'/r;
}

# both ways: what is listed is logged, what is logged is listed

my @listed = map { $_->[0] =~ /`(.*?)`/g } rows(section('Log messages'));

for my $text (@listed) {
    fault("nothing logs: $text") unless said_somewhere($text);
}

my $listed = join '|', map { expression($_) } @listed;

for my $text ($source =~ /ngx_log_error\(NGX_LOG_\w+,[^"]*"(.*?)"/g) {
    fault("a log message that is not listed: $text") if $text !~ /$listed/;
}

for my $row (rows(section('Close codes'))) {
    for my $reason ($row->[1] =~ /`(.*?)`/g) {
        fault("nobody closes with: $reason") unless said_somewhere($reason);
    }
}

# what asks a client to come back is listed

my ($codes) = section('Close codes');

for my $reason ($source =~ /(?:session_close\([^"]*|
                                reason\s*=\s*chatws_str\()"(.*?)"/gx) {
    fault("a reason that is not listed: $reason")
        if $reason =~ /reconnect$/ && $codes !~ /`\Q$reason\E`/;
}

for my $row (rows(section('Errors')), rows(section('Connecting'))) {
    for my $error (map { /`([A-Z][a-z]+ [\w ]+)`/g } @$row) {
        fault("there is no error: $error") unless $source =~ /"\Q$error\E"/;
    }
}

# and the other way: what the sources have is on the page

my $errors = section('Errors') . section('Connecting');
my @errors = $source =~ /#define CHATWS_E_\w+\s+"(.*?)"/g;
my @verbs = $source
    =~ /\[CHATWS_VERB_\w+\]\s*=\s*\{\s*chatws_str\("(\w+)"\)/g;

fault('no errors were found') if @errors < 5;
fault('no verbs were found') if @verbs < 4;

for my $error (@errors) {
    fault("an error that is not listed: $error")
        if $errors !~ /`\Q$error\E`/;
}

for my $verb (@verbs) {
    fault("an action that is not described: $verb")
        if Test::Chatws::Docs::text_of('docs/protocol.md')
            !~ /"(?:action|type)":\s?"$verb"/;
}


# --- figures of the status

my %told = map { $_ => 1 } map { $_->[0] =~ /`(\w+)`/g }
    rows(section('Status'));
my @figures = $source =~ /ngx_http_chatws_(?:counter|gauge)\(\w+,\s*"(\w+)"/g;

fault('no figures were found') if @figures < 10;

for my $name (@figures) {
    fault("a figure that is not described: $name") unless $told{$name};
}


# --- the browser client: each member of its types is on its page

my %types = (
    'docs/client.md' => [ 'conf/client/chatws.d.ts',
        qw/ Options OwnEvents ChatClient Reconnecting Closed / ],
    'docs/react.md' => [ 'conf/client/chatws-react.d.ts',
        qw/ UseChatOptions UseChat / ],
);

for my $page (sort keys %types) {
    my ($path, @names) = @{$types{$page}};
    my $declared = Test::Chatws::Docs::text_of($path);
    my $told = Test::Chatws::Docs::text_of($page);

    for my $name (@names) {
        my ($body) = $declared =~ /^(?:export\h)?(?:interface|class)\h$name\b
                                   .*?\{\n(.*?)^\}/msx;

        push @faults, "$path: there is no $name" if !defined $body;

        for my $member (($body || '')
            =~ /^    (?:readonly )?(\w+)(?:\?|\(|:|<)/mg)
        {
            push @faults, "$page: $member of $name is not described"
                if $told !~ /`[^`\n]*\b$member\b[^`\n]*`/
                    && $member !~ /^(?:constructor|\w+EventListener)$/;
        }
    }
}


# --- files and links

# as it is read: a heading in a block of code is none

sub headings {
    my ($text) = @_;

    $text =~ s/^```.*?^```$//msg;

    return { map { lc() =~ s/[^\w -]//gr =~ s/ /-/gr => 1 }
        $text =~ /^#+ (.*)$/mg };
}

sub text_without_code {
    my ($path) = @_;

    return Test::Chatws::Docs::text_of($path) =~ s/^```.*?^```$//msgr;
}

sub decoded_length {
    my ($line) = @_;

    utf8::decode($line);
    return length $line;
}

push @faults, 'README.md: more than 300 lines'
    if Test::Chatws::Docs::text_of('README.md') =~ tr/\n// > 300;

my %anchor;

for my $page (@pages, 'conf/client/README.md') {
    my $text = text_without_code($page);
    my ($folder) = $page =~ m{^(.*/)};

    $folder = '' unless defined $folder;

    for my $path ($text =~ m{`((?:t|src|conf|tools|docs)/[\w./-]+)`}g) {
        push @faults, "$page: no file $path" unless -e $path;
    }

    for my $link ($text =~ /\]\((?!\w+:)([^)\s]*)\)/g) {
        my ($path, $name) = $link =~ /^([^#]*)(?:#(.*))?$/;

        $path = length $path ? $folder . $path : $page;

        if (!-e $path) {
            push @faults, "$page: no file $link";
            next;
        }

        next unless defined $name;

        $anchor{$path} ||= headings(Test::Chatws::Docs::text_of($path));
        push @faults, "$page: no section $link" unless $anchor{$path}{$name};
    }

    push @faults, "$page: blanks at the end of a line"
        if $text =~ /[ \t]$/m;
    push @faults, "$page: a tab" if $text =~ /\t/;

    # but for tables, links and what a test is told

    push @faults, map { "$page: a line of more than 80 columns: $_" }
        grep { decoded_length($_) > 80 && !/^\||^<!--|\]\(\S*$/ }
        split /\n/, Test::Chatws::Docs::text_of($page);
}

print "$_\n" for @faults;

exit(@faults ? 1 : 0);
