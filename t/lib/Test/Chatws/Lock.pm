package Test::Chatws::Lock;

# Copyright (C) chatws contributors
#
# The lock of a zone in the memory of a worker: who has it, and to have it taken
# by a worker that has stopped, as if that had been right behind it.

use warnings;
use strict;

no warnings qw/ portable /;


# The lock of the zone of that size, in bytes; it is at the zone's beginning.
# undef: the memory of the worker is out of reach.

sub new {
    my ($class, $pid, $size) = @_;

    open my $maps, '<', "/proc/$pid/maps" or return undef;

    my ($at) = map { hex $_->[0] }
        grep { hex($_->[1]) - hex($_->[0]) == $size }
        map { /^([0-9a-f]+)-([0-9a-f]+) rw-s/ ? [ $1, $2 ] : () } <$maps>;

    return undef unless defined $at;

    open my $memory, '+<:raw', "/proc/$pid/mem" or return undef;

    return bless { memory => $memory, at => $at }, $class;
}


# The process id of the worker that has it, or 0.

sub holder {
    my ($self) = @_;

    sysseek $self->{memory}, $self->{at}, 0;
    sysread $self->{memory}, my $word, 8;

    return unpack 'Q', $word;
}


# Gives it to a worker that has stopped, or to nobody, from nobody or from
# another one that has stopped.  False: somebody else keeps it.

sub give {
    my ($self, $pid, $from) = @_;

    Test::Chatws::eventually(sub {
        my $holder = $self->holder();
        $holder == 0 || $holder == $pid || $holder == ($from || 0);
    }) or return 0;

    sysseek $self->{memory}, $self->{at}, 0;

    return syswrite $self->{memory}, pack 'Q', $pid;
}


1;
