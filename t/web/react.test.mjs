/*
 * Copyright (C) chatws contributors
 *
 * The React hooks, in jsdom, as it is installed from the package; a fake
 * server.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, afterEach, beforeEach, mock, test } from 'node:test';

import { confirmed, connected, FakeSocket, message, settled, socket }
    from './fake.mjs';
import { installed, require } from './modules.mjs';
import { counted, list, numbers, presence, receipt, removed, state, unread,
    welcome } from './people.mjs';

const { JSDOM } = require('jsdom');
const dom = new JSDOM('<!DOCTYPE html><div id="root"></div>',
    { url: 'https://host/' });

globalThis.window = dom.window;
globalThis.document = dom.window.document;
globalThis.navigator ??= dom.window.navigator;
globalThis.IS_REACT_ACT_ENVIRONMENT = true;

const { act, createElement, StrictMode } = require('react');
const { createRoot } = require('react-dom/client');
const { place } = installed('react');

writeFileSync(`${place}/use.mjs`,
    `export * from 'chatws/react'; import 'chatws';`);

const { useChat, ...hooks } = await import(`${place}/use.mjs`);

let root;
let seen;
let renders;

beforeEach(() => {
    FakeSocket.all = [];
    seen = {};
    renders = [];
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1e12 });
    root = createRoot(document.getElementById('root'));
});

afterEach(async () => {
    await act(() => root.unmount());
    mock.timers.tick(5000);
    mock.timers.reset();
});

after(() => dom.window.close());


/* Components that show nothing, but what they see. */

function Chat({ name = 'chat', ...options }) {
    seen[name] = useChat({ url: 'ws://host/api/ws', userId: 'u',
        chatId: 'a', WebSocket: FakeSocket, fetch: null, ...options });

    renders.push({ ...options, ...seen[name] });

    return null;
}

const render = (...all) => act(async () => root.render(
    all.map((props, i) => createElement(Chat, { key: i, ...props }))));
const say = (...messages) => act(async () => socket().say(...messages));
const texts = (name = 'chat') => seen[name].messages.map(({ text }) => text);


test('connects after the login, and ends with the logout', async () => {
    await render({ userId: null });
    assert.equal(FakeSocket.all.length, 0);
    assert.equal(seen.chat.state, 'closed');
    assert.equal(seen.chat.client, null);

    await render({});
    assert.equal(FakeSocket.all.length, 1);
    assert.equal(seen.chat.state, 'connecting');

    await say(connected());
    assert.equal(seen.chat.state, 'open');
    assert.deepEqual(socket().take().map(({ chatId }) => chatId), ['a']);

    await act(async () => socket().end(1012));
    assert.equal(seen.chat.state, 'waiting');
    assert.equal(seen.chat.code, 1012);
    assert.ok(seen.chat.retryAt > 0);
    await act(async () => seen.chat.retry());
    assert.equal(FakeSocket.all.length, 2);

    await render({ userId: null });
    assert.ok(socket().closed);
    assert.equal(seen.chat.state, 'closed');
});


test('messages, typing, updates', async () => {
    const notes = [];

    await render({ onNotification: (note) => notes.push(note.type) });
    await say(connected(), confirmed('a', 0));
    socket().take();

    await say(message('a', 1), message('a', 2), message('a', 1));
    assert.deepEqual(texts(), ['text 1', 'text 2']);

    const typing = { type: 'user_typing', chatId: 'a', userId: 'v',
        username: 'Vi', isTyping: true };

    await say(typing);
    assert.deepEqual(seen.chat.typists, [{ userId: 'v', username: 'Vi' }]);
    await say({ ...typing, isTyping: false });
    assert.deepEqual(seen.chat.typists, []);

    /* what somebody has written is no longer being typed */

    await say(typing, message('a', 3));
    assert.deepEqual(seen.chat.typists, []);

    await say({ type: 'chat_update', chatId: 'a', unreadCount: 3 });
    assert.equal(seen.chat.update.unreadCount, 3);
    await say({ type: 'error', error: 'Rate limited', details: 'd' });
    assert.equal(seen.chat.error.error, 'Rate limited');

    seen.chat.typing();
    seen.chat.typing(false);
    assert.deepEqual(socket().take().map(({ isTyping }) => isTyping),
        [true, false]);

    await act(async () => seen.chat.add({ id: 'msg_9', text: 'mine',
        sender: 'u', timestamp: '2025-11-27T10:00:01.000Z' }));
    assert.deepEqual(texts(), ['text 1', 'text 2', 'text 3', 'mine']);
    assert.deepEqual(notes, ['subscription_confirmed', 'new_message',
        'new_message', 'user_typing', 'user_typing', 'user_typing',
        'new_message', 'chat_update']);
});


test('another chat', async () => {
    await render({});
    await say(connected(), confirmed('a', 0), message('a', 1));
    socket().take();

    await render({ chatId: 'b' });
    assert.deepEqual(texts(), []);
    assert.deepEqual(socket().take().map(({ action, chatId }) =>
        action + chatId), ['unsubscribea', 'subscribeb']);
    await say(confirmed('b', 0), message('a', 2), message('b', 1, 'in b'));
    assert.deepEqual(texts(), ['in b']);

    await render({ chatId: null });
    assert.deepEqual(socket().take().map(({ action, chatId }) =>
        action + chatId), ['unsubscribeb']);
    assert.equal(FakeSocket.all.length, 1);
});


/* Not even in the one render before React tells the hook. */

test('nothing is shown of a chat or a user who is not there', async () => {
    const all = () => say(confirmed('a', 0), message('a', 1),
        { type: 'user_typing', chatId: 'a', userId: 'w', username: 'Wi',
            isTyping: true },
        { type: 'chat_update', chatId: 'a', unreadCount: 3 },
        { type: 'error', error: 'Rate limited', details: 'd' });
    const nothing = (what, state) => {
        for (const now of renders) {
            assert.deepEqual([now.messages, now.typists, now.update,
                now.error], [[], [], null, null], what);
            assert.ok(!state || now.state === state, `${what}: ${now.state}`);
            assert.ok(state !== 'closed' || now.client === null, what);
        }

        assert.ok(renders.length);
    };

    for (const [what, props, state] of [
        ['another chat', { chatId: 'b' }, 'open'],
        ['no chat', { chatId: null }, 'open'],
        ['another user', { userId: 'v' }],
        ['nobody', { userId: null }, 'closed'],
    ]) {
        await render({});
        await say(connected());
        await all();
        assert.ok(seen.chat.messages[0] && seen.chat.typists[0]
            && seen.chat.update && seen.chat.error, what);

        renders = [];
        await render(props);
        nothing(what, state);

        if (props.userId === 'v') {
            assert.notEqual(renders[0].state, 'open');
        }
    }
});


test('what was sent is added to its own chat', async () => {
    const mine = (chatId) => ({ id: 'msg_9', text: 'mine', sender: 'u',
        timestamp: '2025-11-27T10:00:01.000Z', chatId });

    await render({});
    await say(connected(), confirmed('a', 0));

    /* the answer comes when the user looks at another one */

    const { add } = seen.chat;

    await render({ chatId: 'b' });
    await act(async () => add(mine()));
    await act(async () => add(mine('a')));
    await act(async () => seen.chat.add(mine('a')));
    assert.deepEqual(texts(), []);

    await act(async () => seen.chat.add(mine('b')));
    assert.deepEqual(texts(), ['mine']);
    await render({ chatId: 'b', username: 'U' });
    await act(async () => seen.chat.add(mine()));
    assert.deepEqual(texts(), ['mine']);
});


test('times are strings or numbers', async () => {
    const at = (id, timestamp) => ({ id, text: `${id}`, sender: 'v',
        timestamp });

    await render({ load: () => [at(3, 3e12), at('1', 1e12),
        at(2, '2033-05-18T03:33:20.000Z')] });
    assert.deepEqual(texts(), ['1', '2', '3']);
});


test('what the app server has is loaded, and after a gap', async () => {
    const stored = [{ id: 'msg_old', text: 'old', sender: 'v',
        timestamp: '2025-11-27T09:00:00.000Z' }];
    const calls = [];
    const load = async (chatId) => {
        calls.push(chatId);
        return stored;
    };

    await render({ load });
    assert.deepEqual(texts(), ['old']);
    await say(connected(), confirmed('a', 0), message('a', 1));
    assert.deepEqual(texts(), ['old', 'text 1']);

    /* once more for what came between the first time and the subscription */

    assert.deepEqual(calls, ['a', 'a']);

    stored.push({ id: 'msg_2', text: 'missed', sender: 'v',
        timestamp: '2025-11-27T10:00:05.000Z' });
    await act(async () => socket().end(1006));
    await act(async () => seen.chat.retry());
    await say(connected(), confirmed('a', 5, { recovered: false }));
    assert.deepEqual(calls, ['a', 'a', 'a']);
    assert.deepEqual(texts(), ['old', 'text 1', 'missed']);

    await act(async () => socket().end(1006));
    await act(async () => seen.chat.retry());
    await say(connected(), confirmed('a', 5, { recovered: true }));
    assert.equal(calls.length, 3);

    await render({ load: async () => {
        throw new Error('away');
    }, chatId: 'b' });
    assert.equal(seen.chat.error.message, 'away');

    await render({ load: async () => ({ messages: [] }), chatId: 'c' });
    assert.ok(seen.chat.error instanceof TypeError);

    await render({ load: async () => {
        throw 'nothing to catch';
    }, chatId: 'a' });
    assert.ok(seen.chat.error instanceof Error);
});


test('a server that begins its numbers anew', async () => {
    await render({});
    await say(connected(), confirmed('a', 6), message('a', 7));
    await act(async () => socket().end(1006));
    await act(async () => seen.chat.retry());

    const { message: first, ...more } = message('a', 1, 'from now on');

    await say(connected(), confirmed('a', 0, { recovered: false,
        epoch: 'e2' }), { ...more, message: { ...first, id: 'msg_new',
        timestamp: '2025-11-27T10:00:09.000Z' } });
    assert.deepEqual(texts(), ['text 7', 'from now on']);
});


test('components share one connection', async () => {
    await render({ name: 'one' }, { name: 'two' },
        { name: 'three', chatId: 'b' });
    assert.equal(FakeSocket.all.length, 1);
    await say(connected(), confirmed('a', 0), confirmed('b', 0),
        message('a', 1), message('b', 1, 'in b'));
    assert.deepEqual(texts('one'), ['text 1']);
    assert.deepEqual(texts('two'), ['text 1']);
    assert.deepEqual(texts('three'), ['in b']);
    assert.deepEqual(socket().take().map(({ chatId }) => chatId),
        ['a', 'b']);

    await render({ name: 'one' });
    assert.deepEqual(socket().take().map(({ action, chatId }) =>
        action + chatId), ['unsubscribeb']);
    assert.ok(!socket().closed);
    await say(message('a', 2));
    assert.deepEqual(texts('one'), ['text 1', 'text 2']);

    await render();
    mock.timers.tick(4999);
    assert.ok(!socket().closed);
    mock.timers.tick(1);
    assert.ok(socket().closed);
});


/* The tree as a router would have it: another page is another component. */

const page = (name, props) => act(async () => root.render(
    createElement(Chat, { key: name, ...props })));

test('pages share one connection, too', async () => {
    await page('one');
    await say(connected(), confirmed('a', 0));

    for (let i = 0; i < 5; i++) {
        await page(`page ${i}`, { chatId: i % 2 ? 'b' : 'a' });
        mock.timers.tick(3000);
    }

    assert.equal(FakeSocket.all.length, 1);
    assert.ok(!socket().closed);
    assert.equal(seen.chat.state, 'open');

    /* a pause between two pages */

    await render();
    mock.timers.tick(4000);
    await page('late');
    mock.timers.tick(6000);
    assert.equal(FakeSocket.all.length, 1);
    assert.ok(!socket().closed);

    /* one that was refused is tried again */

    socket().end(1008, 'policy');
    await page('after');
    assert.equal(FakeSocket.all.length, 2);
    assert.equal(seen.chat.state, 'connecting');
});


test('another user is another connection, and the old one ends', async () => {
    await render({});
    await say(connected(), confirmed('a', 0));

    const [first] = FakeSocket.all;

    await render({ userId: 'v' });
    assert.ok(first.closed);
    assert.equal(FakeSocket.all.length, 2);
    assert.ok(!socket().closed);

    /* but not under the feet of somebody else */

    await say(connected());
    await render({ userId: 'v' }, { name: 'other', userId: 'v' });
    await render({ userId: null }, { name: 'other', userId: 'v' });
    assert.equal(seen.chat.state, 'closed');
    assert.ok(!socket().closed);
    mock.timers.tick(6000);
    assert.ok(!socket().closed);
});


test('functions of one text lead to their own servers', async () => {
    const to = (tenant) => () => `ws://${tenant}/`;
    const hosts = () => FakeSocket.all.map(({ url }) => new URL(url).host);

    await render({ url: to('one') }, { url: to('two') });
    assert.deepEqual(hosts(), ['one', 'two']);

    /* the same function is the same server */

    await render();
    mock.timers.tick(5000);
    FakeSocket.all = [];

    const url = to('three');

    await render({ url }, { url }, { url, userId: 'v' });
    await render({ url }, { url }, { url, userId: 'v' });
    assert.deepEqual(hosts(), ['three', 'three']);
    assert.ok(FakeSocket.all.every(({ closed }) => !closed));
});


test('functions in place, of servers that have names', async () => {
    const hosts = () => FakeSocket.all.filter(({ closed }) => !closed)
        .map(({ url }) => new URL(url).host);
    const show = (...tenants) => render(...tenants.map((server) =>
        ({ server, url: async () => `ws://${server}/` })));

    await show('one', 'two', 'one');
    await show('one', 'two', 'one');
    assert.deepEqual(hosts(), ['one', 'two']);

    await show('three', 'two', 'three');
    assert.deepEqual(hosts(), ['two', 'three']);
});


test('the address is said by somebody who is there', async () => {
    const tokens = () => FakeSocket.all.map(({ url }) =>
        new URL(url).searchParams.get('token'));
    const has = (name, token) => ({ name, server: 'x',
        url: () => `ws://host/?token=${token}` });

    /* an old page knows an old token */

    const show = (...all) => act(async () => root.render(all.map((props) =>
        createElement(Chat, { key: props.name, ...props }))));

    await show(has('one', 1));
    await show(has('one', 1), has('two', 2));
    await show(has('two', 3));
    await act(async () => socket().end(1012));
    await act(async () => seen.two.retry());
    assert.deepEqual(tokens(), ['1', '3']);

    /* and the next one, after a pause */

    await show();
    await show(has('three', 4));
    await act(async () => socket().end(1012));
    await act(async () => seen.three.retry());
    assert.deepEqual(tokens(), ['1', '3', '4']);
});


test('in strict mode', async () => {
    await act(async () => root.render(createElement(StrictMode, null,
        createElement(Chat))));
    await say(connected(), confirmed('a', 0), message('a', 1));
    assert.deepEqual(texts(), ['text 1']);
    mock.timers.tick(6000);
    assert.equal(FakeSocket.all.length, 1);
    assert.ok(!socket().closed);
});


test('a token, from somebody who is there', async () => {
    const asked = [];
    const has = (name) => ({ name, getToken: () => {
        asked.push(name);

        return name;
    } });
    const show = (...all) => act(async () => root.render(all.map((props) =>
        createElement(Chat, { key: props.name, ...props }))));
    const shows = () => act(async () => socket().accept());

    await show(has('one'), has('two'));
    await shows();
    assert.deepEqual(socket().take().map(({ token }) => token), ['one']);
    await say(connected({ expiresIn: 600 }));
    await show(has('two'));
    await say({ type: 'token_expiring', expiresIn: 30 });
    assert.deepEqual(asked, ['one', 'two']);
    await say({ type: 'error', error: 'Invalid token', details: '',
        id: 'chatws:auth' });
    assert.equal(seen.two.state, 'closed');
    assert.equal(seen.two.unauthorized, true);
    assert.equal(seen.two.reason, 'Invalid token');
    await act(async () => seen.two.retry());
    assert.equal(seen.two.state, 'connecting');
    assert.equal(seen.two.unauthorized, false);
    assert.deepEqual(asked, ['one', 'two', 'two']);
});


test('a chat that is closed to us', async () => {
    await render({});
    await say(connected());

    const [{ id }] = socket().take();

    await say({ type: 'error', error: 'Not allowed', details: 'd', id });
    assert.equal(seen.chat.left.error, 'Not allowed');

    /* asked for again when somebody wants it */

    await act(async () => seen.chat.retry());
    assert.equal(seen.chat.left, null);
    assert.deepEqual(socket().take().filter(({ chatId }) => chatId === 'a')
        .map(({ action }) => action), ['subscribe']);
    await say(confirmed('a', 0), message('a', 1), { type: 'typing_users',
        chatId: 'a', users: [{ userId: 'v', username: 'V' }], count: 5 });
    assert.deepEqual(seen.chat.typists, [{ userId: 'v', username: 'V' }]);
    await say({ type: 'unsubscribed', chatId: 'a', reason: 'removed' });
    assert.equal(seen.chat.left.reason, 'removed');
    assert.deepEqual(seen.chat.typists, []);
    assert.deepEqual(texts(), ['text 1']);

    /* another one is not */

    await render({ chatId: 'b' });
    assert.equal(seen.chat.left, null);
});


/* Components of the hooks that concern people: one of each name. */

function Person({ name, hook, ...options }) {
    seen[name] = hooks[hook]({ url: 'ws://host/api/ws', userId: 'u',
        chats: 'live', state: true, WebSocket: FakeSocket, fetch: null,
        ...options });
    renders.push(name);

    return null;
}

const people = (all) => act(async () => {
    root.render(Object.entries(all).map(([name, [hook, props]]) =>
        createElement(Person, { key: name, name, hook, ...props })));
    await settled();
});

/* their modules are loaded before there is a connection */

const begin = async (all, chats) => {
    await people(all);

    while (!socket()) {
        await act(settled);
    }

    await say(welcome(), list(chats));
    socket().take();
    renders = [];
};


test('people: chats, and what is unread', async () => {
    await begin({ all: ['useChats', {}], sum: ['useUnread', {}],
        one: ['useUnread', { chatId: 'a' }] },
    { a: numbers(5, 2), b: numbers(1, 0, { muted: true }) });

    assert.equal(FakeSocket.all.length, 1);
    assert.deepEqual(seen.all.map(({ chatId, unread: n, muted }) =>
        [chatId, n, muted]), [['a', 3, false], ['b', 1, true]]);
    assert.deepEqual([seen.sum.total, seen.sum.chats, seen.one.unread],
        [3, ['a'], 3]);

    await say(counted('a', 6));
    assert.deepEqual([seen.sum.total, seen.one.unread], [4, 4]);

    /* the same as long as it says the same */

    const { all } = seen;

    renders = [];
    await say(presence('a', { online: ['v'] }), unread('a', 2, 6));
    assert.equal(seen.all, all);
    assert.deepEqual(renders, []);

    seen.one.read();
    seen.one.markUnread();
    assert.deepEqual(socket().take().map(({ action, chatId }) =>
        action + chatId), ['reada', 'marka']);
    await say(unread('a', 6, 6, { marked: true }));
    assert.deepEqual([seen.one.unread, seen.one.marked, seen.sum.total],
        [0, true, 0]);

    await say(removed('a', 1));
    assert.deepEqual(seen.all.map(({ chatId }) => chatId), ['b']);
});


test('people: who is there, types and has read', async () => {
    const chatId = 'a';

    await begin({ there: ['usePresence', { chatId }],
        some: ['usePresence', { users: ['w'] }],
        read: ['useReceipts', { chatId }], types: ['useTypists', { chatId }],
        files: ['useUploads', { chatId }] }, { a: numbers(5) });

    await say(state('a', { ...numbers(5), reads: { v: 3 }, presence: {
        online: ['v'], away: [], offline: { w: null }, count: 1,
        people: 2 } }));
    assert.deepEqual(seen.there, { online: ['v'], away: [],
        offline: { w: null }, count: 1, people: 2,
        states: { v: 'online', w: 'offline' } });
    assert.deepEqual(seen.some.states, { w: 'offline' });
    assert.deepEqual(seen.read.reads, { v: 3 });
    assert.deepEqual([3, 4].map(seen.read.tick), ['read', 'sent']);

    await say(receipt('a', {}, { delivered: { v: 5 } }));
    assert.equal(seen.read.tick(4), 'delivered');
    await say(receipt('a', { v: 5 }));
    assert.deepEqual(seen.read.readBy(4), ['v']);

    renders = [];
    await say({ type: 'user_typing', chatId, userId: 'v', username: 'Vi',
        isTyping: true });
    assert.deepEqual(seen.types, { users: [{ userId: 'v', username: 'Vi' }],
        count: 1 });
    assert.deepEqual(renders, ['types']);
    await act(async () => mock.timers.tick(10000));
    assert.equal(seen.types.count, 0);

    await say({ type: 'upload_progress', uploadId: 'i', chatId, userId: 'v',
        state: 'uploading', received: 1, timestamp: 't' });
    assert.equal(seen.files[0].received, 1);
    await act(async () => mock.timers.tick(15000));
    assert.deepEqual(seen.files, []);
});


test('people: another chat, and other users', async () => {
    const chats = { a: numbers(0), b: numbers(0) };
    const show = (chatId, users) => people({ there: ['usePresence',
        { chatId, users }], types: ['useTypists', { chatId }] });

    await begin({ there: ['usePresence', { chatId: 'a', users: ['v'] }],
        types: ['useTypists', { chatId: 'a' }] }, chats);
    await say(presence('a', { online: ['x'], count: 1, people: 1 }),
        presence('b', { online: ['y'], count: 1, people: 1 }));
    assert.deepEqual(seen.there.states, { v: 'unknown', x: 'online' });

    await show('b', ['v', 'w']);
    assert.deepEqual(seen.there.online, ['y']);
    assert.deepEqual(socket().take(), [{ action: 'watch',
        users: ['v', 'w'] }]);
    await show('c', ['v', 'w']);
    assert.deepEqual(seen.there.online, []);
    assert.deepEqual(socket().take().map(({ action, chatId }) =>
        action + chatId), ['subscribec']);
    await show(null);
    assert.deepEqual(socket().take().map(({ action, chatId, users }) =>
        action + (chatId ?? users)), ['unsubscribec', 'watch']);
    assert.deepEqual(seen.types, { users: [], count: 0 });
});


test('people: nobody is logged in', async () => {
    await people({ all: ['useChats', { userId: null }],
        sum: ['useUnread', { userId: null, chatId: 'a' }],
        there: ['usePresence', { userId: null, chatId: 'a' }],
        read: ['useReceipts', { userId: null, chatId: 'a' }],
        files: ['useUploads', { userId: null }] });
    assert.equal(FakeSocket.all.length, 0);
    assert.deepEqual([seen.all, seen.sum.total, seen.there.online,
        seen.read.reads, seen.read.tick(1), seen.files],
    [[], 0, [], {}, 'sent', []]);
    seen.sum.read();
});
