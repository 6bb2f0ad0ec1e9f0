/*
 * Copyright (C) chatws contributors
 *
 * The browser client and a server that does not take it: which handshakes
 * are tried again, and which are not.
 */

import assert from 'node:assert/strict';
import { after, before, mock, test } from 'node:test';

import { connect, UnauthorizedError } from '../../conf/client/chatws.js';
import { answers, connected, FakeSocket, names, nobody, settled, socket,
    start } from './fake.mjs';
import { require } from './modules.mjs';
import { Nginx } from './nginx.mjs';

const { WebSocket } = require('ws');

/* Lets so many handshakes fail; how many there were before it has ended. */

async function refuse(s, attempts) {
    let n = 0;

    for ( ; n < attempts && s.client.state !== 'closed'; n++) {
        socket()?.end(1006);
        await settled();
        s.client.state === 'waiting' && s.client.retry();
        await settled();
    }

    return n;
}

function done(s) {
    s.client.close();
    mock.timers.reset();
}


test('refused for good', async (t) => {
    for (const [status, more] of [[401], [403], [302],
        [0, { type: 'opaqueredirect' }], [404], [400], [405]])
    {
        const asked = [];
        const s = start(t, { url: 'wss://host/ws?a', fetch: (...how) => {
            asked.push(how);

            return answers(status, more)();
        } });

        s.client.subscribe('a');
        socket().end(1006);
        assert.deepEqual(names(s.take()), ['reconnecting']);
        await settled();
        const detail = { code: 1006, reason: 'refused',
            ...status && { status } };

        assert.deepEqual(s.take(), ['closed', 'unauthorized'].slice(0,
            status === 401 ? 2 : 1).map((event) => ({ event, ...detail })));
        assert.equal(s.client.state, 'closed');
        s.tick(1e6);
        assert.equal(FakeSocket.all.length, 1);

        assert.deepEqual(asked.map(([url, { credentials }]) =>
            [url, credentials]), ['omit', 'include'].map((credentials) =>
            ['https://host/ws?a&userId=u', credentials]));

        /* after a login, for instance: with all its chats */

        s.client.retry();
        assert.deepEqual(names(s.take()), ['connecting']);
        socket().say(connected());
        assert.deepEqual(socket().take().map(({ chatId }) => chatId), ['a']);

        s.client.close();
        s.client.retry();
        assert.equal(s.client.state, 'closed');
        mock.timers.reset();
    }
});


test('refused for a while', async (t) => {
    for (const fetch of [500, 502, 503, 504, 408, 425, 429].map(
        (status) => answers(status)).concat(nobody, null))
    {
        const s = start(t, { fetch });

        assert.equal(await refuse(s, 50), 50);
        done(s);
    }
});


/* Only we ourselves are let in, or are not: cookies decide. */

test('as the one who asks', async (t) => {
    const fetch = (mine) => async (url, { credentials }) =>
        ({ status: credentials === 'include' ? mine : 401 });

    for (const [status, attempts] of [[426, 8], [403, 1], [503, 50]]) {
        const s = start(t, { fetch: fetch(status) });

        assert.equal(await refuse(s, 50), attempts, `${status}`);
        done(s);
    }
});


/* For some kinds of a 401 a browser asks its user for a password. */

test('no dialog is opened', async (t) => {
    for (const [kind, attempts] of [['Basic realm=x', 8], ['Digest', 8],
        ['Negotiate', 8], ['NTLM', 8], ['Bearer', 1]])
    {
        const asked = new Set();
        const s = start(t, { fetch: async (url, { credentials }) => {
            asked.add(credentials);

            return { status: 401,
                headers: new Headers({ 'WWW-Authenticate': kind }) };
        } });

        assert.equal(await refuse(s, 50), attempts, kind);
        assert.equal(s.take().at(-1).status, 401);
        assert.equal(asked.has('include'), attempts === 1);
        done(s);
    }
});


/* a browser's fetch() does not take it, a WebSocket does */

test('an address with a password', async (t) => {
    const asked = [];
    const s = start(t, { url: 'wss://me:a%40b@host/ws?x=@y',
        fetch: async (url) => {
            asked.push(new Request(url).url);

            return { status: 403 };
        } });

    await refuse(s, 1);
    assert.equal(s.client.state, 'closed');
    assert.deepEqual([...new Set(asked)], ['https://host/ws?x=@y&userId=u']);
});


test('refused again and again, and not told why', async (t) => {
    for (const fetch of [answers(426), answers(200),

        /* another origin's: only that there is an answer */

        async (url, { mode }) => {
            if (mode !== 'no-cors') {
                throw new TypeError('Failed to fetch');
            }

            return { status: 0, type: 'opaque' };
        }])
    {
        const s = start(t, { fetch });

        assert.equal(await refuse(s, 50), 8);
        assert.equal(s.take().at(-1).reason, 'refused');

        /* which begins anew */

        s.client.retry();
        assert.equal(await refuse(s, 50), 8);
        done(s);
    }
});


test('what worked once may work again', async (t) => {
    for (const status of [426, 200, 404]) {
        const s = start(t, { fetch: answers(status) });

        socket().say(connected());
        assert.equal(await refuse(s, 50), 50);
        done(s);
    }

    /* but nobody who has been logged out */

    const s = start(t, { fetch: answers(401) });

    socket().say(connected());
    assert.equal(await refuse(s, 50), 2);
});


test('what is no refusal is not asked about', async (t) => {
    let asked = 0;
    const s = start(t, { fetch: async () => {
        asked++;

        return { status: 404 };
    } });

    s.tick(8000);
    await settled();
    s.client.retry();
    socket().end(1012);
    await settled();
    s.client.retry();
    socket().say(connected());
    socket().end(1006);
    await settled();
    assert.equal(asked, 0);

    /* and an answer that comes late is none */

    s.client.retry();
    socket().end(1006);
    s.client.retry();
    await settled();
    assert.equal(asked, 2);
    assert.equal(s.client.state, 'connecting');
    socket().say(connected());
    assert.equal(s.client.state, 'open');
});


test('a ticket is asked for once more', async (t) => {
    let tickets = 0;
    const asked = [];
    const s = start(t, {
        url: async () => `ws://host/?ticket=${++tickets}`,
        fetch: async (url) => {
            asked.push(url);

            return { status: 403 };
        },
    });

    await settled();
    assert.equal(socket().url, 'ws://host/?ticket=1&userId=u');
    socket().end(1006);
    await settled();
    assert.deepEqual([...new Set(asked)],
        ['http://host/?ticket=2&userId=u']);
    assert.equal(s.client.state, 'closed');
});


test('an address that can not be had', async (t) => {
    for (const url of [() => {
        throw new Error('at once');
    }, async () => {
        throw new Error('later');
    }, async () => {
        throw null;
    }, () => undefined, () => 'host:80'])
    {
        const s = start(t, { url });

        await settled();
        assert.equal(await refuse(s, 50), 7);
        assert.equal(s.take().at(-1).event, 'closed');
        assert.equal(FakeSocket.all.length, 0);
        done(s);
    }

    /* one that could be had before */

    let good = true;
    const s = start(t, { url: () => {
        if (!good) {
            throw new Error('no token');
        }

        return 'ws://host/';
    } });

    await settled();
    socket().say(connected());
    good = false;
    socket().end(1012);
    assert.equal(await refuse(s, 50), 50);
});


test('who is not authorized', async (t) => {
    const other = new Error('of another copy of this module');

    other.name = 'UnauthorizedError';

    for (const error of [new UnauthorizedError('logged out'), other]) {
        let out = false;
        const s = start(t, { url: () => {
            if (out) {
                throw error;
            }

            return 'ws://host/';
        } });

        await settled();
        socket().say(connected());
        s.take();
        out = true;
        socket().end(1012);
        s.client.retry();
        await settled();
        assert.deepEqual(s.take().slice(1).map(({ event, reason }) =>
            [event, reason]), [['connecting', undefined],
            ['closed', `UnauthorizedError: ${error.message}`],
            ['unauthorized', `UnauthorizedError: ${error.message}`]]);
        s.tick(1e6);
        assert.equal(FakeSocket.all.length, 1);
        done(s);
    }
});


/* A server in whose place there may be something else. */

let nginx;

before(async () => nginx = await Nginx.start({
    edit: (text) => text.replace(/location = \/api\/ws \{/, `
        location = /private { return 401; }
        location = /forbidden { deny all; chatws chat; }
        location = /login { return 302 /; }
        location = /busy { return 503; }
        $&`) }));

after(() => nginx.stop());


test('by nginx', async (t) => {
    for (const [path, status] of [['private', 401], ['forbidden', 403],
        ['login', 302], ['nothing', 404], ['api/messages', 405], ['busy'],
        ['api/ws']])
    {
        const client = connect({ url: nginx.url + path, userId: 'u',
            minDelay: 200, WebSocket });
        const events = [];

        t.after(() => client.close());

        await new Promise((end) => {
            for (const type of ['open', 'closed', 'reconnecting']) {
                client.addEventListener(type, ({ detail }) => {
                    events.push({ event: type, ...detail });

                    if (type !== 'reconnecting' || detail.attempt === 5) {
                        end();
                    }
                });
            }
        });

        const last = events.at(-1);

        assert.equal(last.status, status, path);
        assert.equal(last.event, { busy: 'reconnecting', 'api/ws': 'open' }[
            path] ?? 'closed', path);
    }
});
