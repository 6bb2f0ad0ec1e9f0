#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A token in the arguments is in no log and in no variable, whatever becomes of
# the request; what the module needs of it, it has.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()
    ->has(qw/ http http_v2 rewrite map access limit_req auth_request mirror
              proxy /)->plan(47);

my $key = secret_key('k');

$t->write_file('keys.jwks', jwks($key));

$t->write_file_expand('nginx.conf', conf(http => <<'EOC',

    log_format all '$status <$request> <$request_uri> <$args> '
                   '<$arg_access_token> <$query_string> <$is_args$args> '
                   'user=$chatws_user sub=$chatws_claim_sub';
    access_log %%TESTDIR%%/all.log all;

    map $arg_other $mapped {
        default $arg_other;
    }

    limit_req_zone $server_name zone=none:1m rate=1r/m;

    chatws_token_key_file %%TESTDIR%%/keys.jwks;
    chatws_token_leeway 0;
EOC
    server => <<'EOC'))->run();

        location = /arg {
            chatws chat;
            chatws_token $http_authorization $arg_access_token;
        }

        location = /first {
            chatws chat;
            chatws_token message $http_authorization;
        }

        location = /mapped {
            chatws chat;
            chatws_token $mapped;
        }

        location = /braces {
            chatws chat;
            chatws_token "${arg_access_token}";
            return 403 $args;
        }

        location = /denied {
            chatws chat;
            chatws_token $arg_access_token;
            deny all;
        }

        location = /limited {
            chatws chat;
            chatws_token $arg_access_token;
            limit_req zone=none;
        }

        location = /rewritten {
            rewrite ^ /arg?a=b last;
        }

        location = /error {
            chatws chat;
            chatws_token $arg_access_token;
            error_page 401 = /page?$args;
        }

        location = /page {
            return 200 "$args $request_uri";
        }

        location = /twice {
            chatws chat;
            chatws_token $arg_access_token;
            error_page 426 = @again;
        }

        location @again {
            chatws chat;
            chatws_token $arg_ACCESS_token;
            chatws_token_lifetime 2d;
        }

        location = /asked {
            chatws chat;
            chatws_token $arg_access_token;
            auth_request /ask;
        }

        location = /ask {
            internal;
            proxy_pass http://127.0.0.1:8081/;
            proxy_set_header X-Args $args;
        }

        location = /off {
            chatws chat;
            chatws_user ann;
        }
    }

    server {
        listen 127.0.0.1:8082 http2;

        location = /arg {
            chatws chat;
            chatws_token $arg_access_token;
        }
    }

    server {
        listen 127.0.0.1:8081;
        access_log %%TESTDIR%%/asked.log all;

        location / {
            return 204;
        }
EOC

my $good = token($key);
my $old = token($key, claims => { iat => time() - 60, exp => time() - 1 });
my $bad = $good =~ s/.{10}$/0123456789/r;

# --- connected

for my $args ("access_token=$good", "access_token=$good&a=b",
    "a=b&access_token=$good", "a&access_token=$good&b=c&&",
    "ACCESS_Token=$good", "access_token=$good&access_token=$bad",
    "a=access_token=$good&access_token=$good"
) {
    is(connected("/arg?$args"), '101 ann', substr $args, 0, 30);
}

is(connected("/mapped?a=b&other=$good&c"), '101 ann', 'a map');
is(connected("/twice?access_token=$good"), '101 ann', 'nothing happens');
is(connected("/asked?access_token=$good"), '101 ann', 'behind auth_request');

# the arguments that are none stay as they are

like($t->read_file('all.log'), qr/<a=b&access_token=\*{100,}> <\*{100,}>/,
    'asterisks in its place');
like($t->read_file('all.log'), qr/<GET \/arg\?a=b&access_token=\*+ HTTP/,
    'in the request');
like($t->read_file('all.log'), qr/user=ann sub=ann$/m, 'who it was');

# --- refused

is(connected("/arg?access_token=$bad"), '401 ', 'a bad one');
is(connected("/arg?access_token=$old"), '401 ', 'an expired one');
is(connected("/arg?access_token=$good.$good"), '401 ', 'five parts');
is(connected("/mapped?other=$bad"), '401 ', 'a bad one by a map');
is(connected("/denied?access_token=$good"), '403 ', 'denied');
is(connected("/limited?access_token=$good"), '101 ann', 'not yet limited');
is(connected("/limited?access_token=$good"), '503 ', 'limited');
is(connected("/rewritten?access_token=$good"), '101 ann', 'rewritten');
is(request('GET', "/arg?access_token=$good")->{status}, 426, 'no handshake');
is(request('POST', "/arg?access_token=$good", body => 'x')->{status}, 405,
    'another method');
is(connected("/arg?access_token=$bad", "Authorization: Bearer $good"),
    '101 ann', 'not the one that counts');

my $reply = request('GET', "/braces?access_token=$good&a=b");

is($reply->{status}, 403, 'return');
like($reply->{body}, qr/^access_token=\*+&a=b$/, 'masked before it');

$reply = request('GET', "/error?access_token=$bad");

is($reply->{status}, 200, 'error_page');
like($reply->{body}, qr/^access_token=\*+ \/error\?access_token=\*+$/,
    'masked in it');

# by other settings, of the arguments as they were

$reply = request('GET', "/twice?access_token=$good");
is($reply->{status}, 426, 'led to another location');

unlike($t->read_file('asked.log'), qr/\Q$good\E/, 'not in a subrequest');
like($t->read_file('asked.log'), qr/ 204 |^204 /m, 'there was one');

# --- HTTP/2

SKIP: {
    skip 'no curl with HTTP/2', 2
        if `curl --version 2> /dev/null` !~ /HTTP2/;

    my $url = 'http://127.0.0.1:' . port(8082) . '/arg?a=b&access_token=';

    my $curl = "curl -s -o /dev/null -w '%{http_code}'"
        . " --http2-prior-knowledge '$url";

    is(`$curl$good'`, 426, 'HTTP/2');
    is(`$curl$bad'`, 401, 'HTTP/2, a bad one');
}

# --- a message behind a handshake that is refused: it is no request

my $early = ws(path => '/first', raw => 1,
    headers => [ "Authorization: Bearer $bad" ],
    early => Test::Chatws::Client::frame(1,
        qq({"action":"auth","token":"$good"})));

is($early->{status}, 401, 'a message behind a refused handshake');
is(lc($early->{headers}{connection} || ''), 'close', 'nothing reads it');
$early->drop();

# --- nowhere

for my $name (qw/ error.log all.log asked.log /) {
    my $log = $t->read_file($name);

    # what nginx logs for debugging has all that it reads, and then rewriting
    # is logged as by "rewrite_log"

    $log =~ s/^.*(?:\[debug\]|\[notice\].*(?: matches "| rewritten )).*\n//mg;

    ok(index($log, $_) < 0, "not in $name") or diag(substr $log,
        index($log, $_) - 100, 300) for $good, $old, $bad;
}

# where tokens are off, nothing is touched

is(connected("/off?access_token=$good"), '101 ann', 'tokens are off');
like($t->read_file('all.log'), qr/\Q$good\E/, 'nothing is masked');
is(connected("/arg?access%5Ftoken=$bad"), '401 ', 'another name to nginx');


sub connected {
    my ($uri, @headers) = @_;

    my ($path, $args) = split /\?/, $uri, 2;
    my $ws = ws(path => $path, args => $args, headers => \@headers);

    return "$ws->{status} " . (($ws->{connected} || {})->{userId} || '');
}
