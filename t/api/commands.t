#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Commands of the app server: what each does to the connections of a user, in
# all workers and in the order of the messages, and what the others notice.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(51);

$t->write_file_expand('nginx.conf', conf(connections => 128,
    main => 'worker_processes 3;', http => 'keepalive_timeout 0;',
    endpoint => 'chatws_max_subscriptions 3; chatws_chat_pattern "^[a-z]";',
    server => <<'EOC'));

location = /api/commands { chatws_api chat write=on; }
location = /read { chatws_api chat; }

EOC

$t->run();

ok(eventually(sub { workers_of($t) == 3 }), 'workers');

sub command {
    return publish($_[0], uri => '/api/commands');
}

# the texts of a chat's messages up to the end of the log, and what else came

sub log_of {
    my ($client) = @_;

    return join ' ', map {
        $_->{type} eq 'new_message' ? $_->{message}{text}
            : $_->{type} eq 'unsubscribed' ? "-$_->{chatId}:$_->{reason}"
            : $_->{type} eq 'subscription_confirmed'
                ? "+$_->{chatId}:$_->{seq}" : $_->{type}
    } events_of($client, 'end');
}

sub end_of_log {
    publish({ type => 'end', chatId => 'all' });
}

# enough connections of one user for all workers to have some

my @ann = map { ws(user => 'ann', chats => [ 'all', 'c' ]) } 1 .. 12;
my @bob = map { ws(user => 'bob', chats => [ 'all', 'c' ]) } 1 .. 12;

# --- an array, in the order of the log: publish, unsubscribe, publish

my $say = '{"command":"publish","chatId":"c","text":"%s","sender":"x"}';

my $answer = command('[' . join(',', sprintf($say, 1),
    '{"command":"unsubscribe","userId":"ann","chatId":"c"}',
    sprintf($say, 2),
    '{"command":"subscribe","userId":"ann","chatId":"c"}',
    sprintf($say, 3),
    '{"command":"nothing"}') . ']');

is($answer->{status}, 201, 'array, status');

my @results = @{$answer->{json} || []};

is(join(' ', map { $_->{seq} || $_->{status} || $_->{error} } @results),
    '1 202 2 202 3 Unknown command', 'array, each is answered');
is($results[1]{command}, 'unsubscribe', 'array, the name of the command');
is($results[1]{epoch}, $results[0]{epoch}, 'array, the epoch');

end_of_log();

my %logs;
$logs{log_of($_)}++ for @ann;

is(scalar(keys %logs), 1, 'all connections of the user got the same')
    or diag join "\n", sort keys %logs;
like((keys %logs)[0], qr/^1 -c:removed \+c:[23]( 3)?$/, 'what they got');

%logs = ();
$logs{log_of($_)}++ for @bob;

is(join(' ', %logs), '1 2 3 12', 'the others got all messages');

# --- subscribe: limits and rules of the location hold

command('{"command":"subscribe","userId":"ann","chatId":"1"}');
command('{"command":"subscribe","userId":"ann","chatId":"d"}');
command('{"command":"subscribe","userId":"ann","chatId":"d"}');
command('{"command":"subscribe","userId":"ann","chatId":"e"}');
end_of_log();

is(log_of($_), '+d:0', 'subscribed once, within the limits') for @ann[0, 1];
is(log_of($bob[0]), '', 'nobody else');
log_of($_) for @ann[2 .. 11], @bob[1 .. 11];

is(publish({ chatId => 'd', text => 'd', sender => 'x' })
    ->{json}{recipients}, 12, 'recipients of the new chat');

$_->await('new_message') for @ann;

# --- who is not there is not told

command('{"command":"unsubscribe","userId":"ann","chatId":"other"}');
command('{"command":"unsubscribe","userId":"nobody","chatId":"c"}');
command('{"command":"disconnect","userId":"nobody"}');
command('{"command":"disconnect","userId":"ann","session":"s_none"}');
end_of_log();
is(log_of($ann[0]), '', 'nothing to tell');
log_of($_) for @ann[1 .. 11], @bob;

# --- disconnect

is(command('{"command":"disconnect","userId":"ann","code":4003,'
    . '"reason":"you \u00e9"}')->{status}, 202, 'disconnect, status');

my %closes;

for my $close (map { $_->await_close() || {} } @ann) {
    $closes{"$close->{code} $close->{reason}"}++;
}

is(join(' ', %closes), "4003 you \xc3\xa9 12", 'all of them are closed');

my $back = ws(user => 'ann', chats => 'c');
is($back->{status}, 101, 'the user may come back');

end_of_log();
is(log_of($bob[0]), '', 'the others stay');

command('{"command":"disconnect","userId":"ann"}');
is(join(' ', @{$back->await_close()}{qw/ code reason /}),
    '4403 disconnected', 'disconnect, defaults');

# --- expire

my $old = ws(user => 'old', chats => 'c');

command('{"command":"expire","userId":"old","at":' . (time() + 3600) . '}');
command('{"command":"expire","userId":"old","at":' . (time() + 7200) . '}');
command('{"command":"expire","userId":"old","at":1}');
is(join(' ', @{$old->await_close()}{qw/ code reason /}),
    '4401 session expired, reconnect', 'expire');

# --- publish, the other form, and what a publication must have

$answer = command('{"command":"publish","message":{"chatId":"c","text":"m",'
    . '"sender":"x","command":"kept"}}');
is($answer->{status}, 201, 'publish, status');
is($answer->{json}{command}, 'kept', 'publish, its members');

$answer = command('{"chatId":"c","text":"n","sender":"x","more":1,'
    . '"command":"publish"}');
is($answer->{status}, 201, 'publish, flat');

my $event = $bob[0]->await('new_message');
is($event->{message}{command}, 'kept', 'publish, delivered');
$event = $bob[0]->await('new_message');
is(join(',', sort keys %{$event->{message}}),
    'id,isOwnMessage,more,sender,text,timestamp',
    'publish, without the command');

is(command('{"command":"publish","chatId":"c"}')->{status}, 400,
    'publish, a member is missing');
is(command('{"command":"publish","chatId":"1","text":"t","sender":"s"}')
    ->{status}, 201, 'publish, by the rules of its own location');

# --- what is refused

for my $case (
    [ '', 'Invalid JSON' ],
    [ '7', 'Invalid JSON' ],
    [ '{"command":"disconnect"}', 'Invalid message' ],
    [ '{"command":"broadcast","chatIds":[],"message":{}}',
      'Unknown command' ],
    [ '{"action":"disconnect","userId":"bob"}', 'Unknown command' ],
    [ '[]', 'Invalid message' ],
    [ '[' . join(',', ('{}') x 1001) . ']', 'Invalid message' ])
{
    my ($body, $error) = @$case;

    $answer = command($body);
    is("$answer->{status} " . (($answer->{json} || {})->{error} || 'none'),
        "400 $error", 'refused: ' . substr $body, 0, 40);
}

$answer = command('[' . join(',', ('{}') x 1000) . ']');
is($answer->{status} . ' ' . @{$answer->{json} || []}, '400 1000',
    'a thousand errors, a thousand answers');

# --- reading

$answer = request('GET', '/read?what=info');
is($answer->{status}, 200, 'info, status');
is($answer->{json}{zone}, 'chat', 'info, zone');
is($answer->{json}{epoch}, $results[0]{epoch}, 'info, epoch');
is($answer->{headers}{'cache-control'}, 'no-store', 'info, not stored');
is($answer->{headers}{'x-content-type-options'}, 'nosniff', 'info, no guess');

is(request('HEAD', '/read?what=info')->{status}, 200, 'HEAD');
is(request('GET', '/read')->{status}, 400, 'nothing is asked for');
is(request('GET', '/read?what=chats')->{status}, 400, 'not known');
is(request('GET', '/api/commands?what=info')->{status}, 200,
    'where commands are let in, too');

$answer = publish('{}', uri => '/read');
is("$answer->{status} $answer->{headers}{allow}", '405 GET, HEAD',
    'POST without write=on');
$answer = request('PUT', '/api/commands');
is("$answer->{status} $answer->{headers}{allow}", '405 GET, HEAD, POST',
    'another method');
is($answer->{headers}{'cache-control'}, 'no-store', 'a refusal, not stored');

# --- the server's own notification is no application event

is(publish({ type => 'unsubscribed', chatId => 'c' })->{status}, 400,
    'unsubscribed is not free');
is(publish({ type => 'authenticated', chatId => 'c' })->{status}, 201,
    'authenticated is, without tokens');

# --- ten thousand in a row

my $n = 10;
my $many = '[' . join(',', ('{"command":"unsubscribe","userId":"bob",'
    . '"chatId":"none"}') x 1000) . ']';

my $ok = grep { command($many)->{status} == 202 } 1 .. $n;
is($ok, $n, 'many, status');
command('{"command":"unsubscribe","userId":"bob","chatId":"c"}');
end_of_log();
is(log_of($bob[0]) =~ /-c:removed/ ? 1 : 0, 1, 'many, all were read');

$_->drop() for @bob;

ok(eventually(sub {
    publish({ chatId => 'all', text => 'x', sender => 'x' })
        ->{json}{recipients} == 0;
}), 'nothing is left');
