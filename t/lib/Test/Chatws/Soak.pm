package Test::Chatws::Soak;

# Copyright (C) chatws contributors
#
# Runs the load of t/soak in a process of its own, which connects, publishes and
# checks.  The test starts and stops the load, and meanwhile does to nginx what
# the load has to survive.

use warnings;
use strict;

use Fcntl qw/ LOCK_EX /;
use IO::Handle;
use IPC::Open2;
use JSON::PP;
use Time::HiRes qw/ time /;


# Options: clients, chats, subs (of a client), publishers, rate (publishes a
# second), misdeeds (a second), polite, seed.

sub start {
    my ($class, %o) = @_;

    my @args = ('-p', Test::Nginx::port($o{port} || 8080));
    my %name = (clients => 'n', chats => 'c', subs => 's', publishers => 'P',
                rate => 'r', misdeeds => 'm', seed => 'S');

    for my $option (sort keys %name) {
        push @args, "-$name{$option}", $o{$option} if defined $o{$option};
    }

    push @args, '-q' if $o{polite};

    my $pid = open2(my $out, my $in, build(), @args);

    $in->autoflush(1);

    return bless { pid => $pid, out => $out, in => $in, buffer => '' },
        $class;
}


# Builds the load if its binary is older than its source.

sub build {
    my $source = "$Test::Chatws::TOP/t/soak";
    my $dir = "$Test::Chatws::TOP/build/soak";
    my $binary = "$dir/soak";

    mkdir "$Test::Chatws::TOP/build";
    mkdir $dir;

    open my $lock, '>', "$dir/lock" or die "cannot write $dir/lock: $!\n";
    flock $lock, LOCK_EX;

    my $built = (stat $binary)[9] || 0;

    if (grep { (stat)[9] >= $built } glob "$source/*.[ch]") {
        system(qw/ cc -std=gnu99 -O2 -g -Wall -Wextra -Werror -o /,
            $binary, glob "$source/*.c") == 0
            or die "cannot build $binary\n";
    }

    return $binary;
}


# Sends the command "wait", "report" or "stop"; returns the report, decoded.

sub command {
    my ($self, $command, $seconds) = @_;

    print { $self->{in} } "$command\n";

    my $until = time() + ($seconds || 6 * Test::Chatws::deadline());
    my $bits = '';

    vec($bits, fileno($self->{out}), 1) = 1;

    while ($self->{buffer} !~ /\n/) {
        my $left = $until - time();

        return {} if $left <= 0
            || select(my $ready = $bits, undef, undef, $left) <= 0
            || !sysread $self->{out}, $self->{buffer}, 65536,
                length $self->{buffer};
    }

    $self->{buffer} =~ s/\A(.*)\n//;

    my $report = $self->{report} = JSON::PP::decode_json($1);

    $self->{slowest} = $report->{slowest}
        if $report->{slowest} > ($self->{slowest} || 0);

    return $report;
}


# Begins.  Dies unless every client is connected and subscribed.

sub begin {
    my ($self) = @_;

    my $report = $self->command('wait');

    die "the clients of the load did not connect\n"
        unless defined $report->{opened};

    return $report;
}


# Ends the load.  Returns in one line what was wrong, '' if nothing was.

sub verdict {
    my ($self) = @_;

    my $report = $self->command('stop');

    return 'no report' unless defined $report->{lost};

    return join ' ', map { "$_:$report->{$_}" } grep { $report->{$_} }
        qw/ lost repeated wrong incomplete /;
}


# Waits until so many more notifications have been delivered.

sub delivered {
    my ($self, $n) = @_;

    my $want = $self->command('report')->{delivered} + $n;

    return Test::Chatws::eventually(sub {
        ($self->command('report')->{delivered} || 0) >= $want;
    });
}


# Returns the longest time from a publish to a delivery, in milliseconds.

sub slowest {
    my ($self) = @_;

    return ($self->{slowest} || 0) / 1000;
}


sub summary {
    my ($self) = @_;

    my $report = $self->{report} || {};

    return join ', ', map { "$_ $report->{$_}" }
        grep { $report->{$_} } sort keys %$report;
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $!);

    close $self->{in};
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
}


1;
