# Copyright (C) chatws contributors
#
# What the example of an app server keeps, in a file of SQLite: accounts,
# sessions, keys, chats with their members, messages, and what nginx tells of
# people.

import os
import sqlite3
from contextlib import closing

import people


SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    name       TEXT PRIMARY KEY,
    salt       BLOB NOT NULL,
    password   BLOB NOT NULL,
    number     INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS sessions (
    id         BLOB PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES users (name),
    expires    INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS keys (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    kid        TEXT NOT NULL UNIQUE,
    secret     BLOB NOT NULL,
    made       INTEGER NOT NULL,
    retired    INTEGER
);

CREATE TABLE IF NOT EXISTS chats (
    id         TEXT PRIMARY KEY,
    owner      TEXT REFERENCES users (name)
);

CREATE TABLE IF NOT EXISTS members (
    chat_id    TEXT NOT NULL REFERENCES chats (id),
    user       TEXT NOT NULL REFERENCES users (name),
    PRIMARY KEY (chat_id, user)
);

CREATE TABLE IF NOT EXISTS messages (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    chat_id    TEXT NOT NULL,
    sender     TEXT NOT NULL,
    text       TEXT NOT NULL,
    timestamp  TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS files (
    id         TEXT PRIMARY KEY REFERENCES messages (id),
    size       INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS reads (
    chat_id    TEXT NOT NULL REFERENCES chats (id),
    user       TEXT NOT NULL REFERENCES users (name),
    epoch      TEXT NOT NULL,
    seen       INTEGER NOT NULL,
    private    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chat_id, user)
);

CREATE TABLE IF NOT EXISTS counts (
    chat_id    TEXT NOT NULL REFERENCES chats (id),
    epoch      TEXT NOT NULL,
    base       INTEGER NOT NULL,
    PRIMARY KEY (chat_id, epoch)
);

CREATE TABLE IF NOT EXISTS presence (
    user       TEXT PRIMARY KEY REFERENCES users (name),
    last_seen  TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS feed (
    number     INTEGER PRIMARY KEY CHECK (number = 1),
    epoch      TEXT,
    ack        TEXT
);

INSERT OR IGNORE INTO feed (number) VALUES (1);

CREATE INDEX IF NOT EXISTS messages_of_chat ON messages (chat_id, number);
"""

# chats that are everybody's, and there before anybody has written

CHATS = ["general", "coffee", "release-party", "chat_1"]


def database():
    path = os.environ.get("CHATWS_APP_DB", "chat.db")

    # passwords and keys are nobody else's

    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))

    db = sqlite3.connect(path, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")

    return closing(db)


def prepare():
    with database() as db:
        db.executescript(SCHEMA)
        db.executemany("INSERT OR IGNORE INTO chats (id) VALUES (?)",
                       [(name,) for name in CHATS])
        people.join_all(db)


# A chat without an owner is everybody's.

def may_enter(db, user, chat_id):
    return db.execute(
        "SELECT 1 FROM chats WHERE id = :chat AND (owner IS NULL OR EXISTS"
        " (SELECT 1 FROM members WHERE chat_id = :chat AND user = :user))",
        {"chat": chat_id, "user": user}).fetchone() is not None


def owner_of(db, chat_id):
    row = db.execute("SELECT owner FROM chats WHERE id = ?",
                     (chat_id,)).fetchone()

    return row and row["owner"]
