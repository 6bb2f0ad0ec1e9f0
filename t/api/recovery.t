#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Recovery: numbers, epoch, since and resume.  Protocol, section 5.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Soak;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(42);

$t->write_file_expand('nginx.conf', conf(connections => 2048,
    main => 'worker_processes 4;', zone => 'zone=chat:16m',
    http => 'chatws_history 10000 1h;',
    endpoint => 'chatws_max_message_size 64k; chatws_send_buffer 4m;',
    server => <<'EOC'));
        location = /own {
            chatws chat;
            chatws_own_messages on;
            chatws_history 1000 36500d;
        }

        location = /status {
            chatws_status chat;
        }
EOC

$t->run();

ok(eventually(sub { workers_of($t) == 4 }), 'workers');

my $ws = ws(user => 'u');
my $joined = $ws->subscribe('c');
my $epoch = $joined->{epoch};

# numbers and epoch

is($joined->{seq}, 0, 'no number is used');
like($epoch, qr/^[0-9a-f]{12}$/, 'epoch');

my @answers = map { publish($_)->{json} } (
    { chatId => 'c', text => '1', sender => 'x' },
    { chatId => 'c', type => 'edited', sender => 'x', what => '2' },
    { chatId => 'c', type => 'chat_update', lastMessage => 'm',
      lastMessageTime => '2026-01-01T00:00:00.000Z', unreadCount => 1 },
    { chatId => 'c', text => '3', sender => 'x' },
    { chatId => 'c', text => '4', sender => 'u' },
    { chatId => 'd', text => '1', sender => 'x' },
);

is(join(' ', map { $_->{seq} // '-' } @answers), '1 2 - 3 4 1',
    'numbers of the answers');
is(join(' ', map { $_->{epoch} // '-' } @answers[0, 1, 3, 4, 5]),
    join(' ', ($epoch) x 5), 'epoch of the answers');

is(numbers($ws, 4), '1 2 - 3', 'numbers of the notifications');
is(ws(user => 'v')->subscribe('c')->{seq}, 4, 'the last number');
is(ws(user => 'v')->subscribe('e')->{seq}, 0, 'another chat');

# since, on a connection of any worker

for my $user (qw/ v u /) {
    for my $since (0 .. 4) {
        my $back = ws(user => $user);
        my $got = since($back, 'c', $since, $epoch);

        my @want = grep { $_ > $since && ($user eq 'v' || $_ != 4) } 1 .. 4;

        is("$got->{seq} $got->{recovered}: " . numbers($back, scalar @want),
            "4 1: @want", "$user, since $since");
    }
}

# never a part of them

is(since(ws(user => 'v'), 'c', 5, $epoch)->{recovered}, 0,
    'a number that was not used');
is(since(ws(user => 'v'), 'c', 4, '000000000000')->{recovered}, 0,
    'another epoch');
is(since(ws(user => 'v'), 'none', 1, $epoch)->{recovered}, 0,
    'a chat that was not used');

my $back = ws(user => 'v');

since($back, 'c', 1, 'abcabcabcabc');
publish({ chatId => 'c', text => '5', sender => 'x' });
is(numbers($back, 1), '5', 'live ones after what can not be recovered');

# while it is subscribed: from there on, once more

since($back, 'c', 3, $epoch);
publish({ chatId => 'c', text => '6', sender => 'x' });
is(numbers($back, 3), '4 5 6', 'since by one who is subscribed');

# one's own messages

my $own = ws(user => 'u', path => '/own');

is(since($own, 'c', 3, $epoch)->{recovered}, 1, 'own messages, recovered');

my @own = map { $own->next() } 1 .. 3;

is(join(' ', map { "$_->{seq}:" . ($_->{message}{isOwnMessage} ? 1 : 0) }
    @own), '4:1 5:0 6:0', 'own messages, replayed');

publish({ chatId => 'c', text => '7', sender => 'u' });
is($own->next()->{message}{isOwnMessage}, JSON::PP::true(),
    'own message, live');
is(publish({ chatId => 'c', text => '8', sender => 'x' })->{json}{seq}, 8,
    'numbers of those left out are used');

# what is wrong is told

for my $bad ('{"seq":-1,"epoch":"E"}', '{"seq":1}', '{"epoch":"E"}', '7',
    '{"seq":"1","epoch":"E"}', '{"seq":1,"epoch":7}')
{
    (my $since = $bad) =~ s/"E"/"$epoch"/;

    my $ask = ws(user => 'v');

    $ask->send_text(
        qq({"action":"subscribe","chatId":"c","since":$since}));
    is(($ask->next() || {})->{error}, 'Invalid message', "since $bad");
}

# resume

publish({ chatId => "r$_", text => "$_", sender => 'x' })
    for map { ($_) x $_ } 1 .. 5;

my $resume = ws(user => 'v');
my $resumed = $resume->ask({ action => 'resume', id => 7, epoch => $epoch,
    chats => { r1 => { seq => 1 }, r3 => { seq => 1 }, r5 => { seq => 3 },
               r4 => { seq => 9 }, 'new' => { seq => 0 },
               "x" x 200 => { seq => 1 } } });

is($resumed->{type}, 'resumed', 'resumed');
is($resumed->{id}, 7, 'resumed, id');
is($resumed->{epoch}, $epoch, 'resumed, epoch');
is(join(' ', map {
    my $chat = $resumed->{chats}{$_};
    substr($_, 0, 3) . ':' . ($chat->{error}
        || "$chat->{seq}" . ($chat->{recovered} ? '+' : '-'))
} sort keys %{$resumed->{chats}}),
    'new:0+ r1:1+ r3:3+ r4:4- r5:5+ xxx:Invalid chatId',
    'resumed, each chat');

my %missed;

push @{$missed{$_->{chatId}}}, $_->{seq} for map { $resume->next() } 1 .. 4;

is(join('; ', map { "$_ @{$missed{$_}}" } sort keys %missed),
    'r3 2 3; r5 4 5', 'resumed, then what was missed');

# a thousand chats at once, and how much of a worker that takes

my $many = ws(user => 'many');
my %seen = map { ("many_$_" => { seq => 0 }) } 1 .. 1000;

$resumed = $many->ask({ action => 'resume', epoch => $epoch,
                        chats => \%seen });

is(scalar(grep { $_->{recovered} } values %{$resumed->{chats}}), 1000,
    'a thousand chats');

# under load, and with clients that vanish, stall and come back

my $load = Test::Chatws::Soak->start(clients => 200, chats => 64, subs => 2,
    publishers => 8, misdeeds => 400);

$load->begin();
$load->delivered(40000);

my $verdict = $load->verdict();

is($verdict, '', 'nothing lost, nothing twice');
is($load->{report}{cut}, 0, 'nobody cut off');
cmp_ok($load->{report}{recovered}, '>', 20, 'many recovered');

diag($load->summary()) if $verdict || $ENV{TEST_NGINX_VERBOSE};


sub since {
    my ($ws, $chat, $seq, $epoch) = @_;

    $ws->send_json({ action => 'subscribe', chatId => $chat,
        since => { seq => $seq, epoch => $epoch } });

    my $answer = $ws->await('subscription_confirmed') || {};

    $answer->{recovered} = defined $answer->{recovered}
        ? $answer->{recovered} ? 1 : 0 : 'none';

    return $answer;
}


# The numbers of the next n notifications; a marker of their end follows.

sub numbers {
    my ($ws, $n) = @_;

    my @numbers = map { my $event = $ws->next(); $event->{seq} // '-' }
        1 .. $n;

    $ws->ping('end');
    $ws->await_pong();

    push @numbers, 'more' if @{$ws->{gathered}};
    $ws->{gathered} = [];

    return join ' ', @numbers;
}
