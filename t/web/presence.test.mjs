/*
 * Copyright (C) chatws contributors
 *
 * Who is there, in the browser client, against a server that the test plays.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { names, settled, socket } from './fake.mjs';
import { again, list, numbers, people, presence, removed, state, welcome }
    from './people.mjs';

const now = '2025-11-27T10:00:00.000Z';

const chats = { a: numbers(0), b: numbers(0) };


test('who comes and goes', async (t) => {
    const s = await people(t, { chats });
    const { client } = s;

    socket().say(presence('a', { online: ['v', 'w'], count: 2, people: 3 }));
    assert.deepEqual(client.online('a'), ['v', 'w']);
    assert.equal(client.presence('v'), 'online');
    assert.equal(client.presence('x'), undefined);
    assert.equal(client.lastSeen('v'), null);

    /* who has changed is named, once */

    socket().say(presence('a', { away: ['w'], offline: { v: now }, count: 1,
        people: 3 }));
    assert.deepEqual(client.people('a'), { online: [], away: ['w'],
        offline: { v: now }, count: 1, people: 3 });
    assert.equal(client.presence('v'), 'offline');
    assert.equal(client.lastSeen('v'), now);
    assert.equal(client.presence('w'), 'away');

    /* who is in no chat any more is not known */

    socket().say(presence('b', { online: ['w'], count: 1, people: 1 }),
        presence('a', { left: ['v', 'w'], count: 0, people: 1 }));
    assert.equal(client.presence('v'), undefined);
    assert.equal(client.presence('w'), 'online');
    assert.deepEqual(client.online('a'), []);

    socket().say(removed('b', 1));
    assert.equal(client.presence('w'), undefined);
    assert.deepEqual(names(s.take()), ['presence', 'presence', 'presence',
        'presence', 'chat_removed']);
});


test('a snapshot replaces, a reset too', async (t) => {
    const { client } = await people(t, { chats });
    const whole = { online: ['v'], away: [], offline: {}, count: 1, people: 2 };

    socket().say(presence('a', { online: ['v', 'w'], count: 2, people: 2 }),
        state('a', { presence: whole }));
    assert.deepEqual(client.online('a'), ['v']);

    socket().say(presence('a', { online: ['w'], reset: true, count: 1,
        people: 1 }));
    assert.deepEqual(client.online('a'), ['w']);
    assert.equal(client.presence('v'), undefined);

    /* one without presence says nothing of it */

    socket().say(state('a', { presence: undefined }));
    assert.deepEqual(client.online('a'), ['w']);
});


test('so many that they are only counted', async (t) => {
    const s = await people(t, { chats });
    const { client } = s;
    const count = (n) => ({ type: 'presence', chatId: 'a', count: n,
        people: 300, timestamp: now });

    socket().say(presence('a', { online: ['v'], count: 1, people: 1 }),
        count(250));
    assert.deepEqual(client.people('a'), { online: [], away: [], offline: {},
        count: 250, people: 300 });

    /* an answer names those who were asked for, until it is few again */

    socket().say(presence('a', { online: ['w'], count: 250, people: 300,
        id: 7 }), count(251));
    assert.deepEqual(client.online('a'), ['w']);
    assert.equal(client.people('a').count, 251);
    socket().say(presence('a', { online: ['x'], reset: true, count: 1,
        people: 1 }));
    assert.deepEqual(client.online('a'), ['x']);
});


test('asked for, a hundred at once', async (t) => {
    const s = await people(t, { chats });
    const users = Array.from({ length: 101 }, (_, i) => `u${i}`);

    s.client.askPresence('a', new Set(users));

    const asked = socket().take();

    assert.deepEqual(asked.map(({ action, chatId, users: some, id }) =>
        [action, chatId, some.length, id]), [
        ['presence', 'a', 100, 'chatws:presence:1'],
        ['presence', 'a', 1, 'chatws:presence:2'],
    ]);
    socket().say({ type: 'error', error: 'Not subscribed', details: '',
        id: 'chatws:presence:1' }, presence('a', { away: ['u100'],
        id: 'chatws:presence:2' }));
    assert.equal(s.client.presence('u100'), 'away');
    assert.deepEqual(names(s.take()), ['presence']);
    s.client.askPresence('a', []);
    assert.deepEqual(socket().take(), []);
});


test('a server that is new: who was there stays', async (t) => {
    const s = await people(t, { chats });
    const { client } = s;
    const hello = welcome(0, { epoch: 'e2' });
    const warming = true;

    socket().say(presence('a', { online: ['v', 'w'], away: ['x'],
        offline: { y: now }, count: 3, people: 4 }));
    await again(s, hello);
    assert.deepEqual(client.online('a'), ['v', 'w', 'x']);

    socket().say({ type: 'resumed', chats: {}, epoch: 'e2',
        user: { recovered: false, seq: 0 } },
    list({ a: numbers(0) }, { epoch: 'e2' }),
    state('a', { epoch: 'e2', presence: { online: ['w'], away: [],
        offline: { v: null, x: null, z: null }, count: 1, people: 4,
        warming } }));
    assert.deepEqual(client.people('a'), { online: ['v', 'w'], away: ['x'],
        offline: { z: null }, count: 1, people: 4 });

    /* who has come back may go again */

    socket().say(presence('a', { online: ['v'], warming }),
        presence('a', { offline: { w: now }, warming }));
    assert.deepEqual(client.online('a'), ['v', 'x']);
    assert.equal(client.presence('w'), 'offline');
    socket().take();

    /* nobody tells of who has not come back, so that is asked */

    for (let i = 0; i < 4; i++) {
        s.tick(14000);
        socket().say({ type: 'alive' });
    }

    const asked = socket().take().filter(({ action }) =>
        action === 'presence');

    assert.deepEqual(asked, [{ action: 'presence', chatId: 'a',
        users: ['x'], id: 'chatws:presence:1' }]);

    /* still new: later again */

    const { id } = asked[0];

    socket().say(presence('a', { offline: { x: null }, warming, id }));
    assert.equal(client.presence('x'), 'away');

    for (let i = 0; i < 5; i++) {
        s.tick(14000);
        socket().say({ type: 'alive' });
    }

    assert.equal(socket().take().filter(({ action }) =>
        action === 'presence').length, 1);
    socket().say(presence('a', { offline: { x: now },
        id: 'chatws:presence:2' }));
    assert.equal(client.presence('x'), 'offline');
    assert.deepEqual(client.online('a'), ['v']);
});


test('who is none of the people of a new server is forgotten', async (t) => {
    const s = await people(t, { chats: { a: numbers(0) } });

    socket().say(presence('a', { online: ['v', 'w'], count: 2, people: 2 }));
    await again(s, welcome(0, { epoch: 'e2' }));
    socket().say(presence('a', { online: ['v'], warming: true }));

    for (let i = 0; i < 4; i++) {
        s.tick(14000);
        socket().say({ type: 'alive' });
    }

    assert.deepEqual(socket().take().filter(({ users }) => users)
        .map(({ users }) => users), [['w']]);
    socket().say(presence('a', { id: 'chatws:presence:1', count: 1,
        people: 1 }));
    assert.deepEqual(s.client.online('a'), ['v']);
    assert.equal(s.client.presence('w'), undefined);
});


test('those who are watched', async (t) => {
    const s = await people(t, { chats });
    const { client } = s;
    const one = client.watch(['w', 'v']);
    const two = client.watch(new Set(['v', 'x']));

    await settled();
    assert.deepEqual(socket().take(), [{ action: 'watch',
        users: ['v', 'w', 'x'] }]);
    socket().say(presence(undefined, { online: ['v'], offline: { w: null,
        x: now } }));
    assert.equal(client.presence('v'), 'online');
    assert.equal(client.lastSeen('x'), now);

    /* again with another connection */

    assert.deepEqual((await again(s)).filter(({ action }) =>
        action === 'watch'), [{ action: 'watch', users: ['v', 'w', 'x'] }]);

    one();
    one();
    await settled();
    assert.deepEqual(socket().take(), [{ action: 'watch',
        users: ['v', 'x'] }]);
    assert.equal(client.presence('w'), undefined);

    /* the list anew, after drops */

    socket().say(presence(undefined, { away: ['x'], reset: true }));
    assert.equal(client.presence('v'), undefined);
    assert.equal(client.presence('x'), 'away');

    two();
    client.watch(['x', 'v'])();
    client.watch(['v', 'x']);
    await settled();
    assert.deepEqual(socket().take(), []);
});


test('what the user is', async (t) => {
    const s = await people(t, { chats });
    const states = () => socket().take().filter(({ action }) =>
        action === 'presence').map((sent) => sent.state);

    assert.deepEqual(states(), []);
    s.client.setPresence('away');
    s.client.setPresence('away');
    assert.deepEqual(states(), ['away', 'away']);

    /* said in the address of the next connection */

    await again(s);
    assert.match(socket().url, /&presence=away/);
    assert.deepEqual(states(), []);

    socket().end(1006);
    s.client.setPresence('invisible');
    s.client.retry();
    await settled();
    assert.match(socket().url, /&presence=invisible/);

    /* too late for the address */

    s.client.setPresence('online');
    socket().say(welcome());
    assert.deepEqual(states(), ['online']);

    /* another page may have made the user invisible: not said unasked */

    await again(s);
    assert.doesNotMatch(socket().url, /presence/);
    assert.deepEqual(states(), []);
});
