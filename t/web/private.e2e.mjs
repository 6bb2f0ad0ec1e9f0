/*
 * Copyright (C) chatws contributors
 *
 * The demo on top of the app server, with accounts: private chats, people who
 * are removed, new keys under open tabs, tokens and sessions that end.
 */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';

import { Site } from './app.mjs';
import { launch, Person } from './browser.mjs';
import { top } from './modules.mjs';

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

const arrive = (t, name, options) => Person.arrive(t, browser, site.url, name,
    { password: `${name}'s`, ...options });

/* Each frame of a page's sockets, as { out, text } */

function watch(person) {
    const frames = [];

    person.page.on('websocket', (socket) => {
        socket.on('framesent', ({ payload }) =>
            frames.push({ out: true, ...JSON.parse(payload) }));
        socket.on('framereceived', ({ payload }) =>
            frames.push({ out: false, ...JSON.parse(payload) }));
    });

    return frames;
}

async function shoot(person, name) {
    if (process.env.SCREENSHOTS) {
        mkdirSync(`${top}t/web/screenshots`, { recursive: true });
        await person.page.screenshot({
            path: `${top}t/web/screenshots/${name}.png` });
    }
}


test('logging in and out', async (t) => {
    site = await Site.start();

    const ann = await arrive(t, 'Ann');

    await shoot(ann, 'account');
    await ann.write('hello');
    await ann.sees('hello');

    /* the next tab is the same person's */

    const tab = await ann.tab(site.url);

    await ann.sees('hello', tab);
    assert.equal(await tab.locator('#me').innerText(), 'Ann');
    await tab.getByRole('button', { name: 'log out' }).click();
    await tab.getByRole('button', { name: 'Log in' }).waitFor();
    await shoot({ page: tab }, 'login');

    /* a wrong password, and a name that is taken */

    const fault = tab.getByRole('alert');

    await tab.getByLabel('Name').fill('Ann');
    await tab.getByLabel('Password').fill('wrong');
    await tab.getByRole('button', { name: 'Log in' }).click();
    await fault.getByText('the name or the password is wrong').waitFor();
    await tab.getByRole('button', { name: 'New account' }).click();
    await fault.getByText('this name is taken').waitFor();
    await tab.getByLabel('Password').fill('Ann\'s');
    await tab.keyboard.press('Enter');
    await ann.connected(tab);
    await ann.sees('hello', tab);
    ann.faults = ann.faults.filter((text) => !/status of 40[39]/.test(text));
    await ann.wellBehaved();
});


test('a private chat', async (t) => {
    site = await Site.start();

    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const isPrivate = ben.page.getByText('This chat is private');
    const out = ben.page.getByText('You were removed from this chat');

    await ann.page.getByLabel('Open another chat').fill('den');
    await ann.page.keyboard.press('Enter');
    await ann.page.getByRole('heading', { name: 'den' }).waitFor();
    await ann.write('only for us');
    await ann.sees('only for us');

    /* a stranger, who knows its name */

    await ben.page.getByLabel('Open another chat').fill('den');
    await ben.page.keyboard.press('Enter');
    await isPrivate.waitFor();
    await shoot(ben, 'private');
    assert.deepEqual(await ben.texts(), []);

    /* let in, and removed */

    await ann.page.getByText('People in this chat').click();
    await ann.page.getByLabel('Let somebody in').fill('Ben');
    await ann.page.keyboard.press('Enter');
    await ann.page.getByRole('button', { name: 'Remove Ben' }).waitFor();
    await shoot(ann, 'members');
    await ben.open('general');
    await ben.open('den');
    await ben.sees('only for us');
    await ben.write('thanks');
    await ann.sees('thanks');

    await ann.page.getByRole('button', { name: 'Remove Ben' }).click();
    await out.waitFor();
    await shoot(ben, 'removed');
    await ann.write('a secret');
    await ann.sees('a secret');

    /* what he gets after it shows that he does not get this */

    await ann.open('general');
    await ann.write('for all');
    await ben.open('general');
    await ben.sees('for all');
    await ben.open('den');
    await isPrivate.nth(1).waitFor();
    assert.equal((await ben.texts()).includes('a secret'), false);
    ben.stayed();
    ann.stayed();
});


test('new keys under open tabs', async (t) => {
    site = await Site.start();

    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const texts = [];

    assert.equal(await ben.page.locator('#new-key').isVisible(), false);

    for (let i = 0; i < 3; i++) {
        await ann.page.getByRole('button', { name: 'New key' }).click();
        await ann.page.getByText('There is a new key').waitFor();

        const cy = await arrive(t, `Cy${i}`);

        for (const person of [ann, ben, cy]) {
            texts.push(`${person.name} ${i}`);
            await person.write(texts.at(-1));
            await ann.sees(texts.at(-1));
            await ben.sees(texts.at(-1));
        }
    }

    assert.deepEqual(await ann.texts(), texts);
    assert.deepEqual(await ben.texts(), texts);
    ann.stayed();
    ben.stayed();
});


/* Three lives of a token, over one connection. */

test('a token is renewed', async (t) => {
    site = await Site.start({ env: { CHATWS_APP_TOKEN_LIFETIME: '5' } });

    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const renewed = ben.page.locator('#frames b').getByText('authenticated');

    await renewed.nth(2).waitFor({ state: 'attached' });
    await ann.write('still here');
    await ben.sees('still here');
    ben.stayed();

    /* tokens are in no list of frames */

    const shown = await ben.page.locator('#frames').textContent();

    assert.doesNotMatch(shown, /"token":"[^"]{14}/);
    assert.doesNotMatch(shown, /Ben's/);
});


test('the end of a session', async (t) => {
    site = await Site.start({ env: { CHATWS_APP_TOKEN_LIFETIME: '5' } });

    const ann = await arrive(t, 'Ann');

    await ann.write('before');
    await ann.sees('before');
    await ann.context.clearCookies();
    await ann.page.getByRole('button', { name: 'Log in' }).waitFor();
    await ann.enter(ann.page, 'Log in');
    await ann.connected();
    await ann.write('after');
    await ann.sees('after');
    assert.deepEqual(await ann.texts(), ['before', 'after']);
});
