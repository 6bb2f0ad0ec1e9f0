#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# What nginx encrypts is read by npm's jose, and what that encrypts is
# published.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $npm = "$Test::Chatws::TOP/build/npm/node_modules";
my $jose = "$npm/jose/dist/webapi/index.js";

plan(skip_all => 'no npm package jose') unless -e $jose;

my $t = Test::Nginx->new()->has(qw/ http /)->has_daemon('node')->plan(6);

$t->write_file('keys.jwks', '{"keys":[{"kty":"oct","kid":"k1","k":"'
    . 'A' x 43 . '"}]}');

$t->write_file_expand('nginx.conf', conf(http => <<'EOH', server => <<'EOC'));

    chatws_encryption_key_file keys.jwks;
EOH

        location = /on {
            chatws_publish chat;
            chatws_encrypt on;
        }

        location = /require {
            chatws_publish chat;
            chatws_encrypt require;
        }
EOC

$t->write_file('jose.mjs', <<"EOS" . <<'EOS');
import { CompactEncrypt, compactDecrypt } from '$jose';
EOS
import { hkdfSync } from 'node:crypto';

const [what, chat, given] = process.argv.slice(2);
const key = new Uint8Array(hkdfSync('sha256', Buffer.alloc(32), '',
    `chatws-encryption-v1\0${chat}`, 32));

if (what === 'open') {
    const { plaintext, protectedHeader } = await compactDecrypt(given, key);

    console.log(JSON.stringify({ header: protectedHeader,
        hidden: JSON.parse(new TextDecoder().decode(plaintext)) }));

} else {
    console.log(JSON.stringify(await new CompactEncrypt(
        new TextEncoder().encode('{"text":"by jose"}'))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: 'k1', chat,
            mid: 17, sub: given })
        .encrypt(key)));
}
EOS

$t->run();

my $script = $t->testdir() . '/jose.mjs';
my $ws = ws(user => 'u', chats => 'chat_1');

publish({ chatId => 'chat_1', text => "Gr\x{fc}\x{df}e", sender => "J\x{f6}rg",
    more => [ 1 ] }, uri => '/on');

my $message = $ws->await('new_message')->{message};
my $open = jose('open', 'chat_1', $message->{enc});

is_deeply($open->{hidden}, { text => "Gr\x{fc}\x{df}e", more => [ 1 ] },
    'what was hidden');
is_deeply($open->{header}, { alg => 'dir', enc => 'A256GCM', kid => 'k1',
    chat => 'chat_1', mid => $message->{id}, sub => "J\x{f6}rg" },
    'its header');

my $enc = jose('seal', 'chat_1', 's');

for my $uri ('/require', '/on') {
    my $answer = publish({ chatId => 'chat_1', id => 17, text => '',
        sender => 's', enc => $enc }, uri => $uri);

    is($answer->{status}, 201, "$uri, by jose");
    is($ws->await('new_message')->{message}{enc}, $enc, "$uri, as it was");
}


sub jose {
    my (@args) = @_;

    open my $fh, '-|', 'node', $script, @args
        or die "cannot run node: $!\n";
    local $/;

    return json_of(scalar <$fh>);
}
