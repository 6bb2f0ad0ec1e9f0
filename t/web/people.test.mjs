/*
 * Copyright (C) chatws contributors
 *
 * People in the browser client, against a server that the test plays: the
 * user's chats, what is read, who is there.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { confirmed, message, names, settled, socket, start } from './fake.mjs';
import { added, again, counted, features, list, numbers, people, presence,
    receipt, removed, state, unread, welcome } from './people.mjs';


test('the address says what is wanted', async (t) => {
    const s = await people(t, { presence: 'away' });

    assert.equal(socket().url, 'ws://host/api/ws?userId=u&chats=live&state=1'
        + '&presence=away');

    await again(s);
    assert.match(socket().url, /chats=resume/);

    s.client.setPresence('online');
    await again(s);
    assert.doesNotMatch(socket().url, /presence/);
});


test('the chats of the user', async (t) => {
    const s = await people(t);

    socket().say(list({ a: numbers(5, 3), b: numbers(2) }, { more: true }),
        list({ c: numbers(9, 0, { muted: true }) }, { first: false }));
    assert.deepEqual(s.client.userChats, ['a', 'b', 'c']);
    assert.deepEqual(s.client.chats, ['a', 'b', 'c']);
    assert.equal(s.client.unread('a'), 2);
    assert.equal(s.client.unread('c'), 9);
    assert.equal(s.client.unreadTotal, 2);
    assert.deepEqual(s.client.unreadChats, ['a']);
    assert.deepEqual(s.client.position('a'), { seq: 5, epoch: 'e1' });
    assert.deepEqual(socket().take(), []);

    /* a message counts by what it says */

    s.take();
    socket().say(counted('b', 3));
    assert.equal(s.client.unread('b'), 1);
    assert.equal(s.client.unreadTotal, 3);
    assert.deepEqual(names(s.take()), ['unread', 'new_message']);
    socket().say({ ...counted('b', 3) });
    assert.deepEqual(s.take(), []);

    /* one that replaces */

    socket().say(list({ b: numbers(3) }));
    assert.deepEqual(s.client.userChats, ['b']);
    assert.deepEqual(s.client.chats, ['b']);
    assert.equal(s.client.unreadTotal, 0);
});
