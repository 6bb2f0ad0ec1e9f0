/*
 * Copyright (C) chatws contributors
 *
 * The demo in a hundred tabs of one browser, each another person's.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { launch } from './browser.mjs';
import { Nginx } from './nginx.mjs';

const COUNT = 100;


test('a hundred tabs', async (t) => {
    const nginx = await Nginx.start();
    const browser = await launch();

    t.after(async () => {
        await browser.close();
        nginx.stop();
    });

    const context = await browser.newContext();
    const pages = [];
    const sockets = [];

    context.setDefaultTimeout(120000);

    for (let i = 0; i < COUNT; i++) {
        const page = await context.newPage();

        page.on('websocket', (socket) => sockets.push(socket));

        await page.addInitScript((name) =>
            sessionStorage.setItem('chatws.name', name), `person ${i}`);
        await page.goto(nginx.url);
        pages.push(page);
    }

    const says = (page, text) => page.locator('.message .text')
        .getByText(text, { exact: true }).waitFor();

    for (const page of pages) {
        await page.locator('#link[data-state="open"]').waitFor();
    }

    await nginx.publish({ chatId: 'general', text: 'to all', sender: 'x' });
    await Promise.all(pages.map((page) => says(page, 'to all')));

    /* all others */

    const { recipients } = await nginx.publish({ chatId: 'general',
        text: 'to others', sender: 'person 7' });

    assert.equal(recipients, COUNT);
    await Promise.all(pages.map((page) => says(page, 'to others')));
    assert.equal(await pages[7].locator('.own').count(), 1);
    assert.equal(await pages[8].locator('.own').count(), 0);

    /* and through a reload, without a new connection */

    await nginx.logged(nginx.exit, async () => {
        nginx.command('-s', 'reload');
        await nginx.publish({ chatId: 'general', text: 'in a reload',
            sender: 'x' });
    });
    await Promise.all(pages.map((page) => says(page, 'in a reload')));

    for (const page of pages) {
        assert.deepEqual(await page.locator('.message .text')
            .allTextContents(), ['to all', 'to others', 'in a reload']);
    }

    assert.equal(sockets.length, COUNT);
    assert.equal(sockets.filter((socket) => socket.isClosed()).length, 0);
});
