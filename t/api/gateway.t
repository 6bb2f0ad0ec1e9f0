#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_publish_response in locations that other modules reach by subrequests:
# a gateway in njs, Lua or echo is published, a mirror is not.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Piece;
use Test::Nginx;

my $modules = '/usr/lib/nginx/modules';

my $t = Test::Nginx->new()->has(qw/ http proxy rewrite mirror /)->plan(42);

# Debian's modules, of which there may be none for this nginx

my (%load, %have);

for my $case ([ echo => 'ngx_http_echo_module' ],
    [ njs => 'ngx_http_js_module' ],
    [ lua => 'ndk_http_module', 'ngx_http_lua_module' ])
{
    my ($name, @files) = @$case;
    my @paths = map { "$modules/$_.so" } @files;

    next if grep { !-e } @paths;

    my $load = join '', map { "load_module $_;\n" } @paths;
    my $piece = Test::Chatws::Piece->new($t, $load);

    next if grep { $piece->misfit($_) } @paths;

    $load{$name} = $load;
    $have{$name} = 1;
}

my %http = (
    njs => 'js_import gw from gw.js;',
);

my %server = (
    echo => <<'EOC',
        location /echo/ {
            echo_read_request_body;
            echo_subrequest POST /app$uri -b $request_body;
        }

        location = /two {
            echo_read_request_body;
            echo_subrequest POST /app/length -b $request_body;
            echo_subrequest POST /app/chunked -b $request_body;
        }
EOC
    njs => <<'EOC',
        location /njs/ {
            js_content gw.pass;
        }

        location /detached/ {
            js_content gw.detached;
        }
EOC
    lua => <<'EOC',
        location /lua/ {
            content_by_lua_block {
                ngx.req.read_body()
                local res = ngx.location.capture("/app" .. ngx.var.uri,
                    { method = ngx.HTTP_POST,
                      body = ngx.req.get_body_data() })
                ngx.status = res.status
                ngx.print(res.body)
            }
        }
EOC
);

$t->write_file('gw.js', <<'EOF');
async function pass(r) {
    const answer = await r.subrequest('/app' + r.uri,
        { method: 'POST', body: r.requestText });

    r.return(answer.status, answer.responseText);
}

function detached(r) {
    r.subrequest('/app' + r.uri,
        { method: 'POST', body: r.requestText, detached: true });
    r.return(200, 'sent');
}

export default { pass, detached };
EOF

my $server = join '', map { $server{$_} } sort keys %have;

$t->write_file_expand('nginx.conf', conf(main => join('', values %load),
    http => join('', map { $http{$_} || '' } sort keys %have),
    server => $server . <<'EOC'));

        location /app/ {
            internal;
            proxy_pass http://127.0.0.1:8081;
            proxy_http_version 1.1;
            proxy_set_header Accept-Encoding gzip;
            subrequest_output_buffer_size 64k;
            chatws_publish_response chat;
        }

        location /app/lua/return {
            internal;
            default_type application/json;
            chatws_publish_response chat;
            return 201 '{"chatId":"chat_1","text":"return","sender":"s"}';
        }

        location /mirrored/ {
            mirror /mirror/app/mirror/length;
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
        }

        location /unpublished/ {
            mirror /mirror/app/mirror/length;
            proxy_pass http://127.0.0.1:8081;
        }

        location /mirror/ {
            internal;
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
        }
EOC

$t->run_daemon(\&app_server, port(8081), \&app);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

my $ws = ws(user => 'u', chats => 'chat_1');
my $n = 0;

sub message {
    return '{"chatId":"chat_1","text":"' . ++$n . '","sender":"s"}';
}

for my $gateway (qw/ echo njs lua /) {
    SKIP: {
        skip "no $gateway", 10 unless $have{$gateway};

        for my $kind (qw/ length chunked close bytes large /) {
            my $body = message();
            my $answer = request('POST', "/$gateway/$kind", body => $body);

            like($answer->{body}, $kind eq 'large' ? qr/"${n}x+"/
                : qr/\Q$body\E/, "$gateway, $kind, answer");
            like($ws->await('new_message')->{message}{text}, qr/^${n}x*$/,
                "$gateway, $kind, published");
        }
    }
}

SKIP: {
    skip 'no echo', 3 unless $have{echo};

    like(request('POST', '/two', body => message())->{body}, qr/("$n").*\1/s,
        'two subrequests, answers');
    is($ws->await('new_message')->{message}{text}, $n,
        'two subrequests, published') for 1 .. 2;
}

SKIP: {
    skip 'no lua', 2 unless $have{lua};

    request('POST', '/lua/return', body => '{}');
    is($ws->await('new_message')->{message}{text}, 'return',
        'an answer of nginx itself, published');

    # what is cut off is not published, and not taken for the end

    request('POST', '/lua/half', body => message());
    unlike($t->read_file('error.log'), qr/Invalid JSON/, 'cut off');
}

# a mirror asks for no answer, and there is none to be published

is(request('POST', '/mirrored/length', body => message())->{status}, 201,
    'mirrored');
is($ws->await('new_message')->{message}{text}, $n, 'mirrored, published once');
is(request('POST', '/unpublished/length', body => message())->{status}, 201,
    'mirrored only');

# nobody waits for that one, and that is told

SKIP: {
    skip 'no njs', 2 unless $have{njs};

    is(request('POST', '/detached/length', body => message())->{body}, 'sent',
        'detached');
    ok(eventually(sub {
        $t->read_file('error.log')
            =~ m{nobody reads its body.*subrequest: "/app/detached/length"};
    }), 'detached, told');
}

publish({ chatId => 'chat_1', text => 'marker', sender => 's' });
is($ws->await('new_message')->{message}{text}, 'marker', 'and nothing else');
is(@{$ws->{skipped}}, 0, 'no other notification');


sub app {
    my ($client, $request, $body) = @_;

    my ($kind) = $request =~ m{/(\w+)$};

    my $head = "HTTP/1.1 201 X\r\nContent-Type: application/json\r\n"
        . "Connection: close\r\n";

    $body =~ s/(?=","sender)/"x" x 40000/e if $kind eq 'large';

    if ($kind eq 'chunked' || $kind eq 'bytes') {
        my $size = $kind eq 'bytes' ? 1 : 10;

        print $client "${head}Transfer-Encoding: chunked\r\n\r\n";

        while (length(my $part = substr $body, 0, $size, '')) {
            printf $client "%x\r\n%s\r\n", length $part, $part;
        }

        print $client "0\r\n\r\n";
        return;
    }

    $head .= 'Content-Length: ' . length($body) . "\r\n"
        unless $kind eq 'close';

    print $client "$head\r\n",
        $kind eq 'half' ? substr $body, 0, length($body) / 2 : $body;
}
