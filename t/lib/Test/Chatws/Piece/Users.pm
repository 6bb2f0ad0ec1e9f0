package Test::Chatws::Piece::Users;

# Copyright (C) chatws contributors
#
# The examples of the documents that are about users: see Test::Chatws::Piece,
# which has these methods.

use warnings;
use strict;

use MIME::Base64 qw/ encode_base64 /;

use Test::Chatws::Token ();


sub token {
    my ($self) = @_;

    my $token = Test::Chatws::Token::token(
        Test::Chatws::Token::secret_key('1'));

    for my $headers ([ "Authorization: Bearer $token" ],
        [ "Sec-WebSocket-Protocol: chatws.v1, chatws.bearer.$token" ])
    {
        my $ws = $self->ws(user => 'u', headers => $headers);

        return "@$headers: $ws->{status}"
            if ($ws->{connected}{userId} || '') ne 'ann';
    }

    my $ws = $self->ws(user => 'u', raw => 1);

    for my $type (qw/ connected authenticated /) {
        my $answer = $ws->ask({ action => 'auth', token => $token });

        return "not $type" if $answer->{type} ne $type
            || $answer->{userId} ne 'ann' || !$answer->{expiresIn};
    }

    return $ws->subscribe('chat_1') ? '' : 'not subscribed';
}


# The token of a user who is in one chat.

sub private {
    my ($self) = @_;

    my @headers = ('Authorization: Bearer ' . Test::Chatws::Token::token(
        Test::Chatws::Token::secret_key('1'),
        claims => { chats => [ 'chat_1' ] }));

    my $ws = $self->ws(user => 'u', headers => [ @headers ]);

    my @said = map {
        my $answer = $ws->ask({ action => 'subscribe', chatId => $_ }) || {};
        $answer->{error} || $answer->{action};
    } qw/ chat_1 chat_2 /;

    return "subscribe: @said" if "@said" ne 'subscribe Not allowed';

    my @status = map {
        my ($chat, @with) = @$_;
        $self->publish({ chatId => $chat, text => 'x' }, headers => \@with)
            ->{status};
    } [ chat_1 => @headers ], [ chat_2 => @headers ], [ 'chat_1' ];

    return "publish: @status" if "@status" ne '201 403 401';

    return '';
}


# Two tabs of a user, one of another one, and a resume.

sub users {
    my ($self) = @_;

    my %basic = map { (split /:/)[0] => [ 'Authorization: Basic '
        . encode_base64($_, '') ] } 'joe:secret', 'ann:other';

    my @tabs = map { $self->ws(headers => $basic{$_}) } qw/ joe joe ann /;
    my @wrong = grep { $_->{status} != 101 } @tabs;

    return "status $wrong[0]{status}" if @wrong;
    return 'not told what is on' if "@{$tabs[0]{connected}{features}}"
        !~ /\busers\b/ || $tabs[0]{connected}{userSeq} != 0;

    my $answer = $self->publish('{"toUsers":["joe","eve"],'
        . '"type":"chat_update","chatId":"chat_9","lastMessage":"Hi",'
        . '"lastMessageTime":"now","unreadCount":1}')->{json};

    return 'not as it is answered' if $answer->{recipients} != 2
        || $answer->{users}{joe}{userSeq} != 1
        || $answer->{users}{eve}{recipients} != 0;

    for my $tab (@tabs[0, 1]) {
        my $event = $tab->await('chat_update') || {};
        return 'a tab' if ($event->{userSeq} || 0) != 1 || exists $event->{seq};
    }

    $self->publish('{"toUsers":"ann","type":"note"}');

    my $event = $tabs[2]->next();

    return 'another user' if $event->{type} ne 'note';

    $tabs[2]->send_json({ action => 'resume', chats => {},
        user => { seq => 0 }, epoch => $tabs[2]{connected}{epoch} });

    $event = $tabs[2]->await('resumed') || {};

    return $event->{user}{recovered} && $event->{user}{seq} == 1
        && $tabs[2]->next()->{type} eq 'note' ? '' : 'not recovered';
}


sub uploads {
    my ($self) = @_;

    my @headers = ('Cookie: session=1', 'X-Progress-ID: i');
    my $ws = $self->ws(headers => [ @headers ]);

    return "status $ws->{status}" if $ws->{status} != 101;

    my $answer = $self->request('POST', '/api/upload?chatId=chat_1',
        headers => \@headers, body => 'x' x 1000);

    return "answer $answer->{status}" if $answer->{status} != 201;

    for my $state (qw/ processing done /) {
        my $event = $ws->await('upload_progress') or return 'nothing told';
        my $told = "$event->{state} $event->{received}/$event->{total}";

        return $told if $told ne "$state 1000/1000";
    }

    return '';
}


1;
