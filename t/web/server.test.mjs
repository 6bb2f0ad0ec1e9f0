/*
 * Copyright (C) chatws contributors
 *
 * The browser client with nginx: real sockets, reloads, killed workers, cut
 * and frozen lines.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { require } from './modules.mjs';
import { line, Nginx } from './nginx.mjs';
import { user as userOf } from './user.mjs';

const { WebSocket } = require('ws');

let nginx;

before(async () => nginx = await Nginx.start());

after(() => {
    nginx.stop();
});


const user = (t, name, options) => userOf(t, nginx, name, options);

const say = (chatId, text, sender = 'x') =>
    nginx.publish({ chatId, text: String(text), sender });


test('messages, typing, application events', async (t) => {
    const ann = await user(t, 'ann').join('first');
    const bob = await user(t, 'bob', { username: 'Bob B.' }).join('first');

    await say('first', 'hello', 'ann');
    assert.equal((await bob.next('new_message')).message.text, 'hello');

    bob.client.typing('first');

    let typing = await ann.next('user_typing');

    assert.equal(typing.username, 'Bob B.');
    assert.equal(typing.isTyping, true);
    bob.client.typing('first', false);
    typing = await ann.next('user_typing');
    assert.equal(typing.isTyping, false);

    await nginx.publish({ type: 'edited', chatId: 'first', id: 'm' });
    assert.equal((await ann.next('edited')).id, 'm');

    ann.client.unsubscribe('first');
    await ann.next('subscription_confirmed',
        ({ action }) => action === 'unsubscribe');
});


test('a refused chat', async (t) => {
    const ann = user(t, 'ann');

    ann.client.subscribe('x'.repeat(129));

    const { error, chatId } = await ann.next('error');

    assert.equal(error, 'Invalid chatId');
    assert.equal(chatId, 'x'.repeat(129));
    assert.deepEqual(ann.client.chats, []);
});


test('the probe is answered and not seen', async (t) => {
    const ann = await user(t, 'ann', { idle: 30, timeout: 1000 }).join('p');
    let answers = 0;

    await new Promise((done) => {
        const { prototype } = WebSocket;
        const { send } = prototype;

        t.after(() => prototype.send = send);

        prototype.send = function (text) {
            if (text.includes('chatws:probe')) {
                this.once('message', () => ++answers === 3 && done());
            }

            send.call(this, text);
        };
    });

    assert.equal(ann.client.state, 'open');
    assert.deepEqual(ann.events.filter(({ event }) => event !== 'open'), []);
});


test('a cut line: what was missed comes', async (t) => {
    const way = await line(nginx.port);

    t.after(() => way.close());

    const ann = await user(t, 'ann',
        { url: `${way.url}api/ws`, maxDelay: 100 }).join('cut', 'other');

    await say('cut', 1);
    await ann.next('new_message');

    way.cut();
    await ann.next('reconnecting');

    for (let i = 2; i <= 5; i++) {
        await say('cut', i);
    }

    way.join();

    const { seq } = await ann.next('recovered',
        ({ chatId }) => chatId === 'cut');

    assert.equal(seq, 5);
    await ann.next('recovered', ({ chatId }) => chatId === 'other');

    for (let i = 2; i <= 5; i++) {
        assert.equal((await ann.next('new_message')).message.text, `${i}`);
    }

    await say('cut', 6);
    assert.equal((await ann.next('new_message')).message.text, '6');
    assert.deepEqual(ann.texts(), []);
});


test('a frozen line is noticed', async (t) => {
    const way = await line(nginx.port);

    t.after(() => way.close());

    const ann = await user(t, 'ann', { url: `${way.url}api/ws`, idle: 100,
        timeout: 100, maxDelay: 100 }).join('frozen');

    way.freeze();

    const { reason } = await ann.next('reconnecting');

    assert.equal(reason, 'no answer');
    await say('frozen', 'missed');
    way.join();
    assert.equal((await ann.next('new_message')).message.text, 'missed');
    assert.equal((await ann.next('recovered')).chatId, 'frozen');
});


test('from a position, and one that is not there', async (t) => {
    await say('history', 1);
    await say('history', 2);
    await say('history', 3);

    const ann = await user(t, 'ann').join('history');
    const { seq, epoch } = ann.client.position('history');

    assert.equal(seq, 3);

    const bob = user(t, 'bob');

    bob.client.subscribe('history', { seq: 1, epoch });
    await bob.next('recovered');
    assert.equal((await bob.next('new_message')).message.text, '2');
    assert.equal((await bob.next('new_message')).message.text, '3');

    const cy = user(t, 'cy');

    cy.client.subscribe('history', { seq: 1, epoch: '000000000000' });
    assert.equal((await cy.next('gap')).seq, 3);
});


test('a thousand chats come back at once', async (t) => {
    const way = await line(nginx.port);

    t.after(() => way.close());

    const ids = Array.from({ length: 1000 }, (_, i) => `many_${i}`);
    const ann = await user(t, 'ann', { url: `${way.url}api/ws`,
        maxDelay: 100 }).join(...ids);

    way.cut();
    await ann.next('reconnecting');
    await say('many_7', 'seven');
    await say('many_999', 'last');
    way.join();

    for (const id of ids) {
        await ann.next('recovered', ({ chatId }) => chatId === id);
    }

    assert.equal((await ann.next('new_message')).message.text, 'seven');
    assert.equal((await ann.next('new_message')).message.text, 'last');
    assert.ok(ann.events.filter(({ event }) => event === 'resumed').length
        < 10);
});


/* All of these get each message once, whatever happens to nginx. */

async function survive(t, chat, disturb, killed) {
    const users = await Promise.all(Array.from({ length: 10 }, (_, i) =>
        user(t, `u${i}`, { maxDelay: 200 }).join(chat)));
    const sent = [];
    let going = true;

    const publisher = (async () => {
        for (let i = 0; going; i++) {
            try {
                await say(chat, i);
                sent.push(`${i}`);

            } catch (error) {
                if (!killed) {
                    throw error;
                }

                /* the worker was killed while it had the request */
            }
        }
    })();

    await disturb(users);
    going = false;
    await publisher;
    await say(chat, 'end');

    for (const { next } of users) {
        await next('new_message', ({ message }) => message.text === 'end');
    }

    for (const { texts, events } of users) {
        const got = texts();

        assert.deepEqual(got.filter((text) => sent.includes(text)), sent);
        assert.equal(new Set(got).size, got.length);
        assert.deepEqual(events.filter(({ event }) => event === 'gap'), []);
    }
}


test('a reload', async (t) => {
    await survive(t, 'reload', async () => {
        const [old] = nginx.workers;

        await nginx.logged(new RegExp(`exited|${old}#.*exiting`),
            () => nginx.command('-s', 'reload'));
    });
});


test('a killed worker', async (t) => {
    await survive(t, 'kill', async (users) => {
        const [victim] = nginx.workers;

        await nginx.logged(/start worker process/, () =>
            process.kill(victim, 'SIGKILL'));
        await Promise.all(users.map(({ client, next }) =>
            client.state === 'open' || next('open')));
    }, true);
});


test('a server that is not there yet', async (t) => {
    const way = await line(nginx.port);

    t.after(() => way.close());
    way.cut();

    const ann = user(t, 'ann', { url: `${way.url}api/ws`, maxDelay: 50 });

    ann.client.subscribe('late');
    await ann.next('reconnecting', ({ attempt }) => attempt === 3);
    way.join();
    await ann.next('subscription_confirmed');
    ann.client.close();
    await ann.next('closed');
});


test('a close that says so', async (t) => {
    const ann = await user(t, 'ann').join('fault');
    const socket = await new Promise((done) => {
        const { prototype } = WebSocket;
        const { send } = prototype;

        prototype.send = function (text) {
            prototype.send = send;
            send.call(this, text);
            done(this);
        };
        ann.client.retry();
    });

    socket.send(Buffer.from([1]), { binary: true });

    const { code } = await ann.next('closed');

    assert.equal(code, 1003);
    assert.equal(ann.client.state, 'closed');
});
