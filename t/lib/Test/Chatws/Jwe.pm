package Test::Chatws::Jwe;

# Copyright (C) chatws contributors
#
# Encrypted messages, made and read by another implementation: jwe.py beside
# this file, with Python's jwcrypto.

use warnings;
use strict;

use FindBin;
use IPC::Open2;
use JSON::PP;


my $json = JSON::PP->new->canonical->allow_nonref->ascii;
my $python = '/usr/bin/python3';


# Undefined: there is no jwcrypto.

sub new {
    my ($class) = @_;

    return undef if system("$python -c 'import jwcrypto, cryptography'"
        . ' 2> /dev/null') != 0;

    my ($in, $out);
    my $script = __FILE__ =~ s/Jwe\.pm$/jwe.py/r;
    my $pid = open2($out, $in, $python, $script);

    $in->autoflush(1);

    return bless { pid => $pid, in => $in, out => $out }, $class;
}


# A master key of 32 bytes that are the same, as base64url.

sub master {
    my ($self, $byte) = @_;

    return $self->ask(op => 'master', byte => $byte)->{k};
}


# The text of a file of keys: pairs of a kid and a master key.

sub keys {
    my ($self, @pairs) = @_;
    my @keys;

    while (my ($kid, $k) = splice @pairs, 0, 2) {
        push @keys, { kty => 'oct', use => 'enc', kid => $kid, k => $k };
    }

    return $json->encode({ keys => \@keys });
}


# What is in an encrypted message: header and hidden, which are hashes; or
# error.  Takes enc, the master key k, and the chat.

sub open {
    my ($self, %o) = @_;

    return $self->ask(op => 'open', %o);
}


# An encrypted message of the hash hidden with this header, for the chat of
# the header unless told otherwise.

sub seal {
    my ($self, %o) = @_;

    return $self->ask(op => 'seal', %o)->{enc};
}


sub ask {
    my ($self, %o) = @_;

    my ($in, $out) = @{$self}{qw/ in out /};

    print $in $json->encode(\%o), "\n";

    return $json->decode(scalar <$out>);
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $!);

    close $self->{in};
    close $self->{out};
    waitpid $self->{pid}, 0;
}


1;
