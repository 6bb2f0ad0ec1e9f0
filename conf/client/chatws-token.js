/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * The token of the browser client's connection: it serves until it is about
 * to expire, is renewed while the connection lasts, and is asked for once.
 */

/* timers take no more */
export const LONGEST = 2 ** 31 - 1;

/* one with less than this left is not taken along to another connection */
const SPARE = 30000;

export const isUnauthorized = (error) => error?.name === 'UnauthorizedError';

/* what an application's function returns has to be one */

export async function tokenOf(getToken, ...args) {
    const token = await getToken(...args);

    if (!token?.trim?.()) {
        throw new TypeError(`getToken: "${token}" is no token`);
    }

    return token;
}


/* "link" is the connection: turn(), its number; auth(), end(), delay(). */

export class Token {
    value;
    isFresh = true;  /* it comes from getToken() and was not used before */

    #getToken;
    #link;
    #until;
    #life;
    #renewing;  /* the number of the connection that waits for another one */
    #timer;
    #lapses = 0;  /* refusals in a row */
    #faults = 0;

    constructor(getToken, link) {
        this.#getToken = getToken;
        this.#link = link;
    }

    /* For a connection that begins. */

    async take(turn) {
        if (this.value && this.#until - Date.now() > SPARE) {
            this.isFresh = false;

        } else {
            await this.#fetch(turn);
        }
    }

    drop() {
        this.stop();
        this.value = undefined;
    }

    stop() {
        clearTimeout(this.#timer);
    }

    /* The server has taken it; how long it is good, if it says so. */

    serves(seconds = Infinity) {
        this.stop();
        this.#lapses = this.#faults = this.#renewing = 0;
        this.#life = seconds;
        this.#until = Date.now() + 1000 * seconds;

        if (seconds < Infinity) {
            this.#later(seconds * (800 + 100 * Math.random()));
        }
    }

    /* The server warns; timers of a hidden page may sleep. */

    expires(seconds) {
        if (!(seconds > this.#life / 2)) {
            this.renew();
        }
    }

    async renew() {
        const turn = this.#link.turn();

        if (this.#renewing === turn) {
            return;
        }

        this.#renewing = turn;
        this.stop();

        try {
            if (await this.#fetch(turn)) {
                this.#link.auth();
            }

        } catch (error) {
            if (turn !== this.#link.turn()) {
                return;
            }

            if (isUnauthorized(error)) {
                this.#link.end(`${error}`);

            } else {
                this.#renewing = 0;
                this.#later(this.#link.delay(this.#faults++));
            }
        }
    }

    /* An error of the server; false: it is not for us. */

    refused({ error, retryAfter }) {
        const isExpired = error === 'Token expired';
        const isBad = isExpired || error === 'Invalid token';

        if (retryAfter !== undefined) {
            this.stop();
            this.#timer = setTimeout(() => this.#link.auth(),
                Math.min(LONGEST, Math.max(100, retryAfter)));

        } else {
            this.#renewing = 0;

            if ((isExpired || isBad && !this.isFresh) && !this.#lapses++) {
                this.renew();

            } else if (isBad) {
                this.#link.end(error);
            }
        }

        return isBad || retryAfter !== undefined;
    }

    #later(time) {
        this.#timer = setTimeout(() => this.renew(),
            Math.min(LONGEST, Math.max(1000, time)));
    }

    /* One that comes when there is another connection is not ours. */

    async #fetch(turn) {
        const value = await tokenOf(this.#getToken);
        const isOurs = turn === this.#link.turn();

        if (isOurs) {
            this.value = value;
            this.isFresh = true;
            this.#until = Infinity;
        }

        return isOurs;
    }
}
