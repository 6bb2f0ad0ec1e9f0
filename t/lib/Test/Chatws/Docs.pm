package Test::Chatws::Docs;

# Copyright (C) chatws contributors
#
# The pages of the documents, and their examples as steps to be taken in order:
# code blocks, and the comments <!-- test: ... --> in front of them or on their
# own.  Pieces of nginx configuration become whole ones.

use warnings;
use strict;


# Where the directives of nginx belong that an example may begin with; what is
# not listed belongs into a location.

my %level = (
    (map { $_ => 'main' } qw/
        events http load_module user worker_processes worker_rlimit_nofile
        worker_shutdown_timeout
    /),
    (map { $_ => 'http' } qw/
        chatws_coalesce chatws_zone geo limit_conn_zone limit_req_zone
        log_format map server upstream
    /),
    (map { $_ => 'server' } qw/ listen location server_name /),
);


# What takes root or minutes is run elsewhere, by "make deb-test" and "make
# docker-test"; here, that the targets, the files and the packages are there.

our $ELSEWHERE = <<'EOS';
make() { command make -n "$@" NGINX= NGINX_SRC="$PWD" > /dev/null; }

sudo() {
    case "$*" in
        "apt-get install -y "*)
            shift 3
            for package; do
                grep -qw -e "$package" docker/Dockerfile || return 1
            done
        ;;

        "apt install ./build/libnginx-mod-http-chatws_"*.deb)
            grep -q '^Package: libnginx-mod-http-chatws$' conf/debian/control
        ;;

        "install -D -m 644 conf/debian/"*)
            test -f "$5"
        ;;

        "systemctl daemon-reload") ;;

        *) "$@" ;;
    esac
}

docker() {
    case "$1" in
        build | compose)
            test "$(echo "$*" | sed -n 's/.* -f \([^ ]*\).*/\1/p' \
                | xargs cat | grep -cE '^(FROM|services:)')" -gt 0
        ;;

        run) echo "$*" | grep -q -e '-p 8000:8000 chatws$' ;;
        *) return 1 ;;
    esac
}
EOS


sub text_of {
    my ($path) = @_;

    open my $fh, '<:raw', $path or die "cannot read $path: $!\n";
    local $/;
    return scalar <$fh>;
}


# The pages of a tree, in the order in which a reader meets them.

sub pages {
    my ($top) = @_;

    my @pages = map { s{^\Q$top\E/}{}r } sort glob "$top/docs/*.md";

    die "no pages in $top/docs\n" unless @pages;

    return ('README.md', @pages, 'CONTRIBUTING.md', 'SECURITY.md');
}


# All pages as one text; headings of pages other than the first are a level
# deeper, so that each page is a part of the whole.

sub whole_text {
    my ($top) = @_;

    my @texts = map { text_of("$top/$_") } pages($top);

    s/^(?=#+ )(?!#!)/#/mg for @texts[1 .. $#texts];

    return join "\n", @texts;
}


# The steps: line, verb (what the comment says, '' without one), and of a
# block lang and text.  What looks like code and is no block is a fault.

sub steps {
    my ($markdown, $fault) = @_;

    my (@steps, $block, $verb);
    my ($n, $blank) = (0, 1);

    for my $line (split /\n/, $markdown) {
        $n++;

        if ($block) {
            if ($line =~ /^```\s*$/) {
                push @steps, $block;
                $block = undef;

            } else {
                $block->{text} .= "$line\n";
            }

        } elsif ($line =~ /^```(\S*)\s*$/) {
            $block = { line => $n, verb => $verb ? $verb->{verb} : '',
                       lang => $1, text => '' };
            $verb = undef;

        } elsif ($line =~ /^<!-- test: (.*?) -->$/) {
            push @steps, $verb if $verb;
            $verb = { line => $n, verb => $1, lang => '', text => '' };

        } elsif ($line =~ /^\s*$/) {
            $blank = 1;
            next;

        } else {
            push @steps, $verb if $verb;
            $verb = undef;

            $fault->("line $n: a fence that is not at the margin")
                if $line =~ /^\s+(?:```|~~~)|^~~~/;
            $fault->("line $n: code without a fence")
                if $blank && $line =~ /^(?: {4}|\t)/;
            $fault->("line $n: a comment that is not understood")
                if $line =~ /<!--\s*test/;
        }

        $blank = 0;
    }

    $fault->('a fence that does not end') if $block;
    push @steps, $verb if $verb;

    return @steps;
}


# The top-level statements of a piece of configuration, comments left out.

sub statements {
    my ($text) = @_;

    my @statements;
    my ($depth, $one) = (0, '');

    while ($text =~ /\G("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\#[^\n]*
                         |[{};]|[^"'\#{};]+)/gcxs)
    {
        my $part = $1;

        next if $part =~ /^#/;

        $one .= $part;
        $depth++ if $part eq '{';
        $depth-- if $part eq '}';

        if ($depth == 0 && ($part eq ';' || $part eq '}')) {
            $one =~ s/^\s+//;
            push @statements, $one;
            $one = '';
        }
    }

    push @statements, $one if $one =~ /\S/;

    return @statements;
}


# A whole configuration around a piece of one.  Options: main and http, what
# every test needs there, and port, where nginx listens if nothing says so.

sub whole {
    my ($text, %o) = @_;

    my %at = map { $_ => '' } qw/ main http server location /;

    for my $statement (statements($text)) {
        my ($name) = $statement =~ /^(\w+)/;
        $at{$level{$name || ''} || 'location'} .= "$statement\n";
    }

    if ($at{main} !~ /^http\b/m) {
        $at{location} .= "chatws chat;\n" unless $at{location} =~
            /^(?:chatws|chatws_publish|proxy_pass|return)\s/m;

        $at{http} = "chatws_zone zone=chat:1m;\n$at{http}"
            unless $at{http} =~ /^chatws_zone/m;

        $at{server} = "listen $o{port};\n$at{server}"
            unless $at{server} =~ /^listen\b/m;

        $at{http} .= "server {\n$at{server}"
            . "location / {\n$at{location}}\n}\n"
            unless $at{http} =~ /^server\b/m;

        $at{main} .= "http {\n$at{http}}\n";
    }

    $at{main} .= "events { }\n" unless $at{main} =~ /^events\b/m;
    $at{main} =~ s/^load_module modules\/ngx_http_chatws_module\.so;//m;
    $at{main} =~ s/^http \{/http {\n$o{http}/m;

    return "$o{main}\n$at{main}";
}


# An expression for a JSON text like the one given, blanks between its parts
# aside: times, ids and positions may be others, the rest is the same; with
# figures all numbers, and the members of objects of nothing but numbers, may
# be others as well.

sub pattern {
    my ($json, $figures) = @_;

    my ($text, $re) = ('', '');

    while ($json =~ /\G(?:("(?:[^"\\]|\\.)*")|\s+|([^"\s]+))/gc) {
        $text .= defined $1 ? $1 : defined $2 ? $2 : '';
    }

    while ($text =~ /\G(?:("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
                         |("epoch":"[0-9a-f]{12}")
                         |("(?:seq|recipients)":\d+)
                         |("msg_\w+")
                         |(\{(?:"\d+":\d+,?)+\})
                         |(:\d+)
                         |("(?:[^"\\]|\\.)*"|.))/gcxs)
    {
        $re .= defined $1 ? '"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"'
            : defined $2 ? '"epoch":"[0-9a-f]{12}"'
            : defined $3 ? substr($3, 0, index $3, ':') . ':\d+'
            : defined $4 ? '"msg_\w+"'
            : defined $5 && $figures ? '\{(?:"\w+":\d+,?)*\}'
            : defined $6 && $figures ? ':\d+'
            : quotemeta $+;
    }

    return qr/\A$re\z/;
}


1;
