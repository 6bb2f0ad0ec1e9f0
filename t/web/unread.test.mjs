/*
 * Copyright (C) chatws contributors
 *
 * What is read, in the browser client, against a server that the test plays:
 * numbers that do not drift, receipts, and what the client says.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { confirmed, names, settled, socket } from './fake.mjs';
import { added, again, counted, list, numbers, people, receipt, state, unread,
    welcome } from './people.mjs';


const resumed = (chats, more) => ({ type: 'resumed', chats,
    user: { recovered: true, seq: 0 }, epoch: 'e1', ...more });


test('read', async (t) => {
    const s = await people(t, { chats: { a: numbers(5, 2), b: numbers(9) } });

    s.client.read('a');
    s.client.read('a');
    s.client.read('a', 4);
    s.client.read('b');
    s.client.read('unknown');
    assert.deepEqual(socket().take(), [{ action: 'read', chatId: 'a', seq: 5,
        epoch: 'e1', id: 'chatws:read:1' }]);

    /* the server says what is so */

    assert.equal(s.client.unread('a'), 3);
    socket().say(unread('a', 5, 5, { id: 'chatws:read:1' }));
    assert.equal(s.client.unread('a'), 0);
    assert.deepEqual(names(s.take()), ['unread']);
    s.client.read('a');
    assert.deepEqual(socket().take(), []);

    socket().say(counted('a', 6), counted('a', 7));
    s.client.read('a', 6, { private: true });
    assert.deepEqual(socket().take(), [{ action: 'read', chatId: 'a', seq: 6,
        epoch: 'e1', private: true, id: 'chatws:read:2' }]);
    s.client.read('a');
    assert.equal(socket().take()[0].seq, 7);
});


test('marked by hand', async (t) => {
    const s = await people(t, { chats: { a: numbers(5) } });

    s.client.markUnread('a');
    assert.deepEqual(socket().take(), [{ action: 'mark', chatId: 'a',
        unread: true, id: 'chatws:read:1' }]);
    socket().say(unread('a', 5, 5, { marked: true, id: 'chatws:read:1' }));
    assert.equal(s.client.chat('a').marked, true);
    assert.equal(s.client.unread('a'), 0);
    assert.equal(s.client.unreadTotal, 0);
    assert.deepEqual(s.client.unreadChats, ['a']);

    /* the next read clears it */

    s.client.read('a');
    assert.equal(socket().take()[0].action, 'read');
    socket().say(unread('a', 5, 5, { id: 'chatws:read:2' }));
    assert.deepEqual(s.client.unreadChats, []);

    s.client.markUnread('a');
    s.client.read('a');
    assert.deepEqual(socket().take().map(({ action }) => action),
        ['mark', 'read']);
});


/* A server that is new has it from the app server, and no message yet. */

test('what was unread before', async (t) => {
    const s = await people(t, { chats: { a: { last: 0, count: 0, read: 0,
        seen: -3, unread: 3 } } });

    assert.equal(s.client.unread('a'), 3);
    s.client.read('a');
    assert.deepEqual(socket().take(), [{ action: 'read', chatId: 'a', seq: 0,
        epoch: 'e1', id: 'chatws:read:1' }]);
    socket().say(unread('a', 0, 0, { seen: 0, id: 'chatws:read:1' }));
    assert.equal(s.client.unread('a'), 0);
    s.client.read('a');
    assert.deepEqual(socket().take(), []);
});


test('read without a connection', async (t) => {
    const s = await people(t, { chats: { a: numbers(5, 2), b: numbers(3, 1),
        c: numbers(3, 1) } });

    socket().end(1006);
    s.client.read('a');
    s.client.read('b');
    s.client.markUnread('c');
    s.client.retry();
    await settled();
    socket().say(welcome());
    socket().take();

    /* another page has read one of them meanwhile */

    socket().say(resumed({ a: { recovered: true, ...numbers(5, 2) },
        b: { recovered: true, ...numbers(3) },
        c: { recovered: true, ...numbers(3, 1) } }));
    assert.deepEqual(socket().take().map(({ id, ...sent }) => sent), [
        { action: 'read', chatId: 'a', seq: 5, epoch: 'e1' },
        { action: 'mark', chatId: 'c', unread: true },
    ]);
});


test('read, and refused', async (t) => {
    const s = await people(t, { chats: { a: numbers(5, 2) } });
    const refuse = (id, error, more) => socket().say({ type: 'error', error,
        details: '', id: `chatws:read:${id}`, ...more });

    s.client.read('a');
    refuse(1, 'Rate limited', { retryAfter: 400 });
    assert.equal(socket().take().length, 1);
    s.tick(400);
    assert.equal(socket().take()[0].id, 'chatws:read:2');
    refuse(2, 'Not allowed');
    s.tick(5000);
    assert.deepEqual(socket().take().filter(({ action }) =>
        action === 'read'), []);

    /* that may be asked for once more */

    s.client.read('a');
    assert.equal(socket().take()[0].id, 'chatws:read:3');
    assert.deepEqual(names(s.take()), []);
});


/* In the trackers of others these are counts that drift. */

test('no number is counted here', async (t) => {
    const s = await people(t, { chats: { a: numbers(5, 2), b: numbers(4),
        c: numbers(7, 0, { muted: true }) } });
    const is = (a, total) => assert.deepEqual(
        [s.client.unread('a'), s.client.unreadTotal], [a, total]);

    /* a message that was missed, and one that comes twice */

    socket().say(counted('a', 9), counted('a', 9));
    is(7, 7);

    /* the connection comes back: what was missed is replayed */

    await again(s);
    is(7, 7);
    socket().say(resumed({ a: { recovered: true, ...numbers(12, 9) },
        b: { recovered: true, ...numbers(4) },
        c: { recovered: true, ...numbers(7, 0) } }));
    is(3, 3);
    socket().say(counted('a', 10), counted('a', 11), counted('a', 12));
    is(3, 3);

    /* a part of it is read, here or elsewhere */

    socket().say(unread('a', 11, 12));
    is(1, 1);

    /* muted and not muted */

    socket().say(list({ a: numbers(12, 11), b: numbers(4),
        c: numbers(7, 0) }));
    is(1, 8);
    socket().say(list({ a: numbers(12, 11, { muted: true }), b: numbers(4),
        c: numbers(7, 0) }));
    is(1, 7);

    /* the app server says that less was read: the one way back */

    socket().say(unread('c', 0, 7, { seen: -2, unread: 9 }));
    assert.equal(s.client.unread('c'), 9);
});


test('a watermark that comes late does not go back', async (t) => {
    const s = await people(t, { chats: { a: numbers(9, 1) } });

    socket().say(unread('a', 8, 9), unread('a', 5, 9));
    assert.equal(s.client.unread('a'), 1);
    assert.equal(s.client.chat('a').read, 8);

    /* but what it says of the messages that there are counts */

    socket().say(unread('a', 7, 11));
    assert.equal(s.client.unread('a'), 3);

    /* a message may have been faster than the watermark */

    socket().say(counted('a', 12), unread('a', 11, 11));
    assert.equal(s.client.unread('a'), 1);
});


test('who posts has read', async (t) => {
    const s = await people(t, { chats: { a: numbers(5, 2) } });

    /* another page of ours, where own messages are delivered */

    socket().say(counted('a', 6, 6, { sender: 'u' }));
    assert.equal(s.client.unread('a'), 0);
    assert.deepEqual(s.client.reads('a'), {});
    socket().say(unread('a', 6, 6));
    assert.equal(s.client.unread('a'), 0);

    socket().say(counted('a', 7), counted('a', 8, 8, { sender: 'w',
        markRead: false }));
    assert.deepEqual(s.client.reads('a'), { v: 7 });
    assert.equal(s.client.unread('a'), 2);

    /* a bot that posts for us has not read for us */

    socket().say(counted('a', 9, 9, { sender: 'u', markRead: false }));
    assert.equal(s.client.unread('a'), 3);

    /* an application event is nobody's reading */

    socket().say({ type: 'edited', chatId: 'a', sender: 'x', seq: 10,
        count: 9 });
    assert.deepEqual(s.client.reads('a'), { v: 7 });
    assert.equal(s.client.unread('a'), 3);
});


test('chats that are none of ours', async (t) => {
    const s = await people(t, { chats: { a: numbers(5) } });

    /* nothing would tell how it goes on there, but it is told */

    socket().say(unread('x', 1, 9));
    assert.deepEqual(names(s.take()), ['unread']);
    assert.equal(s.client.unreadTotal, 0);
    assert.equal(s.client.chat('x'), undefined);

    /* one that was left is not in the sum any more */

    const leave = s.client.subscribe('y');

    socket().say(confirmed('y', 4, { count: 4, read: 1, seen: 1, unread: 3 }));
    assert.equal(s.client.unreadTotal, 3);
    leave();
    assert.equal(s.client.unreadTotal, 0);

    /* an answer that comes late changes nothing */

    socket().say(confirmed('y', 4, { count: 4, read: 1, seen: 1, unread: 3,
        id: 1 }));
    assert.equal(s.client.unreadTotal, 0);
});


test('another epoch', async (t) => {
    const s = await people(t, { chats: { a: numbers(500, 2),
        b: numbers(9, 1) } });

    socket().say(receipt('a', { v: 400 }));
    s.client.read('a');
    socket().take();
    s.take();
    assert.deepEqual((await again(s, welcome(0, { epoch: 'e2' })))
        .map(({ action, epoch }) => [action, epoch]), [['resume', 'e1']]);

    /* old numbers mean nothing, until there are new ones */

    assert.equal(s.client.unreadTotal, 0);
    assert.deepEqual(s.client.reads('a'), {});
    assert.equal(s.client.tick('a', 1), 'sent');

    socket().say({ ...resumed({ a: { recovered: false, seq: 3, count: 3,
        read: 0, seen: 3, unread: 0 }, b: { recovered: false, seq: 0,
        count: 0, read: 0, seen: -4, unread: 4 } }),
        user: { recovered: false, seq: 0 }, epoch: 'e2' },
        list({ a: numbers(3), b: numbers(0, 0, { seen: -4, unread: 4 }) },
            { epoch: 'e2' }));
    assert.deepEqual(s.client.position('a'), { seq: 3, epoch: 'e2' });
    assert.equal(s.client.unread('a'), 0);
    assert.equal(s.client.unread('b'), 4);

    /* what was read in the old one is not said in this one */

    assert.deepEqual(socket().take(), []);
    socket().say({ ...counted('a', 4), count: 4 });
    assert.equal(s.client.unread('a'), 1);
    s.client.read('a');
    assert.deepEqual(socket().take()[0].epoch, 'e2');
});


test('two epochs at once', async (t) => {
    const s = await people(t, { chats: { a: numbers(5, 1),
        b: numbers(7, 1, { epoch: 'b1' }) } });

    assert.deepEqual(s.client.position('b'), { seq: 7, epoch: 'b1' });
    s.client.read('b');
    assert.equal(socket().take()[0].epoch, 'b1');
    socket().say(unread('b', 7, 7, { epoch: 'b1' }));
    assert.equal(s.client.unread('b'), 0);
    socket().say(unread('b', 0, 2, { epoch: 'b2', unread: 2 }));
    assert.equal(s.client.unread('b'), 2);
    assert.equal(s.client.unread('a'), 4);

    /* each chat comes back with its own one */

    assert.deepEqual((await again(s)).map(({ chats, epoch, chatId, since }) =>
        [chats ?? chatId, epoch ?? since.epoch]),
    [[{ a: { seq: 5 } }, 'e1'], ['b', 'b1']]);
    socket().say(resumed({ a: { recovered: true, seq: 5, count: 5, read: 1,
        seen: 1, unread: 4 }, b: { recovered: false, seq: 2, count: 2, read: 2,
        seen: 2, unread: 0, epoch: 'b2' } }));
    assert.deepEqual(s.client.position('b'), { seq: 2, epoch: 'b2' });
    assert.equal(s.client.unread('b'), 0);
});


test('what was added long ago is no news', async (t) => {
    const s = await people(t, { chats: { a: numbers(9, 4) } });

    await again(s);
    socket().say(resumed({ a: { recovered: true, ...numbers(9, 4) } }),
        added('a', 1, 2, 0));
    assert.equal(s.client.unread('a'), 5);
});


test('receipts', async (t) => {
    const s = await people(t, { chats: { a: numbers(9, 9) } });
    const { client } = s;

    assert.equal(client.tick('a', 9), 'sent');
    socket().say(receipt('a', { u: 9, v: 7 }));
    assert.equal(client.tick('a', 7), 'read');
    assert.equal(client.tick('a', 8), 'sent');
    assert.deepEqual(client.readBy('a', 7), ['v']);
    assert.deepEqual(client.readBy('a', 8), []);

    /* all others, and none goes back */

    socket().say(receipt('a', { w: 5, v: 6 }));
    assert.deepEqual(client.reads('a'), { v: 7, w: 5 });
    assert.equal(client.tick('a', 7), 'sent');
    assert.equal(client.tick('a', 5), 'read');

    /* what arrived, where the server tells; read is delivered */

    socket().say(receipt('a', {}, { delivered: { w: 8 } }));
    assert.equal(client.tick('a', 7), 'delivered');
    assert.equal(client.tick('a', 8), 'sent');
    assert.deepEqual(client.delivered('a'), { w: 8 });
    socket().say(receipt('a', {}, { delivered: { x: 9 } }));
    assert.equal(client.tick('a', 5), 'delivered');
    assert.deepEqual(names(s.take()), ['read_receipt', 'read_receipt',
        'read_receipt', 'read_receipt']);

    socket().say(state('a', { ...numbers(9), reads: { v: 9 },
        delivered: {} }));
    assert.equal(client.tick('a', 9), 'read');
});


test('that it arrived is said once, a second later', async (t) => {
    const chats = Object.fromEntries(Array.from({ length: 150 },
        (_, i) => [`c${i}`, numbers(0)]));
    const s = await people(t, { chats });

    socket().say(counted('c0', 1), counted('c0', 2), counted('c1', 1),
        counted('c2', 1, 1, { sender: 'u' }));
    socket().say(unread('c1', 1, 1));
    assert.deepEqual(socket().take(), []);
    s.tick(1000);
    assert.deepEqual(socket().take(), [{ action: 'delivered',
        chats: { c0: 2 }, epoch: 'e1' }]);
    s.tick(5000);
    assert.deepEqual(socket().take(), []);

    for (let i = 3; i < 150; i++) {
        socket().say(counted(`c${i}`, 1));
    }

    s.tick(1000);
    assert.deepEqual(socket().take().map((sent) =>
        Object.keys(sent.chats).length), [100, 47]);

    /* not without a connection, and not where the server has it off */

    socket().say(counted('c0', 3));
    await again(s, welcome(0, { features: ['users', 'unread'] }));
    socket().say(resumed({}), counted('c1', 2));
    s.tick(2000);
    assert.deepEqual(socket().take().filter(({ action }) =>
        action === 'delivered'), []);
});
