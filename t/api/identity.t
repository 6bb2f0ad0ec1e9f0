#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Who a client is: nothing in the query is another user, or another name, to
# chatws than it is to nginx and to what stands before the endpoint.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

# other spellings of an argument's name: what decodes or folds to it, and what
# PHP or Express take for it, blanks before it or an array of that name

my %spelled = (
    userId => [ qw/ userid USERID UserId %75serId user%49d %55SERID
                    %75%73%65%72%49%64 user%69d +userId %20+USERID userId[]
                    userId[x] userId%5b%5d userId%00 / ],
    username => [ qw/ userName USERNAME Username user%6eame %75sername
                      user%4Eame +username username[] / ],
);

# what is another name to everybody

my @others = qw/ xuserId userIdx user+Id userId+ user%20Id userId%20
                 user_id user[Id] user.Id user%2549d %2575serId %2575sername
                 user%4 us%= user%zzId /;

my $t = Test::Nginx->new()->has(qw/ http rewrite map /)->plan(183);

$t->write_file_expand('nginx.conf', conf(
    http => <<'EOC',

    map $arg_userId $guest {
        default 0;
        mallory 1;
    }
EOC
    server => <<'EOC'))->run();

        # who is let in by what nginx sees

        location = /guests {
            if ($guest = 0) {
                return 403;
            }

            chatws chat;
        }

        location = /seen {
            chatws chat;
            add_header X-User "<$arg_userId>" always;
        }

        location = /header {
            chatws chat;
            chatws_user $http_x_user;
            chatws_username $http_x_name;
        }

        location = /user {
            chatws chat;
            chatws_user $http_x_user;
        }

        location = /empty {
            chatws chat;
            chatws_user $http_x_user;
            chatws_username "";
        }
    }

    server {
        listen 127.0.0.1:8081;

        chatws_user $http_x_user;

        location = /inherited {
            chatws chat;
        }

        location /outer {
            chatws_username $http_x_name;

            location = /outer/inner {
                chatws chat;
            }
        }
    }

    server {
        listen 127.0.0.1:8082;

        chatws_username $http_x_name;

        location = /name_only {
            chatws chat;
        }

        location = /inner_user {
            chatws chat;
            chatws_user $http_x_user;
        }
EOC

my $other = ws(user => 'other', chats => 'c');

# --- the id

for my $name (@{$spelled{userId}}) {
    refused("$name=admin", 'Invalid userId', 'alone');
    refused("$name=admin&userId=mallory", 'Invalid userId', 'before');
    refused("userId=mallory&$name=admin", 'Invalid userId', 'after');
    refused("userId=mallory&$name", 'Invalid userId', 'without a value');
    refused("userId=mallory&x=y&$name=admin&z", 'Invalid userId', 'among');
}

refused('userId=mallory&userId=admin', 'Invalid userId', 'twice');
refused('userId=mallory&userId=mallory', 'Invalid userId', 'the same twice');
refused('userId&userId=mallory', 'Invalid userId', 'one without a value');
refused('userId=mallory&userId=%', 'Invalid userId', 'one is malformed');
refused('userId=&userId=mallory', 'Invalid userId', 'one is empty');

# --- the name

for my $name (@{$spelled{username}}) {
    refused("userId=u&$name=bob", 'Invalid username', 'alone');
    refused("userId=u&$name=bob&username=joe", 'Invalid username', 'before');
    refused("username=joe&$name=bob&userId=u", 'Invalid username', 'after');
}

refused('userId=u&username=joe&username=bob', 'Invalid username', 'twice');
refused('userId=u&username&username=bob', 'Invalid username', 'one is empty');

# --- who is let in, is who was looked at

for my $name (@{$spelled{userId}}, 'userId') {
    like(connected("$name=admin&userId=mallory", '/guests'), qr/^40[03]$/,
        "$name=admin before the guest");
    like(connected("userId=mallory&$name=admin", '/guests'), qr/^400$/,
        "$name=admin behind the guest");
}

for my $name (@others) {
    is(connected("$name=admin&userId=mallory", '/guests'), 'mallory',
        "$name is another name");
}

is(connected('userId=mallory', '/guests'), 'mallory', 'the guest');
is(connected('userId=admin', '/guests'), '403', 'not the guest');

# --- whatever comes together, the id is what nginx sees

my @names = (@{$spelled{userId}}, ('userId') x 20, @others, '', 'x');
my @values = ('', qw{ =a =%61 =a+b =b%26userId=c =userId=d =%3d & =&b
                  =a;userId=e ?userId=f =% ==a });
my %n;

srand 1;

for (1 .. 300) {
    my $args = join '&', map { $names[rand @names] . $values[rand @values] }
        1 .. 1 + rand 3;
    my $ws = ws(args => $args, path => '/seen', raw => 1);

    $n{$ws->{status}}++;
    next if $ws->{status} == 400;

    my ($seen) = $ws->{headers}{'x-user'} =~ /^<(.*)>$/;
    my $user = $ws->await('connected')->{userId};

    $seen =~ tr/+/ /;
    $seen =~ s/%([0-9a-f]{2})/chr hex $1/gie;
    $n{"$args: nginx sees $seen, and $user connects"}++ if $seen ne $user;
}

is(join(' ', sort keys %n), '101 400', 'some are refused, others agree');
cmp_ok($n{101} || 0, '>', 20, 'enough of others');

# --- the value is decoded, as before

is(connected('userId=%61+%62&username=%63'), 'a b', 'decoded');
is(name_of(ws(args => 'userId=a&username=b+c%64')), 'b cd', 'name, decoded');

# --- the arguments are nobody's word where the configuration has one

for my $args (qw/ userId=a&userId=b %75serId=a username=a&username=b /) {
    my $ws = ws(args => $args, path => '/header',
        headers => [ 'X-User: alice', 'X-Name: Alice' ]);

    is($ws->{connected}{userId}, 'alice', "$args, chatws_user");
    is(name_of($ws), 'Alice', "$args, chatws_username");
}

# --- where the id is known, the name is not the client's word

for my $case (
    [ 8080, '/user', 'alice', 'alice' ],
    [ 8080, '/empty', 'alice', 'alice' ],
    [ 8081, '/inherited', 'alice', 'alice' ],
    [ 8081, '/outer/inner', 'alice', 'Alice' ],
    [ 8082, '/inner_user', 'alice', 'Alice' ],
    [ 8082, '/name_only', 'u', 'Alice' ])
{
    my ($port, $path, $user, $name) = @$case;

    for my $args ('userId=u&username=bob', 'userId=u&username=',
                  'userId=u&username=%ff&username=bob', 'userId=u')
    {
        my $ws = ws(args => $args, path => $path, port => $port,
            headers => [ 'X-User: alice', 'X-Name: Alice' ]);

        is("$ws->{connected}{userId} " . name_of($ws), "$user $name",
            "$path, $args");
    }
}

is(name_of(ws(args => 'userId=u&username=bob')), 'bob',
    'nothing known, the name is believed as the id is');


sub refused {
    my ($args, $error, $what) = @_;

    my $reply = ws(args => $args);

    is("$reply->{status} " . ($reply->{json} || {})->{error}, "400 $error",
        "$args: $what");
}


# The user of a connection, or the status of its refusal.

sub connected {
    my ($args, $path) = @_;

    my $ws = ws(args => $args, $path ? (path => $path) : ());

    return $ws->{status} == 101 ? $ws->{connected}{userId} : $ws->{status};
}


# The name that others see.

sub name_of {
    my ($ws) = @_;

    $ws->subscribe('c');
    $ws->send_text('{"type":"typing","chatId":"c","isTyping":true}');

    return $other->await('user_typing')->{username};
}
