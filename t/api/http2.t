#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# HTTP/2: publishing works; a WebSocket needs HTTP/1.1.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http http_v2 /)->has_daemon('curl');

plan(skip_all => 'curl without HTTP/2') unless `curl -V` =~ /\bHTTP2\b/;

$t->plan(7);

my $conf = conf();
$conf =~ s/127\.0\.0\.1:8080;/127.0.0.1:8080 http2;/;
$conf =~ s/(server_name)/listen 127.0.0.1:8081;\n        $1/;

$t->write_file_expand('nginx.conf', $conf)->run();

my $ws = ws(user => 'u', port => 8081, chats => 'chat_1');
my $url = 'http://127.0.0.1:' . port(8080);
my $curl = 'curl -s -m ' . Test::Chatws::deadline()
    . ' --http2-prior-knowledge '
    . '-w "\n%{http_version} %{http_code}"';

my $out = `$curl $url/api/messages -H 'Content-Type: application/json' \\
    -d '{"chatId":"chat_1","text":"by HTTP/2","sender":"s"}'`;

like($out, qr/"text":"by HTTP\/2".*"recipients":1.*\n2 201$/s, 'publish');
is($ws->await('new_message')->{message}{text}, 'by HTTP/2', 'delivered');

like(`$curl $url/api/messages -d 'x' -H 'Content-Type: application/json'`,
    qr/"type":"error".*\n2 400$/s, 'refused');
like(`$curl $url/api/messages`, qr/\n2 405$/, 'another method');
like(`$curl '$url/api/ws?userId=u'`, qr/"type":"error".*\n2 426$/s,
    'not an upgrade');
unlike(`$curl '$url/api/ws?userId=u' -H 'Upgrade: websocket' \\
    -H 'Sec-WebSocket-Version: 13' \\
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='`,
    qr/\n2 (?:101|5..)$/, 'no upgrade in HTTP/2');

publish({ chatId => 'chat_1', text => 'after', sender => 's' },
    port => 8081);
is($ws->await('new_message')->{message}{text}, 'after', 'and on it goes');
