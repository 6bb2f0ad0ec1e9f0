#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Publishing and pages of other origins: what a page may send without asking
# first is refused, and so is a page that chatws_allowed_origins leaves out.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $json = 'application/json';
my $chat = 'https://chat.example.com';
my $evil = 'https://evil.example';

# Content-Type, Origin, Sec-Fetch-Site: without chatws_allowed_origins, and
# with it; - is a request without the field

my @cases = map { [ split ] } split /\n/, <<"EOC";
$json                           -       -             201 201
$json;charset=utf-8             -       -             201 201
$json                           $chat   -             201 201
$json                           $chat   same-origin   201 201
$json                           $chat   same-site     201 201
$json                           $chat   cross-site    201 201
$json                           -       same-origin   201 201
$json                           -       none          201 201
$json                           -       same-site     201 403
$json                           -       cross-site    201 403
$json                           -       Same-Origin   201 403
$json                           -       unheard-of    201 403
$json                           $evil   -             201 403
$json                           $evil   cross-site    201 403
$json                           $evil   same-site     201 403
$json                           $evil   same-origin   201 403
$json                           null    cross-site    201 403
$json                           $chat.evil.example  - 201 403
$json                           $chat,$evil -         201 403
-                               $evil   cross-site    415 403
text/plain;charset=UTF-8        $evil   cross-site    415 403
-                               -       -             415 415
-                               $chat   same-origin   415 415
text/plain                      $chat   same-origin   415 415
text/plain;$json                $chat   same-origin   415 415
text/plain,$json                $chat   same-origin   415 415
$json,text/plain                $chat   same-origin   415 415
x$json                          $chat   same-origin   415 415
application/x-www-form-urlencoded $chat same-origin   415 415
multipart/form-data;boundary=$json $chat same-origin  415 415
EOC

my $t = Test::Nginx->new()->has(qw/ http rewrite proxy /)
    ->plan(2 * @cases + 19);

$t->write_file_expand('nginx.conf', conf(server => <<'EOC'))->run();

        location = /origins {
            chatws_publish chat;
            chatws_allowed_origins https://chat.example.com;
        }

        location = /any {
            chatws_publish chat;
            chatws_allowed_origins *;
        }

        location = /ws {
            chatws chat;
            chatws_allowed_origins https://chat.example.com;
        }

        location /level {
            chatws_allowed_origins https://chat.example.com;

            location = /level/inherited {
                chatws_publish chat;
            }

            location = /level/other {
                chatws_publish chat;
                chatws_allowed_origins https://other.example;
            }

            location = /level/elsewhere {
                rewrite ^ /level/inherited last;
            }
        }

        location = /limited {
            chatws_publish chat;
            chatws_allowed_origins https://chat.example.com;
            client_max_body_size 1;
        }

        # whether the app server lets a page in is its own affair

        location = /capture {
            chatws_allowed_origins https://chat.example.com;
            proxy_pass http://127.0.0.1:8080/app;
            chatws_publish_response chat;
        }

        location = /app {
            default_type application/json;
            return 201 '{"chatId":"c","text":"the app","sender":"s"}';
        }
EOC

my $ws = ws(user => 'u', chats => 'c');
my $n = 0;
my @expected;

for my $case (@cases) {
    my ($type, $origin, $site, $open, $closed) = @$case;

    for my $pair ([ '/api/messages', $open ], [ '/origins', $closed ]) {
        my ($uri, $status) = @$pair;

        $n++;
        push @expected, $n if $status == 201;

        my $reply = post($uri, $type, $origin, $site);

        is("$reply->{status} " . ($reply->{json}{error} || ''),
            "$status " . ($status == 403 ? 'Origin not allowed'
                : $status == 415 ? 'Unsupported media type' : ''),
            "$uri, $type, $origin, $site");
    }
}

# --- what was refused was not published

$n++;
post('/origins', $json, '-', '-');

is(join(' ', map { $ws->await('new_message')->{message}{text} }
    @expected, 'marker'), join(' ', @expected, $n), 'published');

# --- several fields

for my $case (
    [ "$chat twice", 403, "Origin: $chat", "Origin: $chat" ],
    [ 'an allowed one first', 403, "Origin: $chat", "Origin: $evil" ],
    [ 'an allowed one last', 403, "Origin: $evil", "Origin: $chat" ],
    [ 'an empty one', 403, 'Origin:' ],
    [ 'sites, one is another', 403, 'Sec-Fetch-Site: none',
        'Sec-Fetch-Site: cross-site' ],
    [ 'no origin and no site', 201 ])
{
    my ($name, $status, @headers) = @$case;

    is(request('POST', '/origins', body => message(),
        headers => [ "Content-Type: $json", @headers ])->{status}, $status,
        "fields: $name");
}

# --- an asterisk alone allows all pages, and what says nothing of a page

is(post('/any', $json, $evil, 'cross-site')->{status}, 201, 'any origin');
is(post('/any', $json, 'null', 'cross-site')->{status}, 201, 'any, null');

# --- levels, and ways

is(post('/level/inherited', $json, $evil, '-')->{status}, 403, 'inherited');
is(post('/level/inherited', $json, $chat, '-')->{status}, 201,
    'inherited, allowed');
is(post('/level/other', $json, $chat, '-')->{status}, 403, 'another level');
is(post('/level/elsewhere', $json, $evil, '-')->{status}, 403, 'rewritten');
is(post('/limited', $json, '-', '-')->{status}, 413, 'sizes as before');

# --- connecting follows the same rule

is(ws(user => 'u', path => '/ws', headers =>
    [ "Origin: $chat", 'Sec-Fetch-Site: cross-site' ])->{status}, 101,
    'WebSocket, an allowed page of another site');
is(ws(user => 'u', path => '/ws', headers =>
    [ 'Sec-Fetch-Site: cross-site' ])->{status}, 403,
    'WebSocket, a page of another site without its origin');
is(ws(user => 'u', path => '/ws', headers =>
    [ 'Sec-Fetch-Site: same-origin' ])->{status}, 101,
    'WebSocket, a page of the same origin without its origin');

# --- the app server decides on what it answers

is(post('/capture', 'text/plain', $evil, 'cross-site')->{status}, 201,
    'chatws_publish_response');

do {
    $n = $ws->await('new_message')->{message}{text};
} while ($n =~ /^\d+$/);

is($n, 'the app', 'chatws_publish_response, published');


sub message {
    return "{\"chatId\":\"c\",\"text\":\"$n\",\"sender\":\"s\"}";
}


sub post {
    my ($uri, $type, $origin, $site) = @_;

    return request('POST', $uri, body => message(), headers => [
        $type eq '-' ? () : "Content-Type: $type",
        $origin eq '-' ? () : "Origin: $origin",
        $site eq '-' ? () : "Sec-Fetch-Site: $site" ]);
}
