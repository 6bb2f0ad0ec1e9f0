/*
 * Copyright (C) chatws contributors
 *
 * The demo on top of the app server: the history outlives all of it.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, test } from 'node:test';

import { startApp, withApp } from './app.mjs';
import { launch, Person } from './browser.mjs';
import { line, Nginx, ports } from './nginx.mjs';

let place;
let port;
let browser;
let app;
let nginx;

beforeEach(async () => {
    place = mkdtempSync(`${tmpdir()}/chatws-app-`);
    [port] = await ports(1);
    browser = await launch();
    app = await startApp(port, `${place}/chat.db`);
});

afterEach(async () => {
    await browser.close();
    nginx?.stop();
    await app.stop();
    rmSync(place, { recursive: true });
});


test('a restart of nginx and of the app', async (t) => {
    nginx = await Nginx.start(withApp(port));

    const ann = await Person.arrive(t, browser, nginx.url, 'Ann');
    const ben = await Person.arrive(t, browser, nginx.url, 'Ben');

    await ann.write('one');
    await ben.sees('one');
    await ben.write('two');
    await ann.sees('two');

    const { port: web } = nginx;
    const lost = ann.page.locator('#link:not([data-state="open"])').waitFor();

    nginx.stop();
    await lost;
    await app.stop();
    app = await startApp(port, `${place}/chat.db`);
    nginx = await Nginx.start({ ...withApp(port), port: web });

    /* before they are back: a gap, for the new memory knows nothing */

    await nginx.publish({ chatId: 'general', text: 'three', sender: 'Cy' });
    await ann.sees('three');
    await ben.sees('three');
    await ann.connected();
    await ben.connected();
    await ann.write('four');
    await ben.sees('four');

    assert.deepEqual(await ann.texts(), ['one', 'two', 'three', 'four']);
    assert.deepEqual(await ben.texts(), ['one', 'two', 'three', 'four']);

    const cy = await Person.arrive(t, browser, nginx.url, 'Cy');

    await cy.sees('four');
    assert.deepEqual(await cy.texts(), ['one', 'two', 'three', 'four']);
    assert.equal(await cy.page.locator('.own .text').innerText(), 'three');
    await cy.wellBehaved();
});


/* More than the app server tells at once, beside what was written offline. */

test('all that was missed is loaded', async (t) => {
    const { conf, edit } = withApp(port);

    nginx = await Nginx.start({ conf, edit: (text) => edit(text)
        .replace('chatws_own_messages on;', '$& chatws_history 0;') });

    const way = await line(nginx.port);

    t.after(() => way.close());

    const ann = await Person.arrive(t, browser, way.url, 'Ann');
    const say = (text) => nginx.publish({ chatId: 'general', text,
        sender: 'Ben' });

    await say('before');
    await ann.sees('before');
    way.cut();
    await ann.context.setOffline(true);
    await ann.write('from afar');
    await ann.page.getByText('waiting for an answer').waitFor();

    const missed = Array.from({ length: 450 }, (_, i) => `missed ${i}`);

    for (const text of missed) {
        await say(text);
    }

    way.join();
    await ann.context.setOffline(false);
    await ann.connected();
    await ann.page.locator('.own:not(.sending, .waiting)').waitFor();
    await ann.sees('missed 449');
    await say('after');
    await ann.sees('after');
    assert.deepEqual(await ann.texts(),
        ['before', ...missed, 'from afar', 'after']);
});
