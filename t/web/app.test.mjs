/*
 * Copyright (C) chatws contributors
 *
 * The example of an app server: who is let in; what it answers is published;
 * what was said can be asked for, after a restart too.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { after, before, test } from 'node:test';

import { connect } from '../../conf/client/chatws.js';
import { Site, User } from './app.mjs';
import { require } from './modules.mjs';

const { WebSocket } = require('ws');

let site;
let john;
let jane;

before(async () => {
    site = await Site.start();
    john = await site.user('john');
    jane = await site.user('jane');
});

after(() => site?.stop());


/* A client of somebody's; next() awaits an event. */

function open(t, user, options) {
    const client = connect({ url: `${site.url}api/ws`, WebSocket,
        getToken: user.token, ...options });

    t.after(() => client.close());

    return { client, next: (type) => new Promise((done) =>
        client.addEventListener(type, ({ detail }) => done(detail),
            { once: true })) };
}


test('stored, answered, published', async (t) => {
    const { client, next } = open(t, jane);

    client.subscribe('chat_1');
    assert.equal((await next('open')).userId, 'jane');
    await next('subscription_confirmed');

    const note = next('new_message');
    const { status, body } = await john.say('chat_1', 'Hello world!',
        { sender: 'jane' });

    assert.equal(status, 201);
    assert.deepEqual(Object.keys(body),
        ['id', 'text', 'sender', 'timestamp', 'chatId']);
    assert.match(body.id, /^msg_[0-9a-f]{16}$/);
    assert.equal(body.sender, 'john', 'whoever it said to be');
    assert.match(body.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

    const { chatId, ...rest } = body;

    assert.deepEqual((await note).message, { ...rest, isOwnMessage: false });
    assert.deepEqual((await jane.ask('GET', 'api/chats/chat_1/messages')).body,
        { messages: [rest], reads: {} });
    assert.equal(chatId, 'chat_1');
});


test('what was said after a message', async () => {
    const chat = 'a/b ?\u00fc';
    const path = `api/chats/${encodeURIComponent(chat)}/messages`;
    const ids = [];

    assert.equal((await john.ask('POST', 'api/chats', { id: chat })).status,
        201);

    for (const text of ['1', '2', '3']) {
        ids.push((await john.say(chat, text)).body.id);
    }

    const texts = async (query = '') => (await john.ask('GET', path + query))
        .body.messages.map(({ text }) => text).join();

    assert.equal(await texts(), '1,2,3');
    assert.equal(await texts('?limit=2'), '2,3');
    assert.equal(await texts(`?after=${ids[0]}`), '2,3');
    assert.equal(await texts(`?after=${ids[0]}&limit=1`), '2');
    assert.equal(await texts(`?after=${ids[2]}`), '');
    assert.equal((await john.ask('GET', `${path}?after=msg_x`)).status, 404);
    assert.equal((await john.ask('GET', `${path}?limit=0`)).status, 400);
    assert.deepEqual((await john.ask('GET', 'api/chats/coffee/messages')).body,
        { messages: [], reads: {} });

    const { body } = await john.ask('GET', 'chats.json');

    assert.equal(body.history, true);
    assert.equal(body.chats.find(({ id }) => id === chat).lastMessage.text,
        '3');
});


test('what a page of another origin may send without asking', async () => {
    const body = JSON.stringify({ chatId: 'release-party', text: 'x' });

    for (const [type, status] of [
        [null, 415],
        ['text/plain;charset=UTF-8', 415],
        ['application/x-www-form-urlencoded', 415],
        ['text/plain;application/json', 415],
        ['application/vnd.api+json', 415],
        ['application/json', 201],
        ['Application/JSON; charset=utf-8', 201]])
    {
        const answer = await fetch(`${site.url}api/messages`, {
            method: 'POST', body: new TextEncoder().encode(body),
            headers: { Cookie: john.cookie,
                ...type && { 'Content-Type': type } } });

        assert.equal(answer.status, status, type);
        assert.equal((await answer.json()).error,
            status === 415 ? 'Unsupported media type' : undefined);
    }

    const { body: all } = await john.ask('GET',
        'api/chats/release-party/messages');

    assert.equal(all.messages.length, 2);
});


test('a message that comes again', async () => {
    const message = { id: 'msg_chosen', chatId: 'coffee', text: 'once' };
    const first = await john.ask('POST', 'api/messages', message);

    assert.equal(first.status, 201);
    assert.equal(first.body.id, 'msg_chosen');
    assert.deepEqual((await john.ask('POST', 'api/messages', message)).body,
        first.body);

    for (const [user, other] of [[john, { text: 'twice' }], [jane, {}],
        [john, { chatId: 'general' }]])
    {
        assert.equal((await user.ask('POST', 'api/messages',
            { ...message, ...other })).status, 409);
    }

    const { body } = await john.ask('GET', 'api/chats/coffee/messages');

    assert.equal(body.messages.length, 1);
});


test('what is refused', async () => {
    for (const [path, body, details] of [
        ['api/messages', { text: 'x' }, /^chatId: /],
        ['api/messages', { chatId: 'c', text: '' }, /^text: /],
        ['api/users', { name: 'x', password: '' }, /^password: /],
        ['api/users', { name: 'x'.repeat(33), password: 'y' }, /^name: /],
        ['api/users', { name: 'x\n', password: 'y' }, /no name/],
        ['api/chats', { id: ' x' }, /no name/],
    ]) {
        const answer = await john.ask('POST', path, body);

        assert.equal(answer.status, 400, path);
        assert.equal(answer.body.type, 'error');
        assert.match(answer.body.details, details);
    }
});


test('names and passwords', async () => {
    const nobody = new User(site, 'john');
    const login = async (name, password) => (await nobody.ask('POST',
        'api/login', { name, password })).status;

    assert.equal(await login('john', 'jane\'s'), 403);
    assert.equal(await login('nobody', 'john\'s'), 403);
    assert.equal((await nobody.ask('POST', 'api/users',
        { name: 'john', password: 'mine' })).status, 409);

    for (const [method, path, body] of [['POST', 'api/token'],
        ['POST', 'api/keys'], ['GET', 'api/me'],
        ['POST', 'api/messages', { chatId: 'general', text: 'x' }],
        ['POST', 'api/chats', { id: 'x' }],
        ['GET', 'api/chats/general/messages'],
        ['GET', 'api/chats/general/members'],
        ['POST', 'api/chats/general/members', { name: 'john' }],
        ['DELETE', 'api/chats/general/members?name=john']])
    {
        for (const cookie of ['', 'chatws_session=', 'chatws_session=x']) {
            nobody.cookie = cookie;
            assert.equal((await nobody.ask(method, path, body)).status, 401,
                `${method} ${path}`);
        }
    }

    assert.deepEqual((await nobody.ask('GET', 'chats.json')).body,
        { chats: [], history: true, login: true,
            upload: 'api/chats/{chat}/files' });

    const { status, cookie } = await nobody.ask('POST', 'api/login',
        { name: 'john', password: 'john\'s' });

    assert.equal(status, 200);
    assert.match(cookie, /; HttpOnly; .*; SameSite=strict/);
    assert.doesNotMatch(cookie, /Secure/);
    assert.match((await nobody.ask('POST', 'api/login',
        { name: 'john', password: 'john\'s' },
        { 'X-Forwarded-Proto': 'https' })).cookie, /Secure/);

    const before = nobody.cookie;

    assert.equal((await nobody.ask('POST', 'api/logout')).status, 204);
    nobody.cookie = before;
    assert.equal((await nobody.ask('GET', 'api/me')).status, 401);
    assert.deepEqual((await jane.ask('GET', 'api/me')).body,
        { name: 'jane', isAdmin: false });
});


test('private chats', async () => {
    const path = 'api/chats/den/members';

    assert.equal((await john.ask('POST', 'api/chats', { id: 'den' })).status,
        201);
    assert.equal((await jane.ask('POST', 'api/chats', { id: 'den' })).status,
        409);

    const chats = async (user) => (await user.ask('GET', 'chats.json'))
        .body.chats.some(({ id }) => id === 'den');

    for (const [isIn, status] of [[false, 403], [true, 200]]) {
        assert.equal((await jane.ask('GET', 'api/chats/den/messages')).status,
            status);
        assert.equal((await jane.ask('GET', path)).status, status);
        assert.equal((await jane.say('den', 'x')).status, status + isIn);
        assert.equal(await chats(jane), isIn);

        /* only the owner lets in, and removes */

        assert.equal((await jane.ask('POST', path, { name: 'jane' })).status,
            403);
        assert.equal((await jane.ask('DELETE', `${path}?name=john`)).status,
            403);
        assert.equal((await john.ask('POST', path, { name: 'jane' })).status,
            204);
    }

    assert.deepEqual((await jane.ask('GET', path)).body,
        { owner: 'john', members: ['jane', 'john'], lastSeen: {} });
    assert.equal((await john.ask('POST', path, { name: 'none' })).status, 404);
    assert.equal((await john.ask('DELETE', `${path}?name=john`)).status, 400);
    assert.equal((await john.ask('DELETE', `${path}?name=jane`)).status, 204);
    assert.equal((await jane.say('den', 'x')).status, 403);
    assert.equal((await john.ask('POST', 'api/chats/general/members',
        { name: 'jane' })).status, 403, 'of a chat that is everybody\'s');
});


/* Each answer counts at once, whatever nginx was told before. */

test('let in and removed', async (t) => {
    const { client, next } = open(t, jane);
    const path = 'api/chats/club/members';

    const enter = async (type) => {
        const told = next(type);

        client.subscribe('club');
        assert.equal((await told).chatId, 'club');
    };

    await john.ask('POST', 'api/chats', { id: 'club' });

    for (let n = 0; n < 3; n++) {
        await enter('denied');
        await john.ask('POST', path, { name: 'jane' });
        await enter('subscription_confirmed');

        const told = next('chat_removed');

        await john.ask('DELETE', `${path}?name=jane`);
        assert.equal((await told).chatId, 'club');
    }

    await enter('denied');
});


/* What the app and nginx say to each other is nobody else's. */

test('the inner side', async () => {
    const token = await jane.token();
    const command = { command: 'disconnect', userId: 'john' };

    const question = { userId: 'john', chats: ['den'] };

    for (const [path, body, headers, status] of [
        ['/internal/access', question, {}, 404],
        ['//internal/access', question, {}, 404],
        ['/api/../internal/access', question, {}, 404],
        ['/api/%2e%2e/internal/access', question, {}, 404],
        ['/api/..%2finternal/access', question, {}, 404],
        ['/internal/chatws', command, {}, 401],
        ['/internal/chatws', command, { Authorization: `Bearer ${token}` },
            403],
    ]) {
        const post = request(site.url, { path, method: 'POST', agent: false,
            headers: { 'Content-Type': 'application/json',
                Cookie: jane.cookie, ...headers } });

        post.end(JSON.stringify(body));

        const [answer] = await once(post, 'response');

        answer.resume();
        assert.equal(answer.statusCode, status, path);
    }

    assert.equal((await fetch(`${site.url}keys.jwks`)).status, 404);
    assert.equal(statSync(`${site.place}/keys.jwks`).mode & 0o777, 0o600);
    assert.equal(statSync(`${site.place}/chat.db`).mode & 0o777, 0o600);
});


test('keys', async (t) => {
    const kids = () => JSON.parse(readFileSync(`${site.place}/keys.jwks`))
        .keys.map(({ kid }) => kid);
    const kidOf = (token) => JSON.parse(Buffer.from(token.split('.')[0],
        'base64url')).kid;
    const [first, second] = kids();
    const old = await jane.token();

    assert.equal(kidOf(old), first);
    assert.equal((await jane.ask('POST', 'api/keys')).status, 403);

    assert.deepEqual((await john.ask('POST', 'api/keys')).body,
        { reloaded: true });
    assert.deepEqual(kids().slice(0, 2), [first, second]);
    assert.equal(kids().length, 3);
    assert.equal(kidOf(await jane.token()), second);

    /* both are good */

    const one = open(t, jane, { getToken: () => old });
    const two = open(t, jane);

    assert.equal((await one.next('open')).userId, 'jane');
    assert.equal((await two.next('open')).userId, 'jane');
});


/* With messages that are encrypted: members have the key, others have not. */

test('keys of messages', async (t) => {
    /* no request goes to a worker that a reload has ended */

    const other = await Site.start({ edit: (text) => text
        .replace('chatws_encrypt off', 'chatws_encrypt on')
        .replace('http {', 'http {\nkeepalive_timeout 0;') });
    const ann = await other.user('ann');
    const bob = await other.user('bob');

    t.after(() => other.stop());

    const keyOf = (user, chat, kid) => user.ask('GET',
        `api/chats/${encodeURIComponent(chat)}/key?kid=${kid}`);
    const kids = [];
    const texts = [];
    const client = connect({ url: `${other.url}api/ws`, WebSocket,
        getToken: ann.token, async encryptionKey(chatId, kid) {
            kids.push(kid);

            const { body } = await keyOf(ann, chatId, kid);

            return Buffer.from(body.k, 'base64url');
        } });
    const next = (type) => new Promise((done) =>
        client.addEventListener(type, ({ detail }) => done(detail),
            { once: true }));

    t.after(() => client.close());
    await ann.ask('POST', 'api/chats', { id: 'private/one' });
    client.addEventListener('undecryptable', ({ detail }) =>
        assert.fail(`${detail.reason} ${detail.error}`));
    client.subscribe('private/one');
    await next('subscription_confirmed');

    for (const text of ['first', 'second']) {
        const note = next('new_message');

        assert.equal((await ann.say('private/one', text,
            { sender: 'x' })).body.text, text);
        texts.push((await note).message.text);

        /* the new key encrypts, and the old one is still there */

        const reloaded = other.nginx.logged(other.nginx.exit);

        await ann.ask('POST', 'api/keys');
        await reloaded;
    }

    assert.deepEqual(texts, ['first', 'second']);
    assert.equal(new Set(kids).size, 2);

    for (const kid of kids) {
        const { status, body } = await keyOf(ann, 'private/one', kid);

        assert.equal(status, 200);
        assert.match(body.k, /^[\w-]{43}$/);
        assert.notEqual((await keyOf(ann, 'general', kid)).body.k, body.k);
        assert.equal((await keyOf(bob, 'private/one', kid)).status, 403);
    }

    assert.equal((await keyOf(ann, 'general', 'x')).status, 404);
    assert.equal((await keyOf(new User(other), 'general', kids[0])).status,
        401);
    assert.equal(statSync(`${other.place}/encryption.jwks`).mode & 0o777,
        0o600);
    assert.equal((await fetch(`${other.url}encryption.jwks`)).status, 404);
});


/* nginx has to have read the next one before it signs. */

test('keys in haste', async (t) => {
    const other = await Site.start({ env: { CHATWS_APP_SETTLE: '3600' } });

    t.after(() => other.stop());

    assert.equal((await (await other.user('ann')).ask('POST', 'api/keys'))
        .status, 409);
});


test('a restart of everything', async () => {
    const { body } = await john.say('general', 'still here');

    await site.pause();
    await site.begin();

    const { body: all } = await john.ask('GET', 'api/chats/general/messages');

    assert.deepEqual(all.messages.map((message) => message.id), [body.id]);
});


test('files', async () => {
    const body = new Uint8Array(100000).map((_, i) => i * i);
    const send = async (user, chat, name, token = user.token) => fetch(
        `${site.url}api/chats/${chat}/files?${name}`, { method: 'POST', body,
            headers: { Cookie: user.cookie,
                Authorization: `Bearer ${await token()}` } });
    const answer = await send(john, 'coffee', 'name=r%C3%A9sum%C3%A9.bin');

    assert.equal(answer.status, 201);

    const { id, file, ...rest } = await answer.json();

    assert.deepEqual(file, { name: 'r\u00e9sum\u00e9.bin', size: 100000 });
    assert.equal(rest.text, file.name);
    assert.equal(rest.sender, 'john');

    const { body: all } = await jane.ask('GET', 'api/chats/coffee/messages');

    assert.deepEqual(all.messages.at(-1).file, file);

    /* for the disk, as it was */

    const get = (user, path) => fetch(`${site.url}api/files/${path}`,
        { headers: { Cookie: user.cookie } });
    const got = await get(jane, id);

    assert.deepEqual(new Uint8Array(await got.arrayBuffer()), body);
    assert.match(got.headers.get('Content-Disposition'), /^attachment; /);
    assert.equal(got.headers.get('X-Content-Type-Options'), 'nosniff');

    /* of chats that one is in, and with a name */

    await john.ask('POST', 'api/chats', { id: 'safe/deep' });

    const { id: secret } = await (await send(john, 'safe%2fdeep', 'name=x'))
        .json();

    for (const [answered, status] of [
        [await get(jane, secret), 403],
        [await get(new User(site), id), 401],
        [await get(john, 'msg_none'), 404],
        [await get(john, '..%2fchat.db'), 404],
        [await send(jane, 'safe%2fdeep', 'name=x'), 403],
        [await send(new User(site), 'coffee', 'name=x', john.token), 401],
        [await send(john, 'coffee', 'name='), 400],
        [await send(john, 'coffee', 'name=%0a'), 400],
        [await send(john, 'coffee', 'x=x'), 400]])
    {
        assert.equal(answered.status, status);
    }
});


/* Of the chats of the user the server tells by itself. */

test('members', async (t) => {
    await john.ask('POST', 'api/chats', { id: 'team' });
    await john.say('team', 'before');

    const { client, next } = open(t, jane, { tokenIn: 'protocol',
        chats: 'live', state: true });

    assert.ok(Object.keys((await next('chats')).chats).includes('general'));
    assert.equal(client.userChats.includes('team'), false);

    const added = next('chat_added');

    await john.ask('POST', 'api/chats/team/members', { name: 'jane' });
    assert.equal((await added).chatId, 'team');

    const note = next('new_message');

    await john.say('team', 'hello');
    assert.equal((await note).message.text, 'hello');
    assert.equal(client.unread('team'), 1);

    const removed = next('chat_removed');

    await john.ask('DELETE', 'api/chats/team/members?name=jane');
    assert.equal((await removed).chatId, 'team');
    assert.equal(client.userChats.includes('team'), false);

    /* what comes behind it shows that she does not get this */

    const other = next('new_message');

    await john.say('team', 'a secret');
    await john.say('general', 'for all');
    assert.equal((await other).message.text, 'for all');
});
