package Test::Chatws::Peer;

# Copyright (C) chatws contributors
#
# A client that reports line by line what a WebSocket server does, down to the
# way in which the connection ends, and that can end the connection in any way.

use warnings;
use strict;

use base qw/ Test::Chatws::Client Exporter /;

our @EXPORT = qw/ peer told /;

use Digest::SHA qw/ sha1_hex /;
use Errno qw/ EAGAIN EINTR /;
use IO::Socket::INET;
use Socket qw/ IPPROTO_TCP SOL_SOCKET SO_LINGER SO_RCVBUF TCP_NODELAY /;
use Time::HiRes qw/ time /;


my %names = (0 => 'continuation', 1 => 'text', 2 => 'binary', 8 => 'close',
    9 => 'ping', 10 => 'pong');


# Opens a connection; dies if it is refused.  The options are those of
# Test::Chatws::Client->connect(), and deflated, an object that inflates
# payloads, and window, the bytes that the system may receive ahead of us, which
# are megabytes by default.

sub peer {
    my (%o) = @_;

    $o{socket} = IO::Socket::INET->new(Proto => 'tcp',
        PeerAddr => '127.0.0.1:' . Test::Nginx::port($o{port} || 8080),
        Sockopts => [ [ SOL_SOCKET, SO_RCVBUF, $o{window} ] ])
        if $o{window};

    my $self = Test::Chatws::Peer->connect(%o);

    die "no WebSocket: $self->{status}\n" if $self->{status} != 101;

    # the pieces must arrive as pieces

    setsockopt $self->{socket}, IPPROTO_TCP, TCP_NODELAY, 1;

    $self->{told} = [];
    $self->{deflated} = $o{deflated};

    $self->parse_told();

    return $self;
}


# Returns an event as a line.  A long payload is shown by its hash.

sub told {
    my ($name, @payload) = @_;

    return $name if !@payload;
    return "$name $payload[0]" if length $payload[0] <= 60
        && $payload[0] !~ /[^\x20-\x7e]/;
    return "$name " . length($payload[0]) . ' ' . sha1_hex($payload[0]);
}


# Sends pieces, each by a write of its own, and reads at the same time: until $n
# more events were reported, with "close" up to a close, otherwise up to the end
# of the connection.

sub talk {
    my ($self, $pieces, $n) = @_;

    my @pieces = ref $pieces ? @$pieces : $pieces;
    my $until = time() + Test::Chatws::deadline();
    my $offset = 0;
    my $want = defined $n && $n ne 'close' ? $n : 1e9;
    my $close = defined $n && $n eq 'close';

    local $SIG{PIPE} = 'IGNORE';

    for ( ;; ) {
        my $moved = 0;

        while (@pieces && !$self->{broken}) {
            my $left = length($pieces[0]) - $offset;
            my $done = $left ? syswrite $self->{socket}, $pieces[0],
                $left > 1 << 20 ? 1 << 20 : $left, $offset : 0;

            if (!defined $done) {
                last if $! == EAGAIN;
                next if $! == EINTR;

                $self->{broken} = "$!";
                last;
            }

            $moved = 1;
            $offset += $done;

            if ($done == $left) {
                shift @pieces;
                $offset = 0;
            }

            last if $done > 100_000;
        }

        $moved |= $self->hear();

        last if $self->{over} || (!@pieces && @{$self->{told}} >= $want)
            || ($close && grep { /^close/ } @{$self->{told}});
        next if $moved;

        if (time() >= $until) {
            push @{$self->{told}}, 'timeout';
            last;
        }

        my $read = '';
        vec($read, fileno($self->{socket}), 1) = 1;
        my $write = @pieces && !$self->{broken} ? $read : '';

        select $read, $write, undef, $until - time();
    }

    my $told = @{$self->{told}};

    return splice @{$self->{told}}, 0, $want < $told ? $want : $told;
}


# Reads the available bytes; returns true if there were any.

sub hear {
    my ($self) = @_;

    return 0 if $self->{over};

    my $n = sysread $self->{socket}, $self->{in}, 262144, length $self->{in};

    if ($n) {
        $self->parse_told();
        return 1;
    }

    return 0 if !defined $n && ($! == EAGAIN || $! == EINTR);

    push @{$self->{told}}, 'cut ' . unpack 'H*', substr $self->{in}, 0, 20
        if length $self->{in};
    push @{$self->{told}}, !defined $n ? "error $!"
        : $self->torn() ? 'torn' : 'end';

    $self->{over} = 1;
    $self->{eof} = 1;

    return 1;
}


# Returns whether TLS ended without a close_notify; RECEIVED_SHUTDOWN is 2.

sub torn {
    my ($self) = @_;

    return ref($self->{socket}) =~ /SSL/ && !(Net::SSLeay::get_shutdown(
        $self->{socket}->_get_ssl_object()) & 2);
}


# Reads a few of the available bytes, for talk() to report.

sub sip {
    my ($self) = @_;

    sysread $self->{socket}, $self->{in}, 4096, length $self->{in};
}


# A violation of the protocol by the server is reported as "bad".

sub parse_told {
    my ($self) = @_;

    while (defined(my $frame = $self->parse_frame())) {
        my ($opcode, $payload) = @$frame{qw/ opcode payload /};
        my $name = $names{$opcode};
        my $len = length $payload;
        my $least = $len < 126 ? 2 : $len < 65536 ? 4 : 10;

        my @bad = ($frame->{masked} ? 'mask' : (),
            $frame->{head} != $least ? 'length' : (),
            defined $name ? () : "opcode $opcode",
            $opcode > 7 && ($len > 125 || !$frame->{fin}) ? 'control' : (),
            $frame->{rsv} && !($self->{deflated} && $frame->{rsv} == 4
                               && $opcode < 8 && $opcode > 0)
                ? "rsv $frame->{rsv}" : ());

        if (@bad) {
            push @{$self->{told}}, "bad @bad";
            next;
        }

        if ($opcode == 8) {
            my ($code, $reason) = $len ? unpack('na*', $payload) : ('none');

            $self->{reason} = $reason;
            push @{$self->{told}}, "close $code";
            next;
        }

        if ($frame->{rsv}) {
            $payload = $self->{deflated}->($payload);
            $name .= ' deflated' if $self->{tell_deflated};
            $self->{count_deflated}++;
        }

        push @{$self->{told}}, told($name, $payload);
    }
}


# Ends the connection by a reset.

sub reset {
    my ($self) = @_;

    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;

    if (ref($self->{socket}) =~ /SSL/) {
        $self->{socket}->close(SSL_no_shutdown => 1);
        $self->{eof} = 1;
        return;
    }

    $self->drop();
}


# Ends our half of the connection; with TLS it ends that of TLS, as a client
# does that goes on reading.

sub half_close {
    my ($self) = @_;

    if (ref($self->{socket}) =~ /SSL/) {
        Net::SSLeay::shutdown($self->{socket}->_get_ssl_object());
        return;
    }

    shutdown $self->{socket}, 1;
}


1;
