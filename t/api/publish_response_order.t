#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_publish_response beside filters that change the answer: what the
# location's handler answers is published, in whatever order modules are
# loaded.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Piece;
use Test::Nginx;

my @lua = map { "/usr/lib/nginx/modules/$_.so" }
    qw/ ndk_http_module ngx_http_lua_module /;
my $load = join '', map { "load_module $_;\n" } @lua;

my $t = Test::Nginx->new()->has(qw/ http proxy sub gzip addition rewrite /)
    ->plan(30);

my $piece = Test::Chatws::Piece->new($t, $load);
my $lua = !grep({ !-e $_ || $piece->misfit($_) } @lua);

my %server = (none => '', lua => <<'EOC');

        location = /body {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
            body_filter_by_lua_block {
                if ngx.arg[1] then
                    ngx.arg[1] = ngx.arg[1]:gsub("answer", "changed")
                end
            }
        }

        location = /header {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
            header_filter_by_lua_block {
                ngx.header["Content-Type"] = "text/plain"
                ngx.status = 202
            }
        }

        location = /emptied {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
            header_filter_by_lua_block { ngx.header.content_length = nil }
            body_filter_by_lua_block { ngx.arg[1] = nil }
        }
EOC

my %conf;

for my $name (qw/ none lua /) {
    $conf{$name} = conf(server => $server{$name} . <<'EOC');

        location = /sub {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
            sub_filter answer changed;
            sub_filter_types application/json;
            sub_filter_once off;
        }

        location = /gzip {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
            gzip on;
            gzip_min_length 0;
            gzip_types application/json;
            gzip_proxied any;
        }

        location = /addition {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
            add_after_body /after;
            addition_types application/json;
        }

        location = /after {
            return 200 "after\n";
        }
EOC
}

$t->run_daemon(\&app_server, port(8081), \&app);

my @static = ([ '/sub', qr/"changed \d+"/ ], [ '/gzip', qr/^\x1f\x8b/ ],
    [ '/addition', qr/after\n\z/ ]);
my @both = (@static, [ '/body', qr/"changed \d+"/ ],
    [ '/header', qr/"answer \d+"/ ], [ '/emptied', qr/^$/ ]);

my $ws;
my $n = 0;

sub published {
    my ($order, @cases) = @_;

    $ws = ws(user => 'u', chats => 'chat_1');

    for my $case (@cases) {
        my ($uri, $body) = @$case;
        my $text = 'answer ' . ++$n;

        like(request('POST', $uri, headers => [ 'Accept-Encoding: gzip' ],
                body => qq({"chatId":"chat_1","text":"$text","sender":"s"}))
                ->{body}, $body, "$uri, $order, answer");
        is($ws->await('new_message')->{message}{text}, $text,
            "$uri, $order, published");
    }

    $ws->drop();
}

$t->write_file_expand('nginx.conf', $conf{none});
$t->run()->waitforsocket('127.0.0.1:' . port(8081));
published('alone', @static);
$t->stop();

# before chatws in the list of modules, and after it

SKIP: {
    skip 'no lua', 24 unless $lua;

    $t->write_file_expand('nginx.conf', $load . $conf{lua});
    $t->run();
    published('lua first', @both);
    $t->stop();

    $t->write_file_expand('nginx.conf', $conf{lua}
        =~ s/(?<=^daemon off;\n)/$load/mr);
    $t->run();
    published('chatws first', @both);
}


sub app {
    my ($client, $request, $body) = @_;

    app_answer($client, 200, 'application/json', $body);
}
