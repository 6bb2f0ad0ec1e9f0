#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# chatws_encrypt on: what is encrypted is in clear neither in the memory of the
# zone nor in a log; and nothing is published that can't be encrypted.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http proxy /);
my $d = $t->testdir();

plan(skip_all => 'no gcc') if system('gcc --version > /dev/null 2>&1') != 0;
plan(skip_all => 'sanitizers come first')
    if `ldd $Test::Nginx::NGINX 2>&1` =~ /asan/;

$t->plan(16);

# libcrypto has no random bytes as long as a file is there

$t->write_file('random.c', <<'EOC');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

int
RAND_bytes(unsigned char *buf, int n)
{
    int  (*next)(unsigned char *, int);

    if (access(FILE, F_OK) == 0) {
        return 0;
    }

    *(void **) &next = dlsym(RTLD_NEXT, "RAND_bytes");

    return next(buf, n);
}
EOC

system('gcc', '-shared', '-fPIC', "-DFILE=\"$d/none\"", '-o', "$d/random.so",
    "$d/random.c", '-ldl') == 0 or die "cannot build random.so\n";

$t->write_file('keys.jwks', '{"keys":[{"kty":"oct","kid":"k1","k":"'
    . 'A' x 43 . '"}]}');

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 2;',
    http => 'chatws_encryption_key_file keys.jwks;', server => <<'EOC'));

        location = /on {
            chatws_publish chat;
            chatws_encrypt on;
        }

        location = /app {
            proxy_pass http://127.0.0.1:8081/;
            chatws_publish_response chat batch;
            chatws_encrypt on;
        }
EOC

$t->run_daemon(\&app_server, port(8081), sub {
    my ($client, $request, $body) = @_;

    app_answer($client, 201, 'application/json', $body);
});

{
    local $ENV{LD_PRELOAD} = "$d/random.so";
    $t->run();
}

$t->waitforsocket('127.0.0.1:' . port(8081));

my $ws = ws(user => 'u', chats => 'chat_1');
my $hidden = 'this-text-is-hidden-';

my %message = (chatId => 'chat_1', sender => 's');

for my $uri ('/on', '/app') {
    publish({ %message, text => "${hidden}1", more => "${hidden}2" },
        uri => $uri);
    publish([ { %message, text => "${hidden}3" },
        { %message, type => 'edited', text => "${hidden}4" } ], uri => $uri);
    publish({ %message, type => 'chat_update', lastMessage => "${hidden}5",
        lastMessageTime => '', unreadCount => 1 }, uri => $uri);
    publish({ %message, text => "${hidden}6" x 1000 }, uri => $uri);
    publish({ %message, text => 5, more => "${hidden}7" }, uri => $uri);
}

# what is published in clear is found, so that the rest would be

publish({ %message, text => 'this-text-is-clear' });

my $got = join '', map { $ws->next(); $ws->{last} } 1 .. 11;

unlike($got, qr/hidden/, 'frames');
like($got, qr/this-text-is-clear/, 'frames, in clear');

my ($memory) = eval { shared_memory((workers_of($t))[0]) };

SKIP: {
    skip 'the memory of a worker can not be read', 3 unless defined $memory;

    like($memory, qr/this-text-is-clear/, 'the zone, in clear');
    unlike($memory, qr/this-text-is-hidden/, 'the zone');
    is(() = $memory =~ /"enc":"eyJ/g, 10, 'the zone has what is encrypted');
}

unlike($t->read_file('error.log'), qr/this-text-is-hidden/, 'the log');

# no random bytes: told, logged, counted, and not published

$t->write_file('none', '');

my $answer = publish({ %message, text => "${hidden}8" }, uri => '/on');

is($answer->{status}, 503, 'no random bytes');
is($answer->{json}{details},
    "the message can't be encrypted now, try again", 'no random bytes, told');
ok($answer->{headers}{'retry-after'}, 'no random bytes, when to come back');
like($t->read_file('error.log'),
    qr/\[error\].* chatws can't encrypt a message: libcrypto failed/,
    'no random bytes, logged');

my $body = "{\"chatId\":\"chat_1\",\"sender\":\"s\",\"text\":\"${hidden}9\"}";

is(publish($body, uri => '/app')->{body}, $body,
    'no random bytes, a response is as it was');
like($t->read_file('error.log'),
    qr/chatws can't publish the response: Service unavailable, the message/,
    'no random bytes, a response is not published');

# in clear nothing needs them

publish({ %message, text => 'marker' });
is($ws->await('new_message')->{message}{text}, 'marker', 'none was published');
is(scalar @{$ws->{skipped} || []}, 0, 'nor anything else');

unlink "$d/none";

is(publish({ %message, text => "${hidden}1" }, uri => '/on')->{status}, 201,
    'random bytes are back');
like($ws->await('new_message')->{message}{enc}, qr/^eyJ/, 'and encryption');


# The bytes of what the worker shares with others.

sub shared_memory {
    my ($pid) = @_;

    no warnings 'portable';

    open my $mem, '<:raw', "/proc/$pid/mem" or die "$!\n";

    my $all = '';

    for (split /\n/, slurp("/proc/$pid/maps")) {
        my ($from, $to) = /^(\w+)-(\w+) rw-s / or next;

        seek $mem, hex $from, 0;
        read $mem, my $bytes, hex($to) - hex($from);
        $all .= $bytes if defined $bytes;
    }

    die "nothing is shared\n" unless length $all;

    return $all;
}
