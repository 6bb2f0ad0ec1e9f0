/*
 * Copyright (C) chatws contributors
 *
 * The demo in a real browser: people chat, and things go wrong.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { launch, Person } from './browser.mjs';
import { top } from './modules.mjs';
import { line, Nginx } from './nginx.mjs';

let browser;
let nginx;

before(async () => {
    nginx = await Nginx.start();
    browser = await launch();
});

after(async () => {
    await browser?.close();
    nginx?.stop();
});

const arrive = (t, name, options, url = nginx.url) =>
    Person.arrive(t, browser, url, name, options);


test('two people chat', async (t) => {
    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');

    await ann.write('Hello Ben');
    await ben.sees('Hello Ben');
    await ann.sees('Hello Ben');
    await ben.write('Hello Ann,\nhow are you?');
    await ann.sees('Hello Ann,\nhow are you?');

    assert.deepEqual(await ann.texts(), await ben.texts());
    assert.equal(await ben.page.locator('.other .who').innerText(), 'Ann');

    /* another chat: unread until it is looked at */

    await ben.open('coffee');
    await ben.write('Anybody?');
    await ann.page.getByRole('link', { name: /coffee.*1 unread/ }).waitFor();
    assert.match(await ann.page.title(), /^\(1\) general/);
    await ann.open('coffee');
    await ann.sees('Anybody?');
    assert.equal(await ann.page.locator('.count').count(), 0);

    /* and one that was not there */

    await ann.page.getByLabel('Open another chat').fill('new <b>chat</b> &');
    await ann.page.keyboard.press('Enter');
    await ann.page.getByRole('heading', { name: 'new <b>chat</b> &' })
        .waitFor();
    await ann.write('Alone here');
    await ann.sees('Alone here');

    await ann.wellBehaved();
    await ben.wellBehaved();
});


test('typing shows and goes', async (t) => {
    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const shown = ann.page.getByRole('status')
        .getByText('Ben is typing \u2026');

    const field = ben.page.getByRole('textbox', { name: 'Message' });

    await field.pressSequentially('Hm');
    await shown.waitFor();
    await field.fill('');
    await shown.waitFor({ state: 'hidden' });

    await field.pressSequentially('What');
    await shown.waitFor();
    await ben.page.keyboard.press('Enter');
    await ann.sees('What');
    await shown.waitFor({ state: 'hidden' });

    /* by itself, after a rest */

    await field.pressSequentially('Still here');
    await shown.waitFor();
    await shown.waitFor({ state: 'hidden' });
    await field.fill('');

    /* and when the one who types has gone */

    await field.pressSequentially('Bye');
    await shown.waitFor();
    await ben.context.close();
    await shown.waitFor({ state: 'hidden' });
    await ann.wellBehaved();
});


test('two tabs of one person agree', async (t) => {
    const ann = await arrive(t, 'Ann');
    const second = await ann.tab(nginx.url);

    await ann.write('From the first tab');
    await ann.sees('From the first tab', second);
    await ann.write('From the second tab', second);
    await ann.sees('From the second tab');
    assert.equal(await ann.page.locator('.other', { hasText: 'tab' }).count(),
        0);
    await ann.wellBehaved();
});


test('one who comes late, or again, sees what was said', async (t) => {
    const ann = await arrive(t, 'Ann');

    for (let i = 0; i < 30; i++) {
        await nginx.publish({ chatId: 'release-party', text: `line ${i}`,
            sender: i % 2 ? 'Ann' : 'Ben' });
    }

    const cy = await arrive(t, 'Cy');

    await cy.open('release-party');
    await cy.sees('line 29');
    assert.deepEqual(await cy.texts(),
        Array.from({ length: 30 }, (_, i) => `line ${i}`));
    assert.equal(await cy.page.locator('.count').count(), 0);

    await ann.open('release-party');
    await ann.page.reload();
    await ann.connected();
    await ann.sees('line 29');
    assert.deepEqual(await ann.texts(), await cy.texts());
    assert.equal(await ann.page.locator('.own .text').count(), 15);
    await cy.wellBehaved();
    await ann.wellBehaved();
});


test('markup is text', async (t) => {
    const ann = await arrive(t, 'Ann <i>&amp;</i>');
    const ben = await arrive(t, 'Ben');
    const texts = ['<script>document.title = "owned"</script>',
        '<img src=x onerror="document.title = \'owned\'">',
        'javascript:document.title="owned"', '&lt;b&gt; \u202e "\'`${1}'];

    for (const text of texts) {
        await ann.write(text);
        await ben.sees(text);
    }

    assert.equal(await ben.page.locator('.other .who', { hasText: '<i>' })
        .first().innerText(), 'Ann <i>&amp;</i>');
    assert.equal(await ben.page.locator('#messages :is(script, img, a, i)')
        .count(), 0);
    assert.match(await ben.page.title(), /^general/);

    await ann.write('See https://example.com/a?b=<c>.');

    const link = ben.page.getByRole('link',
        { name: 'https://example.com/a?b=', exact: true });

    assert.equal(await link.getAttribute('href'), 'https://example.com/a?b=');
    assert.match(await link.getAttribute('rel'), /noopener noreferrer/);

    /* what never was in a message box */

    await nginx.publish({ chatId: 'general', sender: '<u>x</u>',
        text: '\u0000</li><script>1</script>', id: '"><script>' });
    await ben.page.locator('.who', { hasText: '<u>x</u>' }).waitFor();
    await ben.wellBehaved();
    await ann.wellBehaved();
});


/* Both write while something happens; everything arrives once, in order. */

async function survive(t, disturb, url) {
    const ann = await arrive(t, 'Ann', {}, url);
    const ben = await arrive(t, 'Ben', {}, url);
    const chat = `chat ${Math.random()}`;

    for (const { page } of [ann, ben]) {
        await page.getByLabel('Open another chat').fill(chat);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: chat }).waitFor();
    }

    await ann.write('before');
    await ben.sees('before');
    await disturb(ann, ben, chat);

    for (let i = 0; i < 5; i++) {
        await ann.write(`Ann ${i}`);
        await ben.sees(`Ann ${i}`);
        await ben.write(`Ben ${i}`);
        await ann.sees(`Ben ${i}`);
    }

    assert.deepEqual(await ann.texts(), await ben.texts());

    const all = await ann.texts();

    assert.equal(new Set(all).size, all.length);
    assert.equal(await ann.page.locator('.notice').count(), 0);

    return [ann, ben, all];
}


test('a reload of nginx goes unnoticed', async (t) => {
    const old = nginx.workers;

    const [ann, ben] = await survive(t, async (ann, ben, chat) => {
        await nginx.logged(nginx.exit, async () => {
            nginx.command('-s', 'reload');

            for (let i = 0; i < 20; i++) {
                await nginx.publish({ chatId: chat, text: `during ${i}`,
                    sender: 'Cy' });
            }
        });

        await ann.sees('during 19');
        await ben.sees('during 19');
        await ann.connected();
        await ben.connected();

        assert.equal((await ann.texts()).length, 21);
        assert.equal((await ben.texts()).length, 21);
    });

    /* not even for the page: the new workers have its connection */

    assert.deepEqual(nginx.workers.filter((pid) => old.includes(pid)), []);

    for (const person of [ann, ben]) {
        person.stayed();
        await person.wellBehaved();
    }
});


test('killed workers', async (t) => {
    const [,, all] = await survive(t, async (ann, ben, chat) => {
        const victims = nginx.workers;

        const gone = [ann, ben].map(({ page }) => page.locator(
            '#link:not([data-state="open"])').waitFor());

        for (const pid of victims) {
            process.kill(pid, 'SIGKILL');
        }

        await Promise.all(gone);

        /* said while both were away: kept for them */

        for (let i = 0; i < 5; i++) {
            await nginx.publish({ chatId: chat, text: `missed ${i}`,
                sender: 'Cy' });
        }

        await ann.sees('missed 4');
        await ben.sees('missed 4');
        await ann.connected();
        await ben.connected();
    });

    assert.deepEqual(all.slice(0, 6), ['before', 'missed 0', 'missed 1',
        'missed 2', 'missed 3', 'missed 4']);
});


test('offline and back', async (t) => {
    const way = await line(nginx.port);

    t.after(() => way.close());

    await survive(t, async (ann, ben, chat) => {
        way.cut();
        await ann.context.setOffline(true);
        await ann.page.getByText('Offline', { exact: true }).waitFor();

        /* what is written now waits, and is sent in its order */

        await ann.write('from afar');
        await ann.write('and far away');
        await ann.page.getByText('waiting for an answer').nth(1).waitFor();

        await nginx.publish({ chatId: chat, text: 'missed', sender: 'Cy' });

        way.join();
        await ann.context.setOffline(false);
        await ann.connected();
        await ben.connected();
        await ann.sees('missed');
        await ben.sees('missed');

        await ben.sees('from afar');
        await ben.sees('and far away');
        await ann.page.getByRole('button', { name: 'Send again' })
            .waitFor({ state: 'hidden' });
        assert.deepEqual((await ben.texts()).slice(1),
            ['missed', 'from afar', 'and far away']);
    }, way.url);
});


test('offline is seen at once', async (t) => {
    const ann = await arrive(t, 'Ann');
    const seen = () => ann.page.evaluate(() => {
        dispatchEvent(new Event('offline'));

        return document.querySelector('#link').dataset.state;
    });

    assert.equal(await seen(), 'waiting');
    await ann.connected();
    await ann.context.setOffline(true);
    await ann.page.getByText('Offline', { exact: true }).waitFor();
    await ann.context.setOffline(false);
    await ann.connected();
});


/* Posts get there, and the answers do not; with them the connection, or not. */

for (const cut of [false, true]) {
    test(`a lost answer${cut ? ' and connection' : ''}`, async (t) => {
        const way = await line(nginx.port);

        t.after(() => way.close());

        const ann = await arrive(t, 'Ann', {}, way.url);
        const ben = await arrive(t, 'Ben');
        const text = `once ${Math.random()}`;
        let posts = 0;

        await ann.page.route('**/api/messages', async (route) => {
            if (++posts > 2) {
                return route.continue();
            }

            if (cut) {
                way.cut();
            }

            await nginx.publish(route.request().postDataJSON());
            await route.abort();

            return undefined;
        });

        await ann.write(text);
        await ben.sees(text);

        if (cut) {
            await ann.page.getByText('waiting for an answer').waitFor();
            await ann.page.getByRole('button', { name: 'Send again' })
                .click();
            way.join();
        }

        await ann.page.locator('.own:not(.sending, .waiting)')
            .getByText(text, { exact: true }).waitFor();
        await ann.write(`after ${text}`);
        await ann.sees(`after ${text}`);
        await ben.sees(`after ${text}`);
        await ann.sees(text);
        await ben.sees(text);
    });
}


test('one text twice is two messages', async (t) => {
    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const text = `again ${Math.random()}`;

    await ann.write(text);
    await ann.write(text);
    await ben.page.locator('.message').getByText(text).nth(1).waitFor();
    await ann.page.locator('.message:not(.sending)').getByText(text).nth(1)
        .waitFor();
    assert.equal((await ann.texts()).filter((one) => one === text).length, 2);
});


test('a refusal says why', async (t) => {
    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const answers = [
        { status: 429, body: '<html>Too Many Requests</html>' },
        { status: 429, contentType: 'application/json', body: JSON.stringify(
            { type: 'error', error: 'Rate limited',
                details: 'ten messages a minute' }) },
    ];

    await ann.page.route('**/api/messages', (route) => answers[0]
        ? route.fulfill(answers.shift()) : route.continue());

    const text = `too much ${Math.random()}`;
    const again = ann.page.getByRole('button', { name: 'Send again' });

    await ann.write(text);
    await ann.page.getByText('not sent: Too Many Requests (429)').waitFor();
    await again.click();
    await ann.page.getByText('not sent: ten messages a minute (429)')
        .waitFor();

    /* others need not wait for it */

    await ann.write('something else');
    await ben.sees('something else');
    assert.ok(!(await ben.texts()).includes(text));
    await again.click();
    await ben.sees(text);
    await again.waitFor({ state: 'hidden' });
});


/* Whatever the time of a message is: it is new when it was published. */

test('times of the application', async (t) => {
    const ann = await arrive(t, 'Ann');
    const then = new Date(2001, 8, 9, 12, 34).getTime();

    for (const timestamp of [then, new Date(then).toISOString(), 'noon'])
    {
        await nginx.publish({ chatId: 'release-party', sender: 'Ben',
            text: `at ${timestamp}`, timestamp });
    }

    await ann.page.getByRole('link', { name: /release-party.*3 unread/ })
        .waitFor();
    await ann.open('release-party');

    for (const text of [`at ${then}`, `at ${new Date(then).toISOString()}`]) {
        const bubble = ann.page.locator('.bubble').filter({ hasText: text });

        assert.equal(await bubble.locator('time').innerText(), '12:34');
    }

    await ann.sees('at noon');
    await ann.wellBehaved();
});


test('each chat has its draft', async (t) => {
    const ann = await arrive(t, 'Ann');
    const field = ann.page.getByRole('textbox', { name: 'Message' });

    await ann.open('general');
    await field.fill('for all');
    await ann.open('coffee');
    assert.equal(await field.inputValue(), '');
    await field.fill('for some');
    await ann.open('general');
    assert.equal(await field.inputValue(), 'for all');
    await ann.page.keyboard.press('Enter');
    await ann.sees('for all');
    await ann.open('coffee');
    assert.equal(await field.inputValue(), 'for some');
    await ann.open('general');
    assert.equal(await field.inputValue(), '');
    await ann.wellBehaved();
});


test('what one tab shows is read in the other', async (t) => {
    const ann = await arrive(t, 'Ann');
    const second = await ann.tab(nginx.url);
    const ben = await arrive(t, 'Ben');
    const unread = (page, n) => page.getByRole('link',
        { name: new RegExp(`release-party.*${n} unread`) }).waitFor();

    await ben.open('release-party');
    await ben.write('one');
    await ben.write('two');

    for (const page of [ann.page, second]) {
        await unread(page, 2);
    }

    await ann.open('release-party');
    await second.locator('.count').waitFor({ state: 'hidden' });
    assert.match(await second.title(), /^general/);

    /* and while it is open there */

    await ben.write('three');
    await ann.sees('three');
    await ben.open('coffee');
    await ben.write('elsewhere');
    await second.getByRole('link', { name: /coffee.*1 unread/ }).waitFor();
    await second.getByRole('link', { name: /release-party.*unread/ })
        .waitFor({ state: 'detached' });
    assert.equal(await second.locator('.count').count()
        - await second.locator('.count[hidden]').count(), 1);
    await ann.wellBehaved();
});


/* Pasted as they are, all at once, whatever the page is called. */

test('the lines for the console', async (t) => {
    const [, lines] = readFileSync(`${top}README.md`, 'utf8')
        .match(/^<!-- test: console .*\n```js\n([^]*?)^```$/m);

    for (const host of ['127.0.0.1', 'localhost']) {
        const ann = await arrive(t, 'Ann', {}, nginx.url
            .replace('127.0.0.1', host));
        const { page } = ann;
        const shown = (type) => page.waitForEvent('console', async (said) =>
            (await said.args()[0]?.jsonValue())?.type === type);
        const all = Promise.all([shown('connected'),
            shown('subscription_confirmed').then(() => nginx.publish({
                chatId: 'chat_1', text: `Hello ${host}!`,
                sender: 'john_doe' })), shown('new_message')]);

        await page.evaluate(lines);
        await all;
        await ann.open('chat_1');
        await ann.sees(`Hello ${host}!`);
        await ann.wellBehaved();
    }
});


test('the countdown, and no waiting', async (t) => {
    const way = await line(nginx.port);

    t.after(() => way.close());

    const ann = await arrive(t, 'Ann', {}, way.url);

    /* the dice always show the longest time */

    await ann.page.evaluate(() => Math.random = () => 1);
    way.cut();
    await ann.page.getByText(/^back in [48] s$/).waitFor();
    way.join();
    await ann.page.getByRole('button', { name: 'Try now' }).click();
    await ann.connected();
    assert.equal(await ann.page.getByText('back in').count(), 0);
});


test('the console shows the frames', async (t) => {
    const ann = await arrive(t, 'Ann');

    await ann.page.getByRole('button', { name: 'Console' }).click();

    const frames = ann.page.getByRole('region', { name: 'Frames' });

    await frames.getByText('connected', { exact: true }).waitFor();
    await frames.getByText('"action":"subscribe","chatId":"coffee"').first()
        .waitFor();
    await ann.write('<b>look</b>');
    await frames.getByText('POST api/messages 201').waitFor();
    await frames.getByText('"text":"<b>look</b>"').first().waitFor();

    await ann.page.getByLabel('Pause').check();
    await ann.page.getByRole('button', { name: 'Clear' }).click();
    await ann.write('not shown');
    await ann.sees('not shown');
    assert.equal(await frames.locator('li').count(), 0);
    await ann.page.getByRole('button', { name: 'Close the console' }).click();
    await frames.waitFor({ state: 'hidden' });
    await ann.wellBehaved();
});


test('with the keyboard alone', async (t) => {
    const ann = await arrive(t, 'Ann');
    const { keyboard } = ann.page;
    const focus = () => ann.page.evaluate(() => document.activeElement.id);

    await ann.page.goto(`${nginx.url}#keys`);
    await ann.page.getByRole('heading', { name: 'keys' }).waitFor();
    assert.equal(await focus(), 'text');
    await keyboard.type('one');
    await keyboard.press('Shift+Enter');
    await keyboard.type('two');
    await keyboard.press('Enter');
    await ann.sees('one\ntwo');
    assert.equal(await focus(), 'text');

    const first = await ann.page.title();

    await keyboard.press('Alt+ArrowDown');
    await ann.page.waitForFunction((title) => document.title !== title,
        first);
    await keyboard.press('Alt+ArrowUp');
    await ann.page.waitForFunction((title) => document.title === title,
        first);

    await ann.page.getByRole('link', { name: 'Skip to the message' }).focus();
    await keyboard.press('Enter');
    assert.equal(await focus(), 'text');

    await keyboard.press('Shift+Tab');
    assert.equal(await focus(), 'log');
    await ann.wellBehaved();
});
