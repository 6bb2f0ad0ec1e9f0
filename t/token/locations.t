#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Tokens in locations that publish, and in that of the API: no main request
# gets in without a good one, whatever else would let it, and subrequests have
# the token of their main request.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http rewrite access auth_request mirror
    proxy ssi limit_req map /)->plan(92);

my $key = secret_key('k');

$t->write_file('keys.jwks', jwks($key));
$t->write_file('page.html', 'sub=<!--# echo var="chatws_claim_sub" -->'
    . '<!--# include virtual="/part" -->');

$t->write_file_expand('nginx.conf', conf(http => <<'EOC',

    chatws_token_key_file %%TESTDIR%%/keys.jwks;

    map $chatws_claim_sub $team {
        default none;
        ann     red;
    }

    limit_req_zone $chatws_claim_sub zone=users:1m rate=1r/m;

    log_format claims '$uri $status sub=$chatws_claim_sub';
    access_log %%TESTDIR%%/claims.log claims;
EOC
    publish => 'chatws_token $http_authorization;',
    server => <<'EOC'))->run();

        location = /any {
            satisfy any;
            allow all;
            chatws_publish chat;
            chatws_token $http_authorization;
        }

        location = /response {
            satisfy any;
            allow all;
            chatws_publish_response chat;
            chatws_token $http_authorization;
            proxy_pass http://127.0.0.1:8081;
            proxy_set_header X-Sub $chatws_claim_sub;
        }

        location /outer {
            chatws_token $http_authorization;

            location = /outer/nested {
                chatws_publish chat;
            }

            location = /outer/open {
                chatws_token off;
                chatws_publish chat;
            }

            location = /outer/if {
                if ($http_host) {
                    set $seen 1;
                }

                chatws_publish chat;
            }

            location = /outer/limited {
                limit_except PUT {
                    allow all;
                }

                chatws_publish chat;
            }

            location ~ ^/outer/(regex) {
                chatws_publish chat;
            }
        }

        location = /rewritten {
            rewrite ^ /api/messages last;
        }

        location = /try {
            try_files /none /api/messages;
        }

        location = /named {
            error_page 405 = @named;
            return 405;
        }

        location @named {
            chatws_publish chat;
            chatws_token $http_authorization;
        }

        location = /led {
            error_page 404 /api/messages;
            return 404;
        }

        location = /accel {
            proxy_pass http://127.0.0.1:8081/accel;
        }

        # answered before tokens are looked at

        location = /returned {
            default_type application/json;
            chatws_publish_response chat;
            chatws_token $http_authorization;
            return 201 '{"chatId":"c","text":"returned","sender":"ann"}';
        }

        # a variable that has no value at first

        location = /late {
            auth_request /ask;
            auth_request_set $late $upstream_http_x_token;
            chatws_token $late;
            set $early $chatws_claim_sub;
            chatws_publish chat;
        }

        # of itself

        location = /itself {
            chatws_token $chatws_claim_sub $chatws_user;
            chatws_publish chat;
        }

        # 401 has an answer of its own

        location = /page {
            chatws_publish chat;
            chatws_token $http_authorization;
            error_page 401 = /login;
        }

        location = /status_page {
            chatws_publish chat;
            chatws_token $http_authorization;
            error_page 401 /login;
        }

        location = /login {
            return 200 "log in, $chatws_claim_sub";
        }

        location @other {
            chatws_publish chat;
            chatws_token $http_x_token;
        }

        location = /other {
            chatws_publish chat;
            chatws_token $http_authorization;
            error_page 405 = @other;
        }

        # subrequests

        location = /mirrored {
            mirror /mirror;
            chatws_token $http_authorization;
            chatws_publish chat;
        }

        location = /open_mirrored {
            mirror /mirror;
            proxy_pass http://127.0.0.1:8081/open;
        }

        location = /mirror {
            internal;
            chatws_publish_response chat;
            chatws_token $http_authorization;
            proxy_pass http://127.0.0.1:8081/mirror$chatws_claim_sub;
        }

        location = /page.html {
            ssi on;
            chatws_token $http_authorization;
        }

        location = /part {
            return 200 " part=$chatws_claim_sub";
        }

        location = /asked {
            auth_request /ask;
            chatws_publish chat;
            chatws_token $http_authorization;
        }

        location = /ask {
            internal;
            proxy_pass http://127.0.0.1:8081/ask$chatws_claim_sub;
            proxy_set_header X-Token $http_x_token;
        }

        # claims, in each phase

        location = /claims {
            chatws_token $http_authorization;
            set $seen $chatws_claim_sub;

            if ($chatws_claim_role = admin) {
                add_header X-Admin yes;
                add_header X-Seen "$seen";
                add_header X-Team $team;
            }

            set $plain "$chatws_claim_n|$chatws_claim_b|$chatws_claim_role";
            set $case "$chatws_claim_tenantId|$chatws_claim_tenantid";
            set $empty "$chatws_claim_list|$chatws_claim_lines";
            return 200 "$chatws_claim_sub|$plain|$case|$empty|${chatws_claim_}";
        }

        location = /limits {
            limit_req zone=users;
            chatws_publish chat;
            chatws_token $http_authorization;
        }

        location = /no_token {
            return 200 "<$chatws_claim_sub>";
        }

        location = /argument {
            chatws_token $arg_token;
            return 200 "<$chatws_claim_sub>";
        }

        # the API

        location = /api {
            chatws_api chat write=on;
            chatws_token $http_authorization;
        }

        location = /open_api {
            chatws_api chat write=on;
        }

        location = /sub_api {
            ssi on;
            ssi_types *;
            default_type text/plain;
            return 200 '<!--# include virtual="/api?what=info" -->';
        }
    }

    server {
        listen 127.0.0.1:8081;

        location / {
            access_log %%TESTDIR%%/app.log combined;
            add_header X-Token $http_x_token;
            return 204;
        }

        location = /response {
            default_type application/json;
            add_header X-Sub $http_x_sub;
            return 201 '{"chatId":"c","text":"t","sender":"ann"}';
        }

        location = /accel {
            add_header X-Accel-Redirect /api/messages;
            return 200;
        }
EOC

my $good = token($key, claims => { role => 'admin', n => 1.5,
    b => JSON::PP::true, list => [ 1 ], lines => "a\nb", tenantId => 't1' });
my $bad = $good =~ s/.{10}$/0123456789/r;
my $old = token($key, claims => { iat => time() - 600, exp => time() - 60 });

my $message = { chatId => 'c', text => 't', sender => 'ann' };

# --- who gets in

for my $uri (qw{ /api/messages /any /response /outer/nested /outer/if
    /outer/limited /outer/regex /rewritten /try /named /mirrored /asked })
{
    is(published($uri), '401 Bearer Token required', "$uri, none");
    is(published($uri, $bad), '401 Bearer Invalid token', "$uri, a bad one");
    is(published($uri, $old), '401 Bearer Token expired', "$uri, an old one");
    is(published($uri, $good), '201  ', "$uri, a good one");
}

# the method is that of an error page, but not for "="

is(published('/led'), '404 Bearer Token required', 'error_page, none');
is(published('/accel'), '401 Bearer Token required', 'X-Accel-Redirect, none');
is(published('/outer/open'), '201  ', 'off inside');

is(request('GET', '/any')->{status}, 401, 'another method, none');
is(request('GET', '/any', bearer($good))->{status}, 405,
    'another method, a good one');
is(request('GET', '/response')->{status}, 401, 'a request of an app, none');
is(published('/api/messages', undef, 'Authorization: Basic YTpi'),
    '401 Bearer Token required', 'another scheme');

my $ws = ws(user => 'bob', chats => 'c');

is(publish($message, uri => '/returned')->{status}, 201, 'return, none');
is(published('/returned', $good), '201  ', 'return, a good one');
is(published('/any', $good), '201  ', 'the next one');
is(join(' ', map { $ws->await('new_message')->{message}{text} } 1, 2),
    'returned t', 'one of them was published');

is(published('/late', undef, "X-Token: $good"), '201  ', 'a late variable');
is(published('/late'), '401 Bearer Token required', 'a late variable, none');
is(published('/itself', $good), '401 Bearer Token required',
    'made of itself');

# --- pages of 401

my $reply = publish($message, uri => '/page');

is($reply->{status}, 200, 'error_page 401 =');
is($reply->{body}, 'log in, ', 'its answer');
is($reply->{headers}{'www-authenticate'}, undef, 'and its header');

$reply = publish($message, uri => '/status_page');

is($reply->{status}, 401, 'error_page 401');
is($reply->{headers}{'www-authenticate'}, 'Bearer', 'the scheme');

# by the settings of another location

is(request('GET', '/other', bearer($good))->{status}, 401,
    'another source, where an error page leads');
is(request('GET', '/other', headers => [ "Authorization: Bearer $good",
    "X-Token: $good" ])->{status}, 405, 'both');

# --- claims

$reply = request('GET', '/claims', bearer($good));

is($reply->{body}, 'ann|1.5|true|admin|t1|t1|||', 'claims');
is($reply->{headers}{'x-seen'}, 'ann', 'set');
is($reply->{headers}{'x-admin'}, 'yes', 'if');
is($reply->{headers}{'x-team'}, 'red', 'map');

for my $text ($bad, $old, 'x') {
    is(request('GET', '/claims', bearer($text))->{body}, '||||||||',
        'claims of a bad one');
}

is(request('GET', '/no_token', bearer($good))->{body}, '<>', 'no directive');
is(request('GET', "/argument?token=$good")->{body}, '<>',
    'an argument is no source there');
is(request('GET', '/response', bearer($good))->{headers}{'x-sub'}, 'ann',
    'proxy_set_header');

is(published('/limits', $good), '201  ', 'limit_req, not yet');
like(published('/limits', $good), qr/^503/, 'limit_req by a claim');
is(published('/limits', token($key, claims => { sub => 'joe' })), '201  ',
    'another user');

is(request('GET', '/page.html', bearer($good))->{body}, 'sub=ann part=ann',
    'a subrequest of SSI');

# --- subrequests

is(publish($message, uri => '/open_mirrored')->{status}, 204,
    'a mirror of what needs no token');

ok(eventually(sub { my $log = $t->read_file('app.log');
    $log =~ m{ /mirrorann } && $log =~ m{ /askann } && $log =~ m{ /mirror }
}), 'subrequests have the claims of their main request');

is(scalar(() = $t->read_file('app.log') =~ m{ /mirror}g), 2,
    'what was refused is not mirrored');

# --- the API

my %may;
@may{qw/ none read write both other /} = map { token($key, claims => {
    chatws => $_ }) } undef, [ 'read' ], [ 'write' ], [ 'read', 'write' ],
    'read';

is(join(' ', map { api('GET', $may{$_}) } qw/ none read write both other /),
    '403 200 403 200 403', 'who may read');
is(join(' ', map { api('POST', $may{$_}) } qw/ none read write both other /),
    '403 403 201 201 403', 'who may write');
is(api('GET', $bad), 401, 'a bad token');
is(api('GET'), 401, 'no token');
is(request('GET', '/open_api?what=info')->{status}, 200, 'tokens are off');

like($t->read_file('claims.log'), qr{^/any 201 sub=ann$}m, 'in the log');


sub published {
    my ($uri, $token, @headers) = @_;

    push @headers, "Authorization: Bearer $token" if defined $token;

    my $reply = publish($message, uri => $uri, headers => \@headers);

    return join ' ', $reply->{status},
        $reply->{headers}{'www-authenticate'} || '',
        (ref $reply->{json} eq 'HASH' ? $reply->{json} : {})->{error} || '';
}


sub api {
    my ($method, $token) = @_;

    my @headers = defined $token ? "Authorization: Bearer $token" : ();

    return request('GET', '/api?what=info', headers => \@headers)->{status}
        if $method eq 'GET';

    return publish({ command => 'publish', %$message }, uri => '/api',
        headers => \@headers)->{status};
}


sub bearer {
    return (headers => [ "Authorization: Bearer $_[0]" ]);
}
