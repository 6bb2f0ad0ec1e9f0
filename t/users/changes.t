#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The command "changes": what is refused, and who waits for how long, over two
# workers, a reload, and clients that go away.

use warnings;
use strict;

use JSON::PP;
use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(27);

$t->write_file_expand('nginx.conf', conf(
    main => 'worker_processes 2;',
    http => 'chatws_users zone=chat;
        chatws_zone zone=none:1m;',
    server => <<'EOC'))->run();

        location = /commands {
            chatws_api chat write=on;
        }

        location = /none {
            chatws_api none write=on;
        }
EOC

# what is refused

for my $case (
    [ '{"command":"changes","ack":1}', 'ack must be a string of 1 to 64' ],
    [ '{"command":"changes","ack":""}', 'ack must be a string of 1 to 64' ],
    [ '{"command":"changes","wait":61}', 'wait must be an integer from 0' ],
    [ '{"command":"changes","wait":-1}', 'wait must be an integer from 0' ],
    [ '{"command":"changes","wait":"1"}', 'wait must be an integer from 0' ],
    [ '{"command":"changes"}', 'the zone knows no people', '/none' ],
) {
    my ($text, $details, $uri) = @$case;
    my $answer = publish($text, uri => $uri || '/commands');

    is($answer->{status}, 400, "$text: status");
    like($answer->{json}{details}, qr/^\Q$details\E/, "$text: details");
}

# an answer without changes

my $answer = publish({ command => 'changes' }, uri => '/commands');
my $epoch = $answer->{json}{epoch};

is($answer->{status}, 200, 'no changes, status');
is_deeply($answer->{json}, { epoch => $epoch, ack => "$epoch-0",
    changes => [], more => JSON::PP::false }, 'no changes');

for my $ack ("$epoch-0", "$epoch-18446744073709551615", "$epoch-x", 'x',
    "000000000000-1")
{
    is_deeply(publish({ command => 'changes', ack => $ack },
                      uri => '/commands')->{json},
              $answer->{json}, "ack $ack");
}

is_deeply(publish([ ({ command => 'changes', wait => 60 }) x 2 ],
                  uri => '/commands')->{json},
          [ ($answer->{json}) x 2 ], 'several do not wait');

# a wait that ends

is_deeply(publish({ command => 'changes', wait => 1 },
                  uri => '/commands')->{json},
          $answer->{json}, 'a wait has ended');

# two that wait, in whichever workers: one ends the other

my @polls = map { poll(60) } 1 .. 2;
my @first = answered(@polls);

is(scalar @first, 1, 'one of two has an answer');
is_deeply($first[0]{answer}{json}, $answer->{json}, 'which is empty');

# the other one is ended by a reload, and needs no new one

my ($other) = grep { $_ != $first[0]{client} } @polls;

ok(reloaded($t), 'reloaded');
is_deeply($other->read_answer()->{json}, $answer->{json},
          'a worker that quits answers at once');

# a client that goes away

my $gone = poll(60);

$gone->drop();

# the timer of a request that is gone is gone as well

is(publish({ command => 'changes', wait => 1 }, uri => '/commands')->{status},
   200, 'others go on');

$t->stop();

unlike($t->read_file('error.log'), qr/\[(?:alert|crit|emerg)\]/,
       'nothing is logged');


# Sends a request that waits.

sub poll {
    my ($wait) = @_;

    my $body = encode_json({ command => 'changes', wait => $wait });
    my $client = Test::Chatws::Client->dial();

    $client->send_raw(join("\r\n", 'POST /commands HTTP/1.1',
        'Host: localhost', 'Content-Type: application/json',
        'Connection: close', 'Content-Length: ' . length $body, '', $body));

    return $client;
}


# Returns the first of the clients that gets an answer, with the answer.

sub answered {
    my @clients = @_;

    my $bits = '';

    vec($bits, fileno($_->{socket}), 1) = 1 for @clients;

    return () unless select(my $ready = $bits, undef, undef,
                            Test::Chatws::deadline()) > 0;

    return map { { client => $_, answer => $_->read_answer() } }
        grep { vec($ready, fileno($_->{socket}), 1) } @clients;
}
