package Test::Chatws::Docs;

# Copyright (C) chatws contributors
#
# The pages of the documents, and their examples as steps that a test takes in
# order.  A step is a block of code or a comment <!-- test: ...  -->, which
# stands in front of a block or on its own.  A piece of nginx configuration
# becomes a whole one.

use warnings;
use strict;


# The contexts of the nginx directives with which an example may begin.  A
# directive that is not listed belongs into a location.

my %level = (
    (map { $_ => 'main' } qw/
        events http load_module user worker_processes worker_rlimit_nofile
        worker_shutdown_timeout
    /),
    (map { $_ => 'http' } qw/
        chatws_coalesce chatws_encryption_key_file chatws_receipts
        chatws_unread chatws_users chatws_zone geo
        limit_conn_zone limit_req_zone log_format map server upstream
    /),
    (map { $_ => 'server' } qw/ listen location server_name /),
);


# "make deb-test" and "make docker-test" run the steps that need root or
# minutes.  The test of the documents only checks that the targets, the files
# and the packages exist.

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


# Returns the pages of a tree, in the order in which a reader meets them.

sub pages {
    my ($top) = @_;

    my @pages = map { s{^\Q$top\E/}{}r } sort glob "$top/docs/*.md";

    die "no pages in $top/docs\n" unless @pages;

    return ('README.md', @pages, 'CONTRIBUTING.md', 'SECURITY.md');
}


# Returns all pages as one text.  Headings of all pages but the first are a
# level deeper, so that each page is a part of the whole.

sub whole_text {
    my ($top) = @_;

    my @texts = map { text_of("$top/$_") } pages($top);

    s/^(?=#+ )(?!#!)/#/mg for @texts[1 .. $#texts];

    return join "\n", @texts;
}


# Returns the steps.  Each has a line, a verb (the comment's text, '' without a
# comment) and, for a block, lang and text.  Text that looks like code outside
# of a block is a fault.

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


# Returns the top-level statements of a piece of configuration without comments.

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


# Returns a whole configuration around a piece of one.  The options main and
# http are text that each test needs there; port is where nginx listens if the
# piece does not say it.

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


# Returns an expression for JSON texts like the given one.  Blanks between the
# parts, times, ids and positions may differ; with the option figures also all
# numbers, and the members of objects that have only numbers.

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
                         |("enc":"[^"]+")
                         |(\{(?:"\d+":\d+,?)+\})
                         |(:\d+)
                         |("(?:[^"\\]|\\.)*"|.))/gcxs)
    {
        $re .= defined $1 ? '"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"'
            : defined $2 ? '"epoch":"[0-9a-f]{12}"'
            : defined $3 ? substr($3, 0, index $3, ':') . ':\d+'
            : defined $4 ? '"msg_\w+"'
            : defined $5 ? '"enc":"[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+"'
            : defined $6 && $figures ? '\{(?:"\w+":\d+,?)*\}'
            : defined $7 && $figures ? ':\d+'
            : quotemeta $+;
    }

    return qr/\A$re\z/;
}


1;
