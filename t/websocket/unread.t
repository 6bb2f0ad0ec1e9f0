#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A client that sends without reading the answers: the server stops reading
# from it rather than filling its memory, and goes on when the client does.

use warnings;
use strict;

use Errno qw/ EAGAIN /;
use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws::Echo;
use Test::Chatws::Conformance;
use Test::Chatws::Deflate;
use Test::Chatws::Peer;
use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_ssl socket_ssl stub_status /)
    ->has_daemon('openssl')->plan(17);

$t->write_file_expand('nginx.conf', echo_conf(http => echo_servers(
    listen => 'sndbuf=32k rcvbuf=32k', echo => 'chatws_deflate on;')));

certificate($t);

$t->run();

my $worker;

eventually(sub { ($worker) = workers_of($t) });

my $other = echo(port => 8081);
my $noise = join '', map { pack 'N', $_ * 2654435761 % 4294967296 }
    1 .. 20_000;
my @sizes = (1, 125, 126, 1000, 20_000, 70_000);

for my $o ([ 'TCP', port => 8081 ], [ 'TLS', port => 8443, ssl => tls() ],
    [ 'deflate', port => 8081, headers =>
      [ 'Sec-WebSocket-Extensions: permessage-deflate' ],
      deflated => sub {
          Test::Chatws::Deflate->new('permessage-deflate')->unpack($_[0])
      } ])
{
    my ($name, %o) = @$o;

    my $memory = memory_of($worker);
    my $ws = echo(%o);
    my (@sent, $rest);

    # until the socket takes no more, and no more again after others were
    # served: then nobody reads at the other end

    my $blocked = 0;

    while ($blocked < 50 && @sent < 100_000) {
        my $payload = @sent . substr $noise, 0, $sizes[@sent % @sizes];

        push @sent, $payload;
        $rest = binary($payload);

        while (length $rest && $blocked < 50) {
            my $n = syswrite $ws->{socket}, $rest;

            if (defined $n) {
                substr($rest, 0, $n) = '';
                $blocked = 0;
                next;
            }

            die "write: $!\n" if $! != EAGAIN;

            $other->talk([ text($blocked++) ], 1);
        }
    }

    is($blocked, 50, "$name, the server stops reading");
    cmp_ok(memory_of($worker) - $memory, '<', 4 * 1024 * 1024,
        "$name, its memory is bounded");

    # in the meantime others are served, and now this one again

    is(join(' ', $other->talk([ text('still') ], 1)), 'text still',
        "$name, others are served");

    my @got = $ws->talk([ $rest, bye(1000) ]);
    my @want = ((map { told('binary', $_) } @sent), 'close 1000', 'end');

    is(scalar @got, scalar @want, "$name, all answers come");
    ok("@got" eq "@want", "$name, as they should be");
    $ws->drop();
}

$other->drop();

ok(eventually(sub { stub_status()->{Active} == 0 }),
    'no connection left');

$t->stop();

unlike($t->read_file('error.log'), qr/open socket|\[(?:error|crit)\]/,
    'no socket left, no error');
