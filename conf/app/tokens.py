# Copyright (C) chatws contributors
#
# Tokens of the example of an app server, and the keys that sign them: nginx
# reads these from a file.  The same tokens let the app command nginx.

import base64
import hashlib
import hmac
import json
import os
import secrets
import subprocess
import time
import urllib.request
from http.client import HTTPException

from database import database


ISSUER = "chatws-app"
AUDIENCE = "chatws"
LIFETIME = int(os.environ.get("CHATWS_APP_TOKEN_LIFETIME", "600"))

# nginx has to have read a key before tokens of it come: so many seconds are
# between two of them

SETTLE = int(os.environ.get("CHATWS_APP_SETTLE", "10"))

# no proxy stands between the app and its nginx

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# As a whole, and for nobody else to read.

def write_secret(path, text):
    new = f"{path}.{os.getpid()}.new"
    handle = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)

    with open(handle, "w", encoding="ascii") as file:
        file.write(text)

    os.replace(new, path)


# The first key that is not retired signs; the next one is in the file already,
# and those that are retired are still there for the tokens that they signed.

def make_key(db):
    db.execute("INSERT INTO keys (kid, secret, made) VALUES (?, ?, ?)",
               (secrets.token_hex(8), secrets.token_bytes(32),
                int(time.time())))


def write_keys(db):
    path = os.environ.get("CHATWS_APP_KEYS", "keys.jwks")
    rows = db.execute("SELECT * FROM keys ORDER BY number").fetchall()

    write_secret(path, json.dumps({"keys": [{
        "kty": "oct",
        "alg": "HS256",
        "kid": row["kid"],
        "k": encode(row["secret"]),
    } for row in rows]}))


def prepare():
    with database() as db:
        db.execute("BEGIN IMMEDIATE")

        while db.execute("SELECT count(*) FROM keys WHERE retired IS NULL"
                         ).fetchone()[0] < 2:
            make_key(db)

        write_keys(db)
        db.execute("COMMIT")


# False: the last time was a moment ago.

def rotate():
    now = int(time.time())

    with database() as db:
        db.execute("BEGIN IMMEDIATE")

        if db.execute("SELECT max(made) FROM keys").fetchone()[0] \
                > now - SETTLE:
            db.execute("ROLLBACK")
            return False

        db.execute(
            "UPDATE keys SET retired = ? WHERE number ="
            " (SELECT min(number) FROM keys WHERE retired IS NULL)", (now,))
        db.execute("DELETE FROM keys WHERE retired < ?",
                   (now - LIFETIME - 60,))
        make_key(db)
        write_keys(db)
        db.execute("COMMIT")

    return True


# How make run-app reloads nginx; else somebody has to do it.

def reload_nginx():
    command = os.environ.get("CHATWS_APP_RELOAD")

    if not command:
        return False

    return subprocess.run(command, shell=True, timeout=10,
                          check=False).returncode == 0


def sign(claims, lifetime=LIFETIME):
    with database() as db:
        key = db.execute("SELECT * FROM keys WHERE retired IS NULL"
                         " ORDER BY number LIMIT 1").fetchone()

    now = int(time.time())
    header = {"typ": "JWT", "alg": "HS256", "kid": key["kid"]}
    claims = {
        **claims,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + lifetime,
        "jti": secrets.token_hex(8),
    }

    text = ".".join(encode(json.dumps(part).encode())
                    for part in (header, claims))
    signature = hmac.new(key["secret"], text.encode(), hashlib.sha256).digest()

    return f"{text}.{encode(signature)}"


# Whose token it is that nginx has been shown; None: nobody's.

def user_of(token):
    head, _, signature = token.rpartition(".")

    try:
        header, claims = (json.loads(decode(part))
                          for part in head.split("."))

        with database() as db:
            key = db.execute("SELECT secret FROM keys WHERE kid = ?",
                             (header["kid"],)).fetchone()

        good = hmac.digest(key["secret"], head.encode(), "sha256")

        if hmac.compare_digest(good, decode(signature)) \
                and claims["exp"] > time.time():
            return claims["sub"]

    except (KeyError, TypeError, ValueError):
        pass

    return None


# A command for nginx, or several, see chatws_api.  None: nobody has heard it.

def ask_nginx(command, timeout=5):
    url = os.environ.get("CHATWS_APP_API",
                         "http://127.0.0.1:8000/internal/chatws")
    token = sign({"sub": "app", "chatws": ["write"]}, 60)
    request = urllib.request.Request(url, json.dumps(command).encode(), {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
    })

    try:
        with opener.open(request, timeout=timeout) as answer:
            return json.load(answer)

    except (OSError, HTTPException):
        return None


def tell_nginx(command):
    return ask_nginx(command) is not None
