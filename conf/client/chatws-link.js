/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * The connection of the browser client: it comes back until it is refused,
 * notices when it is dead, and shows its token.
 */

import { addressOf, refusalAt } from './chatws-address.js';
import { isUnauthorized, Token } from './chatws-token.js';

/* what the server says to a request, with its id; others have ids, too */
export const answers = ['error', 'subscription_confirmed', 'resumed'];

const probe = 'chatws:probe';
const auth = 'chatws:auth';

/* so many refusals end a client that never had a connection */
const enough = 8;


/*
 * "client" is told: emit(), an event; receive(), a message; opened(),
 * renewed(), lost(), ended(), what happens to the connection; shrink(), that a
 * message was too big: it answers whether the next ones will be smaller.  It
 * is asked: ready(), for a promise if it has to be waited for; args(), for
 * more arguments of the address.
 */

export class Link {
    state = 'connecting';
    retryAt = 0;
    turn = 0;  /* to know a late answer of url(), getToken() and others */

    #options;
    #client;
    #token;  /* where there is getToken() */
    #socket;
    #timer;  /* of the state */
    #heard;
    #attempt = 0;
    #refused = 0;  /* how often; -Infinity: there was a connection once */
    #opened = 0;

    constructor(options, client) {
        this.#options = options;
        this.#client = client;

        /* throws at once for what is no address */

        if (!options.url?.call) {
            this.#address(options.url);
        }

        this.#token = options.getToken && new Token(options.getToken, {
            turn: () => this.turn,
            auth: () => this.#auth(),
            delay: (tries) => this.delay(tries),
            end: (reason) => this.end(1006, reason, { isOut: true }),
        });
    }

    begin() {
        this.#attempt = this.#refused = 0;
        this.#listen('addEventListener');
        this.#connect();
    }

    retry() {
        if (this.state === 'waiting') {
            this.#connect();

        } else if (this.state === 'open') {
            this.#probe();
        }
    }

    send(message) {
        if (this.state === 'open') {
            this.#socket.send(JSON.stringify(message));
        }
    }

    /* another token, because of what the server has said to a request */

    renew(reason) {
        if (this.#token) {
            this.#token.renew();

        } else {
            this.end(1006, reason, { isOut: true });
        }
    }

    delay(tries) {
        const { minDelay, maxDelay } = this.#options;

        return Math.round(Math.random()
            * Math.min(maxDelay, minDelay * 2 ** tries));
    }

    end(code, reason, { status, isOut } = {}) {
        const detail = status ? { code, reason, status } : { code, reason };

        this.#drop();
        this.#token?.drop();
        this.#client.ended();
        this.#listen('removeEventListener');
        this.#become('closed', 'closed', detail);

        if (isOut) {
            this.#client.emit('unauthorized', detail);
        }
    }

    #become(state, type, detail) {
        this.state = state;
        this.#client.emit(type, detail);
    }

    #address(url) {
        const { userId, username, tokenIn } = this.#options;

        return addressOf(url, { userId, username, ...this.#client.args?.(),
            access_token: tokenIn === 'query' ? this.#token?.value : null });
    }

    async #connect() {
        const { url, timeout } = this.#options;
        const turn = ++this.turn;
        let weight = 1;

        this.#wait(timeout, () => this.#lost(1006, 'timeout'));
        this.#become('connecting', 'connecting', {});

        try {
            const ready = this.#client.ready?.();

            if (ready) {
                await ready;
            }

            const where = url.call ? await url() : url;

            if (this.#token && turn === this.turn) {
                weight = 0;
                await this.#token.take(turn);
                weight = 1;
            }

            const address = this.#address(where);

            if (turn === this.turn) {
                this.#open(address);
            }

        } catch (error) {
            const isOut = isUnauthorized(error);

            if (turn === this.turn
                && !this.#giveUp(isOut, weight, `${error}`, { isOut }))
            {
                this.#lost(1006, `${error}`);
            }
        }
    }

    #open(address) {
        const { tokenIn, WebSocket } = this.#options;
        const protocols = this.#token && tokenIn === 'protocol'
            ? [['chatws.v1', `chatws.bearer.${this.#token.value}`]] : [];
        const socket = this.#socket = new WebSocket(address, ...protocols);

        if (this.#token && tokenIn === 'message') {
            socket.onopen = () => this.#auth();
        }

        socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
        socket.onclose = ({ code, reason }) => {
            const refused = code === 1006 && !this.#opened;

            this.#lost(code, reason);

            if (refused && this.state === 'waiting') {
                this.#why();
            }
        };
        socket.onerror = () => {};
    }

    #auth() {
        this.#socket.send(JSON.stringify({ action: 'auth',
            token: this.#token.value, id: auth }));
    }

    async #why() {
        const { url, fetch, tokenIn } = this.#options;
        const turn = this.turn;
        const token = this.#token;

        if (!fetch) {
            return token?.drop();
        }

        try {
            const { status, busy, ...found } = await refusalAt(
                this.#address(url.call ? await url() : url), fetch);

            if (turn !== this.turn || busy) {
                return;
            }

            /* we have asked without the token, or with an old one */

            if (token && status === 401
                && (tokenIn === 'protocol' || !token.isFresh))
            {
                token.drop();
                found.sure = found.login = false;
            }

            this.#giveUp(found.login, found.sure ? enough : 1, 'refused',
                { status, isOut: status === 401 });

        } catch {
            /* nobody is there */
        }
    }

    /* what never worked is not tried for ever, what worked once is */

    #giveUp(sure, weight, reason, more) {
        this.#refused += weight;

        const end = sure || this.#refused >= enough;

        if (end) {
            this.end(1006, reason, more);
        }

        return end;
    }

    #lost(code, reason) {
        const { url } = this.#options;
        const isAsked = /, reconnect$/.test(reason);
        const isExpired = code === 4401;

        /* too much at once: a server may take less than 16k of a message */

        const isLess = code === 1009 && this.#client.shrink();

        /* what would come again, unless the server says otherwise */

        const isOver = isExpired
            ? !isAsked || /^token/.test(reason) && !this.#token && !url.call
            : !isAsked && (code > 1001 && code < 1012 || code > 2999)
                && code !== 1005 && code !== 1006;

        if (isOver && !isLess) {
            return this.end(code, reason, { isOut: isExpired });
        }

        if (isExpired) {
            this.#token?.drop();
        }

        /* a connection that held begins anew; these say: there is no room */

        if (Date.now() - this.#opened > 5000 && this.#opened) {
            this.#attempt = 0;
        }

        if (code === 1013 || code === 4429) {
            this.#attempt = Math.max(this.#attempt, 3);
        }

        const delay = this.delay(this.#attempt++);

        this.#drop();
        this.retryAt = Date.now() + delay;
        this.#wait(delay, () => this.#connect());
        this.#become('waiting', 'reconnecting',
            { attempt: this.#attempt, delay, code, reason });
    }

    /* not waiting for the close: a dead link's takes minutes */

    #drop() {
        const socket = this.#socket;

        if (socket) {
            socket.onopen = socket.onmessage = socket.onclose = null;
            socket.close();
        }

        this.#socket = null;
        this.turn++;
        this.#opened = 0;
        this.#token?.stop();
        clearTimeout(this.#timer);
        this.#client.lost();
    }

    #receive(data) {
        const { type, id, chatId, expiresIn } = data;

        this.#heard = true;

        if (id === probe && answers.includes(type)
            || id === auth && type === 'error' && this.#token?.refused(data))
        {
            return;
        }

        if (type === 'connected') {
            this.state = 'open';
            this.#opened = Date.now();
            this.#refused = -Infinity;
            this.#watch();
            this.#token?.serves(expiresIn);
            this.#client.opened(data);
            this.#client.emit('open', data);

        } else if (type === 'authenticated' && !chatId) {
            this.#token?.serves(expiresIn);
            this.#client.renewed();

        } else if (type === 'token_expiring' && !chatId) {
            this.#token?.expires(expiresIn);
        }

        this.#client.receive(data);
    }

    #wait(time, then) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(then, time);
    }

    /*
     * A page never sees the server's pings.  So after a silence, a sleep or
     * a change of networks we ask for what is cheap and changes nothing: to
     * leave a chat that we are not in.  Any sign of life is an answer.
     */

    #watch() {
        this.#heard = false;
        this.#wait(this.#options.idle, () =>
            this.#heard ? this.#watch() : this.#probe());
    }

    #probe() {
        this.#heard = false;
        this.send({ action: 'unsubscribe', chatId: probe, id: probe });
        this.#wait(this.#options.timeout, () =>
            this.#heard ? this.#watch() : this.#lost(1006, 'no answer'));
    }

    #wake = ({ type }) => {
        if (type === 'offline') {
            if (this.state !== 'waiting') {
                this.#lost(1006, 'offline');
            }

        } else if (type === 'online' && this.state === 'connecting') {
            this.#drop();
            this.#connect();

        } else if (type !== 'visibilitychange' || !document.hidden) {
            this.retry();
        }
    };

    #listen(how) {
        ['online', 'offline', 'pageshow', 'visibilitychange'].forEach(
            (type) => globalThis[how]?.(type, this.#wake));
    }
}
