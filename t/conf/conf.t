#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The configurations that are handed out run as they are.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use JSON::PP;

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl proxy rewrite socket_ssl /)
    ->has_daemon('openssl')->plan(45);

my $d = $t->testdir();
my $conf = "$Test::Chatws::TOP/conf";

certificate($t);

mkdir "$d/temp";
system("$Test::Chatws::TOP/tools/html", "$d/html") == 0 or die "no page\n";

# --- the demo

started($t, 'nginx.conf', [ qr/\blisten 8000;/, 'listen 127.0.0.1:8080;' ]);

my $page = request('GET', '/');

is($page->{status}, 200, 'demo, page');
like($page->{headers}{'content-type'}, qr{^text/html}, 'demo, page, type');
like($page->{headers}{'content-security-policy'}, qr/default-src 'self'/,
    'demo, page, policy');
unlike($page->{headers}{'content-security-policy'}, qr/unsafe/,
    'demo, page, strict policy');
unlike($page->{body}, qr/<script(?![^>]*\bsrc=)|<style|\son\w+=|style=/,
    'demo, page, nothing inline');

my %type = (js => 'javascript', css => 'css', svg => 'svg', '' => 'html');
my @wrong;

for my $file ($page->{body} =~ /(?:src|href)="([\w.\/-]+)"/g) {
    my $answer = request('GET', "/$file");
    my ($suffix) = $file =~ /\.(\w+)$/;

    push @wrong, "$file $answer->{status} $answer->{headers}{'content-type'}"
        unless $answer->{status} == 200 && $answer->{headers}{'content-type'}
            =~ /$type{defined $suffix ? $suffix : ''}/;
}

is("@wrong", '', 'demo, what the page needs');

my $ws = ws(user => 'testUser', chats => 'chat_1');
is($ws->{status}, 101, 'demo, connection');
is(publish({ chatId => 'chat_1', text => 'Hello world!',
    sender => 'john_doe' })->{json}{recipients}, 1, 'demo, publish');
is($ws->await('new_message')->{message}{text}, 'Hello world!',
    'demo, delivered');
ok(kept($t, $ws), 'demo, reload');
$ws->drop();
$t->stop();

# --- the reverse proxy, with the names and numbers that a user chooses

$t->run_daemon(\&app_server, port(8081), sub {
    my ($client, $request, $body, $head) = @_;

    # ann is in a chat, and bob is not

    return app_answer($client, 200, 'application/json',
        encode_json({ chats => { chat_1 => $body =~ /"ann"/
            ? [ 'subscribe', 'typing', 'send' ] : [] } }))
        if $request eq 'POST /internal/access';

    return example_app(@_) unless $head =~ /^X-Show: (.*?)\r$/mi;

    # what the fields of these names are

    my $shown = join '|', map { $head =~ /^\Q$_\E: (.*?)\r?$/mi ? $1 : '' }
        split m{,}, $1;

    app_answer($client, 200, 'text/plain', $shown, "X-User: $shown\r\n");
});
$t->waitforsocket('127.0.0.1:' . port(8081));

my @chosen = (
    [ qr/\blisten 80;/, 'listen 127.0.0.1:8080;' ],
    [ qr/\blisten 443 ssl http2 reuseport;/,
        'listen 127.0.0.1:8443 ssl reuseport; listen 127.0.0.1:8082;' ],
    [ qr/127\.0\.0\.1:3000/, '127.0.0.1:8081' ],
    [ qr/worker_rlimit_nofile \d+;/, '' ],
    [ qr/worker_connections \d+;/, 'worker_connections 512;' ],
);

push @chosen, [ qr/^http \{$/m, 'http { %%TEST_GLOBALS_HTTP%%' ];

my $key = secret_key('1');

$t->write_file('chat.jwks', jwks($key));
started($t, 'reverse-proxy.conf', @chosen);

my @origin = (headers => [ 'Origin: https://chat.example.com' ]);

is(request('GET', '/x')->{status}, 301, 'proxy, to https');
like(request('GET', '/x')->{headers}{location}, qr{^https://localhost/x$},
    'proxy, location');

$ws = ws(ssl => 1, raw => 1, @origin);
is($ws->{status}, 101, 'proxy, connection');
is($ws->ask({ action => 'subscribe', chatId => 'chat_1' })->{error},
    'Token required', 'proxy, without a token');
is(shown($ws, 'ann')->{userId}, 'ann', 'proxy, token');
ok($ws->subscribe('chat_1'), 'proxy, a chat of hers');

my $bob = ws(ssl => 1, raw => 1, user => 'ann', @origin);

is(shown($bob, 'bob')->{userId}, 'bob', 'proxy, the user of the token');
is($bob->ask({ action => 'subscribe', chatId => 'chat_1' })->{error},
    'Not allowed', 'proxy, not a chat of his');
$bob->drop();

is(ws(ssl => 1, raw => 1,
    headers => [ 'Origin: https://evil.example' ])->{status},
    403, 'proxy, another origin');

my $message = '{"chatId": "chat_1", "text": "kept", "sender": "s"}';
my $answer = publish($message, ssl => 1);

is($answer->{status}, 201, 'proxy, message');
is($answer->{body}, $message, 'proxy, the answer of the app');
is($ws->await('new_message')->{message}{text}, 'kept', 'proxy, delivered');
is(request('GET', '/other', ssl => 1)->{body}, 'app: GET /other',
    'proxy, all else');

# what the app may become is a WebSocket: h2c would go past nginx's rules

for my $case ([ 'websocket', 'websocket|upgrade' ],
              [ 'WebSocket', 'websocket|upgrade' ], [ 'h2c', '|' ],
              [ 'h2c, websocket', '|' ], [ 'websocket, h2c', '|' ])
{
    my ($upgrade, $expected) = @$case;

    is(request('GET', '/other', ssl => 1, headers => [ "Upgrade: $upgrade",
        'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
        'X-Show: Upgrade,Connection' ])->{body},
        $expected, "proxy, upgrade to $upgrade");
}

# who a client says it is stands behind who it is

my @claims = ('X-Forwarded-For: 10.0.0.1', 'X-Real-IP: 10.0.0.1',
    'X-Forwarded-Proto: gopher',
    'X-Show: Host,X-Forwarded-For,X-Real-IP,X-Forwarded-Proto');
my $true = 'localhost|10.0.0.1, 127.0.0.1|127.0.0.1|https';

is(request('GET', '/other', ssl => 1, headers => \@claims)->{body}, $true,
    'proxy, what the app is told');
is(request('POST', '/api/messages', ssl => 1, headers => \@claims,
    body => 'x')->{body}, $true, 'proxy, what the app is told of a message');

is(publish({ type => 'message_deleted', chatId => 'chat_1', id => 'm' },
    ssl => 1, uri => '/internal/publish')->{status}, 201,
    'proxy, events of the app');
is($ws->await('message_deleted')->{id}, 'm', 'proxy, event delivered');

# what nginx asks the app, and what the app commands nginx

for my $uri ('/internal/access', '//internal/access', '/x/../internal/access',
             '/%69nternal/access', '/internal/', '/internal/x')
{
    is(request('POST', $uri, ssl => 1, body => '{}',
        headers => [ 'Content-Type: application/json' ])->{status}, 404,
        "proxy, nobody else asks $uri");
}

my %command = (command => 'unsubscribe', userId => 'ann', chatId => 'chat_1');

is(command($t, undef)->{status}, 401, 'proxy, a command of nobody');
is(command($t, token($key, claims => of('ann')))->{status}, 403,
    'proxy, a command of a user');
is(command($t, token($key, claims => { %{of('app')},
    chatws => [ 'write' ] }))->{status}, 202, 'proxy, a command of the app');
is($ws->await('unsubscribed')->{reason}, 'removed', 'proxy, removed');
$ws->drop();

# TLS stays in its worker

$ws = ws(port => 8082, raw => 1);
shown($ws, 'ann');
ok(kept($t, $ws), 'proxy, reload');
$ws->drop();


sub of {
    return { sub => $_[0], iss => 'https://chat.example.com',
        aud => 'chatws' };
}


# Shows a token of this user; returns what the server says to it.

sub shown {
    my ($ws, $user) = @_;

    return $ws->ask({ action => 'auth',
        token => token($key, claims => of($user)) });
}


sub command {
    my ($t, $token) = @_;

    return request('POST', '/internal/chatws', ssl => 1,
        body => encode_json(\%command),
        headers => [ 'Content-Type: application/json',
            defined $token ? "Authorization: Bearer $token" : () ]);
}


# Whether a connection survives a reload.

sub kept {
    my ($t, $ws) = @_;

    return 0 unless replaced($t, scalar(my @now = workers_of($t)));

    $ws->ping('still here');

    return ($ws->await_pong() || '') eq 'still here' && !$ws->{closed};
}


# Starts a file of conf/ with the given replacements, and with what each
# test needs: a place for its logs, and the module that is tested.

sub started {
    my ($t, $name, @replace) = @_;

    my $conf = "$Test::Chatws::TOP/conf";
    my $d = $t->testdir();

    my $text = slurp("$conf/$name");

    like($text, qr/^load_module modules\/ngx_http_chatws_module\.so;$/m,
        "$name loads the module");

    for my $pair (@replace) {
        my ($from, $to) = @$pair;
        my $n = ref $to ? $text =~ s/$from/$to->()/gme : $text =~ s/$from/$to/g;
        die "$name: nothing matches $from\n" unless $n;
    }

    my $user = $> == 0 ? 'user root;' : '';

    $text =~ s/^(?:pid|error_log) .*$//mg;
    $text =~ s/^load_module modules.*$/%%TEST_GLOBALS%% daemon off; $user/m;

    unlink "$d/nginx.pid";
    $t->write_file_expand('nginx.conf', $text);
    $t->run();
}
