/*
 * Copyright (C) chatws contributors
 *
 * Debian's Chromium, and people who use the demo in it.
 */

import assert from 'node:assert/strict';

import { require } from './modules.mjs';

const { chromium } = require('playwright-core');

export const launch = () => chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
        '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
});


/*
 * One person with a browser of its own; whatever the page complains about
 * is collected in "faults", and each WebSocket in "sockets".
 */

export class Person {
    faults = [];
    sockets = [];

    static async arrive(t, browser, url, name, options = {}) {
        const person = new Person();

        const { password, isKnown, ...more } = options;

        person.name = name;
        person.password = password;
        person.isKnown = isKnown;
        person.context = await browser.newContext({ locale: 'en-GB',
            viewport: { width: 1280, height: 800 }, ...more });
        person.context.setDefaultTimeout(30000);
        person.page = await person.tab(url);
        t.after(() => person.context.close());

        return person;
    }

    async tab(url) {
        const page = await this.context.newPage();

        page.on('console', (message) => {
            if (['error', 'warning'].includes(message.type())) {
                this.faults.push(message.text());
            }
        });

        page.on('pageerror', (error) => this.faults.push(error.stack));
        page.on('websocket', (socket) => this.sockets.push(socket));

        await page.addInitScript(() => {
            globalThis.violations = [];
            addEventListener('securitypolicyviolation',
                ({ violatedDirective, blockedURI }) =>
                    violations.push(`${violatedDirective} ${blockedURI}`));
        });

        await page.goto(url);

        /* who has an account is known in each tab */

        if (!this.password || this.context.pages().length === 1) {
            await this.enter(page, !this.password ? 'Start chatting'
                : this.isKnown ? 'Log in' : 'New account');
        }

        await this.connected(page);

        return page;
    }

    async enter(page, button) {
        await page.getByLabel('Name').fill(this.name);

        if (this.password) {
            await page.getByLabel('Password').fill(this.password);
        }

        await page.getByRole('button', { name: button }).click();
    }

    connected(page = this.page) {
        return page.locator('#link[data-state="open"]').waitFor();
    }

    /* The first connection is the only one, and still there. */

    stayed() {
        assert.deepEqual(this.sockets.map((socket) => socket.isClosed()),
            [false], `${this.name} has stayed connected`);
    }

    async write(text, page = this.page) {
        await page.getByRole('textbox', { name: 'Message' }).fill(text);
        await page.keyboard.press('Enter');
    }

    /* The bubble with this text, and only one. */

    async sees(text, page = this.page) {
        const found = page.locator('.message .text').getByText(text,
            { exact: true });

        await found.first().waitFor();
        assert.equal(await found.count(), 1, `${this.name} sees ${text} once`);

        return found;
    }

    texts(page = this.page) {
        return page.locator('.message .text').allTextContents();
    }

    async open(chat) {
        await this.page.locator('#list').getByRole('link', { name: chat })
            .click();
        await this.page.getByRole('heading', { name: chat }).waitFor();
    }

    async wellBehaved() {
        for (const page of this.context.pages()) {
            assert.deepEqual(await page.evaluate(() => violations), []);
        }

        assert.deepEqual(this.faults, []);
    }
}
