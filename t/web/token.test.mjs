/*
 * Copyright (C) chatws contributors
 *
 * The browser client's token: shown, renewed, refused; a server that the test
 * plays, with its clocks.
 */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { UnauthorizedError } from '../../conf/client/chatws.js';
import { answers, confirmed, connected, FakeSocket, names, nobody, settled,
    socket, start } from './fake.mjs';

const fault = (error, more) => ({ type: 'error', error, details: '',
    id: 'chatws:auth', ...more });
const authenticated = (expiresIn) => ({ type: 'authenticated', action: 'auth',
    userId: 'u', expiresIn, id: 'chatws:auth' });
const expiring = (expiresIn = 30) => ({ type: 'token_expiring', expiresIn });


/* A client whose tokens are t1, t2, ...; "calls" are answered by the test. */

async function begin(t, options = {}) {
    const calls = [];
    const getToken = () => new Promise((done, failed) => calls.push({
        give: async (token = `t${calls.length}`) => {
            done(token);
            await settled();
        },

        fail: async (error) => {
            failed(error);
            await settled();
        },
    }));

    const s = start(t, { getToken, idle: 1e9, ...options });

    await settled();

    return { ...s, calls,

        /* the handshake, and what is sent behind it */

        accept() {
            socket().accept();

            return socket().take();
        },

        async open(expiresIn) {
            await calls.at(-1).give();
            this.accept();
            socket().say(connected({ expiresIn }));
            socket().take();
            s.take();
        },

        /* lost; and the next attempt begins */

        async again(code = 1006, reason = '') {
            socket().end(code, reason);
            s.client.retry();
            await settled();
            s.take();
        },
    };
}

const auth = (token) => ({ action: 'auth', token, id: 'chatws:auth' });

function ended(s, reason, more) {
    const detail = { code: 1006, reason, ...more };

    assert.deepEqual(s.take().slice(-2), [{ event: 'closed', ...detail },
        { event: 'unauthorized', ...detail }]);
    assert.equal(s.client.state, 'closed');
}


test('the first message', async (t) => {
    const s = await begin(t);

    s.client.subscribe('a');
    assert.equal(FakeSocket.all.length, 0);
    await s.calls[0].give();
    assert.equal(FakeSocket.all.length, 1);
    assert.equal(socket().url, 'ws://host/api/ws?userId=u');
    assert.deepEqual(socket().take(), []);
    assert.deepEqual(s.accept(), [auth('t1')]);
    socket().say(connected());
    assert.deepEqual(socket().take().map(({ chatId }) => chatId), ['a']);
    assert.deepEqual(names(s.take()), ['open']);
});


test('in the address', async (t) => {
    const s = await begin(t, { tokenIn: 'query',
        url: 'ws://host/ws?access_token=x&y' });

    await s.calls[0].give('a.b=&');
    assert.equal(socket().url,
        'ws://host/ws?y&userId=u&access_token=a.b%3D%26');
    assert.deepEqual(s.accept(), []);
});


test('as a subprotocol', async (t) => {
    const s = await begin(t, { tokenIn: 'protocol' });

    await s.calls[0].give();
    assert.deepEqual(socket().protocols, ['chatws.v1', 'chatws.bearer.t1']);
    assert.deepEqual(s.accept(), []);
    socket().say(connected({ expiresIn: 100 }));

    /* another one is shown in a message all the same */

    socket().say(expiring());
    await s.calls[1].give();
    assert.deepEqual(socket().take(), [auth('t2')]);
});


test('one that is good for a while serves again', async (t) => {
    const s = await begin(t);

    await s.open(600);
    s.tick(500000);
    await s.again(1012, 'service restart, reconnect');
    assert.equal(s.calls.length, 1);
    assert.deepEqual(s.accept(), [auth('t1')]);
    socket().say(connected({ expiresIn: 100 }));
    s.tick(70000);
    await s.again();
    assert.equal(s.calls.length, 2);
    await s.open();

    /* or without an end */

    s.tick(1e8);
    await s.again();
    assert.equal(s.calls.length, 2);
});


test('not one that the server has not taken any more', async (t) => {
    const s = await begin(t);

    await s.open(600);
    await s.again(4401, 'session expired, reconnect');
    assert.equal(s.calls.length, 2);
    await s.open(600);
    await s.again(4401, 'token expired, reconnect');
    assert.equal(s.calls.length, 3);
});


test('a renewal at 80 to 90 per cent of the time', async (t) => {
    for (const [random, time] of [[0, 480], [0.5, 510], [1, 540]]) {
        const s = await begin(t);

        mock.method(Math, 'random', () => random);
        await s.open(600);

        for (let n = 1; n < 4; n++) {
            s.tick(1000 * time - 1);
            await settled();
            assert.equal(s.calls.length, n);
            s.tick(1);
            await settled();
            assert.equal(s.calls.length, n + 1);
            assert.deepEqual(socket().take().filter(({ action }) =>
                action === 'auth'), []);
            await s.calls[n].give();
            assert.deepEqual(socket().take(), [auth(`t${n + 1}`)]);
            socket().say(authenticated(600));
        }

        assert.equal(FakeSocket.all.length, 1);
        s.client.close();
        mock.timers.reset();
        mock.restoreAll();
    }
});


test('timers that are too long for a timer', async (t) => {
    const s = await begin(t);

    await s.open(1e8);
    s.tick(60000);
    await settled();
    assert.equal(s.calls.length, 1);
});


test('the server warns', async (t) => {
    const s = await begin(t);

    await s.open(600);
    socket().say(expiring(), expiring());
    await settled();
    assert.equal(s.calls.length, 2);

    /* asked for once, until it is answered */

    socket().say(expiring());
    await s.calls[1].give();
    socket().say(expiring());
    s.tick(520000);
    await settled();
    assert.equal(s.calls.length, 2);
    assert.deepEqual(socket().take().filter(({ action }) =>
        action === 'auth'), [auth('t2')]);
    socket().say(authenticated(600));
    socket().say(expiring());
    await settled();
    assert.equal(s.calls.length, 3);
});


/* The application's tokens live for seconds, or are always the same one. */

test('a warning of what is new is no reason', async (t) => {
    const s = await begin(t);

    await s.open(20);
    socket().say(expiring(20));
    await settled();
    assert.equal(s.calls.length, 1);

    let left = 20;
    let seconds = 0;

    for (; left > 0; seconds++, left--) {
        s.tick(1000);
        await settled();

        if (socket().take().some(({ action }) => action === 'auth')) {
            socket().say(authenticated(left), expiring(left));
        }

        if (s.calls.length > 1) {
            await s.calls.at(-1).give('t1');
        }
    }

    assert.ok(s.calls.length < 8, `asked for ${s.calls.length} times`);
});


test('a late one is dropped', async (t) => {
    const s = await begin(t);

    await s.open(600);
    socket().say(expiring());
    s.tick(600000);
    await s.again();
    assert.equal(s.calls.length, 3);
    await s.calls[2].give('new');
    assert.deepEqual(s.accept(), [auth('new')]);
    socket().say(connected({ expiresIn: 600 }));

    /* neither shown, nor taken along, nor renewed twice */

    await s.calls[1].give('late');
    assert.deepEqual(socket().take(), []);
    await s.again();
    assert.deepEqual(s.accept(), [auth('new')]);
    socket().say(connected({ expiresIn: 600 }));
    s.tick(510000);
    await settled();
    assert.equal(s.calls.length, 4);
    s.tick(70000);

    /* nor is a late fault one of ours */

    await s.again();
    assert.equal(s.calls.length, 5);
    await s.calls[3].fail(new UnauthorizedError());
    assert.equal(s.client.state, 'connecting');
    await s.calls[4].give();
    assert.deepEqual(s.accept(), [auth('t5')]);
});


test('late when the client has given up', async (t) => {
    const s = await begin(t);

    s.tick(8000);
    assert.deepEqual(s.take().map(({ event, reason }) => [event, reason]),
        [['reconnecting', 'timeout']]);
    s.tick(500);
    await settled();
    await s.calls[0].give('late');
    assert.equal(FakeSocket.all.length, 0);
    await s.calls[1].give('good');
    assert.deepEqual(s.accept(), [auth('good')]);
    s.client.close();
    assert.equal(FakeSocket.all.length, 1);
});


test('expired twice in a row', async (t) => {
    const s = await begin(t);

    await s.calls[0].give();
    s.accept();

    for (let n = 1; n < 4; n++) {
        socket().say(fault('Token expired'));
        await settled();
        await s.calls[n].give();
        assert.deepEqual(socket().take(), [auth(`t${n + 1}`)]);
        socket().say(n === 1 ? connected() : authenticated());
    }

    assert.deepEqual(names(s.take()), ['open']);
    socket().say(fault('Token expired'));
    await settled();
    await s.calls[4].give();

    /* on another connection, too */

    await s.again();
    assert.equal(s.calls.length, 5);
    s.accept();
    socket().say(fault('Token expired'));
    await settled();
    ended(s, 'Token expired');
    s.tick(1e6);
    assert.equal(s.calls.length, 5);
});


test('invalid', async (t) => {
    const s = await begin(t);

    await s.calls[0].give();
    s.accept();
    socket().say(fault('Invalid token'));
    ended(s, 'Invalid token');

    /* with another login */

    s.client.retry();
    await settled();
    await s.open(600);

    /* the keys have changed since it was taken */

    await s.again();
    assert.deepEqual(s.accept(), [auth('t2')]);
    socket().say(fault('Invalid token'));
    await settled();
    await s.calls[2].give();
    assert.deepEqual(socket().take(), [auth('t3')]);
    socket().say(fault('Invalid token'));
    ended(s, 'Invalid token');
    assert.equal(s.calls.length, 3);
});


test('a renewal that is invalid', async (t) => {
    const s = await begin(t);

    await s.open(600);
    socket().say(expiring());
    await s.calls[1].give();
    socket().say(fault('Invalid token'));
    ended(s, 'Invalid token');
});


test('nobody is logged in', async (t) => {
    const s = await begin(t);

    await s.calls[0].fail(new UnauthorizedError('out'));
    ended(s, 'UnauthorizedError: out');
    assert.equal(FakeSocket.all.length, 0);

    s.client.retry();
    await settled();
    await s.open(600);
    s.tick(510000);
    await settled();
    await s.calls[2].fail(new UnauthorizedError('out'));
    ended(s, 'UnauthorizedError: out');
    assert.ok(socket().closed);
});


test('retry() in an event of the end', async (t) => {
    for (const type of ['closed', 'unauthorized']) {
        const s = await begin(t);

        s.client.addEventListener(type, () => s.client.retry(),
            { once: true });
        await s.calls[0].fail(new UnauthorizedError());
        assert.equal(s.client.state, 'connecting', type);
        await s.open();
        assert.equal(s.client.state, 'open', type);
        s.client.close();
        mock.timers.reset();
        mock.restoreAll();
    }
});


test('no token for a while', async (t) => {
    const s = await begin(t);

    for (let n = 0; n < 30; n++) {
        assert.equal(s.calls.length, n + 1);

        if (n % 2) {
            await s.calls[n].give([null, '', 7, {}][n >> 1 & 3]);

        } else {
            await s.calls[n].fail(new Error('no network'));
        }

        assert.equal(s.client.state, 'waiting');
        s.client.retry();
        await settled();
    }

    await s.open(600);

    /* the connection stays meanwhile */

    s.tick(510000);
    await settled();

    for (let n = 31; n < 36; n++) {
        assert.equal(s.calls.length, n + 1);
        await s.calls[n].fail(new Error('no network'));
        s.tick(1000);
        n === 31 && socket().say(expiring());
        await settled();
        s.tick(15000);
        await settled();
    }

    await s.calls[36].give();
    assert.deepEqual(socket().take().filter(({ action }) =>
        action === 'auth'), [auth('t37')]);
    assert.equal(FakeSocket.all.length, 1);
});


test('functions that throw or return at once', async (t) => {
    const tokens = ['t1'];
    const s = start(t, { getToken: () => {
        if (!tokens.length) {
            throw new UnauthorizedError('out');
        }

        return tokens.pop();
    } });

    await settled();
    socket().accept();
    assert.deepEqual(socket().take(), [auth('t1')]);
    socket().say(connected({ expiresIn: 600 }), expiring());
    await settled();
    ended(s, 'UnauthorizedError: out');
});


test('too fast', async (t) => {
    const s = await begin(t);

    await s.calls[0].give();
    s.accept();
    socket().say(fault('Rate limited', { retryAfter: 700 }));
    s.tick(699);
    assert.deepEqual(socket().take(), []);
    s.tick(1);
    assert.deepEqual(socket().take(), [auth('t1')]);
    socket().say(connected({ expiresIn: 600 }), expiring());
    await s.calls[1].give();
    socket().take();
    socket().say(fault('Rate limited', { retryAfter: 700 }), expiring());
    await settled();
    assert.equal(s.calls.length, 2);
    await s.again();
    s.tick(1000);
    assert.deepEqual(s.accept(), [auth('t2')]);
});


test('a server that knows no tokens', async (t) => {
    const s = await begin(t);

    await s.calls[0].give();
    s.accept();
    socket().say(connected(), fault('Unknown message type'));
    assert.deepEqual(names(s.take()), ['open', 'error']);
    s.tick(1e7);
    await settled();
    assert.equal(s.calls.length, 1);

    /* what applications say there is theirs */

    s.client.subscribe('a');
    socket().say(confirmed('a', 0));
    socket().say({ ...expiring(), chatId: 'a' },
        { ...authenticated(1), chatId: 'a' });
    s.tick(1e4);
    await settled();
    assert.equal(s.calls.length, 1);
});


test('a token of the past, without getToken', (t) => {
    const s = start(t, { idle: 1e9 });

    socket().say(connected({ expiresIn: 600 }), expiring());
    s.tick(600000);
    socket().take();
    assert.equal(s.client.state, 'open');
    socket().end(4401, 'token expired, reconnect');
    ended(s, 'token expired, reconnect', { code: 4401 });
});


test('an address that may have another token', (t) => {
    const s = start(t, { url: () => 'ws://host/?ticket' });

    return settled().then(() => {
        socket().say(connected());
        socket().end(4401, 'token expired, reconnect');
        assert.equal(s.client.state, 'waiting');
    });
});


/* The answer to a plain request, which can not have the subprotocol. */

test('refused in the handshake', async (t) => {
    for (const [tokenIn, used, attempts] of [
        ['query', false, 1], ['query', true, 2],
        ['protocol', false, 8], ['message', false, 1]])
    {
        const s = await begin(t, { tokenIn, fetch: answers(401) });

        if (used) {
            await s.open(600);
            await s.again();
        }

        const before = s.calls.length;
        let n = 0;

        for (; s.client.state !== 'closed' && n < 20; n++) {
            if (s.calls.length > before || !used) {
                await s.calls.at(-1).give();
            }

            socket().end(1006);
            await settled();
            s.client.state === 'waiting' && s.client.retry();
            await settled();
        }

        assert.equal(n, attempts, tokenIn);
        ended(s, 'refused', { status: 401 });
        mock.timers.reset();
        mock.restoreAll();
    }
});


test('nobody asks why', async (t) => {
    const s = await begin(t, { tokenIn: 'protocol', fetch: null });

    await s.open(600);

    for (let n = 2; n < 6; n++) {
        await s.again();
        assert.equal(s.calls.length, n - 1);
        n > 2 && await s.calls.at(-1).give();
    }

    /* but a server that is not there is no reason for another one */

    s.client.close();
    mock.timers.reset();
    mock.restoreAll();

    const other = await begin(t, { tokenIn: 'protocol', fetch: nobody });

    await other.open(600);
    await other.again();
    await other.again();
    assert.equal(other.calls.length, 1);
});
