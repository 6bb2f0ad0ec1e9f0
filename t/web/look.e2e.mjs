/*
 * Copyright (C) chatws contributors
 *
 * How the demo looks and reads: axe-core on each of its faces, light and
 * dark, on the desk and in the hand; paint and layout; the screenshots.
 */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { launch, Person } from './browser.mjs';
import { require, top } from './modules.mjs';
import { line, Nginx } from './nginx.mjs';

const axe = require.resolve('axe-core/axe.min.js');
const pictures = `${top}t/web/screenshots`;
const phone = { viewport: { width: 390, height: 760 }, hasTouch: true,
    isMobile: true, deviceScaleFactor: 2 };

let browser;
let nginx;

before(async () => {
    nginx = await Nginx.start();
    browser = await launch();
    mkdirSync(pictures, { recursive: true });
});

after(async () => {
    await browser?.close();
    nginx?.stop();
});


async function accessible(page, what) {
    /* as a test tool in the page's own world: the CSP holds for pages */

    await page.evaluate(await import('node:fs').then(({ readFileSync }) =>
        readFileSync(axe, 'utf8')));

    const { violations, passes } = await page.evaluate(() => axe.run());

    assert.deepEqual(violations.map(({ id, nodes }) => [id,
        ...nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)
    ]), [], what);
    assert.ok(passes.length > 10);
}

async function picture(page, name) {
    if (process.env.SCREENSHOTS) {
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path: `${pictures}/${name}.png` });
    }
}


/* A day in the life */

async function talk(people) {
    let minute = 0;

    const say = (chatId, sender, text) => nginx.publish({ chatId, sender,
        text, timestamp: new Date(Date.UTC(2025, 10, 27, 9, 58)
            + ++minute * 60e3).toISOString() });

    await say('coffee', 'Ben', 'The machine on the third floor is fixed');
    await say('coffee', 'Cem', 'You are my hero');
    await say('release-party', 'Dora', 'Friday, 17:00, on the roof');
    await say('general', 'Ben', 'Good morning! Did the load test finish?');
    await say('general', 'Ada', 'Yes, this morning. The machine was bored.');
    await say('general', 'Ada', 'The figures are at '
        + 'https://example.com/load-test');
    await say('general', 'Dora', 'And the reload in the middle of it?');
    await say('general', 'Ada', 'Nobody noticed. I had to look at the log to '
        + 'believe it myself.');
    await say('general', 'Ben', 'What if somebody writes '
        + '<script>alert(1)</script> ?');
    await say('general', 'Ben', 'Ah. Nothing.');
    await say('coffee', 'Cem', 'Anybody for a coffee?');

    for (const person of people) {
        await person.sees('Ah. Nothing.');
    }
}

const at = (time) => async (person) => {
    await person.page.clock.setFixedTime(time);
};


async function faces(t, scheme) {
    const options = { colorScheme: scheme, timezoneId: 'UTC' };
    const ada = await Person.arrive(t, browser, nginx.url, 'Ada', options);
    const ben = await Person.arrive(t, browser, nginx.url, 'Ben', options);
    const handy = await Person.arrive(t, browser, nginx.url, 'Dora',
        { ...options, ...phone });

    await Promise.all([ada, ben, handy].map(at('2025-11-27T10:12:00Z')));

    if (await ada.page.locator('.message').count() === 0) {
        await handy.page.getByRole('link', { name: 'general' }).click();
        await talk([ada, ben, handy]);

    } else {
        await handy.page.getByRole('link', { name: 'general' }).click();
    }

    await ben.page.getByRole('textbox', { name: 'Message' })
        .pressSequentially('I will');

    for (const { page } of [ada, handy]) {
        await page.locator('#typing', { hasText: 'Ben is typing' }).waitFor();
    }

    await picture(ada.page, `${scheme}`);
    await picture(handy.page, `${scheme}-phone`);
    await accessible(ada.page, 'a chat');
    await accessible(handy.page, 'a chat on a phone');

    await ada.page.getByRole('button', { name: 'Console' }).click();
    await ben.page.getByRole('textbox', { name: 'Message' }).fill('');
    await ada.page.locator('#frames b').getByText('user_typing').nth(1)
        .waitFor();
    await picture(ada.page, `${scheme}-console`);
    await accessible(ada.page, 'the console');

    await handy.page.getByRole('link', { name: 'All chats' }).click();
    await handy.page.locator('#list').waitFor();
    await picture(handy.page, `${scheme}-phone-list`);
    await accessible(handy.page, 'the list on a phone');

    for (const person of [ada, ben, handy]) {
        await person.wellBehaved();
    }
}


test('light', (t) => faces(t, 'light'));
test('dark', (t) => faces(t, 'dark'));


test('who are you, in both colors', async (t) => {
    for (const colorScheme of ['light', 'dark']) {
        const context = await browser.newContext({ colorScheme });
        const page = await context.newPage();

        t.after(() => context.close());
        await page.goto(nginx.url);
        await page.getByLabel('Name').waitFor();
        await picture(page, `${colorScheme}-welcome`);
        await accessible(page, 'the welcome');

        /* in the hand, and in a small one */

        for (const width of [390, 320]) {
            await page.setViewportSize({ width, height: 700 });
            assert.equal(await page.evaluate(() =>
                document.documentElement.scrollWidth), width);
        }
    }
});


test('away, in both colors', async (t) => {
    for (const colorScheme of ['light', 'dark']) {
        const way = await line(nginx.port);

        t.after(() => way.close());

        const ada = await Person.arrive(t, browser, way.url, 'Ada',
            { colorScheme });

        /* a wait that does not end */

        await ada.page.evaluate(() => {
            const { setTimeout } = globalThis;

            Math.random = () => 4;
            globalThis.setInterval = () => 0;
            globalThis.setTimeout = (then, time) =>
                time === 4000 ? 0 : setTimeout(then, time);
        });
        way.cut();
        await ada.page.getByText(/^back in 4 s$/).waitFor();
        await ada.write('Is anybody there?');
        await ada.page.getByRole('button', { name: 'Send again' }).waitFor();
        await picture(ada.page, `${colorScheme}-away`);
        await accessible(ada.page, 'away');

        /* nothing on top of another, on phones too */

        for (const width of [1280, 390, 360, 320]) {
            await ada.page.setViewportSize({ width, height: 700 });

            const parts = await ada.page.locator('h1 img, #countdown, #retry, '
                + '#tools > *').filter({ visible: true })
                .evaluateAll((all) => all.map((node) => {
                    const { left, right } = node.getBoundingClientRect();

                    return { id: node.id, left, right,
                        cut: node.scrollWidth > node.clientWidth + 2 };
                }));

            let last = 0;

            for (const { id, left, right, cut } of parts) {
                assert.ok(left >= last && !cut, `${id}, ${width} wide`);
                last = right;
            }

            assert.ok(last <= width && parts.length >= 4);

            if (width === 390) {
                await picture(ada.page, `${colorScheme}-phone-away`);
            }
        }
    }
});


test('paint and layout', async (t) => {
    const ada = await Person.arrive(t, browser, nginx.url, 'Ada');
    const { page } = ada;

    await page.addInitScript(() => {
        globalThis.shifts = [];
        new PerformanceObserver((list) => shifts.push(...list.getEntries()
            .map(({ value, sources }) => [value,
                ...sources.map(({ node, previousRect, currentRect }) =>
                    [node?.outerHTML, previousRect.toJSON(),
                        currentRect.toJSON()])])))
            .observe({ type: 'layout-shift', buffered: true });
    });

    /* the best of five: the machine has other things to do */

    const times = [];

    for (let i = 0; i < 5; i++) {
        await page.reload();
        await ada.connected();
        await page.locator('.message').first().waitFor();
        times.push(await page.evaluate(() => performance.getEntriesByName(
            'first-contentful-paint')[0].startTime));
        assert.deepEqual(await page.evaluate(() => shifts), []);
    }

    assert.ok(Math.min(...times) < 200, `first paint: ${times}`);
    t.diagnostic(`first paint: ${times.map(Math.round)} ms`);
    await ada.wellBehaved();
});


test('nothing is wider than a phone', async (t) => {
    const ada = await Person.arrive(t, browser, nginx.url, 'A'.repeat(40),
        { ...phone, viewport: { width: 320, height: 568 } });

    await ada.page.getByRole('link', { name: 'general' }).click();
    await ada.write('x'.repeat(500));
    await ada.sees('x'.repeat(500));
    assert.equal(await ada.page.evaluate(() =>
        document.documentElement.scrollWidth), 320);
    assert.equal(await ada.page.locator('#log').evaluate((log) =>
        log.scrollWidth - log.clientWidth), 0);
});
