#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_encrypt: what nginx encrypts, and what it refuses.  Another
# implementation, Python's jwcrypto, reads the messages and makes others.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use MIME::Base64 ();

use Test::Chatws;
use Test::Chatws::Jwe;
use Test::Nginx;

my $jwe = Test::Chatws::Jwe->new()
    or plan(skip_all => 'no jwcrypto for Python');

my $t = Test::Nginx->new()->has(qw/ http proxy rewrite /)->plan(147);

my $k1 = $jwe->master(1);

$t->write_file('keys.jwks', $jwe->keys(k1 => $k1, k0 => $jwe->master(0)));

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    zone => 'zone=chat:8m', http => <<'EOH', server => <<'EOC'));

    chatws_encryption_key_file %%TESTDIR%%/keys.jwks;
    client_max_body_size 10m;
EOH

        location = /own {
            chatws chat;
            chatws_own_messages on;
        }

        location /on {
            chatws_publish chat;
            chatws_encrypt on;

            if ($arg_if) {
                set $none 1;
            }

            location /on/inside {
                chatws_publish chat;
            }
        }

        location = /require {
            chatws_publish chat;
            chatws_encrypt require;
        }

        location = /api {
            chatws_api chat write=on;
            chatws_encrypt on;
        }

        location = /app/on {
            proxy_pass http://127.0.0.1:8081/;
            chatws_publish_response chat batch;
            chatws_encrypt on;
        }

        location = /app/require {
            proxy_pass http://127.0.0.1:8081/;
            chatws_publish_response chat;
            chatws_encrypt require;
        }
EOC

$t->run_daemon(\&app_server, port(8081), sub {
    my ($client, $request, $body) = @_;

    app_answer($client, 201, 'application/json', $body);
});

$t->run()->waitforsocket('127.0.0.1:' . port(8081));

my $chat = "ch\\at \"\x{e9}\"";
my $ws = ws(user => 'u', chats => [ 'chat_1', $chat ]);
my $own = ws(user => 'john_doe', path => '/own', chats => 'chat_1');

# a message

my $message = { chatId => 'chat_1', text => 'Hello world!', id => 'm1',
    sender => 'john_doe', attachments => [ { name => 'a.png' } ] };
my $answer = publish($message, uri => '/on');

is($answer->{status}, 201, 'a message');
is($answer->{json}{text}, 'Hello world!', 'its answer, text');
is_deeply($answer->{json}{attachments}, [ { name => 'a.png' } ],
    'its answer, a further member');
ok(!exists $answer->{json}{enc}, 'its answer is as it was');

my $event = $ws->await('new_message');

is(join(' ', sort keys %$event), 'chatId message seq timestamp type',
    'its notification');
is(join(' ', sort keys %{$event->{message}}),
    'enc id isOwnMessage sender text timestamp', 'its members');
is($event->{message}{text}, '', 'its text is empty');
like($ws->{last}, qr/"id":"m1","text":"","sender":"john_doe","timestamp":"[^"]+
    ","isOwnMessage":false,"enc":"[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+"\},/x,
    'byte for byte');

my $open = opened($event->{message}{enc}, 'chat_1');

is_deeply($open->{hidden}, { text => 'Hello world!',
    attachments => [ { name => 'a.png' } ] }, 'what was hidden');
is_deeply($open->{header}, { alg => 'dir', enc => 'A256GCM', kid => 'k1',
    chat => 'chat_1', mid => 'm1', sub => 'john_doe' }, 'its header');

is($own->await('new_message')->{message}{isOwnMessage}, JSON::PP::true(),
    'own messages');

# the same again has another vector, and another ciphertext

publish($message, uri => '/on');
my $again = $ws->await('new_message')->{message}{enc};

isnt((split /\./, $again)[2], (split /\./, $event->{message}{enc})[2],
    'a vector of its own');
isnt((split /\./, $again)[3], (split /\./, $event->{message}{enc})[3],
    'another ciphertext');

# ids and names that have to be escaped, a number, an id of the server

for my $case (
    [ 'a number', 17 ],
    [ 'a string', "q\"\\\n\x{e9}" ],
    [ 'none', undef ])
{
    my ($name, $id) = @$case;

    publish({ chatId => $chat, text => 't', sender => "s\"\x{e9}",
        defined $id ? (id => $id) : () }, uri => '/on');

    my $got = $ws->await('new_message');
    my $open = opened($got->{message}{enc}, $chat);

    is($open->{header}{mid}, defined $id ? $id : $got->{message}{id},
        "id, $name: in the header");
    is_deeply([ @{$open->{header}}{qw/ chat sub /} ], [ $chat, "s\"\x{e9}" ],
        "id, $name: chat and sender");
}

# an update of a chat: its text is hidden, and id and sender are there

$answer = publish({ type => 'chat_update', chatId => 'chat_1',
    lastMessage => 'Hello', lastMessageTime => 'now', unreadCount => 3,
    title => 'T', sender => 'john_doe' }, uri => '/on');

is($answer->{json}{lastMessage}, 'Hello', 'chat_update, answer');

$event = $ws->await('chat_update');

is(join(' ', map { "$_:" . ($event->{$_} // '-') }
    qw/ lastMessage lastMessageTime unreadCount title sender /),
    'lastMessage: lastMessageTime:now unreadCount:3 title:- sender:john_doe',
    'chat_update, what stays');
$open = opened($event->{enc}, 'chat_1');
is_deeply($open->{hidden}, { lastMessage => 'Hello', title => 'T' },
    'chat_update, what was hidden');
is($open->{header}{mid}, $event->{id}, 'chat_update, id');
is($open->{header}{sub}, 'john_doe', 'chat_update, sender');

publish({ type => 'chat_update', chatId => 'chat_1', lastMessage => 'x',
    lastMessageTime => '', unreadCount => 0, id => 'u1' }, uri => '/on');
$event = $ws->await('chat_update');
is(opened($event->{enc}, 'chat_1')->{header}{sub}, '',
    'chat_update, no sender');
ok(!exists $event->{sender}, 'chat_update, no sender is told');
is($event->{id}, 'u1', 'chat_update, an id of its own');

# events: all that the server does not know is hidden

publish({ type => 'message_updated', chatId => 'chat_1', messageId => 'm1',
    text => 'Hello!', sender => 'john_doe' }, uri => '/on');

$event = $ws->await('message_updated');

is(join(' ', sort keys %$event), 'chatId enc id sender seq timestamp type',
    'event, what stays');
is_deeply(opened($event->{enc}, 'chat_1')->{hidden},
    { messageId => 'm1', text => 'Hello!' }, 'event, what was hidden');

publish({ type => 'chat_cleared', chatId => 'chat_1' }, uri => '/on');
is(join(' ', sort keys %{$ws->await('chat_cleared')}),
    'chatId seq timestamp type', 'event, nothing to hide');

for my $id (undef, JSON::PP::true(), [], {}) {
    refused('/on', { type => 'edited', chatId => 'chat_1', x => 1,
        id => $id }, 'id must be a string or a number');
}

# a batch, a subrequest's location, what an app server answers

$answer = publish([ { chatId => 'chat_1', text => 'b1', sender => 's' },
    { chatId => 'chat_1', text => 5 },
    { chatId => 'chat_1', text => 'b2', sender => 's' } ], uri => '/on');
is(join(' ', map { $_->{text} || $_->{error} } @{$answer->{json}}),
    'b1 Invalid message b2', 'batch, answer');

publish({ chatId => 'chat_1', text => 'if', sender => 's' },
    uri => '/on?if=1');

publish({ chatId => 'chat_1', text => 'inside', sender => 's' },
    uri => '/on/inside');

publish({ command => 'publish', chatId => 'chat_1', text => 'command',
    sender => 's' }, uri => '/api');

my $body = '{ "chatId":"chat_1", "text":"app", "sender":"s" }';
is(publish($body, uri => '/app/on')->{body}, $body,
    'response, byte for byte');

publish('[{"chatId":"chat_1","text":"app 1","sender":"s"},'
    . '{"chatId":"chat_1","text":"app 2","sender":"s"}]', uri => '/app/on');

for my $text ('b1', 'b2', 'if', 'inside', 'command', 'app', 'app 1', 'app 2') {
    $event = $ws->await('new_message');
    is($event->{message}{text}, '', "$text, empty");
    is(opened($event->{message}{enc}, 'chat_1')->{hidden}{text}, $text,
        "$text, hidden");
}

# what the publisher has encrypted is passed on, and checked

my $header = { kid => 'k7', chat => 'chat_1', mid => 'm7', sub => 's' };
my $enc = sealed();

for my $uri ('/on', '/require', '/app/require', '/app/on') {
    publish({ chatId => 'chat_1', id => 'm7', sender => 's', text => '',
        enc => $enc, clear => 1 }, uri => $uri);

    $event = $ws->await('new_message');
    is($event->{message}{enc}, $enc, "$uri: as it was");
    is($event->{message}{clear}, 1, "$uri: what is clear stays so");
}

# the same id, written in another way

publish('{"chatId":"chat_1","id":"m\u0037","sender":"\u0073","text":"",'
    . '"enc":"' . $enc . '"}', uri => '/require');
is($ws->await('new_message')->{message}{enc}, $enc, 'escapes');

for my $case (
    [ { mid => 17 }, { id => 17 } ],
    [ { more => { x => [] } }, {} ])
{
    my $one = sealed(%{$case->[0]});

    publish({ chatId => 'chat_1', id => 'm7', sender => 's', text => '',
        enc => $one, %{$case->[1]} }, uri => '/require');
    is($ws->await('new_message')->{message}{enc}, $one, 'another header');
}

for my $kind (
    [ chat_update => { lastMessage => '', lastMessageTime => '',
        unreadCount => 1 } ],
    [ edited => { } ])
{
    my ($type, $more) = @$kind;

    publish({ type => $type, chatId => 'chat_1', id => 'm7', sender => 's',
        enc => $enc, %$more }, uri => '/require');
    $event = $ws->await($type);
    is_deeply([ @{$event}{qw/ id sender enc /} ], [ 'm7', 's', $enc ],
        "$type, id and sender are there");
}

# where nothing is configured enc is a member as any other, but for the sender

publish({ type => 'chat_update', chatId => 'chat_1', lastMessage => 'x',
    lastMessageTime => '', unreadCount => 1, enc => 5, sender => 's' });
$event = $ws->await('chat_update');
is_deeply([ @{$event}{qw/ lastMessage enc sender /} ], [ 'x', 5, 's' ],
    'off');

# what clients would refuse

my %sealed = (chatId => 'chat_1', id => 'm7', sender => 's', text => '',
    enc => $enc);
my $names = 'the header of enc must have alg dir, enc A256GCM, a kid, and '
    . 'chat, mid and sub as chatId, id and sender';

for my $uri ('/on', '/require') {
    refused($uri, { %sealed, text => 'x' },
        'text must be empty where enc is');
    refused($uri, { %sealed, type => 'edited', text => 'x' },
        'text must be empty where enc is');
    refused($uri, { %sealed, type => 'chat_update', lastMessage => 'x',
        lastMessageTime => '', unreadCount => 1 },
        'lastMessage must be empty where enc is');
    refused($uri, { map { $_ => $sealed{$_} } grep { $_ ne 'id' }
        keys %sealed }, 'id must be there where enc is');

    for my $bad (5, '', undef, {}) {
        refused($uri, { %sealed, enc => $bad },
            'enc must be a string that is not empty');
    }

    for my $bad ('x', $enc . '.', "$enc=", "$enc ", $enc =~ s/\.\./.AA./r,
        $enc =~ s/.$//r)
    {
        refused($uri, { %sealed, enc => $bad }, 'enc must be a compact JWE');
    }

    refused($uri, { %sealed, @$_ }, $names) for
        [ chatId => 'chat_2' ], [ id => 'm8' ], [ id => 7 ],
        [ sender => 't' ];

    refused($uri, { %sealed, enc => sealed(%$_) }, $names) for
        { kid => '' }, { kid => 5 }, { kid => undef }, { chat => 'Chat_1' },
        { mid => undef }, { mid => 7 }, { sub => undef }, { sub => ['s'] },
        { crit => ['exp'], exp => 1 };

    for my $head ('{}', '[]', 'x', '{"alg":"dir","enc":"A256GCM","kid":"k",'
        . '"chat":"chat_1","mid":"m7","sub":"s","sub":"s"}')
    {
        refused($uri, { %sealed, enc => $enc =~ s/^[^.]+/coded($head)/er },
            $names);
    }

    # other algorithms, which jwcrypto would not make with this key

    for my $change ([ 'A256GCM' => 'A128GCM' ], [ '"dir"' => '"dIr"' ],
        [ '{' => '{"zip":"DEF",' ])
    {
        my $head = plain($enc) =~ s/\Q$change->[0]\E/$change->[1]/r;

        refused($uri, { %sealed, enc => $enc =~ s/^[^.]+/coded($head)/er },
            $names);
    }
}

# clear text where it may not be

my $missing = 'enc must be there: only what is encrypted is published';

refused('/require', $_, $missing) for
    { chatId => 'chat_1', text => 'x', sender => 's' },
    { chatId => 'chat_1', text => '', sender => 's' },
    { chatId => 'chat_1', type => 'edited', x => 1 },
    { chatId => 'chat_1', type => 'chat_update', lastMessage => '',
        lastMessageTime => '', unreadCount => 1 };

$body = '{"chatId":"chat_1","text":"a secret","sender":"s"}';
is(publish($body, uri => '/app/require')->{body}, $body,
    'response in clear, byte for byte');
like($t->read_file('error.log'),
    qr/chatws can't publish the response: Invalid message, enc must be there/,
    'response in clear, logged');
unlike($t->read_file('error.log'), qr/a secret|Hello world/,
    'response in clear, without its text');

publish({ chatId => 'chat_1', type => 'chat_cleared' }, uri => '/require');
is_deeply([ events_of($ws, 'chat_cleared') ], [], 'nothing was published');

# what is replayed is what was sent

publish({ chatId => 'chat_1', text => 'replayed', sender => 's' },
    uri => '/on');
$event = $ws->await('new_message');

my $back = ws(user => 'v');
my $confirmed = $back->ask({ action => 'subscribe', chatId => 'chat_1',
    since => { seq => $event->{seq} - 1,
        epoch => $answer->{json}[0]{epoch} } });

is($confirmed->{recovered}, JSON::PP::true(), 'recovered');
is_deeply($back->await('new_message'), $event, 'replayed');

# sizes: what the zone takes is the encrypted text

my $large = 'x' x 900_000;

is(publish({ chatId => 'chat_1', text => $large, sender => 's' },
    uri => '/on')->{status}, 201, 'a large one');
$open = opened($ws->await('new_message')->{message}{enc}, 'chat_1');
is($open->{hidden}{text}, $large, 'a large one, hidden');

my $max = largest('/api/messages');
my $less = largest('/on');

cmp_ok(abs($less / $max - 0.75), '<', 0.01,
    "the limit counts what is encrypted: $less of $max");


sub opened {
    my ($enc, $chat) = @_;

    return $jwe->open(enc => $enc, chat => $chat, k => $k1);
}


sub sealed {
    my (%more) = @_;

    return $jwe->seal(k => $jwe->master(7), header => { %$header, %more },
        hidden => { text => 'sealed' }, chat => 'chat_1');
}


sub refused {
    my ($uri, $message, $details) = @_;

    my $answer = publish($message, uri => $uri);

    is("$answer->{status} $answer->{json}{error}, $answer->{json}{details}",
        "400 Invalid message, $details", "$uri: $details");
}


sub plain {
    my ($enc) = @_;

    my ($head) = split /\./, $enc;

    return MIME::Base64::decode_base64url($head);
}


sub coded { return MIME::Base64::encode_base64url($_[0]) }


# The largest text that is taken.

sub largest {
    my ($uri) = @_;

    my ($low, $high) = (0, 9_000_000);

    while ($high - $low > 10_000) {
        my $n = int(($low + $high) / 2);
        my $status = publish('{"chatId":"chat_0","sender":"s","text":"'
            . 'x' x $n . '"}', uri => $uri, undecoded => 1)->{status};

        if ($status == 201) {
            $low = $n;

        } else {
            $high = $n;
        }
    }

    return $low;
}
