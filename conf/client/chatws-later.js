/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * The methods of the browser client that concern people.  What they do is in
 * modules that are loaded by those alone who have such options, or call them.
 */

import { Target } from './chatws-events.js';

const loadPeople = () => import('./chatws-people.js');
const loadUpload = () => import('./chatws-upload.js');

const nobody = { online: [], away: [], offline: {}, count: 0, people: 0 };


/* "host" is the client, as chatws-people.js describes it. */

export class Later {
    people;
    hello;  /* the last "connected" */

    #options;
    #host;

    begin(options, host) {
        this.#options = options;
        this.#host = host;
    }

    get isWanted() {
        const { chats, state, presence } = this.#options;

        return (chats || state || presence) && !this.people;
    }

    /* The server knows people, and has said what of it is on. */

    get isOn() {
        return this.hello?.userSeq !== undefined;
    }

    /* whether it subscribes us to nothing before we have asked for chats */

    get isResuming() {
        return this.isOn && this.people?.asked === 'resume';
    }

    /* whether chats are to tell of those who are there, and of what they do */

    get state() {
        return this.isOn && this.#options.state ? true : undefined;
    }

    async load() {
        const { People } = await loadPeople();

        if (!this.people) {
            this.people = new People(this.#options, this.#host);

            if (this.#host.state() === 'open') {
                this.people.hear(this.hello);
            }
        }

        return this.people;
    }

    /* At once if they are here; what is returned ends what was begun. */

    act(begin) {
        if (this.people) {
            return begin(this.people);
        }

        let isOver = false;
        let end;

        this.load().then((people) => {
            if (!isOver && !this.#host.isOver()) {
                end = begin(people);
            }
        }).catch((error) => this.#host.emit('error', { type: 'error',
            error: 'Not available', details: `${error}` }));

        return () => {
            isOver = true;
            end?.();
        };
    }
}


export class Methods extends Target {
    #later;

    constructor(later) {
        super();
        this.#later = later;
    }

    get features() {
        return this.#later.hello?.features ?? [];
    }

    get userChats() {
        return this.#later.people?.userChats ?? [];
    }

    get unreadTotal() {
        return this.#later.people?.unreadTotal ?? 0;
    }

    get unreadChats() {
        return this.#later.people?.unreadChats ?? [];
    }

    chat(chatId) {
        return this.#later.people?.chat(chatId);
    }

    unread(chatId) {
        return this.#later.people?.unread(chatId) ?? 0;
    }

    reads(chatId) {
        return this.#later.people?.reads(chatId) ?? {};
    }

    delivered(chatId) {
        return this.#later.people?.delivered(chatId) ?? {};
    }

    readBy(chatId, seq) {
        return this.#later.people?.readBy(chatId, seq) ?? [];
    }

    tick(chatId, seq) {
        return this.#later.people?.tick(chatId, seq) ?? 'sent';
    }

    people(chatId) {
        return this.#later.people?.people(chatId) ?? nobody;
    }

    online(chatId) {
        const { online, away } = this.people(chatId);

        return [...online, ...away];
    }

    presence(userId) {
        return this.#later.people?.presence(userId);
    }

    lastSeen(userId) {
        return this.#later.people?.lastSeen(userId) ?? null;
    }

    uploads(chatId) {
        return this.#later.people?.uploads(chatId) ?? [];
    }

    read(chatId, seq, how) {
        this.#later.act((people) => people.read(chatId, seq, how));
    }

    markUnread(chatId, isUnread = true) {
        this.#later.act((people) => people.mark(chatId, isUnread));
    }

    setPresence(state) {
        this.#later.act((people) => people.setPresence(state));
    }

    askPresence(chatId, userIds) {
        this.#later.act((people) => people.askPresence(chatId, userIds));
    }

    watch(userIds) {
        return this.#later.act((people) => people.watch(userIds));
    }

    autoRead(chatId, element, how) {
        return this.#later.act((people) =>
            people.autoRead(this, chatId, element, how));
    }

    autoAway(time) {
        return this.#later.act((people) => people.autoAway(time));
    }

    upload(chatId, file, how) {
        const stop = new AbortController();
        const id = how.id ?? [Date.now(), Math.random(), Math.random()]
            .map((part) => part.toString(36).replace('0.', '')).join('-');
        const upload = { id, progress: { state: 'uploading', sent: 0,
            total: file.size }, abort: () => stop.abort() };

        upload.done = Promise.all([loadUpload(), this.#later.load()]).then(
            ([{ send }, people]) => send(upload, chatId, file, how,
                stop.signal, (progress) => people.uploading(progress)));
        upload.done.catch(() => {});

        return upload;
    }
}
