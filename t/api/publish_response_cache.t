#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_publish_response and nginx's cache: an answer is published once, when
# the app server gives it.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy cache /)->plan(26);

$t->write_file_expand('nginx.conf', conf(http =>
    'proxy_cache_path %%TESTDIR%%/cache keys_zone=cache:1m;',
    server => <<'EOC'));

        proxy_cache cache;
        proxy_cache_methods POST;
        proxy_cache_key $request_uri$request_body;
        add_header X-Cache $upstream_cache_status;

        location / {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
        }

        location /stale/ {
            proxy_pass http://127.0.0.1:8081;
            proxy_cache_use_stale http_500;
            chatws_publish_response chat;
        }

        location /revalidate/ {
            proxy_pass http://127.0.0.1:8081;
            proxy_cache_revalidate on;
            chatws_publish_response chat;
        }

        location /update/ {
            proxy_pass http://127.0.0.1:8081;
            proxy_cache_use_stale updating;
            proxy_cache_background_update on;
            chatws_publish_response chat;
        }
EOC

# what the app is asked a second time it has another answer to

my %asked;

$t->run_daemon(\&app_server, port(8081), \&app);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

my $ws = ws(user => 'u', chats => 'chat_1');

sub message {
    return qq({"chatId":"chat_1","text":"$_[0]","sender":"s"});
}

# uri, text, what the cache makes of it, whether it is published

for my $case (
    [ '/fresh', 'one', 'MISS', 1 ],
    [ '/fresh', 'one', 'HIT', 0 ],
    [ '/fresh', 'one', 'HIT', 0 ],
    [ '/fresh', 'two', 'MISS', 1 ],
    [ '/fresh', 'two', 'HIT', 0 ],
    [ '/expired', 'three', 'MISS', 1 ],
    [ '/expired', 'three', 'EXPIRED', 1 ],
    [ '/stale/', 'four', 'MISS', 1 ],
    [ '/stale/', 'four', 'STALE', 0 ],
    [ '/revalidate/', 'five', 'MISS', 1 ],
    [ '/revalidate/', 'five', 'REVALIDATED', 0 ],
    [ '/update/', 'six', 'MISS', 1 ],
    [ '/update/', 'six', 'STALE', 0 ])
{
    my ($uri, $text, $cache, $published) = @$case;
    my $answer = request('POST', $uri, body => message($text));

    is("$answer->{headers}{'x-cache'} $answer->{body}",
        "$cache " . message($text), "$uri, $text, $cache");

    publish(message('marker')) if !$published;

    is($ws->await('new_message')->{message}{text},
        $published ? $text : 'marker', "$uri, $text, $cache, "
        . ($published ? 'published' : 'not published'));
}


sub app {
    my ($client, $request, $body, $head) = @_;

    my $again = $asked{$request}++ || $head =~ /^If-None-Match/m;
    my $age = 'X-Accel-Expires: ' . ($request =~ /fresh/ ? '3600' : '@1');

    if ($again && $request =~ /stale/) {
        app_answer($client, 500, 'text/plain', 'no');

    } elsif ($again && $request =~ /revalidate/) {
        print $client "HTTP/1.1 304 X\r\n$age\r\nETag: \"a\"\r\n"
            . "Connection: close\r\n\r\n";

    } else {
        app_answer($client, 200, 'application/json', $body,
            "$age\r\nETag: \"a\"\r\n");
    }
}
