# Copyright (C) chatws contributors
#
# An example of an app server behind chatws: it stores messages and tells
# what was said; nginx sends the notifications.  FastAPI and SQLite.
#
#   uvicorn app:app --port 3000

import os
import secrets
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Optional

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field


SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    chat_id    TEXT NOT NULL,
    sender     TEXT NOT NULL,
    text       TEXT NOT NULL,
    timestamp  TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS messages_of_chat ON messages (chat_id, number);
"""

# chats that are there before anybody has written

CHATS = ["general", "coffee", "release-party", "chat_1"]


app = FastAPI(title="chatws example")


class NewMessage(BaseModel):
    # Chosen by a client that may have to send again: the answer can get lost.
    id: Optional[str] = Field(None, min_length=1, max_length=64)
    chatId: str = Field(min_length=1, max_length=128)
    text: str = Field(min_length=1, max_length=4000)

    # A real app takes the sender from its session, never from the client.
    sender: str = Field(min_length=1, max_length=128)


def database():
    path = os.environ.get("CHATWS_APP_DB", "chat.db")

    db = sqlite3.connect(path, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")

    return closing(db)


def now():
    time = datetime.now(timezone.utc).isoformat(timespec="milliseconds")

    return time.replace("+00:00", "Z")


def shown(row):
    return {
        "id": row["id"],
        "text": row["text"],
        "sender": row["sender"],
        "timestamp": row["timestamp"],
    }


def failure(status, error, details):
    return JSONResponse(status_code=status, content={
        "type": "error",
        "error": error,
        "details": details,
        "timestamp": now(),
    })


@app.on_event("startup")
def startup():
    with database() as db:
        db.executescript(SCHEMA)


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


# The answer is what nginx publishes, and what the browser gets.  A message that
# comes again is answered, and published, as the first time: who has it knows
# it by its id, and nobody misses it if the first answer did not get to nginx.

@app.post("/api/messages", status_code=201,
          dependencies=[Depends(only_json)])
def post_message(message: NewMessage):
    stored = {
        "id": message.id or "msg_" + secrets.token_hex(8),
        "text": message.text,
        "sender": message.sender,
        "timestamp": now(),
        "chatId": message.chatId,
    }

    with database() as db:
        db.execute(
            "INSERT OR IGNORE INTO messages"
            " (id, chat_id, sender, text, timestamp)"
            " VALUES (:id, :chatId, :sender, :text, :timestamp)", stored)

        first = db.execute("SELECT * FROM messages WHERE id = ?",
                           (stored["id"],)).fetchone()

    stored["timestamp"] = first["timestamp"]

    if stored != {**shown(first), "chatId": first["chat_id"]}:
        raise HTTPException(409, "another message has this id")

    return stored


# What was said in a chat, oldest first: the last messages, or those after
# one that a client has, when it comes back and was away for too long.

@app.get("/api/chats/{chat_id:path}/messages")
def get_messages(chat_id: str, after: Optional[str] = None,
                 limit: int = Query(200, ge=1, le=1000)):
    with database() as db:
        if after is not None:
            last = db.execute(
                "SELECT number FROM messages WHERE id = ? AND chat_id = ?",
                (after, chat_id)).fetchone()

            if last is None:
                raise HTTPException(404, f"no message {after} in this chat")

            rows = db.execute(
                "SELECT * FROM messages WHERE chat_id = ? AND number > ?"
                " ORDER BY number LIMIT ?",
                (chat_id, last["number"], limit)).fetchall()

        else:
            rows = db.execute(
                "SELECT * FROM (SELECT * FROM messages WHERE chat_id = ?"
                " ORDER BY number DESC LIMIT ?) ORDER BY number",
                (chat_id, limit)).fetchall()

    return {"messages": [shown(row) for row in rows]}


# The chats with their last messages; "history" tells the demo's page that
# there is more to ask for.

@app.get("/api/chats")
def get_chats():
    with database() as db:
        rows = db.execute(
            "SELECT * FROM messages WHERE number IN"
            " (SELECT max(number) FROM messages GROUP BY chat_id)"
            " ORDER BY number DESC LIMIT 100").fetchall()

    last = {row["chat_id"]: shown(row) for row in rows}
    names = CHATS + [name for name in last if name not in CHATS]

    return {
        "chats": [{"id": name, "lastMessage": last.get(name)}
                  for name in names],
        "history": True,
    }
