package Test::Nginx;

# Copyright (C) chatws contributors
#
# Starts an nginx with a configuration and a directory of its own, and asks
# it over HTTP.  The interface is that of the nginx project's test library
# of the same name, so that the tests run with either.
#
# TEST_NGINX_BINARY        the nginx to test
# TEST_NGINX_GLOBALS       more for %%TEST_GLOBALS%%
# TEST_NGINX_GLOBALS_HTTP  more for %%TEST_GLOBALS_HTTP%%
# TEST_NGINX_LOG           level of the error log (info)
# TEST_NGINX_LEAVE         keep the directory
# TEST_NGINX_CATLOG        print the error log at the end
# TEST_NGINX_VERBOSE       print what is sent and received
# TEST_NGINX_SLOW          multiplies all deadlines, e.g. under sanitizers

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/ log_in log_out http http_get http_head port /;
our @EXPORT_OK = qw/
    http_gzip_request http_gzip_like http_start http_end http_content
/;
our %EXPORT_TAGS = ( gzip => [ qw/ http_gzip_request http_gzip_like / ] );

use Errno qw/ EINTR /;
use File::Path qw/ rmtree /;
use File::Temp qw/ tempdir /;
use IO::Select;
use IO::Socket::INET;
use POSIX qw/ WNOHANG /;
use Test::More qw//;
use Time::HiRes qw/ time /;


our $NGINX = $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx';
our %ports;

my $slow = $ENV{TEST_NGINX_SLOW} || 1;

my %modules = (
    addition => '--with-http_addition_module',
    auth_request => '--with-http_auth_request_module',
    dav => '--with-http_dav_module',
    gunzip => '--with-http_gunzip_module',
    http_ssl => '--with-http_ssl_module',
    http_v2 => '--with-http_v2_module',
    realip => '--with-http_realip_module',
    sni => 'TLS SNI support enabled',
    stub_status => '--with-http_stub_status_module',
    sub => '--with-http_sub_module',
);


sub new {
    my ($class) = @_;

    Test::More::BAIL_OUT("no nginx binary $NGINX") unless -x $NGINX;

    my $self = bless {
        _pid => $$,
        _alerts => 1,
        _started => 0,
        _daemons => [],
        _faults => [],
    }, $class;

    $self->{_testdir} = tempdir('nginx-test-XXXXXXXXXX', TMPDIR => 1);

    # workers may run as another user
    chmod 0755, $self->{_testdir};

    return $self;
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $@, $!);

    return if $self->{_pid} != $$;

    $self->stop();
    $self->stop_daemons();

    if (Test::More->builder->expected_tests) {
        my $log = -e "$self->{_testdir}/error.log"
            ? $self->read_file('error.log') : '';

        my @alerts = ($log =~ /^.*\[(?:alert|emerg)\].*$/mg,
                      @{$self->{_faults}});

        {
            local $Test::Nginx::TODO = 'alerts' unless $self->{_alerts};
            Test::More::is(join("\n", @alerts), '', 'no alerts');
        }

        my @faults = $log =~ /^.*(?:Sanitizer|runtime error:).*$/mg;
        Test::More::is(join("\n", @faults), '', 'no sanitizer errors');

        if (@faults) {
            my ($from) = $log =~ /^([^\n]*(?:Sanitizer|runtime error:).*)/ms;
            Test::More::diag(substr($from, 0, 6000));
        }
    }

    if ($ENV{TEST_NGINX_CATLOG}) {
        print map { "# $_\n" } split /\n/, $self->read_file('error.log');
    }

    rmtree($self->{_testdir}) unless $ENV{TEST_NGINX_LEAVE};
}


sub has {
    my ($self, @features) = @_;

    for my $feature (@features) {
        Test::More::plan(skip_all => "no $feature available")
            unless $self->has_module($feature)
                or $self->has_feature($feature);
    }

    return $self;
}


# A feature is there if nginx was built with its option, or, if it is built in
# by default, without the option that leaves it out.

sub has_module {
    my ($self, $feature) = @_;

    $self->{_version} = `$NGINX -V 2>&1` unless defined $self->{_version};

    return $self->{_version} =~ /\Q$modules{$feature}\E(?!\S)/
        if $modules{$feature};

    return 1 if $self->{_version} =~ /$feature/;

    return $self->{_version} !~ /--without-http(?:_\Q$feature\E_module)?(?!\S)/;
}


sub has_feature {
    my ($self, $feature) = @_;

    return 1 if $feature eq 'unix';

    if ($feature eq 'socket_ssl') {
        return eval { require IO::Socket::SSL; 1 };
    }

    return 0;
}


sub has_version {
    my ($self, $need) = @_;

    my ($have) = `$NGINX -v 2>&1` =~ m{/(\d+(?:\.\d+)*)};
    my @have = split /\./, $have || 0;

    for my $n (split /\./, $need) {
        my $v = shift @have || 0;

        return 1 if $v > $n;
        return 0 if $v < $n;
    }

    return 1;
}


sub has_daemon {
    my ($self, $daemon) = @_;

    my ($found) = grep { -x "$_/$daemon" } split /:/, $ENV{PATH};

    Test::More::plan(skip_all => "$daemon not found") unless $found;

    return $self;
}


sub plan {
    my ($self, $plan) = @_;

    # plan() counts two more tests, which run when the object is destroyed

    Test::More::plan(tests => $plan + 2);

    return $self;
}


sub todo_alerts {
    my ($self) = @_;

    $self->{_alerts} = 0;

    return $self;
}


sub try_run {
    my ($self, $message) = @_;

    open my $saved, '>&', \*STDERR or die "cannot keep stderr: $!\n";
    open STDERR, '>', '/dev/null' or die "cannot redirect stderr: $!\n";

    my $started = eval { $self->run(); 1 };

    open STDERR, '>&', $saved or die "cannot restore stderr: $!\n";

    Test::More::plan(skip_all => $message) unless $started;

    return $self;
}


sub run {
    my ($self, $conf) = @_;

    my $dir = $self->{_testdir};

    if (defined $conf) {
        open my $fh, '<', $conf or die "cannot read $conf: $!\n";
        local $/;
        $self->write_file_expand('nginx.conf', scalar <$fh>);
    }

    my $pid = fork();
    die "cannot fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        exec { $NGINX } $self->_command() or POSIX::_exit(1);
    }

    $self->{_master} = $pid;

    $self->waitforfile("$dir/nginx.pid", $pid)
        or die "cannot start nginx\n";

    $self->{_started} = 1;

    return $self;
}


sub _command {
    my ($self, @args) = @_;

    my $dir = $self->{_testdir};
    my @globals = $self->{_test_globals} ? ()
        : ('-g', "pid $dir/nginx.pid; error_log $dir/error.log info;");

    return ($NGINX, '-p', "$dir/", '-c', 'nginx.conf', '-e', 'error.log',
            @args, @globals);
}


sub dump_config {
    my ($self) = @_;

    my $pid = open my $pipe, '-|';
    die "cannot fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec { $NGINX } $self->_command('-T') or POSIX::_exit(1);
    }

    local $/;
    my $out = <$pipe>;
    close $pipe;

    return $out;
}


sub reload {
    my ($self) = @_;

    kill 'HUP', $self->_nginx_pid() if $self->{_started};

    return $self;
}


sub stop {
    my ($self) = @_;

    return $self unless $self->{_started};

    my $pid = $self->_nginx_pid();

    kill 'QUIT', $pid;

    if (!$self->_until(sub { $self->_gone($pid) }, 60)) {
        push @{$self->{_faults}}, 'nginx did not quit';

        kill 'TERM', $pid;

        if (!$self->_until(sub { $self->_gone($pid) }, 30)) {
            kill 'KILL', $pid;
            $self->_until(sub { $self->_gone($pid) }, 30);
        }
    }

    $self->{_started} = 0;

    return $self;
}


sub stop_daemons {
    my ($self) = @_;

    while (defined(my $pid = shift @{$self->{_daemons}})) {
        kill 'TERM', $pid;

        if (!$self->_until(sub { waitpid($pid, WNOHANG) != 0 }, 30)) {
            kill 'KILL', $pid;
            waitpid($pid, 0);
        }
    }

    return $self;
}


sub _nginx_pid {
    my ($self) = @_;

    my ($pid) = $self->read_file('nginx.pid') =~ /(\d+)/;

    return $pid || $self->{_master};
}


# The master is our child, unless it has made itself a daemon.

sub _gone {
    my ($self, $pid) = @_;

    return 1 if waitpid($pid, WNOHANG) == $pid;
    return !kill(0, $pid);
}


# Other processes do not report that they are ready: this asks again and again.

sub _until {
    my ($self, $code, $seconds) = @_;

    my $deadline = time() + $seconds * $slow;
    my $pause = 0.002;

    while (!$code->()) {
        return 0 if time() > $deadline;

        Time::HiRes::sleep($pause);
        $pause *= 1.5 if $pause < 0.05;
    }

    return 1;
}


sub waitforfile {
    my ($self, $file, $pid) = @_;

    my $exited = 0;

    my $found = $self->_until(sub {
        return 1 if -s $file;
        return 1 if $exited;

        # look once more after the process has ended: daemons fork
        $exited = 1 if $pid && waitpid($pid, WNOHANG) == $pid;
        return 0;
    }, 30);

    return $found && -s $file ? 1 : undef;
}


sub waitforsocket {
    my ($self, $peer) = @_;

    return $self->_until(sub {
        defined IO::Socket::INET->new(Proto => 'tcp', PeerAddr => $peer);
    }, 30) || undef;
}


sub run_daemon {
    my ($self, $code, @args) = @_;

    my $pid = fork();
    die "cannot fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        if (ref $code eq 'CODE') {
            $code->(@args);
            exit 0;
        }

        exec($code, @args) or POSIX::_exit(1);
    }

    push @{$self->{_daemons}}, $pid;

    return $self;
}


sub testdir {
    my ($self) = @_;

    return $self->{_testdir};
}


sub read_file {
    my ($self, $name) = @_;

    my $path = $name =~ m{^/} ? $name : "$self->{_testdir}/$name";

    open my $fh, '<:raw', $path or die "cannot read $path: $!\n";
    local $/;
    my $content = <$fh>;

    return defined $content ? $content : '';
}


sub write_file {
    my ($self, $name, $content) = @_;

    my $path = "$self->{_testdir}/$name";

    open my $fh, '>:raw', $path or die "cannot write $path: $!\n";
    print $fh $content;
    close $fh or die "cannot write $path: $!\n";

    return $self;
}


sub write_file_expand {
    my ($self, $name, $content) = @_;

    $content =~ s/%%TEST_GLOBALS%%/$self->test_globals()/ge;
    $content =~ s/%%TEST_GLOBALS_HTTP%%/$self->test_globals_http()/ge;
    $content =~ s/%%TEST_GLOBALS_STREAM%%//g;
    $content =~ s/%%TESTDIR%%/$self->{_testdir}/g;
    $content =~ s/127\.0\.0\.1:(8\d\d\d)\b/'127.0.0.1:' . port($1)/ge;
    $content =~ s/%%PORT_(\d+)%%/port($1)/ge;
    $content =~ s/%%PORT_(\d+)_UDP%%/port($1, udp => 1)/ge;

    return $self->write_file($name, $content);
}


sub test_globals {
    my ($self) = @_;

    my $level = $ENV{TEST_NGINX_LOG} || 'info';

    $self->{_test_globals} = "pid $self->{_testdir}/nginx.pid;\n"
        . "error_log $self->{_testdir}/error.log $level;\n"
        . ($ENV{TEST_NGINX_GLOBALS} || '');

    return $self->{_test_globals};
}


sub test_globals_http {
    my ($self) = @_;

    my $dir = $self->{_testdir};

    my $s = "root $dir;\n"
        . "access_log $dir/access.log;\n"
        . "client_body_temp_path $dir/client_body_temp;\n";

    for my $name (qw/ fastcgi proxy uwsgi scgi /) {
        $s .= "${name}_temp_path $dir/${name}_temp;\n"
            if $self->has_module($name);
    }

    return $s . ($ENV{TEST_NGINX_GLOBALS_HTTP} || '');
}


# Returns a free port and keeps it: the same number is bound in the other
# protocol, so that tests can run side by side.

sub port {
    my ($num, %opts) = @_;

    if (!$ports{$num}) {
        my ($lock, $free) = $opts{udp} ? qw/ tcp udp / : qw/ udp tcp /;
        my $port = $num;

        for my $try (1 .. 50) {
            my $held = _bind($lock, $port);

            if ($held && _bind($free, $port)) {
                $ports{$num} = { port => $port, socket => $held };
                last;
            }

            $port = 8000 + int(rand(2000));
        }

        die "no free port for $num\n" unless $ports{$num};
    }

    return $opts{socket} ? $ports{$num}{socket} : $ports{$num}{port};
}


sub _bind {
    my ($proto, $port) = @_;

    return IO::Socket::INET->new(
        Proto => $proto,
        LocalAddr => "127.0.0.1:$port",
        $proto eq 'tcp' ? (Listen => 1, ReuseAddr => 1) : (),
    );
}


sub log_out { _log('>>', @_) }
sub log_in { _log('<<', @_) }


sub _log {
    my ($mark, $text) = @_;

    return unless $ENV{TEST_NGINX_VERBOSE} && defined $text;

    $text = substr($text, 0, 2048) . '...' if length $text > 2048;
    $text =~ s/([^\x20-\x7e\n])/sprintf '\\x%02x', ord $1/ge;

    print map { "# $mark $_\n" } split /\n/, $text;
}


sub http_get {
    my ($url, %extra) = @_;

    return http("GET $url HTTP/1.0\nHost: localhost\n\n", %extra);
}


sub http_head {
    my ($url, %extra) = @_;

    return http("HEAD $url HTTP/1.0\nHost: localhost\n\n", %extra);
}


sub http {
    my ($request, %extra) = @_;

    my $s = http_start($request, %extra);

    return $s if $extra{start} || !defined $s;

    return http_end($s, %extra);
}


sub http_start {
    my ($request, %extra) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $s = $extra{socket} || IO::Socket::INET->new(
        Proto => 'tcp',
        PeerAddr => '127.0.0.1:' . port($extra{SSL} ? 8443 : 8080),
        %extra
    );

    if (!$s) {
        log_in("cannot connect: $!");
        return undef;
    }

    if ($extra{SSL}) {
        require IO::Socket::SSL;

        IO::Socket::SSL->start_SSL($s,
            SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE(), %extra)
        or do {
            log_in("TLS failed: $IO::Socket::SSL::SSL_ERROR");
            return undef;
        };
    }

    for my $part ($request, $extra{body}) {
        next unless defined $part;

        log_out($part);
        $s->print($part);
        $s->flush();
    }

    return $s;
}


sub http_end {
    my ($s, %extra) = @_;

    my $deadline = time() + 30 * $slow;
    my $select = IO::Select->new($s);
    my $reply = '';

    for ( ;; ) {
        my $pending = $s->can('pending') && $s->pending();
        my $left = $deadline - time();

        if (!$pending && ($left <= 0 || !$select->can_read($left))) {
            log_in('timed out');
            return undef;
        }

        my $n = sysread $s, $reply, 65536, length $reply;

        next if !defined $n && $! == EINTR;
        last unless $n;
    }

    close $s;
    log_in($reply);

    return $reply;
}


sub http_content {
    my ($text) = @_;

    return undef unless defined $text;

    my ($head, $body) = $text =~ /\A(.*?)\x0d?\n\x0d?\n(.*)\z/s or return undef;

    return $body unless $head =~ /^Transfer-Encoding:\s*chunked/mi;

    my $content = '';

    while ($body =~ /\G([0-9a-f]+)[^\n]*\n/gci) {
        my $size = hex $1;

        return $content if $size == 0;

        $content .= substr $body, pos $body, $size;
        pos($body) += $size;
        $body =~ /\G\x0d?\n/gc;
    }

    return $content . '[no-last-chunk]';
}


sub http_gzip_request {
    my ($url) = @_;

    return http("GET $url HTTP/1.1\nHost: localhost\nConnection: close\n"
                . "Accept-Encoding: gzip\n\n");
}


sub http_gzip_like {
    my ($text, $re, $name) = @_;

    require IO::Uncompress::Gunzip;

    my $in = http_content($text);
    my $out;

    IO::Uncompress::Gunzip::gunzip(\$in => \$out);

    Test::More->builder->like($out, $re, $name);
}


1;
