# Copyright (C) chatws contributors
#
# An example of an app server behind chatws: people log in with a password,
# and get tokens for nginx; it has the messages and says who may be in a chat;
# nginx sends the notifications.  FastAPI and SQLite.
#
#   uvicorn app:app --port 3000

import hashlib
import hmac
import secrets
import sqlite3
import time
from datetime import datetime, timezone
from http import HTTPStatus
from typing import List, Optional

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

import changes
import database as store
import encryption
import files
import people
import tokens
from database import database


COOKIE = "chatws_session"
SESSION = 7 * 24 * 3600

RIGHTS = ["subscribe", "typing", "send"]

# for how long nginx may believe what it is told of rights, in seconds

VALID = 60

# what is before a token among the subprotocols of a WebSocket

BEARER = "chatws.bearer."


app = FastAPI(title="chatws example", docs_url=None, redoc_url=None,
              openapi_url=None)


class Account(BaseModel):
    name: str = Field(min_length=1, max_length=32)
    password: str = Field(min_length=1, max_length=128)


class NewChat(BaseModel):
    id: str = Field(min_length=1, max_length=64)


class Member(BaseModel):
    name: str = Field(min_length=1, max_length=32)


class NewMessage(BaseModel):
    # Chosen by a client that may have to send again: the answer can get lost.
    id: Optional[str] = Field(None, min_length=1, max_length=64)
    chatId: str = Field(min_length=1, max_length=128)
    text: str = Field(min_length=1, max_length=4000)


class AccessQuestion(BaseModel):
    userId: str
    chats: List[str]


def now():
    time = datetime.now(timezone.utc).isoformat(timespec="milliseconds")

    return time.replace("+00:00", "Z")


def shown(row):
    message = {
        "id": row["id"],
        "text": row["text"],
        "sender": row["sender"],
        "timestamp": row["timestamp"],
    }

    if row["size"] is not None:
        message["file"] = {"name": row["text"], "size": row["size"]}

    return message


def failure(status, error, details):
    return JSONResponse(status_code=status, content={
        "type": "error",
        "error": error,
        "details": details,
        "timestamp": now(),
    })


@app.on_event("startup")
def startup():
    store.prepare()
    tokens.prepare()
    encryption.prepare()
    files.prepare()


app.add_event_handler("startup", changes.start)


@app.exception_handler(RequestValidationError)
def invalid(request, exc):
    first = exc.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])

    return failure(400, "Invalid message", f"{where}: {first['msg']}")


@app.exception_handler(HTTPException)
def refused(request, exc):
    error = HTTPStatus(exc.status_code).phrase.capitalize()

    return failure(exc.status_code, error, exc.detail)


# FastAPI takes a body without a content type for JSON.  A page of another
# origin may send that with somebody's cookies, and all other types but JSON,
# without asking first.

def only_json(request: Request):
    kind = request.headers.get("content-type", "").partition(";")[0]

    if kind.strip().lower() != "application/json":
        raise HTTPException(415, "Content-Type must be application/json")


# --- people

def hashed(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=1 << 14, r=8, p=1)


def check_name(name):
    if not name.isprintable() or name != name.strip():
        raise HTTPException(400, "this is no name")


def logged_in(request: Request):
    cookie = request.cookies.get(COOKIE, "")

    with database() as db:
        row = db.execute(
            "SELECT user FROM sessions WHERE id = ? AND expires > ?",
            (hashlib.sha256(cookie.encode()).digest(), int(time.time()))
        ).fetchone()

    if row is None:
        raise HTTPException(401, "nobody is logged in")

    return row["user"]


# The first one who comes is the one who may rotate keys.

def is_admin(db, user):
    return db.execute("SELECT number FROM users WHERE name = ?",
                      (user,)).fetchone()["number"] == 1


def begin_session(db, request, response, user):
    cookie = secrets.token_urlsafe(32)

    db.execute("DELETE FROM sessions WHERE expires < ?", (int(time.time()),))
    db.execute("INSERT INTO sessions (id, user, expires) VALUES (?, ?, ?)",
               (hashlib.sha256(cookie.encode()).digest(), user,
                int(time.time()) + SESSION))

    # of no use to scripts, and not sent by pages of other sites

    response.set_cookie(
        COOKIE, cookie, max_age=SESSION, httponly=True, samesite="strict",
        secure=request.headers.get("x-forwarded-proto") == "https")

    return {"name": user, "isAdmin": is_admin(db, user)}


@app.post("/api/users", status_code=201, dependencies=[Depends(only_json)])
def sign_up(account: Account, request: Request, response: Response):
    check_name(account.name)
    salt = secrets.token_bytes(16)
    password = hashed(account.password, salt)

    with database() as db:
        try:
            db.execute(
                "INSERT INTO users (name, salt, password, number)"
                " SELECT ?, ?, ?, count(*) + 1 FROM users",
                (account.name, salt, password))

        except sqlite3.IntegrityError as error:
            raise HTTPException(409, "this name is taken") from error

        public = people.join_public(db, account.name)
        session = begin_session(db, request, response, account.name)

    tokens.tell_nginx([{"command": "members", "chatId": chat_id,
                        "add": [account.name]} for chat_id in public])

    return session


@app.post("/api/login", dependencies=[Depends(only_json)])
def log_in(account: Account, request: Request, response: Response):
    with database() as db:
        row = db.execute("SELECT * FROM users WHERE name = ?",
                         (account.name,)).fetchone()

        # a name that is not known takes as long

        given = hashed(account.password, row["salt"] if row else b"-" * 16)

        if row is None or not hmac.compare_digest(given, row["password"]):
            raise HTTPException(403, "the name or the password is wrong")

        return begin_session(db, request, response, account.name)


@app.post("/api/logout", status_code=204)
def log_out(request: Request, response: Response):
    cookie = request.cookies.get(COOKIE, "")

    with database() as db:
        db.execute("DELETE FROM sessions WHERE id = ?",
                   (hashlib.sha256(cookie.encode()).digest(),))

    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


@app.get("/api/me")
def who_am_i(user: str = Depends(logged_in)):
    with database() as db:
        return {"name": user, "isAdmin": is_admin(db, user)}


# --- tokens and keys

# What the page shows to nginx.

@app.post("/api/token")
def get_token(user: str = Depends(logged_in)):
    return {"token": tokens.sign({"sub": user, "name": user})}


# From now on the key signs that nginx has known since the last time.

@app.post("/api/keys")
def rotate_keys(user: str = Depends(logged_in)):
    with database() as db:
        if not is_admin(db, user):
            raise HTTPException(403, "the keys are the administrator's")

    if not tokens.rotate():
        raise HTTPException(409, "nginx has to read the last one first")

    encryption.rotate()

    return {"reloaded": tokens.reload_nginx()}


# --- rights

# nginx asks: chatws_access_pass.  Nobody else may, so nginx must not pass
# requests on to /internal/.

@app.post("/internal/access", dependencies=[Depends(only_json)])
def access(question: AccessQuestion):
    with database() as db:
        return {
            "chats": {
                chat: RIGHTS if store.may_enter(db, question.userId, chat)
                else [] for chat in question.chats
            },
            "valid": VALID,
        }


# nginx asks at a handshake: which chats has the user, and what is unread in
# them?  It is the token that says who that is, to nginx as well.

@app.get("/internal/chats", status_code=204)
def chats_of(request: Request, response: Response):
    offered = request.headers.get("sec-websocket-protocol", "").split(",")
    shown = [one.strip()[len(BEARER):] for one in offered
             if one.strip().startswith(BEARER)]
    user = tokens.user_of(shown[0]) if shown else None

    if user is not None:
        with database() as db:
            response.headers["X-Chats"] = people.chats_of(db, user)


def check_access(db, user, chat_id):
    if not store.may_enter(db, user, chat_id):
        raise HTTPException(403, "you are not in this chat")


def check_owner(db, user, chat_id):
    if store.owner_of(db, chat_id) != user:
        raise HTTPException(403, "this chat is not yours")


# A chat of one's own, with those whom its owner lets in.

@app.post("/api/chats", status_code=201, dependencies=[Depends(only_json)])
def make_chat(chat: NewChat, user: str = Depends(logged_in)):
    check_name(chat.id)

    with database() as db:
        db.execute("BEGIN IMMEDIATE")

        try:
            db.execute("INSERT INTO chats (id, owner) VALUES (?, ?)",
                       (chat.id, user))

        except sqlite3.IntegrityError as error:
            db.execute("ROLLBACK")
            raise HTTPException(409, "there is a chat of this name") from error

        people.join(db, chat.id, user)
        db.execute("COMMIT")

    let_in(chat.id, user)

    return {"id": chat.id, "owner": user}


@app.get("/api/chats/{chat_id:path}/members")
def get_members(chat_id: str, user: str = Depends(logged_in)):
    with database() as db:
        check_access(db, user, chat_id)

        rows = db.execute("SELECT user FROM members WHERE chat_id = ?"
                          " ORDER BY user", (chat_id,)).fetchall()

        return {"owner": store.owner_of(db, chat_id),
                "members": [row["user"] for row in rows],
                "lastSeen": people.last_seen(db, chat_id)}


# What nginx was told before does not count any more.

def let_in(chat_id, user):
    tokens.tell_nginx([
        {"command": "forget", "userId": user, "chatId": chat_id},
        {"command": "members", "chatId": chat_id, "add": [user]},
    ])


@app.post("/api/chats/{chat_id:path}/members", status_code=204,
          dependencies=[Depends(only_json)])
def add_member(chat_id: str, member: Member,
               user: str = Depends(logged_in)):
    with database() as db:
        check_owner(db, user, chat_id)

        if db.execute("SELECT 1 FROM users WHERE name = ?",
                      (member.name,)).fetchone() is None:
            raise HTTPException(404, f"there is no {member.name}")

        people.join(db, chat_id, member.name)

    let_in(chat_id, member.name)


# Out of the database first: nginx may ask at once.

@app.delete("/api/chats/{chat_id:path}/members", status_code=204)
def remove_member(chat_id: str, name: str, user: str = Depends(logged_in)):
    with database() as db:
        check_owner(db, user, chat_id)

        if name == user:
            raise HTTPException(400, "the owner stays")

        people.leave(db, chat_id, name)

    if not tokens.tell_nginx({"command": "members", "chatId": chat_id,
                              "remove": [name]}):
        raise HTTPException(502, "removed, but nginx has not been told")


# What members of the chat need where nginx encrypts: chatws_encrypt.

@app.get("/api/chats/{chat_id:path}/key")
def get_key(chat_id: str, kid: str, response: Response,
            user: str = Depends(logged_in)):
    with database() as db:
        check_access(db, user, chat_id)

    key = encryption.chat_key(kid, chat_id)

    if key is None:
        raise HTTPException(404, "there is no key of this id")

    response.headers["Cache-Control"] = "no-store"

    return {"kid": kid, "k": key}


# --- messages

MESSAGES = "SELECT messages.*, size FROM messages LEFT JOIN files USING (id)"


# The answer is what nginx publishes, and what the browser gets.  A message that
# comes again is answered, and published, as the first time: who has it knows
# it by its id, and nobody misses it if the first answer did not get to nginx.

@app.post("/api/messages", status_code=201,
          dependencies=[Depends(only_json)])
def post_message(message: NewMessage, user: str = Depends(logged_in)):
    stored = {
        "id": message.id or "msg_" + secrets.token_hex(8),
        "text": message.text,
        "sender": user,
        "timestamp": now(),
        "chatId": message.chatId,
    }

    with database() as db:
        check_access(db, user, message.chatId)

        db.execute(
            "INSERT OR IGNORE INTO messages"
            " (id, chat_id, sender, text, timestamp)"
            " VALUES (:id, :chatId, :sender, :text, :timestamp)", stored)

        first = db.execute(f"{MESSAGES} WHERE messages.id = ?",
                           (stored["id"],)).fetchone()

    stored["timestamp"] = first["timestamp"]

    if stored != {**shown(first), "chatId": first["chat_id"]}:
        raise HTTPException(409, "another message has this id")

    return stored


# What was said in a chat, oldest first: the last messages, or those after
# one that a client has, when it comes back and was away for too long.

@app.get("/api/chats/{chat_id:path}/messages")
def get_messages(chat_id: str, after: Optional[str] = None,
                 limit: int = Query(200, ge=1, le=1000),
                 user: str = Depends(logged_in)):
    with database() as db:
        check_access(db, user, chat_id)

        if after is not None:
            last = db.execute(
                "SELECT number FROM messages WHERE id = ? AND chat_id = ?",
                (after, chat_id)).fetchone()

            if last is None:
                raise HTTPException(404, f"no message {after} in this chat")

            rows = db.execute(
                f"{MESSAGES} WHERE chat_id = ? AND number > ?"
                " ORDER BY number LIMIT ?",
                (chat_id, last["number"], limit)).fetchall()

        else:
            rows = db.execute(
                f"SELECT * FROM ({MESSAGES} WHERE chat_id = ?"
                " ORDER BY number DESC LIMIT ?) ORDER BY number",
                (chat_id, limit)).fetchall()

        return {"messages": [shown(row) for row in rows],
                "reads": people.read_marks(db, chat_id)}


# A file comes as it is, and is a message then, whose text is its name; what
# the answer says is published.

@app.post("/api/chats/{chat_id:path}/files", status_code=201)
async def post_file(chat_id: str, request: Request,
                    name: str = Query(min_length=1, max_length=200),
                    user: str = Depends(logged_in)):
    check_name(name)

    with database() as db:
        check_access(db, user, chat_id)

    stored = {
        "id": "msg_" + secrets.token_hex(8),
        "text": name,
        "sender": user,
        "chatId": chat_id,
    }

    try:
        size = await files.receive(stored["id"], request.stream())

    except ClientDisconnect as error:
        raise HTTPException(400, "the file is not whole") from error

    stored["timestamp"] = now()
    stored["file"] = {"name": name, "size": size}

    with database() as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "INSERT INTO messages (id, chat_id, sender, text, timestamp)"
            " VALUES (:id, :chatId, :sender, :text, :timestamp)", stored)
        db.execute("INSERT INTO files (id, size) VALUES (?, ?)",
                   (stored["id"], size))
        db.execute("COMMIT")

    return stored


# Whatever it says to be, it is for the disk.

@app.get("/api/files/{file_id}")
def get_file(file_id: str, user: str = Depends(logged_in)):
    with database() as db:
        row = db.execute(f"{MESSAGES} WHERE messages.id = ?",
                         (file_id,)).fetchone()

        if row is None or row["size"] is None:
            raise HTTPException(404, "there is no file of this id")

        check_access(db, user, row["chat_id"])

    return FileResponse(
        files.path(file_id), filename=row["text"],
        media_type="application/octet-stream",
        headers={"X-Content-Type-Options": "nosniff",
                 "Content-Security-Policy": "sandbox"})


# Somebody's chats with their last messages; "history" tells the demo's page
# that there is more to ask for, "login" that there are accounts.

@app.get("/api/chats")
def get_chats(request: Request):
    try:
        user = logged_in(request)

    except HTTPException:
        return {"chats": [], "history": True, "login": True,
                "upload": "api/chats/{chat}/files"}

    with database() as db:
        rows = db.execute(
            "SELECT * FROM chats WHERE owner IS NULL OR id IN"
            " (SELECT chat_id FROM members WHERE user = ?)"
            " ORDER BY owner IS NOT NULL, rowid LIMIT 200",
            (user,)).fetchall()

        last = {row["chat_id"]: shown(row) for row in db.execute(
            f"{MESSAGES} WHERE number IN"
            " (SELECT max(number) FROM messages GROUP BY chat_id)")}

        return {
            "chats": [{"id": row["id"], "owner": row["owner"],
                       "lastMessage": last.get(row["id"])} for row in rows],
            "history": True,
            "login": True,
            "upload": "api/chats/{chat}/files",
            "user": {"name": user, "isAdmin": is_admin(db, user)},
        }


# python3 app.py: makes the file of keys, which nginx wants to read first.

if __name__ == "__main__":
    startup()
