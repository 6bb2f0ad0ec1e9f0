/*
 * Copyright (C) chatws contributors
 *
 * The demo's model: one chat with its messages, in order and each once.
 */

/* how many messages nginx is asked for: all of these or none */
const BACK = [500, 100, 20, 5];


export class Chat {
    items = [];             /* { id, text, sender, time, seq, epoch, own,
                               file: { name, size }, href;
                               state: sending, waiting, failed; reason } */
    text = '';              /* begun, while another chat is open */
    isSending = false;
    timer = 0;              /* to send again */
    tries = 0;
    loaded = false;
    ready = false;          /* what was said before has come */
    target = 0;             /* or comes up to this number */
    lastId;                 /* up to this message nothing is missing */
    isWhole = false;        /* nor after it */
    reads = {};             /* user: the last message that was read, as the
                               app server had it */
    until;                  /* position up to which the app server's are */

    #tries = [...BACK];

    constructor(id, me) {
        this.id = id;
        this.me = me;
    }

    get last() {
        return this.items.findLast(({ notice }) => !notice);
    }

    /* A message as it came; true if it is a new one. */

    add({ id, text, sender, timestamp, file }, seq, epoch) {
        const own = sender === this.me;
        const known = this.items.find((item) => item.id === id);
        const item = known ?? {};
        const isNew = !known;

        Object.assign(item, { id, text: String(text), sender: String(sender),
            own, time: new Date(timestamp).getTime() || Date.now(),
            seq: seq ?? item.seq, epoch: epoch ?? item.epoch,
            state: undefined });

        if (file) {
            item.file = { name: String(file.name),
                size: Number(file.size) || 0 };
        }

        this.items = this.items.filter((one) => one !== item);
        this.#insert(item);

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

    draft(text, file) {
        const random = crypto.getRandomValues(new Uint8Array(16));
        const id = `msg_${Array.from(random, (byte) =>
            byte.toString(16).padStart(2, '0')).join('')}`;

        this.items.push({ id, text, sender: this.me, own: true, file,
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

    /*
     * How far one of ours has come, of all others who tell how far they have
     * read, or what has arrived: "sent", "delivered", "read".  What the app
     * server told has no number, but was there at a position; and before
     * that, others have read.
     */

    ticks(client) {
        const { epoch } = client.chat(this.id) ?? {};
        const reads = client.reads(this.id);
        const delivered = client.delivered(this.id);
        const users = new Set([reads, delivered, this.reads]
            .flatMap((all) => Object.keys(all)));
        const places = new Map(this.items.map(({ id }, i) => [id, i]));

        users.delete(this.me);

        const every = (has) => users.size > 0 && [...users].every(has);

        return (item) => {
            const { seq } = [item, this.until].find((one) =>
                one?.seq >= 0 && one.epoch === epoch) ?? {};
            const hasRead = (user) => reads[user] >= seq
                || places.get(this.reads[user]) >= places.get(item.id);

            return every(hasRead) ? 'read'
                : every((user) => hasRead(user) || delivered[user] >= seq)
                    ? 'delivered' : 'sent';
        };
    }
}
