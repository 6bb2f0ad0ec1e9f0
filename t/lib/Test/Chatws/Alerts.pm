package Test::Chatws::Alerts;

# Copyright (C) chatws contributors
#
# Kills processes, and finds the alerts of a log that these kills do not
# explain.  nginx logs an alert for a worker that exits on a signal, and another
# one if the worker was changing the zone: the zone "was locked by" it.

use warnings;
use strict;

use base qw/ Exporter /;

use Test::Chatws ();

our @EXPORT = qw/ slay died_in_lock unexplained /;


my %slain;


sub slay {
    my ($pid) = @_;

    $slain{$pid}++;
    Test::Chatws::bury($pid);

    return kill 'KILL', $pid;
}


# Returns the process ids that had the lock of the zone when they died.  Either
# the master unlocks it, and logs an alert, or another worker does, and logs a
# notice.

sub died_in_lock {
    my ($log) = @_;

    return $log =~ /zone "chat" was locked by (?:dead worker )?(\d+)$/mg;
}


# Returns the alerts in a log that do not match the pattern.  Of the alerts
# about deaths it leaves out one for each process that we have killed.

sub unexplained {
    my ($log, $but) = @_;

    my %left = %slain;
    my %exited;
    my @found;

    for my $line (grep { /\[(?:alert|emerg|crit)\]/ } split /\n/, $log) {
        next if $line =~ /shared memory zone "chat" was locked by \d+$/;
        next if defined $but && $line =~ /$but/;

        if ($line =~ /worker process (\d+) exited on signal 9$/
            && $left{$1})
        {
            $left{$1}--;
            $exited{$1}++;
            next;
        }

        push @found, $line;
    }

    push @found, map { "$_ died in the lock, and was not killed" }
        grep { !$exited{$_}-- } died_in_lock($log);

    return join "\n", @found;
}


1;
