#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_publish_response: where it is in force, what publishes once, and
# batches.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy rewrite /)->plan(55);

$t->write_file_expand('nginx.conf', conf(
    http => 'chatws_zone zone=other:1m;', server => <<'EOC'));

        location = /ws/other {
            chatws other;
        }

        location /one/ {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;

            location /one/publish {
                chatws_publish chat;
            }

            location /one/app {
                proxy_pass http://127.0.0.1:8081;
            }

            location /one/off/ {
                proxy_pass http://127.0.0.1:8081;
                chatws_publish_response off;

                location /one/off/app {
                    proxy_pass http://127.0.0.1:8081;
                }

                location /one/off/on {
                    proxy_pass http://127.0.0.1:8081;
                    chatws_publish_response chat;
                }
            }

            location /one/batch {
                proxy_pass http://127.0.0.1:8081;
                chatws_publish_response chat batch;
            }
        }

        location /batch/ {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat batch;

            location /batch/app {
                proxy_pass http://127.0.0.1:8081;
            }

            location /batch/other {
                proxy_pass http://127.0.0.1:8081;
                chatws_publish_response other;
            }

            location /batch/off {
                proxy_pass http://127.0.0.1:8081;
                chatws_publish_response off;
            }
        }

        location = /both {
            chatws_publish chat;
            chatws_publish_response chat;
        }

        location = /fallback {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
            proxy_intercept_errors on;
            error_page 500 = @publish;
        }

        location @publish {
            chatws_publish chat;
        }

        location = /if {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;

            if ($http_x_if) {
                set $x 1;
            }
        }

        location = /if/batch {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat batch;

            if ($http_x_if) {
                set $x 1;
            }
        }
EOC

$t->run_daemon(\&app_server, port(8081), \&app);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

my $ws = ws(user => 'u', chats => 'chat_1');
my $other = ws(user => 'u', chats => 'chat_1', path => '/ws/other');
my $n = 0;

sub message {
    return '{"chatId":"chat_1","text":"' . ++$n . '","sender":"s"}';
}

my %batches = map { $_ => 1 } '/batch/', '/batch/app', '/one/batch',
    '/if/batch';
my %off = map { $_ => 1 } '/one/off/', '/one/off/app', '/batch/off';

for my $uri ('/one/', '/one/app', '/one/off/', '/one/off/app', '/one/off/on',
    '/one/batch', '/batch/', '/batch/app', '/batch/off', '/if', '/if/batch')
{
    my @headers = $uri =~ /^.if/ ? 'X-If: 1' : ();
    my $body = message();

    is(request('POST', $uri, body => $body, headers => \@headers)->{body},
        $body, "$uri, answer");
    is(texts($ws), $off{$uri} ? '' : $n, "$uri, published");

    $body = '[' . message() . ', ' . message() . ']';

    is(request('POST', $uri, body => $body, headers => \@headers)->{body},
        $body, "$uri, an array, answer");
    is(texts($ws), $batches{$uri} ? $n - 1 . " $n" : '',
        "$uri, an array, published");
}

# a location that publishes does so once

for my $uri ('/one/publish', '/both', '/fallback') {
    my $body = message();
    is(publish($body, uri => $uri)->{status}, 201, "$uri, answer");
    is(texts($ws), $n, "$uri, published once");
}

# another zone

request('POST', '/batch/other', body => message());
is($other->await('new_message')->{message}{text}, $n, 'in another zone');
is(texts($ws), '', 'not in that of the outer location');

request('POST', '/batch/other', body => '[' . message() . ']');
request('POST', '/batch/other', body => message());
is($other->await('new_message')->{message}{text}, $n,
    'the outer location\'s "batch" is not inherited alone');

# it is said once each, and no louder

my $log = $t->read_file('error.log');

like($log, qr/\[info\].*does not publish the response: it is an array/,
    'arrays, told');
unlike($log, qr/\[(?:warn|error)\].*publish the response/, 'no warning');


# The texts that came before a marker.

sub texts {
    my ($ws) = @_;

    publish({ chatId => 'chat_1', type => 'marker' });

    return join ' ', map { $_->{message}{text} } events_of($ws, 'marker');
}


sub app {
    my ($client, $request, $body) = @_;

    my $status = $request =~ /fallback/ ? 500 : 201;

    app_answer($client, $status, 'application/json', $body);
}
