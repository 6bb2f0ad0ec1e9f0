# Copyright (C) chatws contributors
#
# Keys of messages, of the example of an app server.  nginx encrypts with the
# first key of a file; members of a chat get the key that is derived from it
# for their chat, and open with it what nginx has encrypted.

import hmac
import json
import os
import secrets

from tokens import decode, encode, write_secret


LABEL = b"chatws-encryption-v1\0"

# older keys are kept for the messages that they have encrypted

KEPT = 10


def path():
    return os.environ.get("CHATWS_APP_ENCRYPTION", "encryption.jwks")


def read():
    try:
        with open(path(), encoding="ascii") as file:
            return json.load(file)["keys"]

    except FileNotFoundError:
        return []


def prepare():
    if not read():
        rotate()


# Members can ask for the new key before nginx has read it.

def rotate():
    key = {
        "kty": "oct",
        "use": "enc",
        "kid": secrets.token_hex(8),
        "k": encode(secrets.token_bytes(32)),
    }

    write_secret(path(), json.dumps({"keys": [key] + read()[:KEPT - 1]}))


# HKDF with SHA-256, RFC 5869, of which one block is enough.  None: there is no
# key of this id.

def chat_key(kid, chat_id):
    for key in read():
        if key["kid"] == kid:
            whole = hmac.digest(bytes(32), decode(key["k"]), "sha256")
            info = LABEL + chat_id.encode() + b"\1"

            return encode(hmac.digest(whole, info, "sha256"))

    return None
