# Copyright (C) chatws contributors
#
# Who is in the chats of the example of an app server, how far they have read,
# and when they were last seen.  nginx knows it while it runs, and tells of
# changes; here it outlives nginx.
#
# A row of "reads" says how many messages of its chat somebody had seen, by
# the count of nginx in an epoch; "counts" says how many messages had been
# stored when that count began, so a count means a message of ours.  A row of
# our own making has no epoch, and counts from the first message.

import json


# Everybody is in a chat without an owner.

def join_all(db):
    db.execute(
        "INSERT OR IGNORE INTO members (chat_id, user)"
        " SELECT chats.id, users.name FROM chats, users"
        " WHERE chats.owner IS NULL")
    db.execute(
        "INSERT OR IGNORE INTO reads (chat_id, user, epoch, seen)"
        " SELECT chat_id, user, '', (SELECT count(*) FROM messages"
        " WHERE messages.chat_id = members.chat_id) FROM members")


# The chats that a new user is in.

def join_public(db, user):
    chats = [row["id"] for row in db.execute(
        "SELECT id FROM chats WHERE owner IS NULL ORDER BY rowid")]

    for chat_id in chats:
        join(db, chat_id, user)

    return chats


# What was said before somebody came is not unread.

def join(db, chat_id, user):
    db.execute("INSERT OR IGNORE INTO members (chat_id, user) VALUES (?, ?)",
               (chat_id, user))
    db.execute(
        "INSERT OR IGNORE INTO reads (chat_id, user, epoch, seen)"
        " SELECT :chat, :user, '', count(*) FROM messages"
        " WHERE chat_id = :chat", {"chat": chat_id, "user": user})


def leave(db, chat_id, user):
    for table in "members", "reads":
        db.execute(f"DELETE FROM {table} WHERE chat_id = ? AND user = ?",
                   (chat_id, user))


# Unread messages by chat, of one user or of all, as rows.

def unread(db, user=None):
    return db.execute(
        "SELECT reads.chat_id, reads.user, max(0,"
        " (SELECT count(*) FROM messages"
        "  WHERE messages.chat_id = reads.chat_id)"
        " - reads.seen - coalesce(counts.base, 0)) AS unread"
        " FROM reads LEFT JOIN counts USING (chat_id, epoch)"
        " WHERE :user IS NULL OR reads.user = :user"
        " ORDER BY reads.chat_id, reads.user", {"user": user}).fetchall()


# What nginx is told at a handshake, see chatws_user_chats.

def chats_of(db, user):
    return json.dumps({row["chat_id"]: row["unread"]
                       for row in unread(db, user)})


# The last message of each who has read some, and who lets others know.

def read_marks(db, chat_id):
    return {row["user"]: row["id"] for row in db.execute(
        "WITH numbered AS (SELECT id, row_number() OVER (ORDER BY number) AS n"
        " FROM messages WHERE chat_id = :chat)"
        " SELECT reads.user, numbered.id FROM reads"
        " LEFT JOIN counts USING (chat_id, epoch)"
        " JOIN numbered ON n = reads.seen + coalesce(counts.base, 0)"
        " WHERE reads.chat_id = :chat AND NOT reads.private"
        " AND reads.epoch != ''", {"chat": chat_id})}


def last_seen(db, chat_id):
    return {row["user"]: row["last_seen"] for row in db.execute(
        "SELECT user, last_seen FROM presence JOIN members USING (user)"
        " WHERE chat_id = ?", (chat_id,))}


# A change of the feed, as nginx tells it; those that are not for us, of
# somebody who is not in the chat for instance, are left out.

def take(db, epoch, change):
    if "seen" in change:
        take_read(db, epoch, change)

    elif "online" in change:
        take_presence(db, change)


# A message is stored before nginx counts it, so more may be stored than were
# counted: the smallest difference is the right one.

def take_read(db, epoch, change):
    values = {
        "chat": change["chatId"],
        "user": change["userId"],
        "epoch": epoch,
        "seen": change["seen"],
        "count": change["seen"] + change["unread"],
        "private": bool(change.get("private")),
    }

    db.execute(
        "INSERT INTO counts (chat_id, epoch, base)"
        " SELECT :chat, :epoch, count(*) - :count FROM messages"
        " WHERE chat_id = :chat"
        " ON CONFLICT (chat_id, epoch) DO UPDATE"
        " SET base = min(base, excluded.base)", values)
    db.execute(
        "UPDATE reads SET epoch = :epoch, seen = :seen, private = :private"
        " WHERE chat_id = :chat AND user = :user", values)


# Nobody is told when somebody was last seen who does not want to be.

def take_presence(db, change):
    if change.get("lastSeen") and not change.get("invisible"):
        db.execute(
            "INSERT INTO presence (user, last_seen) VALUES (?, ?)"
            " ON CONFLICT (user) DO UPDATE SET last_seen = excluded.last_seen",
            (change["userId"], change["lastSeen"]))
