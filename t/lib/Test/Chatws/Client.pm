package Test::Chatws::Client;

# Copyright (C) chatws contributors
#
# A WebSocket client (RFC 6455) on a bare socket.  It can also do what the RFC
# forbids a client.  Each wait ends with an event or at a deadline.

use warnings;
use strict;

use Digest::SHA qw/ sha1_base64 /;
use Errno qw/ EAGAIN EINTR /;
use IO::Handle;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw/ time /;

use constant GUID => '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
use constant KEY => 'dGhlIHNhbXBsZSBub25jZQ==';


my $json = JSON::PP->new->utf8->canonical->allow_nonref;


# Returns a connection, with TLS if the test asks for it.  Nothing has been sent
# yet.

sub dial {
    my ($class, %o) = @_;

    my $port = Test::Nginx::port($o{port} || ($o{ssl} ? 8443 : 8080));

    my $socket = $o{socket} || IO::Socket::INET->new(
        Proto => 'tcp', PeerAddr => $o{address} || "127.0.0.1:$port",
        LocalAddr => $o{local}, Timeout => Test::Chatws::deadline())
    or return undef;

    if ($o{ssl}) {
        require IO::Socket::SSL;

        IO::Socket::SSL->start_SSL($socket,
            SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE(),
            %{ref $o{ssl} ? $o{ssl} : {}})
        or return undef;
    }

    $socket->blocking(0);

    my $self = bless {
        socket => $socket, in => '', eof => 0, status => 0, parts => undef,
        gathered => [],
    }, $class;

    Test::Chatws::remember($self);

    return $self;
}


# Options: user, username, args (a query string as it is), path, port, ssl,
# headers (more lines), without (names to leave out), method, version, key,
# protocol (of HTTP), early (bytes sent along with the request).

sub connect {
    my ($class, %o) = @_;

    my $self = $class->dial(%o)
        or return bless { status => 0, eof => 1, in => '' }, $class;

    my $args = $o{args};

    if (!defined $args) {
        my @args;

        push @args, 'userId=' . escape($o{user}) if defined $o{user};
        push @args, 'username=' . escape($o{username})
            if defined $o{username};
        $args = join '&', @args;
    }

    my $uri = ($o{path} || '/api/ws') . (length $args ? "?$args" : '');

    my @headers = (
        'Host: ' . ($o{host} || 'localhost'),
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Key: ' . ($o{key} || KEY),
        'Sec-WebSocket-Version: ' . ($o{version} || 13),
    );

    for my $name (@{$o{without} || []}) {
        @headers = grep { !/^\Q$name\E:/i } @headers;
    }

    $self->send_raw(join("\r\n",
        ($o{method} || 'GET') . " $uri " . ($o{protocol} || 'HTTP/1.1'),
        @headers, @{$o{headers} || []}, '', '')
        . (defined $o{early} ? $o{early} : ''));

    my $answer = $self->read_answer();

    return $self unless $answer;

    $self->{$_} = $answer->{$_} for qw/ status headers head body json /;

    return $self;
}


sub accept_of {
    my ($key) = @_;

    return sha1_base64($key . GUID) . '=';
}


sub escape {
    my ($text) = @_;

    utf8::encode($text) if utf8::is_utf8($text);
    $text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;

    return $text;
}


# --- bytes

sub send_raw {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    Test::Nginx::log_out($bytes);

    my $until = time() + Test::Chatws::deadline();
    my $sent = 0;

    while ($sent < length $bytes) {
        my $n = syswrite $self->{socket}, $bytes, length($bytes) - $sent,
            $sent;

        if (defined $n) {
            $sent += $n;
            next;
        }

        next if $! == EINTR;
        return 0 if $! != EAGAIN;
        return 0 unless $self->wait_for(1, $until - time());
    }

    return 1;
}


sub wait_for {
    my ($self, $write, $seconds) = @_;

    return 0 if $seconds <= 0;

    my $bits = '';
    vec($bits, fileno($self->{socket}), 1) = 1;

    return $write ? select(undef, $bits, undef, $seconds) > 0
                  : select($bits, undef, undef, $seconds) > 0;
}


# Reads the available bytes; waits at most the given seconds for the first one.
# Returns false if there were none, or at the end of the connection.

sub fill {
    my ($self, $seconds) = @_;

    return 0 if $self->{eof};

    my $until = time() + $seconds;

    for ( ;; ) {
        my $n = sysread $self->{socket}, $self->{in}, 65536,
            length $self->{in};

        return 1 if $n;

        if (defined $n || ($! != EAGAIN && $! != EINTR)) {
            $self->{eof} = 1;
            return 0;
        }

        return 0 unless $self->wait_for(0, $until - time());
    }
}


sub drop {
    my ($self) = @_;

    return unless $self->{socket};

    close $self->{socket};
    $self->{eof} = 1;
}


# Returns true when the server has closed the connection.

sub ended {
    my ($self, $seconds) = @_;

    my $until = time() + ($seconds || Test::Chatws::deadline());

    while (!$self->{eof}) {
        return 0 if !$self->fill($until - time()) && !$self->{eof};
    }

    return 1;
}


# --- the answer to a request

sub read_answer {
    my ($self, $no_body, $undecoded) = @_;

    my $until = time() + Test::Chatws::deadline();

    while ($self->{in} !~ /\r\n\r\n/) {
        return undef if !$self->fill($until - time());
    }

    $self->{in} =~ s/\A(.*?\r\n)\r\n//s;

    my %answer = (head => $1, headers => {}, body => '');

    ($answer{status}) = $answer{head} =~ m{\AHTTP/1\.[01] (\d{3})};

    while ($answer{head} =~ /^([^:\r\n]+):[ \t]*(.*?)[ \t]*\r$/mg) {
        my ($name, $value) = (lc $1, $2);

        $answer{headers}{$name} = defined $answer{headers}{$name}
            ? "$answer{headers}{$name}, $value" : $value;
    }

    Test::Nginx::log_in($answer{head});

    return \%answer if $answer{status} < 200;

    $self->read_body(\%answer, $until) unless $no_body;
    $answer{json} = eval { $json->decode($answer{body}) } unless $undecoded;

    return \%answer;
}


sub read_body {
    my ($self, $answer, $until) = @_;

    my $length = $answer->{headers}{'content-length'};

    while (!$self->{eof}) {
        last if defined $length && length $self->{in} >= $length;
        last if !$self->fill($until - time()) && !$self->{eof};
    }

    $length = length $self->{in}
        if !defined $length || $length > length $self->{in};

    $answer->{body} = substr $self->{in}, 0, $length, '';

    if (lc($answer->{headers}{'transfer-encoding'} || '') eq 'chunked') {
        $answer->{raw} = $answer->{body};
        $answer->{body} = Test::Nginx::http_content(
            "Transfer-Encoding: chunked\r\n\r\n$answer->{body}");
    }

    Test::Nginx::log_in($answer->{body});
}


# --- frames out

# Options: fin (1), rsv (0), key (4 bytes; '' leaves the mask out), long
# (2 or 8: bytes of the length, needed or not), length (a lie).

sub frame {
    my ($opcode, $payload, %o) = @_;

    my $fin = defined $o{fin} ? $o{fin} : 1;
    my $key = defined $o{key} ? $o{key} : pack 'N', 0x37fa213d;
    my $length = defined $o{length} ? $o{length} : length $payload;
    my $long = $o{long}
        || ($length < 126 ? 0 : $length < 65536 ? 2 : 8);
    my $mask = length $key ? 0x80 : 0;

    my $out = pack 'C', ($fin ? 0x80 : 0) | ($o{rsv} || 0) << 4 | $opcode;

    $out .= $long == 0 ? pack('C', $mask | $length)
          : $long == 2 ? pack('Cn', $mask | 126, $length)
          : pack('CNN', $mask | 127, $length >> 32, $length & 0xffffffff);

    return $out . $payload unless length $key;

    my $n = length $payload;

    return $out . $key
        . ($payload ^ substr($key x ($n / 4 + 1), 0, $n));
}


sub send_frame {
    my ($self, $opcode, $payload, %o) = @_;

    return $self->send_raw(frame($opcode, $payload, %o));
}


sub send_text {
    my ($self, $text, %o) = @_;

    return $self->send_frame(1, $text, %o);
}


sub send_json {
    my ($self, $value) = @_;

    return $self->send_text($json->encode($value));
}


sub ping {
    my ($self, $payload) = @_;

    return $self->send_frame(9, defined $payload ? $payload : '');
}


sub send_close {
    my ($self, $code, $reason) = @_;

    my $payload = defined $code
        ? pack('n', $code) . (defined $reason ? $reason : '') : '';

    return $self->send_frame(8, $payload);
}


# --- frames in

# Returns a frame from the bytes that were read, or undef if it is incomplete.

sub parse_frame {
    my ($self) = @_;

    return undef if length $self->{in} < 2;

    my ($first, $length) = unpack 'CC', $self->{in};
    my $masked = $length & 0x80;
    my $head = 2;

    $length &= 0x7f;

    if ($length == 126) {
        return undef if length $self->{in} < 4;
        $length = unpack 'x2n', $self->{in};
        $head = 4;

    } elsif ($length == 127) {
        return undef if length $self->{in} < 10;
        my ($high, $low) = unpack 'x2NN', $self->{in};
        $length = $high * 4294967296 + $low;
        $head = 10;
    }

    return undef if length $self->{in} < $head + $length;

    my %frame = (
        fin => $first >> 7,
        rsv => $first >> 4 & 7,
        opcode => $first & 15,
        masked => $masked ? 1 : 0,
        head => $head,
        payload => substr($self->{in}, $head, $length),
    );

    substr($self->{in}, 0, $head + $length) = '';

    Test::Nginx::log_in($frame{payload});

    return \%frame;
}


sub read_frame {
    my ($self, $seconds) = @_;

    my $until = time()
        + (defined $seconds ? $seconds : Test::Chatws::deadline());

    for ( ;; ) {
        my $frame = $self->parse_frame();

        return $frame if $frame;
        return undef if !$self->fill($until - time());
    }
}


# Returns a message from the bytes that were read.  Pings are answered; pongs
# and the close are kept in the members pongs and closed.

sub parse_message {
    my ($self) = @_;

    while (my $frame = $self->parse_frame()) {
        my $opcode = $frame->{opcode};

        if ($opcode == 9) {
            $self->{pings}++;
            $self->send_frame(10, $frame->{payload}) unless $self->{mute};
            next;
        }

        if ($opcode == 10) {
            push @{$self->{pongs}}, $frame->{payload};
            next;
        }

        if ($opcode == 8) {
            my ($code, $reason) = length $frame->{payload}
                ? unpack('na*', $frame->{payload}) : (1005, '');

            $self->{closed} = { code => $code, reason => $reason };
            return undef;
        }

        $self->{parts} = { opcode => $opcode, payload => '',
                           rsv => $frame->{rsv} }
            if $opcode != 0;

        $self->{parts}{payload} .= $frame->{payload};

        if ($frame->{fin}) {
            my $message = $self->{parts};
            $self->{parts} = undef;
            return $message;
        }
    }

    return undef;
}


sub read_message {
    my ($self, $seconds) = @_;

    my $until = time()
        + (defined $seconds ? $seconds : Test::Chatws::deadline());

    for ( ;; ) {
        my $message = $self->parse_message();

        return $message if $message;
        return undef if $self->{closed} || !$self->fill($until - time());
    }
}


# Returns the next message, decoded.  Its text is in the member last.

sub next {
    my ($self, $seconds) = @_;

    my $message = $self->read_message($seconds) or return undef;

    $self->{last} = $message->{payload};

    return eval { $json->decode($self->{last}) };
}


# Returns the next message of a type.  Messages before it are skipped, and kept
# in the member skipped.

sub await {
    my ($self, $type, $seconds) = @_;

    my $until = time() + ($seconds || Test::Chatws::deadline());

    $self->{skipped} = [];

    for ( ;; ) {
        my $event = $self->next($until - time()) or return undef;

        return $event if ($event->{type} || '') eq $type;
        push @{$self->{skipped}}, $event;
    }
}


sub subscribe {
    my ($self, $chat) = @_;

    $self->send_json({ action => 'subscribe', chatId => "$chat" });

    return $self->await('subscription_confirmed');
}


sub unsubscribe {
    my ($self, $chat) = @_;

    $self->send_json({ action => 'unsubscribe', chatId => "$chat" });

    return $self->await('subscription_confirmed');
}


# Sends a message and returns the server's answer to it, decoded.

sub ask {
    my ($self, $message) = @_;

    ref $message ? $self->send_json($message) : $self->send_text($message);

    return $self->next();
}


# Waits for a close frame of the server.  Returns { code, reason }, or undef.

sub await_close {
    my ($self, $seconds) = @_;

    my $until = time() + ($seconds || Test::Chatws::deadline());

    while (!$self->{closed}) {
        my $message = $self->read_message($until - time());

        last if !$message && !$self->{closed};
        push @{$self->{before_close}}, $message->{payload} if $message;
    }

    return $self->{closed};
}


# Returns the payload of the next pong.

sub await_pong {
    my ($self) = @_;

    my $until = time() + Test::Chatws::deadline();

    while (!@{$self->{pongs} || []}) {
        my $frame = $self->parse_message();

        push @{$self->{gathered}}, $frame->{payload} if $frame;
        next if $frame || @{$self->{pongs} || []};
        return undef if $self->{closed} || !$self->fill($until - time());
    }

    return shift @{$self->{pongs}};
}


1;
