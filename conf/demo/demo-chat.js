/*
 * Copyright (C) chatws contributors
 *
 * The demo's model: one chat with its messages, in order and each once.
 */

/* how many messages nginx is asked for: all of these or none */
const BACK = [500, 100, 20, 5];


export class Chat {
    items = [];             /* { id, text, sender, time, seq, own, state } */
    unread = 0;
    typists = new Map();    /* user: name */
    loaded = false;
    ready = false;          /* what was said before has come */
    target = 0;             /* or comes up to this number */

    #tries = [...BACK];

    constructor(id, me) {
        this.id = id;
        this.me = me;
    }

    get last() {
        return this.items.findLast(({ notice }) => !notice);
    }

    get lastId() {
        return this.items.findLast(({ id }) => id)?.id;
    }

    get names() {
        return [...this.typists.values()];
    }

    /* A message as it came; true if it is a new one. */

    add({ id, text, sender, timestamp }, seq) {
        const own = sender === this.me;
        const known = this.items.find((item) => item.id === id)
            ?? (own && this.items.find((item) =>
                item.state && item.text === text));
        const item = known || {};
        const isNew = !known;

        Object.assign(item, { id, text: String(text), sender: String(sender),
            own, time: Date.parse(timestamp) || Date.now(),
            seq: seq ?? item.seq, state: undefined });

        this.items = this.items.filter((one) => one !== item);
        this.#insert(item);
        this.typists.delete(sender);

        return isNew;
    }

    /* By number where both have one, or else by time. */

    #insert(item) {
        const at = this.items.findLastIndex((one) => !one.state
            && (one.seq && item.seq ? one.seq < item.seq
                : one.time <= item.time));

        this.items.splice(at + 1, 0, item);
    }

    /* One of ours that is on its way. */

    draft(text) {
        const item = { text, sender: this.me, own: true, time: Date.now(),
            state: 'sending' };

        this.items.push(item);

        return item;
    }

    note(text) {
        this.items.push({ notice: text, time: Date.now() });
    }

    /*
     * nginx alone has no history to ask for, but it keeps the recent
     * messages to bring a client up to date: so we pretend to have been
     * there before.  It sends all or nothing, so less is asked for next.
     * The position to come back with, or null.
     */

    earlier({ seq, epoch }) {
        const back = this.#tries.shift();

        if (!seq || !epoch || !back) {
            return null;
        }

        return { seq: Math.max(0, seq - back), epoch };
    }

    typing(user, name, isTyping) {
        if (isTyping) {
            this.typists.set(user, name);

        } else {
            this.typists.delete(user);
        }
    }
}
