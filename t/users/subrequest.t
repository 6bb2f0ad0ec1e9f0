#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Subrequests of another module that publish to users.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Piece;
use Test::Nginx;

my $echo = '/usr/lib/nginx/modules/ngx_http_echo_module.so';

plan(skip_all => 'no libnginx-mod-http-echo') unless -e $echo;

my $t = Test::Nginx->new()->has(qw/ http /);
my $why = Test::Chatws::Piece->new($t, "load_module $echo;")->misfit($echo);

plan(skip_all => "another nginx's $why") if $why;

$t->plan(6);

$t->write_file_expand('nginx.conf', conf(main => "load_module $echo;",
    http => 'chatws_users zone=chat;
        log_format test "$uri|$chatws_users|$chatws_recipients";
        access_log %%TESTDIR%%/test.log test;
        log_subrequest on;',
    server => <<'EOC'))->run();

        location = /internal {
            internal;
            chatws_publish chat;
        }

        location = /two {
            default_type text/plain;
            echo_subrequest_async POST /internal
                -b '{"toUsers":["ann","bob"],"type":"one"}';
            echo_subrequest_async POST /internal
                -b '{"toUsers":"ann","type":"two"}';
        }

        location = /bad {
            default_type text/plain;
            echo_subrequest POST /internal -b '{"toUsers":7,"type":"x"}';
        }
EOC

my $ann = ws(user => 'ann');

like(request('GET', '/two')->{body}, qr/"users":\{"ann":\{"userSeq":1,
    "recipients":1\},"bob":\{"userSeq":1,"recipients":0\}\}\}
    .*"users":\{"ann":\{"userSeq":2,"recipients":1\}\}\}/sx, 'answers');

is($ann->await('one')->{userSeq}, 1, 'delivered');
is($ann->await('two')->{userSeq}, 2, 'in order');

is(request('GET', '/internal')->{status}, 404, 'not from outside');
like(request('GET', '/bad')->{body}, qr/toUsers must be a string/, 'an error');

ok(eventually(sub {
    $t->read_file('test.log') =~ m{^/internal\|ann,bob\|1$}m;
}), 'variables');
