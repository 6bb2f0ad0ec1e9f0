# Copyright (C) chatws contributors
#
# What nginx and the example of an app server tell each other of people: the
# app says who is in which chat, nginx what has changed.  A batch of changes
# and the word that it was taken are stored at once, so whoever is killed when,
# none is lost, and one that comes twice does no harm.

import sqlite3
import threading

import people
import tokens
from database import database


# nginx keeps a question so many seconds until there is a change

WAIT = 25

# entries in a command, and commands in a request

MOST = 1000

# what is between two attempts while nginx is away, in seconds

PAUSE = 1


def start():
    threading.Thread(target=take_for_ever, daemon=True).start()


def take_for_ever():
    pause = threading.Event()

    while True:
        try:
            taken = take()

        except (KeyError, TypeError, ValueError, sqlite3.Error):
            taken = False

        if not taken:
            pause.wait(PAUSE)


# One batch.  An nginx that has lost its memory is told who is in which chat,
# and what is unread; it believes that where it knows nothing better.

def take():
    with database() as db:
        epoch, ack = db.execute("SELECT epoch, ack FROM feed").fetchone()

    question = {"command": "changes", "wait": WAIT}

    if ack is not None:
        question["ack"] = ack

    answer = tokens.ask_nginx(question, WAIT + 5)

    if answer is None:
        return False

    if answer["epoch"] != epoch and not tell_all():
        return False

    with database() as db:
        # what nginx forgets then is on the disk

        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")

        for change in answer["changes"]:
            people.take(db, answer["epoch"], change)

        db.execute("UPDATE feed SET epoch = ?, ack = ?",
                   (answer["epoch"], answer["ack"]))
        db.execute(
            "DELETE FROM counts WHERE NOT EXISTS (SELECT 1 FROM reads"
            " WHERE reads.chat_id = counts.chat_id"
            " AND reads.epoch = counts.epoch)")
        db.execute("COMMIT")

    return True


def tell_all():
    commands = []

    with database() as db:
        for row in people.unread(db):
            if not commands or commands[-1]["chatId"] != row["chat_id"] \
                    or len(commands[-1]["add"]) == MOST:
                commands.append({"command": "members", "add": [],
                                 "chatId": row["chat_id"]})

            commands[-1]["add"].append({"userId": row["user"],
                                        "unread": row["unread"]})

    return all(tokens.tell_nginx(commands[i:i + MOST])
               for i in range(0, len(commands), MOST))
