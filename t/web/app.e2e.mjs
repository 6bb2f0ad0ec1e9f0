/*
 * Copyright (C) chatws contributors
 *
 * The demo on top of the app server: the history outlives all of it.
 */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { Site } from './app.mjs';
import { launch, Person } from './browser.mjs';
import { line } from './nginx.mjs';

let browser;
let site;

beforeEach(async () => {
    browser = await launch();
});

afterEach(async () => {
    await browser.close();
    await site?.stop();
    site = null;
});

const arrive = (t, name, url = site.url, options = {}) =>
    Person.arrive(t, browser, url, name,
        { password: `${name}'s`, ...options });


test('a restart of nginx and of the app', async (t) => {
    site = await Site.start();

    const cyril = await site.user('Cy');
    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');

    await ann.write('one');
    await ben.sees('one');
    await ben.write('two');
    await ann.sees('two');

    const lost = ann.page.locator('#link:not([data-state="open"])').waitFor();

    site.nginx.stop();
    await lost;
    await site.app.stop();
    await site.begin();

    /* before they are back: a gap, for the new memory knows nothing */

    assert.equal((await cyril.say('general', 'three')).status, 201);
    await ann.sees('three');
    await ben.sees('three');
    await ann.connected();
    await ben.connected();
    await ann.write('four');
    await ben.sees('four');

    assert.deepEqual(await ann.texts(), ['one', 'two', 'three', 'four']);
    assert.deepEqual(await ben.texts(), ['one', 'two', 'three', 'four']);

    const cy = await arrive(t, 'Cy', site.url, { isKnown: true });

    await cy.sees('four');
    assert.deepEqual(await cy.texts(), ['one', 'two', 'three', 'four']);
    assert.equal(await cy.page.locator('.own .text').innerText(), 'three');
    await cy.wellBehaved();
});


/* More than the app server tells at once, beside what was written offline. */

test('all that was missed is loaded', async (t) => {
    site = await Site.start({ edit: (text) => text
        .replace('chatws_own_messages on;', '$& chatws_history 0;') });

    const way = await line(site.port);

    t.after(() => way.close());

    const ann = await arrive(t, 'Ann', way.url);
    const ben = await site.user('Ben');
    const say = (text) => ben.say('general', text);

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
