/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * The browser client: one connection that comes back with all its chats,
 * and tells what could not be recovered.  chatws.d.ts describes it.
 */

const defaults = {
    url: '/api/ws',
    minDelay: 1000,
    maxDelay: 30000,
    timeout: 8000,
    idle: 20000,
    typingEvery: 3000,
    typingStop: 5000,
    typingLost: 10000,
};

/* our own events: the server takes no publications of these names */
const own = ['open', 'connecting', 'reconnecting', 'closed', 'recovered',
    'gap', 'message', 'error', 'unauthorized', 'denied', 'undecryptable'];

/* what the server says to a request, with its id; others have ids, too */
const answers = ['error', 'subscription_confirmed', 'resumed'];

const probe = 'chatws:probe';

/* so many refusals end a client that never had a connection */
const enough = 8;


/* what a status says of those that come next */

const isBusy = ({ status }) =>
    status > 499 || [408, 425, 429].includes(status);

const isRefusal = (answer) => answer.type === 'opaqueredirect'
    || answer.status > 299 && answer.status !== 426 && !isBusy(answer);


/* React Native has no events */

const Target = globalThis.EventTarget ?? class {
    #all = [];

    addEventListener(type, listener, options) {
        this.removeEventListener(type, listener);
        this.#all.push({ type, listener, once: options?.once });
    }

    removeEventListener(type, listener) {
        this.#all = this.#all.filter((one) =>
            one.type !== type || one.listener !== listener);
    }

    dispatchEvent(event) {
        for (const { type, listener, once } of this.#all) {
            if (type !== event.type) {
                continue;
            }

            if (once) {
                this.removeEventListener(type, listener);
            }

            try {
                (listener.handleEvent ?? listener).call(listener, event);

            } catch (error) {
                setTimeout(() => {
                    throw error;
                });
            }
        }
    }
};

function makeEvent(type, detail) {
    const { CustomEvent, Event } = globalThis;

    if (CustomEvent) {
        return new CustomEvent(type, { detail });
    }

    return Object.assign(Event ? new Event(type) : { type }, { detail });
}


/* thrown by url(), it ends the client */

export class UnauthorizedError extends Error {
    name = 'UnauthorizedError';
}


export class ChatClient extends Target {
    state = 'connecting';
    retryAt = 0;

    #options;
    #socket;
    #turn = 0;  /* to know a late answer of url() */
    #timer;  /* of the state */
    #heard;
    #attempt = 0;
    #refused = 0;  /* how often; -Infinity: there was a connection once */
    #opened = 0;
    #over = false;  /* close() was called */
    #chats = new Map();  /* chat: { users, seq, epoch, back } */
    #asked = new Map();  /* id of a request: its chats */
    #lastId = 0;
    #room = 16000;  /* bytes of chats in one message */
    #typing = new Map();  /* chat: { sent, timer } */
    #typists = new Map();  /* chat and user: timer */

    constructor(options) {
        super();

        const { WebSocket, fetch } = globalThis;
        const given = Object.entries(options ?? {})
            .filter(([, value]) => value !== undefined);

        this.#options = { ...defaults, WebSocket, fetch,
            ...Object.fromEntries(given) };

        /* throws at once for what is no address */

        if (!this.#options.url?.call) {
            this.#address(this.#options.url);
        }

        this.#begin();
    }

    get chats() {
        return [...this.#chats.keys()];
    }

    position(chatId) {
        const { seq, epoch } = this.#chats.get(chatId) ?? {};

        return epoch && { seq, epoch };
    }

    /* counted: a chat is left by the last one who entered it */

    subscribe(chatId, since) {
        const chat = this.#chats.get(chatId) ?? { ...since, users: 0 };
        let inside = true;

        if (chat.users++ === 0) {
            this.#chats.set(chatId, chat);
            this.#ask(chatId);
        }

        return () => {
            if (inside && this.#chats.get(chatId) === chat) {
                this.unsubscribe(chatId);
            }

            inside = false;
        };
    }

    unsubscribe(chatId) {
        const chat = this.#chats.get(chatId);

        if (chat && --chat.users === 0) {
            this.typing(chatId, false);
            this.#chats.delete(chatId);
            this.#send({ action: 'unsubscribe', chatId });
        }
    }

    typing(chatId, isTyping = true) {
        const { typingEvery, typingStop } = this.#options;
        const now = Date.now();
        const message = { type: 'typing', chatId, isTyping };
        let { sent, timer } = this.#typing.get(chatId) ?? {};

        clearTimeout(timer);

        if (!isTyping) {
            if (this.#typing.delete(chatId)) {
                this.#send(message);
            }

        } else if (this.state === 'open' && this.#chats.has(chatId)) {
            if (!(now - sent < typingEvery)) {
                this.#send(message);
                sent = now;
            }

            timer = setTimeout(() => this.typing(chatId, false), typingStop);
            this.#typing.set(chatId, { sent, timer });
        }
    }

    autoTyping(input, chatId) {
        const tell = () => this.typing(chatId, input.value !== '');
        const stop = () => this.typing(chatId, false);
        const bind = (how) => {
            input[how]('input', tell);
            input[how]('blur', stop);
            input.form?.[how]('submit', stop);
        };

        bind('addEventListener');

        return () => {
            bind('removeEventListener');
            stop();
        };
    }

    retry() {
        if (this.state === 'waiting') {
            this.#connect();

        } else if (this.state === 'open') {
            this.#probe();

        } else if (this.state === 'closed' && !this.#over) {
            this.#begin();
        }
    }

    close() {
        this.#over = true;

        if (this.state !== 'closed') {
            this.#end(1000, '');
        }
    }

    #begin() {
        this.#attempt = this.#refused = 0;
        this.#listen('addEventListener');
        this.#connect();
    }

    /* by hand: the URL of React Native only looks like one */

    #address(url) {
        const { document, location } = globalThis;
        const page = document?.baseURI ?? location?.href;
        let address = url?.href ?? url;

        if (page && address?.trim && !/^(http|ws)s?:/i.test(address)) {
            address = new URL(address, page).href;
        }

        if (!/^(http|ws)s?:\/\/[^/?#]/i.test(address)) {
            throw new TypeError(`url: "${url}" is not http(s) or ws(s)`);
        }

        new URL(address);

        const given = ['userId', 'username'].filter((name) =>
            (this.#options[name] ?? null) !== null);
        const [path, ...query] = address.replace(/^http/i, 'ws')
            .replace(/#.*/, '').split('?');

        const args = query.join('?').split('&').filter((arg) =>
            arg && !given.includes(arg.split('=')[0]));

        args.push(...given.map((name) =>
            `${name}=${encodeURIComponent(this.#options[name])}`));

        return path + (args[0] ? `?${args.join('&')}` : '');
    }

    async #connect() {
        const { url, timeout, WebSocket } = this.#options;
        const turn = ++this.#turn;

        this.#wait(timeout, () => this.#lost(1006, 'timeout'));
        this.#emit('connecting', {}, 'connecting');

        try {
            const address = this.#address(url.call ? await url() : url);

            if (turn === this.#turn) {
                const socket = this.#socket = new WebSocket(address);

                socket.onmessage = ({ data }) => this.#receive(data);
                socket.onclose = ({ code, reason }) => {
                    const refused = code === 1006 && !this.#opened;

                    this.#lost(code, reason);

                    if (refused && this.state === 'waiting') {
                        this.#why();
                    }
                };
                socket.onerror = () => {};
            }

        } catch (error) {
            const unauthorized = error?.name === 'UnauthorizedError';

            if (turn === this.#turn
                && !this.#giveUp(unauthorized, 1, `${error}`))
            {
                this.#lost(1006, `${error}`);
            }
        }
    }

    /*
     * A page is not told why a handshake was refused.  A plain request is:
     * an endpoint that would take us answers 426.  Of another origin's answer
     * we see no more than that there is one, unless it allows us to.
     */

    async #why() {
        const { url, fetch } = this.#options;
        const turn = this.#turn;

        try {
            const address = this.#address(url.call ? await url() : url)
                .replace(/^ws(s?:..)([^/?]*@)?/i, 'http$1');

            const ask = async (credentials, how) => {
                const answer = await fetch(address, { cache: 'no-store',
                    credentials, redirect: 'manual', ...how });

                answer.body?.cancel();

                return answer;
            };

            const hidden = () => ask('omit',
                { mode: 'no-cors', redirect: 'follow' });

            let answer = await ask('omit').catch(hidden);

            /* then as ourselves, unless the browser would open a dialog */

            const dialog = /basic|digest|negotiate|ntlm/i.test(
                answer.headers?.get('WWW-Authenticate'));

            if (isRefusal(answer) && !dialog) {
                answer = await ask('include').catch(hidden);
            }

            const { status } = answer;
            const sure = isRefusal(answer) && !dialog;
            const login = sure
                && (status < 400 || status === 401 || status === 403);

            if (turn === this.#turn && !isBusy(answer)) {
                this.#giveUp(login, sure ? enough : 1, 'refused', status);
            }

        } catch {
            /* nobody is there */
        }
    }

    /* what never worked is not tried for ever, what worked once is */

    #giveUp(sure, weight, reason, status) {
        this.#refused += weight;

        const end = sure || this.#refused >= enough;

        if (end) {
            this.#end(1006, reason, status);
        }

        return end;
    }

    #lost(code, reason) {
        const { minDelay, maxDelay } = this.#options;

        /* too much at once: a server may take less than 16k of a message */

        if (code === 1009 && this.#room > 250
            && [...this.#asked.values()].some((chats) => chats[1]))
        {
            this.#room /= 4;

        /* faults of ours come again, unless the server says otherwise */

        } else if ([1002, 1003, 1007, 1008, 1009].includes(code)
            && !/reconnect/.test(reason))
        {
            return this.#end(code, reason);
        }

        /* a connection that held begins anew; 1013: there is no room */

        if (Date.now() - this.#opened > 5000 && this.#opened) {
            this.#attempt = 0;
        }

        if (code === 1013) {
            this.#attempt = Math.max(this.#attempt, 3);
        }

        const delay = Math.round(Math.random()
            * Math.min(maxDelay, minDelay * 2 ** this.#attempt++));

        this.#drop();
        this.retryAt = Date.now() + delay;
        this.#wait(delay, () => this.#connect());
        this.#emit('reconnecting',
            { attempt: this.#attempt, delay, code, reason }, 'waiting');
    }

    #end(code, reason, status) {
        this.#drop();
        this.#typists.forEach(clearTimeout);
        this.#listen('removeEventListener');
        this.#emit('closed', status ? { code, reason, status }
            : { code, reason }, 'closed');
    }

    /* not waiting for the close: a dead link's takes minutes */

    #drop() {
        const socket = this.#socket;

        if (socket) {
            socket.onmessage = socket.onclose = null;
            socket.close();
        }

        this.#socket = null;
        this.#turn++;
        this.#opened = 0;
        this.#asked.clear();
        this.#typing.forEach(({ timer }) => clearTimeout(timer));
        this.#typing.clear();
        clearTimeout(this.#timer);
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
        this.#send({ action: 'unsubscribe', chatId: probe, id: probe });
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

    #send(message) {
        if (this.state === 'open') {
            this.#socket.send(JSON.stringify(message));
        }
    }

    #ask(chatId) {
        const chat = this.#chats.get(chatId);

        if (chat && this.state === 'open') {
            const { seq, epoch } = chat;
            const since = epoch && { seq, epoch };
            const id = this.#remember([chatId]);

            this.#send({ action: 'subscribe', chatId, since, id });
        }
    }

    /* notes whom a request is about, and who comes back */

    #remember(chats) {
        for (const chatId of chats) {
            const chat = this.#chats.get(chatId);

            chat.back = 'seq' in chat;
        }

        this.#asked.set(++this.#lastId, chats);

        return this.#lastId;
    }

    /* all at once */

    #resume() {
        let batch = [];
        let room = 0;
        let last;

        const flush = () => {
            const ids = batch.map(([chatId]) => chatId);

            if (last && ids[1]) {
                this.#send({ action: 'resume',
                    chats: Object.fromEntries(batch), epoch: last,
                    id: this.#remember(ids) });

            } else {
                ids.forEach((chatId) => this.#ask(chatId));
            }
        };

        for (const [chatId, { seq, epoch }] of this.#chats) {
            room -= 3 * chatId.length + 40;

            if (room < 0 || epoch !== last) {
                flush();
                batch = [];
                room = this.#room;
                last = epoch;
            }

            batch.push([chatId, { seq }]);
        }

        flush();
    }

    #receive(text) {
        const data = JSON.parse(text);
        const { type, chatId, seq, id } = data;
        const chat = this.#chats.get(chatId);
        let asked = [];

        this.#heard = true;

        if (answers.includes(type)) {
            if (id === probe) {
                return;
            }

            asked = this.#asked.get(id) ?? asked;
            this.#asked.delete(id);
        }

        if (type === 'error') {
            return this.#refuse(data, asked);
        }

        if (type === 'connected') {
            this.state = 'open';
            this.#opened = Date.now();
            this.#refused = -Infinity;
            this.#watch();
            this.#resume();
            this.#emit('open', data);

        } else if (type === 'subscription_confirmed') {
            if (data.action === 'subscribe') {
                this.#confirm(chatId, data, data);
            }

        } else if (type === 'resumed' && !chatId) {
            for (const [name, answer] of Object.entries(data.chats)) {
                this.#confirm(name, answer, data);
            }

        } else if (chatId !== undefined) {

            /* of a chat that was left, or repeated */

            if (!chat || seq <= chat.seq) {
                return;
            }

            chat.seq = seq ?? chat.seq;
        }

        this.#notify(data);
    }

    #confirm(chatId, { seq, recovered, error, details = '' }, { epoch }) {
        const chat = this.#chats.get(chatId);

        if (error) {
            this.#refuse({ type: 'error', error, details }, [chatId]);

        } else if (chat) {
            const { back } = chat;

            /* what was missed comes next, and counts from where we were */

            if (!recovered) {
                chat.seq = seq ?? 0;
            }

            chat.epoch = epoch;
            chat.back = false;

            if (back) {
                this.#emit(recovered ? 'recovered' : 'gap', { chatId, seq });
            }
        }
    }

    /* refused together: tried one by one, then given up */

    #refuse(data, chats) {
        const [chatId, more] = chats;

        if (more) {
            chats.forEach((id) => this.#ask(id));

        } else {
            this.#chats.delete(chatId);
            this.#emit('error', { ...data, chatId });
        }
    }

    #notify(data) {
        const { type, chatId, userId } = data;

        if (type === 'user_typing') {
            const key = JSON.stringify([chatId, userId]);

            clearTimeout(this.#typists.get(key));
            this.#typists.delete(key);

            if (data.isTyping) {
                this.#typists.set(key, setTimeout(
                    () => this.#notify({ ...data, isTyping: false }),
                    this.#options.typingLost));
            }
        }

        this.#emit('message', data);

        if (!own.includes(type)) {
            this.#emit(type, data);
        }
    }

    #emit(type, detail, state = this.state) {
        this.state = state;
        this.dispatchEvent(makeEvent(type, detail));
    }
}


export const connect = (options) => new ChatClient(options);
