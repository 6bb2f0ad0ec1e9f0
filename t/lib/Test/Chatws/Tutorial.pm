package Test::Chatws::Tutorial;

# Copyright (C) chatws contributors
#
# Does what the tutorial asks of its reader: files in a home directory of its
# own, an nginx and an app server there, and pages in two browsers.

use warnings;
use strict;

use Test::Chatws ();
use Test::Chatws::Docs;
use Test::Nginx qw/ port /;


sub new {
    my ($class, $t) = @_;

    my $self = bless { t => $t, home => $t->testdir() . '/home', page => {} },
        $class;

    chmod 0755, $t->testdir();
    mkdir $self->{home};

    return $self;
}


# Changes the ports of the tutorial in commands, configurations and programs.

sub ports {
    my ($text) = @_;

    return $text =~ s/\b(801\d)\b/port($1)/ger;
}


# The environment of the tutorial's commands; they use the module under test.

sub prelude {
    my ($self) = @_;

    return "HOME=$self->{home}\n"
        . "nginx() { $Test::Nginx::NGINX \"\$@\"; }\n";
}


sub path {
    my ($self, $name) = @_;

    return "$self->{home}/$name";
}


# workers_of() needs this method, too.

sub read_file {
    my ($self, $name) = @_;

    return -e $self->path("chat/$name")
        ? Test::Chatws::slurp($self->path("chat/$name")) : '';
}


sub write_file {
    my ($self, $name, $text) = @_;

    my $user = $> == 0 ? 'user root;' : '';

    $text =~ s/^load_module .*$/$ENV{TEST_NGINX_GLOBALS} $user/m;

    $self->{t}->write_file("home/$name", ports($text));
}


# Replaces the lines from the one that begins with the text up to the end of its
# braces.  Returns false if there is none.

sub replace {
    my ($self, $name, $begin, $text) = @_;

    my $whole = Test::Chatws::slurp($self->path($name));
    my ($block, $indent) = $whole =~ /^((\h*)\Q$begin\E.*?^\2\}\n)/ms
        or return 0;

    $text =~ s/^(?=.)/$indent/mg;
    $whole =~ s/\Q$block\E/ports($text)/e;
    $self->{t}->write_file("home/$name", $whole);

    return 1;
}


# Opens the page of a user, or loads it anew.  Returns false if it does not
# subscribe.

sub page {
    my ($self, $user, $npm) = @_;

    my $html = $self->path('chat/html');
    my $n = ++$self->{pages};

    # node runs a script as a module only with this option

    $self->{t}->write_file('home/chat/html/package.json',
        '{ "type": "module" }');

    $self->close_page($user);
    $self->{workers} ||= [ Test::Chatws::workers_of($self) ];
    $self->{page}{$user} = { out => "page$n.out", say => "page$n.say" };
    $self->{t}->run_daemon('/bin/sh', '-c', "exec env NODE_PATH=$npm "
        . "node $Test::Chatws::TOP/t/conf/page.mjs $html/chat.js "
        . 'http://localhost:' . port(8010) . "/?user=$user "
        . "$self->{home}/page$n.say > $self->{home}/page$n.out 2>&1");
    $self->{page}{$user}{pid} = $self->{t}{_daemons}[-1];

    return Test::Chatws::eventually(sub {
        $self->output($user) =~ /^got .*"subscription_confirmed"/m;
    });
}


sub close_page {
    my ($self, $user) = @_;

    my $page = delete $self->{page}{$user} or return;

    @{$self->{t}{_daemons}} = grep { $_ != $page->{pid} }
        @{$self->{t}{_daemons}};
    kill 'TERM', $page->{pid};
    waitpid $page->{pid}, 0;
}


sub output {
    my ($self, $user) = @_;

    my $path = $self->path($self->{page}{$user}{out});

    return -e $path ? Test::Chatws::slurp($path) : '';
}


# Types and sends as a user; the others see the typing.

sub types {
    my ($self, $user, $text) = @_;

    my $path = $self->path($self->{page}{$user}{say});
    my ($other) = grep { $_ ne $user } keys %{$self->{page}};

    open my $fh, '>', "$path.new" or die "cannot write $path: $!\n";
    print $fh $text;
    close $fh;
    rename "$path.new", $path;

    return Test::Chatws::eventually(sub {
        $self->output($other) =~ /^--\n$user is typing$/m;
    });
}


# Returns whether these are the last lines that the page shows.

sub shows {
    my ($self, $user, $lines) = @_;

    return Test::Chatws::eventually(sub {
        my $out = $self->output($user) =~ s/^got .*\n//mgr;

        my ($last) = $out =~ /.*^--\n.*?\n(.*)\z/ms;

        defined $last && $last eq $lines;
    });
}


# Waits until none of the workers to which the pages had connected is left.
# Returns whether no page was offline meanwhile.

sub unnoticed {
    my ($self) = @_;

    my @old = @{$self->{workers} || []};

    my $gone = Test::Chatws::eventually(sub {
        my %now = map { $_ => 1 } Test::Chatws::workers_of($self);

        %now && !grep { $now{$_} } @old;
    });

    $self->{workers} = [ Test::Chatws::workers_of($self) ];

    return $gone && !grep { $self->output($_) =~ /^offline$/m }
        keys %{$self->{page}};
}


sub stop {
    my ($self) = @_;

    my ($pid) = $self->read_file('nginx.pid') =~ /(\d+)/;

    kill 'TERM', $pid if $pid;
}


# A test that fails half way leaves nothing running.

sub DESTROY {
    my ($self) = @_;

    $self->stop();
}


# Ends everything.  Returns the complaints in nginx's log.

sub done {
    my ($self) = @_;

    $self->close_page($_) for keys %{$self->{page}};
    $self->stop();

    return 'nginx does not end' unless Test::Chatws::eventually(sub {
        !-e $self->path('chat/nginx.pid');
    });

    return join '', $self->read_file('error.log')
        =~ /^(.*(?:\[alert\]|\[emerg\]|Sanitizer|runtime error:).*\n)/mg;
}


1;
