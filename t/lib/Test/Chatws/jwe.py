# Copyright (C) chatws contributors
#
# Encrypted messages, with Python's jwcrypto: reads one JSON text a line, and
# writes one, for Jwe.pm.

import json
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwcrypto import jwe, jwk
from jwcrypto.common import base64url_decode, base64url_encode


def chat_key(k, chat):
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None,
                   info=b'chatws-encryption-v1\0' + chat.encode())
    return jwk.JWK(kty='oct', k=base64url_encode(
        derived.derive(base64url_decode(k))))


def answer(op, k=None, chat=None, enc=None, header=None, hidden=None,
           byte=None):
    if op == 'master':
        return {'k': base64url_encode(bytes([byte]) * 32)}

    if op == 'open':
        token = jwe.JWE()
        token.deserialize(enc, key=chat_key(k, chat))
        return {'header': json.loads(token.objects['protected']),
                'hidden': json.loads(token.payload)}

    protected = {'alg': 'dir', 'enc': 'A256GCM', **header}
    protected = {k: v for k, v in protected.items() if v is not None}
    token = jwe.JWE(json.dumps(hidden).encode(), json.dumps(protected))
    token.add_recipient(chat_key(k, header['chat'] if chat is None else chat))
    return {'enc': token.serialize(compact=True)}


for line in sys.stdin:
    try:
        result = answer(**json.loads(line))
    except Exception as error:
        result = {'error': repr(error)}

    print(json.dumps(result), flush=True)
