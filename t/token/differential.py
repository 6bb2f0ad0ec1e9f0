# Copyright (C) chatws contributors
#
# Compares the module's tokens and encrypted messages with those of Python's
# jwcrypto:
#
#   differential.py TOOL PRIVATE_KEYS PUBLIC_KEYS ENCRYPTION_KEYS
#
# What is done is the same in each run.  Tokens are made by jwcrypto, then
# changed at random; the tool may take none that jwcrypto refuses, and has to
# take all that jwcrypto takes, but for texts with several spellings and
# headers that are refused on purpose.  Prints TAP.

import base64
import json
import random
import subprocess
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwcrypto import jwe, jwk, jws
from jwcrypto.common import JWException

NOW = 1700000100
ROUNDS = 40

ALPHABET = ('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
            '0123456789-_')

tool, private, public, encryption = sys.argv[1:]
rnd = random.Random(8037)
test = 0


def ok(good, name):
    global test
    test += 1
    print('%sok %d - %s' % ('' if good else 'not ', test, name), flush=True)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def ask(lines):
    answer = subprocess.run(
        [tool, public, encryption, str(NOW)], check=True,
        input=''.join(line + '\n' for line in lines),
        stdout=subprocess.PIPE, text=True)
    return answer.stdout.splitlines()


def words(command, *args):
    return ' '.join([command] + [a.hex() or '-' for a in args])


# the keys; the algorithm is the key's

with open(private) as f:
    keys = {k['kid']: k for k in json.load(f)['keys']}

verifying = {}

for kid, key in keys.items():
    plain = {name: key[name] for name in key if name not in ('alg', 'kid')}
    verifying[kid] = jwk.JWK(**plain)


def make(kid, header, payload):
    token = jws.JWS(payload)
    token.add_signature(jwk.JWK(**keys[kid]), None, json.dumps(header))
    return token.serialize(compact=True)


def taken(text):
    """What jwcrypto says of a token, by the one key that may have made it."""

    if text.count('.') != 2:
        return False

    try:
        header = json.loads(unb64(text.split('.')[0]))
        key = keys[header['kid']]
        token = jws.JWS()
        token.allowed_algs = [key['alg']]
        token.deserialize(text)
        token.verify(verifying[header['kid']], alg=key['alg'])
        claims = json.loads(token.payload)
        return isinstance(claims.get('sub'), str)
    except (JWException, ValueError, KeyError, TypeError, AttributeError,
            RecursionError):
        return False


def excused(text):
    """A token that is refused although its signature is good."""

    try:
        parts = text.split('.')

        if any(b64(unb64(part)) != part for part in parts):
            return True

        header = json.loads(unb64(parts[0]))

        return any(name in header for name in ('crit', 'b64', 'zip', 'enc'))
    except ValueError:
        return True


def change(text, others):
    """The text with one fault, of many kinds."""

    parts = text.split('.')
    at = rnd.randrange(len(text))
    kind = rnd.randrange(12)

    if kind == 0:
        return text[:at] + rnd.choice(ALPHABET) + text[at + 1:]
    if kind == 1:
        return text[:at] + text[at + 1:]
    if kind == 2:
        return text[:at] + rnd.choice(ALPHABET + '.=+/ ') + text[at:]
    if kind == 3:
        return text[:at]
    if kind == 4:
        n = rnd.randrange(3)
        other = rnd.choice(others).split('.')
        return '.'.join(other[i] if i == n else parts[i] for i in range(3))
    if kind == 5:
        header = json.loads(unb64(parts[0]))
        header['alg'] = rnd.choice([k['alg'] for k in keys.values()]
                                   + ['none', 'RS512', 'ES256K'])
        return '.'.join([b64(json.dumps(header).encode())] + parts[1:])
    if kind == 6:
        header = json.loads(unb64(parts[0]))
        header['kid'] = rnd.choice(list(keys))
        return '.'.join([b64(json.dumps(header).encode())] + parts[1:])
    if kind == 7:
        return text + rnd.choice(['=', '==', 'A', 'AA', 'AAAA', '.', '\n'])
    if kind == 8:
        signature = bytearray(unb64(parts[2]))
        signature[rnd.randrange(len(signature))] ^= 1 << rnd.randrange(8)
        return '.'.join(parts[:2] + [b64(bytes(signature))])
    if kind == 9:
        signature = unb64(parts[2])
        return '.'.join(parts[:2]
                        + [b64(signature[:rnd.randrange(len(signature))])])
    if kind == 10:
        signature = unb64(parts[2])
        return '.'.join(parts[:2] + [b64(b'\0' + signature)])

    # a last character with other bits that belong to no byte

    n = rnd.randrange(3)
    last = ALPHABET.index(parts[n][-1])
    parts[n] = parts[n][:-1] + ALPHABET[last ^ 1]

    return '.'.join(parts)


def malleate(text):
    """The other signature of ECDSA: n - s for s."""

    order = {
        'ES256': 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2'
                 'fc632551',
        'ES384': 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81'
                 'f4372ddf581a0db248b0a77aecec196accc52973'
    }

    parts = text.split('.')
    n = int(order[json.loads(unb64(parts[0]))['alg']], 16)
    signature = unb64(parts[2])
    half = len(signature) // 2
    s = n - int.from_bytes(signature[half:], 'big')

    return '.'.join(parts[:2]
                    + [b64(signature[:half] + s.to_bytes(half, 'big'))])


def claims_of(i):
    claims = {'sub': 'user%d' % i, 'iat': NOW - i, 'exp': NOW + 60 + i}

    for name in ('name', 'jti', 'x', 'y"', 'é\U0001f600'):
        if rnd.random() < .4:
            claims[name] = rnd.choice(['a', 'é\U0001f600', '"\\/', '\u2028'])

    return json.dumps(claims, ensure_ascii=rnd.random() < .5)


good, ours = [], []

for i in range(ROUNDS):
    for kid, key in keys.items():
        header = {'alg': key['alg'], 'kid': kid}

        if rnd.random() < .5:
            header['typ'] = 'JWT'

        token = make(kid, header, claims_of(i))
        good.append(token)

        if key['alg'].startswith('ES'):
            good.append(malleate(token))

answers = ask([words('v', t.encode()) for t in good])

ok(len(answers) == len(good) and set(answers) == {'ok'},
   '%d tokens are taken' % len(good))
ok(all(taken(t) for t in good), 'by both')

changed = [change(t, good) for t in good for _ in range(5)]
answers = ask([words('v', t.encode()) for t in changed])

loose = [t for t, a in zip(changed, answers) if a == 'ok' and not taken(t)]
strict = [t for t, a in zip(changed, answers)
          if a != 'ok' and taken(t) and not excused(t)]

for t in loose + strict:
    print('# ' + repr(t))

ok(len(answers) == len(changed) and not loose,
   'of %d changed ones none is taken that jwcrypto refuses' % len(changed))
ok(not strict, 'and none refused that jwcrypto takes, without need')


# encryption

with open(encryption) as f:
    master = json.load(f)['keys'][0]


def chat_key(chat):
    secret = HKDF(hashes.SHA256(), 32, b'',
                  b'chatws-encryption-v1\0' + chat.encode())
    return jwk.JWK(kty='oct', k=b64(secret.derive(unb64(master['k']))))


sent, lines = [], []

for i in range(100):
    name = ''.join(rnd.choice('ab"\\/\x01\x1fé\u2028\U0001f600')
                   for _ in range(1 + i % 30))
    mid = rnd.choice(['"msg_%d"' % i, '%d' % i])
    text = json.dumps({'text': 'x' * i + name}).encode()
    iv = bytes(rnd.randrange(256) for _ in range(12))

    sent.append(('c' + name, json.loads(mid), name, text))
    lines.append(words('e', ('c' + name).encode(), mid.encode(),
                       name.encode(), iv, text))

messages = ask(lines)
bad = 0

for message, (chat, mid, sub, text) in zip(messages, sent):
    token = jwe.JWE()
    token.deserialize(message, chat_key(chat))
    header = json.loads(token.objects['protected'])
    bad += token.payload != text
    bad += header != {'alg': 'dir', 'enc': 'A256GCM', 'kid': master['kid'],
                      'chat': chat, 'mid': mid, 'sub': sub}

    try:
        token = jwe.JWE()
        token.deserialize(message, chat_key(chat + 'x'))
        bad += 1
    except JWException:
        pass

ok(len(messages) == 100 and bad == 0, 'jwcrypto decrypts 100 messages')

lines = []

for chat, mid, sub, text in sent:
    token = jwe.JWE(text, json.dumps({'alg': 'dir', 'enc': 'A256GCM',
                                      'kid': master['kid'], 'chat': chat,
                                      'mid': mid, 'sub': sub}))
    token.add_recipient(chat_key(chat))
    lines.append(words('c', token.serialize(compact=True).encode()))

ok(ask(lines) == ['ok'] * 100, 'those of jwcrypto have the same form')

print('1..%d' % test)
