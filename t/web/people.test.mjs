/*
 * Copyright (C) chatws contributors
 *
 * People in the browser client, against a server that the test plays: the
 * user's chats, what is for the user, and what comes back.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { confirmed, connected, message, names, settled, socket, start }
    from './fake.mjs';
import { added, again, counted, features, list, numbers, people, presence,
    receipt, removed, state, unread, welcome } from './people.mjs';


const update = (chatId, userSeq, lastMessage) => ({ type: 'chat_update',
    chatId, lastMessage, unreadCount: 1, userSeq });

const resumed = (chats, user, more) => ({ type: 'resumed', chats, user,
    epoch: 'e1', ...more });


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


test('nothing of it is asked for without the options', async (t) => {
    const s = start(t);

    s.client.subscribe('a');
    await settled();
    assert.equal(socket().url, 'ws://host/api/ws?userId=u');
    socket().say(welcome());
    assert.deepEqual(socket().take(), [{ action: 'subscribe', chatId: 'a',
        id: 1 }]);
    assert.deepEqual(s.client.features, features);
    assert.deepEqual([s.client.unreadTotal, s.client.unread('a'),
        s.client.userChats, s.client.online('a'), s.client.chat('a'),
        s.client.lastSeen('v'), s.client.tick('a', 1)],
    [0, 0, [], [], undefined, null, 'sent']);
});


test('a server that knows no people', async (t) => {
    const s = await people(t, { hello: connected() });

    s.client.subscribe('a');
    assert.deepEqual(socket().take(), [{ action: 'subscribe', chatId: 'a',
        id: 1 }]);
    socket().say(confirmed('a', 3), message('a', 4));
    s.client.read('a');
    s.client.markUnread('a');
    s.client.setPresence('away');
    s.client.watch(['v']);
    await settled();
    assert.deepEqual(socket().take(), []);

    /* what is of our names may be an event of the application there */

    socket().say({ type: 'presence', chatId: 'a', online: 7, seq: 5 },
        { type: 'unread', chatId: 'b' });
    assert.deepEqual(names(s.take()), ['new_message', 'presence']);
    assert.deepEqual(s.client.online('a'), []);

    /* it may have learned of them */

    assert.deepEqual((await again(s)).map(({ action }) => action),
        ['resume', 'watch']);
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
    assert.deepEqual(s.client.chat('a'), { chatId: 'a', last: 5, count: 5,
        read: 3, seen: 3, unread: 2, marked: false, muted: false,
        epoch: 'e1' });
    assert.deepEqual(socket().take(), []);

    /* a message counts by what it says, once */

    s.take();
    socket().say(counted('b', 3));
    assert.equal(s.client.unread('b'), 1);
    assert.equal(s.client.unreadTotal, 3);
    assert.deepEqual(names(s.take()), ['unread', 'new_message']);
    socket().say(counted('b', 3));
    assert.deepEqual(s.take(), []);

    /* one that does not count */

    socket().say(counted('b', 4, 3));
    assert.equal(s.client.unread('b'), 1);
    assert.deepEqual(names(s.take()), ['new_message']);

    /* another list replaces this one */

    socket().say(list({ b: numbers(4) }));
    assert.deepEqual(s.client.userChats, ['b']);
    assert.deepEqual(s.client.chats, ['b']);
    assert.equal(s.client.unreadTotal, 0);
});


test('who enters one of them is in it once', async (t) => {
    const s = await people(t, { chats: { a: numbers(5), b: numbers(0) } });
    const leave = s.client.subscribe('a');

    assert.deepEqual(socket().take(), []);
    leave();
    leave();
    assert.deepEqual(socket().take(), []);
    socket().say(counted('a', 6));
    assert.deepEqual(names(s.take()), ['unread', 'new_message']);

    /* whoever has not entered it, and leaves, means the server's */

    s.client.unsubscribe('a');
    assert.deepEqual(socket().take(), [{ action: 'unsubscribe',
        chatId: 'a' }]);
    socket().say(counted('a', 7));
    assert.deepEqual(s.take(), []);

    /* one that is not listed any more is left by the server alone */

    s.client.subscribe('b');
    socket().say(list({}));
    assert.deepEqual(s.client.chats, ['b']);
    assert.deepEqual(s.client.userChats, []);
});


test('from a position, though the server has entered it', async (t) => {
    const s = await people(t, { chats: { a: numbers(5) } });
    const leave = s.client.subscribe('a', { seq: 3, epoch: 'e1' });

    assert.deepEqual(socket().take(), [{ action: 'subscribe', chatId: 'a',
        since: { seq: 3, epoch: 'e1' }, state: true, id: 1 }]);
    socket().say(confirmed('a', 5, { recovered: true, id: 1 }),
        counted('a', 4), counted('a', 5), counted('a', 6));
    assert.deepEqual(s.take().filter(({ event }) => event === 'new_message')
        .map(({ seq }) => seq), [4, 5, 6]);

    /* another one who enters it is no first one */

    s.client.subscribe('a', { seq: 1, epoch: 'e1' })();
    leave();
    assert.deepEqual(socket().take(), []);
    s.client.subscribe('a', { seq: 4, epoch: 'e1' });
    assert.equal(socket().take()[0].since.seq, 4);
});


test('a list that is cut: who enters one asks for it', async (t) => {
    const s = await people(t);

    socket().say(list({ a: numbers(5) }, { more: 'limit' }));
    s.client.subscribe('a');
    assert.deepEqual(socket().take(), [{ action: 'subscribe', chatId: 'a',
        since: { seq: 5, epoch: 'e1' }, state: true, id: 1 }]);

    /* what comes before the answer comes again behind it */

    socket().say(counted('a', 7),
        confirmed('a', 7, { recovered: true }), counted('a', 6),
        counted('a', 7), counted('a', 7));
    assert.deepEqual(s.take().filter(({ event }) => event === 'new_message')
        .map(({ seq }) => seq), [6, 7]);
});


test('added and removed', async (t) => {
    const s = await people(t, { chats: { a: numbers(5) } });

    socket().say(added('b', 1, 4, 2));
    assert.deepEqual(s.client.userChats, ['a', 'b']);
    assert.deepEqual(s.client.position('b'), { seq: 4, epoch: 'e1' });
    assert.equal(s.client.unread('b'), 2);
    assert.deepEqual(names(s.take()), ['unread', 'chat_added']);

    /* each once */

    socket().say(added('b', 1, 4, 2));
    assert.deepEqual(s.take(), []);

    /* it makes no position where there is one, and no number */

    socket().say(counted('b', 5), counted('b', 6), added('b', 2, 4, 2));
    assert.deepEqual(s.client.position('b'), { seq: 6, epoch: 'e1' });
    assert.equal(s.client.unread('b'), 4);

    s.client.subscribe('a');
    s.client.subscribe('a');
    s.take();
    socket().say(presence('a', { online: ['v'], count: 1, people: 2 }),
        receipt('a', { v: 5 }), removed('a', 3));
    assert.deepEqual(names(s.take()),
        ['presence', 'read_receipt', 'chat_removed']);
    assert.deepEqual(s.client.chats, ['b']);
    assert.deepEqual(s.client.userChats, ['b']);
    assert.equal(s.client.position('a'), undefined);
    assert.equal(s.client.presence('v'), undefined);
    assert.deepEqual(s.client.reads('a'), {});
    assert.equal(s.client.chat('a'), undefined);

    /* nothing of it is told, however late */

    socket().say(counted('a', 6), presence('a', { online: ['v'] }),
        receipt('a', { v: 6 }));
    assert.deepEqual(s.take(), []);
    assert.equal(s.client.chat('a'), undefined);
});


test('the list and what changes it are ordered by the user\'s number',
    async (t) => {
        const s = await people(t, { chats: { a: numbers(1), b: numbers(1) } });

        socket().say(removed('a', 5), added('c', 6),
            list({ a: numbers(1), b: numbers(1) }, { userSeq: 4 }));
        assert.deepEqual(s.client.userChats.sort(), ['b', 'c']);
        assert.deepEqual(s.client.chats.sort(), ['b', 'c']);

        socket().say(list({ a: numbers(1) }, { userSeq: 6 }));
        assert.deepEqual(s.client.userChats, ['a']);
        assert.deepEqual(s.client.chats, ['a']);
    });


test('what is for the user', async (t) => {
    const s = await people(t, { hello: welcome(7) });

    socket().say(update('x', 8, 'hi'), { type: 'friend', from: 'v',
        userSeq: 9 }, update('x', 8, 'hi'));
    assert.deepEqual(names(s.take()), ['chat_update', 'notification',
        'notification']);
    assert.deepEqual(s.client.chats, []);

    /* what was missed comes behind the answer */

    assert.deepEqual(await again(s, welcome(11)), [{ action: 'resume',
        chats: {}, user: { seq: 9 }, state: true, epoch: 'e1', id: 1 }]);
    socket().say(update('x', 12, 'live'), resumed({}, { recovered: true,
        seq: 12 }), update('x', 10, 'ten'), update('x', 12, 'live'));
    assert.deepEqual(s.take().filter(({ event }) => event === 'notification')
        .map(({ lastMessage }) => lastMessage), ['ten', 'live']);

    /* or it is lost, and goes on with what there is now */

    await again(s, welcome(99));
    socket().say(resumed({}, { recovered: false, seq: 99 }),
        update('x', 100, 'on'));
    assert.deepEqual(names(s.take()), ['chat_update', 'notification']);

    const [{ user }] = await again(s, welcome(100));

    assert.equal(user.seq, 100);
});


test('a client without these options has an inbox, too', async (t) => {
    const s = start(t);

    socket().say(welcome(3));
    socket().say({ type: 'edited', chatId: 'b', userSeq: 4 },
        added('b', 5));
    assert.deepEqual(names(s.take()), ['open', 'edited']);

    /* the server has subscribed us to nothing */

    assert.deepEqual(s.client.chats, []);
    s.client.subscribe('b');
    socket().say(confirmed('b', 0));
    socket().take();
    assert.deepEqual(await again(s), [{ action: 'resume',
        chats: { b: { seq: 0 } }, user: { seq: 5 }, epoch: 'e1', id: 2 }]);
    socket().say(resumed({ b: { recovered: true, seq: 0 } },
        { recovered: true, seq: 6 }), removed('b', 6));
    assert.deepEqual(s.client.chats, []);
});


test('a resume is the first thing, whatever there is', async (t) => {

    /* a position of another time, at first */

    const s = start(t, { chats: 'live' });

    s.client.subscribe('a', { seq: 4, epoch: 'e1' });
    s.client.subscribe('n');
    await settled();
    assert.match(socket().url, /chats=resume/);
    socket().say(welcome(3));
    assert.deepEqual(socket().take(), [
        { action: 'resume', chats: { a: { seq: 4 } }, epoch: 'e1', id: 1 },
        { action: 'subscribe', chatId: 'n', id: 2 },
    ]);
    socket().say(resumed({ a: { recovered: true, seq: 5, count: 5, read: 2,
        seen: 2, unread: 3 } }, undefined), counted('a', 5),
    list({ a: numbers(5, 2) }), confirmed('n', 0));
    assert.deepEqual(s.client.position('a'), { seq: 5, epoch: 'e1' });
    assert.equal(s.client.unread('a'), 3);

    /* chats of another epoch come after it */

    socket().say(confirmed('n', 2, { epoch: 'e0' }));

    const sent = await again(s);

    assert.deepEqual(sent.map(({ action, chats, chatId, user }) =>
        [action, chats ?? chatId, user]), [
        ['resume', { a: { seq: 5 } }, { seq: 3 }],
        ['subscribe', 'n', undefined],
    ]);
});


test('refused for a while', async (t) => {
    const s = await people(t, { hello: welcome(3) });
    const error = (id, more) => ({ type: 'error', error: 'Rate limited',
        details: '', id, ...more });

    await again(s);
    socket().say(error(1, { retryAfter: 400 }), update('x', 4, 'early'));
    s.tick(500);
    assert.deepEqual(socket().take(), [{ action: 'resume', chats: {},
        user: { seq: 3 }, state: true, epoch: 'e1', id: 2 }]);
    socket().say(resumed({}, { recovered: true, seq: 4 }, { id: 2 }),
        update('x', 4, 'late'));
    assert.deepEqual(s.take().map(({ event, lastMessage }) =>
        [event, lastMessage]), [['chat_update', 'late'],
        ['notification', 'late']]);

    /* for good: it goes on without what was missed */

    await again(s);
    socket().say(error(3, { error: 'Invalid message' }),
        update('x', 9, 'new'));
    assert.deepEqual(names(s.take()), ['chat_update', 'notification']);
});


test('states are asked for with a subscription', async (t) => {
    const s = await people(t);

    s.client.subscribe('a');
    assert.deepEqual(socket().take(), [{ action: 'subscribe', chatId: 'a',
        state: true, id: 1 }]);
    socket().say(confirmed('a', 3, { count: 3, read: 1, seen: 1, unread: 2 }),
        state('a', { ...numbers(3, 1), reads: { v: 2 }, presence: {
            online: ['v'], away: ['w'], offline: { x: null }, count: 2,
            people: 3 }, typing: ['v'] }));
    assert.equal(s.client.unread('a'), 2);
    assert.deepEqual(s.client.reads('a'), { v: 2 });
    assert.deepEqual(s.client.online('a'), ['v', 'w']);
    assert.deepEqual(s.client.people('a'), { online: ['v'], away: ['w'],
        offline: { x: null }, count: 2, people: 3 });
    assert.deepEqual(s.client.typists('a'), { users: [{ userId: 'v',
        username: 'v' }], count: 1 });

    /* it replaces all of it */

    socket().say(state('a', { ...numbers(3), reads: { w: 1 } }));
    assert.equal(s.client.unread('a'), 0);
    assert.deepEqual(s.client.reads('a'), { w: 1 });
    assert.deepEqual(s.client.online('a'), []);
    assert.deepEqual(s.client.typists('a').users, []);

    /* and is forgotten with the chat */

    s.client.unsubscribe('a');
    socket().say(state('a', { reads: { w: 1 } }));
    assert.deepEqual(s.client.reads('a'), {});
});


test('asked for later, by a method', async (t) => {
    const s = start(t);

    socket().say(welcome());
    s.client.subscribe('a');
    socket().say(confirmed('a', 4));
    socket().take();
    s.client.setPresence('away');
    s.client.read('a');

    const end = s.client.watch(['v']);

    s.client.watch(['w'])();
    await settled();
    await settled();
    assert.deepEqual(socket().take().map(({ id, ...sent }) => sent), [
        { action: 'presence', state: 'away' },
        { action: 'read', chatId: 'a', seq: 4, epoch: 'e1' },
        { action: 'watch', users: ['v'] },
    ]);
    end();
    await settled();
    assert.deepEqual(socket().take(), [{ action: 'watch', users: [] }]);
});
