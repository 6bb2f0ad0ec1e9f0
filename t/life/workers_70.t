#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Publishing with 70 workers.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Test::Chatws::Workers;

Test::Chatws::Workers::check(70);
