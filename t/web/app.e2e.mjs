/*
 * Copyright (C) chatws contributors
 *
 * The demo on top of the app server: the history outlives all of it.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';

import { startApp, withApp } from './app.mjs';
import { launch, Person } from './browser.mjs';
import { Nginx, ports } from './nginx.mjs';


test('a restart of nginx and of the app', async (t) => {
    const place = mkdtempSync(`${tmpdir()}/chatws-app-`);
    const [port] = await ports(1);
    const browser = await launch();

    let app = await startApp(port, `${place}/chat.db`);
    let nginx = await Nginx.start(withApp(port));

    t.after(async () => {
        await browser.close();
        nginx.stop();
        await app.stop();
        rmSync(place, { recursive: true });
    });

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
