#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_upload: what comes by HTTP/2 is counted to the byte.

use warnings;
use strict;

use IO::Handle;
use POSIX ();
use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Chatws::Upload;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_v2 proxy /)->has_daemon('curl');

plan(skip_all => 'curl without HTTP/2') unless `curl -V` =~ /\bHTTP2\b/;

$t->plan(14);

my $conf = conf(http => <<'EOH', server => <<'EOC');

    chatws_users zone=chat;
    chatws_user $arg_userId;
EOH

        location /buffered {
            proxy_pass http://127.0.0.1:8081;
            chatws_upload chat;
        }

        location /unbuffered {
            proxy_pass http://127.0.0.1:8081;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            chatws_upload chat;
        }
EOC

$conf =~ s/127\.0\.0\.1:8080;/127.0.0.1:8080 http2;/;
$conf =~ s/(server_name)/listen 127.0.0.1:8082;\n        $1/;

my $app = Test::Chatws::App->new(8081);

$t->write_file_expand('nginx.conf', $conf)->run();

my $tab = ws(user => 'u', port => 8082);
my $url = 'http://127.0.0.1:' . port(8080);

# Begins an upload by curl, whose body comes by the handle.  Returns its process
# and the handle.

sub curl {
    my ($where, $id, @options) = @_;

    pipe my $in, my $body or die "$!\n";

    my $pid = fork();
    die "cannot fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        open STDIN, '<&', $in or POSIX::_exit(1);
        close $body;

        exec 'curl', '-s', '--http2-prior-knowledge', '-X', 'POST', '-T', '-',
            '-H', "X-Progress-ID: $id", @options, '-o', '/dev/null',
            "$url/$where?userId=u" or POSIX::_exit(1);
    }

    close $in;
    $body->autoflush(1);

    return ($pid, $body);
}

for my $where (qw/ buffered unbuffered /) {

    # its length is known

    my ($pid, $body) = curl($where, "$where-1", '-H', 'Content-Length: 50000');

    print $body 'x' x 20000;
    is(states(told_last($tab, uploadId => "$where-1", received => 20000)),
        'uploading 20000/50000', "$where, a part");

    print $body 'x' x 30000;
    close $body;

    my $question = $app->question();
    is(length $question->{body}, 50000, "$where, all came to the app");
    is(states(told_last($tab, uploadId => "$where-1", state => 'processing')),
        'processing 50000/50000', "$where, all");

    $app->answer($question, 201, '{}');
    is(states(told_last($tab, uploadId => "$where-1", state => 'done')),
        'done 50000/50000', "$where, done");
    waitpid $pid, 0;

    # it is not

    ($pid, $body) = curl($where, "$where-2");

    print $body 'x' x 300;
    is(states(told_last($tab, uploadId => "$where-2", received => 300)),
        'uploading 300/-', "$where, without a length");

    # the client goes away

    kill 'KILL', $pid;
    is(states(told_last($tab, uploadId => "$where-2", state => 'aborted')),
        'aborted 300/-', "$where, the client is gone");
    waitpid $pid, 0;
}

# a whole one, which is not refused, to no app server

my $file = $t->testdir() . '/file';
$t->write_file('file', 'x' x 500000);
$app->deaf();

my $out = `curl -s --http2-prior-knowledge -H 'X-Progress-ID: whole' \\
    --data-binary \@$file -w '%{http_code}' -o /dev/null \\
    '$url/buffered?userId=u'`;

is($out, 502, 'no app server');
is(states(told_last($tab, uploadId => 'whole', state => 'failed')),
    'failed 500000/500000 502', 'failed');
