#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A graceful end with open WebSockets: each is told within chatws_drain, even
# in the middle of a message, and worker_shutdown_timeout ends what stays;
# nothing is left in a worker that ends.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws::Deflate;
use Test::Chatws::Peer;
use Test::Chatws;
use Test::Nginx;

my $http = echo_servers(http => 'chatws_drain 100ms;',
    echo => 'chatws_deflate on; chatws_deflate_context_takeover on;',
    server => <<'EOC');
        location /long {
            chatws_echo;
            chatws_drain 1h;
        }
EOC

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl stub_status /)
    ->has_daemon('openssl')->plan(12);

$t->write_file_expand('nginx.conf', echo_conf(http => $http));

certificate($t);

$t->run();

my @kinds = ({ port => 8081 }, { port => 8443, ssl => tls() },
    { port => 8081, headers =>
      [ 'Sec-WebSocket-Extensions: permessage-deflate' ],
      deflated => sub { 'x' } });

# each is told, and has the time to answer

my @idle = map { echo(%$_) } @kinds, @kinds;
my @busy = map { echo(%$_) } @kinds;
my @partial = map { echo(%$_) } @kinds;

$_->talk([ binary('x' x 1000) ], 1) for @busy;
$_->send_raw(text('a', fin => 0)) for @partial;

# an idle HTTP connection beside them

my $http_client = Test::Chatws::Client->dial(port => 8081);
$http_client->send_raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
$http_client->read_answer();

my ($first) = workers_of($t);

ok(reloaded($t), 'new workers');

for my $list ([ 'idle', \@idle ], [ 'busy', \@busy ],
    [ 'inside a message', \@partial ])
{
    my ($name, $peers) = @$list;
    my $n = @$peers;

    is(join(' ', map { $_->talk([], 'close') } @$peers),
        join(' ', ('close 1012') x $n), "$name, told");
    is(join(' ', map { $_->talk([ bye(1012) ]) } @$peers),
        join(' ', ('end') x $n), "$name, and the end");
}

ok(eventually(sub { !grep { $_ == $first } workers_of($t) }),
    'the worker ends');

# those that would stay are ended when the time is over, with the worker

$t->write_file_expand('nginx.conf', echo_conf(http => $http,
    main => 'worker_shutdown_timeout 1s;'));
replaced($t, 1);

my @closing = map { echo(%$_) } @kinds;
my @stay = map { echo(%$_, path => '/long') } @kinds;
my @deaf = map { echo(%$_) } @kinds;

$_->talk([ bye(1000) ], 1) for @closing;
$_->talk([ binary('x' x 1000) ], 1) for @deaf, @stay;
$_->send_raw(binary('x' x 16_000_000)) for @deaf;

ok(replaced($t, 1), 'the next worker ends as well');

unlike(join(' ', map { $_->talk([]) } @stay), qr/timeout/,
    'worker_shutdown_timeout ends the rest');

# the new one serves as ever

is(join(' ', echo(port => 8081)->talk([ text('new'), bye(1000) ])),
    'text new close 1000 end', 'the new worker');

$_->drop() for @idle, @busy, @partial, @closing, @stay, @deaf;

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
