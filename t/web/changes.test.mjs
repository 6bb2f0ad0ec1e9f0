/*
 * Copyright (C) chatws contributors
 *
 * What the example of an app server keeps of people: it asks a server that
 * answers as chatws_api does, and the one or the other is killed.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { test } from 'node:test';

import { startApp, User } from './app.mjs';
import { ports } from './nginx.mjs';


/*
 * Commands come one after the other: next() is the next one of a kind, with
 * answer().  Others than "changes" are answered at once, unless "holds".
 */

class Api {
    holds = false;
    #come = [];
    #wanted = [];

    constructor() {
        this.server = createServer(async (asked, response) => {
            const all = JSON.parse((await asked.toArray()).join(''));
            const answer = (body) => response.end(JSON.stringify(body));
            const [{ command }] = [all].flat();
            const one = { command: command === 'changes' ? command : 'other',
                all, answer };

            if (command !== 'changes' && !this.holds) {
                answer({});
            }

            this.#come.push(one);
            this.#serve();
        });
    }

    #serve() {
        for (const wanted of [...this.#wanted]) {
            const at = this.#come.findIndex(({ command }) =>
                command === wanted.command);

            if (at >= 0) {
                this.#wanted.splice(this.#wanted.indexOf(wanted), 1);
                wanted.done(this.#come.splice(at, 1)[0]);
            }
        }
    }

    next(command) {
        return new Promise((done) => {
            this.#wanted.push({ command, done });
            this.#serve();
        });
    }

    /* An empty answer, or one with changes, to a question with this ack. */

    async tell(ack, next, changes = [], epoch = 'one') {
        const { all, answer } = await this.next('changes');

        assert.equal(all.ack, ack);
        answer({ epoch, ack: next, changes, more: false });
    }

    async acked(ack) {
        const { all, answer } = await this.next('changes');

        assert.equal(all.ack, ack);

        return (next, changes = [], epoch = 'one') =>
            answer({ epoch, ack: next, changes, more: false });
    }
}


/* The app, a server for it to ask, and two people. */

async function begin(t) {
    const place = mkdtempSync(`${tmpdir()}/chatws-changes-`);
    const api = new Api();
    const [port] = await ports(1);
    const env = {
        CHATWS_APP_DB: `${place}/chat.db`,
        CHATWS_APP_KEYS: `${place}/keys.jwks`,
        CHATWS_APP_ENCRYPTION: `${place}/encryption.jwks`,
        CHATWS_APP_FILES: `${place}/files`,
    };

    await new Promise((done) => api.server.listen(0, '127.0.0.1', done));
    env.CHATWS_APP_API = `http://127.0.0.1:${api.server.address().port}/`;

    const site = { url: `http://127.0.0.1:${port}/`, api };

    site.begin = async () => {
        site.app = await startApp(port, env);
    };

    await site.begin();

    t.after(async () => {
        await site.app.stop('SIGKILL');
        api.server.closeAllConnections();
        api.server.close();
        rmSync(place, { recursive: true });
    });

    for (const name of ['ann', 'ben']) {
        site[name] = new User(site, name);
        await site[name].ask('POST', 'api/users',
            { name, password: `${name}'s` });
        site.joined = (await api.next('other')).all;
    }

    return site;
}

/* What nginx is told of a user's chats at a handshake. */

async function chatsOf({ url }, token) {
    const asked = request(`${url}internal/chats`, { agent: false, headers: {
        'Sec-WebSocket-Protocol': `chatws.v1, chatws.bearer.${token}` } });

    asked.end();

    const [answer] = await once(asked, 'response');
    const chats = answer.headers['x-chats'];

    answer.resume();
    assert.equal(answer.statusCode, 204);

    return chats && JSON.parse(chats);
}

const unread = async (site, user) => chatsOf(site, await user.token());

async function reads({ ann }, chat) {
    const { body } = await ann.ask('GET', `api/chats/${chat}/messages`);
    const text = (id) => body.messages.find((one) => one.id === id).text;

    return Object.fromEntries(Object.entries(body.reads).map(([user, id]) =>
        [user, text(id)]));
}

const read = (userId, seen, left, more) => ({ chatId: 'general', userId,
    read: seen, seen, unread: left, marked: false, private: false, ...more });


test('what is unread, and who has read', async (t) => {
    const site = await begin(t);
    const { api, ann, ben } = site;

    assert.deepEqual(site.joined, ['general', 'coffee', 'release-party',
        'chat_1'].map((chatId) => ({ command: 'members', chatId,
        add: ['ben'] })));

    /* a server that is new to it is told who is where */

    await api.tell(undefined, 'a');
    assert.deepEqual((await api.next('other')).all[0], { command: 'members',
        chatId: 'chat_1', add: [{ userId: 'ann', unread: 0 },
            { userId: 'ben', unread: 0 }] });

    for (const text of ['1', '2', '3']) {
        await ann.say('general', text);
    }

    let answer = await api.acked('a');

    assert.equal((await unread(site, ben)).general, 3);
    answer('b', [read('ben', 2, 1), read('ann', 3, 0),
        { userId: 'ben', chatId: 'general', member: true },
        { userId: 'ben', online: false, invisible: false,
            lastSeen: '2025-11-27T10:00:00.000Z' },
        { userId: 'ann', online: true, invisible: true,
            lastSeen: '2025-11-27T10:00:00.000Z' }]);
    answer = await api.acked('b');

    const { general, ...others } = await unread(site, ben);

    assert.equal(general, 1);
    assert.deepEqual(others, { coffee: 0, 'release-party': 0, chat_1: 0 });
    assert.deepEqual(await reads(site, 'general'), { ann: '3', ben: '2' });

    const { body } = await ann.ask('GET', 'api/chats/general/members');

    assert.deepEqual(body.members, ['ann', 'ben']);
    assert.deepEqual(body.lastSeen, { ben: '2025-11-27T10:00:00.000Z' });

    /* one who does not tell; and what nginx does not speak of is left */

    answer('c', [read('ben', 3, 0, { private: true })]);
    answer = await api.acked('c');
    assert.deepEqual(await reads(site, 'general'), { ann: '3' });
    assert.equal((await unread(site, ben)).general, 0);

    /* somebody who is in no chat of ours, and is not even known */

    answer('d', [read('cy', 3, 0), read('ben', 3, 0, { chatId: 'none' })]);
    await api.acked('d');

    for (const token of ['', 'x', 'a.b.c', `${await ben.token()}x`,
        (await ben.token()).replace(/\..*\./, '.e30.')])
    {
        assert.equal(await chatsOf(site, token), undefined);
    }
});


/* Stored, and not yet counted by nginx: it is unread, whoever says so. */

test('a message on its way', async (t) => {
    const site = await begin(t);
    const { api, ann, ben } = site;

    await api.tell(undefined, 'a');
    await api.next('other');
    await ann.say('general', '1');
    await ann.say('general', '2');
    await api.tell('a', 'b', [read('ben', 1, 0)]);
    await api.tell('b', 'c', [read('ann', 2, 0)]);
    await api.acked('c');

    assert.equal((await unread(site, ben)).general, 1);
    assert.deepEqual(await reads(site, 'general'), { ann: '2', ben: '1' });
});


test('killed between a batch and its ack', async (t) => {
    const site = await begin(t);
    const { api, ann, ben } = site;

    await api.tell(undefined, 'a');
    await api.next('other');

    for (const text of ['1', '2', '3', '4']) {
        await ann.say('general', text);
    }

    await api.tell('a', 'b', [read('ben', 1, 3), read('ann', 4, 0)]);

    /* an nginx without a memory, while the app is told of the next batch */

    let answer = await api.acked('b');

    api.holds = true;
    answer('x', [read('ben', 0, 2)], 'two');
    await api.next('other');
    await site.app.stop('SIGKILL');
    api.holds = false;
    await site.begin();
    assert.equal((await unread(site, ben)).general, 3);

    answer = await api.acked('b');
    answer('x', [read('ben', 0, 2)], 'two');

    const { all } = await api.next('other');

    assert.deepEqual(all.find(({ chatId }) => chatId === 'general').add,
        [{ userId: 'ann', unread: 0 }, { userId: 'ben', unread: 3 }]);

    /* numbers of both epochs mean messages of ours */

    answer = await api.acked('x');
    assert.equal((await unread(site, ben)).general, 2);
    await ann.say('general', '5');
    answer('y', [read('ann', 3, 0)], 'two');
    await api.acked('y');
    assert.equal((await unread(site, ben)).general, 3);
    assert.deepEqual(await reads(site, 'general'), { ann: '5', ben: '2' });

    /* and the app is killed at any other time */

    await site.app.stop('SIGKILL');
    await site.begin();
    await api.acked('y');
    assert.equal((await unread(site, ben)).general, 3);
    assert.deepEqual(await reads(site, 'general'), { ann: '5', ben: '2' });
});


/* What is no answer is asked for again, and nothing of it is kept. */

test('a server that answers something else', async (t) => {
    const site = await begin(t);
    const { api } = site;

    for (const body of [{}, [], 'x', null, { epoch: 'one' },
        { epoch: 'one', ack: 'z', changes: [{ userId: 'ann', seen: 1 }] }])
    {
        (await api.next('changes')).answer(body);
    }

    await api.tell(undefined, 'a');
    await api.acked('a');
});
