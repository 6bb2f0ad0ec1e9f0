/*
 * Copyright (C) chatws contributors
 *
 * What is encrypted: by npm's jose as an app server would, against a server
 * that the test plays; and by nginx, which has another key after a reload.
 */

import assert from 'node:assert/strict';
import { hkdfSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { connect } from '../../conf/client/chatws.js';
import { confirmed, connected, message, names, socket, start }
    from './fake.mjs';
import { build, require } from './modules.mjs';
import { Nginx } from './nginx.mjs';

const { CompactEncrypt, compactDecrypt } = await import(pathToFileURL(
    `${build}node_modules/jose/dist/webapi/index.js`));
const { WebSocket } = require('ws');

const masters = { k1: Buffer.alloc(32, 1), k2: Buffer.alloc(32, 2) };

const keyOf = (chatId, kid) => new Uint8Array(hkdfSync('sha256', masters[kid],
    '', `chatws-encryption-v1\0${chatId}`, 32));

const seal = (hidden, header, key = keyOf(header.chat, header.kid)) =>
    new CompactEncrypt(Buffer.from(JSON.stringify(hidden)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', ...header })
        .encrypt(key);


/* A message of v in the chat a, whose text is hidden. */

async function secret(seq, text = `text ${seq}`, more, kid = 'k1') {
    const clear = message('a', seq, '');

    clear.message.enc = await seal({ text, ...more },
        { kid, chat: 'a', mid: `msg_${seq}`, sub: 'v' });

    return clear;
}


/* A client in the chats a and b, and what it asks for. */

function open(t, encryptionKey = keyOf) {
    const asked = [];
    const s = start(t, { encryptionKey: async (...args) => {
        asked.push(args.join(' '));

        return encryptionKey(...args);
    } });

    for (const type of ['undecryptable', 'chat_update']) {
        s.client.addEventListener(type, ({ detail }) =>
            s.events.push({ event: type, ...detail }));
    }

    s.client.subscribe('a');
    s.client.subscribe('b');
    socket().say(connected(), confirmed('a', 0), confirmed('b', 0));
    s.take();

    return { ...s, asked, next: () => until(() => s.events[0])
        .then(() => s.events.shift()) };
}


/* The clock of the test stands still; what is opened takes its time. */

async function until(check) {
    while (!check()) {
        await new Promise(setImmediate);
    }
}

const shown = (events) => events.map(({ event, message: { text } = {},
    reason }) => `${event} ${text ?? reason ?? '-'}`);


test('a message is as it was before it was encrypted', async (t) => {
    const s = open(t);
    const messages = [];

    s.client.addEventListener('message', ({ detail }) =>
        messages.push(detail));

    socket().say(await secret(1, 'hello', { replyTo: 7, sender: 'w', id: 1,
        isOwnMessage: true, ['__proto__']: 8 }));

    const { event, ...data } = await s.next();
    const wanted = message('a', 1, 'hello');

    wanted.message = { ...wanted.message, replyTo: 7, ['__proto__']: 8 };
    assert.equal(event, 'new_message');
    assert.deepEqual(data, wanted);
    assert.equal(messages.length, 1);
    assert.deepEqual(messages[0], wanted);

    const update = { type: 'chat_update', chatId: 'a', lastMessage: '',
        lastMessageTime: 'now', unreadCount: 3, timestamp: 't', id: 'u' };

    socket().say({ ...update, enc: await seal({ lastMessage: 'hi',
        title: 'T', unreadCount: 9 },
        { kid: 'k1', chat: 'a', mid: 'u', sub: '' }) });
    assert.deepEqual(await s.next(), { event: 'chat_update', ...update,
        lastMessage: 'hi', title: 'T' });

    const edited = { type: 'edited', chatId: 'a', id: 17, sender: 'v',
        timestamp: 't', seq: 2 };

    socket().say({ ...edited, enc: await seal({ text: 'x', type: 'y' },
        { kid: 'k1', chat: 'a', mid: 17, sub: 'v' }) });
    assert.deepEqual(await s.next(), { event: 'edited', ...edited,
        text: 'x' });

    assert.deepEqual(s.asked, ['a k1'], 'asked once');
});


/* In order among themselves, of chats that need not be open. */

test('what is for the user', async (t) => {
    const s = open(t);
    const update = async (chatId, userSeq, lastMessage) => ({
        type: 'chat_update', chatId, lastMessage: '', unreadCount: 1,
        timestamp: 't', id: 'u', userSeq, enc: await seal({ lastMessage },
            { kid: 'k1', chat: chatId, mid: 'u', sub: '' }) });

    socket().say(connected({ userSeq: 0, epoch: 'e1', features: ['users'] }),
        { type: 'resumed', epoch: 'e1', chats: { a: { recovered: true, seq: 0 },
            b: { recovered: true, seq: 0 } } });
    s.take();
    socket().say(await update('x', 1, 'one'), await update('y', 2, 'two'),
        { type: 'chat_update', chatId: 'a', lastMessage: 'three', userSeq: 3 },
        message('a', 1));
    await until(() => s.events.length > 3);
    assert.deepEqual(s.take().map(({ lastMessage, message: { text } = {} }) =>
        lastMessage ?? text), ['text 1', 'one', 'two', 'three']);
    assert.deepEqual(s.asked, ['x k1', 'y k1']);
});


test('keys: kept by chat and kid, and not to be read', async (t) => {
    const { importKey } = crypto.subtle;
    const readable = t.mock.method(crypto.subtle, 'importKey',
        (...args) => importKey.apply(crypto.subtle, args));
    const s = open(t);

    socket().say(await secret(1), await secret(2),
        await secret(3, 'text 3', {}, 'k2'), await secret(4));

    for (const n of [1, 2, 3, 4]) {
        assert.equal((await s.next()).message.text, `text ${n}`);
    }

    assert.deepEqual(s.asked, ['a k1', 'a k2']);
    assert.deepEqual(readable.mock.calls.map((call) => call.arguments)
        .filter(([, , , , uses]) => uses.includes('decrypt'))
        .map(([, , , isReadable]) => isReadable), [false, false]);

    /* who leaves a chat forgets them */

    s.client.unsubscribe('a');
    s.client.subscribe('a');
    socket().say(confirmed('a', 4), await secret(5));
    await until(() => names(s.events).includes('new_message'));
    assert.deepEqual(s.asked, ['a k1', 'a k2', 'a k1']);
});


test('keys: forgotten with the right to be in a chat', async (t) => {
    const s = open(t);

    socket().say(await secret(1));
    assert.equal((await s.next()).message.text, 'text 1');

    /* a request that is on its way decides */

    socket().end(1012);
    s.client.retry();
    socket().say(connected(), { type: 'unsubscribed', chatId: 'a',
        reason: 'removed' }, { type: 'resumed', epoch: 'e1', chats: {
        a: { recovered: false, seq: 1 }, b: { recovered: true, seq: 0 } } },
        await secret(2));
    await until(() => names(s.events).includes('new_message'));
    assert.deepEqual(s.asked, ['a k1', 'a k1']);
});


test('keys of Web Crypto', async (t) => {
    const kinds = {
        'AES-GCM': (chatId, kid) => crypto.subtle.importKey('raw',
            keyOf(chatId, kid), 'AES-GCM', false, ['decrypt']),
        HKDF: (chatId, kid) => crypto.subtle.importKey('raw',
            masters[kid], 'HKDF', false, ['deriveKey']),
    };

    for (const [name, key] of Object.entries(kinds)) {
        await t.test(name, async (t) => {
            const s = open(t, key);

            socket().say(await secret(1));
            assert.equal((await s.next()).message.text, 'text 1');
        });
    }
});


test('in order, while another chat goes on', async (t) => {
    let give;
    const s = open(t, (chatId, kid) => new Promise((done) => {
        give = () => done(keyOf(chatId, kid));
    }));

    socket().say(await secret(1), message('a', 2), { type: 'user_typing',
        chatId: 'a', userId: 'v', isTyping: true }, await secret(3),
        message('b', 1));
    await until(() => give);
    assert.deepEqual(shown(s.take()), ['new_message text 1'], 'of b');
    assert.deepEqual(s.client.position('a'), { seq: 0, epoch: 'e1' },
        'what was not told does not count');

    /* the connection is lost meanwhile: nothing comes twice, or too early */

    socket().end(1006);
    s.client.retry();
    socket().say(connected());

    const { chats } = socket().take().find(({ action }) => action === 'resume');

    assert.equal(chats.a.seq, 3);
    socket().say(await secret(3), { type: 'resumed', epoch: 'e2', chats: {
        a: { recovered: false, seq: 9 }, b: { recovered: true, seq: 1 } } },
        message('a', 10));
    s.take();
    give();
    await until(() => s.events.length === 6);
    assert.deepEqual(shown(s.take()), ['new_message text 1',
        'new_message text 2', 'user_typing -', 'new_message text 3', 'gap -',
        'new_message text 10']);
    await until(() => s.client.position('a').seq === 10);
    assert.deepEqual(s.client.position('a'), { seq: 10, epoch: 'e2' });
});


test('a chat that is left, and the end', async (t) => {
    let give;
    const s = open(t, (chatId, kid) => new Promise((done) => {
        give = () => done(keyOf(chatId, kid));
    }));

    socket().say(await secret(1), message('a', 2));
    await until(() => give);
    s.client.unsubscribe('a');
    s.client.subscribe('a');
    socket().say(confirmed('a', 2), message('a', 3));
    give();
    give = undefined;
    socket().say(await secret(4));
    await until(() => give);
    assert.deepEqual(shown(s.take()), ['new_message text 3'],
        'what is of before is not told');

    s.client.close();
    give();
    await new Promise(setImmediate);
    assert.deepEqual(names(s.take()), ['closed']);
});


test('what can\'t be opened', async (t) => {
    const good = await secret(1);
    const [head, , iv, text, tag] = good.message.enc.split('.');
    const header = { kid: 'k1', chat: 'a', mid: 'msg_1', sub: 'v' };

    const flip = (part) => (part[0] === 'A' ? 'B' : 'A') + part.slice(1);
    const other = (more) => seal({ text: 'x' }, { ...header, ...more },
        keyOf('a', 'k1'));
    const forged = (from, to) => [Buffer.from(Buffer.from(head, 'base64url')
        .toString().replace(from, to)).toString('base64url'), '', iv, text,
        tag].join('.');

    const cases = {
        'header another chat': await other({ chat: 'b' }),
        'header another message': await other({ mid: 'msg_2' }),
        'header a number': await other({ mid: 1 }),
        'header another sender': await other({ sub: 'w' }),
        'header no sender': await other({ sub: undefined }),
        'header no message': await other({ mid: undefined }),
        'header no kid': await other({ kid: undefined }),
        'header zip': forged('{', '{"zip":"DEF",'),
        'header crit': forged('{', '{"crit":["x"],'),
        'header alg': forged('dir', 'A256KW'),
        'header enc': forged('A256GCM', 'A128GCM'),
        'header an array': forged(/.*/, '[]'),
        'header no JSON': forged('{', ''),
        'header a key': [head, 'AA', iv, text, tag].join('.'),
        'header four parts': [head, '', iv, text].join('.'),
        'header six parts': `${good.message.enc}.AA`,
        'header nothing': '',
        'text padding': good.message.enc.replace(/.$/, '='),
        'key another kid': await other({ kid: 'k3' }),
        'text a blank in the header': forged('{', '{ '),
        'text vector': [head, '', flip(iv), text, tag].join('.'),
        'text text': [head, '', iv, flip(text), tag].join('.'),
        'text tag': [head, '', iv, text, flip(tag)].join('.'),
        'text of another key': await seal({ text: 'x' }, header,
            keyOf('b', 'k1')),
        'text no object': await seal(['x'], header),
        'text null': await seal(null, header),
    };

    for (const [name, enc] of Object.entries(cases)) {
        await t.test(name, async (t) => {
            const s = open(t);
            const data = message('a', 1, '');

            data.message.enc = enc;
            socket().say(data, message('a', 2));

            const { event, reason, chatId, kid, error, notification } =
                await s.next();

            assert.equal(event, 'undecryptable');
            assert.equal(reason, name.split(' ')[0], error);
            assert.equal(chatId, 'a');
            assert.equal(kid, reason === 'header' ? undefined
                : /another kid/.test(name) ? 'k3' : 'k1');
            assert.ok(error);
            assert.deepEqual(notification, data);
            assert.equal((await s.next()).message.text, 'text 2');
            assert.ok(s.asked.length <= 2, 'asked at most twice');
        });
    }
});


test('another key, where the first one is of no use', async (t) => {
    const tries = [() => masters.k2, () => keyOf('a', 'k1')];
    const s = open(t, () => tries.shift()());

    socket().say(await secret(1), await secret(2));
    assert.equal((await s.next()).message.text, 'text 1');
    assert.equal((await s.next()).message.text, 'text 2');
    assert.equal(s.asked.length, 2);

    /* one that is damaged asks for nothing for a while */

    for (const time of [0, 31000]) {
        const bad = await secret(3 + time);

        s.tick(time);
        bad.message.id = 'msg_x';
        bad.message.enc = await seal({}, { kid: 'k1', chat: 'a', mid: 'msg_x',
            sub: 'v' }, masters.k2);
        tries.push(() => keyOf('a', 'k1'));
        socket().say(bad, await secret(4 + time));
        assert.equal((await s.next()).reason, 'text');
        assert.equal((await s.next()).message.text, `text ${4 + time}`);
        assert.equal(s.asked.length, time ? 3 : 2);
    }
});


test('a good key stays where no other can be had', async (t) => {
    const tries = [() => keyOf('a', 'k1')];
    const s = open(t, () => (tries.shift() ?? (() => {
        throw new Error('503');
    }))());
    const bad = await secret(2);

    bad.message.enc = bad.message.enc.replace(/.$/,
        (letter) => letter === 'A' ? 'Q' : 'A');
    socket().say(await secret(1), bad, await secret(3));
    assert.deepEqual([await s.next(), await s.next(), await s.next()].map(
        ({ event }) => event),
        ['new_message', 'undecryptable', 'new_message']);
    assert.equal(s.asked.length, 2);
});


test('no key: asked once more, and later again', async (t) => {
    let isThere = false;
    const s = open(t, (...args) => {
        if (!isThere) {
            throw new Error('503');
        }

        return keyOf(...args);
    });

    socket().say(await secret(1), await secret(2));

    for (const seq of [1, 2]) {
        const { reason, error, notification } = await s.next();

        assert.equal(reason, 'key');
        assert.equal(error.message, '503');
        assert.equal(notification.seq, seq);
    }

    assert.equal(s.asked.length, 2);

    isThere = true;
    socket().say(await secret(3));
    assert.equal((await s.next()).reason, 'key');
    assert.equal(s.asked.length, 2);

    s.tick(31000);
    socket().say(await secret(4));
    assert.equal((await s.next()).message.text, 'text 4');
    assert.equal(s.asked.length, 3);
});


test('no answer, and what is no key', async (t) => {
    for (const key of [() => new Promise(() => {}), () => undefined,
        () => new Uint8Array(16), () => 'x'.repeat(32)])
    {
        await t.test(`${key}`, async (t) => {
            const s = open(t, key);

            socket().say(await secret(1));

            for (const n of [1, 2]) {
                await until(() => s.asked.length >= n);
                s.tick(8000);
            }

            assert.equal((await s.next()).reason, 'key');
        });
    }
});


test('many keys of a chat', async (t) => {
    const s = open(t, (chatId) => keyOf(chatId, 'k1'));
    let seq = 0;

    for (let i = 0; i < 20; i++) {
        const data = message('a', ++seq, '');

        data.message.enc = await seal({ text: 'x' }, { kid: `n${i}`,
            chat: 'a', mid: `msg_${seq}`, sub: 'v' }, keyOf('a', 'k1'));
        socket().say(data);
        assert.equal((await s.next()).message.text, 'x');
    }

    assert.equal(s.asked.length, 20);
});


test('without the option', async (t) => {
    const s = start(t);
    const data = await secret(1);

    s.client.subscribe('a');
    socket().say(connected(), confirmed('a', 0), data);
    assert.deepEqual(s.take().at(-1), { event: 'new_message', ...data });
});


/* The whole: nginx encrypts, and gets another key while nobody looks. */

test('a rotation, and what is recovered over it', async (t) => {
    const files = {};
    const nginx = await Nginx.start({ edit: (text) => text
        .replace('http {', 'http {\nchatws_encryption_key_file keys.jwks;'
            + 'chatws_encrypt on;') , prepare: (prefix) => {
        files.keys = `${prefix}/keys.jwks`;
        keys('k1');
    } });

    function keys(...kids) {
        writeFileSync(files.keys, JSON.stringify({ keys: kids.map((kid) => ({
            kty: 'oct', kid, k: masters[kid].toString('base64url') })) }));
    }

    t.after(() => nginx.stop());

    const asked = [];
    const texts = [];
    const client = connect({ url: `${nginx.url}api/ws`, userId: 'u',
        minDelay: 50, WebSocket, encryptionKey: async (chatId, kid) => {
            asked.push(kid);

            return keyOf(chatId, kid);
        } });
    let wake;

    const seen = (n) => new Promise((done) => {
        wake = () => texts.length >= n && done();
        wake();
    });

    t.after(() => client.close());
    client.addEventListener('undecryptable', ({ detail }) =>
        assert.fail(`${detail.reason} ${detail.error}`));
    client.addEventListener('gap', () => assert.fail('gap'));
    client.addEventListener('new_message', ({ detail }) => {
        texts.push(detail.message.text);
        wake();
    });

    const joined = new Promise((done) =>
        client.addEventListener('subscription_confirmed', done));

    client.subscribe('chat_1');
    await joined;

    const say = (n) => nginx.publish({ chatId: 'chat_1', text: `${n}`,
        sender: 'v' });

    await say(1);
    await seen(1);

    const { length } = asked;

    keys('k2', 'k1');
    await nginx.logged(nginx.exit, () => nginx.command('-s', 'reload'));
    await say(2);
    await seen(2);

    /* a new connection: both are sent again, with either key */

    const later = connect({ url: `${nginx.url}api/ws`, userId: 'w',
        WebSocket, encryptionKey: keyOf });
    const got = [];

    t.after(() => later.close());

    await new Promise((done) => {
        later.addEventListener('new_message', ({ detail: { message } }) => {
            got.push(message.text);

            if (got.length === 2) {
                done();
            }
        });

        later.subscribe('chat_1',
            { ...client.position('chat_1'), seq: 0 });
    });

    assert.deepEqual(got, ['1', '2']);
    assert.equal(length, 1);
    assert.deepEqual(asked, ['k1', 'k2']);

    /* and npm's jose reads what nginx wrote */

    const raw = connect({ url: `${nginx.url}api/ws`, userId: 'x',
        WebSocket });

    t.after(() => raw.close());

    const { message: { id, enc } } = await new Promise((done) => {
        raw.addEventListener('new_message', ({ detail }) => done(detail));
        raw.subscribe('chat_1', { ...client.position('chat_1'), seq: 1 });
    });
    const { plaintext, protectedHeader } = await compactDecrypt(enc,
        keyOf('chat_1', 'k2'));

    assert.equal(Buffer.from(plaintext).toString(), '{"text":"2"}');
    assert.deepEqual(protectedHeader, { alg: 'dir', enc: 'A256GCM',
        kid: 'k2', chat: 'chat_1', mid: id, sub: 'v' });
});
