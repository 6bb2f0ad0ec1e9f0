/*
 * Copyright (C) chatws contributors
 *
 * What a browser sees of a handshake that was refused, on a page of the same
 * origin and on another one; and what the demo makes of it.
 */

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { launch, Person } from './browser.mjs';
import { Nginx } from './nginx.mjs';

let browser;
let nginx;

before(async () => {
    browser = await launch();
    nginx = await Nginx.start({ edit: (text) => text
        .replace(/add_header Content-Security-Policy\s*"[^"]*";/g, '')
        .replace(/location = \/api\/ws \{/, `
        location = /private { return 401; }
        location = /password { auth_basic x; auth_basic_user_file none;
            chatws chat; }
        location = /forbidden { deny all; chatws chat; }
        location = /login { return 302 /; }
        location = /seen { deny all; chatws chat;
            add_header Access-Control-Allow-Origin $http_origin always;
            add_header Access-Control-Allow-Credentials true always; }
        $& if (-f $document_root/../shut) { return 403; }`) });
});

after(async () => {
    await browser.close();
    nginx.stop();
});


/* How it ends in a page of this host. */

async function end(t, host, path) {
    const context = await browser.newContext();
    const page = await context.newPage();

    t.after(() => context.close());
    await page.goto(`${nginx.url.replace('127.0.0.1', host)}chats.json`);

    return page.evaluate(async (url) => {
        const { connect } = await import('/chatws.js');
        const client = connect({ url, userId: 'u', minDelay: 400,
            maxDelay: 400 });

        return new Promise((done) => client.addEventListener('closed',
            ({ detail }) => done(detail)));
    }, nginx.url + path);
}


test('on a page of the same origin', async (t) => {
    for (const [path, status] of [['private', 401], ['forbidden', 403],
        ['nothing', 404], ['login', undefined], ['password', 401]])
    {
        const { reason, ...more } = await end(t, '127.0.0.1', path);

        assert.equal(reason, 'refused', path);
        assert.equal(more.status, status, path);
    }
});


test('on a page of another origin', async (t) => {
    const { status, reason } = await end(t, 'localhost', 'seen');

    assert.equal(status, 403);
    assert.equal(reason, 'refused');

    for (const path of ['forbidden', 'api/ws']) {
        assert.deepEqual(await end(t, 'localhost', path),
            { code: 1006, reason: 'refused' }, path);
    }
});


test('the demo', async (t) => {
    const ann = await Person.arrive(t, browser, nginx.url, 'Ann');

    /* a session that ends while the page is open, and begins again */

    const shut = `${nginx.prefix}/shut`;
    const lose = () => ann.page.evaluate(() =>
        dispatchEvent(new Event('offline')));

    await ann.write('before');
    writeFileSync(shut, '');
    await lose();
    await ann.page.getByText('Not connected').waitFor();
    rmSync(shut);
    await nginx.publish({ chatId: 'general', text: 'missed', sender: 'x' });
    await ann.page.getByRole('button', { name: 'Try now' }).click();
    await ann.connected();
    await ann.sees('missed');
    assert.deepEqual(await ann.texts(), ['before', 'missed']);
});
