#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Tokens made by the libraries of others get in: PyJWT and jwcrypto of Python,
# jose and jsonwebtoken of npm.  Each library makes its own keys, and writes
# the set that nginx reads, as far as it knows such sets.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

my $modules = "$FindBin::Bin/../../build/npm/node_modules";
my $python = '/usr/bin/python3';

# what makes them, whether it is there, and the algorithms that it knows

my @all = qw/ HS256 HS384 HS512 RS256 PS256 ES256 ES384 EdDSA /;

my @makers = (
    [ 'with_pyjwt.py', python_has('jwt, cryptography'), @all ],
    [ 'with_jwcrypto.py', python_has('jwcrypto'), @all ],
    [ 'with_jose.mjs', -d "$modules/jose", @all ],
    [ 'with_jsonwebtoken.mjs', -d "$modules/jsonwebtoken",
      grep { $_ ne 'EdDSA' } @all ],
);

my $t = Test::Nginx->new()->has(qw/ http /);
my $d = $t->testdir();
my %program = programs();

@makers = grep { $_->[1] } @makers;

plan(skip_all => 'no library of tokens') if !@makers;

my $n = 0;

$n += 2 * (@$_ - 2) + 2 for @makers;

$t->plan($n);

my ($locations, %tokens) = ('');

for my $maker (@makers) {
    my ($name, undef, @algs) = @$maker;

    $t->write_file($name, $program{$name});

    # a line for each token: the algorithm, what it is, and its text

    my $run = $name =~ /py$/ ? $python : 'node';
    my $text = `cd $d && $run $name $name.jwks @algs 2>&1`;

    is($?, 0, $name) or diag($text);

    $tokens{$name} = { map { /^(\S+ \S+) (\S+)$/ } split /\n/, $text };
    $t->write_file("$name.jwks", '{}') if !-e "$d/$name.jwks";

    $locations .= "location = /$name { chatws chat;
        chatws_token \$http_authorization; chatws_token_audience chatws;
        chatws_token_issuer https://app.example.com;
        chatws_token_key_file $d/$name.jwks; }\n";
}

$t->write_file_expand('nginx.conf', conf(server => $locations))->run();

for my $maker (@makers) {
    my ($name, undef, @algs) = @$maker;

    for my $alg (@algs) {
        is(user($name, "$alg good"), "101 zo\x{eb} \"x\"", "$name, $alg");
        is(user($name, "$alg old"), '401 Token expired', "$name, $alg, old");
    }

    is(user($name, 'HS256 other'), '401 Invalid token', "$name, another key");
}


sub user {
    my ($name, $which) = @_;

    my $token = $tokens{$name}{$which} || '';
    my $ws = ws(path => "/$name",
        headers => [ "Authorization: Bearer $token" ]);

    return "$ws->{status} " . ($ws->{connected} ? $ws->{connected}{userId}
                                                : $ws->{json}{error});
}


sub python_has {
    my ($names) = @_;

    return system("$python -c 'import $names' > /dev/null 2>&1") == 0;
}


sub programs {
    my %text;

    $text{'with_pyjwt.py'} = <<'EOC';
import base64, json, secrets, sys, time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

name, *algs = sys.argv[1:]
now = int(time.time())
keys = []

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()

def number(n, length=None):
    return b64(n.to_bytes(length or (n.bit_length() + 7) // 8, 'big'))

def pair(alg):
    if alg[0] == 'H':
        secret = secrets.token_bytes(int(alg[2:]) // 8)
        return secret, {'kty': 'oct', 'k': b64(secret)}
    if alg[1] == 'S' and alg[0] in 'RP':
        key = rsa.generate_private_key(65537, 2048)
        public = key.public_key().public_numbers()
        return key, {'kty': 'RSA', 'n': number(public.n),
                     'e': number(public.e)}
    if alg[0:2] == 'ES':
        bits = int(alg[2:])
        curve = ec.SECP256R1() if bits == 256 else ec.SECP384R1()
        key = ec.generate_private_key(curve)
        public = key.public_key().public_numbers()
        return key, {'kty': 'EC', 'crv': 'P-%d' % bits,
                     'x': number(public.x, bits // 8),
                     'y': number(public.y, bits // 8)}
    key = ed25519.Ed25519PrivateKey.generate()
    from cryptography.hazmat.primitives import serialization as s
    raw = key.public_key().public_bytes(s.Encoding.Raw, s.PublicFormat.Raw)
    return key, {'kty': 'OKP', 'crv': 'Ed25519', 'x': b64(raw)}

def token(key, alg, iat):
    return jwt.encode({'sub': 'zo\u00eb "x"', 'iat': iat, 'exp': iat + 600,
                       'iss': 'https://app.example.com', 'aud': ['chatws']},
                      key, algorithm=alg, headers={'kid': alg})

for alg in algs:
    key, public = pair(alg)
    keys.append({'kid': alg, 'alg': alg, 'use': 'sig', **public})
    print(alg, 'good', token(key, alg, now))
    print(alg, 'old', token(key, alg, now - 3600))

print('HS256 other', token(secrets.token_bytes(32), 'HS256', now))
json.dump({'keys': keys}, open(name, 'w'))
EOC

    $text{'with_jwcrypto.py'} = <<'EOC';
import json, sys, time
from jwcrypto import jwk, jwt

name, *algs = sys.argv[1:]
now = int(time.time())
keys = []

def pair(alg):
    if alg[0] == 'H':
        return jwk.JWK.generate(kty='oct', size=int(alg[2:]), kid=alg,
                                alg=alg)
    if alg[0:2] == 'ES':
        return jwk.JWK.generate(kty='EC', crv='P-' + alg[2:], kid=alg,
                                alg=alg)
    if alg == 'EdDSA':
        return jwk.JWK.generate(kty='OKP', crv='Ed25519', kid=alg, alg=alg)
    return jwk.JWK.generate(kty='RSA', size=2048, kid=alg, alg=alg)

def token(key, alg, iat):
    made = jwt.JWT(header={'alg': alg, 'kid': alg},
                   claims={'sub': 'zo\u00eb "x"', 'iat': iat,
                           'exp': iat + 600, 'aud': 'chatws',
                           'iss': 'https://app.example.com'})
    made.make_signed_token(key)
    return made.serialize()

for alg in algs:
    key = pair(alg)
    keys.append(json.loads(key.export() if alg[0] == 'H'
                           else key.export_public()))
    print(alg, 'good', token(key, alg, now))
    print(alg, 'old', token(key, alg, now - 3600))

print('HS256 other', token(pair('HS256'), 'HS256', now))
json.dump({'keys': keys}, open(name, 'w'))
EOC

    $text{'with_jose.mjs'} = <<"EOC";
import { writeFileSync } from 'node:fs';
import * as jose from '$modules/jose/dist/webapi/index.js';
EOC

    $text{'with_jose.mjs'} .= <<'EOC';

const [name, ...algs] = process.argv.slice(2);
const now = Math.floor(Date.now() / 1000);
const keys = [];

async function pair(alg) {
    if (alg.startsWith('HS')) {
        const key = await jose.generateSecret(alg, { extractable: true });
        return [key, key];
    }

    const { publicKey, privateKey } =
        await jose.generateKeyPair(alg, { extractable: true });

    return [privateKey, publicKey];
}

function token(key, alg, iat) {
    return new jose.SignJWT({})
        .setProtectedHeader({ alg, kid: alg })
        .setSubject('zo\u00eb "x"')
        .setIssuedAt(iat)
        .setExpirationTime(iat + 600)
        .setIssuer('https://app.example.com')
        .setAudience(['other', 'chatws'])
        .sign(key);
}

for (const alg of algs) {
    const [key, open] = await pair(alg);

    keys.push({ ...await jose.exportJWK(open), kid: alg, alg });
    console.log(alg, 'good', await token(key, alg, now));
    console.log(alg, 'old', await token(key, alg, now - 3600));
}

console.log('HS256 other',
    await token((await pair('HS256'))[0], 'HS256', now));
writeFileSync(name, JSON.stringify({ keys }));
EOC

    $text{'with_jsonwebtoken.mjs'} = <<"EOC";
import { createRequire } from 'node:module';

const jwt = createRequire('$modules/')('jsonwebtoken');
EOC

    $text{'with_jsonwebtoken.mjs'} .= <<'EOC';
import { createSecretKey, generateKeyPairSync, randomBytes } from
    'node:crypto';
import { writeFileSync } from 'node:fs';

const [name, ...algs] = process.argv.slice(2);
const now = Math.floor(Date.now() / 1000);
const keys = [];

function pair(alg) {
    if (alg.startsWith('HS')) {
        const key = createSecretKey(randomBytes(Number(alg.slice(2)) / 8));
        return [key, key];
    }

    const { publicKey, privateKey } = alg.startsWith('ES')
        ? generateKeyPairSync('ec', { namedCurve: `P-${alg.slice(2)}` })
        : generateKeyPairSync('rsa', { modulusLength: 2048 });

    return [privateKey, publicKey];
}

function token(key, algorithm, iat) {
    return jwt.sign({ iat }, key, { algorithm, keyid: algorithm,
        subject: 'zo\u00eb "x"', expiresIn: 600, audience: 'chatws',
        issuer: 'https://app.example.com' });
}

for (const alg of algs) {
    const [key, open] = pair(alg);

    keys.push({ ...open.export({ format: 'jwk' }), kid: alg, alg });
    console.log(alg, 'good', token(key, alg, now));
    console.log(alg, 'old', token(key, alg, now - 3600));
}

console.log('HS256 other', token(pair('HS256')[0], 'HS256', now));
writeFileSync(name, JSON.stringify({ keys }));
EOC

    return %text;
}
