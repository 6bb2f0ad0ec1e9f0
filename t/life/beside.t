#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A WebSocket costs next to nothing and survives a reload whatever other
# modules have done to the request of its handshake: authentication by a
# subrequest, the address of a proxy, redirects, Lua, njs and modsecurity.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Piece;
use Test::Nginx;

plan(skip_all => 'too few files may be open') unless many_files(16384);

# so many connections before memory is measured, and while it is

my ($before, $measured) = (60, 240);

my $t = Test::Nginx->new()
    ->has(qw/ http proxy rewrite auth_request auth_basic limit_req mirror /);

my @lua = loadable($t, qw/ ndk_http_module ngx_http_lua_module /);
my @njs = loadable($t, qw/ ngx_http_js_module /);
my @modsecurity = loadable($t, qw/ ngx_http_modsecurity_module /);

my @setups = (
    [ plain => '' ],
    [ auth_request => 'auth_request /check; '
        . 'auth_request_set $user $upstream_http_x_user; chatws_user $user;' ],
    [ realip => 'set_real_ip_from 127.0.0.1; '
        . 'real_ip_header X-Forwarded-For;' ],
    [ auth_basic => 'auth_basic chat; auth_basic_user_file htpasswd; '
        . 'chatws_user "$remote_user $arg_userId";' ],
    [ limit_req => 'limit_req zone=req burst=10000 nodelay;' ],
    [ mirror => 'mirror /empty_app;' ],
);

push @setups, (
    [ set_by_lua => 'set_by_lua_block $lua { return ngx.var.arg_userId } '
        . 'chatws_user $lua;' ],
    [ rewrite_by_lua => 'rewrite_by_lua_block { ngx.ctx.x = {} }' ],
    [ access_by_lua => 'access_by_lua_block { '
        . 'ngx.location.capture("/empty_app"); collectgarbage() }' ],
    [ header_filter_by_lua => 'header_filter_by_lua_block { '
        . 'ngx.header["X-A"] = "b" }' ],
    [ log_by_lua => 'log_by_lua_block { local x = ngx.var.uri }' ],
) if @lua;

push @setups, [ js_set => 'chatws_user $js_user;' ] if @njs;

push @setups, [ modsecurity => 'modsecurity on; '
    . 'modsecurity_rules "SecRuleEngine On";' ] if @modsecurity;

# the location that comes first is another one

my @redirects = (
    [ x_accel_redirect => 'proxy_pass http://127.0.0.1:8080/app/accel;' ],
    [ error_page => 'error_page 418 = @ws; return 418;' ],
    [ try_files => 'try_files /none @ws;' ],
);

$t->plan(4 * (@setups + @redirects) + 5 + (@lua ? 3 : 0));

$t->write_file('htpasswd', "joe:{PLAIN}secret\n");
$t->write_file('chat.js',
    'export default { user: function(r) { return r.args.userId } }');

$t->write_file_expand('nginx.conf', conf(
    main => join('', map { "load_module $_;\n" } @lua, @njs, @modsecurity),
    connections => 16384,
    zone => 'zone=chat:8m',
    http => 'limit_req_zone $server_name zone=req:1m rate=1000r/s;'
        . 'chatws_drain 24h;'
        . (@njs ? "js_path %%TESTDIR%%; js_import chat.js;\n"
            . 'js_set $js_user chat.user;' : ''),
    server => locations() . <<'EOC'));

        location @ws {
            chatws chat;
        }

        location = /inner {
            internal;
            chatws chat;
        }

        location = /check {
            internal;
            proxy_pass http://127.0.0.1:8080/app/auth;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }

        location = /empty_app {
            internal;
            proxy_pass http://127.0.0.1:8080/app/empty;
        }

        location = /app/auth {
            add_header X-User "user of $http_x_session";
            return 204;
        }

        location = /app/empty {
            return 204;
        }

        location = /app/accel {
            add_header X-Accel-Redirect "/inner?userId=$arg_userId";
            return 200;
        }
EOC

$t->run();

ok(eventually(sub { workers_of($t) == 1 }), 'a worker');

my ($worker) = workers_of($t);
my %clients;

for my $setup (@setups, @redirects) {
    my ($name) = @$setup;

    my @clients = map { opened($name, $_) } 1 .. $before;
    my $memory = memory_of($worker);

    push @clients, map { opened($name, $_) } $before + 1 .. $before + $measured;

    my $each = (memory_of($worker) - $memory) / $measured / 1024;

    is(scalar(grep { $_->{status} == 101 } @clients), $before + $measured,
        "$name, connected");

    # a request that is kept takes 4 and more; the heap grows, and that of Lua,
    # by steps which make half of one here

    cmp_ok($each, '<=', 2, "$name, KB each");
    diag(sprintf '%-22s %.2f KB', $name, $each) if $ENV{TEST_NGINX_VERBOSE};

    $clients{$name} = \@clients;
}

my $all = ($before + $measured) * (@setups + @redirects);

is(published(), $all, 'all are there');

ok(replaced($t, 1), 'reload');
isnt((workers_of($t))[0], $worker, 'another worker');

is(published(), $all, 'all are there still');

for my $setup (@setups, @redirects) {
    my ($name) = @$setup;

    my @told = grep { $_->await('new_message') && $_->await('new_message') }
        @{$clients{$name}};

    is(scalar(@told), $before + $measured, "$name, served by either worker");
    is(scalar(grep { $_->{closed} } @{$clients{$name}}), 0,
        "$name, no close");
}

if (@lua) {
    my $ws = ws(user => 'u', path => '/status_by_lua', raw => 1);

    is($ws->{status}, 200, 'a status set by Lua');
    ok($ws->ended(), 'a status set by Lua, the connection ends');
    is($ws->{in}, '', 'a status set by Lua, nothing follows');
}


# The modules of Debian's packages, where this nginx can load all of them.

sub loadable {
    my ($t, @names) = @_;

    my @paths = map { "/usr/lib/nginx/modules/$_.so" } @names;

    return () if grep { !-e } @paths;

    my $piece = Test::Chatws::Piece->new($t,
        join "\n", map { "load_module $_;" } @paths);

    return () if grep { $piece->misfit($_) } @paths;

    return @paths;
}


sub locations {
    my $text = '';

    for my $setup (@setups) {
        my ($name, $conf) = @$setup;
        $text .= "location = /$name { chatws chat; $conf }\n";
    }

    for my $redirect (@redirects) {
        my ($name, $conf) = @$redirect;
        $text .= "location = /$name { $conf }\n";
    }

    $text .= 'location = /status_by_lua { chatws chat; '
        . "header_filter_by_lua_block { ngx.status = 200 } }\n" if @lua;

    return $text;
}


sub opened {
    my ($name, $n) = @_;

    return ws(user => "$name $n", path => "/$name", chats => 'c',
        headers => [ 'X-Forwarded-For: 192.0.2.1', "X-Session: $n",
            'Authorization: Basic am9lOnNlY3JldA==' ]);
}


sub published {
    return publish({ chatId => 'c', text => 't', sender => 'x' })
        ->{json}{recipients};
}
