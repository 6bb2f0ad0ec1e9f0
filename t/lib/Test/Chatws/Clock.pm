package Test::Chatws::Clock;

# Copyright (C) chatws contributors
#
# An nginx whose wall clock a test sets: t/lib/clock.c is loaded into it.

use warnings;
use strict;

use File::Basename qw/ dirname /;
use Scalar::Util qw/ weaken /;


# Compiles it for a test that has not started yet.  Returns an object, or a text
# that says why there is none.

sub new {
    my ($class, $t) = @_;

    my $dir = $t->testdir();
    my $self = bless { t => $t, dir => $dir }, $class;

    return 'no preloading with a sanitizer'
        if `$ENV{TEST_NGINX_BINARY} -V 2>&1` =~ /fsanitize/;

    return 'no shared object'
        if system("cc -shared -fPIC -o $dir/clock.so "
            . dirname(__FILE__) . '/../../clock.c -ldl 2> /dev/null') != 0;

    $self->set(0);

    # the test ends nginx when nobody else has it
    weaken($self->{t});

    return $self;
}


sub run {
    my ($self) = @_;

    local $ENV{LD_PRELOAD} = "$self->{dir}/clock.so";
    local $ENV{TEST_CHATWS_CLOCK} = "$self->{dir}/clock";

    $self->{t}->run();
}


# The seconds by which the clock of nginx is ahead.  It reads the file at any
# moment, so the length of the text stays the same.

sub set {
    my ($self, $seconds) = @_;

    my $file = "$self->{dir}/clock";

    open my $fh, -e $file ? '+<' : '>', $file or die "$!\n";
    syswrite $fh, sprintf('%12d', $seconds * 1000);
}


1;
