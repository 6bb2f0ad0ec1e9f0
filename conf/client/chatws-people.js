/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * People: what the browser client knows of the chats of its user, and of those
 * who are in them.  Loaded by those alone who use some of it.
 */

import { Activity, watchRead } from './chatws-activity.js';
import { Presence } from './chatws-presence.js';
import { Unread } from './chatws-unread.js';

/* states after which nothing more is told of an upload */
const ends = ['done', 'failed', 'aborted', 'lost'];


/*
 * "host" is the client: its chats, and state(), isOver(), send(), emit(),
 * notify(), forget(); isNew(), there is nothing to go on from.
 *
 * All that is kept comes from what the server has said in absolute numbers.
 */

export class People {
    features = [];
    me;
    asked;  /* the argument "chats" of this connection */
    isCut = false;  /* the list of chats has some that the server has not
                       subscribed us to */

    #options;
    #host;
    #unread;
    #presence;
    #uploads = new Map();  /* user and id: { upload, timer } */
    #mine = new Set();  /* those of this page, which knows better */
    #ends = new Set();  /* of what goes on */
    #epoch;
    #list;  /* the pages that have come: { chats, userSeq } */
    #chats = new Set();  /* the user's */
    #news = new Map();  /* chat: userSeq, of chat_added and chat_removed */

    constructor(options, host) {
        this.#options = options;
        this.#host = host;
        this.#unread = new Unread(this, host);
        this.#presence = new Presence(this, host, options.presence);
    }

    has(feature) {
        return this.features.includes(feature);
    }

    /* of the address, each time that it is made */

    get args() {
        const { chats, state } = this.#options;

        this.asked = chats && (this.#host.isNew() ? 'live' : 'resume');

        return { chats: this.asked, state: state ? 1 : null,
            presence: this.#presence.argument };
    }

    /* false: it is not to be told */

    hear(data) {
        const { type, chatId, epoch, seq } = data;

        if (type === 'connected') {
            this.#begin(data);

        } else if (!this.features[0]) {
            return undefined;

        } else if (type === 'subscription_confirmed') {
            if (data.action === 'subscribe' && this.#isOurs(chatId)) {
                this.#unread.confirm(chatId, data, epoch);
            }

        } else if (type === 'resumed') {
            for (const [name, one] of Object.entries(data.chats)) {
                if (!one.error && this.#isOurs(name)) {
                    this.#unread.confirm(name, one, one.epoch ?? epoch);
                }
            }

        } else if (seq !== undefined) {
            this.#unread.message(data, this.#host.chats.get(chatId)?.epoch);

        } else {
            return this.#change(data);
        }

        return undefined;
    }

    #isOurs(chatId) {
        return this.#chats.has(chatId) || this.#host.chats.has(chatId);
    }

    /* what is no notification with a number of a chat */

    #change(data) {
        const { type, chatId } = data;

        switch (type) {
        case 'chats':
            this.#page(data);
            break;

        case 'chat_added':
            this.#add(data);
            break;

        case 'chat_removed':
            this.#news.set(chatId, data.userSeq);
            this.#chats.delete(chatId);
            this.forget(chatId);
            break;

        case 'unread':

            /* of another chat nothing would tell how it goes on */

            if (this.#isOurs(chatId)) {
                this.#unread.set(chatId, data);
            }

            break;

        case 'chat_state':
            this.#unread.state(data);

            if (data.presence) {
                this.#presence.hear(chatId, data.presence, true);
            }

            break;

        case 'presence':
            this.#presence.hear(chatId, data, data.reset);
            break;

        case 'read_receipt':
            this.#unread.receipt(data);
            break;

        case 'upload_progress':
            return this.#upload(data);

        default:
        }

        return undefined;
    }

    #begin({ userId, userSeq, epoch, features = [] }) {
        if (this.#epoch !== epoch) {
            this.#news.clear();
            this.#unread.drop(this.#epoch);
            this.#presence.doubt();
        }

        this.me = userId;
        this.features = userSeq === undefined ? [] : features;
        this.#epoch = epoch;
        this.#list = undefined;
        this.#unread.again();
        this.#presence.again();
    }

    /*
     * A list replaces what was known, but not what is newer: chats that were
     * added or removed behind the number at which it was made.
     */

    #page({ chats, first, more, userSeq, epoch }) {
        if (first || !this.#list) {
            this.#list = new Set();
        }

        const isNewer = (chatId) => this.#news.get(chatId) > userSeq;

        for (const [chatId, one] of Object.entries(chats)) {
            if (!isNewer(chatId)) {
                this.#list.add(chatId);
                this.#chats.add(chatId);
                this.#hold(chatId, one.last, one.epoch ?? epoch);
                this.#unread.confirm(chatId, { marked: false, muted: false,
                    ...one }, one.epoch ?? epoch);
            }
        }

        if (more === true) {
            return;
        }

        for (const chatId of this.#chats) {
            if (isNewer(chatId)) {
                this.#list.add(chatId);

            } else if (!this.#list.has(chatId)) {
                this.#chats.delete(chatId);
                this.#unread.forget(chatId);
            }
        }

        this.#news.forEach((number, chatId) =>
            isNewer(chatId) || this.#news.delete(chatId));

        this.#release(this.#list);
        this.isCut = more === 'limit';
        this.#list = undefined;
    }

    /* The server keeps the user in this chat: our subscription, too. */

    #hold(chatId, last, epoch) {
        const { chats } = this.#host;
        const chat = chats.get(chatId) ?? { users: 0 };

        if (!chat.held) {
            chat.held = true;
            chat.users++;
            chats.set(chatId, chat);
        }

        if (chat.epoch !== epoch) {
            chat.seq = last;
            chat.epoch = epoch;
        }
    }

    #release(list) {
        for (const [chatId, chat] of this.#host.chats) {
            if (chat.held && !list.has(chatId)) {
                chat.held = false;
                chat.users--;

                if (chat.users === 0) {
                    this.#host.forget(chatId);
                }
            }
        }
    }

    #add({ chatId, userSeq, epoch, ...numbers }) {
        this.#news.set(chatId, userSeq);
        this.#chats.add(chatId);

        if (this.asked) {
            this.#hold(chatId, numbers.last, epoch);
        }

        this.#unread.add(chatId, numbers, epoch);
    }

    /* What the server says of a request of ours. */

    refused(data) {
        return this.#unread.refused(data) || this.#presence.refused(data);
    }

    lost() {
        this.#unread.lost();
        this.#list = undefined;
    }

    ended() {
        this.#uploads.forEach(({ timer }) => clearTimeout(timer));
        this.#uploads.clear();
        this.#unread.ended();
        this.#presence.ended();
    }

    forget(chatId) {
        this.#unread.forget(chatId);
        this.#presence.forget(chatId);

        for (const [key, { upload, timer }] of this.#uploads) {
            if (upload.chatId === chatId && upload.userId !== this.me) {
                clearTimeout(timer);
                this.#uploads.delete(key);
            }
        }
    }

    /* --- the user's chats, and what is read of them */

    get userChats() {
        return [...this.#chats];
    }

    chat(chatId) {
        return this.#unread.chat(chatId);
    }

    get unreadTotal() {
        return this.#unread.total;
    }

    get unreadChats() {
        return this.#unread.chats;
    }

    unread(chatId) {
        return this.#unread.of(chatId);
    }

    read(chatId, seq, how) {
        this.#unread.read(chatId, seq, how);
    }

    mark(chatId, isUnread) {
        this.#unread.mark(chatId, isUnread);
    }

    autoRead(...what) {
        return this.#until(watchRead(...what));
    }

    reads(chatId) {
        return this.#unread.reads(chatId);
    }

    delivered(chatId) {
        return this.#unread.delivered(chatId);
    }

    readBy(chatId, seq) {
        return this.#unread.readBy(chatId, seq);
    }

    tick(chatId, seq) {
        return this.#unread.tick(chatId, seq);
    }

    /* --- who is there */

    people(chatId) {
        return this.#presence.people(chatId);
    }

    presence(userId) {
        return this.#presence.state(userId);
    }

    lastSeen(userId) {
        return this.#presence.lastSeen(userId);
    }

    setPresence(state) {
        this.#presence.say(state);
    }

    askPresence(chatId, userIds) {
        this.#presence.ask(chatId, userIds);
    }

    watch(userIds) {
        return this.#presence.watch(userIds);
    }

    autoAway(time) {
        const activity = new Activity(time, (isAway) =>
            this.#presence.away(isAway));

        return this.#until(() => activity.end());
    }

    /* What goes on until the page ends it, or the client is closed. */

    #until(end) {
        const once = () => {
            if (this.#ends.delete(once)) {
                end();
            }
        };

        this.#ends.add(once);

        return once;
    }

    close() {
        this.#ends.forEach((end) => end());
    }

    /* --- uploads */

    uploads(chatId) {
        return [...this.#uploads.values()].map(({ upload }) => upload)
            .filter((one) => chatId === undefined || one.chatId === chatId);
    }

    /* One of this page: what it has sent, not what the server says of it. */

    uploading(progress) {
        const data = { type: 'upload_progress', userId: this.me ??
            this.#options.userId ?? '', ...progress };

        this.#mine.add(data.uploadId);
        this.#put(data);

        if (ends.includes(data.state)) {
            this.#mine.delete(data.uploadId);
        }

        this.#host.notify(data);
    }

    #upload(data) {
        const isMine = data.userId === this.me
            && this.#mine.has(data.uploadId);

        if (!isMine) {
            this.#put(data);
        }

        return !isMine;
    }

    #put({ type, timestamp, ...upload }) {
        const key = JSON.stringify([upload.userId, upload.uploadId]);

        clearTimeout(this.#uploads.get(key)?.timer);
        this.#uploads.delete(key);

        if (ends.includes(upload.state)) {
            return;
        }

        const timer = this.#mine.has(upload.uploadId) ? undefined
            : setTimeout(() => {
                const lost = { ...upload, state: 'lost' };

                this.#uploads.delete(key);
                this.#host.notify({ type, ...lost, timestamp });
            }, this.#options.uploadLost);

        this.#uploads.set(key, { upload, timer });
    }
}
