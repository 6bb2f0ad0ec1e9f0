#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The command "members": what it answers, and that it may be said again.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(57);

$t->write_file_expand('nginx.conf', conf(connections => 128,
    zone => 'zone=chat:8m', main => 'worker_processes 2;',
    http => 'chatws_users zone=chat; chatws_zone zone=bare:1m;'
        . 'keepalive_timeout 0;',
    server => <<'EOC'));

client_max_body_size 1m;

location = /api/commands { chatws_api chat write=on; }
location = /bare { chatws_api bare write=on; }

EOC

$t->run();

sub members {
    my ($chat, %o) = @_;

    return publish({ command => 'members', chatId => $chat, %o },
        uri => '/api/commands');
}

# what the answer counts

sub counts {
    my $json = $_[0]->{json} || {};

    return join ' ', map { defined $json->{$_} ? $json->{$_} : '-' }
        qw/ members added removed /;
}

# the members that the API shows

sub list_of {
    my ($chat, @more) = @_;

    my @list;
    my $after = '';

    do {
        my $page = request('GET', "/api/commands?what=chat&chatId=$chat&limit=3"
            . $after)->{json} or return 'no answer';

        push @list, map { $_->{userId} } grep { $_->{member} }
            @{$page->{users}};
        $after = defined $page->{next} ? "&after=$page->{next}" : undef;

    } while (defined $after);

    return join ' ', sort @list;
}

# --- the answer

my $answer = members('c', add => [ 'ann', { userId => 'bob', unread => 3 } ]);

is($answer->{status}, 200, 'add, status');
like($answer->{body}, qr/^\{"command":"members","chatId":"c","members":2,
    "added":2,"removed":0,"epoch":"[0-9a-f]{12}"\}$/x, 'add, answer');
is(list_of('c'), 'ann bob', 'add, members');

is(counts(members('c', add => [ 'ann', 'bob' ])), '2 0 0',
    'who is a member is not added again');
is(counts(members('c', remove => [ 'bob', 'eve', 'bob' ])), '1 0 1',
    'who is no member is not removed');
is(counts(members('c', remove => [ 'bob' ])), '1 0 0', 'once more');
is(counts(members('c', add => [ 'bob', 'eve', 'eve' ])), '3 2 0',
    'added again');
is(counts(members('c', add => [ 'dan', 'eve' ], remove => [ 'eve' ])),
    '3 1 1', 'who is in both lists is removed');
is(list_of('c'), 'ann bob dan', 'members');

for my $after ('1.1.4294967295', '0.1.0', '0.0.7') {
    my $json = request('GET',
        "/api/commands?what=chat&chatId=c&after=$after")->{json} || {};

    is($json->{members}, 3, "a page after a place that is none, $after");
}

is(counts(members('c')), '3 0 0', 'nothing to do');
is(counts(members('empty', remove => [ 'ann' ])), '0 0 0', 'an unknown chat');
is(counts(members("\x{e9}\"", add => [ "\x{e9}\"", 'u' x 128 ])), '2 2 0',
    'ids of any kind');

# --- what is wrong

for my $case (
    [ { add => [ '' ] }, 'Invalid userId' ],
    [ { add => [ 'u' x 129 ] }, 'Invalid userId' ],
    [ { add => [ "\x01u" ] }, 'Invalid userId' ],
    [ { add => [ {} ] }, 'Invalid message' ],
    [ { add => [ { userId => 'u', unread => -1 } ] }, 'Invalid message' ],
    [ { add => 'u' }, 'Invalid message' ],
    [ { remove => [ 7 ] }, 'Invalid message' ],
    [ { add => [ map { "u$_" } 1 .. 1001 ] }, 'Invalid message' ],
    [ { add => [ map { "u$_" } 1 .. 600 ],
        remove => [ map { "v$_" } 1 .. 401 ] }, 'Invalid message' ],
    [ { version => 'x' }, 'Invalid message' ],
    [ { replace => JSON::PP::true(), part => 'middle', token => 't' },
        'Invalid message' ],
    [ { replace => JSON::PP::true(), part => 'first' }, 'Invalid message' ],
) {
    $answer = members('wrong', %{$case->[0]});
    is("$answer->{status} $answer->{json}{error}", "400 $case->[1]",
        $answer->{json}{details});
}

is(counts(members('wrong')), '0 0 0', 'nothing of that was done');

$answer = publish({ command => 'members', chatId => 'c', add => [ 'ann' ] },
    uri => '/bare');
is("$answer->{status} $answer->{json}{error}", '400 Invalid message',
    'a zone without users');

# --- the version of the list

is(counts(members('v', add => [ 'ann' ], version => 7)), '1 1 0', 'a version');

$answer = members('v', add => [ 'bob' ], version => 6);
is("$answer->{status} $answer->{json}{error}", '409 Conflict',
    'a lower version');
is(list_of('v'), 'ann', 'it does nothing');
is(counts(members('v', add => [ 'bob' ], version => 7)), '2 1 0',
    'the same version');
is(counts(members('v', remove => [ 'bob' ])), '1 0 1', 'no version');
is(counts(members('v', remove => [ 'ann' ], version => 9)), '0 0 1',
    'a higher version');
is(members('v', add => [ 'ann' ], version => 8)->{status}, 409,
    'the version outlives the last member');

# --- replace

my @true = (replace => JSON::PP::true());

is(counts(members('r', add => [ 'a', 'b', 'c' ])), '3 3 0', 'a list');
is(counts(members('r', add => [ 'b', 'd' ], @true)), '2 1 2', 'another one');
is(list_of('r'), 'b d', 'in its place');
is(counts(members('r', add => [ 'b', 'd' ], @true)), '2 0 0', 'once more');
is(counts(members('r', add => [], @true)), '0 0 2', 'an empty one');

members('r', add => [ map { "old$_" } 1 .. 40 ]);

is(counts(members('r', add => [ 'p1', 'old1' ], @true, part => 'first',
    token => 't')), '41 1 0', 'first part');
is(members('r', add => [ 'x' ], @true, part => 'next', token => 'u')
    ->{status}, 409, 'another token');
is(counts(members('r', add => [ 'p2' ], @true, part => 'next', token => 't')),
    '42 1 0', 'next part');
is(counts(members('r', add => [ 'p3', 'old2' ], remove => [ 'p2' ], @true,
    part => 'last', token => 't')), '4 1 39', 'last part');
is(list_of('r'), 'old1 old2 p1 p3', 'who was in no part is removed');
is(counts(members('r', add => [ 'p3', 'old2' ], remove => [ 'p2' ], @true,
    part => 'last', token => 't')), '4 0 0', 'the last part once more');
is(counts(members('r', add => [ 'p1' ], @true, part => 'first',
    token => 't')), '4 0 0', 'another list with the same token');
is(counts(members('r', @true, part => 'last', token => 't')), '1 0 3',
    'it is another one');
is(members('none', add => [ 'x' ], @true, part => 'last', token => 't')
    ->{status}, 409, 'a list that was never begun');

# --- a thousand

my @many = map { "user_$_" } 1 .. 1000;

is(counts(members('many', add => \@many)), '1000 1000 0', '1000 are added');
is(counts(members('many', add => \@many)), '1000 0 0', 'and once more');
is(counts(members('many', remove => [ @many[0 .. 499] ],
    add => [ map { "user_$_" } 1001 .. 1500 ])), '1000 500 500',
    'half of them');

# --- commands in an array

$answer = publish('[{"command":"members","chatId":"a","add":["x"]},'
    . '{"command":"members","chatId":"a","version":"no"},'
    . '{"command":"members","chatId":"a","remove":["x","y"]}]',
    uri => '/api/commands');

is($answer->{status}, 200, 'an array, status');
is(join(' ', map { $_->{error} || "$_->{members} $_->{added} $_->{removed}" }
    @{$answer->{json}}), '1 1 0 Invalid message 0 0 1',
    'each is answered');

# --- nobody else gets these

is(publish({ type => 'chat_added', chatId => 'c' })->{status}, 400,
    'an application event can\'t have the name');
is(publish({ command => 'joined', userId => 'ann', chatId => 'c' },
    uri => '/api/commands')->{json}{error}, 'Unknown command',
    'what the server says to itself is no command');
