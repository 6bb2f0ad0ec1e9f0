/*
 * Copyright (C) chatws contributors
 *
 * The browser client and its rights: chats that are refused for good or for a
 * while, or are lost; tokens of chats.
 */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { UnauthorizedError } from '../../conf/client/chatws.js';
import { confirmed, connected, message, settled, socket, start }
    from './fake.mjs';


function open(t, chats, options) {
    const s = start(t, { idle: 1e9, ...options });

    chats.forEach((chat) => s.client.subscribe(chat));
    socket().say(connected());
    socket().say(...socket().take().map(({ chatId, id }) =>
        confirmed(chatId, 5, { id })));
    s.take();

    return s;
}

function again(s) {
    socket().end(1012, 'service restart, reconnect');
    s.client.retry();
    socket().say(connected());
    s.take();

    return socket().take();
}

const fault = (id, error, more) => ({ type: 'error', error, details: 'd', id,
    ...more });
const sent = () => socket().take().map(({ action, chatId, chats }) =>
    `${action} ${chatId ?? Object.keys(chats ?? {})}`);
const told = (s) => s.take().map(({ event, chatId }) => `${event} ${chatId}`);
const unsubscribed = (chatId, reason) => ({ type: 'unsubscribed', chatId,
    reason, timestamp: '2025-11-27T10:00:00.000Z' });


test('not allowed', (t) => {
    const s = open(t, ['a', 'b', 'c']);

    s.client.subscribe('d');
    socket().say(fault(socket().take()[0].id, 'Not allowed'));
    assert.deepEqual(s.take(), [{ event: 'denied', type: 'error',
        error: 'Not allowed', details: 'd', id: 4, chatId: 'd' }]);

    const [{ id }] = again(s);

    socket().say({ type: 'resumed', epoch: 'e1', id, chats: {
        a: { error: 'Not allowed', details: 'd' },
        b: { error: 'Invalid chatId' }, c: { recovered: true, seq: 5 } } });
    assert.deepEqual(told(s), ['denied a', 'error b', 'recovered c']);
    assert.deepEqual(s.client.chats, ['c']);
    assert.equal(s.client.position('a'), undefined);

    /* asked again when the application does, and from no position */

    s.client.subscribe('a');
    assert.equal(socket().take()[0].since, undefined);

    /* an error of another action ends no subscription */

    socket().say(fault(undefined, 'Not allowed',
        { action: 'typing', chatId: 'c' }));
    assert.deepEqual(told(s), ['error undefined']);
    assert.deepEqual(s.client.chats, ['c', 'a']);
});


test('a right is lost', (t) => {
    const s = open(t, ['a', 'b']);

    s.client.typing('a');
    socket().take();
    socket().say({ type: 'user_typing', chatId: 'a', userId: 'v',
        username: 'v', isTyping: true });
    s.take();
    socket().say(unsubscribed('a', 'removed'), message('a', 6),
        { type: 'edited', chatId: 'a' });
    assert.deepEqual(s.take(), [{ event: 'unsubscribed',
        ...unsubscribed('a', 'removed') }]);
    assert.deepEqual(s.client.chats, ['b']);
    assert.equal(s.client.position('a'), undefined);

    /* nothing follows, from neither side */

    s.client.typing('a', false);
    s.client.unsubscribe('a');
    s.tick(20000);
    assert.deepEqual(sent(), []);
    assert.deepEqual(told(s), []);
    socket().say(unsubscribed('a', 'removed'));
    assert.deepEqual(told(s), []);

    /* a newcomer, if it is allowed again */

    s.client.subscribe('a');
    assert.equal(socket().take()[0].since, undefined);
});


/* What was sent before the server's word came is answered after it. */

test('entered again while the right is lost', (t) => {
    const s = open(t, ['a']);

    s.client.unsubscribe('a');
    s.client.subscribe('a');

    const [, { id }] = socket().take();

    socket().say(unsubscribed('a', 'denied'));
    assert.deepEqual(told(s), ['unsubscribed a']);
    assert.deepEqual(s.client.chats, ['a']);
    socket().say(confirmed('a', 8, { id }), message('a', 9));
    assert.deepEqual(told(s), ['new_message a']);

    /* the same with an error */

    s.client.unsubscribe('a');
    s.client.subscribe('a');
    s.client.unsubscribe('a');
    s.client.subscribe('a');

    const [first, second] = socket().take().filter((one) => one.id);

    socket().say(fault(first.id, 'Not allowed'));
    assert.deepEqual(s.client.chats, ['a']);
    socket().say(confirmed('a', 9, { id: second.id }), message('a', 10));
    assert.deepEqual(told(s), ['new_message a']);
});


test('later', (t) => {
    for (const error of ['Rate limited', 'Not available']) {
        const s = open(t, []);
        const leave = s.client.subscribe('a');

        socket().say(fault(socket().take()[0].id, error,
            { action: 'subscribe', chatId: 'a', retryAfter: 700 }));
        assert.deepEqual(told(s), []);
        assert.deepEqual(s.client.chats, ['a']);
        s.tick(699);
        assert.deepEqual(sent(), []);
        s.tick(1);

        const [{ chatId, id }] = socket().take();

        assert.equal(chatId, 'a');
        socket().say(fault(id, error, { retryAfter: 700 }));

        /* not by who has left meanwhile */

        leave();
        s.client.subscribe('b');
        assert.deepEqual(sent(), ['unsubscribe a', 'subscribe b']);
        s.client.subscribe('a');
        assert.deepEqual(sent(), ['subscribe a']);
        s.tick(1000);
        assert.deepEqual(sent(), []);

        /* nor by another connection, which has asked already */

        socket().say(fault(5, error, { retryAfter: 700 }));
        again(s);
        s.tick(700);
        assert.deepEqual(sent(), []);
        s.client.close();
        mock.timers.reset();
    }
});


test('times that no timer takes', (t) => {
    const s = open(t, ['a']);

    for (const [retryAfter, wait] of [[0, 100], [-1, 100], [1e12, 1e6]]) {
        s.client.unsubscribe('a');
        s.client.subscribe('a');
        socket().say(fault(socket().take()[1].id, 'Not available',
            { retryAfter }));
        s.tick(wait - 1);
        assert.deepEqual(sent(), []);
        s.tick(1);
        assert.deepEqual(sent(), wait === 1e6 ? [] : ['subscribe a']);
    }
});


test('some chats later', (t) => {
    const s = open(t, ['a', 'b', 'c', 'd', 'e']);

    socket().say(message('a', 6));
    s.take();

    const [{ id }] = again(s);

    socket().say({ type: 'resumed', epoch: 'e1', id, chats: {
        a: { error: 'Not available', retryAfter: 500 },
        b: { recovered: true, seq: 5 },
        c: { error: 'Not available', retryAfter: 500 },
        d: { error: 'Rate limited', retryAfter: 900 },
        e: { error: 'Not available', retryAfter: 500 } } });
    assert.deepEqual(told(s), ['recovered b']);
    assert.deepEqual(s.client.chats, ['a', 'b', 'c', 'd', 'e']);
    s.client.unsubscribe('e');
    socket().take();

    /* those of one time in one message, with their positions */

    s.tick(500);

    const [resume, ...rest] = socket().take();

    assert.deepEqual([resume.chats, rest],
        [{ a: { seq: 6 }, c: { seq: 5 } }, []]);
    s.tick(400);
    assert.deepEqual(sent(), ['subscribe d']);
    socket().say({ type: 'resumed', epoch: 'e1', id: resume.id, chats: {
        a: { recovered: true, seq: 7 }, c: { recovered: false, seq: 9 } } },
        message('a', 7));
    assert.deepEqual(told(s), ['recovered a', 'gap c', 'new_message a']);
});


test('a whole resume later', (t) => {
    const s = open(t, ['a', 'b']);
    const [{ id }] = again(s);

    socket().say(fault(id, 'Rate limited',
        { action: 'resume', retryAfter: 300 }));
    s.tick(299);
    assert.deepEqual(sent(), []);
    s.tick(1);
    assert.deepEqual(sent(), ['resume a,b']);
    assert.deepEqual(told(s), []);
});


test('with the next token', async (t) => {
    const s = start(t, { idle: 1e9, getToken: async () => 't' });

    s.client.subscribe('a');
    s.client.subscribe('b');
    await settled();
    socket().accept();
    socket().say(connected({ expiresIn: 600 }));

    const [, a, b] = socket().take();

    socket().say(fault(a.id, 'Token required'), fault(b.id, 'Token expired'));
    s.client.unsubscribe('b');
    socket().take();
    await settled();
    assert.deepEqual(sent(), ['auth ']);
    socket().say({ type: 'authenticated', action: 'auth', userId: 'u',
        id: 'chatws:auth' });
    assert.deepEqual(sent(), ['subscribe a']);
    assert.deepEqual(told(s), ['open undefined']);
});


test('without a token', (t) => {
    const s = open(t, ['a']);

    s.client.subscribe('b');
    socket().say(fault(socket().take()[0].id, 'Token required'));
    assert.deepEqual(told(s), ['closed undefined', 'unauthorized undefined']);
});


/* Tokens of chats: asked for each time, and the chats come back with them. */

test('chat tokens', async (t) => {
    const s = open(t, ['x', 'y']);
    const asked = [];
    const getToken = async (chatId) => {
        asked.push(chatId);

        return `${chatId}${asked.length}`;
    };

    s.client.subscribe('a', { getToken });
    s.client.subscribe('b', { getToken, seq: 3, epoch: 'e1' });
    assert.deepEqual(socket().take(), []);
    await settled();

    const [a, b] = socket().take();

    assert.deepEqual([a.chatId, a.token, a.since], ['a', 'a1', undefined]);
    assert.deepEqual([b.chatId, b.token, b.since],
        ['b', 'b2', { seq: 3, epoch: 'e1' }]);
    socket().say(confirmed('a', 0, { id: a.id }),
        confirmed('b', 3, { id: b.id, recovered: true }), message('a', 1));
    assert.deepEqual(told(s), ['recovered b', 'new_message a']);

    /* over: nobody is told, and nothing is missed */

    socket().say(unsubscribed('a', 'expired'));
    await settled();

    const [other] = socket().take();

    assert.deepEqual([other.token, other.since],
        ['a3', { seq: 1, epoch: 'e1' }]);
    socket().say(confirmed('a', 2, { id: other.id, recovered: true }),
        message('a', 2));
    assert.deepEqual(told(s), ['recovered a', 'new_message a']);

    /* beside those that need none */

    assert.deepEqual(again(s).map(({ chats }) => Object.keys(chats)),
        [['x', 'y']]);
    await settled();
    assert.deepEqual(socket().take().map(({ token, since }) =>
        [token, since.seq]), [['a4', 2], ['b5', 3]]);

    /* one that is expired is asked for once more */

    s.client.unsubscribe('b');
    s.client.subscribe('c', { getToken });
    await settled();
    socket().say(fault(socket().take()[1].id, 'Token expired'));
    await settled();

    const [{ id, token }] = socket().take();

    assert.equal(token, 'c7');
    socket().say(fault(id, 'Token expired'));
    await settled();
    assert.deepEqual(told(s), ['denied c']);
    s.client.subscribe('c', { getToken });
    await settled();
    socket().say(fault(socket().take()[0].id, 'Invalid token'));
    assert.deepEqual(told(s), ['denied c']);
    assert.equal(asked.length, 8);
});


test('chat tokens that do not come', async (t) => {
    const s = open(t, []);
    const calls = [];
    const getToken = () => new Promise((...how) => calls.push(how));

    s.client.subscribe('a', { getToken });
    calls[0][1](new UnauthorizedError('no member'));
    await settled();
    assert.deepEqual(told(s), ['denied a']);
    assert.deepEqual(s.client.chats, []);

    s.client.subscribe('a', { getToken });
    calls[1][1](new Error('no network'));
    await settled();
    assert.deepEqual(s.client.chats, ['a']);
    s.tick(1000);
    calls[2][0](null);
    await settled();
    s.tick(2000);
    assert.equal(calls.length, 4);

    /* too late for who has left, or is connected anew */

    s.client.unsubscribe('a');
    socket().take();
    calls[3][0]('late');
    await settled();
    assert.deepEqual(sent(), []);
    s.client.subscribe('a', { getToken });
    again(s);
    assert.equal(calls.length, 6);
    calls[4][0]('late');
    await settled();
    assert.deepEqual(sent(), []);
    calls[5][0]('new');
    await settled();
    assert.deepEqual(socket().take().map(({ token }) => token), ['new']);
    assert.deepEqual(told(s), []);
});


/* A question that is still open is cancelled, and never answered. */

test('left before it was answered', (t) => {
    const s = open(t, []);

    s.client.subscribe('a');
    s.client.unsubscribe('a');
    s.client.subscribe('a');

    const [first, , second] = socket().take();

    socket().say(confirmed('a', 3, { id: second.id }));
    socket().say(unsubscribed('a', 'removed'));
    assert.deepEqual(told(s), ['unsubscribed a']);
    assert.deepEqual(s.client.chats, []);

    /* or it is, when nobody cares any more */

    socket().say(fault(first.id, 'Not allowed'));
    assert.deepEqual(told(s), []);
});


test('entered by the server', (t) => {
    const s = open(t, []);

    socket().say(confirmed('a', 7), message('a', 8));
    assert.deepEqual(told(s), ['new_message a']);
    assert.deepEqual(s.client.chats, ['a']);
    assert.deepEqual(again(s).map(({ since }) => since),
        [{ seq: 8, epoch: 'e1' }]);
    s.client.unsubscribe('a');
    assert.deepEqual(sent(), ['unsubscribe a']);

    /* but not by the answer to a request of ours */

    s.client.subscribe('a');
    s.client.unsubscribe('a');
    socket().say(confirmed('a', 9, { id: socket().take()[0].id }));
    assert.deepEqual(s.client.chats, []);
});


test('the server has lost what was said', (t) => {
    const s = open(t, ['a', 'b']);

    socket().say({ type: 'resumed', epoch: 'e2', chats: {
        a: { recovered: false, seq: 2 }, c: { recovered: false, seq: 1 } } },
        message('a', 3));
    assert.deepEqual(told(s), ['gap a', 'new_message a']);
    assert.deepEqual(s.client.position('a'), { seq: 3, epoch: 'e2' });
});
