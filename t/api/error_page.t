#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# nginx's error_page around the module's locations.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy rewrite /)->plan(10);

$t->write_file_expand('nginx.conf', conf(
    publish => 'client_max_body_size 1k; error_page 413 /big;',
    server => <<'EOC'))->run();

        location = /big {
            internal;
            return 413 "too big, says nginx";
        }

        location = /denied {
            deny all;
            error_page 403 =401 /sorry;
            chatws chat;
        }

        location = /sorry {
            internal;
            return 401 "sorry";
        }

        location = /down {
            proxy_pass http://127.0.0.1:8081;
            chatws_publish_response chat;
            error_page 502 =200 @spare;
        }

        location @spare {
            default_type application/json;
            return 200 '{"chatId":"chat_1","text":"spare","sender":"s"}';
        }

        location = /spared {
            proxy_pass http://127.0.0.1:8081;
            error_page 502 = @publish;
        }

        location @publish {
            chatws_publish chat;
        }

        location = /missing {
            error_page 404 = /api/ws?$args;
            return 404;
        }
EOC

my $ws = ws(user => 'u', chats => 'chat_1');

is(publish('x' x 2000)->{body}, 'too big, says nginx', 'too large');
is(ws(user => 'u', path => '/denied')->{body}, 'sorry', 'denied');
is(publish('x', uri => '/api/messages')->{status}, 400, 'refused');

# what comes from another location is that location's

my $answer = publish('{}', uri => '/down');
like($answer->{body}, qr/spare/, 'a fallback of the app server');

# a request that another location handed on is published there

$answer = publish({ chatId => 'chat_1', text => 'handed on', sender => 's' },
    uri => '/spared');
is($answer->{status}, 201, 'publishing as a fallback');
is($answer->{json}{recipients}, 1, 'publishing as a fallback, recipients');
is($ws->await('new_message')->{message}{text}, 'handed on',
    'publishing as a fallback, delivered');
is(@{$ws->{skipped}}, 0, 'the fallback of the app server is not published');

# and a handshake by way of an internal redirect is as good as any

my $other = ws(user => 'o', path => '/missing', chats => 'chat_1');
is($other->{status}, 101, 'a handshake after a redirect');
is(publish({ chatId => 'chat_1', text => 't', sender => 's' })
    ->{json}{recipients}, 2, 'and a subscription');
