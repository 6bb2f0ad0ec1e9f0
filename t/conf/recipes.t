#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What the documents show lets nobody in who does not belong: each example that
# is served is attacked, by somebody who has read it.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Digest::MD5 qw/ md5_base64 /;
use MIME::Base64 qw/ encode_base64 /;

use Test::Chatws;
use Test::Chatws::Docs;
use Test::Chatws::Piece;
use Test::Chatws::Secrets;
use Test::Nginx;

my $top = $Test::Chatws::TOP;
my $echo = '/usr/lib/nginx/modules/ngx_http_echo_module.so';
my $evil = 'Origin: https://evil.example';
my @elsewhere = (local => '127.0.0.2');
my %message = (chatId => 'chat_1', text => 'forged', sender => 's');

# addresses that nobody has to believe

my @claims = map { ("X-Forwarded-For: $_", "X-Real-IP: $_",
    "Forwarded: for=$_") } qw/ 127.0.0.1 10.0.0.1 /;

my %attack = (
    auth_basic => \&auth_basic,
    auth_request => \&auth_request,
    echo => \&echo,
    encrypt => \&encrypt,
    encrypt_require => \&encrypt_require,
    encrypt_response => \&encrypt,
    error_page => \&error_page,
    farewell => \&farewell,
    limits => \&limits,
    names => \&names,
    log => \&log_line,
    origins => \&origins,
    pages => \&pages,
    pattern => \&pattern,
    private => \&private,
    protected => \&protected,
    proxy => \&proxy,
    realip => \&realip,
    refusal => \&refusal,
    secure_link => \&secure_link,
    status => \&status,
    token => \&token_of,
    uploads => \&uploads,
    users => \&users,
);

# these leave it to others who may come in

my %open = map { $_ => 1 } qw/ app subprotocol tls /;

my @steps = grep { $_->{verb} =~ /^serve / }
    Test::Chatws::Docs::steps(Test::Chatws::Docs::whole_text($top),
                              sub { });

my $t = Test::Nginx->new()->has(qw/ http proxy realip /)
    ->plan(@steps + 1);
my $d = $t->testdir();

# the nginx behind another one, with what the documents say for that place

my ($behind) = map { $_->{text} } grep { $_->{verb} eq 'serve realip' } @steps;

$t->write_file_expand('nginx.conf', conf(
    http => trusting($behind) . <<'EOC', server => <<'EOC'));

    log_format address '$remote_addr $status $uri';
    access_log %%TESTDIR%%/address.log address;
EOC
        listen 127.0.0.1:8000;

        location = /address {
            return 200 $remote_addr;
        }
EOC
$t->run_daemon(\&app_server, port(8081), \&example_app);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

my %seen;

for my $step (@steps) {
    my ($name) = $step->{verb} =~ /^serve (\w+)/;
    my $code = $attack{$name};

    $seen{$name} = 1;

    SKIP: {
        skip "$name is open", 1 if $open{$name};

        if (!$code) {
            fail("line $step->{line}: $name, an example without an attack");
            next;
        }

        my $piece = Test::Chatws::Piece->new($t, $step->{text});
        my $why = $piece->refused();

        skip "$name: $1", 1 if $why =~ /((?:module|dlopen\(\)) "\Q$echo\E".*)/
            || $why =~ /(unknown directive "(?!chatws)\w+")/;

        is($why || $piece->serve($code), '', "$name, attacked");
    }
}

is(join(' ', grep { !$seen{$_} } sort keys %attack), '',
    'an attack for each example');

$t->stop_daemons();
undef $t;


# --- attacks: what got in, or ''

sub auth_basic {
    my ($piece) = @_;

    for my $try ('joe:wrong', 'joe:', 'joe', 'admin:secret', ':secret',
                 'JOE:secret', 'joe:secretx', 'ann:secret', '', ':')
    {
        my $in = $piece->ws(args => 'userId=joe', headers => [ basic($try) ]);

        return "$try: $in->{status}" if $in->{status} != 401;
    }

    return 'another page' if let_in($piece, basic('joe:secret'), $evil);

    return impostor($piece, 'joe', basic('joe:secret'), basic('ann:other'));
}


# Whoever has read it reaches no inbox but his own.

sub users {
    my ($piece) = @_;

    my $wrong = auth_basic($piece);

    return $wrong if $wrong;

    my $ann = $piece->ws(headers => [ basic('ann:other') ]);
    my $joe = $piece->ws(headers => [ basic('joe:secret') ]);

    for my $message ('{"toUsers":"ann","type":"note"}',
        '{"chatId":"\\u0001ann","type":"note"}')
    {
        my $answer = $piece->publish($message, @elsewhere);

        return "published: $answer->{status}" if $answer->{status} != 403;
    }

    for my $action ('"subscribe"', '"typing","isTyping":true') {
        my $error = $joe->ask('{"action":' . $action
            . ',"chatId":"\\u0001ann"}');

        return "$action: $error->{type}"
            if ($error->{error} || '') ne 'Invalid chatId';
    }

    $piece->publish('{"toUsers":"ann","type":"note"}');

    return 'nothing for ann' unless $ann->await('note');

    $joe->send_json({ action => 'resume', chats => {}, user => { seq => 0 },
        epoch => $joe->{connected}{epoch} });

    my $resumed = $joe->await('resumed');

    return @{$joe->{skipped}} || $resumed->{user}{seq} ? 'of another' : '';
}


sub auth_request {
    my ($piece) = @_;

    for my $headers ([ 'X-User: admin' ], [ 'Cookie: session=0' ],
        [ 'X-Auth-User: admin', 'Auth_User: admin' ])
    {
        my $in = $piece->ws(user => 'admin', headers => $headers);

        return "@$headers: $in->{status}" if $in->{status} != 401;
    }

    for my $uri ('/auth', '/auth?session=1', '//auth', '/%61uth') {
        my $status = $piece->request('GET', $uri,
            headers => [ 'Cookie: session=1' ])->{status};

        return "$uri: $status" if $status != 404;
    }

    return 'another page' if let_in($piece, 'Cookie: session=1', $evil);

    return impostor($piece, 'user_of_session', 'Cookie: session=1',
                    'Cookie: session=2');
}


sub secure_link {
    my ($piece) = @_;

    my $expires = 2147483647;
    my $mine = link_of($expires, 'mallory7');

    # who has a link is who it was made for, and nobody else

    for my $args (
        'userId=admin', "userId=admin&expires=$expires",
        "userId=admin&$mine",
        (map { ("$_=admin&userId=mallory7&$mine",
                "userId=mallory7&$mine&$_=admin",
                "userId=mallory7&$_=admin&$mine") }
            qw/ userId userid USERID %75serId user%49d /),
        "userId=mallory%37x&$mine", "userId=Mallory7&$mine")
    {
        my $in = $piece->ws(args => $args);

        return "$args: " . who($in) if $in->{status} == 101;
    }

    # time and id are two things

    for my $moved ([ 'mallory', '72147483647' ], [ '', "mallory7$expires" ],
        [ 'mallory7', '214748364' ], [ '7mallory7', '214748364' ],
        [ '47mallory7', '21474836' ], [ ' mallory7', $expires ],
        [ 'mallory7 ', $expires ], [ "$expires mallory7", '' ])
    {
        my ($user, $time) = @$moved;
        my ($hash) = $mine =~ /(md5=.*)/;
        my $args = "userId=$user&expires=$time&$hash" =~ s/ /%20/gr;
        my $in = $piece->ws(args => $args);

        return "$args: " . who($in) if $in->{status} == 101;
    }

    # a link of another time, or without one

    for my $args ('userId=mallory7&' . link_of(1, 'mallory7'),
        'userId=&' . link_of($expires, ''), link_of($expires, ''),
        'userId=mallory7&' . (link_of('', 'mallory7') =~ s/expires=&//r),
        'userId=mallory7&' . link_of('x', 'mallory7'),
        'userId=mallory7&' . link_of('-1', 'mallory7'),
        'userId=mallory7&' . ($mine =~ s/expires=(\d+)&(.*)/$2,$1/r),
        "userId=mallory7&$mine,$expires",
        'userId=mallory7&' . ($mine =~ s/md5/%6dd5/r))
    {
        my $in = $piece->ws(args => $args);

        return "$args: " . who($in) if $in->{status} == 101;
    }

    # a user with a name that looks like the escapes of another's

    my $escaped = link_of($expires, '%61dmin');
    my $in = $piece->ws(args => "userId=%61dmin&$escaped");

    return 'escapes: ' . who($in) if $in->{status} == 101;

    for my $user ('mallory7', '%61dmin', 'a b', 'a&userId=b', "\x{c3}\x{a9}") {
        my $args = "userId=" . ($user =~ s/(\W)/sprintf '%%%02x', ord $1/ger)
            . '&' . link_of($expires, $user);

        $in = $piece->ws(args => $args);

        utf8::decode(my $name = $user);

        return "$args, not let in: $in->{status}" if $in->{status} != 101;
        return "$args: " . who($in) if $in->{connected}{userId} ne $name;
    }

    return named('mallory7',
        $piece->ws(args => "userId=mallory7&$mine&username=bob"),
        $piece->ws(args => 'userId=ann&' . link_of($expires, 'ann')));
}


sub limits {
    my ($piece) = @_;

    my @in = grep { $_->{status} == 101 } map {
        $piece->ws(user => "user$_", headers => [ map {
            s/127\.0\.0\.1|10\.0\.0\.1/127.0.0.$_/r } @claims ])
    } 1 .. 25;

    return @in > 20 ? scalar(@in) . ' connections' : '';
}


# A page of another site whose name leads here by now.

sub names {
    my ($piece) = @_;

    my $from = sub {
        my ($host, @options) = @_;

        return $piece->ws(user => 'u', host => $host, @options,
            headers => [ "Origin: http://$host" ])->{status};
    };

    for my $host (qw/ evil.example chat.example.com.evil.example
                      xchat.example.com localhost 127.0.0.1 /)
    {
        my $status = $from->($host);

        return "$host: $status" if $status;
    }

    my $status = $from->('chat.example.com');
    return "by its name: $status" if $status != 101;
    $status = $from->('chat.example.com', @elsewhere);

    return "from elsewhere: $status" if $status != 403;

    return let_in($piece, $evil) ? 'another page' : '';
}


# What is uploaded without a session, or as another user.

sub uploads {
    my ($piece) = @_;

    my $headers = sub { [ "Cookie: session=$_[0]", 'X-Progress-ID: i' ] };
    my ($ws, $other) = map {
        $piece->ws(headers => $headers->($_), chats => 'chat_1')
    } 1, 2;

    for my $case ([ 0, 401 ], [ 2, 201 ]) {
        my ($session, $want) = @$case;
        my $status = $piece->request('POST', '/api/upload?userId='
            . 'user_of_session&username=user_of_session&chatId=chat_1',
            headers => $headers->($session), body => 'forged')->{status};

        return "session $session: $status" if $status != $want;
    }

    my $event = $ws->await('upload_progress') or return 'nothing told';
    my $who = "$event->{userId} $event->{username}";

    return $who eq 'another_user another_user' ? '' : $who;
}


sub log_line {
    my ($piece) = @_;

    my $ws = $piece->ws(path => '/', args => 'userId=joe%22%20chat=%22forged');

    return "status $ws->{status}" if $ws->{status} != 101;

    my $line = qr/^.* user="joe\\x22 chat=\\x22forged" chat="-" - .*$/m;

    return eventually(sub {
        $piece->file('logs/chat.log') =~ $line
    }) ? '' : $piece->file('logs/chat.log');
}


sub origins {
    my ($piece) = @_;

    for my $origin ('null', '', 'https://chat.example.com.evil.example',
        'https://chat.example.comx', 'https://chat.example.com:8443',
        'https://xchat.example.com', 'https://evilexample.org',
        'https://evil.example/https://chat.example.com',
        'https://a.example.org.evil.example', 'http://a.example.org')
    {
        return $origin if let_in($piece, "Origin: $origin", '/');
    }

    return '';
}


sub pages {
    my ($piece) = @_;

    for my $origin ('null', 'http://localhost:5174', 'http://localhost',
        'https://localhost:5173', 'http://localhost:51730',
        'http://localhost.evil.example:5173', 'http://127.0.0.1:5173')
    {
        return "$origin connects" if let_in($piece, "Origin: $origin");

        my $posted = $piece->publish(\%message,
            headers => [ "Origin: $origin" ]);

        return "$origin posts" if $posted->{status} == 201;

        for my $answer ($posted, $piece->request('OPTIONS', '/api/messages',
            headers => [ "Origin: $origin",
                'Access-Control-Request-Method: POST',
                'Access-Control-Request-Headers: content-type' ]))
        {
            return "$origin reads"
                if defined $answer->{headers}{'access-control-allow-origin'};
        }
    }

    return '';
}


sub pattern {
    my ($piece) = @_;

    my $ws = $piece->ws(path => '/', user => 'u');

    for my $chat ('chat_', 'chat_1x', 'xchat_1', 'Chat_1', "chat_1\n",
        "x\nchat_1", "chat_1\0", "chat_\x{661}", ' chat_1')
    {
        return "chat $chat" if ($ws->ask({ action => 'subscribe',
            chatId => $chat })->{error} || '') ne 'Invalid chatId';
    }

    return '';
}


sub protected {
    my ($piece) = @_;

    for my $headers ([], map { [ $_ ] } @claims) {
        my $status = $piece->publish(\%message, @elsewhere,
            uri => '/internal/publish', headers => $headers)->{status};

        return "@$headers: $status" if $status != 403;
    }

    return '';
}


sub status {
    my ($piece) = @_;

    for my $headers ([], map { [ $_ ] } @claims) {
        my $status = $piece->request('GET', '/status', @elsewhere,
            headers => $headers)->{status};

        return "@$headers: $status" if $status != 403;
    }

    return '';
}


sub echo {
    my ($piece) = @_;

    my $ws = $piece->ws(user => 'u', chats => 'chat_1');

    for my $headers ([], map { [ $_ ] } @claims) {
        my $status = $piece->request('GET', '/deploy', @elsewhere,
            headers => $headers)->{status};

        return "@$headers: $status" if $status != 403;
    }

    for my $uri ('/publish', '//publish', '/%70ublish', '/publish?x') {
        my $status = $piece->publish(\%message, uri => $uri)->{status};

        return "$uri: $status" if $status != 404;
    }

    return $ws->ask({ action => 'none' })->{type} eq 'error'
        ? '' : 'something was published';
}


# The origins are those of the location that error_page leads to.

sub error_page {
    my ($piece) = @_;

    return 'another page' if $piece->ws(user => 'u', path => '/socket',
        headers => [ $evil ])->{status} == 101;

    return '';
}


# Through the one in front, and without it.

sub proxy {
    my ($piece) = @_;

    for my $claim (@claims) {
        my $got = $piece->ws(user => 'u', headers => [ $claim ], @elsewhere);

        return "$claim: $got->{status}" if $got->{status} != 101;
    }

    my @from;

    eventually(sub {
        @from = $t->read_file('address.log') =~ m{^(\S+) 101 /api/ws$}mg;
        @from >= @claims;
    });

    my @wrong = grep { $_ ne '127.0.0.2' } @from;

    return @from != @claims ? 'not all logged' : "@wrong";
}


sub realip {
    my ($piece) = @_;

    # one that is not the proxy

    for my $headers (map { [ $_ ] } @claims) {
        my $in = $piece->ws(path => '/', headers => $headers);

        return "@$headers: $in->{status}" if $in->{status} != 400;
    }

    my ($wrong) = $piece->file('error.log')
        =~ /^(.* client: (?!127\.0\.0\.1,).*)$/m;

    return $wrong if defined $wrong;

    # one that is, with what a client has put in front

    my $reply = request('GET', '/address',
        headers => [ 'X-Forwarded-For: 127.0.0.1, 192.0.2.7' ]);

    return $reply->{body} eq '192.0.2.7' ? '' : "behind: $reply->{body}";
}


# --- what they share

# The proxy of the example is this machine.

sub trusting {
    my ($text) = @_;

    die "no example of realip\n" unless defined $text;

    $text =~ s/(set_real_ip_from\s+)[^;]+/${1}127.0.0.1/g;

    return $text;
}


sub basic {
    return 'Authorization: Basic ' . encode_base64($_[0], '');
}


# The arguments that an app server would give to a user.

sub link_of {
    my ($expires, $user) = @_;

    my $hash = md5_base64("$expires $user secret");
    $hash =~ tr{+/}{-_};

    return "expires=$expires&md5=$hash";
}


sub let_in {
    my ($piece, @headers) = @_;

    my $path = $headers[-1] eq '/' ? pop @headers : '/api/ws';

    return $piece->ws(user => 'u', path => $path, headers => \@headers)
        ->{status} == 101;
}


# Somebody with rights of their own, as somebody else.

sub impostor {
    my ($piece, $own, $proof, $another) = @_;

    for my $args ('userId=admin', "userId=$own&userId=admin",
        'userId=admin&username=bob', '%75serId=admin&username=bob')
    {
        my $in = $piece->ws(args => $args, headers => [ $proof,
            'X-User: admin', 'Remote-User: admin', 'Chatws-User: admin' ]);

        return "$args: " . who($in)
            if ($in->{connected}{userId} || '') ne $own;
    }

    return named($own, map {
        $piece->ws(args => 'userId=admin&username=bob', headers => [ $_ ])
    } $proof, $another);
}


# The name that another one sees has to be this one.

sub named {
    my ($name, $ws, $other) = @_;

    $_->{status} == 101 && $_->subscribe('chat_1') || return who($_)
        for $ws, $other;

    $ws->send_text('{"type":"typing","chatId":"chat_1","isTyping":true}');

    my $event = $other->await('user_typing') or return 'no typing seen';

    return $event->{username} eq $name ? '' : "is named $event->{username}";
}


sub who {
    my ($in) = @_;

    return $in->{status} == 101 ? "is $in->{connected}{userId}"
        : "status $in->{status}";
}
