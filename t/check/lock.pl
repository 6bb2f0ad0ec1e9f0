#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What happens under the lock of a zone: nothing but memory operations.
# Between taking it, which may be refused, and giving it back the glue calls
# functions of the store alone, reads and adds counters, and does not leave; and
# what the store is made of refers to nothing in libc that could call the
# system.

use warnings;
use strict;

use File::Temp qw/ tempdir /;
use FindBin;

chdir "$FindBin::Bin/../.." or die "cannot enter the tree: $!\n";

my @faults;

# the glue: functions of the room store, and words that look like calls

my $allowed = qr/^(?:chatws_(?:grant_cache|news|people|revocations|seats|store
                                 |typing)_\w+
    |chatws_entry_t|if|for|while|sizeof|ngx_min|ngx_max)$/x;

# zone_lock() itself, where it is defined
my %defines = ('src/process/ngx_http_chatws_zone_lock.c' => 1);

my $sections = 0;

for my $path (glob 'src/*/*.c ngx_http_chatws_module.c') {
    next if $defines{$path};

    open my $fh, '<', $path or die "cannot read $path: $!\n";
    my @lines = <$fh>;
    my ($held, $refused) = (0, undef);

    for my $n (1 .. @lines) {
        my $line = $lines[$n - 1];

        $line =~ s{/\*.*?\*/}{}g;

        if ($line =~ /ngx_http_chatws_zone_lock\(/) {
            push @faults, "$path:$n: taken twice" if $held;
            push @faults, "$path:$n: may be refused"
                unless $line =~ /^( +)if \(ngx_http\S+ != NGX_OK\) \{$/;
            $refused = $1;
            $held = $n;
            $sections++;
            next;
        }

        if (defined $refused) {
            undef $refused if $line eq "$refused}\n";
            next;
        }

        if ($line =~ /ngx_http_chatws_zone_unlock\(/) {
            push @faults, "$path:$n: not held" unless $held;
            $held = 0;
            next;
        }

        if ($line =~ /ngx_shmtx_(?:lock|trylock|unlock)/) {
            push @faults, "$path:$n: a lock of its own";
        }

        next unless $held;

        push @faults, "$path:$n: leaves with the lock of line $held"
            if $line =~ /^}/ || $line =~ /\b(?:return|goto)\b/;

        for my $call ($line =~ /(\w+)\s*\(/g) {
            push @faults, "$path:$n: $call() under the lock"
                unless $call =~ $allowed;
        }
    }
}

push @faults, 'no section was found' if $sections < 5;

# the store, and what it is made of

my $dir = tempdir(CLEANUP => 1);
my (%defined, %wanted);

for my $path (glob('src/store/*.c'), map { "src/$_.c" }
              qw{ base/chatws_bucket base/chatws_decimal base/chatws_hash
                  base/chatws_name base/chatws_utf8 websocket/chatws_frame })
{
    my ($name) = $path =~ m{(\w+)\.c$};
    my $object = "$dir/$name.o";

    if (system($ENV{CC} || 'cc', qw/ -std=gnu99 -O2 -I src -c -o /, $object,
        $path) != 0)
    {
        push @faults, "$path: cannot be compiled";
        next;
    }

    for (`nm $object`) {
        /^\S* +U (\w+)/ ? push @{$wanted{$1}}, $name
            : / [TtDdBbRr] (\w+)$/ ? $defined{$1} = 1 : 0;
    }
}

for my $symbol (sort keys %wanted) {
    next if $defined{$symbol};
    next if $symbol =~ /^(?:memcpy|memmove|memset|memcmp|bcmp|strlen|_GLOBAL_\w+
        |__stack_chk_fail|__cpu_model|__cpu_indicator_init)$/x;

    push @faults, "$wanted{$symbol}[0].c: refers to $symbol";
}

print "$_\n" for @faults;

exit(@faults ? 1 : 0);
