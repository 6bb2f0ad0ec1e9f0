#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_access_cache: answers are known to all workers, for a time, and by URL,
# user and chat; they outlive a worker and a reload.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Chatws::Alerts;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(25);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 4;',
    http => <<'EOC',
    chatws_access request;
    chatws_access_pass http://127.0.0.1:8081/a;
    chatws_access_timeout 30s;
EOC
    endpoint => 'chatws_access_cache valid=1h denied=1h;',
    server => <<'EOC'));
        location = /other {
            chatws chat;
            chatws_access_pass http://127.0.0.1:8081/b;
        }

        location = /short {
            chatws chat;
            chatws_access_cache valid=1s denied=1s;
        }
EOC

my $app = Test::Chatws::App->new(8081);

$t->run();

# asked once, whichever workers the connections are in

my $ws = ws(user => 'ann');
$ws->send_json({ action => 'subscribe', chatId => $_ }) for qw/ yes no /;

my %asked;

while (keys %asked < 2) {
    my $q = $app->question();
    $asked{$_}++ for @{$q->{json}{chats}};
    $app->answer($q, 200, { chats => { map {
        $_ => [ $_ eq 'yes' ? 'subscribe' : () ]
    } @{$q->{json}{chats}} } });
}

$ws->next() for 1 .. 2;

my @all = map { ws(user => 'ann') } 1 .. 20;

is(scalar(grep { said($_, 'yes') eq 'subscribe' } @all), 20, 'granted to all');
is(scalar(grep { said($_, 'no') eq 'Not allowed' } @all), 20,
    'denied to all');

# known is which rights there are, too

is($ws->ask({ type => 'typing', chatId => 'yes', isTyping => \1 })->{error},
    'Not allowed', 'another right');

# a resume of what is known, and what is not

$ws->send_json({ action => 'resume', epoch => '000000000000', chats => {
    map { $_ => { seq => 0 } } qw/ yes no new / } });

my $q = $app->question();
is_deeply($q->{json}{chats}, ['new'], 'resume, only what is not known');
$app->grant($q, 'subscribe');

my $chats = $ws->next()->{chats};
is(join(' ', map { $chats->{$_}{error} || 'ok' } qw/ yes no new /),
    'ok Not allowed ok', 'resume');

$ws->send_json({ action => 'resume', epoch => '000000000000', chats => {
    map { $_ => { seq => 0 } } qw/ yes no new / } });
is(keys %{$ws->next()->{chats}}, 3, 'resume, all of it known');

# by user, by chat, by URL

for my $case ([ 'another user', user => 'bob' ],
    [ 'another URL', user => 'ann', path => '/other' ])
{
    my ($name, @with) = @$case;
    my $other = ws(@with);

    $other->send_json({ action => 'subscribe', chatId => 'yes' });
    $app->answer($app->question(), 403, '');
    is($other->next()->{error}, 'Not allowed', $name);
    $other->drop();
}

is(said($ws, 'yes'), 'subscribe', 'the first one as before');

# an answer that says less counts for less: 0, for its question alone

$ws->send_json({ action => 'subscribe', chatId => 'once' });
$app->answer($app->question(), 200, { chats => { once => ['subscribe'] },
    valid => 0 });
is($ws->next()->{action}, 'subscribe', 'valid 0');
$ws->send_json({ action => 'subscribe', chatId => 'once' });
$app->answer($app->question(), 403, '');
is($ws->next()->{error}, 'Not allowed', 'valid 0, asked again');

# it comes to an end, however long the app server says

my $short = ws(user => 'cat', path => '/short');

$short->send_json({ action => 'subscribe', chatId => 's' });
$app->answer($app->question(), 200, { chats => { s => ['subscribe'] },
    valid => 86400 });
is($short->next()->{action}, 'subscribe', 'short');

ok(eventually(sub {
    my $answer;

    $short->send_json({ action => 'subscribe', chatId => 's' });

    eventually(sub {
        my $q = $app->question(0);
        $app->answer($q, 403, '') if $q;
        return $answer = $short->next(0);
    });

    return ($answer->{error} || '') eq 'Not allowed';
}), 'short, asked again');

# nothing of a failure is kept

$ws->send_json({ action => 'subscribe', chatId => 'bad' });
$app->answer($app->question(), 500, '');
is($ws->next()->{error}, 'Not available', 'failure');
$ws->send_json({ action => 'subscribe', chatId => 'bad' });
$app->answer($app->question(), 200, { chats => { bad => ['subscribe'] } });
is($ws->next()->{action}, 'subscribe', 'failure, asked again');

# a worker dies while a question is open

my $killed = ws(user => 'dan');
$killed->send_json({ action => 'subscribe', chatId => 'kill' });
$q = $app->question();

my @before = workers_of($t);
slay($_) for @before;

ok($killed->ended(), 'killed');
ok(eventually(sub {
    my %old = map { $_ => 1 } @before;
    my @now = workers_of($t);
    @now == 4 && !grep { $old{$_} } @now;
}), 'started again');

$app->grant($q);

my $ann = ws(user => 'ann');
is(said($ann, 'yes'), 'subscribe', 'killed, still granted');
is(said($ann, 'no'), 'Not allowed', 'killed, still denied');

my $dan = ws(user => 'dan');
$dan->send_json({ action => 'subscribe', chatId => 'kill' });
$app->answer($app->question(), 403, '');
is($dan->next()->{error}, 'Not allowed', 'killed, nothing came of the answer');

# a reload

ok(replaced($t, 4), 'reload');

my $new = ws(user => 'ann');
is(said($new, 'yes'), 'subscribe', 'reload, still granted');
is(said($new, 'no'), 'Not allowed', 'reload, still denied');
is(said($ann, 'yes'), 'subscribe', 'reload, handed over');

$_->drop() for $ws, @all, $short, $ann, $dan, $new;

is(unexplained($t->read_file('error.log')), '', 'no other alerts');

$t->todo_alerts();


sub said {
    my ($ws, $chat) = @_;

    my $answer = $ws->ask({ action => 'subscribe', chatId => $chat }) || {};

    return $answer->{error} || $answer->{action} || '';
}
