#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Every directive of the module in, around and beside the blocks that nginx
# makes configurations of their own for: "if", "limit_except", nested, named
# and regular expression locations.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy rewrite auth_basic /);

# what a location may have before or behind its directive of the module, and
# whether it changes who answers

my @blocks = (
    [ 'true if', 'if ($http_host) { set $seen 1; }' ],
    [ 'false if', 'if ($http_none) { return 418; }' ],
    [ 'two ifs', 'if ($http_host) { set $seen 1; }
        if ($request_method) { set $seen 2; }' ],
    [ 'empty if', 'if ($http_host) { }' ],
    [ 'limit_except', 'limit_except DELETE { allow all; }' ],
    [ 'limit_except and if',
      'limit_except DELETE { allow all; } if ($http_host) { set $seen 1; }' ],
    [ 'if with a directive of another module',
      'if ($http_host) { add_header X-Seen yes; }' ],
);

my ($conf, $n) = ('', 0);

for my $block (@blocks) {
    for my $first (0, 1) {
        $block->[2 + $first] = $n;

        my $with = sub {
            my ($text) = @_;
            return $first ? "$block->[1]\n$text" : "$text\n$block->[1]";
        };

        $conf .= "
        location = /ws/$n { @{[ $with->('chatws chat;') ]} }
        location = /publish/$n { @{[ $with->('chatws_publish chat;') ]} }
        location = /status/$n { @{[ $with->('chatws_status chat;') ]} }
        location = /response/$n {
            @{[ $with->('chatws_publish_response chat;') ]}
            proxy_pass http://127.0.0.1:8081;
        }
        location = /named/$n { error_page 418 = \@named_$n; return 418; }
        location \@named_$n { @{[ $with->('chatws_publish chat;') ]} }
        ";

        $n++;
    }
}

$t->plan(29 + 12 * 2 * @blocks);

$t->write_file_expand('nginx.conf', conf(
    http => 'chatws_own_messages on;',
    server => $conf . <<'EOC'));

        location /outer {
            if ($http_host) {
                set $seen 1;
            }

            chatws chat;

            location /outer/ws {
                chatws chat;

                if ($http_host) {
                    set $seen 1;
                }
            }

            location /outer/publish {
                chatws_publish chat;

                if ($http_host) {
                    set $seen 1;
                }
            }

            location ~ /bare {
                if ($http_host) {
                    set $seen 1;
                }
            }
        }

        location ~ ^/regex/(?<kind>\w+) {
            if ($kind = status) {
                add_header X-Kind $kind;
            }

            chatws_status chat;
        }

        location = /passed {
            chatws_status chat;

            if ($arg_pass) {
                proxy_pass http://127.0.0.1:8081;
            }
        }

        location = /except/passed {
            chatws_publish chat;

            limit_except POST {
                proxy_pass http://127.0.0.1:8081;
            }
        }

        location = /except/secret {
            chatws_publish chat;

            limit_except GET {
                auth_basic closed;
                auth_basic_user_file htpasswd;
            }
        }

        location = /except/denied {
            chatws chat;

            limit_except POST {
                deny all;
            }
        }

        location = /refused {
            chatws chat;

            if ($arg_userId = mallory) {
                return 403;
            }
        }

        location = /answered {
            chatws_publish_response chat;

            if ($http_host) {
                proxy_pass http://127.0.0.1:8081;
            }
        }

        location = /rewritten {
            rewrite ^ /ws/0 last;
            chatws_status chat;
        }
EOC

$t->write_file('htpasswd', "joe:{PLAIN}secret\n");
$t->run_daemon(\&app_server, port(8081), \&example_app);
$t->waitforsocket('127.0.0.1:' . port(8081));
$t->run();

my $message = '{"chatId": "c", "text": "t", "sender": "s"}';
my $reader = ws(user => 'reader', chats => 'c');
my ($last, $seq) = ('', 0);

sub published {
    my ($path, $name, $count) = @_;

    my $answer = publish($message, uri => $path);

    is($answer ? $answer->{status} : 'none', 201, $name);
    is(($reader->await('new_message') || {})->{seq}, ++$seq,
        "$name, delivered once");
}

for my $block (@blocks) {
    for my $first (0, 1) {
        my $i = $block->[2 + $first];
        my $name = $block->[0] . ($first ? ' before' : ' behind');

        my $ws = ws(user => 'u', path => "/ws/$i");
        is($ws->{status}, 101, "$name, endpoint");
        $ws->subscribe('other');
        is(($ws->subscribe('other') || {})->{chatId}, 'other',
            "$name, endpoint, subscribed");
        $ws->drop();

        is(request('POST', "/ws/$i", body => '')->{status}, 405,
            "$name, endpoint, another method");

        published("/publish/$i", "$name, publishing");
        is(request('GET', "/publish/$i")->{status}, 405,
            "$name, publishing, another method");

        is(request('GET', "/status/$i")->{json}{zone}, 'chat',
            "$name, status");
        is(request('POST', "/status/$i", body => 'x')->{status}, 405,
            "$name, status, another method");

        published("/response/$i", "$name, response");
        published("/named/$i", "$name, named");
    }
}

is(ws(user => 'u', path => '/outer')->{status}, 101, 'around');
is(ws(user => 'u', path => '/outer/ws')->{status}, 101, 'nested');
published('/outer/publish', 'nested, publishing');
is(ws(user => 'u', path => '/outer/bare')->{status}, 404,
    'nested, the endpoint is not inherited');

is(request('GET', '/regex/status')->{json}{zone}, 'chat', 'regex');
is(request('GET', '/passed')->{json}{zone}, 'chat',
    'an if that passes, false');
is(request('GET', '/passed?pass=1')->{body}, 'app: GET /passed?pass=1',
    'an if that passes, true');
published('/except/passed', 'limit_except that passes, not');
is(request('GET', '/except/passed')->{body}, 'app: GET /except/passed',
    'limit_except that passes');
is(publish($message, uri => '/except/secret')->{status}, 401,
    'limit_except with a password, none');
is(publish($message, uri => '/except/secret', headers =>
    [ 'Authorization: Basic am9lOnNlY3JldA==' ])->{status}, 201,
    'limit_except with a password');
is($reader->await('new_message')->{seq}, ++$seq,
    'limit_except with a password, delivered');
is(ws(user => 'u', path => '/except/denied')->{status}, 403,
    'limit_except that denies');
is(ws(user => 'mallory', path => '/refused')->{status}, 403,
    'if that refuses');
is(ws(user => 'u', path => '/refused')->{status}, 101, 'if that does not');
published('/answered', 'the handler is in the if');
is(ws(user => 'u', path => '/rewritten')->{status}, 101, 'rewritten');

# sessions of a block go on where those of its location do

my @ws = map { ws(user => 'u', path => "/ws/$_", chats => 'kept') } 0 .. 1;

ok(reloaded($t), 'reload');

for my $i (0 .. $#ws) {
    is(publish({ chatId => 'kept', text => "after $i", sender => 's' })
        ->{status}, 201, "publish after the reload, $i");
    is(($ws[$_]->await('new_message') || {})->{message}{text}, "after $i",
        "session $_, told after the reload, $i") for 0 .. $#ws;
}

ok(eventually(sub {
    request('GET', '/status/0')->{json}{moved} == @ws + 1
}), 'handed over');

is(scalar(() = $t->read_file('error.log') =~ /exited on signal/g), 0,
    'no worker died');

$_->drop() for $reader, @ws;
