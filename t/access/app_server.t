#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# An app server that is slow, gone, broken or wrong: nothing is granted, the
# client is told to try again, and the log has it once.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /);

my $dir = $t->testdir();

$t->write_file_expand('nginx.conf', conf(
    http => <<'EOC',
    chatws_access request;
    chatws_access_cache valid=0 denied=0;
    chatws_access_timeout 30s;
    chatws_access_pass http://127.0.0.1:8081;
EOC
    server => <<"EOC"));
        location = /unix {
            chatws chat;
            chatws_access_pass unix:$dir/app.sock:/x;
        }

        location = /refused {
            chatws chat;
            chatws_access_pass http://127.0.0.1:8082/;
        }

        location = /nowhere {
            chatws chat;
            chatws_access_pass http://unix:$dir/nowhere.sock;
        }

        location = /short {
            chatws chat;
            chatws_access_timeout 100ms;
        }
EOC

my $json = 'Content-Type: application/json';
my $yes = '{"chats":{"c":["subscribe"]}}';
my $close = "Connection: close\r\n";
my $sized = "Content-Length: " . length $yes;

# name, and what the app server sends before it hangs up

my @bad = (
    [ 'nothing', '' ],
    [ 'half a status line', 'HTTP/1.1 20' ],
    [ 'half a header', "HTTP/1.1 200 OK\r\nContent-Le" ],
    [ 'half a body', "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n$yes" ],
    [ 'half a chunk', "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      . "40\r\n$yes" ],
    [ 'no last chunk', "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      . sprintf("%x\r\n%s\r\n", length $yes, $yes) ],
    [ 'garbage', "\x16\x03\x01\x02\x00\x01" x 50 ],
    [ 'another protocol', "SSH-2.0-OpenSSH_9.2p1\r\n" ],
    [ 'two lengths', "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n$sized\r\n\r\n"
      . $yes ],
    [ 'length and chunks', "HTTP/1.1 200 OK\r\n$sized\r\n"
      . "Transfer-Encoding: chunked\r\n\r\n$yes" ],
    [ 'a megabyte', "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
      . $yes . ' ' x 1000000 ],
    [ 'a megabyte without length', "HTTP/1.0 200 OK\r\n\r\n"
      . $yes . ' ' x 1000000 ],
    [ 'a megabyte of header', "HTTP/1.1 200 OK\r\n" . "X-A: b\r\n" x 100000
      . "$sized\r\n\r\n$yes" ],
    [ 'a status of 500', "HTTP/1.1 500 X\r\n$close$sized\r\n\r\n$yes" ],
    [ 'a status of 404', "HTTP/1.1 404 X\r\n$close$sized\r\n\r\n$yes" ],
    [ 'a status of 201', "HTTP/1.1 201 X\r\n$close$sized\r\n\r\n$yes" ],
    [ 'a redirect', "HTTP/1.1 302 X\r\n${close}Location: /\r\n$sized\r\n\r\n"
      . $yes ],
    [ 'an upgrade', "HTTP/1.1 101 X\r\n\r\nHTTP/1.1 200 OK\r\n$sized\r\n\r\n"
      . $yes ],
    [ 'no content', "HTTP/1.1 204 X\r\n$close\r\n" ],
    map { [ "the JSON $_",
        "HTTP/1.1 200 OK\r\n${close}Content-Length: " . length($_)
        . "\r\n\r\n$_" ] }
        ( '{', '[]', '{}', 'null', '{"chats":[]}', '{"chats":null}',
          '{"chats":{"c":true}}', '{"chats":{"c":"subscribe"}}',
          '{"chats":{"c":["subscribe"],"d":1}}',
          '{"chats":{"c":["subscribe"]},"valid":-1}',
          '{"chats":{"c":["subscribe"]},"valid":1.5}',
          '{"chats":{"c":["subscribe"]},"valid":"60"}',
          '{"chats":{"c":["subscribe"]},"valid":null}',
          '{"chats":{},"chats":{"c":["subscribe"]}}',
          '{"chats":{"c":["subscribe"]}}x',
          '{"chats":{"c":["subscribe"]}',
          "{\"chats\":{\"c\xff\":[\"subscribe\"]}}",
          '{"chats":{"c":[[[[["subscribe"]]]]]}}' )
);

# what is as good as the usual answer

my @good = (
    [ 'chunks of one byte', "HTTP/1.1 200 OK\r\n$close"
      . "Transfer-Encoding: chunked\r\n\r\n"
      . join('', map { "1\r\n$_\r\n" } split //, $yes)
      . "0\r\n\r\n" ],
    [ 'no length', "HTTP/1.0 200 OK\r\n\r\n$yes" ],
    [ 'an interim answer', "HTTP/1.1 103 X\r\nLink: a\r\n\r\n"
      . "HTTP/1.1 200 OK\r\n$close$sized\r\n\r\n$yes" ],
    [ 'more than it is asked for', "HTTP/1.1 200 OK\r\n$sized\r\n\r\n$yes"
      . "HTTP/1.1 200 OK\r\n\r\n" ],
    [ 'other members', do {
        my $text = '{"a":[{"b":1}],"chats":{"x":[],"c":["a","subscribe",7]},'
            . '"valid":3600}';
        "HTTP/1.1 200 OK\r\n${close}Content-Length: " . length($text)
            . "\r\n\r\n$text"
    } ],
    [ 'nearly 64k', "HTTP/1.1 200 OK\r\n${close}Content-Length: 65536"
      . "\r\n\r\n"
      . $yes . ' ' x (65536 - length $yes) ],
);

$t->plan(2 * @bad + @good + 26);

my $app = Test::Chatws::App->new(8081);
my $unix = Test::Chatws::App->new("$dir/app.sock");

chmod 0777, "$dir/app.sock";

$t->run();

my $ws = ws(user => 'ann');

for my $case (@bad) {
    my ($name, $bytes) = @$case;

    $ws->send_json({ action => 'subscribe', chatId => 'c' });

    my $q = $app->question();
    $app->raw($q, $bytes);
    $app->hang_up($q);

    my $answer = $ws->next() || {};
    is($answer->{error}, 'Not available', $name);
    cmp_ok($answer->{retryAfter} || 0, '>', 0, "$name, try again");
}

for my $case (@good) {
    my ($name, $bytes) = @$case;

    $ws->send_json({ action => 'subscribe', chatId => 'c' });

    my $q = $app->question();
    $app->raw($q, $bytes);
    $app->hang_up($q);

    is($ws->next()->{type}, 'subscription_confirmed', $name);
}

# byte by byte

$ws->send_json({ action => 'subscribe', chatId => 'c' });

my $q = $app->question();

$app->raw($q, $_)
    for split //, "HTTP/1.1 200 OK\r\n$json\r\n$sized\r\n\r\n$yes";

is($ws->next()->{type}, 'subscription_confirmed', 'byte by byte');

# a connection is used again, as long as the app server leaves it open

my $before = $app->{accepted};

for (1 .. 3) {
    $ws->send_json({ action => 'subscribe', chatId => "k$_" });
    $app->grant($app->question());
    $ws->next();
}

is($app->{accepted} - $before, 0, 'kept');

$ws->send_json({ action => 'subscribe', chatId => 'k' });
$app->answer($app->question(), 200, { chats => { k => ['subscribe'] } },
    'Connection: close');
is($ws->next()->{type}, 'subscription_confirmed', 'not to be kept');

my $other = $app->{accepted};

$ws->send_json({ action => 'subscribe', chatId => 'l' });
$q = $app->question();
is($app->{accepted} - $other, 1, 'not kept');
$app->grant($q);
$ws->next();

# a kept one is closed just as it is used: asked once more, on another one

$ws->send_json({ action => 'subscribe', chatId => 'm' });
$q = $app->question();
$app->hang_up($q);

$q = $app->question();
is_deeply($q->{json}{chats}, ['m'], 'closed as it is used, asked again');
$app->grant($q);
is($ws->next()->{chatId}, 'm', 'closed as it is used, granted');

# but not a second time, nor when a byte has come

$ws->send_json({ action => 'subscribe', chatId => 'm' });
$app->hang_up($app->question());
$app->hang_up($app->question());
is($ws->next()->{error}, 'Not available', 'closed twice');

$ws->send_json({ action => 'subscribe', chatId => 'm' });
$app->grant($app->question());
$ws->next();

$ws->send_json({ action => 'subscribe', chatId => 'm' });
$q = $app->question();
$app->raw($q, 'H');
$app->hang_up($q);
is($ws->next()->{error}, 'Not available', 'closed after a byte');

# an idle one is closed by the app server

$ws->send_json({ action => 'subscribe', chatId => 'm' });
$q = $app->question();
$app->grant($q);
$ws->next();
$app->hang_up($q);

$ws->send_json({ action => 'subscribe', chatId => 'n' });
$app->grant($app->question());
is($ws->next()->{chatId}, 'n', 'closed while it was idle');

# what it says without being asked is never taken for an answer

$ws->send_json({ action => 'subscribe', chatId => 'o' });
$q = $app->question();
$app->grant($q, 'subscribe');
$ws->next();
$app->raw($q, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n"
    . '{"chats":{"p":["subscribe"]}}');

$ws->send_json({ action => 'subscribe', chatId => 'p' });
$app->answer($app->question(), 403, '');
is($ws->next()->{error}, 'Not allowed', 'an answer without a question');

# no answer in time

my $short = ws(user => 'bob', path => '/short');

$short->send_json({ action => 'subscribe', chatId => 'c' });
$q = $app->question();
is($short->next()->{error}, 'Not available', 'late');
$app->grant($q);

$short->send_json({ action => 'resume', epoch => '000000000000',
    chats => { c => { seq => 0 } } });
$app->question();

my $chat = $short->next()->{chats}{c};
is($chat->{error}, 'Not available', 'late, resume');
cmp_ok($chat->{retryAfter}, '>', 0, 'late, resume, try again');

# sockets

my $local = ws(user => 'cat', path => '/unix');

$local->send_json({ action => 'subscribe', chatId => 'c' });
$q = $unix->question();
like($q->{head}, qr{^POST /x HTTP/1\.1\r\nHost: localhost\r\n}, 'unix');
$unix->grant($q);
is($local->next()->{type}, 'subscription_confirmed', 'unix, granted');

for my $path (qw{ /refused /nowhere }) {
    my $ws = ws(user => 'dan', path => $path);

    is($ws->ask({ action => 'subscribe', chatId => "c$_" })->{error},
        'Not available', "$path, $_") for 1 .. 3;

    $ws->drop();
}

# more at once than it may be asked

my @many = map { ws(user => "u$_") } 1 .. 70;

$_->send_json({ action => 'subscribe', chatId => 'c' }) for @many;

my @open = map { $app->question() } 1 .. 64;
is(scalar(grep { defined } @open), 64, 'many, asked');

$app->grant($_) for @open;
$app->grant($app->question()) for 1 .. 6;
is(scalar(grep { $_->next()->{type} eq 'subscription_confirmed' } @many), 70,
    'many, all in their turn');

$_->drop() for $ws, $short, $local, @many;

# the log: once for each app server, not for each question

my $log = $t->read_file('error.log');

is(scalar(() = $log =~ /chatws question to "http:\S+8082.*refused/gi), 1,
    'refused, logged once');
is(scalar(() = $log =~ /chatws question to "http:\S+nowhere/g), 1,
    'nowhere, logged once');
is(scalar(() = $log =~ /\[(?:crit|alert|emerg)\]/g), 0, 'nothing worse');
