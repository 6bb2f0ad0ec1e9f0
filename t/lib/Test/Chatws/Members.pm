package Test::Chatws::Members;

# Copyright (C) chatws contributors
#
# Members for any number of workers: whoever is a member of a chat gets what is
# published after that, on each of the connections that have asked for it.

use warnings;
use strict;

use Test::More;

use Test::Chatws;
use Test::Nginx;


sub check {
    my ($n) = @_;

    my $t = Test::Nginx->new()->has(qw/ http /)->plan(21);

    $t->write_file_expand('nginx.conf', conf(connections => 256,
        zone => 'zone=chat:8m', main => "worker_processes $n;",
        http => 'chatws_users zone=chat; keepalive_timeout 0;',
        server => 'location = /api/commands { chatws_api chat write=on; }'));

    $t->run();

    ok(eventually(sub { workers_of($t) == $n }), "$n workers");

    # enough connections for all workers to have some

    my @ann = map { ws(user => 'ann', args => 'userId=ann&chats=live') }
        1 .. 12;
    my @bob = map { ws(user => 'bob', args => 'userId=bob&chats=live') }
        1 .. 12;
    my @old = map { ws(user => 'ann') } 1 .. 4;

    is(join(' ', map { list($_) } @ann, @bob), join(' ', ('-') x 24),
        'nobody is a member of a chat');

    # --- add, and publish at once

    members('c', add => [ 'ann' ]);
    say_to('c', 1);
    members('c', add => [ 'bob' ]);
    say_to('c', 2);
    end_of_log();

    is(logs(@ann), '+c:0 1 2 (12)', 'each connection gets what comes after it');
    is(logs(@bob), '+c:1 2 (12)', 'and nothing from before');
    is(logs(@old), '+c:0 (4)', 'who has not asked for it is told, no more');

    # --- remove

    members('c', remove => [ 'ann' ]);
    say_to('c', 3);
    end_of_log();

    is(logs(@ann), '-c (12)', 'nothing of the chat after the removal');
    is(logs(@bob), '3 (12)', 'the others go on');
    logs(@old);

    # --- a removal ends subscriptions of any kind

    $_->subscribe('c') for @old, @ann[0 .. 5];
    say_to('c', 4);
    end_of_log();
    is(logs(@old), '4 (4)', 'anybody may subscribe');
    is(logs(@ann[0 .. 5]), '4 (6)', 'a former member, too');
    is(logs(@ann[6 .. 11]), ' (6)', 'not by itself');

    members('c', add => [ 'ann' ]);
    say_to('c', 5);
    members('c', remove => [ 'ann' ]);
    say_to('c', 6);
    members('c', add => [ 'ann' ]);
    say_to('c', 7);
    end_of_log();

    is(logs(@ann), '+c:4 5 -c +c:6 7 (12)', 'in the order of the log');
    is(logs(@old), '+c:4 5 -c +c:6 (4)', 'also for who subscribes by itself');
    logs(@bob);

    # --- one that was left stays left

    $ann[0]->unsubscribe('c');
    members('c', add => [ 'ann' ]);
    say_to('c', 8);
    end_of_log();

    is(logs($ann[0]), ' (1)', 'unsubscribed');
    is(logs(@ann[1 .. 11]), '8 (11)', 'the other connections are not');
    logs(@bob);
    logs(@old);

    # --- a client that connects is told all of it

    members('d', add => [ 'ann' ]);
    say_to('d', 1) for 1 .. 3;
    end_of_log();
    logs($_) for @ann, @bob, @old;

    my $new = ws(user => 'ann', args => 'userId=ann&chats=live');

    is(list($new), 'c:8 d:3', 'the chats, and where they are');

    say_to($_, 'new') for qw/ c d e /;
    end_of_log();
    is(logs($new), 'new new (1)', 'and their messages');
    logs($_) for @ann, @bob, @old;
    $ann[0]->drop();

    # --- connections that come and go meanwhile

    my $first = '';
    my $wrong = 0;

    for my $round (1 .. 10) {
        $ann[$round]->drop();

        members("r$round", add => [ 'ann' ]);

        my $tab = ws(user => 'ann', args => 'userId=ann&chats=live');

        say_to("r$round", "in $round");
        members("r$round", remove => [ 'ann' ]);
        say_to("r$round", "out $round");
        end_of_log($round);

        $ann[$round] = $tab;

        for my $client (@ann[1 .. 11], $new) {
            my $list = $client == $tab ? list($tab) : '';
            my $got = logs($client, "end $round");

            next if $got eq "+r$round:0 in $round -r$round (1)"
                || ($list =~ /\br$round:0\b/
                    && $got eq "in $round -r$round (1)");

            $wrong++;
            $first ||= "$list | $got";
        }
    }

    is($wrong, 0, 'each connection gets what it is to get')
        or diag $first;

    # --- many at once

    my @many = map { "user_$_" } 1 .. 1000;
    my $tab = ws(user => 'user_777', args => 'userId=user_777&chats=live');

    is(list($tab), '-', 'no chats');
    is(members('many', add => \@many)->{json}{added}, 1000, 'a thousand');
    say_to('many', 'hello');
    is_deeply([ map { $_->{type} } $tab->next(), $tab->next() ],
        [ 'chat_added', 'new_message' ], 'one of them');

    is(members('many', remove => \@many)->{json}{removed}, 1000, 'removed');
}


sub members {
    my ($chat, %o) = @_;

    return publish({ command => 'members', chatId => $chat, %o },
        uri => '/api/commands');
}


sub say_to {
    my ($chat, $text) = @_;

    publish({ chatId => $chat, text => "$text", sender => 'x' });
}


# All users have an inbox, and this is the last notification in it.

sub end_of_log {
    my ($mark) = @_;

    publish({ toUsers => [ 'ann', 'bob' ],
        type => defined $mark ? "end_$mark" : 'end' });
}


# What each client got up to the end of the log, and how many got the same.

sub logs {
    my (@clients) = @_;

    my $type = 'end';
    $type = pop @clients if !ref $clients[-1];
    $type =~ tr/ /_/;

    my %logs;

    for my $client (@clients) {
        $logs{join ' ', map { word($_) } events_of($client, $type)}++;
    }

    return join ' | ', map { "$_ ($logs{$_})" } sort keys %logs;
}


sub word {
    my ($event) = @_;

    return $event->{message}{text} if $event->{type} eq 'new_message';
    return "+$event->{chatId}:$event->{last}" if $event->{type} eq 'chat_added';
    return "-$event->{chatId}" if $event->{type} eq 'chat_removed';
    return $event->{type};
}


# The list of chats that a client is told.

sub list {
    my ($client) = @_;

    my %chats;

    for ( ;; ) {
        my $page = $client->next() or return 'no answer';

        return "no list: $page->{type}" if $page->{type} ne 'chats';

        %chats = (%chats, %{$page->{chats}});
        last if !$page->{more} || $page->{more} eq 'limit';
    }

    return join(' ', map { "$_:$chats{$_}{last}" } sort keys %chats) || '-';
}


1;
