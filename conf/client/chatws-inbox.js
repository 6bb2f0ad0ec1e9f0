/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * The place of the browser client in what is for its user, in whatever chats:
 * the server numbers that by user, and brings what was missed of it.
 */

export class Inbox {
    seq;
    epoch;

    #keys = new Map();  /* chat: its keys */
    #isBack = false;  /* there is something to be asked for */
    #id;  /* of the request that does so */

    /* With a connection. */

    begin({ userSeq, epoch }) {
        this.#id = undefined;
        this.#isBack = userSeq !== undefined && this.epoch !== undefined;

        if (userSeq === undefined) {
            this.seq = this.epoch = undefined;

        } else if (!this.#isBack) {
            this.seq = userSeq;
            this.epoch = epoch;
        }
    }

    keys(chatId) {
        const keys = this.#keys.get(chatId) ?? new Map();

        this.#keys.set(chatId, keys);

        return keys;
    }

    forget(chatId) {
        this.#keys.delete(chatId);
    }

    /* What is to be asked for, with a resume. */

    get user() {
        return this.#isBack && this.#id === undefined ? this : undefined;
    }

    ask(id) {
        this.#id = id;

        return { seq: this.seq };
    }

    resumed({ user, epoch }) {
        if (user) {
            this.#isBack = false;
            this.epoch = user.epoch ?? epoch;
            this.seq = user.recovered ? this.seq : user.seq;
        }
    }

    /* True: it is to be asked for again, when that may help. */

    refused({ id, error, retryAfter }) {
        if (id === undefined || id !== this.#id) {
            return false;
        }

        this.#id = undefined;
        this.#isBack = retryAfter !== undefined || /^Token /.test(error);

        return this.#isBack;
    }

    /* False: it was repeated, or comes again behind what was missed. */

    takes(userSeq) {
        const isNext = !this.#isBack && !(userSeq <= this.seq);

        this.seq = isNext ? userSeq : this.seq;

        return isNext;
    }
}
