/*
 * Copyright (C) chatws contributors
 *
 * The browser client's connection: back-off, dead links, sleep, close codes.
 */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { confirmed, connected, FakeSocket, message, names, socket, start }
    from './fake.mjs';


test('the back-off', (t) => {
    const s = start(t);
    const delays = [];

    for (let i = 0; i < 8; i++) {
        socket().end(1006);

        const { attempt, delay, code } = s.take().at(-1);

        assert.equal(s.client.state, 'waiting');
        assert.equal(s.client.retryAt, Date.now() + delay);
        assert.equal(attempt, i + 1);
        assert.equal(code, 1006);
        delays.push(delay);

        s.tick(delay - 1);
        assert.equal(s.client.state, 'waiting');
        s.tick(1);
        assert.equal(s.client.state, 'connecting');
        assert.equal(FakeSocket.all.length, i + 2);
    }

    assert.deepEqual(delays,
        [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);

    /* a short connection is none */

    socket().say(connected());
    s.tick(4000);
    socket().end(1012);
    assert.equal(s.take().at(-1).delay, 15000);

    s.tick(15000);
    socket().say(connected());
    s.tick(6000);
    socket().end(1012);
    assert.equal(s.take().at(-1).delay, 500);
});


test('the whole time is used', (t) => {
    for (const [random, delay] of [[0, 0], [0.999, 999]]) {
        const s = start(t);

        mock.method(Math, 'random', () => random);
        socket().end(1006);
        assert.equal(s.take().at(-1).delay, delay);
        s.client.close();
        mock.timers.reset();
    }
});


test('other delays', (t) => {
    const s = start(t, { minDelay: 10, maxDelay: 20 });
    const delays = [];

    for (let i = 0; i < 4; i++) {
        socket().end(1006);
        delays.push(s.take().at(-1).delay);
        s.tick(10);
    }

    assert.deepEqual(delays, [5, 10, 10, 10]);
});


test('close codes', (t) => {
    for (const [code, reason, delay] of [
        [1000, '', 500], [1001, '', 500], [1005, '', 500], [1006, '', 500],
        [1012, 'service restart, reconnect', 500], [1013, '', 4000],
        [1013, 'too slow, reconnect', 4000],
        [1008, 'ping timeout, reconnect', 500],
        [3000, 'by the app, reconnect', 500], [3000, 'by the app'],
        [4401, 'session expired, reconnect', 500],
        [4403, 'of the app, reconnect', 500],
        [4408, 'auth timeout, reconnect', 500],
        [4429, 'too many connections, reconnect', 4000],
        [1002, 'bad opcode'], [1003, ''], [1004, ''], [1007, ''], [1008, ''],
        [1009, 'message is too big'], [1010, ''], [1011, ''], [4000, ''],
        [4401, 'token expired, reconnect'], [4401, 'log in'],
        [4403, 'token revoked'], [4403, 'disconnected'],
        [4403, 'wrong user'], [4403, 'do not reconnect'],
        [4429, 'too many errors'], [4999, 'reconnect'],
    ]) {
        const s = start(t);

        socket().say(connected());
        s.tick(6000);
        s.take();
        socket().end(code, reason);

        const [event] = s.take();

        assert.equal(event.code, code);
        assert.equal(event.reason, reason);

        if (delay) {
            assert.equal(event.event, 'reconnecting');
            assert.equal(event.delay, delay, `delay after ${code}`);

        } else {
            assert.equal(event.event, 'closed');
            assert.equal(s.client.state, 'closed');
            s.tick(1e6);
            assert.equal(FakeSocket.all.length, 1);
        }

        s.client.close();
        mock.timers.reset();
    }
});


test('close()', (t) => {
    const s = start(t);

    s.client.subscribe('a');
    socket().say(connected(), confirmed('a', 0));
    s.take();

    const { onmessage } = socket();

    s.client.close();
    s.client.close();
    assert.deepEqual(s.take(), [{ event: 'closed', code: 1000, reason: '' }]);
    assert.ok(socket().closed);
    assert.equal(socket().onmessage, null);

    s.client.subscribe('b');
    s.client.unsubscribe('a');
    s.client.typing('b');
    s.client.retry();
    s.tick(1e6);
    assert.equal(FakeSocket.all.length, 1);
    assert.deepEqual(socket().take().map(({ chatId }) => chatId), ['a']);
    assert.ok(onmessage);

});


test('close() while it waits', (t) => {
    const other = start(t);

    socket().end(1006);
    other.client.close();
    other.tick(1e6);
    assert.equal(FakeSocket.all.length, 1);
});


test('a handshake without an end', (t) => {
    const s = start(t);

    s.tick(7999);
    assert.deepEqual(names(s.take()), []);
    s.tick(1);
    assert.deepEqual(s.take().map(({ event, reason }) => [event, reason]),
        [['reconnecting', 'timeout']]);
    assert.ok(socket().closed);

    /* open, but the server says nothing */

    s.tick(500);
    assert.equal(FakeSocket.all.length, 2);
    s.tick(8000);
    assert.deepEqual(names(s.take()), ['connecting', 'reconnecting']);
});


test('a dead link', (t) => {
    const s = start(t);
    const probe = { action: 'unsubscribe', chatId: 'chatws:probe',
        id: 'chatws:probe' };

    s.client.subscribe('a');
    socket().say(connected(), confirmed('a', 0));
    socket().take();
    s.take();

    /* what is heard keeps us quiet */

    for (let i = 1; i < 20; i++) {
        s.tick(10000);
        socket().say(message('a', i));
    }

    assert.deepEqual(socket().take(), []);
    s.take();
    s.tick(20000);
    assert.deepEqual(socket().take(), []);
    s.tick(10000);
    assert.deepEqual(socket().take(), [probe]);

    /* an answer of either kind, which nobody sees */

    s.tick(7000);
    socket().say({ type: 'subscription_confirmed', action: 'unsubscribe',
        chatId: 'chatws:probe', id: 'chatws:probe' });
    s.tick(21000);
    assert.deepEqual(socket().take(), [probe]);
    socket().say({ type: 'error', error: 'Invalid chatId', details: '',
        id: 'chatws:probe' });
    s.tick(28000);
    assert.deepEqual(socket().take(), [probe]);

    /* any other sign of life */

    socket().say(message('a', 20));
    s.tick(8000);
    assert.deepEqual(names(s.take()), ['new_message']);
    s.tick(20000);
    assert.deepEqual(socket().take(), [probe]);

    /* and none */

    const dead = socket();

    s.tick(8000);
    assert.deepEqual(s.take().map(({ event, reason }) => [event, reason]),
        [['reconnecting', 'no answer']]);
    assert.ok(dead.closed);
    s.tick(500);
    assert.notEqual(socket(), dead);
    dead.say(message('a', 21));
    dead.end(1006);
    assert.deepEqual(names(s.take()), ['connecting']);
});


test('what a page is told', (t) => {
    const page = new EventTarget();
    const fire = (type) => page.dispatchEvent(new Event(type));

    globalThis.document = { hidden: false };
    globalThis.addEventListener = page.addEventListener.bind(page);
    globalThis.removeEventListener = page.removeEventListener.bind(page);

    t.after(() => {
        delete globalThis.document;
        delete globalThis.addEventListener;
        delete globalThis.removeEventListener;
    });

    const s = start(t);
    const probes = () => socket().take().length;

    /* what was begun without a network may hang */

    for (const type of ['pageshow', 'visibilitychange']) {
        fire(type);
        assert.equal(FakeSocket.all.length, 1, type);
    }

    fire('online');
    assert.equal(FakeSocket.all.length, 2);
    assert.ok(FakeSocket.all[0].closed);
    FakeSocket.all[0].say(connected());
    FakeSocket.all[0].end(1006);
    assert.equal(s.client.state, 'connecting');
    FakeSocket.all.shift();
    socket().say(connected());

    for (const type of ['online', 'pageshow', 'visibilitychange']) {
        fire(type);
        assert.equal(probes(), 1, type);
        socket().say({ type: 'subscription_confirmed', id: 'chatws:probe' });
    }

    document.hidden = true;
    fire('visibilitychange');
    assert.equal(probes(), 0);
    fire('online');
    assert.equal(probes(), 1);
    s.tick(8000);
    assert.equal(s.client.state, 'waiting');

    /* no more waiting */

    fire('visibilitychange');
    assert.equal(s.client.state, 'waiting');
    document.hidden = false;
    fire('visibilitychange');
    assert.equal(s.client.state, 'connecting');
    socket().end(1006);
    fire('online');
    assert.equal(s.client.state, 'connecting');
    assert.equal(FakeSocket.all.length, 3);

    /* no waiting for what can't come */

    socket().say(connected());
    s.take();
    fire('offline');
    fire('offline');
    assert.deepEqual(s.take().map(({ event, reason }) => [event, reason]),
        [['reconnecting', 'offline']]);
    assert.ok(socket().closed);
    fire('online');
    assert.equal(s.client.state, 'connecting');
    fire('offline');
    assert.equal(s.client.state, 'waiting');
    fire('online');

    s.client.close();
    fire('online');
    fire('offline');
    assert.equal(s.client.state, 'closed');
    assert.equal(FakeSocket.all.length, 5);
});


test('retry() at once', (t) => {
    const s = start(t);

    socket().end(1006);
    s.client.retry();
    assert.equal(s.client.state, 'connecting');
    s.client.retry();
    s.tick(500);
    assert.equal(FakeSocket.all.length, 2);
});
