/*
 * Copyright (C) chatws contributors
 *
 * The demo's model: one chat with its messages, in order and each once.
 */

/* how many messages nginx is asked for: all of these or none */
const BACK = [500, 100, 20, 5];


export class Chat {
    items = [];             /* { id, text, sender, time, seq, epoch, own,
                                 state: sending, waiting, failed; reason } */
    text = '';              /* begun, while another chat is open */
    isSending = false;
    timer = 0;              /* to send again */
    tries = 0;
    typists = new Map();    /* user: name */
    loaded = false;
    ready = false;          /* what was said before has come */
    target = 0;             /* or comes up to this number */
    lastId;                 /* up to this message nothing is missing */
    isWhole = false;        /* nor after it */

    #tries = [...BACK];
    #fresh = [];            /* numbers of those that nobody has looked at */
    #told = 0;              /* how many the server thinks there are */
    #seen = 0;              /* up to this number they were, in some tab */
    #epoch;                 /* of that number */

    constructor(id, me) {
        this.id = id;
        this.me = me;
    }

    get last() {
        return this.items.findLast(({ notice }) => !notice);
    }

    get unread() {
        return Math.max(this.#told, this.#fresh.length);
    }

    set told(count) {
        this.#told = count;
    }

    get names() {
        return [...this.typists.values()];
    }

    /* A message as it came; true if it is a new one. */

    add({ id, text, sender, timestamp }, seq, epoch) {
        const own = sender === this.me;
        const known = this.items.find((item) => item.id === id);
        const item = known ?? {};
        const isNew = !known;

        Object.assign(item, { id, text: String(text), sender: String(sender),
            own, time: new Date(timestamp).getTime() || Date.now(),
            seq: seq ?? item.seq, epoch: epoch ?? item.epoch,
            state: undefined });

        this.items = this.items.filter((one) => one !== item);
        this.#insert(item);
        this.typists.delete(sender);

        return isNew;
    }

    /* By number where both have one of one epoch, or else by time. */

    #insert(item) {
        const at = this.items.findLastIndex((one) => !one.state
            && (one.seq && item.seq && one.epoch === item.epoch
                ? one.seq < item.seq : one.time <= item.time));

        this.items.splice(at + 1, 0, item);
    }

    /*
     * One of ours that is on its way.  Its id is ours, too: should the answer
     * get lost, it can be sent again, and is known to all who have it.
     */

    draft(text) {
        const random = crypto.getRandomValues(new Uint8Array(16));
        const id = `msg_${Array.from(random, (byte) =>
            byte.toString(16).padStart(2, '0')).join('')}`;

        this.items.push({ id, text, sender: this.me, own: true,
            time: Date.now(), state: 'sending' });
    }

    /* Nobody answers, and all drafts know it. */

    waiting() {
        for (const item of this.items) {
            if (item.state === 'sending') {
                item.state = 'waiting';
            }
        }
    }

    /* A draft as it was stored. */

    stored(item, { seq, epoch, ...message }) {
        if (message.id !== item.id) {
            this.items = this.items.filter((one) => one !== item);
        }

        this.add(message, seq, epoch);
    }

    /* Numbers of one epoch mean nothing in another. */

    #count(epoch) {
        if (epoch !== this.#epoch) {
            this.#epoch = epoch;
            this.#fresh = [];
            this.#seen = 0;
        }
    }

    /* Nobody has looked at this one, unless another tab has. */

    arrived(seq, epoch) {
        this.#count(epoch);

        if (seq > this.#seen) {
            this.#fresh.push(seq);
        }
    }

    /* Somebody looks, here or in another tab. */

    look({ seq, epoch } = {}) {
        this.#told = 0;

        if (epoch) {
            this.#count(epoch);
            this.#seen = Math.max(this.#seen, seq);
            this.#fresh = this.#fresh.filter((one) => one > seq);
        }
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
