package Test::Chatws;

# Copyright (C) chatws contributors
#
# Functions that the tests of chatws share: they find the nginx and the module
# under test, open WebSockets and publish.  A test loads this module before
# Test::Nginx, whichever of the two libraries of that name comes first in @INC.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/
    conf ws publish request hub_status json_of slurp events_of gather
    deadline eventually
    reloaded replaced workers_of owners_of halt sockets_of descriptors_of
    cpu_of
    memory_of
    own_network many_files certificate app_server app_answer
    example_app
/;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Scalar::Util qw/ weaken /;
use Time::HiRes qw/ time /;


our $TOP = abs_path(dirname(__FILE__) . '/../../..');

my $slow = $ENV{TEST_NGINX_SLOW} || 1;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my @clients;
my %buried;


BEGIN {
    my $top = abs_path(dirname(__FILE__) . '/../../..');

    if (!defined $ENV{TEST_NGINX_BINARY}) {
        my ($nginx) = grep { -x $_ } map { "$_/nginx" }
            split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin';

        $ENV{TEST_NGINX_BINARY} = $nginx if defined $nginx;
    }

    if (!defined $ENV{TEST_NGINX_GLOBALS}) {
        $ENV{TEST_NGINX_GLOBALS} =
            "load_module $top/build/ngx_http_chatws_module.so;\n";
    }

    require Test::Nginx;

    # The nginx project's library needs this: the binary knows of more dynamic
    # modules than are installed, workers may run as another user, and a test
    # that starts nothing has no log.

    if (Test::Nginx->can('test_globals_modules')
        && !defined $ENV{TEST_NGINX_MODULES})
    {
        no warnings qw/ redefine prototype /;

        *Test::Nginx::test_globals_modules = sub { '' };

        my $new = \&Test::Nginx::new;

        *Test::Nginx::new = sub {
            my $self = $new->(@_);
            chmod 0755, $self->testdir();
            $self->write_file('error.log', '');
            return $self;
        };
    }
}


# With connections still open nginx would wait for chatws_drain.

END {
    local $?;

    for my $client (grep { defined } @clients) {
        $client->drop();
    }
}


# Returns a configuration with a hub.  The arguments main, events, http, server
# and, for the two locations, endpoint and publish are text that a test adds.
# Pings are off, since a test may not read from a client for long, and such a
# client would be closed for the lack of a pong.  TEST_NGINX_GLOBALS_EVENTS has
# more for events, such as "use poll;".

sub conf {
    my (%o) = @_;

    my %text = map { $_ => defined $o{$_} ? $o{$_} : '' }
        qw/ main events http server endpoint publish /;
    my $events = $ENV{TEST_NGINX_GLOBALS_EVENTS} || '';
    my $zone = $o{zone} || 'zone=chat:1m';
    my $connections = $o{connections} || 512;

    # select() knows fewer descriptors than this

    $connections = 1024 if $events =~ /select/ && $connections > 1024;

    return <<"EOC";
%%TEST_GLOBALS%%

daemon off;
$text{main}

events {
    worker_connections $connections;
    $events
    $text{events}
}

http {
    %%TEST_GLOBALS_HTTP%%

    chatws_zone $zone;
    chatws_ping_interval 0;
    $text{http}

    server {
        listen 127.0.0.1:8080;
        server_name localhost;

        location = /api/ws {
            chatws chat;
            $text{endpoint}
        }

        location = /api/messages {
            chatws_publish chat;
            $text{publish}
        }

        $text{server}
    }
}
EOC
}


sub slurp {
    my ($path) = @_;

    open my $fh, '<:raw', $path or die "cannot read $path: $!\n";
    local $/;

    return scalar <$fh>;
}


# Returns how many seconds any step may take on a machine that is busy with
# other things.  It is a limit, never a pause.

sub deadline {
    return 30 * $slow;
}


sub json_of {
    my ($text) = @_;

    return eval { $json->decode($text) };
}


# Carries out a whole HTTP exchange.  Returns the answer: status, headers (lower
# case), body and, where the body is JSON, json.  With the option undecoded the
# answer has no json: to decode megabytes takes seconds.

sub request {
    my ($method, $uri, %o) = @_;

    my $body = $o{body};
    my @lines = ("$method $uri HTTP/1.1", 'Host: ' . ($o{host} || 'localhost'),
        'Connection: close', @{$o{headers} || []});

    push @lines, 'Content-Length: ' . length $body
        if defined $body && !$o{no_length};

    my $client = Test::Chatws::Client->dial(%o) or return undef;

    $client->send_raw(join("\r\n", @lines, '', '')
                      . (defined $body ? $body : ''));

    my $reply = $client->read_answer($method eq 'HEAD', $o{undecoded});
    $client->drop();

    return $reply;
}


# Publishes a hash or a text.  Returns the answer as request() does.

sub publish {
    my ($message, %o) = @_;

    my $body = ref $message ? $json->encode($message) : $message;
    my @headers = @{$o{headers} || []};

    unshift @headers, 'Content-Type: application/json'
        unless grep { /^content-type:/i } @headers;

    return request('POST', $o{uri} || '/api/messages', %o,
                   body => $body, headers => \@headers);
}


# Returns the decoded answer of chatws_status at /status.

sub hub_status {
    return request('GET', '/status')->{json} || {};
}


# Returns a WebSocket connection that got its 101 and, unless told otherwise,
# the connected notification.  If the server refused it, the object has the
# status.

sub ws {
    my (%o) = @_;

    my $client = Test::Chatws::Client->connect(%o);

    if ($client->{status} == 101 && !$o{raw}) {
        $client->{connected} = $client->await('connected');

        for my $chat (ref $o{chats} ? @{$o{chats}} : $o{chats} || ()) {
            $client->subscribe($chat);
        }
    }

    return $client;
}


# Returns the texts of $n messages from each of the clients, read side by side.

sub gather {
    my ($clients, $n, $seconds) = @_;

    my $until = time() + ($seconds || deadline());
    my %waiting = map { fileno($_->{socket}) => $_ } @$clients;

    for ( ;; ) {
        my $bits = '';

        for my $fd (keys %waiting) {
            my $client = $waiting{$fd};

            while (@{$client->{gathered}} < $n) {
                my $message = $client->parse_message() or last;
                push @{$client->{gathered}}, $message->{payload};
            }

            if (@{$client->{gathered}} >= $n || $client->{eof}) {
                delete $waiting{$fd};
                next;
            }

            vec($bits, $fd, 1) = 1;
        }

        my $left = $until - time();

        last if !%waiting || $left <= 0;
        next if select(my $ready = $bits, undef, undef, $left) <= 0;

        for my $fd (grep { vec($ready, $_, 1) } keys %waiting) {
            $waiting{$fd}->fill(0);
        }
    }

    return map { my $list = $_->{gathered}; $_->{gathered} = []; $list }
        @$clients;
}


# Returns the decoded messages that a client got before one of the given type, a
# marker.  With the marker a test knows which messages did not come.

sub events_of {
    my ($client, $type) = @_;

    my @events;

    for ( ;; ) {
        my $event = $client->next() or return ();
        return @events if $event->{type} eq $type;
        push @events, $event;
    }
}


# Waits for a state of which no event tells: asks until the code returns true.

sub eventually {
    my ($code) = @_;

    my $until = time() + deadline();

    while (!$code->()) {
        return 0 if time() > $until;
        Time::HiRes::sleep(0.005);
    }

    return 1;
}


# The examples use port 8000.  Where the system allows a network namespace, the
# test starts again in one, in which the port is free.  Returns false where it
# does not.

sub own_network {
    return 1 if $ENV{TEST_CHATWS_NETWORK};

    my $inner = 'ip link set lo up && exec "$@"';

    for my $unshare ([ qw/ unshare -n / ], [ qw/ unshare -rn / ]) {
        next if system("@$unshare ip link set lo up > /dev/null 2>&1") != 0;

        $ENV{TEST_CHATWS_NETWORK} = 1;
        exec @$unshare, '/bin/sh', '-c', $inner, 'sh', $^X,
            (map { "-I$_" } grep { !ref } @INC), $0;
    }

    return 0;
}


# nginx sends to each worker a channel of each other worker.  Except for root,
# no more of them may be under way at once than the limit of open files.

sub many_files {
    my ($n) = @_;

    my ($soft, $hard) = map { $_ eq 'unlimited' ? 1e9 : $_ }
        map { chomp; $_ } `/bin/sh -c 'ulimit -Sn; ulimit -Hn'`;

    return 1 if $soft >= $n;
    return 0 if $hard < $n;

    exec '/bin/sh', '-c', "ulimit -n $hard && exec \"\$@\"", 'sh', $^X,
        (map { "-I$_" } grep { !ref } @INC), $0;
}


# An app server, for run_daemon(): calls the code with the connection, the
# method and URI of the request, its body and its whole head.

sub app_server {
    my ($port, $code) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $server = IO::Socket::INET->new(Proto => 'tcp', Listen => 64,
        LocalAddr => "127.0.0.1:$port", ReuseAddr => 1) or die "$!\n";

    while (my $client = $server->accept()) {
        $client->autoflush(1);

        my ($head, $length, $body) = ('', 0, '');

        while (my $line = <$client>) {
            $length = $1 if $line =~ /^content-length: (\d+)/i;
            $head .= $line;
            last if $line =~ /^\r?\n/;
        }

        read $client, $body, $length if $length;

        # a client that only looks whether we listen sends nothing

        $code->($client, $1, $body, $head) if $head =~ /^(.*) HTTP/;

        close $client;
    }
}


# Returns the answer of an app server as text.

sub app_answer {
    my ($client, $status, $type, $body, $more) = @_;

    print $client "HTTP/1.1 $status X\r\nContent-Type: $type\r\n"
        . (defined $more ? $more : '') . 'Content-Length: ' . length($body)
        . "\r\nConnection: close\r\n\r\n$body";
}


# The app of the examples: it stores a message by answering with it, and knows
# two sessions.

sub example_app {
    my ($client, $request, $body, $head) = @_;

    if ($request =~ /^POST/) {
        app_answer($client, 201, 'application/json', $body);

    } elsif ($request eq 'GET /api/auth') {
        my %user = (1 => 'user_of_session', 2 => 'another_user');
        my ($user) = grep { defined } map { $user{$_} }
            $head =~ /^cookie: session=(\d+)/mi;

        app_answer($client, $user ? 200 : 401, 'text/plain', '',
            $user ? "X-User: $user\r\n" : '');

    } else {
        app_answer($client, 200, 'text/plain', "app: $request");
    }
}


# Makes a key and a certificate for a TLS server in the directory of the test.

sub certificate {
    my ($dir) = @_;

    $dir = $dir->testdir() if ref $dir;

    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
        . "-nodes -subj /CN=localhost -days 2 "
        . "-keyout $dir/cert.key -out $dir/cert.pem > /dev/null 2>&1")
        == 0 or die "cannot create a certificate\n";
}


# Returns the sockets that workers have of connections to a port.  Those that
# the client has closed already are among them, those that no worker has
# accepted yet are not.

sub sockets_of {
    my ($port) = @_;

    my $local = sprintf '%04X', Test::Nginx::port($port || 8080);

    return scalar grep {
        my @field = split;
        @field > 9 && $field[1] =~ /:$local$/ && $field[3] ne '0A'
            && $field[9] ne '0';
    } split /\n/, slurp('/proc/net/tcp');
}


# Returns what the workers of a master have open besides connections to a port,
# when it has not changed for a second: workers tell each other of their
# channels for a while.

sub descriptors_of {
    my ($t, $port) = @_;

    my ($n, $since) = (-1, 0);

    eventually(sub {
        my @all = map { glob "/proc/$_/fd/*" } workers_of($t);
        my $now = @all - sockets_of($port);

        ($n, $since) = ($now, time()) if $now != $n;

        return time() - $since > 1;
    });

    return $n;
}


# Returns the bytes that a process holds.  Tools that check memory keep freed
# memory.

sub memory_of {
    my ($pid) = @_;

    return 0 if $ENV{TEST_NGINX_SLOW};

    open my $fh, '<', "/proc/$pid/status" or return 0;

    my ($kb) = join('', <$fh>) =~ /^VmRSS:\s+(\d+)/m;

    return $kb * 1024;
}


# Returns the seconds of processor time that the workers take in so many
# seconds.

sub cpu_of {
    my ($t, $seconds) = @_;

    my $ticks = sub {
        my $sum = 0;

        for my $pid (workers_of($t)) {
            my @stat = split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //sr;
            $sum += $stat[11] + $stat[12];
        }

        return $sum;
    };

    my $before = $ticks->();

    Time::HiRes::sleep($seconds);

    return ($ticks->() - $before) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}


# A process that was killed is no worker any more, also while it ends.

sub bury {
    my ($pid) = @_;

    $buried{$pid} = 1;

    return;
}


# Returns the process ids of the workers that a master has.

sub workers_of {
    my ($t) = @_;

    my ($master) = $t->read_file('nginx.pid') =~ /(\d+)/;
    my @pids;

    for my $file (glob '/proc/[0-9]*/stat') {
        open my $fh, '<', $file or next;
        my $line = <$fh>;
        next unless defined $line && $line =~ /^(\d+) \(.*\) (\S) (\d+) /;
        push @pids, $1
            if $3 == $master && $2 ne 'Z' && !$buried{$1};
    }

    @pids = sort { $a <=> $b } @pids;

    return @pids;
}


# The worker that has each of the clients.

sub owners_of {
    my ($t, @clients) = @_;

    my (%inode, %pid);

    # a client's port may be that of another server's client as well

    my $server = sprintf ':%04X', Test::Nginx::port(8080);

    for (split /\n/, slurp('/proc/net/tcp')) {
        my @field = split;

        $inode{hex $1} = $field[9] if $field[3] eq '01'
            && $field[1] =~ /$server$/ && $field[2] =~ /:(\w+)$/;
    }

    for my $pid (workers_of($t)) {
        for my $path (glob "/proc/$pid/fd/*") {
            my $link = readlink $path;
            $pid{$1} = $pid if defined $link && $link =~ /^socket:\[(\d+)/;
        }
    }

    return map { $pid{$inode{$_->{socket}->sockport()} || 0} || 0 } @clients;
}


# Stops a worker, and waits until it does not run any more.  Until then the
# system may tell this worker of a new connection, and no other worker.

sub halt {
    my ($pid) = @_;

    kill 'STOP', $pid;

    return eventually(sub { slurp("/proc/$pid/stat") =~ /^\d+ \(.*\) T / });
}


# Reloads.  Returns true when the new workers are there, and the previous ones
# have been told to quit.

sub reloaded {
    my ($t) = @_;

    my %before = map { $_ => 1 } workers_of($t);
    my $count = sub {
        my $log = $t->read_file('error.log');
        return scalar(() = $log =~ /gracefully shutting down/g);
    };

    my $told = $count->();

    $t->reload();

    return eventually(sub { $count->() > $told })
        && eventually(sub { grep { !$before{$_} } workers_of($t) });
}


# Reloads, and waits until there are so many workers, all of them new.

sub replaced {
    my ($t, $n) = @_;

    my %before = map { $_ => 1 } workers_of($t);

    $t->reload();

    return eventually(sub {
        my @now = workers_of($t);
        @now == $n && !grep { $before{$_} } @now;
    });
}


sub remember {
    my ($client) = @_;

    # copies are strong references

    if (@clients % 256 == 0) {
        @clients = grep { defined } @clients;
        weaken($_) for @clients;
    }

    push @clients, $client;
    weaken($clients[-1]);
}


require Test::Chatws::Client;


1;
