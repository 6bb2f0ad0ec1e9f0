package Test::Chatws::Secrets;

# Copyright (C) chatws contributors
#
# Attacks on examples of the documents that have to do with keys: tokens, who
# is refused, what is encrypted.  Each returns what got in, or ''.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/ encrypt encrypt_require farewell private refusal
    token_of /;

use JSON::PP;

use Test::Chatws::Token;


# Nobody is who somebody else's token says, or a token that is none.

sub token_of {
    my ($piece) = @_;

    my $key = secret_key('1');
    my $good = token($key);
    my ($head, $claims, $signature) = split /\./, $good;
    my $none = b64url('{"alg":"none"}');
    my $admin = b64url('{"sub":"admin","iat":1,"exp":9999999999}');

    my %bad = (
        'of nobody' => token(secret_key('2', alg => 'HS256')),
        'of another key' => token({ %{secret_key('2')}, kid => '1' }),
        'without a signature' => "$head.$claims.",
        'with other claims' => "$head.$admin.$signature",
        'unsigned' => "$none.$admin.",
        'of another algorithm' => token({ %$key, alg => 'HS512' }),
        'of a chat' => token($key, claims => { chat => 'chat_1' }),
        'of the past' => token($key, claims => { iat => 1, exp => 600 }),
        'of no end' => token($key, claims => { exp => undef }),
    );

    for my $name (sort keys %bad) {
        for my $headers ([ "Authorization: Bearer $bad{$name}" ],
            [ "Sec-WebSocket-Protocol: chatws.v1, chatws.bearer.$bad{$name}" ])
        {
            my $in = $piece->ws(user => 'admin', headers => $headers);

            return "$name: " . $in->{status} if $in->{status} != 401;
        }

        my $in = $piece->ws(user => 'admin', raw => 1);
        my $said = $in->ask({ action => 'auth', token => $bad{$name} });

        return "$name: $said->{type}"
            if ($said->{error} || '') !~ /^(?:Invalid token|Token expired)$/;

        $said = $in->ask({ action => 'subscribe', chatId => 'chat_1' });

        return "$name: $said->{type}"
            if ($said->{error} || '') ne 'Token required';
    }

    # who has one is nobody else, and stays who it is

    my $in = $piece->ws(user => 'admin', raw => 1);
    my $said = $in->ask({ action => 'auth', token => $good });

    return 'is ' . ($said->{userId} || 'nobody')
        if ($said->{userId} || '') ne 'ann';

    $in->send_json({ action => 'auth',
        token => token($key, claims => { sub => 'bob' }) });

    return 'becomes another' if ($in->await_close() || {})->{code} != 4403;

    my $page = $piece->ws(raw => 1,
        headers => [ 'Origin: https://evil.example' ]);

    return $page->{status} == 403 ? '' : 'another page';
}


# A token opens the chats that it names, and lets its user alone speak there.

sub private {
    my ($piece) = @_;

    my $wrong = token_of($piece);

    return $wrong if $wrong ne '';

    my $mine = bearer(chats => [ 'chat_1' ]);
    my $reads = bearer(chats => { chat_1 => [ 'subscribe', 'typing' ] });

    for my $headers ([ $mine ], [ $reads ], [ bearer() ],
        [ bearer(chatPrefixes => { 'chat_1' => [ 'typing' ] }) ],
        [ bearer(chats => { '*' => [ 'subscribe' ] }) ])
    {
        my $in = $piece->ws(headers => $headers);

        for my $chat (qw/ chat_10 chat_2 Chat_1 /) {
            my $said = $in->ask({ action => 'subscribe', chatId => $chat });

            return "in $chat" if ($said->{error} || '') ne 'Not allowed';
        }
    }

    for my $try ([ 401, 'chat_1', undef ], [ 403, 'chat_2', $mine ],
        [ 403, 'chat_1', $reads ], [ 403, 'chat_1', bearer() ],
        [ 403, 'chat_1', $mine, sender => 'admin' ], [ 201, 'chat_1', $mine ])
    {
        my ($want, $chat, $header, %more) = @$try;

        my $status = $piece->publish({ chatId => $chat, text => 't', %more },
            headers => [ defined $header ? $header : () ])->{status};

        return "$chat is said $status, not $want" if $status != $want;
    }

    return '';
}


sub bearer {
    return 'Authorization: Bearer ' . token(secret_key('1'), claims => { @_ });
}


# Who is refused is told why, and gets nothing else.

sub refusal {
    my ($piece) = @_;

    my $key = secret_key('1');

    return refused($piece, 'chatws.v1', map { "chatws.v1, chatws.bearer.$_" }
        'x', token(secret_key('2')), token({ %{secret_key('2')}, kid => '1' }),
        token($key, claims => { iat => 1, exp => 600 }));
}


sub farewell {
    my ($piece) = @_;

    my $wrong = refused($piece, undef, '');

    return $wrong if $wrong ne '';

    for my $uri ('/auth', '//auth', '/auth?session=1') {
        my $status = $piece->request('GET', $uri,
            headers => [ 'Cookie: session=1' ])->{status};

        return "$uri: $status" if $status != 404;
    }

    return '';
}


sub refused {
    my ($piece, $chosen, @protocols) = @_;

    for my $protocol (@protocols) {
        my $in = $piece->ws(user => 'admin', raw => 1, headers => [
            'Cookie: session=0', 'X-User: admin', $protocol eq '' ? ()
                : "Sec-WebSocket-Protocol: $protocol" ]);

        return "$protocol: $in->{status}" if $in->{status} != 101;

        $in->send_json({ action => 'subscribe', chatId => 'chat_1' });

        my $close = $in->await_close() || {};

        return "$protocol: not closed" if ($close->{code} || 0) != 4403;
        return "$protocol: $in->{before_close}[0]"
            if @{$in->{before_close} || []};
    }

    return '';
}


# What is hidden is nowhere in what is sent.

sub encrypt {
    my ($piece) = @_;

    my $in = $piece->ws(user => 'u', chats => 'chat_1',
        path => $piece->request('GET', '/api/ws')->{status} == 426
            ? '/api/ws' : '/');

    for my $message (
        { text => 'TREASURE' }, { text => 't', note => { at => 'TREASURE' } },
        { text => 't', 'TREASURE' => 1 },
        { text => '', type => 'new_message', files => [ 'TREASURE' ] })
    {
        my $posted = $piece->publish({ chatId => 'chat_1', sender => 's',
            %$message });

        return "status $posted->{status}" if $posted->{status} != 201;

        my $sent = $in->read_message() or return 'nothing is delivered';

        return $sent->{payload} if $sent->{payload} =~ /TREASURE/;
    }

    return '';
}


sub encrypt_require {
    my ($piece) = @_;

    my $head = b64url('{"alg":"dir","enc":"A256GCM","kid":"k1",'
        . '"chat":"chat_1","mid":"m","sub":"s"}');
    my $other = b64url('{"alg":"dir","enc":"A256GCM","kid":"k1",'
        . '"chat":"chat_2","mid":"m","sub":"s"}');
    my $rest = '.' . join '.', map { b64url('x' x $_) } 12, 20, 16;

    for my $more ({ text => 'clear' }, { text => '' },
        { text => 'clear', enc => "$head.$rest" },
        { text => '', enc => 'x' }, { text => '', enc => "$other.$rest" },
        { text => '', enc => "$head." }, { text => '', enc => 1 },
        { text => '', enc => "$head.$rest.x" },
        { text => '', enc => b64url('{"alg":"none"}') . ".$rest" })
    {
        my $status = $piece->publish({ chatId => 'chat_1', sender => 's',
            id => 'm', %$more })->{status};

        return encode_json($more) . ": $status" if $status != 400;
    }

    return '';
}


1;
