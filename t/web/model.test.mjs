/*
 * Copyright (C) chatws contributors
 *
 * A server at random: whatever the order in which kinds of notifications come
 * that do not depend on one another, and whatever is lost with a connection,
 * the browser client ends where one begins that has never been away.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settled, socket } from './fake.mjs';
import { again, counted, list, people, presence, receipt, state, unread,
    welcome } from './people.mjs';

const ROUNDS = 150;
const STEPS = 120;

const ids = ['a', 'b', 'c'];
const others = ['v', 'w', 'x'];


/* Numbers that look random, the same each time. */

function dice(seed) {
    let x = seed;

    return (n) => {
        x = (Math.imul(x, 1664525) + 1013904223) >>> 0;

        return Math.floor(x / 2 ** 32 * n);
    };
}


/* What a server knows, and what it has to say: each kind in its own order. */

class Server {
    epoch = 'e1';
    queues = new Map();
    users = new Map(others.map((user) => [user, 'offline']));

    constructor(random) {
        this.random = random;
        this.chats = new Map(ids.map((id) => [id, { log: [], last: 0, count: 0,
            read: 0, seen: 0, marked: false, reads: new Map(),
            people: new Set(others) }]));
    }

    pick(list) {
        return list[this.random(list.length)];
    }

    say(kind, frame) {
        this.queues.set(kind, [...this.queues.get(kind) ?? [], frame]);
    }

    step() {
        const id = this.pick(ids);
        const chat = this.chats.get(id);

        switch (this.random(8)) {
        case 0:
        case 1:
        case 2:
            return this.message(id, chat);
        case 3:
            return this.read(id, chat);
        case 4:
            chat.marked = true;

            return this.say(`unread ${id}`, this.unread(id, chat));
        case 5:
            return this.receipt(id, chat);
        case 6:
            return this.move();
        default:
            return this.come(id, chat);
        }
    }

    message(id, chat) {
        const sender = this.pick([...others, 'u']);

        chat.last++;
        chat.count += this.random(4) ? 1 : 0;
        chat.reads.set(sender, chat.last);

        if (sender === 'u') {
            Object.assign(chat, { read: chat.last, seen: chat.count,
                marked: false });

            return this.say(`unread ${id}`, this.unread(id, chat));
        }

        const frame = counted(id, chat.last, chat.count, { sender });

        chat.log.push(frame);
        this.say(`log ${id}`, frame);
    }

    read(id, chat) {
        const to = chat.read + this.random(chat.last - chat.read + 1);
        const held = chat.log.findLast(({ seq }) => seq <= to);

        chat.marked = false;

        if (to > chat.read) {
            chat.seen = to === chat.last ? chat.count
                : Math.max(chat.seen, held?.count ?? 0);
            chat.read = to;
            chat.reads.set('u', to);
        }

        this.say(`unread ${id}`, this.unread(id, chat));
    }

    unread(id, { read, seen, count, marked }) {
        return unread(id, read, count, { seen, unread: count - seen,
            marked: marked || undefined, epoch: this.epoch });
    }

    receipt(id, chat) {
        const user = this.pick(others);
        const to = Math.max(chat.reads.get(user) ?? 0,
            this.random(chat.last + 1));

        chat.reads.set(user, to);
        this.say(`receipt ${id}`, receipt(id, { [user]: to,
            u: chat.reads.get('u') ?? 0 }));
        chat.reads.set('u', chat.reads.get('u') ?? 0);
    }

    move() {
        const user = this.pick(others);

        this.users.set(user, this.pick(['online', 'away', 'offline']));
        ids.filter((id) => this.chats.get(id).people.has(user)).forEach((id) =>
            this.say(`presence ${id}`, presence(id, this.lists(id, [user]))));
    }

    come(id, chat) {
        const user = this.pick(others);
        const left = chat.people.delete(user) ? [user] : [];

        if (!left[0]) {
            chat.people.add(user);
        }

        this.say(`presence ${id}`, presence(id,
            { ...this.lists(id, left[0] ? [] : [user]), left }));
    }

    lists(id, users) {
        const all = { online: [], away: [], offline: {} };

        for (const user of users) {
            const is = this.users.get(user);

            if (is === 'offline') {
                all.offline[user] = null;

            } else {
                all[is].push(user);
            }
        }

        const present = [...this.chats.get(id).people].filter((user) =>
            this.users.get(user) !== 'offline');

        return { ...all, count: present.length,
            people: this.chats.get(id).people.size };
    }

    numbers({ last, count, read, seen, marked }) {
        return { last, count, read, seen, unread: count - seen,
            ...marked && { marked } };
    }

    list() {
        return list(Object.fromEntries([...this.chats].map(([id, chat]) =>
            [id, this.numbers(chat)])), { epoch: this.epoch });
    }

    state(id) {
        const chat = this.chats.get(id);

        return state(id, { ...this.numbers(chat), epoch: this.epoch,
            presence: this.lists(id, chat.people),
            reads: Object.fromEntries(chat.reads) });
    }

    /* A part of what there is to be said. */

    drain(n, only = () => true) {
        for (; n > 0; n--) {
            const kinds = [...this.queues.keys()].filter((kind) =>
                this.queues.get(kind)[0] && only(kind));

            if (!kinds[0]) {
                return;
            }

            socket().say(this.queues.get(this.pick(kinds)).shift());
        }
    }

    /* One that was slow gets the state of a chat in place of changes. */

    repair() {
        const id = this.pick(ids);

        this.drain(Infinity, (kind) => kind === `log ${id}`);
        this.queues.forEach((queue, kind) =>
            kind.endsWith(` ${id}`) && queue.splice(0));
        socket().say(this.state(id));
    }

    /* The connection is lost, and perhaps the zone with it. */

    async back(s) {
        const isNew = this.random(3) === 0;

        this.queues.clear();

        if (isNew) {
            this.epoch += '+';

            for (const chat of this.chats.values()) {
                const left = Math.max(0, chat.count - chat.seen);

                Object.assign(chat, { log: [], last: 0, count: 0, read: 0,
                    seen: -left, marked: false, reads: new Map() });
            }
        }

        const [{ chats }] = await again(s, welcome(0, { epoch: this.epoch }));

        assert.deepEqual(Object.keys(chats).sort(), ids);

        socket().say({ type: 'resumed', epoch: this.epoch,
            user: { recovered: !isNew, seq: 0 },
            chats: Object.fromEntries([...this.chats].map(([id, chat]) => {
                const { last, marked, ...all } = this.numbers(chat);

                return [id, { recovered: !isNew, seq: last, ...all }];
            })) });

        for (const [id, { log }] of this.chats) {
            socket().say(...log.filter(({ seq }) => seq > chats[id].seq));
        }

        socket().say(this.list(), ...ids.map((id) => this.state(id)));
    }
}


/* What a page would show. */

function shown(client) {
    const all = ids.map((id) => {
        const { last, epoch, ...chat } = client.chat(id);
        const { online, away, offline, ...numbers } = client.people(id);
        const ticks = [1, 2, 3, 5, 8, 13].map((seq) => client.tick(id, seq));

        return { ...chat, ...numbers, online: online.sort(),
            away: away.sort(), offline: Object.keys(offline).sort(),
            reads: Object.entries(client.reads(id)).sort(),
            ticks };
    });

    return { all, total: client.unreadTotal,
        unread: client.unreadChats.sort(),
        users: others.map((user) => client.presence(user)) };
}


test('any order ends in what a fresh snapshot says', async (t) => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
        await t.test(`${seed}`, async (t) => {
            const random = dice(seed);
            const server = new Server(random);
            const s = await people(t);

            socket().say(server.list(), ...ids.map((id) => server.state(id)));

            for (let i = 0; i < STEPS; i++) {
                server.step();
                server.drain(random(4));

                if (random(25) === 0) {
                    server.repair();

                } else if (random(40) === 0) {
                    await server.back(s);
                }
            }

            server.drain(Infinity);

            const { client } = s;
            const had = shown(client);

            socket().say(server.list(), ...ids.map((id) => server.state(id)));
            assert.deepEqual(had, shown(client));

            /* and in what the model says */

            const sum = [...server.chats.values()].reduce((n, chat) =>
                n + Math.max(0, chat.count - chat.seen), 0);

            assert.equal(had.total, sum);
            await settled();
        });
    }
});
