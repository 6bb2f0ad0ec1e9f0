#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# The add-on script refuses, with a reason, what the module can't be built
# for.  nginx's own scripts that it calls are played.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $top = $Test::Chatws::TOP;

my %reason = (
    '64-bit system' => qr/requires a 64-bit system:/,
    'yajl library' => qr/requires the yajl 2 library/,
    'zlib library for ngx_http_chatws_module' => qr/requires the zlib library/,
    'OpenSSL library for ngx_http_chatws_module' =>
        qr/requires OpenSSL 3\.0 or later/,
);

my $t = Test::Nginx->new()->plan(2 * keys(%reason) + 6);
my $d = $t->testdir();

mkdir "$d/auto";

$t->write_file('auto/feature', <<'EOC');
ngx_found=yes
printf '%s' "$ngx_feature_test" > "test $ngx_feature"
case $ngx_feature in "$WITHOUT"*) ngx_found=no;; esac
EOC
$t->write_file('auto/module', <<'EOC');
echo module
printf '%s' "$ngx_module_libs" > libs
EOC

is(configured('-')->{text}, "module\n", 'all is there');

for my $feature (sort keys %reason) {
    my $answer = configured($feature);

    is($answer->{status}, 1, "$feature, refused");
    like($answer->{text}, $reason{$feature}, "$feature, the reason");
}

like(configured('-', USE_PCRE => 'DISABLED')->{text},
    qr/requires the PCRE library/, 'without PCRE');

# nginx may build libraries of its own

configured('-');
like(slurp("$d/libs"), qr/ -lcrypto PCRE ZLIB/, 'libcrypto of the system');

configured('OpenSSL', OPENSSL => '/usr/src/openssl');
like(slurp("$d/libs"), qr/ OPENSSL PCRE ZLIB/, 'libcrypto of nginx');

# the test of the first of them

my $test = slurp("$d/test 64-bit system");

is(compiled('-m64'), 1, '64 bits');

SKIP: {
    skip 'no compiler for 32 bits', 1 unless compiled('-m32', 'return 0');
    is(compiled('-m32'), 0, '32 bits');
}


sub configured {
    my ($without, %env) = @_;

    local %ENV = (%ENV, WITHOUT => $without, ZLIB => 'NONE',
        OPENSSL => 'NONE', ngx_addon_dir => $top,
        ngx_module_link => 'DYNAMIC', %env);

    my $text = `cd $d && sh -c '. $top/config' 2>&1`;

    return { text => $text, status => $? >> 8 };
}


sub compiled {
    my ($option, $code) = @_;

    my $cc = $ENV{CC} || 'cc';

    open my $fh, '|-', "$cc $option -fsyntax-only -x c - > /dev/null 2>&1"
        or die "cannot run $cc: $!\n";
    print $fh 'int main(void) { ', defined $code ? $code : $test, '; }';

    return close $fh ? 1 : 0;
}
