#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# make run: starts, says what to try, and stops on Ctrl-C; on another port, and
# on one that is taken.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Docs;
use Test::Nginx;

plan(skip_all => 'port 8000 is taken')
    unless own_network() || port(8000) == 8000;

plan(tests => 15);

use POSIX qw/ WNOHANG /;

my $top = $Test::Chatws::TOP;
my $out = "/tmp/chatws-make-run-$$";

my $pid = demo();

# nginx -t, which goes first, listens for a moment as well

ok(eventually(sub {
    text() =~ /Ctrl-C/
        && defined IO::Socket::INET->new(PeerAddr => '127.0.0.1:8000');
}), 'listens on port 8000');

my $text = text();

like($text, qr{http://localhost:8000/}, 'says where');
my ($lines) = Test::Chatws::Docs::text_of("$Test::Chatws::TOP/README.md")
    =~ /^<!-- test: console .*?^```js\n(.*?)^```$/ms;

is(index($text =~ s/^  //gmr, $lines) > 0, 1, 'says what to try in a browser');

my ($curl) = $text =~ /^ *(curl -X POST.*?)\n\n/ms;
like($curl, qr{localhost:8000/api/messages}, 'says what to try in a shell');

my $ws = ws(user => 'testUser', address => '127.0.0.1:8000',
    chats => 'chat_1');
like(`$curl 2>/dev/null`, qr/"text":"Hello world!".*"recipients":1/,
    'the command works');
is($ws->await('new_message')->{message}{text}, 'Hello world!', 'delivered');
is(request('GET', '/', address => '127.0.0.1:8000')->{status}, 200,
    'the page');
$ws->drop();

# Ctrl-C is a signal to all of the process group

kill 'INT', -$pid;
is(status_of($pid), 0, 'stops on Ctrl-C') or diag(text());

# another port

my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
    ->sockport();

$pid = demo(PORT => $port);

ok(eventually(sub { text() =~ /Ctrl-C/ }), 'another port');
unlike(text(), qr/8000/, 'it says so');
is(request('GET', '/', address => "127.0.0.1:$port")->{status}, 200,
    'the page is there');

kill 'TERM', $pid;
is(status_of($pid), 0, 'stops when it is told to') or diag(text());

# a port that is taken, and none at all

my $taken = IO::Socket::INET->new(Listen => 1, LocalAddr => '0.0.0.0');

$port = $taken->sockport();
isnt(status_of(demo(PORT => $port)), 0, 'a port that is taken');
unlike(text(), qr/is served/, 'it is not said to be served');
is(status_of(demo(PORT => 'http')), 256, 'no port');

unlink $out;


sub demo {
    my (%env) = @_;

    unlink $out;

    my $pid = fork();
    die "cannot fork: $!\n" unless defined $pid;

    return $pid if $pid;

    open STDIN, '<', '/dev/null';
    open STDOUT, '>', $out;
    open STDERR, '>&', \*STDOUT;
    delete @ENV{grep { /^(?:MAKE|TEST_NGINX|ASAN|UBSAN)/ } keys %ENV};
    %ENV = (%ENV, %env);
    setpgrp(0, 0);
    exec '/bin/sh', "$top/tools/run";
}


# How it ended.

sub status_of {
    my ($pid) = @_;

    my $status;

    eventually(sub {
        return 0 if waitpid($pid, WNOHANG) != $pid;
        $status = $?;
        return 1;
    });

    return $status;
}


sub text {
    open my $fh, '<', $out or return '';
    local $/;
    return scalar <$fh>;
}
