#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What the documents show works: each example of each page is run, in order,
# against the demo; pieces of configuration are checked, or served and used.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use IO::Socket::IP;

use Test::Chatws;
use Test::Chatws::Piece;
use Test::Chatws::Docs;
use Test::Chatws::Tutorial;
use Test::Nginx;

my $top = $Test::Chatws::TOP;
my $npm = "$top/build/npm/node_modules";
my $echo = '/usr/lib/nginx/modules/ngx_http_echo_module.so';

my $own = own_network();
my $t = Test::Nginx->new()->has(qw/ http proxy /)->has_daemon('curl');
my $d = $t->testdir();

my $text = Test::Chatws::Docs::whole_text($top);
my (@faults, @steps);

for my $page (Test::Chatws::Docs::pages($top)) {
    my @some = Test::Chatws::Docs::steps(
        Test::Chatws::Docs::text_of("$top/$page"),
        sub { push @faults, map { "$page: $_" } @_ });

    push @steps, map { { %$_, page => $page } } @some;
}

my $tutorial = Test::Chatws::Tutorial->new($t);
my ($served, $typed, @shown);

my %verb = (
    run => \&run,
    output => \&output,
    make => \&make,
    install => \&install,
    nginx => \&run_nginx,
    check => \&check,
    serve => \&serve,
    served => sub {
        like($served, Test::Chatws::Docs::pattern($_[0]{text}, 1), $_[1]);
    },
    console => \&console,
    node => \&node,
    types => \&types,
    script => \&script,
    python => \&python,
    post => \&post,
    answer => \&answer,
    sysctl => \&sysctl,
    home => \&home,
    file => sub { $tutorial->write_file($_[2], $_[0]{text}); pass($_[1]) },
    replace => sub {
        ok($tutorial->replace((split / /, $_[2], 2), $_[0]{text}), $_[1]);
    },
    daemon => \&background,
    page => \&page,
    shown => \&shown,
    unnoticed => sub { ok($tutorial->unnoticed(), $_[1]) },
    picture => sub { pass("$_[1]: a picture") },
);

my %default = (nginx => 'check', sh => 'run');

$t->plan(@steps + 4);

# --- the demo, which the examples talk to

my $conf = Test::Chatws::Docs::text_of("$top/conf/nginx.conf");

# the pages show what is so where nothing is known of people

$conf =~ s/^ *chatws_(?:users|presence|unread|receipts|typing) .*;\n//mg;
$conf =~ s/^ *location ~ .*? \{\n(?:.*\n)*?^ *\}\n//m;
my $user = $> == 0 ? 'user root;' : '';

$conf =~ s/^(?:pid|error_log) .*$//mg;
$conf =~ s/^load_module modules.*$/%%TEST_GLOBALS%% daemon off; $user/m;
$conf =~ s/listen 8000;/listen 127.0.0.1:8000;/;

# as "make run" does: to some versions of node localhost is that one alone

$conf =~ s/#listen \[::\]:8000;/listen [::1]:%%PORT_8000%%;/
    if IO::Socket::IP->new(LocalHost => '::1', Listen => 1);

mkdir "$d/temp";
mkdir "$d/modules";
system("$top/tools/html", "$d/html") == 0 or die "no page\n";

$t->write_file_expand('nginx.conf', $conf);
$t->run_daemon(\&app_server, port(8081), \&example_app);
$t->run()->waitforsocket('127.0.0.1:' . port(8081));

# --- the examples, one test for each

my ($out, $reply, %client);

for my $step (@steps) {
    my ($verb, $args) = split / /, $step->{verb}, 2;

    $verb = $default{$step->{lang}} unless defined $verb;

    my $where = "$step->{page}:$step->{line}: "
        . join ' ', grep { defined && length } $step->{lang}, $step->{verb};

    if (defined $verb && $verb{$verb}) {
        $verb{$verb}->($step, $where, $args);

    } elsif ($step->{verb}
             =~ /^(\w+) (connects|sends|receives|posts|types)\b(,? ?.*)/)
    {
        talk($step, $where, $1, $2, $3);

    } else {
        fail("$where: an example that no test runs");
    }
}

$_->drop() for values %client;

is($tutorial->done(), '', 'the tutorial, to its end');
is(join("\n", @faults), '', 'nothing but examples that are run');
is(faults_of_defaults(), '', 'defaults of directives');

# --- what it says of the zone's size

is(faults_of_zone(), '', 'a zone of the size that is told is enough');

# connections of the examples would hold nginx up; the steps hold on to $t, and
# so does the tutorial

$t->stop_daemons();
undef $tutorial;
undef $t;


# --- shell

sub local_ports {
    my ($text) = @_;

    $text =~ s/(localhost|127\.0\.0\.1):8000/"$1:" . port(8000)/ge;

    return $text;
}


sub shell {
    my ($text, $prelude) = @_;

    $text = local_ports($text);
    $t->write_file('example.sh', "set -e\ncd '$top'\n$prelude\n$text");
    $out = `/bin/sh $d/example.sh 2> $d/example.err`;

    return $? == 0;
}


sub run {
    my ($step, $where) = @_;

    ok(shell($step->{text}, ''), $where) or diag($t->read_file('example.err'));
}


sub output {
    my ($step, $where) = @_;

    my $want = $step->{text};

    if ($step->{lang} eq 'json') {
        like($out, Test::Chatws::Docs::pattern($want), $where);

    } else {
        is($out, $want, $where);
    }
}


sub make {
    my ($step, $where) = @_;

    ok(shell($step->{text}, $Test::Chatws::Docs::ELSEWHERE), $where)
        or diag($t->read_file('example.err'));
}


# With the module that is there, to a directory of the test's.

sub install {
    my ($step, $where) = @_;

    my $ok = shell($step->{text}, "$Test::Chatws::Docs::ELSEWHERE\n"
        . "NGINX=$Test::Nginx::NGINX MODULES_PATH=$d/modules\n" . <<'EOS');
made=$PWD/build/ngx_http_chatws_module.so

make() {
    if test "$*" = install; then
        command make -n -o "$made" install | grep -q tools/install
        NGINX=$NGINX MODULES_PATH=$MODULES_PATH tools/install
    else
        test -e "$made"
    fi
}
EOS

    like($ok && -s "$d/modules/ngx_http_chatws_module.so" && $out,
        qr{^load_module $d/modules/ngx_http_chatws_module\.so;$}m, $where)
        or diag($t->read_file('example.err'));
}


sub run_nginx {
    my ($step, $where) = @_;

    ok(shell($step->{text}, "nginx() { $Test::Nginx::NGINX -p $d/ "
        . "-c nginx.conf -e error.log \"\$@\"; }"), $where)
        or diag($t->read_file('example.err'));
}


sub sysctl {
    my ($step, $where) = @_;

    my @missing = grep { !-e "/proc/sys/$_" }
        map { my ($key) = /^([\w.]+) = \d+$/ or return fail($where);
              $key =~ tr{.}{/}; $key }
        split /\n/, $step->{text};

    # a network of one's own has not all of them

    SKIP: {
        skip "no such settings here: @missing", 1
            if @missing && $ENV{TEST_CHATWS_NETWORK};
        is("@missing", '', $where);
    }
}


# All lines of "Default:" together.

sub faults_of_defaults {
    my @lines = $text =~ /^\| Default: +\| `(chatws.*?;)` *\|$/mg;

    return Test::Chatws::Piece->new($t, join "\n", @lines)->refused();
}


# The zone that the line of the documents tells for so many chats and
# subscriptions, as bytes, takes them.

sub faults_of_zone {
    my ($chats, $users) = (900, 5);
    my ($line) = $text =~ /^```sh\n(awk -v chats=.*?)^```$/ms;

    $line =~ s/chats=\d+/chats=$chats/;
    $line =~ s/subscriptions=\d+/"subscriptions=" . $chats * $users/e;
    $line =~ s/users=\d+/users=$users/;
    $line =~ s/%dm/%d/;
    $line =~ s{ / 2\^20 \+ 1}{};

    return 'no line' unless shell($line, '') && $out =~ /^(zone=chat:\d+)$/m;

    my $zone = $1;

    my $piece = Test::Chatws::Piece->new($t, "chatws_zone $zone;\n"
        . 'chatws_max_subscriptions 1000000; chatws chat;');

    return $piece->serve(sub {
        for my $user (1 .. $users) {
            my $ws = $piece->ws(path => '/', user => "u$user");

            $ws->send_raw(join '', map {
                Test::Chatws::Client::frame(1,
                    '{"action":"subscribe","chatId":"chat_of_test_' . $_
                    . '"}') } 1 .. $chats);

            for (1 .. $chats) {
                $ws->next();
                return $ws->{last}
                    if $ws->{last} !~ /"subscription_confirmed"/;
            }
        }

        return '';
    });
}


# --- clients

sub program_name {
    my ($step, $suffix) = @_;

    return $step->{page} =~ s/\W/_/gr . "_$step->{line}.$suffix";
}


sub program {
    my ($name, $command, $text) = @_;

    $t->write_file($name, local_ports($text));
    $t->run_daemon('/bin/sh', '-c',
        "exec env NODE_PATH=$npm $command $d/$name > $d/$name.out 2>&1");
}


sub printed {
    my ($name, $re) = @_;

    return eventually(sub {
        -e "$d/$name.out" && $t->read_file("$name.out") =~ $re;
    });
}


# Publishes until somebody new gets it.

sub said_to {
    my ($before) = @_;

    return eventually(sub {
        said() > $before;
    });
}


sub said {
    my $answer = publish({ chatId => 'chat_1', text => 'Hello world!',
        sender => 'jane' }, port => 8000);

    return $answer->{json} ? $answer->{json}{recipients} : -1;
}


# Lines of a console as they are pasted: all at once, on a page of the demo.

sub console {
    my ($step, $where, $type) = @_;

    SKIP: {
        skip 'no npm package ws', 1 unless -d "$npm/ws";

        my $before = said();

        $t->write_file('lines.js', $step->{text});
        $t->write_file('host', local_ports('localhost:8000'));
        program('console.js', 'node', <<'EOS');
const vm = require('vm');
const fs = require('fs');

vm.runInNewContext(fs.readFileSync(`${__dirname}/lines.js`, 'utf8'), {
    WebSocket: require('ws'), console,
    location: { host: fs.readFileSync(`${__dirname}/host`, 'utf8') } });
EOS

        ok(said_to($before) && printed('console.js', qr/type: '$type'/),
            $where) or diag($t->read_file('console.js.out'));
    }
}


# A module or a script; with $offline its connection is cut off, until it says
# so and is there again.

sub node {
    my ($step, $where, $args) = @_;

    my ($type, $offline) = split / /, $args;
    my $name = program_name($step, "mjs");

    SKIP: {
        skip 'no npm package ws', 1 unless -d "$npm/ws";

        my $before = said();

        (my $text = $step->{text}) =~ s{'\./}{'$top/conf/client/};

        program($name, 'node', <<"EOS" . $text);
import { createRequire } from 'node:module';

const Socket = createRequire('$npm/ws/package.json')('ws');
const sockets = [];

globalThis.WebSocket = class extends Socket {
    constructor(url) { super(url); sockets.push(this); }
};
process.on('SIGUSR2', () => sockets.pop().terminate());

// what browsers have, and node before version 19 lacks

globalThis.CustomEvent ??= class extends Event {
    constructor(type, options) {
        super(type, options);
        this.detail = options.detail;
    }
};

EOS

        my $ok = said_to($before) && printed($name, qr/$type/);

        if ($ok && $offline) {
            kill 'USR2', $t->{_daemons}[-1];
            $ok = printed($name, qr/$offline/) && said_to($before)
                && printed($name, qr/$offline.*$type/s);
        }

        ok($ok, $where) or diag($t->read_file("$name.out"));
    }
}


# A module that comes to an end, and prints something.

sub script {
    my ($step, $where, $print) = @_;

    my $name = program_name($step, 'mjs');

    symlink $npm, "$d/node_modules";

    SKIP: {
        skip "no npm package $1", 1
            if $step->{text} =~ m{from '(\w+)';} && !-d "$npm/$1";

        $t->write_file($name, local_ports($step->{text}));
        $out = `node $d/$name 2>&1`;

        ok($? == 0 && $out =~ /\Q$print\E/, $where) or diag($out);
    }
}


# Against the types of the client, where TypeScript is: all of them at once.

sub types {
    my ($step, $where) = @_;

    SKIP: {
        skip 'no npm package typescript', 1
            unless -d "$top/build/web/node_modules/typescript";

        $typed = faults_of_types() unless defined $typed;

        my $name = program_name($step, $step->{lang});

        is(join('', $typed =~ /^(.*\b\Q$name\E\b.*\n)/mg), '', $where);
    }
}


sub faults_of_types {
    my @names;

    for my $step (grep { $_->{verb} eq 'types' } @steps) {
        push @names, program_name($step, $step->{lang});

        $t->write_file($names[-1],
            $step->{text} =~ s{'\./chatws\.js'}{'chatws'}r);
    }

    return `node $top/t/conf/types.mjs @{[ map { "$d/$_" } @names ]} 2>&1`;
}


sub python {
    my ($step, $where, $type) = @_;

    my $python = '/usr/bin/python3';
    my $name = program_name($step, "py");

    SKIP: {
        skip 'no python3-websockets', 1
            if system("$python -c 'import websockets' > /dev/null 2>&1") != 0;

        if (!$type) {
            $t->write_file($name, local_ports($step->{text}));
            $out = `$python $d/$name 2>&1`;
            is($?, 0, $where) or diag($out);
            return;
        }

        my $before = said();

        program($name, "$python -u", $step->{text});
        ok(said_to($before) && printed($name, qr/"type":"$type"/), $where)
            or diag($t->read_file("$name.out"));
    }
}


# user connects | sends | receives | posts | types; a text may follow in the
# comment itself.

sub talk {
    my ($step, $where, $user, $what, $more) = @_;

    my $text = length $step->{text} ? $step->{text} : $more;
    my $client = $client{$user};

    if ($what eq 'types') {
        SKIP: {
            skip 'no npm package ws', 1 unless -d "$npm/ws";
            ok($tutorial->types($user, $more =~ s/^ //r), $where);
        }

        return;
    }

    if ($what eq 'posts') {
        $reply = publish($text, port => 8000);
        is($reply->{status}, 201, $where);
        return;
    }

    if ($what eq 'connects') {
        my ($name) = $more =~ /^ as (\w+)$/;

        $client = $client{$user} = ws(user => $user, username => $name,
            port => 8000, raw => 1);

        my $greeting = $client->await('connected');
        my $re = length $step->{text}
            ? Test::Chatws::Docs::pattern($text) : qr/./;

        like($greeting && $client->{last}, $re, $where);
        return;
    }

    return fail("$where: $user is not connected") unless $client;

    if ($what eq 'sends') {
        my ($last) = $more =~ /^, where (\d+) is the last one$/;

        # positions as they are in this run

        if (defined $last) {
            my ($seq, $epoch) = @{$reply->{json}}{qw/ seq epoch /};

            $text =~ s{("seq":\s)(\d+)}
                      {$1 . ($2 > $last - 10 ? $2 + $seq - $last : $2)}ge;
            $text =~ s/("epoch": )"\w+"/$1"$epoch"/;
        }

        ok($client->send_text($text), $where);

        # what a step does not show is read here

        $client->await('subscription_confirmed')
            if !length $step->{text} && json_of($text);
        return;
    }

    my $want = json_of($text) or return fail("$where: not JSON");
    my $event = $client->await($want->{type});

    like($event && $client->{last}, Test::Chatws::Docs::pattern($text),
        $where);
}


sub post {
    my ($step, $where) = @_;

    $reply = publish($step->{text}, port => 8000);
    ok($reply->{json}, $where);
}


sub answer {
    my ($step, $where, $status) = @_;

    my $ok = $reply->{status} == $status
        && $reply->{body} =~ Test::Chatws::Docs::pattern($step->{text});

    ok($ok, $where) or diag("$reply->{status} $reply->{body}");
}


# --- the tutorial

sub home {
    my ($step, $where) = @_;

    ok(shell(Test::Chatws::Tutorial::ports($step->{text}),
        "$Test::Chatws::Docs::ELSEWHERE\n" . $tutorial->prelude()), $where)
        or diag($t->read_file('example.err'),
                $tutorial->read_file('error.log'));
}


# A program that goes on, and listens on that port.

sub background {
    my ($step, $where, $port) = @_;

    $t->write_file('daemon.sh', $tutorial->prelude() . "exec $step->{text}");
    $t->run_daemon('/bin/sh', '-c', "exec /bin/sh $d/daemon.sh "
        . "> $d/daemon.out 2>&1");

    ok(eventually(sub {
        IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => port($port));
    }), $where) or diag($t->read_file('daemon.out'));
}


sub page {
    my ($step, $where, $user) = @_;

    SKIP: {
        skip 'no npm package ws', 1 unless -d "$npm/ws";
        ok($tutorial->page($user, $npm), $where)
            or diag($tutorial->output($user));
    }
}


# The lines are behind the last of several steps.

sub shown {
    my ($step, $where, $user) = @_;

    push @shown, [ $user, $where ];
    return unless length $step->{text};

    for my $one (splice @shown) {
        my ($name, $which) = @$one;

        SKIP: {
            skip 'no npm package ws', 1 unless -d "$npm/ws";
            ok($tutorial->shows($name, $step->{text}), $which)
                or diag($tutorial->output($name));
        }
    }
}


# --- pieces of configuration

sub check {
    my ($step, $where) = @_;

    my $piece = Test::Chatws::Piece->new($t, $step->{text});

    pass($where) if accepted($piece, $where);
}


sub serve {
    my ($step, $where, $name) = @_;

    return fail("$where: not known") unless Test::Chatws::Piece->can($name);

    SKIP: {
        skip 'no libnginx-mod-http-echo', 1 if $name eq 'echo' && !-e $echo;

        my $piece = Test::Chatws::Piece->new($t, $step->{text});
        my $why = $name eq 'echo' ? $piece->misfit($echo) : '';

        skip "$where: another nginx's $why", 1 if $why;

        is($piece->serve($name), '', $where) if accepted($piece, $where);
        $served = $piece->{answer};
    }
}


# False: the test is done.

sub accepted {
    my ($piece, $where) = @_;

    my $why = $piece->refused();

    return 1 if $why eq '';

    if ($why =~ /unknown directive "(?!chatws)(\w+)"/) {
        SKIP: { skip "$where: this nginx has no $1", 1; }

    } else {
        fail($where);
        diag($why, $piece->file('nginx.conf'));
    }

    return 0;
}
