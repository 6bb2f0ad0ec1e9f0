package Test::Chatws::Piece;

# Copyright (C) chatws contributors
#
# Starts an nginx around a piece of configuration, beside the nginx of the test,
# and checks what the served examples of the documents have to do.

use warnings;
use strict;

use base qw/ Test::Chatws::Piece::Users /;

use MIME::Base64 qw/ encode_base64 /;
use POSIX qw/ WNOHANG /;

use Test::Chatws ();
use Test::Chatws::Docs;
use Test::Chatws::Piece::Users;
use Test::Chatws::Token ();
use Test::Nginx qw/ port /;

my $instances = 0;


# The app server of the examples listens on port 3000, nginx on port 8000.

sub new {
    my ($class, $t, $text) = @_;

    my $n = ++$instances;
    my $dir = $t->testdir() . "/$n";
    my $self = bless { t => $t, n => $n, dir => $dir, port => 8100 + $n },
        $class;

    # workers may run as another user

    chmod 0755, $t->testdir();
    mkdir $dir;
    mkdir "$dir/logs";

    my $conf = Test::Chatws::Docs::whole($text,
        port => 80,
        main => "daemon off;\npid $dir/nginx.pid;\n"
            . "error_log $dir/error.log info;\n$ENV{TEST_NGINX_GLOBALS}",
        http => $t->test_globals_http());

    $conf =~ s{\blisten +(\d+)}{"listen 127.0.0.1:" . port($self->{port})}ge;
    $conf =~ s{127\.0\.0\.1:3000}{'127.0.0.1:' . port(8081)}ge;
    $conf =~ s{127\.0\.0\.1:8000}{'127.0.0.1:' . port(8000)}ge;
    $conf =~ s{(load_module )modules/}{$1/usr/lib/nginx/modules/}g;
    $conf =~ s{/etc/nginx/}{$dir/}g;
    $conf =~ s{worker_rlimit_nofile \d+;}{}g;

    $t->write_file("$n/nginx.conf", $conf);
    $t->write_file("$n/htpasswd", "joe:{PLAIN}secret\nann:{PLAIN}other\n");
    $t->write_file("$n/chat-encryption.jwks", '{"keys":[{"kty":"oct",'
        . '"kid":"k1","k":"' . 'A' x 43 . '"}]}');
    $t->write_file("$n/chat.jwks",
        Test::Chatws::Token::jwks(Test::Chatws::Token::secret_key('1')))
        if $conf =~ /\bchat\.jwks/;
    Test::Chatws::certificate($dir) if $conf =~ /\bcert\.pem/;

    return $self;
}


sub command {
    my ($self) = @_;

    return ($Test::Nginx::NGINX, '-p', "$self->{dir}/", '-c', 'nginx.conf',
            '-e', 'error.log');
}


# Returns the complaints of nginx -t; '': there are none.

sub refused {
    my ($self) = @_;

    my $command = join ' ', $self->command();
    my $text = `$command -t 2>&1`;

    return $? == 0 ? '' : $text;
}


# Returns why nginx does not load a module.  Debian's modules are built for
# Debian's nginx, which may not be the one under test.  '': it loads.

sub misfit {
    my ($self, $module) = @_;

    return $self->refused() =~ /((?:module|dlopen\(\)) "\Q$module\E".*)/
        ? $1 =~ s/ in \S+:\d+$//r : '';
}


# Serves while the code, or the method of that name, runs.  Returns the fault
# that this has found, or the first alert, or ''.  The connections of an example
# survive a reload, except for those that have to stay: counted, proxied, or
# with TLS.

my %stay = map { $_ => 1 } qw/ limits proxy tls /;


sub serve {
    my ($self, $code) = @_;

    my $pid = fork();
    die "cannot fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        exec { $Test::Nginx::NGINX } $self->command() or POSIX::_exit(1);
    }

    my $started = Test::Chatws::eventually(sub {
        -s "$self->{dir}/nginx.pid" || waitpid($pid, WNOHANG) == $pid;
    }) && -s "$self->{dir}/nginx.pid";

    my $example = !ref $code && !$stay{$code};

    local $self->{clients} = $example ? [] : undef;

    my $wrong = $started ? $self->$code() : 'does not start';

    $wrong = $self->reloaded() if $wrong eq '' && $example;

    kill 'TERM', $pid;
    waitpid $pid, 0;

    my ($alert) = $self->file('error.log')
        =~ /^(.*(?:\[alert\]|\[emerg\]|Sanitizer|runtime error:).*)$/m;

    return defined $alert && $wrong eq '' ? $alert : $wrong;
}


sub file {
    my ($self, $name) = @_;

    return $self->{t}->read_file("$self->{n}/$name");
}


# Returns what is wrong with the present connections after a reload.

sub reloaded {
    my ($self) = @_;

    my @clients = grep { $_->{status} == 101 && !$_->{eof} }
        @{$self->{clients}};

    my @workers = Test::Chatws::workers_of($self);

    return 'does not reload'
        unless Test::Chatws::replaced($self, scalar @workers);

    for my $ws (@clients) {
        $ws->ping('still here');

        return 'closed by a reload'
            if ($ws->await_pong() || '') ne 'still here' || $ws->{closed};
    }

    return '';
}


sub reload {
    my ($self) = @_;

    kill 'HUP', $self->file('nginx.pid') =~ /(\d+)/;
}


# Stands for the test where a library asks it for its files.

sub read_file {
    my ($self, $name) = @_;

    return $self->file($name);
}


sub ws {
    my ($self, @options) = @_;

    my $ws = Test::Chatws::ws(port => $self->{port}, @options);

    push @{$self->{clients}}, $ws if $self->{clients};

    return $ws;
}


sub request {
    my ($self, @options) = @_;

    return Test::Chatws::request(@options, port => $self->{port});
}


sub publish {
    my ($self, $message, @options) = @_;

    return Test::Chatws::publish($message, port => $self->{port}, @options);
}


# Connects a user, and publishes as another one through this nginx, or on that
# port.

sub passes {
    my ($self, $ws, @options) = @_;

    return "status $ws->{status}" if $ws->{status} != 101;

    $ws->subscribe('chat_1') or return 'no subscription';

    my $answer = $self->publish('{ "chatId": "chat_1", "text": "through", '
        . '"sender": "s" }', @options);

    return "publish: $answer->{status}"
        unless $answer->{status} =~ /^20[01]$/;

    my $event = $ws->await('new_message') or return 'nothing delivered';

    return $event->{message}{text} eq 'through' ? '' : 'another text';
}


# --- the examples that are served

sub app {
    my ($self) = @_;

    my $wrong = $self->passes($self->ws(user => 'u'));

    return $wrong if $wrong;

    return $self->request('GET', '/other')->{body} eq 'app: GET /other'
        ? '' : 'not proxied';
}


sub auth_basic {
    my ($self) = @_;

    my $ws = $self->ws(user => 'u');

    return "without a password: $ws->{status}" if $ws->{status} != 401;

    $ws = $self->ws(headers => [ 'Authorization: Basic '
        . encode_base64('joe:secret', '') ]);

    return $ws->{status} == 101 && $ws->{connected}{userId} eq 'joe'
        ? '' : "status $ws->{status}";
}


sub auth_request {
    my ($self) = @_;

    my $ws = $self->ws(user => 'u');

    return "without a session: $ws->{status}" if $ws->{status} != 401;

    $ws = $self->ws(headers => [ 'Cookie: session=1' ]);

    return "status $ws->{status}" if $ws->{status} != 101;
    return 'another user' if $ws->{connected}{userId} ne 'user_of_session';

    return $self->request('GET', '/auth')->{status} == 404
        ? '' : 'not internal';
}


sub echo {
    my ($self) = @_;

    my $ws = $self->ws(user => 'u', chats => 'chat_1');

    return 'not done'
        if $self->request('GET', '/deploy')->{body} !~ /done\s*\z/;

    my $event = $ws->await('notice') or return 'nothing delivered';

    return $event->{text} eq 'Back soon' ? '' : 'another text';
}


sub encrypt {
    my ($self) = @_;

    my $ws = $self->ws(path => '/', user => 'u', chats => 'chat_1');

    return $self->encrypted($ws);
}


sub encrypt_response {
    my ($self) = @_;

    return $self->encrypted($self->ws(user => 'u', chats => 'chat_1'));
}


# Whether what is published is hidden, and answered in clear.

sub encrypted {
    my ($self, $ws) = @_;

    my $answer = $self->publish('{"chatId":"chat_1","text":"hidden",'
        . '"sender":"s"}');

    return "status $answer->{status}" if $answer->{status} != 201;
    return 'another answer' if $answer->{json}{text} ne 'hidden';

    my $event = $ws->await('new_message') or return 'nothing delivered';
    my $message = $event->{message};

    return $message->{text} eq '' && $message->{enc} =~ /^eyJ[\w-]+\.\./
        ? '' : 'not encrypted';
}


sub encrypt_require {
    my ($self) = @_;

    my $answer = $self->publish('{"chatId":"c","text":"t","sender":"s"}');

    return $answer->{status} == 400 ? '' : "status $answer->{status}";
}


sub farewell {
    my ($self) = @_;

    my $ws = $self->ws(user => 'u', raw => 1);

    return "without a session: $ws->{status}" if $ws->{status} != 101;

    my $close = $ws->await_close() or return 'not closed';

    return "closed with $close->{code}, $close->{reason}"
        if $close->{code} != 4403 || $close->{reason} ne 'log in';

    $ws->drop();

    my $answer = $self->request('GET', '/api/ws');

    return "no handshake: $answer->{status}" if $answer->{status} != 401;

    $ws = $self->ws(user => 'u', headers => [ 'Cookie: session=1' ]);

    return $ws->{connected} ? '' : 'not connected';
}


sub refusal {
    my ($self) = @_;

    my $token = Test::Chatws::Token::token(
        Test::Chatws::Token::secret_key('1'));

    my ($bad, $good) = map {
        $self->ws(raw => 1, headers =>
            [ "Sec-WebSocket-Protocol: chatws.v1, chatws.bearer.$_" ])
    } 'x', $token;

    for my $ws ($bad, $good) {
        return "status $ws->{status}" if $ws->{status} != 101;
        return 'no subprotocol'
            if $ws->{headers}{'sec-websocket-protocol'} ne 'chatws.v1';
    }

    my $close = $bad->await_close() || {};
    $bad->drop();

    return 'not closed' if ($close->{reason} || '') ne 'log in';

    return $good->await('connected') ? '' : 'not connected';
}


sub names {
    my ($self) = @_;

    my $other = $self->ws(user => 'u');

    return "by another name: $other->{status}" if $other->{status};

    my $ws = $self->ws(user => 'u', host => 'chat.example.com',
        headers => [ 'Origin: http://chat.example.com' ]);

    return $ws->{status} == 101 ? '' : "status $ws->{status}";
}


sub limits {
    my ($self) = @_;

    my $first = $self->ws(user => 'u');
    my $wrong = $self->passes($first);

    return $wrong if $wrong;

    my @all = map { $self->ws(user => 'u') } 1 .. 20;
    my $n = grep { $_->{status} == 101 } @all;

    return "$n more connections" if $n != 19;

    # the answer must be there at once, however slow this machine is

    my $message = '{"chatId":"c","text":"t","sender":"s"}';
    my @clients = map { Test::Chatws::Client->dial(port => $self->{port}) }
        1 .. 30;

    $_->send_raw(join "\r\n", 'POST /api/messages HTTP/1.1',
        'Host: localhost', 'Connection: close',
        'Content-Length: ' . length $message, '', $message) for @clients;

    my @status = map { ($_->read_answer() || {})->{status} || 0 } @clients;

    return grep({ $_ == 429 } @status) ? '' : 'messages are not limited';
}


sub log {
    my ($self) = @_;

    my $ws = $self->ws(path => '/', user => 'joe');

    return Test::Chatws::eventually(sub {
        $self->file('logs/chat.log')
            =~ m{ 127\.0\.0\.1 101 / user="joe" chat="-" - seq=- to=-$}m;
    }) ? '' : $self->file('logs/chat.log');
}


sub origins {
    my ($self) = @_;

    my %allowed = ('https://chat.example.com' => 101,
        'https://a.b.example.org' => 101, 'https://example.org' => 403,
        'http://chat.example.com' => 403);

    for my $origin (sort keys %allowed) {
        my $ws = $self->ws(path => '/', user => 'u',
            headers => [ "Origin: $origin" ]);

        return "$origin: $ws->{status}" if $ws->{status} != $allowed{$origin};
    }

    return '';
}


sub pages {
    my ($self) = @_;

    my $page = 'http://localhost:5173';
    my $ws = $self->ws(user => 'u', headers => [ "Origin: $page" ]);

    for my $case ([ 'OPTIONS', $page, '204 ' . $page ],
                  [ 'OPTIONS', "$page.example", '204 ' ],
                  [ 'POST', $page, '201 ' . $page ],
                  [ 'POST', "$page.example", '403 ' ])
    {
        my ($method, $origin, $expected) = @$case;

        my $answer = $self->request($method, '/api/messages',
            $method eq 'POST' ? (body => '{"chatId":"c","text":"t",'
                                         . '"sender":"s"}') : (),
            headers => [ "Origin: $origin", 'Content-Type: application/json',
                'Access-Control-Request-Method: POST',
                'Access-Control-Request-Headers: content-type' ]);

        my %field = %{$answer->{headers}};
        my $got = "$answer->{status} "
            . ($field{'access-control-allow-origin'} || '');

        return "$method from $origin: $got" if $got ne $expected;
        return "$method from $origin: no Vary"
            if ($field{vary} || '') ne 'Origin';
    }

    return $self->passes($ws);
}


sub pattern {
    my ($self) = @_;

    my $ws = $self->ws(path => '/', user => 'u');

    return 'chat_17 refused' unless $ws->subscribe('chat_17');

    return $ws->ask({ action => 'subscribe', chatId => 'chat_x' })->{error}
        eq 'Invalid chatId' ? '' : 'chat_x accepted';
}


sub protected {
    my ($self) = @_;

    my $status = $self->publish({ chatId => 'c', text => 't', sender => 's' },
        uri => '/internal/publish')->{status};

    return $status == 201 ? '' : "status $status";
}


sub proxy {
    my ($self) = @_;

    return $self->passes($self->ws(user => 'u'), port => 8000);
}


sub realip {
    my ($self) = @_;

    my $ws = $self->ws(path => '/', user => 'u');

    return $ws->{status} == 101 ? '' : "status $ws->{status}";
}


sub error_page {
    my ($self) = @_;

    my $ws = $self->ws(path => '/socket', user => 'u');

    return $ws->{status} == 101 ? '' : "status $ws->{status}";
}


sub secure_link {
    my ($self) = @_;

    require Digest::MD5;

    my $hash = Digest::MD5::md5_base64('2147483647 user123 secret');
    $hash =~ tr{+/}{-_};

    my $ws = $self->ws(user => 'user123');

    return "without a link: $ws->{status}" if $ws->{status} != 403;

    my $args = "userId=user123&expires=2147483647&md5=$hash";
    $ws = $self->ws(args => $args);

    return "status $ws->{status}" if $ws->{status} != 101;

    $args =~ s/user123/user124/;
    $ws = $self->ws(args => $args);

    return $ws->{status} == 403 ? '' : "of another user: $ws->{status}";
}


sub status {
    my ($self) = @_;

    my $answer = $self->request('GET', '/status');

    $self->{answer} = $answer->{body};

    return $answer->{status} == 200 ? '' : "status $answer->{status}";
}


sub subprotocol {
    my ($self) = @_;

    my $ws = $self->ws(path => '/', user => 'u',
        headers => [ 'Sec-WebSocket-Protocol: chat.v2, chat.v1' ]);

    my $agreed = $ws->{headers}{'sec-websocket-protocol'};

    return defined $agreed && $agreed eq 'chat.v1' ? '' : 'not agreed';
}


sub tls {
    my ($self) = @_;

    my $ws = $self->ws(user => 'u', ssl => 1);

    return $ws->{status} == 101 ? '' : "status $ws->{status}";
}


1;
