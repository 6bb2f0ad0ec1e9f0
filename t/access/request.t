#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_access request: the app server is asked who may be in which chat; what
# depends on its answer waits, in order.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::App;
use Test::Nginx;
use Time::HiRes qw/ time /;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(49);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => <<'EOC',
    chatws_access request;
    chatws_access_pass http://127.0.0.1:8081/chat/access?a=b;
    chatws_access_cache valid=0 denied=0;
    chatws_access_timeout 30s;
EOC
    server => <<'EOC'));
        location = /open {
            chatws chat;
            chatws_access open;
        }

        location = /pattern {
            chatws chat;
            chatws_chat_pattern ^chat;
        }
EOC

my $app = Test::Chatws::App->new(8081);

$t->run();

# the question, and a grant

my $ws = ws(user => 'ann', username => 'Ann "A"');

$ws->send_json({ action => 'subscribe', chatId => 'chat_"1"', id => 1 });

my $q = $app->question();

like($q->{head}, qr{^POST /chat/access\?a=b HTTP/1\.1\r\n}, 'request line');
like($q->{head}, qr/^Host: 127\.0\.0\.1:\d+\r\n/m, 'host');
like($q->{head}, qr{^Content-Type: application/json\r\n}m, 'type');
is_deeply($q->{json}, { userId => 'ann', chats => ['chat_"1"'] }, 'body');

$app->grant($q);

my $answer = $ws->next();
is($answer->{type}, 'subscription_confirmed', 'granted');
is($answer->{id}, 1, 'granted, id');

# a denial, in each of its forms

for my $case ([ 'no rights', 200, { chats => { d => [] } } ],
    [ 'other rights', 200, { chats => { d => [ 'typing', 'read' ] } } ],
    [ 'an absent chat', 200, { chats => { e => [ 'subscribe' ] } } ],
    [ 'no chat at all', 200, { chats => {} } ],
    [ 'forbidden', 403, 'no' ])
{
    my ($name, @with) = @$case;

    $ws->send_json({ action => 'subscribe', chatId => 'd', id => 2 });
    $app->answer($app->question(), @with);

    $answer = $ws->next();
    is("$answer->{type} $answer->{error} $answer->{action} $answer->{chatId} "
        . $answer->{id}, 'error Not allowed subscribe d 2', $name);
    ok(!exists $answer->{retryAfter}, "$name, final");
}

# typing asks only who is subscribed, and needs its own right

$answer = $ws->ask({ type => 'typing', chatId => 'd', isTyping => \1 });
is($answer->{error}, 'Not subscribed', 'typing outside');

my $bob = ws(user => 'bob', path => '/open', chats => 'chat_"1"');

$ws->send_json({ type => 'typing', chatId => 'chat_"1"', isTyping => \1 });
$app->grant($app->question(), 'subscribe');
is($ws->next()->{error}, 'Not allowed', 'typing, denied');

$ws->send_json({ type => 'typing', chatId => 'chat_"1"', isTyping => \1 });
$app->grant($app->question(), 'typing');
is($bob->await('user_typing')->{userId}, 'ann', 'typing, granted');

# what is said in one breath is one question

my $cat = ws(user => 'cat');

$cat->send_raw(join '', map { Test::Chatws::Client::frame(1,
    qq({"action":"subscribe","chatId":"c$_","id":$_})) } 1 .. 100);

my @asked;

for ( ;; ) {
    $q = $app->question();
    push @asked, scalar @{$q->{json}{chats}};
    $app->grant($q);

    my $sum = 0;
    $sum += $_ for @asked;
    last if $sum >= 100;
}

is(join(' ', map { $cat->next()->{id} } 1 .. 100), "@{[1 .. 100]}",
    'many, in order');
cmp_ok(@asked, '<', 10, 'many, few questions');

# what names a chat of the question waits, all else does not

$cat->send_json({ action => 'subscribe', chatId => 'w', id => 'a' });
$q = $app->question();

$cat->send_json({ type => 'typing', chatId => 'w', isTyping => \1, id => 'b' });
$cat->send_json({ action => 'subscribe', chatId => 'w', id => 'c' });
$cat->send_json({ type => 'nothing', id => 'd' });
is($cat->next()->{id}, 'd', 'another message does not wait');

$app->grant($q, 'subscribe');
is($cat->next()->{id}, 'a', 'first');

$q = $app->question();
is_deeply($q->{json}{chats}, ['w'], 'asked again, as nothing is kept');
$app->grant($q, 'subscribe');

is($cat->next()->{id}, 'b', 'second');
is($cat->next()->{id}, 'c', 'third');

# at most 100 wait

$cat->send_json({ action => 'subscribe', chatId => 'f', id => 0 });
$q = $app->question();

$cat->send_json({ action => 'subscribe', chatId => 'f', id => $_ })
    for 1 .. 101;

$answer = $cat->next();
is("$answer->{error} $answer->{id}", 'Rate limited 100', 'too many wait');
cmp_ok($answer->{retryAfter}, '>', 0, 'too many wait, when to come back');
is($cat->next()->{id}, 101, 'and another one');

my $start = time();

$cat->send_json({ action => 'subscribe', chatId => 'f' }) for 1 .. 50;
$cat->send_json({ action => 'subscribe', chatId => 'f', id => 102 });

my $told = 0;

while (($answer->{id} || '') ne '102') {
    $answer = $cat->next();
    $told++;
}

cmp_ok($told, '<=', 3 + 10 * (time() - $start), 'and more, told but rarely');

$app->grant($q);
is($cat->next()->{id}, 0, 'too many, first');
$app->grant($app->question());
is($cat->next()->{id}, $_, "too many, $_") for 1, 2;
$cat->next() for 3 .. 99;

# unsubscribe is answered at once, and cancels

$cat->send_json({ action => 'subscribe', chatId => 'u', id => 1 });
$q = $app->question();
$cat->send_json({ type => 'typing', chatId => 'u', isTyping => \1, id => 2 });

$answer = $cat->ask({ action => 'unsubscribe', chatId => 'u', id => 3 });
is("$answer->{action} $answer->{id}", 'unsubscribe 3', 'unsubscribe, at once');

$cat->send_json({ action => 'subscribe', chatId => 'u', id => 4 });
$app->grant($q);
$app->grant($app->question());
is($cat->next()->{id}, 4, 'unsubscribe, what comes later is carried out');

# a resume is answered when all is decided, by questions of 100 chats

my $resume = ws(user => 'dan');
my %chats = map { ("r$_" => { seq => 0 }) } 1 .. 250;

$resume->send_json({ action => 'resume', epoch => '000000000000', id => 9,
    chats => { %chats, "\n" => { seq => 0 }, x => 1 } });

my %seen;
my @sizes;

for (1 .. 3) {
    $q = $app->question();
    push @sizes, scalar @{$q->{json}{chats}};
    $seen{$_}++ for @{$q->{json}{chats}};

    $app->answer($q, 200, { chats => { map {
        $_ => /7$/ ? [] : [ 'subscribe' ]
    } @{$q->{json}{chats}} } });
}

is("@sizes", '100 100 50', 'resume, questions');
is(scalar(grep { $_ == 1 } values %seen), 250, 'resume, each chat once');

$answer = $resume->next();
is("$answer->{type} $answer->{id}", 'resumed 9', 'resumed');
is(scalar(grep { defined $_->{recovered} } values %{$answer->{chats}}), 225,
    'resumed, granted');
is($answer->{chats}{r7}{error}, 'Not allowed', 'resumed, denied');
is($answer->{chats}{"\n"}{error}, 'Invalid chatId', 'resumed, no chat');
is($answer->{chats}{x}{error}, 'Invalid message', 'resumed, no object');

# one of which a chat was left meanwhile

$resume->send_json({ action => 'resume', epoch => '000000000000',
    chats => { s => { seq => 0 }, t => { seq => 0 } } });
$q = $app->question();
is($resume->ask({ action => 'unsubscribe', chatId => 's' })->{action},
    'unsubscribe', 'left while it is resumed');
$app->grant($q);
is(join(' ', keys %{$resume->next()->{chats}}), 't', 'and not resumed');

# nothing to ask for

$resume->send_json({ action => 'resume', epoch => '000000000000',
    chats => { "\n" => { seq => 0 } } });
is($resume->next()->{chats}{"\n"}{error}, 'Invalid chatId',
    'nothing to ask for');

# a chat that the location does not allow is not asked for

my $pattern = ws(user => 'eve', path => '/pattern');
is($pattern->ask({ action => 'subscribe', chatId => 'd' })->{error},
    'Invalid chatId', 'pattern');

# who has gone needs no answer

my $gone = ws(user => 'fay');
$gone->send_json({ action => 'subscribe', chatId => 'g' });
$q = $app->question();
$gone->drop();

my $ended = $app->{ended} || 0;
ok(eventually(sub { $app->wait(0); ($app->{ended} || 0) > $ended }),
    'gone, the question ends');

is(scalar(() = $t->read_file('error.log') =~ /\[(?:error|warn)\]/g), 0,
    'nothing to log');

# no question was left over

$ws->send_json({ action => 'subscribe', chatId => 'last' });
is_deeply($app->question()->{json}{chats}, ['last'], 'none was left over');

$_->drop() for $ws, $bob, $cat, $resume, $pattern;
