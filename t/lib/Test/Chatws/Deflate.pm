package Test::Chatws::Deflate;

# Copyright (C) chatws contributors
#
# The client's side of permessage-deflate (RFC 7692).  It is as strict as the
# agreement: it has a window of exactly that size, and keeps no context unless
# that was agreed.

use warnings;
use strict;

use Compress::Raw::Zlib;


# Makes it from the server's answer; dies if that is not valid.

sub new {
    my ($class, $answer) = @_;

    my ($name, @params) = split /\s*;\s*/, $answer;

    die "answer: $answer\n" if $name ne 'permessage-deflate';

    my $self = bless { client_bits => 15, server_bits => 15 }, $class;
    my %seen;

    for my $param (@params) {
        die "twice: $answer\n" if $seen{$param =~ s/=.*//r}++;

        if ($param =~ /\A(client|server)_max_window_bits=([89]|1[0-5])\z/) {
            $self->{"$1_bits"} = $2;

        } elsif ($param =~ /\A(client|server)_no_context_takeover\z/) {
            $self->{"$1_alone"} = 1;

        } else {
            die "parameter: $answer\n";
        }
    }

    return $self;
}


sub pack {
    my ($self, $payload, %o) = @_;

    my ($out, $rest) = ('', '');

    $self->{out} = undef if $self->{client_alone} || %o;
    $self->{out} = $self->{out} || Compress::Raw::Zlib::Deflate->new(
        -WindowBits => -$self->{client_bits}, -Level => 6, %o);

    $self->{out}->deflate($payload, $out) == Z_OK or die 'deflate';
    $self->{out}->flush($rest, Z_SYNC_FLUSH) == Z_OK or die 'flush';

    $out .= $rest;
    $self->{out} = undef if %o;

    return "\0" if !length $out;

    $out =~ s/\x00\x00\xff\xff\z// or die 'no tail';

    return $out;
}


# Returns the payload, or a text that says what is wrong with it.

sub unpack {
    my ($self, $payload) = @_;

    $self->{in} = undef if $self->{server_alone};
    $self->{in} = $self->{in} || Compress::Raw::Zlib::Inflate->new(
        -WindowBits => -$self->{server_bits});

    my $in = "$payload\x00\x00\xff\xff";
    my $out = '';
    my $status = $self->{in}->inflate($in, $out);

    return $out if ($status == Z_OK || $status == Z_BUF_ERROR)
        && $in eq '';

    return "damaged: $status";
}


1;
