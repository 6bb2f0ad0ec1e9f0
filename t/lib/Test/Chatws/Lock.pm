package Test::Chatws::Lock;

# Copyright (C) chatws contributors
#
# The lock of a zone in the memory of a worker: finds its holder, and gives it
# to a stopped worker, as if that had been stopped right after taking it.

use warnings;
use strict;

no warnings qw/ portable /;


# Finds the lock of the zone that has so many bytes; it lies at the zone's
# beginning.  Returns undef if the memory of the worker can't be read.

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


# Returns the process id of the worker that has the lock, or 0.

sub holder {
    my ($self) = @_;

    sysseek $self->{memory}, $self->{at}, 0;
    sysread $self->{memory}, my $word, 8;

    return unpack 'Q', $word;
}


# Gives the lock to a stopped worker, or to nobody, if nobody or another stopped
# worker has it.  Returns false if a running worker has it.

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
