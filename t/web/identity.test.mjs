/*
 * Copyright (C) chatws contributors
 *
 * The browser client's tokens with nginx: each way to show one, renewal,
 * refusal, commands, keys that are replaced.
 */

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';

import { connect, UnauthorizedError } from '../../conf/client/chatws.js';
import { require } from './modules.mjs';
import { Nginx } from './nginx.mjs';

const { WebSocket } = require('ws');

const place = mkdtempSync(`${tmpdir()}/chatws-keys-`);
const keys = ['one', 'two'].map((kid) => ({ kty: 'oct', alg: 'HS256', kid,
    k: randomBytes(32).toString('base64url') }));

const write = (...some) => writeFileSync(`${place}/keys.jwks`,
    JSON.stringify({ keys: some }));

let nginx;

before(async () => {
    write(keys[0]);
    nginx = await Nginx.start({ edit: (text) => text
        .replace('chatws chat;', `chatws chat; chatws_token_grace 0;
            chatws_token message protocol $arg_access_token;`)
        .replace('chatws_zone', `chatws_token_key_file ${place}/keys.jwks;
            chatws_zone`)
        .replace('location = /api/messages', `location = /commands {
                chatws_api chat write=on;
            }
            location = /api/messages`) });
});

after(() => {
    nginx?.stop();
    rmSync(place, { recursive: true });
});


/* A token that begins now, and lives for so many seconds. */

function sign(seconds = 600, claims = {}, key = keys[0]) {
    const now = Math.floor(Date.now() / 1000);
    const part = (what) => Buffer.from(JSON.stringify(what))
        .toString('base64url');
    const text = `${part({ alg: key.alg, kid: key.kid })}.${part({
        sub: 'ann', iat: now, exp: now + seconds, ...claims })}`;

    return `${text}.${createHmac('sha256', Buffer.from(key.k, 'base64url'))
        .update(text).digest('base64url')}`;
}

const old = () => sign(600, { iat: 1e9, exp: 1e9 + 600 });


/* A client that shows these tokens, the last one again and again. */

function user(t, tokens, options) {
    const asked = [];
    const events = [];
    const waiting = [];
    const client = connect({ url: `${nginx.url}api/ws`, minDelay: 50,
        WebSocket, getToken: async () => {
            const token = tokens[Math.min(asked.length, tokens.length - 1)]();

            asked.push(token);

            return token;
        }, ...options });

    const offer = () => {
        for (const one of [...waiting]) {
            const i = events.findIndex(([type]) => type === one.type);

            if (i >= 0) {
                waiting.splice(waiting.indexOf(one), 1);
                one.done(events.splice(0, i + 1).at(-1)[1]);
            }
        }
    };

    for (const type of ['open', 'reconnecting', 'closed', 'unauthorized',
        'authenticated', 'subscription_confirmed', 'unsubscribed', 'error',
        'new_message', 'recovered', 'gap'])
    {
        client.addEventListener(type, ({ detail }) => {
            events.push([type, detail]);
            offer();
        });
    }

    t.after(() => client.close());

    return { client, asked, events, next: (type) => new Promise((done) => {
        waiting.push({ type, done });
        offer();
    }) };
}

async function command(body) {
    const answer = await fetch(`${nginx.url}commands`, { method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body) });

    assert.equal(answer.status, 202, await answer.text());
}


for (const tokenIn of ['message', 'protocol', 'query']) {
    test(`in the ${tokenIn}`, async (t) => {
        const ann = user(t, [() => sign()], { tokenIn, userId: 'bob' });
        const { userId, expiresIn } = await ann.next('open');

        assert.equal(userId, 'ann');
        assert.ok(expiresIn > 590 && expiresIn <= 600, `${expiresIn} s`);

        ann.client.subscribe('a');
        await ann.next('subscription_confirmed');
        await nginx.publish({ chatId: 'a', text: 'hi', sender: 'x' });
        await ann.next('new_message');
        assert.equal(ann.asked.length, 1);

        /* what is bad ends it */

        const bob = user(t, [() => 'x.y.z'], { tokenIn });

        if (tokenIn !== 'protocol') {
            await bob.next('unauthorized');
        }
    });
}


test('renewed in time, again and again', async (t) => {
    const ann = user(t, [() => sign(5)]);

    await ann.next('open');
    ann.client.subscribe('renewed');
    await ann.next('subscription_confirmed');

    for (let n = 0; n < 3; n++) {
        assert.equal((await ann.next('authenticated')).userId, 'ann');
    }

    assert.deepEqual(ann.events.filter(([type]) => type === 'reconnecting'),
        []);
});


test('expired, and then a good one', async (t) => {
    const ann = user(t, [old, () => sign()]);

    await ann.next('open');
    assert.equal(ann.asked.length, 2);
});


test('expired twice', async (t) => {
    const ann = user(t, [old]);

    assert.equal((await ann.next('closed')).reason, 'Token expired');
    await ann.next('unauthorized');
    assert.equal(ann.asked.length, 2);
});


/* Nobody gives another one in time: the server ends the connection. */

test('over', async (t) => {
    let isDown = true;

    const renewed = () => {
        if (isDown) {
            throw new Error('no network');
        }

        return sign();
    };

    const ann = user(t, [() => sign(5), renewed]);

    ann.client.subscribe('over');
    await ann.next('subscription_confirmed');

    const { code, reason } = await ann.next('reconnecting');

    assert.deepEqual([code, reason], [4401, 'token expired, reconnect']);
    await nginx.publish({ chatId: 'over', text: 'missed', sender: 'x' });
    isDown = false;
    assert.equal((await ann.next('new_message')).message.text, 'missed');
});


test('somebody else\'s', async (t) => {
    const ann = user(t, [() => sign(5), () => sign(600, { sub: 'bob' })]);

    await ann.next('open');

    const { code, reason } = await ann.next('closed');

    assert.deepEqual([code, reason], [4403, 'wrong user']);
});


test('nobody is logged in any more', async (t) => {
    const ann = user(t, [() => sign(5), () => {
        throw new UnauthorizedError('logged out');
    }]);

    await ann.next('open');
    assert.match((await ann.next('unauthorized')).reason, /logged out/);
});


test('commands', async (t) => {
    const ann = user(t, [() => sign()]);

    ann.client.subscribe('a');
    await ann.next('subscription_confirmed');
    await command({ command: 'unsubscribe', userId: 'ann', chatId: 'a' });
    assert.equal((await ann.next('unsubscribed')).reason, 'removed');
    assert.deepEqual(ann.client.chats, []);

    await command({ command: 'subscribe', userId: 'ann', chatId: 'b' });
    await ann.next('subscription_confirmed');
    assert.deepEqual(ann.client.chats, ['b']);
    await nginx.publish({ chatId: 'b', text: 'hi', sender: 'x' });
    await ann.next('new_message');

    /* with another token, for the last one may be why */

    await command({ command: 'expire', userId: 'ann', at: 1 });
    assert.equal((await ann.next('reconnecting')).reason,
        'session expired, reconnect');
    await ann.next('open');
    assert.equal(ann.asked.length, 2);

    await command({ command: 'disconnect', userId: 'ann' });
    assert.deepEqual(await ann.next('closed'),
        { code: 4403, reason: 'disconnected' });
});


test('keys that are replaced', async (t) => {
    const ann = user(t, [() => sign(), () => sign(600, {}, keys[1])]);
    const reload = async (...some) => {
        write(...some);

        const { exit } = nginx;

        await nginx.logged(exit, () => nginx.command('-s', 'reload'));
    };

    ann.client.subscribe('keys');
    await ann.next('subscription_confirmed');
    await reload(...keys);
    await nginx.publish({ chatId: 'keys', text: 'one', sender: 'x' });
    assert.equal((await ann.next('new_message')).message.text, 'one');

    /* its key is gone: another token, and nobody notices */

    await reload(keys[1]);
    await nginx.publish({ chatId: 'keys', text: 'two', sender: 'x' });
    assert.equal((await ann.next('new_message')).message.text, 'two');
    assert.equal(ann.asked.length, 1);
    await command({ command: 'disconnect', userId: 'ann',
        reason: 'again, reconnect' });
    await nginx.publish({ chatId: 'keys', text: 'three', sender: 'x' });
    assert.equal((await ann.next('new_message')).message.text, 'three');
    assert.equal(ann.asked.length, 2);
    write(keys[0]);
});
