#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Reload: plaintext WebSockets go to the new workers with all that is of
# them, and their clients do not notice.  TEST_CHATWS_RELOADS reloads in a row
# under load.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Client;
use Test::Chatws::Soak;
use Test::Nginx;

my $reloads = $ENV{TEST_CHATWS_RELOADS} || 12;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(39);

$t->write_file_expand('nginx.conf', config());
$t->run();

ok(eventually(sub { workers_of($t) == 2 }), 'workers');

# a session with all that one can have on its way

my %c = map { $_ => ws(user => $_, username => "N $_", chats => 'c') }
    qw/ head payload long fragments ping quiet /;

my $frame = Test::Chatws::Client::frame(1,
    '{"action":"subscribe","chatId":"later"}');

$c{head}->send_raw(substr $frame, 0, 1);
$c{payload}->send_raw(substr $frame, 0, 20);

my $long = '{"action":"subscribe","chatId":"long","x":"' . 'x' x 10000 . '"}';
my $long_frame = Test::Chatws::Client::frame(1, $long);

$c{long}->send_raw(substr $long_frame, 0, 5000);

$c{fragments}->send_frame(1, '{"action":"subscribe",', fin => 0);
$c{fragments}->send_frame(0, '"chatId":', fin => 0);

my $ping = Test::Chatws::Client::frame(9, 'half a ping');

$c{ping}->send_raw(substr $ping, 0, 12);

my $slow_one = ws(user => 'slow', raw => 1, chats => []);
my $other = ws(user => 'other', path => '/other', chats => 'd');
my $own = ws(user => 'x', path => '/own', chats => 'c');

# all of it was read

$_->{socket} && is(publish({ chatId => 'c', text => 'before',
    sender => 'x' })->{json}{recipients}, 7, 'before') for $c{quiet};

for my $name (sort keys %c) {
    is(($c{$name}->await('new_message') || {})->{seq}, 1, "$name, before");
}

is($own->await('new_message')->{message}{isOwnMessage}, JSON::PP::true(),
    'own message, before');

ok(replaced($t, 2), 'reload');

# they are others' now, and go on

is(publish({ chatId => 'c', text => 'after', sender => 'x' })
    ->{json}{recipients}, 7, 'all are counted');

for my $name (sort keys %c) {
    my $event = $c{$name}->await('new_message') || {};
    is($event->{seq}, 2, "$name, after");
}

is($own->await('new_message')->{message}{isOwnMessage}, JSON::PP::true(),
    'own message, after');

$c{head}->send_raw(substr $frame, 1);
is(($c{head}->next() || {})->{chatId}, 'later', 'rest of a header');

$c{payload}->send_raw(substr $frame, 20);
is(($c{payload}->next() || {})->{chatId}, 'later', 'rest of a payload');

$c{long}->send_raw(substr $long_frame, 5000);
is(($c{long}->next() || {})->{chatId}, 'long', 'rest of a long payload');

$c{fragments}->send_frame(0, '"f"}');
is(($c{fragments}->next() || {})->{chatId}, 'f', 'last fragment');

$c{ping}->send_raw(substr $ping, 12);
is($c{ping}->await_pong(), 'half a ping', 'rest of a ping');

$c{quiet}->send_json({ type => 'typing', chatId => 'c',
    isTyping => JSON::PP::true() });
is(($c{head}->await('user_typing') || {})->{username}, 'N quiet',
    'the name');

# its sender is left out still

publish({ chatId => 'c', text => 'mine', sender => 'quiet' });
publish({ chatId => 'c', text => 'others', sender => 'x' });
is($c{quiet}->await('new_message')->{message}{text}, 'others', 'the user');

# another zone

is(publish({ chatId => 'd', text => 'x', sender => 'x' },
    uri => '/other/messages')->{json}{recipients}, 1, 'another zone');
ok($other->await('new_message'), 'another zone, delivered');

# unsent output: more than the sockets hold

my $stalled = ws(user => 'stalled', chats => 'big');
my ($sent, $big) = (0, 'b' x 4000);

eventually(sub {
    $sent++ if publish({ chatId => 'big', text => "$sent $big",
        sender => 'x' })->{status} == 201;
    queued($t) > 20000 || $sent > 3000;
});

ok(replaced($t, 2), 'reload with output that waits');

for (1 .. 3) {
    $sent++ if publish({ chatId => 'big', text => "$sent $big",
        sender => 'x' })->{status} == 201;
}

my $next = 1;

while ($next <= $sent) {
    my $event = $stalled->next() or last;
    last if $event->{seq} != $next
        || $event->{message}{text} ne ($next - 1) . " $big";
    $next++;
}

is($next - 1, $sent, 'each notification in order');

# under load, again and again

my $fds = descriptors_of($t);
my $memory = hub_status()->{memory}{free};

my $load = Test::Chatws::Soak->start(clients => 300, chats => 96, subs => 3,
    publishers => 2, rate => 1000, misdeeds => 100, polite => 1);

$load->begin();

for (1 .. $reloads) {
    $t->reload();
    $load->delivered(rand 400);
}

my $verdict = $load->verdict();
my $report = $load->{report};
my $slowest = $load->slowest();

is($verdict, '', 'nothing lost, nothing twice');
is($report->{told} + $report->{cut}, 0, 'nobody closed');
diag($load->summary()) if $verdict ne '' || $report->{told}
    || $report->{cut} || $ENV{TEST_NGINX_VERBOSE};
cmp_ok($slowest, '<', 500 * Test::Chatws::deadline(),
    'nobody waited for long');

undef $load;

ok(eventually(sub { workers_of($t) == 2 }), 'old workers have gone');

ok(eventually(sub {
    my $status = hub_status();
    $status->{workers} == 2 && $status->{connections} == 9;
}), 'no slot and no connection is left');

ok(eventually(sub { descriptors_of($t) == $fds }),
    'no descriptor is left');
is(hub_status()->{subscriptions}, 12, 'subscriptions of the others');
is($memory - hub_status()->{memory}{free}, 96 * 96, 'the chats are new');

# in the end all are still there

is(publish({ chatId => 'c', text => 'end', sender => 'x' })
    ->{json}{recipients}, 7, 'the first ones');
is(scalar(grep { my $c = $_; eventually(sub {
    (($c->await('new_message') || return 1)->{message}{text} || '') eq 'end'
}) && !$c->{closed} } values %c), 6, 'and all get it');


# Bytes of the largest send queue of the server's sockets.

sub queued {
    my ($t) = @_;

    my $port = sprintf '%04X', Test::Nginx::port(8080);
    my $most = 0;

    for (split /\n/, slurp('/proc/net/tcp')) {
        next unless /^\s*\d+: \w+:$port \w+:\w+ 01 (\w+):/;
        $most = hex $1 if hex $1 > $most;
    }

    return $most;
}


sub config {
    return conf(connections => 2048, main => 'worker_processes 2;',
        http => 'chatws_zone zone=second:1m; chatws_history 1000 1h;'
            . 'chatws_drain 24h;',
        endpoint => 'chatws_send_buffer 1m;',
        server => <<'EOC');
        location = /status {
            chatws_status chat;
        }

        location = /own {
            chatws chat;
            chatws_own_messages on;
        }

        location = /other {
            chatws second;
        }

        location = /other/messages {
            chatws_publish second;
        }
EOC
}
