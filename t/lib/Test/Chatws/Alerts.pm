package Test::Chatws::Alerts;

# Copyright (C) chatws contributors
#
# Kills processes, and tells which alerts of a log that does not explain: nginx
# says that a worker exited on a signal, and, where it was in the middle of a
# change of the zone, that the zone was locked by it.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/ slay died_in_lock unexplained /;


my %slain;


sub slay {
    my ($pid) = @_;

    $slain{$pid}++;

    return kill 'KILL', $pid;
}


# The processes that had the lock of the zone when they died.  The master opens
# it, and calls that an alert, or another worker, for which it is a notice; each
# time it is one of the two.

sub died_in_lock {
    my ($log) = @_;

    return $log =~ /zone "chat" was locked by (?:dead worker )?(\d+)$/mg;
}


# The alerts in a log besides those that match a pattern: of deaths those alone
# are left out which are ours, each of them once.

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
