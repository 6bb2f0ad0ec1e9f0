/*
 * Copyright (C) chatws contributors
 *
 * The example of an app server: what it answers is published; what was said
 * can be asked for, after a restart too.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';

import { connect } from '../../conf/client/chatws.js';
import { startApp, withApp } from './app.mjs';
import { require } from './modules.mjs';
import { Nginx, ports } from './nginx.mjs';

const { WebSocket } = require('ws');
const place = mkdtempSync(`${tmpdir()}/chatws-app-`);

let app;
let nginx;
let port;

before(async () => {
    [port] = await ports(1);
    app = await startApp(port, `${place}/chat.db`);
    nginx = await Nginx.start(withApp(port));
});

after(async () => {
    nginx?.stop();
    await app?.stop();
    rmSync(place, { recursive: true });
});

const ask = async (path, body) => {
    const answer = await fetch(`${nginx.url}${path}`, body && {
        method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body) });

    return [answer.status, await answer.json()];
};


test('stored, answered, published', async (t) => {
    const client = connect({ url: `${nginx.url}api/ws`, userId: 'jane',
        WebSocket });

    t.after(() => client.close());

    const next = (type) => new Promise((done) => client.addEventListener(
        type, ({ detail }) => done(detail), { once: true }));

    client.subscribe('chat_1');
    await next('subscription_confirmed');

    const note = next('new_message');
    const [status, message] = await ask('api/messages',
        { chatId: 'chat_1', text: 'Hello world!', sender: 'john_doe' });

    assert.equal(status, 201);
    assert.deepEqual(Object.keys(message),
        ['id', 'text', 'sender', 'timestamp', 'chatId']);
    assert.match(message.id, /^msg_[0-9a-f]{16}$/);
    assert.match(message.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

    const { chatId, ...rest } = message;

    assert.deepEqual((await note).message, { ...rest, isOwnMessage: false });
    assert.deepEqual(await ask('api/chats/chat_1/messages'),
        [200, { messages: [rest] }]);
    assert.equal(chatId, 'chat_1');
});


test('what was said after a message', async () => {
    const chat = 'a/b ?\u00fc';
    const path = `api/chats/${encodeURIComponent(chat)}/messages`;
    const ids = [];

    for (const text of ['1', '2', '3']) {
        ids.push((await ask('api/messages', { chatId: chat, text,
            sender: 'x' }))[1].id);
    }

    const texts = async (query = '') =>
        (await ask(path + query))[1].messages.map(({ text }) => text).join();

    assert.equal(await texts(), '1,2,3');
    assert.equal(await texts('?limit=2'), '2,3');
    assert.equal(await texts(`?after=${ids[0]}`), '2,3');
    assert.equal(await texts(`?after=${ids[0]}&limit=1`), '2');
    assert.equal(await texts(`?after=${ids[2]}`), '');
    assert.equal((await ask(`${path}?after=msg_x`))[0], 404);
    assert.equal((await ask(`${path}?limit=0`))[0], 400);
    assert.deepEqual(await ask('api/chats/nothing/messages'),
        [200, { messages: [] }]);

    const [, { chats, history }] = await ask('chats.json');

    assert.equal(history, true);
    assert.equal(chats.find(({ id }) => id === chat).lastMessage.text, '3');
});


test('what a page of another origin may send without asking', async () => {
    const body = JSON.stringify({ chatId: 'foreign', text: 'x', sender: 'y' });

    for (const [type, status] of [
        [null, 415],
        ['text/plain;charset=UTF-8', 415],
        ['application/x-www-form-urlencoded', 415],
        ['text/plain;application/json', 415],
        ['application/vnd.api+json', 415],
        ['application/json', 201],
        ['Application/JSON; charset=utf-8', 201]])
    {
        const answer = await fetch(`${nginx.url}api/messages`, {
            method: 'POST', headers: type ? { 'Content-Type': type } : {},
            body: new TextEncoder().encode(body) });

        assert.equal(answer.status, status, type);
        assert.equal((await answer.json()).error,
            status === 415 ? 'Unsupported media type' : undefined);
    }

    const [, { messages }] = await ask('api/chats/foreign/messages');

    assert.equal(messages.length, 2);
});


test('a message that comes again', async () => {
    const message = { id: 'msg_chosen', chatId: 'twice', text: 'once',
        sender: 'x' };
    const [status, first] = await ask('api/messages', message);

    assert.equal(status, 201);
    assert.equal(first.id, 'msg_chosen');
    assert.deepEqual(await ask('api/messages', message), [201, first]);

    for (const other of [{ text: 'twice' }, { sender: 'y' },
        { chatId: 'other' }])
    {
        assert.equal((await ask('api/messages', { ...message, ...other }))[0],
            409);
    }

    const [, { messages }] = await ask('api/chats/twice/messages');

    assert.equal(messages.length, 1);
});


test('what is refused', async () => {
    for (const [body, details] of [
        [{ text: 'x', sender: 'y' }, /^chatId: /],
        [{ chatId: 'c', text: '', sender: 'y' }, /^text: /],
        [{ chatId: 'c', text: 'x', sender: 'y'.repeat(129) }, /^sender: /],
    ]) {
        const [status, error] = await ask('api/messages', body);

        assert.equal(status, 400);
        assert.equal(error.type, 'error');
        assert.match(error.details, details);
    }
});


test('a restart of everything', async () => {
    const [, { id }] = await ask('api/messages',
        { chatId: 'kept', text: 'still here', sender: 'x' });

    nginx.stop();
    await app.stop();
    app = await startApp(port, `${place}/chat.db`);
    nginx = await Nginx.start(withApp(port));

    const [, { messages }] = await ask('api/chats/kept/messages');

    assert.deepEqual(messages.map((message) => message.id), [id]);
});
