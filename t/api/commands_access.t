#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Who may use chatws_api: methods, content types and pages; nginx's own means
# of protection; blocks inside of its location; subrequests and error pages.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_v2 rewrite mirror auth_request
    proxy ssi limit_req /)->plan(49);

$t->write_file_expand('nginx.conf', conf(http => <<'EOH', server => <<'EOC'));

    keepalive_timeout 0;
    limit_req_zone $arg_key zone=req:1m rate=1r/m;
EOH

location = /api/commands { chatws_api chat write=on; }
location = /read { chatws_api chat write=off; }

location = /denied {
    deny all;
    chatws_api chat write=on;
}

location = /limited {
    limit_req zone=req;
    chatws_api chat write=on;
}

location = /origins {
    chatws_allowed_origins https://admin.example;
    chatws_api chat write=on;
}

location = /if {
    chatws_api chat write=on;

    if ($arg_if) {
        set $x 1;
    }
}

location = /except {
    chatws_api chat write=on;

    limit_except GET {
        deny all;
    }
}

location = /except_allowed {
    chatws_api chat write=on;

    limit_except GET {
        allow all;
    }
}

location /nested {
    chatws_api chat write=on;

    location /nested/inside {
        return 204;
    }
}

location = /mirrored {
    mirror /mirror;
    return 200 "";
}

location = /proxied {
    mirror /mirror;
    proxy_pass http://127.0.0.1:8080/empty;
}

location = /mirror {
    internal;
    chatws_api chat write=on;
}

location = /empty {
    return 204;
}

location = /page {
    error_page 415 = /small;
    error_page 403 /own;
    chatws_api chat write=on;
}

location = /small {
    return 418;
}

location = /own {
    return 403 own;
}

location = /size {
    client_max_body_size 1k;
    chatws_api chat write=on;
}

location = /asked {
    auth_request /read_inside;
    proxy_pass http://127.0.0.1:8080/empty;
}

location = /read_inside {
    internal;
    set $args what=info;
    chatws_api chat;
}

location /ssi/ {
    ssi on;
    root %%TESTDIR%%;
}

EOC

mkdir $t->testdir() . '/ssi';
$t->write_file('ssi/info.html',
    '<!--#include virtual="/read?what=info" -->');
$t->run();

my $ws = ws(user => 'u', chats => 'c');
my $kick = '{"command":"unsubscribe","userId":"u","chatId":"c"}';

sub post {
    my ($uri, @headers) = @_;

    @headers = ('Content-Type: application/json', @headers)
        unless grep { /^content-(?:type|encoding):/i } @headers;

    return request('POST', $uri, body => $kick, headers => \@headers);
}

# --- content types

for my $case (
    [ 'Content-Type: application/json', 202 ],
    [ 'Content-Type: application/json; charset=utf-8', 202 ],
    [ 'Content-Type: APPLICATION/JSON', 202 ],
    [ 'Content-Type: text/plain', 415 ],
    [ 'Content-Type: application/x-www-form-urlencoded', 415 ],
    [ 'Content-Type: application/json2', 415 ],
    [ 'Content-Type:', 415 ])
{
    my ($header, $status) = @$case;

    is(post('/api/commands', $header)->{status}, $status, $header);
}

is(request('POST', '/api/commands', body => $kick)->{status}, 415,
    'no content type');

my $answer = post('/api/commands', 'Content-Type: application/json',
    'Content-Encoding: gzip');
is("$answer->{status} $answer->{headers}{'accept-encoding'}", '415 identity',
    'a content coding');
is($answer->{headers}{'cache-control'}, 'no-store', 'refused, not stored');
is($answer->{headers}{'x-content-type-options'}, 'nosniff',
    'refused, no guess');

# --- pages

for my $case (
    [ 202, 'Sec-Fetch-Site: same-origin' ],
    [ 202, 'Sec-Fetch-Site: none' ],
    [ 403, 'Sec-Fetch-Site: same-site' ],
    [ 403, 'Sec-Fetch-Site: cross-site' ],
    [ 403, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site' ],
    [ 202, 'Origin: http://localhost' ],
    [ 202, 'Origin: http://localhost', 'Sec-Fetch-Site: same-origin' ],
    [ 403, 'Origin: http://localhost', 'Sec-Fetch-Site: cross-site' ],
    [ 202, 'Origin: https://localhost' ],
    [ 403, 'Origin: http://localhost:81' ],
    [ 403, 'Origin: http://other.example' ],
    [ 403, 'Origin: null' ],
    [ 403, 'Origin: http://localhost', 'Origin: http://other.example' ])
{
    my ($status, @headers) = @$case;

    is(post('/api/commands', @headers)->{status}, $status, "@headers");
}

is(request('GET', '/read?what=info', headers =>
    [ 'Origin: http://other.example' ])->{status}, 403, 'GET of a page');
is(post('/origins', 'Origin: https://admin.example')->{status}, 202,
    'a page that is allowed');
is(post('/origins', 'Origin: https://other.example')->{status}, 403,
    'a page that is not');
is(post('/origins', 'Origin: http://localhost')->{status}, 202,
    'a page of the own host');

# --- nginx's own

is(post('/denied')->{status}, 403, 'deny');
is(request('GET', '/denied?what=info')->{status}, 403, 'deny, GET');
is(join(' ', map { post('/limited?key=1')->{status} } 1, 2), '202 503',
    'limit_req');
is(request('POST', '/size', body => '{"x":"' . 'x' x 2000 . '"}',
    headers => [ 'Content-Type: application/json' ])->{status}, 413,
    'a body that is too large');

# --- blocks inside of the location

is(post('/if')->{status}, 202, 'if, not taken');
is(post('/if?if=1')->{status}, 202, 'if, taken');
is(request('GET', '/if?if=1&what=info')->{status}, 200, 'if, GET');
is(request('GET', '/except?what=info')->{status}, 200, 'limit_except, GET');
is(post('/except')->{status}, 403, 'limit_except, denied');
is(post('/except_allowed')->{status}, 202, 'limit_except, allowed');
is(post('/nested')->{status}, 202, 'a location with another inside');
is(post('/nested/inside')->{status}, 204, 'the one inside');

# --- error pages

is(request('POST', '/page', body => $kick)->{status}, 418,
    'error_page to another status');
$answer = post('/page', 'Origin: http://other.example');
is("$answer->{status} $answer->{body}", '403 own', 'error_page');

# --- subrequests: their parent's fields are not about them

my $fresh = ws(user => 'fresh', chats => 'c');

my $own = '{"command":"disconnect","userId":"fresh","code":4001}';

is(request('POST', '/proxied', body => $own, headers =>
    [ 'Content-Type: text/plain', 'Origin: http://other.example' ])
    ->{status}, 204, 'mirror');
is(($fresh->await_close() || {})->{code}, 4001, 'mirror, carried out');

is(request('GET', '/asked')->{status}, 204, 'auth_request');
like(request('GET', '/ssi/info.html')->{body}, qr/"zone":"chat"/, 'SSI');

is($ws->await('unsubscribed')->{chatId}, 'c', 'and all that was accepted');

# --- write=off

is(post('/read')->{status}, 405, 'write=off');
is(request('GET', '/mirror?what=info')->{status}, 404, 'internal');
