#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_access_cache recheck: the app server is asked again for subscriptions
# that it has granted.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(14);

$t->write_file_expand('nginx.conf', conf(
    http => <<'EOC',
    chatws_access request;
    chatws_access_pass http://127.0.0.1:8081;
    chatws_access_timeout 30s;
EOC
    endpoint => 'chatws_access_cache valid=60s denied=0 recheck=1s;',
    server => <<'EOC'));
        location = /open {
            chatws chat;
            chatws_access open;
        }
EOC

my $app = Test::Chatws::App->new(8081);

$t->run();

my $ws = ws(user => 'ann');

$ws->send_json({ action => 'subscribe', chatId => $_ }) for qw/ a b c d /;

my %first;

while (keys %first < 4) {
    my $q = $app->question();
    $first{$_} = 1 for @{$q->{json}{chats}};
    $app->grant($q, 'subscribe');
}

is($ws->next()->{type}, 'subscription_confirmed', 'subscribed') for 1 .. 4;

$ws->unsubscribe('d');

# asked again although the answer is kept: one chat is denied

my %asked;

while (keys %asked < 3) {
    my $q = $app->question() or last;
    $asked{$_}++ for @{$q->{json}{chats}};

    $app->answer($q, 200, { chats => { map {
        $_ => [ $_ eq 'b' ? () : 'subscribe' ]
    } @{$q->{json}{chats}} } });
}

is(join(' ', sort keys %asked), 'a b c', 'asked again');

my $event = $ws->next();
is("$event->{type} $event->{chatId} $event->{reason}",
    'unsubscribed b denied', 'denied');

publish({ chatId => $_, text => $_, sender => 'x' }) for qw/ b a /;
is($ws->next()->{chatId}, 'a', 'nothing of it follows');

# no answer: kept, and asked again

my $q = $app->question();
ok($q, 'asked a third time');
$app->hang_up($q);
$q = $app->question();

# a kept connection is given a second try

if ($q->{socket}) {
    $app->answer($q, 500, '');
}

publish({ chatId => 'c', text => 'c', sender => 'x' });
is($ws->next()->{chatId}, 'c', 'no answer, it goes on');

# an action that names a chat of the question waits, unsubscribe does not

$q = $app->question();
ok(grep({ $_ eq 'a' } @{$q->{json}{chats}}), 'asked once more');

$ws->send_json({ action => 'subscribe', chatId => 'a', id => 1 });
is($ws->unsubscribe('c')->{chatId}, 'c', 'unsubscribe, at once');

$app->answer($q, 200, { chats => { c => [] } });

$event = $ws->next();
is("$event->{type} $event->{chatId}", 'unsubscribed a', 'denied at last');

$app->answer($app->question(), 200, { chats => {} });
is($ws->next()->{error}, 'Not allowed', 'what has waited is refused');

# nobody is asked for who has gone, or by whom nobody is subscribed

publish({ chatId => 'c', text => 'c', sender => 'x' });
$ws->ping();
ok(defined $ws->await_pong() && !@{$ws->{gathered}}, 'nothing more');

$ws->drop();
