/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * The browser client: one connection that comes back with all its chats,
 * and tells what could not be recovered.  chatws.d.ts describes it.
 */

import { makeEvent } from './chatws-events.js';
import { Inbox } from './chatws-inbox.js';
import { Later, Methods } from './chatws-later.js';
import { answers, Link } from './chatws-link.js';
import { isUnauthorized, LONGEST, tokenOf } from './chatws-token.js';
import { Typing, Typists, watchField } from './chatws-typing.js';

const defaults = {
    url: '/api/ws',
    tokenIn: 'message',
    minDelay: 1000,
    maxDelay: 30000,
    timeout: 8000,
    idle: 20000,
    typingEvery: 3000,
    typingStop: 5000,
    typingLost: 10000,
    uploadLost: 15000,
};

/* our own events: the server takes no publications of these names */
const own = ['open', 'connecting', 'reconnecting', 'closed', 'recovered',
    'gap', 'message', 'error', 'unauthorized', 'denied', 'undecryptable'];

/* errors that say of a chat that it is not for us */
const denials = ['Not allowed', 'Invalid token', 'Token expired'];


/* who has no encryptionKey() does without it */
const load = () => import('./chatws-encryption.js');

/* what has a number of the user's, but was published by nobody */
const plain = ['connected', 'chats', 'chat_added', 'chat_removed',
    'notification'];

/* of the user, who need not be in the chat that they name */
const loose = ['unread', 'upload_progress'];

const isEncrypted = ({ type, message, enc }) =>
    typeof (type === 'new_message' ? message?.enc : enc) === 'string';


/* thrown by url() or getToken(), it ends the client */

export class UnauthorizedError extends Error {
    name = 'UnauthorizedError';
}


export class ChatClient extends Methods {
    #link;
    #over = false;  /* close() was called */
    #options;
    #chats = new Map();  /* chat: { users, held, seq, epoch, back, getToken,
                            faults, keys, turn, told, isLeft } */
    #inbox = new Inbox();
    #later;  /* people, once somebody asks for them */
    #asked = new Map();  /* id of a request: its chats */
    #unheard = [];  /* chats to be asked for with another token */
    #lastId = 0;
    #room = 16000;  /* bytes of chats in one message */
    #typing;  /* of ours, and of others */
    #typists;

    constructor(options) {
        const later = new Later();

        super(later);
        this.#later = later;

        const { WebSocket, fetch } = globalThis;
        const given = Object.entries(options ?? {})
            .filter(([, value]) => value !== undefined);
        const all = { ...defaults, WebSocket, fetch,
            ...Object.fromEntries(given) };

        this.#options = all;

        if (all.encryptionKey) {
            load().catch(() => {});
        }

        this.#typing = new Typing(all, (message) => this.#link.send(message));
        this.#typists = new Typists(all, (data) => this.#notify(data));

        later.begin(all, {
            chats: this.#chats,
            state: () => this.state,
            isOver: () => this.#over,
            send: (message) => this.#link.send(message),
            emit: (type, detail) => this.#emit(type, detail),
            notify: (data) => this.#notify(data),
            forget: (chatId) => this.#forget(chatId),
            isNew: () => !this.#inbox.epoch && ![...this.#chats.values()]
                .some(({ epoch }) => epoch),
        });

        this.#link = new Link(all, {
            ready: () => later.isWanted && later.load(),
            args: () => later.people?.args,
            emit: (type, detail) => this.#emit(type, detail),
            receive: (data) => this.#receive(data),
            shrink: () => this.#shrink(),
            opened: (hello) => {
                later.hello = hello;
                this.#inbox.begin(hello);
                this.#resume(this.#chats, later.isResuming);
            },
            renewed: () => this.#resume(this.#unheard.splice(0).filter(
                ([chatId, chat]) => this.#chats.get(chatId) === chat)),
            lost: () => {
                this.#asked.clear();
                this.#unheard = [];
                this.#typing.clear();
                later.people?.lost();
            },
            ended: () => {
                this.#typists.clear();
                later.people?.ended();
            },
        });

        this.#link.begin();
    }

    get state() {
        return this.#link.state;
    }

    get retryAt() {
        return this.#link.retryAt;
    }

    get chats() {
        return [...this.#chats.keys()];
    }

    position(chatId) {
        const chat = this.#chats.get(chatId);
        const { seq, epoch } = (chat?.turn ? chat.told : chat) ?? {};

        return epoch && { seq, epoch };
    }

    /* counted: a chat is left by the last one who entered it */

    subscribe(chatId, how) {
        const chat = this.#chats.get(chatId) ?? { users: 0 };
        const isFirst = chat.users++ === (chat.held ? 1 : 0);
        let inside = true;

        if (isFirst) {
            Object.assign(chat, how);
            this.#chats.set(chatId, chat);
        }

        /* the server may have put us into it, and with its own position */

        if (isFirst && (!chat.held || how || this.#later.people?.isCut)) {
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
            this.#forget(chatId);

            /* answers to what was asked before are nobody's, if they come */

            this.#asked.forEach((chats, id) => this.#asked.set(id,
                chats.filter((name) => name !== chatId)));
            this.#link.send({ action: 'unsubscribe', chatId });
        }
    }

    typing(chatId, isTyping = true) {
        if (!isTyping) {
            this.#typing.end(chatId);

        } else if (this.state === 'open' && this.#chats.has(chatId)) {
            this.#typing.begin(chatId);
        }
    }

    autoTyping(input, chatId) {
        return watchField(this, input, chatId);
    }

    typists(chatId) {
        return this.#typists.of(chatId);
    }

    retry() {
        if (this.state !== 'closed') {
            this.#link.retry();

        } else if (!this.#over) {
            this.#link.begin();
        }
    }

    close() {
        this.#over = true;

        if (this.state !== 'closed') {
            this.#link.end(1000, '');
        }

        this.#later.people?.close();
    }

    async #ask(chatId) {
        const chat = this.#chats.get(chatId);
        const { turn } = this.#link;
        const isOurs = () => this.state === 'open' && turn === this.#link.turn
            && chat && this.#chats.get(chatId) === chat;
        let token;

        try {
            if (isOurs() && chat.getToken) {
                token = await tokenOf(chat.getToken, chatId);
            }

        } catch (error) {
            if (isOurs() && isUnauthorized(error)) {
                this.#refuse({ type: 'error', error: 'Not allowed',
                    details: `${error}` }, [chatId]);

            } else if (isOurs()) {
                chat.faults = (chat.faults ?? 0) + 1;
                this.#postpone([chatId], this.#link.delay(chat.faults));
            }

            return;
        }

        if (isOurs()) {
            const { seq, epoch } = chat;
            const since = epoch && { seq, epoch };
            const id = this.#remember([chatId]);

            this.#link.send({ action: 'subscribe', chatId, since, token,
                state: this.#later.state, id });
        }
    }

    /* asks again after a while for those who are still meant */

    #postpone(chatIds, time) {
        const { turn } = this.#link;
        const chats = chatIds.map((chatId) =>
            [chatId, this.#chats.get(chatId)]);

        setTimeout(() => {
            if (turn === this.#link.turn) {
                this.#resume(chats.filter(([chatId, chat]) =>
                    chat && this.#chats.get(chatId) === chat));
            }
        }, Math.min(LONGEST, Math.max(100, time)));
    }

    /* less in one message: true, if that may help */

    #shrink() {
        const isLess = this.#room > 250
            && [...this.#asked.values()].some((chats) => chats[1]);

        if (isLess) {
            this.#room /= 4;
        }

        return isLess;
    }

    /* notes whom a request is about, and who comes back */

    #remember(chats) {
        for (const chatId of chats) {
            const chat = this.#chats.get(chatId);

            chat.back = chat.seq !== undefined;
        }

        this.#asked.set(++this.#lastId, chats);

        return this.#lastId;
    }

    /*
     * All at once; what is for the user first, with the chats of its epoch.
     * The server may wait for a resume before it subscribes us to anything.
     */

    #resume(chats = this.#chats, isWaited = false) {
        const all = [...chats];
        let { user } = this.#inbox;
        let last = user?.epoch ?? (isWaited ? all.find(([, { epoch }]) =>
            epoch)?.[1].epoch : undefined);
        let batch = [];
        let room = last ? this.#room : 0;

        const flush = () => {
            const ids = batch.map(([chatId]) => chatId);

            if (last && (ids[1] || user || isWaited)) {
                const id = this.#remember(ids);

                this.#link.send({ action: 'resume',
                    chats: Object.fromEntries(batch),
                    user: user && this.#inbox.ask(id),
                    state: this.#later.state, epoch: last, id });

                user = isWaited = undefined;

            } else {
                ids.forEach((chatId) => this.#ask(chatId));
            }
        };

        if (last) {
            all.sort(([, a], [, b]) =>
                (b.epoch === last) - (a.epoch === last));
        }

        for (const [chatId, { seq, epoch, getToken }] of all) {
            if (getToken) {
                this.#ask(chatId);
                continue;
            }

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

    #receive(data) {
        const { type, chatId, seq, id, userSeq } = data;
        const chat = this.#chats.get(chatId);
        const { people, isOn } = this.#later;
        const isState = isOn && seq === undefined;
        let asked;

        if (answers.includes(type)) {
            asked = this.#asked.get(id);
            this.#asked.delete(id);
        }

        if (type === 'error') {
            if (people?.refused(data)) {
                return;
            }

            /* what is for the user is asked for with other chats, or alone */

            if (this.#inbox.refused(data) && !asked?.length) {
                return data.retryAfter === undefined
                    ? this.#link.renew(data.error)
                    : this.#postpone([], data.retryAfter);
            }

            return asked?.length !== 0 && this.#refuse(data, asked ?? []);
        }

        if (type === 'subscription_confirmed') {
            if (data.action === 'subscribe') {

                /* the server has put us into this chat */

                if (!chat && id === undefined) {
                    this.#chats.set(chatId, { users: 1 });
                }

                this.#confirm(chatId, data, data);
            }

        } else if (type === 'resumed' && !chatId) {
            this.#resumed(data);

        } else if (type === 'unsubscribed') {
            if (!chat) {
                return;
            }

            /* another token, and no gap */

            if (chat.getToken && data.reason === 'expired') {
                this.#ask(chatId);

                return;
            }

            /* a request that is on its way decides whether we are back */

            chat.seq = chat.epoch = chat.keys = undefined;

            if (!this.#isAsked(chatId)) {
                this.#forget(chatId);
            }

        } else if (isState && userSeq !== undefined && type !== 'chats'
            && type !== 'connected')
        {
            /* repeated, or it comes again behind what was missed */

            if (!this.#inbox.takes(userSeq)) {
                return;
            }

            if (type === 'chat_removed') {
                this.#forget(chatId);
            }

            people?.hear(data);

            return this.#pass(data, this.#inbox);

        } else if (chatId !== undefined
            && !(isState && loose.includes(type)))
        {
            /* of a chat that was left, or repeated, or likewise */

            if (!chat || seq <= chat.seq || chat.back && seq !== undefined) {
                return;
            }

            const { seq: last, epoch } = chat;

            chat.told = chat.turn ? chat.told : { seq: last, epoch };
            chat.seq = seq ?? last;
            people?.hear(data);

            return this.#pass(data, chat);
        }

        if (people?.hear(data) !== false) {
            this.#inTurn(chat, () => this.#notify(data));
        }
    }

    #pass(data, chat) {
        if (this.#options.encryptionKey && isEncrypted(data)) {
            const keys = chat === this.#inbox ? chat.keys(data.chatId)
                : chat.keys ??= new Map();

            this.#inTurn(chat, () => this.#open(chat, keys, data), true);

        } else {
            this.#inTurn(chat, () => this.#notify(data));
        }
    }

    /* at once, unless something of this chat is being opened, or slow is */

    #inTurn(chat, tell, isSlow) {
        if (!chat?.turn && !isSlow) {
            return tell();
        }

        const { seq, epoch } = chat;
        const turn = chat.turn = Promise.resolve(chat.turn).then(async () => {
            if (!chat.isLeft && !this.#over) {
                await tell();
            }

            chat.told = { seq, epoch };
            chat.turn = chat.turn === turn ? undefined : chat.turn;
        });
    }

    async #open(chat, keys, data) {
        const { chatId } = data;
        const { notification, ...fault } = await load()
            .then(({ open }) => open(data, keys, this.#options))
            .catch((error) => ({ reason: 'key', error }));

        if (chat.isLeft || this.#over) {
            return;
        }

        if (notification) {
            this.#notify(notification);

        } else {
            this.#emit('undecryptable',
                { chatId, ...fault, notification: data });
        }
    }

    /* those of one time are asked for again in one message */

    #resumed(data) {
        const later = new Map();

        this.#inbox.resumed(data);

        for (const [chatId, answer] of Object.entries(data.chats)) {
            const { error, details = '', retryAfter } = answer;
            const chat = this.#chats.get(chatId);

            /* unasked, it tells of a loss */

            if (chat && data.id === undefined) {
                chat.back = chat.seq !== undefined;
            }

            if (retryAfter !== undefined) {
                later.set(retryAfter, later.get(retryAfter) ?? []);
                later.get(retryAfter).push(chatId);

            } else if (error) {
                this.#refuse({ type: 'error', error, details }, [chatId]);

            } else {
                this.#confirm(chatId, answer,
                    { epoch: answer.epoch ?? data.epoch });
            }
        }

        later.forEach((chats, time) => this.#postpone(chats, time));
    }

    #confirm(chatId, { seq, recovered }, { epoch }) {
        const chat = this.#chats.get(chatId);

        if (chat) {
            const { back } = chat;

            /* what was missed comes next, and counts from where we were */

            if (!recovered) {
                chat.seq = seq ?? 0;
            }

            chat.epoch = epoch;
            chat.back = false;
            chat.faults = 0;

            if (back) {
                this.#inTurn(chat, () => this.#emit(
                    recovered ? 'recovered' : 'gap', { chatId, seq }));
            }
        }
    }

    #isAsked(chatId) {
        return [...this.#asked.values()].some((chats) =>
            chats.includes(chatId));
    }

    #forget(chatId) {
        const chat = this.#chats.get(chatId);

        if (chat) {
            chat.isLeft = true;
        }

        this.#typing.forget(chatId);
        this.#typists.forget(chatId);
        this.#inbox.forget(chatId);
        this.#later.people?.forget(chatId);
        this.#chats.delete(chatId);
    }

    #refuse(data, chats) {
        const { error, retryAfter } = data;
        const [chatId, more] = chats;
        const chat = this.#chats.get(chatId);
        const isExpired = error === 'Token expired';

        if (chatId === undefined) {
            this.#emit('error', { ...data, chatId });

        /* not yet; a resume has cost the more the more chats it has */

        } else if (retryAfter !== undefined) {
            this.#postpone(chats, retryAfter);

        } else if (isExpired && chat?.getToken && !chat.faults) {
            chat.faults = 1;
            this.#ask(chatId);

        } else if (error === 'Token required'
            || isExpired && !chat?.getToken)
        {
            this.#unheard.push(...chats.map((name) =>
                [name, this.#chats.get(name)]));

            this.#link.renew(error);

        /* refused together: tried one by one, then given up */

        } else if (more) {
            chats.forEach((name) => this.#ask(name));

        } else if (!this.#isAsked(chatId)) {
            this.#forget(chatId);
            this.#emit(denials.includes(error) ? 'denied' : 'error',
                { ...data, chatId });
        }
    }

    #notify(data) {
        const { type } = data;

        if (this.#typists.hear(data)) {
            this.#emit('message', data);

            if (!own.includes(type)) {
                this.#emit(type, data);
            }

            if (data.userSeq !== undefined && this.#later.isOn
                && !plain.includes(type))
            {
                this.#emit('notification', data);
            }
        }
    }

    #emit(type, detail) {
        this.dispatchEvent(makeEvent(type, detail));
    }
}


export const connect = (options) => new ChatClient(options);
