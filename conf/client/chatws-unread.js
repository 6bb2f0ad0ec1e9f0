/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * What is read: how far the user of the browser client has read, which is
 * never counted here but taken from what the server says; and how far others
 * have.
 */

/* what is told at once: how long after a message, and in how many chats */
const REST = 1000;
const MOST = 100;

/* ids of requests, which no other module uses */
const NAME = 'chatws:read:';

const larger = (a, b) => a === undefined || b > a ? b : a;


export class Unread {
    #people;
    #host;
    #rows = new Map();  /* chat: { epoch, last, count, read, seen, marked,
                           muted, reads: Map, delivered: Map } */
    #wanted = new Map();  /* chat: what it is to be told, { seq, epoch, how,
                             mark, id, timer } */
    #lastId = 0;
    #arrived = new Map();  /* chat: number, of what has not been told yet */
    #timer;

    constructor(people, host) {
        this.#people = people;
        this.#host = host;
    }

    /* --- what the server says */

    /* "numbers" replace those that we had; read and seen belong together */

    confirm(chatId, numbers, epoch) {
        this.#edit(chatId, epoch, (row) => this.#take(row, numbers));

        if (!this.#isDone(chatId)) {
            this.#tell(chatId);
        }
    }

    /* One that is older than what another page has said was on its way. */

    set(chatId, { type, ...numbers }) {
        this.#edit(chatId, numbers.epoch, (row) =>
            this.#take(row, numbers.read < row.read
                ? { count: numbers.count } : { marked: false, ...numbers }),
            type === 'unread');

        const { id } = this.#wanted.get(chatId) ?? {};

        if (id !== undefined && id === numbers.id || this.#isDone(chatId)) {
            this.#settle(chatId);
        }
    }

    /* Numbers that are known are newer than when the user came into it. */

    add(chatId, numbers, epoch) {
        this.#edit(chatId, epoch, (row) => {
            if (row.seen === undefined) {
                this.#take(row, numbers);
            }
        });
    }

    #take(row, { last, count, read, seen, unread, marked, muted }) {
        row.last = larger(row.last, last);
        row.count = larger(row.count, count);
        row.read = read ?? row.read;
        row.marked = marked ?? row.marked;
        row.muted = muted ?? row.muted;

        if (seen !== undefined) {
            row.seen = seen;

        } else if (unread !== undefined && count !== undefined) {
            row.seen = count - unread;
        }
    }

    state(data) {
        const { chatId, epoch, reads, delivered } = data;

        this.#edit(chatId, epoch, (row) => {
            this.#take(row, { marked: false, ...data });
            row.reads = reads ? new Map(Object.entries(reads)) : row.reads;
            row.delivered = delivered ? new Map(Object.entries(delivered))
                : row.delivered;
        });
    }

    /* Whoever writes has read. */

    message({ type, chatId, seq, count, message }, epoch) {
        const { sender } = message ?? {};
        const isRead = type === 'new_message' && sender !== undefined
            && message.markRead !== false;

        this.#edit(chatId, epoch, (row) => {
            row.last = larger(row.last, seq);
            row.count = larger(row.count, count);

            if (isRead) {
                row.reads.set(sender, larger(row.reads.get(sender), seq));
            }

            if (isRead && sender === this.#people.me && !(row.read >= seq)) {
                row.read = seq;
                row.seen = larger(row.seen, count);
            }
        });

        if (type === 'new_message' && sender !== this.#people.me
            && this.#people.has('delivered'))
        {
            this.#arrived.set(chatId, seq);
            this.#timer ??= setTimeout(() => this.#deliver(), REST);
        }
    }

    receipt({ chatId, reads = {}, delivered = {} }) {
        const row = this.#row(chatId);
        const take = (known, all) => Object.entries(all).forEach(
            ([user, seq]) => known.set(user, larger(known.get(user), seq)));

        take(row.reads, reads);
        take(row.delivered, delivered);
    }

    /* Numbers of another epoch mean nothing. */

    drop(epoch) {
        for (const [chatId, row] of this.#rows) {
            if (row.epoch === epoch) {
                this.#settle(chatId);
                this.#edit(chatId, undefined, () => this.#clear(row));
            }
        }
    }

    #clear(row) {
        row.epoch = row.last = row.count = row.read = row.seen = undefined;
        row.reads = new Map();
        row.delivered = new Map();
    }

    #row(chatId) {
        const row = this.#rows.get(chatId) ?? { marked: false, muted: false,
            reads: new Map(), delivered: new Map() };

        this.#rows.set(chatId, row);

        return row;
    }

    /* Tells of a change, unless the server has done so. */

    #edit(chatId, epoch, edit, isTold) {
        const row = this.#row(chatId);
        const before = this.of(chatId);
        const { marked, muted } = row;

        if (epoch !== undefined && row.epoch !== epoch) {
            if (row.epoch !== undefined) {
                this.#clear(row);
            }

            row.epoch = epoch;
        }

        edit(row);

        if (!isTold && (before !== this.of(chatId) || marked !== row.marked
            || muted !== row.muted))
        {
            this.#host.emit('unread', { type: 'unread',
                ...this.chat(chatId) });
        }
    }

    forget(chatId) {
        this.#settle(chatId);
        this.#arrived.delete(chatId);
        this.#rows.delete(chatId);
    }

    /* --- what we say */

    read(chatId, seq, { private: isPrivate } = {}) {
        const row = this.#rows.get(chatId);
        const place = this.#host.chats.get(chatId);
        const epoch = this.#epoch(chatId);
        const wanted = this.#wanted.get(chatId);
        const to = seq ?? (place?.epoch === epoch ? place?.seq : undefined)
            ?? row?.last;

        /* what is so, or is on its way, is not said again */

        const isSaid = wanted ? wanted.seq >= to
            : row?.read >= to && !row.marked && !this.#isOwed(chatId, to);

        if (epoch && to !== undefined && !isSaid) {
            this.#want(chatId, { seq: to, epoch, isPrivate });
        }
    }

    /* Unread since before this epoch, as the app server has told. */

    #isOwed(chatId, to) {
        return this.of(chatId) > 0 && to >= this.#rows.get(chatId).last;
    }

    mark(chatId, mark) {
        const epoch = this.#epoch(chatId);

        if (epoch) {
            this.#want(chatId, { mark, epoch });
        }
    }

    #epoch(chatId) {
        return this.#rows.get(chatId)?.epoch
            ?? this.#host.chats.get(chatId)?.epoch;
    }

    #want(chatId, wanted) {
        this.#settle(chatId);
        this.#wanted.set(chatId, wanted);
        this.#tell(chatId);
    }

    /* Nothing is wanted, or what was is so; of another epoch it can't be. */

    #isDone(chatId) {
        const { seq, mark, epoch } = this.#wanted.get(chatId) ?? {};
        const row = this.#rows.get(chatId);
        const isDone = epoch === undefined || epoch !== row.epoch
            || (mark === undefined ? row.read >= seq && !row.marked
                : mark === row.marked);

        if (isDone) {
            this.#settle(chatId);
        }

        return isDone;
    }

    #tell(chatId) {
        const wanted = this.#wanted.get(chatId);
        const { seq, epoch, mark, isPrivate } = wanted;

        clearTimeout(wanted.timer);
        wanted.id = undefined;

        if (this.#host.state() !== 'open' || !this.#people.has('unread')) {
            return;
        }

        wanted.id = `${NAME}${++this.#lastId}`;
        this.#host.send(mark === undefined
            ? { action: 'read', chatId, seq, epoch,
                private: isPrivate || undefined, id: wanted.id }
            : { action: 'mark', chatId, unread: mark, id: wanted.id });
    }

    #settle(chatId) {
        clearTimeout(this.#wanted.get(chatId)?.timer);
        this.#wanted.delete(chatId);
    }

    /* In this connection; where we are not in the chat, once we are. */

    again() {
        for (const [chatId, wanted] of this.#wanted) {
            wanted.id = undefined;

            if (!this.#host.chats.get(chatId)) {
                this.#tell(chatId);
            }
        }
    }

    refused({ id, error, retryAfter }) {
        if (!`${id}`.startsWith(NAME)) {
            return false;
        }

        for (const [chatId, wanted] of this.#wanted) {
            if (wanted.id !== id) {
                continue;
            }

            wanted.id = undefined;

            if (retryAfter !== undefined) {
                wanted.timer = setTimeout(() => this.#tell(chatId),
                    Math.max(100, retryAfter));

            } else if (error !== 'Not subscribed'
                || !this.#host.chats.get(chatId))
            {
                this.#settle(chatId);
            }
        }

        return true;
    }

    #deliver() {
        const byEpoch = new Map();

        this.#timer = undefined;

        for (const [chatId, seq] of this.#arrived) {
            const { epoch, read } = this.#rows.get(chatId) ?? {};

            if (epoch && !(read >= seq)) {
                const chats = byEpoch.get(epoch) ?? [];

                byEpoch.set(epoch, chats);
                chats.push([chatId, seq]);
            }
        }

        this.#arrived.clear();

        byEpoch.forEach((chats, epoch) => {
            for (let i = 0; i < chats.length; i += MOST) {
                this.#host.send({ action: 'delivered', chats:
                    Object.fromEntries(chats.slice(i, i + MOST)), epoch });
            }
        });
    }

    lost() {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#arrived.clear();
        this.#wanted.forEach(({ timer }) => clearTimeout(timer));
    }

    ended() {
        this.lost();
    }

    /* --- what is asked of us */

    chat(chatId) {
        const row = this.#rows.get(chatId);

        if (!row) {
            return undefined;
        }

        const { epoch, last, count, read, seen, marked, muted } = row;

        return { chatId, last, count, read, seen, unread: this.of(chatId),
            marked, muted, epoch };
    }

    of(chatId) {
        const { count, seen } = this.#rows.get(chatId) ?? {};

        return Math.max(0, count - seen) || 0;
    }

    get total() {
        return [...this.#rows].reduce((sum, [chatId, { muted }]) =>
            muted ? sum : sum + this.of(chatId), 0);
    }

    get chats() {
        return [...this.#rows].filter(([chatId, { marked, muted }]) =>
            !muted && (marked || this.of(chatId) > 0))
            .map(([chatId]) => chatId);
    }

    reads(chatId) {
        return Object.fromEntries(this.#others(chatId, 'reads'));
    }

    delivered(chatId) {
        return Object.fromEntries(this.#others(chatId, 'delivered'));
    }

    readBy(chatId, seq) {
        return this.#others(chatId, 'reads').filter(([, to]) => to >= seq)
            .map(([user]) => user);
    }

    /* Who tells nobody what was read, or never read, is left out. */

    tick(chatId, seq) {
        const reads = this.#others(chatId, 'reads');
        const reached = new Map(reads);

        for (const [user, to] of this.#others(chatId, 'delivered')) {
            reached.set(user, larger(reached.get(user), to));
        }

        const all = (list) => list[0] && list.every(([, to]) => to >= seq);

        return all(reads) && reads.length === reached.size ? 'read'
            : all([...reached]) ? 'delivered' : 'sent';
    }

    #others(chatId, what) {
        return [...this.#rows.get(chatId)?.[what] ?? []].filter(
            ([user]) => user !== this.#people.me);
    }
}
