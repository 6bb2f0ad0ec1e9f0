/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * Who is there: of the chats of the browser client and of those whom it
 * watches; and what it says of its own user.
 */

/* a server that is new has learned by then who is still there */
const LEARNED = 45000;

/* ids of requests, which no other module uses, and users in one of them */
const NAME = 'chatws:presence:';
const MOST = 100;

/* what a connection says of itself holds; "online" is what it is anyway */
const lasting = ['away', 'offline', 'invisible'];


export class Presence {
    #people;
    #host;
    #chats = new Map();  /* chat, or undefined for those who are watched:
                            { online, away: Set; offline: Map; count, people,
                            isNamed; kept: Set } */
    #users = new Map();  /* user: { state, lastSeen } */
    #lists = new Set();  /* those who are watched */
    #watched = '[]';  /* as the server was told */
    #isDue = false;
    #asked = new Map();  /* id of a request: users */
    #lastId = 0;
    #timer;
    #said;  /* by the user */
    #isAway = false;
    #told = 'online';  /* to this connection */

    constructor(people, host, state) {
        this.#people = people;
        this.#host = host;
        this.#said = state;
    }

    /* --- others */

    hear(chatId, data, isWhole) {
        const { online, away, offline, left = [], count, people, warming,
            id } = data;
        const chat = this.#chat(chatId);
        const isNamed = Boolean(online ?? away ?? offline);

        if (isWhole || !isNamed && chat.isNamed) {
            this.#empty(chat, warming && isNamed);
        }

        for (const user of online ?? []) {
            this.#put(chat, user, 'online');
        }

        for (const user of away ?? []) {
            this.#put(chat, user, 'away');
        }

        for (const [user, time] of Object.entries(offline ?? {})) {
            if (!warming || !chat.kept.has(user)) {
                this.#put(chat, user, 'offline', time);
            }
        }

        left.forEach((user) => this.#remove(chat, user));
        chat.count = count ?? chat.count;
        chat.people = people ?? chat.people;

        /* an answer says nothing of those who are none of the chat's people */

        if (id === undefined) {
            chat.isNamed = isNamed;

        } else if (!warming) {
            this.#asked.get(id)?.forEach((user) => {
                if (chat.kept.has(user)) {
                    this.#remove(chat, user);
                }
            });
        }

        this.#asked.delete(id);

        /* asked for once the server is no longer new, or later */

        if (chat.kept.size > 0) {
            this.#timer ??= setTimeout(() => this.#doubted(),
                LEARNED * (1 + Math.random() / 3));
        }
    }

    #chat(chatId) {
        const chat = this.#chats.get(chatId) ?? { online: new Set(),
            away: new Set(), offline: new Map(), count: 0, people: 0,
            isNamed: false, kept: new Set() };

        this.#chats.set(chatId, chat);

        return chat;
    }

    #put(chat, user, state, time = null) {
        this.#take(chat, user);

        if (state === 'offline') {
            chat.offline.set(user, time);

        } else {
            chat[state].add(user);
        }

        this.#users.set(user, { state, lastSeen: time });
    }

    #take(chat, user) {
        chat.kept.delete(user);
        chat.online.delete(user);
        chat.away.delete(user);
        chat.offline.delete(user);
    }

    /* Who is in no chat is not known any more. */

    #remove(chat, user) {
        this.#take(chat, user);

        for (const { online, away, offline } of this.#chats.values()) {
            if (online.has(user) || away.has(user) || offline.has(user)) {
                return;
            }
        }

        this.#users.delete(user);
    }

    #empty(chat, isNew) {
        const { online, away, offline, kept } = chat;

        for (const user of [...online, ...away, ...offline.keys()]) {
            if (!isNew || !kept.has(user)) {
                this.#remove(chat, user);
            }
        }
    }

    forget(chatId) {
        const chat = this.#chats.get(chatId);

        if (chat) {
            this.#empty(chat);
            this.#chats.delete(chatId);
        }
    }

    /* A server that is new does not know yet who is there: who was stays. */

    doubt() {
        for (const chat of this.#chats.values()) {
            chat.kept = new Set([...chat.online, ...chat.away]);
        }
    }

    /* In the end it knows, but tells of nobody who has not come back. */

    #doubted() {
        this.#timer = undefined;

        for (const [chatId, { kept }] of this.#chats) {
            if (kept.size > 0 && chatId === undefined) {
                this.#watched = undefined;
                this.#tellWatched();

            } else {
                this.ask(chatId, kept);
            }
        }
    }

    ask(chatId, userIds) {
        const users = [...userIds];

        if (this.#host.state() !== 'open' || !this.#people.has('presence')) {
            return;
        }

        for (let i = 0; i < users.length; i += MOST) {
            const id = `${NAME}${++this.#lastId}`;
            const some = users.slice(i, i + MOST);

            this.#asked.set(id, some);
            this.#host.send({ action: 'presence', chatId, users: some, id });
        }
    }

    /* True: it was to one of these requests. */

    refused({ id }) {
        return this.#asked.delete(id);
    }

    people(chatId) {
        const { online = [], away = [], offline = [], count = 0, people = 0 }
            = this.#chats.get(chatId) ?? {};

        return { online: [...online], away: [...away],
            offline: Object.fromEntries(offline), count, people };
    }

    state(userId) {
        return this.#users.get(userId)?.state;
    }

    lastSeen(userId) {
        return this.#users.get(userId)?.lastSeen ?? null;
    }

    /* --- those who are watched: the lists of all who asked, once a turn */

    watch(userIds) {
        const list = [...userIds];

        this.#lists.add(list);
        this.#watchSoon();

        return () => {
            if (this.#lists.delete(list)) {
                this.#watchSoon();
            }
        };
    }

    #watchSoon() {
        if (!this.#isDue) {
            this.#isDue = true;
            queueMicrotask(() => {
                this.#isDue = false;
                this.#tellWatched();
            });
        }
    }

    #tellWatched() {
        const users = [...new Set([...this.#lists].flat())].sort();
        const text = JSON.stringify(users);
        const chat = this.#chats.get(undefined);

        if (this.#host.state() !== 'open' || !this.#people.has('presence')
            || text === this.#watched)
        {
            return;
        }

        for (const user of chat ? [...chat.online, ...chat.away,
            ...chat.offline.keys()] : [])
        {
            if (!users.includes(user)) {
                this.#remove(chat, user);
            }
        }

        this.#watched = text;
        this.#host.send({ action: 'watch', users });
    }

    /* --- our user */

    get argument() {
        this.#told = this.#state;

        return lasting.includes(this.#told) ? this.#told : null;
    }

    get #state() {
        return this.#isAway && !lasting.includes(this.#said) ? 'away'
            : this.#said ?? 'online';
    }

    say(state) {
        this.#said = state;
        this.#tell(true);
    }

    away(isAway) {
        this.#isAway = isAway;
        this.#tell();
    }

    #tell(isAnew) {
        const state = this.#state;

        if (this.#host.state() === 'open' && this.#people.has('presence')
            && (isAnew || state !== this.#told))
        {
            this.#told = state;
            this.#host.send({ action: 'presence', state });
        }
    }

    /* There is another connection. */

    again() {
        this.#asked.clear();
        this.#watched = '[]';
        this.#tell();
        this.#tellWatched();
    }

    ended() {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#asked.clear();
    }
}
