/*
 * Copyright (C) chatws contributors
 *
 * Pages of other origins in a browser: the documented way for those that may,
 * and all ways of those that may not.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { top } from './modules.mjs';
import { Nginx } from './nginx.mjs';

let browser;
let pages;
let port;

/* Another origin for each name of the host: what a page needs is in it. */

before(async () => {
    browser = await launch();
    pages = createServer((request, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end('<!DOCTYPE html><title>page</title>');
    });

    await once(pages.listen(0, '127.0.0.1'), 'listening');
    ({ port } = pages.address());
});

after(async () => {
    await browser.close();
    pages.close();
});


/* The example of the documents, which allows this origin. */

function documented(origin) {
    const text = readFileSync(`${top}docs/deployment.md`, 'utf8');
    const [, example] = text.match(
        /<!-- test: serve pages -->\n```nginx\n([^]*?)\n```/);

    return { edit: (demo) => demo
        .replace(/\n {4}server \{[^]*\n {4}\}\n/, () => `\n${example}\n`)
        .replaceAll('http://localhost:5173', origin)
        .replace('listen 80;', demo.match(/listen 127.*?;/)[0]) };
}


/* nginx, what it has published so far, and a page of that origin. */

async function visit(t, options, origin) {
    const nginx = await Nginx.start(options);
    const page = await browser.newPage();

    t.after(async () => {
        await page.close();
        nginx.stop();
    });

    await page.goto(origin);

    return { nginx, page, url: `${nginx.url}api/messages` };
}

const message = (text) => JSON.stringify({ chatId: 'c', text, sender: 's' });

/* The numbers are without a gap: nothing else was published. */

async function assertSilence(nginx) {
    assert.equal((await nginx.publish(JSON.parse(message('t')))).seq, 1);
}


/* What the page says of it: the status, or the name of an exception. */

const posted = (page, url, options) => page.evaluate(
    async ([url, { bytes, ...options }]) => {
        if (bytes) {
            options.body = new TextEncoder().encode(options.body);
        }

        try {
            const answer = await fetch(url, { method: 'POST', ...options });

            return answer.type === 'opaque' ? 'opaque' : answer.status;

        } catch ({ name }) {
            return name;
        }
    }, [url, options]);

const connected = (page, url) => page.evaluate((url) => new Promise((done) => {
    const ws = new WebSocket(url);

    ws.onmessage = ({ data }) => done(JSON.parse(data).type);
    ws.onclose = ({ code }) => done(code);
}), `${url.replace('http', 'ws')}api/ws?userId=u`);


/* Every way of a page to send something without asking first. */

async function trespass(page, url) {
    const json = { 'Content-Type': 'application/json' };
    const body = message('from elsewhere');
    const statuses = [];

    page.on('response', (response) => {
        if (response.url() === url) {
            statuses.push(response.status());
        }
    });

    for (const options of [
        { bytes: true, body },
        { body },
        { headers: json, body },
        { headers: { 'Content-Type':
            'application/x-www-form-urlencoded' }, body },
        { bytes: true, body, referrerPolicy: 'no-referrer' },
        { bytes: true, body, credentials: 'include' },
        { bytes: true, body, keepalive: true }])
    {
        assert.equal(await posted(page, url, { mode: 'no-cors', ...options }),
            'opaque');
    }

    assert.equal(await posted(page, url, { headers: json, body }),
        'TypeError');
    assert.equal(await posted(page, url, { bytes: true, body }), 'TypeError');

    for (const type of ['', 'text/plain']) {
        const answer = page.waitForResponse(url);

        assert(await page.evaluate(([url, type, body]) =>
            navigator.sendBeacon(url, new Blob([body], { type })),
            [url, type, body]));
        await answer;
    }

    const failed = page.waitForEvent('requestfailed',
        (request) => request.url() === url);

    await page.evaluate(([url, body]) =>
        navigator.sendBeacon(url, new Blob([body],
            { type: 'application/json' })), [url, body]);
    await failed;

    const answer = page.waitForNavigation();

    await page.evaluate(([url, body]) => {
        const form = document.createElement('form');
        const field = document.createElement('input');

        form.method = 'POST';
        form.action = url;
        form.enctype = 'text/plain';
        [field.name, field.value] = [`${body.slice(0, -1)},"x":"`, '"}'];
        form.append(field);
        document.body.append(form);
        form.submit();
    }, [url, body]);

    statuses.push((await answer).status());

    return new Set(statuses);
}


for (const [name, own] of [['localhost', '127.0.0.1'],
    ['127.0.0.1', 'localhost']])
{
    test(`a page of http://${name} that may, and one that may not`,
        async (t) =>
    {
        const origin = `http://${name}:${port}`;
        const { nginx, page, url } = await visit(t, documented(origin), origin);

        assert.equal(await connected(page, nginx.url), 'connected');
        assert.equal(await posted(page, url, { body: message('one'),
            headers: { 'Content-Type': 'application/json' } }), 201);
        assert.equal(await posted(page, url, { body: message('two') }), 415);

        const other = await visit(t, documented(origin),
            `http://${own}:${port}`);

        assert.equal(await connected(other.page, other.nginx.url), 1006);
        assert.deepEqual([...await trespass(other.page, other.url)], [403]);
        await assertSilence(other.nginx);
    });

    test(`the demo and a page of http://${name}`, async (t) => {
        const { nginx, page, url } = await visit(t, {},
            `http://${name}:${port}`);
        const statuses = await trespass(page, url);

        for (const status of statuses) {
            assert([403, 405, 415].includes(status), status);
        }

        await assertSilence(nginx);
    });
}
