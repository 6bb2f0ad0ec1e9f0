package Test::Chatws::App;

# Copyright (C) chatws contributors
#
# An app server in the hands of the test: it takes a question when the test
# asks for one, and answers what and when the test says.

use warnings;
use strict;

use Errno qw/ EAGAIN EINTR /;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use Socket qw/ IPPROTO_TCP TCP_NODELAY /;
use Time::HiRes qw/ time /;


my $json = JSON::PP->new->utf8->canonical->allow_nonref;


# Listens at a port, as the configuration names it, or at the path of a socket.

sub new {
    my ($class, $where) = @_;

    my $self = bless { where => $where, connections => {} }, $class;

    $self->listen();

    return $self;
}


sub listen {
    my ($self) = @_;

    my $where = $self->{where};

    $self->{listener} = $where =~ m{/}
        ? IO::Socket::UNIX->new(Local => $where, Listen => 64)
        : IO::Socket::INET->new(Proto => 'tcp', Listen => 64, ReuseAddr => 1,
              LocalAddr => '127.0.0.1:' . Test::Nginx::port($where))
    or die "cannot listen at $where: $!\n";

    $self->{listener}->blocking(0);
}


# Nobody listens any more; the connections are left.

sub deaf {
    my ($self) = @_;

    close delete $self->{listener};
    unlink $self->{where} if $self->{where} =~ m{/};
}


# The next question that is complete: a hash with socket, head, body, and where
# that is JSON, json.  undef: there was none in time.

sub question {
    my ($self, $seconds) = @_;

    my $until = time()
        + (defined $seconds ? $seconds : Test::Chatws::deadline());

    for ( ;; ) {
        for my $c (values %{$self->{connections}}) {
            my $question = $self->parse($c);
            return $question if $question;
        }

        my $left = $until - time();

        return undef if $left <= 0 && !$self->wait(0);
        $self->wait($left > 0 ? $left : 0);
    }
}


sub wait {
    my ($self, $seconds) = @_;

    my %all = map { fileno($_->{socket}) => $_ }
        values %{$self->{connections}};
    my $bits = '';

    vec($bits, $_, 1) = 1 for keys %all;
    vec($bits, fileno($self->{listener}), 1) = 1 if $self->{listener};

    return 0 if select($bits, undef, undef, $seconds) <= 0;

    if ($self->{listener} && vec($bits, fileno($self->{listener}), 1)) {
        my $socket = $self->{listener}->accept();

        if ($socket) {
            $socket->blocking(0);
            $self->{accepted}++;

            # each piece leaves at once

            setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1
                if $self->{where} !~ m{/};

            $self->{connections}{fileno $socket} =
                { socket => $socket, in => '' };
        }
    }

    for my $c (grep { vec($bits, fileno($_->{socket}), 1) } values %all) {
        my $n = sysread $c->{socket}, $c->{in}, 65536, length $c->{in};

        next if $n || (!defined $n && ($! == EAGAIN || $! == EINTR));

        $self->{ended}++;
        $self->hang_up($c);
    }

    return 1;
}


sub parse {
    my ($self, $c) = @_;

    return undef if $c->{in} !~ /\r\n\r\n/;

    my ($head) = $c->{in} =~ /\A(.*?\r\n)\r\n/s;
    my ($length) = $head =~ /^content-length: (\d+)/mi;

    $length ||= 0;

    return undef if length($c->{in}) < length($head) + 2 + $length;

    my $body = substr $c->{in}, length($head) + 2, $length;
    substr($c->{in}, 0, length($head) + 2 + $length) = '';

    return { socket => $c->{socket}, head => $head, body => $body,
             json => scalar eval { $json->decode($body) } };
}


# Answers with bytes as they are.

sub raw {
    my ($self, $question, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $sent = 0;
    my $until = time() + Test::Chatws::deadline();

    while ($sent < length $bytes && time() < $until) {
        my $n = syswrite $question->{socket}, $bytes, length($bytes) - $sent,
            $sent;

        if (defined $n) {
            $sent += $n;
            next;
        }

        return 0 if $! != EAGAIN && $! != EINTR;

        my $bits = '';
        vec($bits, fileno($question->{socket}), 1) = 1;
        select undef, $bits, undef, $until - time();
    }

    return $sent == length $bytes;
}


# Answers with a status, and JSON of a hash, or a text.

sub answer {
    my ($self, $question, $status, $body, @fields) = @_;

    $body = '' if !defined $body;
    $body = $json->encode($body) if ref $body;

    return $self->raw($question, join("\r\n", "HTTP/1.1 $status X",
        'Content-Type: application/json', 'Content-Length: ' . length $body,
        @fields, '', '') . $body);
}


# Grants the rights, all by default, in each chat of a question.

sub grant {
    my ($self, $question, @rights) = @_;

    @rights = qw/ subscribe typing send / if !@rights;

    return $self->answer($question, 200,
        { chats => { map { $_ => \@rights } @{$question->{json}{chats}} } });
}


sub hang_up {
    my ($self, $question) = @_;

    my ($key) = grep {
        $self->{connections}{$_}{socket} == $question->{socket}
    } keys %{$self->{connections}};

    delete $self->{connections}{$key} if defined $key;
    close $question->{socket};
}


1;
