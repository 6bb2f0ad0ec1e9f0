#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Tokens and encrypted messages against another implementation, Python's
# jwcrypto: see differential.py.  A small program around the code of src/token
# is built for it.

use warnings;
use strict;

use Test::More;

use File::Temp qw/ tempdir /;
use FindBin;

my $top = "$FindBin::Bin/../..";
my $python = '/usr/bin/python3';

plan(skip_all => 'no jwcrypto for Python')
    if system("$python -c 'import jwcrypto, cryptography' 2> /dev/null") != 0;
plan(skip_all => 'no gcc') if system('gcc --version > /dev/null 2>&1') != 0;

my $dir = tempdir('chatws-token-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $data = "$top/t/unit/token/data";

my @build = (qw/ gcc -std=gnu99 -O1 -Wall -Wextra -Werror /, "-I$top/src",
    "-I$top/t/unit", qq{-DTEST_DATA="$data/"}, '-o', "$dir/tool",
    "$top/t/unit/token_tool.c", qw/ -lyajl -lcrypto /);

BAIL_OUT('the tool cannot be built') if system(@build) != 0;

open my $fh, '>', "$dir/encryption.jwks" or die "cannot write: $!\n";
print $fh '{"keys":[{"kty":"oct","kid":"e\"1","alg":"dir",'
    . '"k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}';
close $fh;

# the script tells the results

exit(system($python, "$FindBin::Bin/differential.py", "$dir/tool",
    "$data/private.jwks", "$data/public.jwks", "$dir/encryption.jwks") != 0);
