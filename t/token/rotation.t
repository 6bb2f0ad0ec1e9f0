#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Keys are replaced by a reload: 1,000 connections notice nothing, and tokens
# are good as long as their key is there.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $connections = 1000;

plan(skip_all => 'too few files may be open') unless many_files(4096);

my $t = Test::Nginx->new()->has(qw/ http /)->plan(22);

my ($old, $new) = map { secret_key($_) } qw/ old new /;

$t->write_file('a.jwks', jwks($old));
$t->write_file('b.jwks', jwks(secret_key('other')));

$t->write_file_expand('nginx.conf', conf(connections => 4096,
    main => 'worker_processes 2;', zone => 'zone=chat:8m', http => <<'EOC',

    chatws_token_key_file %%TESTDIR%%/a.jwks;
    chatws_token_key_file %%TESTDIR%%/b.jwks;
EOC
    endpoint => 'chatws_token $http_authorization;',
    server => 'location = /status { chatws_status chat; }'))->run();

my @clients = map {
    ws(raw => 1, headers => bearer($old, sub => "u$_"))
} 0 .. $connections - 1;

is(scalar(grep { ($_->next() || { type => '' })->{type} eq 'connected' }
    @clients), $connections, 'connected');

$_->send_json({ action => 'subscribe', chatId => 'c' }) for @clients;

is(scalar(grep { @$_ == 1 } gather(\@clients, 1)), $connections,
    'subscribed');

is(status($new), 401, 'the new key is not there yet');

for my $step (
    [ 'both keys', jwks($old, $new), 101, 101 ],
    [ 'the new key', jwks($new), 401, 101 ],
    [ 'another algorithm', jwks({ %$new, alg => 'HS512' }), 401, 401 ],
) {
    my ($name, $text, $first, $second) = @$step;

    $t->write_file('a.jwks', $text);
    ok(reloaded($t), "$name, reload");
    ok(eventually(sub { workers_of($t) == 2 }), "$name, old workers left");

    is(status($old), $first, "$name, a token of the old one");
    is(status($new), $second, "$name, a token of the new one");

    publish({ chatId => 'c', text => $name, sender => 'nobody' });

    is(scalar(grep { @$_ == 1 && $_->[0] =~ /"text":"\Q$name\E"/ }
        gather(\@clients, 1)), $connections, "$name, all are there");
}

# what is no set of keys is refused, and nothing changes

$t->write_file('a.jwks', '{"keys":[');
$t->reload();

ok(eventually(sub {
    $t->read_file('error.log') =~ /\[emerg\].*invalid keys in ".*a\.jwks"/
}), 'a faulty file is refused');

# which is no alert of this test

$t->write_file('error.log', $t->read_file('error.log')
    =~ s/^.*\[emerg\].*invalid keys in.*\n//mgr);

publish({ chatId => 'c', text => 'last', sender => 'nobody' });

is(scalar(grep { @$_ == 1 } gather(\@clients, 1)), $connections,
    'all are there');

# but for those that were opened for their status

ok(eventually(sub { hub_status()->{connections} == $connections }),
    'all connections');
is(join(' ', %{hub_status()->{closes}}), '1000 3', 'none was closed');

$_->drop() for @clients;


sub status {
    my ($key) = @_;

    my $ws = ws(raw => 1, headers => bearer($key, sub => 'x'));
    my $status = $ws->{status};

    # not one of those that are counted

    if ($status == 101) {
        $ws->send_close(1000);
        $ws->ended();
        $ws->drop();
    }

    return $status;
}


sub bearer {
    my ($key, %claims) = @_;

    return [ 'Authorization: Bearer ' . token($key, claims => \%claims) ];
}
