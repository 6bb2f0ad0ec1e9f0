#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Members of chats with 4 workers.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

use Test::Chatws::Members;

Test::Chatws::Members::check(4);
