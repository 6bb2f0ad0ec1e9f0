#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# make install and make uninstall: where the module goes, that the nginx it
# is for loads it from there, and what a path of one's own does.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $top = $Test::Chatws::TOP;

plan(skip_all => 'a module that is built in')
    unless $ENV{TEST_NGINX_GLOBALS} =~ /chatws_module/;

my $t = Test::Nginx->new()->has(qw/ http /)->plan(17);
my $d = $t->testdir();
my $module = 'ngx_http_chatws_module.so';

delete @ENV{qw/ DESTDIR MAKEFLAGS MFLAGS MODULES_PATH NGINX /};

# a path of one's own, below a directory that a package is made from

my $out = tool("DESTDIR=$d/root MODULES_PATH=/opt/modules");

ok(-f "$d/root/opt/modules/$module", 'installed below DESTDIR');
is((stat _)[2] & 0777, 0644, 'anybody may read it');
like($out, qr{^load_module /opt/modules/\Q$module\E;$}m, 'how to load it');

my $before = (stat _)[1];

tool("DESTDIR=$d/root MODULES_PATH=/opt/modules");

isnt((stat "$d/root/opt/modules/$module")[1], $before,
    'a new file: who runs with the old one keeps it');

tool("DESTDIR=$d/root MODULES_PATH=/opt/modules", '--remove');

ok(!-e "$d/root/opt/modules/$module", 'removed');

# what Debian's own files mean for it

mkdir "$d/root/$_" for qw{ etc etc/nginx etc/nginx/modules-enabled
    etc/systemd etc/systemd/system etc/systemd/system/nginx.service.d
    lib lib/systemd lib/systemd/system };

my $own = "DESTDIR=$d/root MODULES_PATH=/usr/lib/nginx/modules";
my $enabled = '/etc/nginx/modules-enabled/50-mod-http-chatws.conf';

$t->write_file("root$enabled", "load_module modules/$module;\n");
$out = tool($own);

like($out, qr/loads it already, by \Q$enabled\E:/, 'the package loads it');
unlike($out, qr/^load_module/m, 'no line of its own');
unlike($out, qr/chatws_drain/, 'no unit, no word of its time');

my $stop = '/sbin/start-stop-daemon --quiet --stop --retry QUIT/5 '
    . '--pidfile /run/nginx.pid';

$t->write_file('root/lib/systemd/system/nginx.service',
    "[Service]\nExecStop=-$stop\nTimeoutStopSec=5\n");

like(tool($own), qr/cuts chatws_drain short/, 'the unit stops it too soon');

# the drop-in of the package changes the time, and nothing else

my $drop = slurp("$top/conf/debian/chatws-drain.conf");

$t->write_file('root/etc/systemd/system/nginx.service.d/x.conf', $drop);

ok(tool($own) !~ /chatws_drain/ && $drop =~ s{QUIT/20}{QUIT/5}
    && $drop =~ /^ExecStop=\nExecStop=-\Q$stop\E\nTimeoutStopSec=25$/m,
    'the drop-in lets it');

# where nginx looks for modules

is(path_of('--prefix=/opt/n --modules-path=/opt/lib/m --with-compat'),
    '/opt/lib/m', 'modules path');
is(path_of(q{--with-cc-opt='-g -O2' --prefix=/opt/n}), '/opt/n/modules',
    'below the prefix');
is(path_of('--prefix=/opt/n --modules-path=lib'), '/opt/n/lib',
    'a path that begins at the prefix');
is(path_of(''), '/usr/local/nginx/modules', 'without any option');

# the makefile, and nginx itself

my $make = "make -s -C $top -o $top/build/$module"
    . " NGINX=$ENV{TEST_NGINX_BINARY} DESTDIR=$d/make";

$out = `$make install 2>&1`;

my ($path) = $out =~ m{^load_module (/\S+);$}m;

ok(defined $path && -f "$d/make$path", 'make install') or diag($out);

$t->write_file('load.conf', "load_module $d/make$path;\nevents {}\n");
$out = `$ENV{TEST_NGINX_BINARY} -t -p $d/ -c $d/load.conf -e stderr \\
        -g 'pid $d/load.pid;' 2>&1`;

like($out, qr/test is successful/, 'nginx loads it');

`$make uninstall 2>&1`;

ok(!-e "$d/make$path", 'make uninstall');


sub tool {
    my ($env, @args) = @_;

    return `$env $top/tools/install @args 2>&1`;
}


# the directory that is chosen for an nginx that was configured so

sub path_of {
    my ($args) = @_;

    $args =~ s/'/'\\''/g;

    open my $fh, '>', "$d/nginx" or die "cannot write $d/nginx: $!\n";
    print $fh "#!/bin/sh\necho 'configure arguments: $args' >&2\n";
    close $fh;
    chmod 0755, "$d/nginx";

    my ($path) = tool("DESTDIR=$d/where NGINX=$d/nginx")
        =~ m{^load_module (\S+)/\Q$module\E;$}m;

    return $path;
}
