/*
 * Copyright (C) chatws contributors
 *
 * Encrypted messages in a browser, on a page with the demo's policy: the
 * module that opens them is loaded by modules, and by the build for pages
 * without modules; and the demo with an app server that has the keys.
 */

import assert from 'node:assert/strict';
import { hkdfSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Site } from './app.mjs';
import { launch, Person } from './browser.mjs';
import { Nginx } from './nginx.mjs';

const master = Buffer.alloc(32, 5);

let browser;
let nginx;

before(async () => {
    browser = await launch();
    nginx = await Nginx.start({
        edit: (text) => text.replace('http {',
            'http {\nchatws_encryption_key_file keys.jwks; chatws_encrypt on;'),
        prepare(prefix) {
            writeFileSync(`${prefix}/keys.jwks`, JSON.stringify({ keys: [
                { kty: 'oct', kid: 'k1', k: master.toString('base64url') },
            ] }));
            writeFileSync(`${prefix}/html/global.html`, '<!doctype html>'
                + '<title>x</title><link rel="icon" href="icon.svg">'
                + '<script src="chatws.global.js"></script>');
            writeFileSync(`${prefix}/html/module.html`, '<!doctype html>'
                + '<title>x</title><link rel="icon" href="icon.svg">');
        },
    });
});

after(async () => {
    await browser.close();
    nginx.stop();
});


for (const how of ['module', 'global']) {
    test(`as a ${how}`, async (t) => {
        const context = await browser.newContext();

        t.after(() => context.close());

        const page = await context.newPage();
        const faults = [];
        const chat = `chat_${how}`;

        page.on('console', (message) => {
            if (['error', 'warning'].includes(message.type())) {
                faults.push(message.text());
            }
        });
        page.on('pageerror', (error) => faults.push(error.stack));
        await page.goto(`${nginx.url}${how}.html`);

        const key = [...new Uint8Array(hkdfSync('sha256', master, '',
            `chatws-encryption-v1\0${chat}`, 32))];

        await page.evaluate(async ([key, chat]) => {
            const { connect } = globalThis.chatws ?? await import('/chatws.js');
            const client = connect({ userId: 'u', encryptionKey: (_, kid) =>
                kid === 'k1' && new Uint8Array(key) });

            globalThis.got = new Promise((done, fail) => {
                client.addEventListener('new_message', ({ detail }) =>
                    done(detail.message));
                client.addEventListener('undecryptable', ({ detail }) =>
                    fail(detail.error));
            });

            await new Promise((done) => {
                client.addEventListener('subscription_confirmed', done);
                client.subscribe(chat);
            });
        }, [key, chat]);

        await nginx.publish({ chatId: chat, text: 'hidden', sender: 'v',
            more: 1 });

        const message = await page.evaluate(() => got);

        assert.equal(message.text, 'hidden');
        assert.equal(message.more, 1);
        assert.equal(message.enc, undefined);
        assert.deepEqual(faults, []);
    });
}


test('the demo', async (t) => {
    const site = await Site.start({ edit: (text) =>
        text.replace('chatws_encrypt off', 'chatws_encrypt on') });

    t.after(() => site.stop());

    const ann = await Person.arrive(t, browser, site.url, 'Ann',
        { password: 'secret' });
    const ben = await Person.arrive(t, browser, site.url, 'Ben',
        { password: 'secret' });
    const frames = [];

    for (const socket of ben.sockets) {
        socket.on('framereceived', ({ payload }) => frames.push(payload));
    }

    await ann.write('hidden one');
    await ben.sees('hidden one');
    await ben.write('hidden two');
    await ann.sees('hidden two');
    await ann.sees('hidden one');

    assert.ok(frames.some((frame) => /"enc":"eyJ/.test(frame)));
    assert.ok(!frames.some((frame) => /hidden/.test(frame)));
    await ann.wellBehaved();
    await ben.wellBehaved();
});
