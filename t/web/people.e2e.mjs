/*
 * Copyright (C) chatws contributors
 *
 * The demo shows people: who is there, what is unread, who has read, who
 * types, which files are on their way; through reloads, kills, an offline
 * phone, and a restart of everything.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';

import { Site } from './app.mjs';
import { launch, Person } from './browser.mjs';
import { top } from './modules.mjs';
import { line, Nginx } from './nginx.mjs';

const pictures = `${top}t/web/screenshots`;
const phone = { viewport: { width: 390, height: 760 }, hasTouch: true,
    isMobile: true, deviceScaleFactor: 2 };

/* who leaves is away for good sooner than people wait */
const quick = (text) => text.replaceAll(/chatws_(presence|receipts) zone=chat/g,
    '$& interval=100ms');
const edit = (text) => quick(text).replace('chatws_presence zone=chat',
    '$& grace=2s');

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

const arrive = (t, name, { url = site.url, ...options } = {}) =>
    Person.arrive(t, browser, url, name,
        { password: `${name}'s`, ...options });


/* --- what a page shows */

const seen = (page, name, text) => page.locator('#people-list li')
    .filter({ hasText: name }).locator('.seen').getByText(text).waitFor();

const unread = (page, chat, n) => page.getByRole('link',
    { name: new RegExp(`${chat}.*\\b${n} unread`) }).waitFor();

const titled = (page, text) => page.waitForFunction((wanted) =>
    document.title.startsWith(wanted), text);

const ticked = (page, text, how) => page.locator('.own')
    .filter({ hasText: text }).getByRole('img', { name: how }).waitFor();

const bar = (page, name) => page.getByRole('progressbar', { name });

const percent = (page, name, text) => page.locator('#uploads li')
    .filter({ hasText: name }).getByText(text).waitFor();

async function types(...people) {
    for (const { page } of people) {
        await page.getByRole('textbox', { name: 'Message' })
            .pressSequentially('Well');
    }
}

/* Each frame that a page gets, as an object. */

function hear(page) {
    const frames = [];

    page.on('websocket', (socket) => socket.on('framereceived',
        ({ payload }) => frames.push(JSON.parse(payload))));

    return frames;
}

async function shoot(page, name) {
    if (process.env.SCREENSHOTS) {
        mkdirSync(pictures, { recursive: true });
        await page.screenshot({ path: `${pictures}/${name}.png` });
    }
}

/* Several windows, side by side. */

async function shootAll(pages, name) {
    if (!process.env.SCREENSHOTS) {
        return;
    }

    const context = await browser.newContext({ viewport: { width: 1660,
        height: 358 } });
    const page = await context.newPage();
    const shots = await Promise.all(pages.map((one) => one.screenshot()));

    await page.setContent(`<body style="margin:10px;display:flex;gap:10px;
        align-items:start;background:#888">${shots.map((shot) => `<img
        width="540"
        src="data:image/png;base64,${shot.toString('base64')}">`).join('')}`);
    await page.screenshot({ path: `${pictures}/${name}.png` });
    await context.close();
}


/*
 * A file of somebody's that is sent as far as the test wants: half() of it,
 * and the rest().
 */

async function file({ url }, user, chat, name, size = 1000000) {
    const sent = request(`${url}api/chats/${encodeURIComponent(chat)}/files`
        + `?name=${encodeURIComponent(name)}`, { method: 'POST', agent: false,
        headers: { Cookie: user.cookie, 'Content-Length': size,
            'X-Progress-ID': `${name}-1`,
            Authorization: `Bearer ${await user.token()}` } });

    return {
        half: () => new Promise((done) =>
            sent.write(Buffer.alloc(size / 2), done)),

        async rest() {
            sent.end(Buffer.alloc(size / 2));

            const [answer] = await once(sent, 'response');
            const text = (await answer.toArray()).join('');

            assert.equal(answer.statusCode, 201, text);

            return JSON.parse(text);
        },

        stop: () => sent.on('error', () => {}).destroy(),
    };
}


test('all of it on one page', async (t) => {
    site = await Site.start({ edit });

    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const cem = await arrive(t, 'Cem');
    const dora = await arrive(t, 'Dora');
    const second = await ann.tab(site.url);
    const user = await site.user('Ann');

    for (const name of ['Ben', 'Cem', 'Dora']) {
        await seen(ann.page, name, 'online');
    }

    await ann.page.getByText('4 of 4 online').waitFor();
    await ann.page.getByRole('link', { name: /general \(3 online\)/ })
        .waitFor();

    /* read by all; in nobody's sight; and not even there */

    await ann.write('Who has the figures?');
    await ticked(ann.page, 'figures', 'Read');

    for (const person of [ben, cem, dora]) {
        await person.open('chat_1');
    }

    await ann.write('I need them at noon');
    await ticked(ann.page, 'noon', 'Delivered');
    await unread(ben.page, 'general', 1);
    await titled(ben.page, '(1) chat_1');
    await dora.context.close();
    await seen(ann.page, 'Dora', 'last seen');
    await ann.page.getByText('3 of 4 online').waitFor();
    await ann.write('Never mind, I have found them');
    await unread(ben.page, 'general', 2);
    await ticked(ann.page, 'found', 'Sent');

    /* unread, in all tabs until one of them shows it */

    for (const [person, chat, text] of [[ben, 'coffee', 'The machine is back'],
        [cem, 'coffee', 'At last'], [cem, 'release-party', 'Friday!']])
    {
        await person.open(chat);
        await person.write(text);
        await person.sees(text);
    }

    for (const page of [ann.page, second]) {
        await unread(page, 'coffee', 2);
        await unread(page, 'release-party', 1);
        await titled(page, '(3) general');
    }

    /* three type, as an account that has no page here */

    const eve = await arrive(t, 'Eve');
    const fay = await arrive(t, 'Fay');

    for (const person of [cem, eve, fay]) {
        await person.open('general');
    }

    await ann.page.getByRole('button', { name: 'Console' }).click();

    const sent = await file(site, user, 'general', 'figures.pdf');

    await sent.half();

    for (const page of [ann.page, second]) {
        await percent(page, 'You are', '50 % of 1.0 MB');
    }

    await ben.open('general');
    await percent(ben.page, 'Ann is', '50 % of 1.0 MB');
    await types(cem, eve, fay);

    for (const page of [ann.page, second, ben.page]) {
        await page.locator('#typing').getByText('3 are typing').waitFor();
    }

    await shoot(ann.page, 'people');
    await shootAll([ann.page, second, ben.page], 'people-windows');

    const { id } = await sent.rest();

    for (const page of [ann.page, second, ben.page]) {
        await page.locator('a.file', { hasText: 'figures.pdf' }).waitFor();
        await bar(page, 'sending').waitFor({ state: 'detached' });
    }

    assert.match(await ben.page.locator('a.file', { hasText: 'figures.pdf' })
        .getAttribute('href'), new RegExp(`^api/files/${id}$`));

    /* what one shows is read in both */

    await second.bringToFront();
    await second.locator('#list').getByRole('link', { name: 'coffee' })
        .click();
    await titled(second, '(1) coffee');
    await titled(ann.page, '(1) general');
    await ann.wellBehaved();
    await ben.wellBehaved();
});


test('a file that is sent from the page', async (t) => {
    site = await Site.start({ edit });

    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const second = await ann.tab(site.url);
    const slow = await ann.context.newCDPSession(ann.page);
    const chosen = async (name, size) => {
        const choice = ann.page.waitForEvent('filechooser');

        await ann.page.getByRole('button', { name: 'Send a file' }).click();
        await (await choice).setFiles({ name, mimeType: 'text/plain',
            buffer: Buffer.alloc(size, 'x') });
    };

    await chosen('small <b>.txt', 5000);

    for (const page of [ann.page, second, ben.page]) {
        await page.locator('a.file', { hasText: 'small <b>.txt' }).waitFor();
    }

    const download = ben.page.waitForEvent('download');

    await ben.page.locator('a.file', { hasText: 'small <b>.txt' }).click();
    assert.equal((await (await download).createReadStream()
        .then((stream) => stream.toArray())).join('').length, 5000);

    /* a large one, and no more of it is wanted */

    await slow.send('Network.emulateNetworkConditions', { offline: false,
        latency: 0, downloadThroughput: -1, uploadThroughput: 100000 });
    await chosen('large.txt', 20000000);
    await bar(ann.page, 'You are sending large.txt').waitFor();
    await bar(second, 'You are sending a file').waitFor();
    await bar(ben.page, 'Ann is sending a file').waitFor();
    await ann.page.getByRole('button', { name: 'Do not send large.txt' })
        .click();

    for (const page of [ann.page, second, ben.page]) {
        await bar(page, 'sending').waitFor({ state: 'detached' });
    }

    assert.equal(await ben.page.getByText('large.txt').count(), 0);
    await ann.wellBehaved();
});


test('invisible', async (t) => {
    site = await Site.start({ edit });

    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const second = await ann.tab(site.url);
    const button = (page) => page.getByRole('switch', { name: 'Invisible' });

    await seen(ben.page, 'Ann', 'online');
    await button(ann.page).focus();
    await ann.page.keyboard.press('Space');
    await seen(ben.page, 'Ann', 'last seen');
    await ben.page.getByText('1 of 2 online').waitFor();
    await second.locator('#invisible:checked').waitFor();

    /* she sees all, and nobody that she is there */

    const frames = hear(ben.page);

    await ben.page.reload();
    await ben.connected();
    await seen(ann.page, 'Ben', 'online');
    await ben.write('Anybody?');
    await ann.sees('Anybody?');
    await ann.page.reload();
    await ann.connected();
    await ann.page.locator('#invisible:checked').waitFor();
    await ann.sees('Anybody?');
    await types(ann);

    /* what comes behind it shows that nothing of it came */

    await second.getByRole('switch', { name: 'Invisible' }).uncheck();
    await seen(ben.page, 'Ann', 'online');

    const before = frames.findIndex(({ online }) => online?.includes('Ann'));

    assert.ok(before > 0);
    assert.deepEqual(frames.slice(0, before).filter(({ type, userId }) =>
        userId === 'Ann' && type !== 'connected'), []);
    await ann.page.locator('#invisible:not(:checked)').waitFor();
    await ann.wellBehaved();
});


/* What all of them show, while something happens that nobody is to notice. */

async function agree(people, { isSteady = true } = {}) {
    const [ann, ben, cem] = people;

    for (const { page, name } of people) {
        for (const other of people) {
            if (other.name !== name) {
                await seen(page, other.name, 'online');
            }
        }
    }

    await cem.open('chat_1');

    const text = `at ${Math.random()}`;

    await ann.write(text);
    await ben.sees(text);
    await unread(cem.page, 'general', 1);
    await titled(cem.page, '(1) chat_1');
    await ticked(ann.page, text, 'Delivered');
    await cem.open('general');
    await ticked(ann.page, text, 'Read');
    await titled(cem.page, 'general');
    await types(ben);
    await ann.page.locator('#typing').getByText('Ben is typing').waitFor();
    await ben.page.getByRole('textbox', { name: 'Message' }).fill('');

    if (isSteady) {
        people.forEach((person) => person.stayed());
    }
}

test('through a reload and killed workers', async (t) => {
    site = await Site.start({ edit: quick });

    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const cem = await arrive(t, 'Cem');
    const people = [ann, ben, cem];
    const all = people.map(({ page }) => {
        const frames = [];

        page.on('websocket', (socket) => socket.on('framereceived',
            ({ payload }) => frames.push(JSON.parse(payload))));

        return frames;
    });

    for (const { page } of people) {
        await page.reload();
        await page.locator('#link[data-state="open"]').waitFor();
    }

    people.forEach((person) => person.sockets.splice(0, 1));
    await agree(people);

    /* nobody has gone, so nobody is told so */

    const gone = () => all.flat().filter(({ type, offline, left }) =>
        type === 'presence' && (left?.length
            || Object.keys(offline ?? {}).length)).length;

    const before = gone();
    const { nginx } = site;

    await nginx.logged(nginx.exit, () => nginx.command('-s', 'reload'));
    await agree(people);

    const lost = people.map(({ page }) => page.locator(
        '#link:not([data-state="open"])').waitFor());

    for (const pid of nginx.workers) {
        process.kill(pid, 'SIGKILL');
    }

    await Promise.all(lost);

    for (const person of people) {
        await person.connected();
    }

    await agree(people, { isSteady: false });
    assert.equal(gone(), before);

    for (const person of people) {
        await person.wellBehaved();
    }
});


test('an offline phone', async (t) => {
    site = await Site.start({ edit });

    const way = await line(site.port);

    t.after(() => way.close());

    const ann = await arrive(t, 'Ann');
    const handy = await arrive(t, 'Ben', { url: way.url, ...phone });

    await handy.page.getByRole('link', { name: 'general' }).click();
    await ann.write('before');
    await ticked(ann.page, 'before', 'Read');

    way.cut();
    await handy.context.setOffline(true);
    await handy.page.getByText('Offline', { exact: true }).waitFor();
    await seen(ann.page, 'Ben', 'last seen');
    await ann.write('missed');
    await ticked(ann.page, 'missed', 'Sent');
    await ann.open('coffee');
    await ann.write('one');
    await ann.write('two');
    await ann.sees('two');

    way.join();
    await handy.context.setOffline(false);
    await handy.connected();
    await handy.sees('missed');
    await seen(ann.page, 'Ben', 'online');
    await ann.open('general');
    await ticked(ann.page, 'missed', 'Read');
    await handy.page.getByRole('link', { name: 'All chats' }).click();
    await unread(handy.page, 'coffee', 2);
    await titled(handy.page, '(2) chatws');
    await seen(handy.page, 'Ann', 'online');
    await shoot(handy.page, 'people-phone');
});


/* The app has it from nginx, and gives it back to one that knows nothing. */

test('a restart of everything', async (t) => {
    site = await Site.start({ edit });

    const ann = await arrive(t, 'Ann');
    const ben = await arrive(t, 'Ben');
    const user = await site.user('Ann');

    await ann.write('read by all');
    await ticked(ann.page, 'read by all', 'Read');
    await ben.open('chat_1');
    await ann.write('not read');
    await unread(ben.page, 'general', 1);
    await ann.open('coffee');
    await ann.write('one');
    await ann.write('two');
    await unread(ben.page, 'coffee', 2);
    await titled(ben.page, '(3) chat_1');
    await ann.open('general');

    /* the app has been told */

    for ( ;; ) {
        const { body } = await user.ask('GET', 'api/chats/general/messages');
        const text = (id) => body.messages.find((one) => one.id === id)?.text;

        if (text(body.reads.Ben) === 'read by all'
            && text(body.reads.Ann) === 'not read')
        {
            break;
        }
    }

    const lost = [ann, ben].map(({ page }) => page.locator(
        '#link:not([data-state="open"])').waitFor());

    site.nginx.stop();
    await Promise.all(lost);
    await site.app.stop();
    await site.begin();

    for (const person of [ann, ben]) {
        await person.connected();
    }

    const check = async () => {
        await unread(ben.page, 'general', 1);
        await unread(ben.page, 'coffee', 2);
        await titled(ben.page, '(3) chat_1');
        await ticked(ann.page, 'read by all', 'Read');
        assert.equal(await ann.page.locator('.own')
            .filter({ hasText: 'not read' })
            .getByRole('img', { name: 'Read' }).count(), 0);
        assert.equal(await ann.page.locator('.count:visible').count(), 0);
    };

    await check();

    for (const { page } of [ann, ben]) {
        await page.reload();
        await page.locator('#link[data-state="open"]').waitFor();
    }

    await check();

    /* what was unread is read, though nothing is new */

    await ben.open('coffee');
    await titled(ben.page, '(1) coffee');

    /* and it goes on from there */

    await ann.write('three');
    await unread(ben.page, 'general', 2);
    await ben.open('general');
    await titled(ben.page, 'general');
    await ticked(ann.page, 'three', 'Read');
    await ticked(ann.page, 'not read', 'Read');
});


/* Without an app server: all but members, and a file that nobody keeps. */

test('nginx alone', async (t) => {
    const nginx = await Nginx.start({ edit });

    t.after(() => nginx.stop());

    const come = (name) => Person.arrive(t, browser, nginx.url, name);
    const ann = await come('Ann');
    const ben = await come('Ben B\u00fcrger');
    const cem = await come('Cem');
    const dora = await come('Dora');
    const second = await ann.tab(nginx.url);

    await ann.page.getByText('4 of 4 online').waitFor();
    await seen(ann.page, 'Ben B\u00fcrger', 'online');
    await ann.write('Hello');
    await ticked(ann.page, 'Hello', 'Read');
    await ben.open('coffee');
    await ann.write('Still there?');
    await ticked(ann.page, 'Still', 'Delivered');
    await unread(ben.page, 'general', 1);
    await titled(ben.page, '(1) coffee');
    await ben.write('Here I am');

    for (const page of [ann.page, second]) {
        await unread(page, 'coffee', 1);
        await titled(page, '(1) general');
    }

    await ben.open('general');
    await ticked(ann.page, 'Still', 'Read');
    await types(ben, cem, dora);

    for (const page of [ann.page, second]) {
        await page.locator('#typing').getByText('3 are typing').waitFor();
    }

    /* a file, slowly */

    const slow = await ben.context.newCDPSession(ben.page);

    await slow.send('Network.emulateNetworkConditions', { offline: false,
        latency: 0, downloadThroughput: -1, uploadThroughput: 500000 });
    await ben.page.locator('#file').setInputFiles({ name: 'plan.txt',
        mimeType: 'text/plain', buffer: Buffer.alloc(1500000) });

    for (const page of [ann.page, second]) {
        await bar(page, 'Ben B\u00fcrger is sending a file').waitFor();
    }

    await bar(ben.page, 'You are sending plan.txt').waitFor();
    await ann.page.locator('.file', { hasText: 'plan.txt' }).waitFor();
    assert.equal(await ann.page.locator('a.file').count(), 0);

    await ann.page.getByRole('switch', { name: 'Invisible' }).check();
    await ben.page.getByText('3 of 3 online').waitFor();
    await ann.wellBehaved();
    await ben.wellBehaved();
});
