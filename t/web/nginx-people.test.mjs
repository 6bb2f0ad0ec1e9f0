/*
 * Copyright (C) chatws contributors
 *
 * People in the browser client, with nginx: what is unread, who is there,
 * receipts; through cut lines and a zone that is lost.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { line, Nginx } from './nginx.mjs';
import { types } from './people.mjs';
import { user as userOf } from './user.mjs';

const edit = (text) => text
    .replace('    server {', `    chatws_users zone=chat;
    chatws_presence zone=chat grace=1s interval=100ms;
    chatws_unread zone=chat;
    chatws_receipts zone=chat interval=100ms delivered;

    server {`)
    .replace('chatws_own_messages on;', 'chatws_watch 100;');

let nginx;

before(async () => nginx = await Nginx.start({ edit }));

after(() => nginx.stop());


/* A client; is() awaits what it knows. */

function user(t, name, options, server = nginx) {
    const one = userOf(t, server, name, { maxDelay: 100, types, state: true,
        ...options });

    one.is = (what, check) => new Promise((done) => {
        const look = () => {
            if (check(one.client)) {
                one.client.removeEventListener('message', look);
                one.client.removeEventListener('unread', look);
                done();
            }
        };

        one.client.addEventListener('message', look);
        one.client.addEventListener('unread', look);
        look();
    });

    return one;
}

/* Into a chat, each of them. */

async function enter(chatId, ...all) {
    for (const one of all) {
        await one.next('open');
        await one.join(chatId);
    }
}

const say = (chatId, sender, text = 'hi', more, server = nginx) =>
    server.publish({ chatId, text, sender, ...more });


test('unread: the same in all pages of a user', async (t) => {
    const pages = [user(t, 'cy'), user(t, 'cy')];
    const dan = user(t, 'dan');
    const all = (n) => Promise.all(pages.map((one) =>
        one.is('unread', ({ unread }) => one.client.unread('u1') === n)));

    await enter('u1', ...pages, dan);

    await say('u1', 'dan');
    await say('u1', 'dan');
    await all(2);
    await say('u1', 'dan', 'nothing', { silent: true });
    await say('u1', 'dan');
    await all(3);

    /* dan has posted, and so has read */

    assert.equal(dan.client.unread('u1'), 0);

    pages[0].client.read('u1', 2);
    await all(1);
    pages[1].client.read('u1');
    await all(0);

    await say('u1', 'dan');
    await all(1);
    await say('u1', 'cy');
    await all(0);
    await dan.is('unread', ({ unread }) => dan.client.unread('u1') === 1);

    pages[1].client.markUnread('u1');
    await Promise.all(pages.map((one) => one.is('marked',
        (client) => client.chat('u1').marked)));
    pages[0].client.read('u1');
    await Promise.all(pages.map((one) => one.is('marked',
        (client) => !client.chat('u1').marked)));
});


test('receipts: sent, delivered, read', async (t) => {
    const eve = user(t, 'eve');
    const fay = user(t, 'fay');

    await enter('r1', eve, fay);

    const { seq } = await say('r1', 'eve');

    assert.notEqual(eve.client.tick('r1', seq), 'read');
    await fay.next('new_message');

    if (eve.client.features.includes('delivered')) {
        await eve.is('delivered', (client) =>
            client.tick('r1', seq) === 'delivered');
    }

    fay.client.read('r1');
    await eve.is('read', (client) => client.tick('r1', seq) === 'read');
    assert.deepEqual(eve.client.readBy('r1', seq), ['fay']);

    /* who writes has read */

    const { seq: next } = await say('r1', 'eve');
    const { seq: last } = await say('r1', 'fay');

    await eve.next('new_message', (one) => one.seq === last);
    assert.equal(eve.client.tick('r1', next), 'read');

    /* what is read privately is read on the own pages alone */

    const { seq: hidden } = await say('r1', 'eve');

    await fay.next('new_message', (one) => one.seq === hidden);
    fay.client.read('r1', undefined, { private: true });
    await fay.is('unread', (client) => client.unread('r1') === 0);
    await say('r1', 'x', 'behind it');
    await eve.next('new_message', ({ message }) =>
        message.text === 'behind it');
    assert.notEqual(eve.client.tick('r1', hidden), 'read');
});


test('presence: there, away, gone, and watched', async (t) => {
    const gil = user(t, 'gil');
    const hal = user(t, 'hal');
    const is = (state) => gil.is(state, (client) =>
        client.presence('hal') === state);

    await enter('p1', gil, hal);
    await say('p1', 'x');
    await is('online');
    assert.deepEqual(gil.client.online('p1').sort(), ['gil', 'hal']);
    hal.client.setPresence('away');
    await is('away');
    hal.client.setPresence('online');
    await is('online');
    hal.client.setPresence('invisible');
    await is('offline');
    assert.ok(gil.client.lastSeen('hal'));
    hal.client.setPresence('online');
    await is('online');

    /* who is in none of our chats, and is watched */

    const end = gil.client.watch(['ira']);
    const ira = user(t, 'ira', { state: false });

    await gil.is('ira', (client) => client.presence('ira') === 'online');
    ira.client.close();
    await gil.is('ira', (client) => client.presence('ira') === 'offline');
    end();

    /* who has left is none of the chat's people, after a while */

    hal.client.close();
    await is(undefined);
    assert.deepEqual(gil.client.people('p1'), { online: ['gil'], away: [],
        offline: {}, count: 1, people: 1 });
});


/* However long that takes here. */

test('a page that is loaded again is seen by nobody', async (t) => {
    const server = await Nginx.start({ edit: (text) =>
        edit(text).replace('grace=1s', 'grace=10m') });

    t.after(() => server.stop());

    const jan = user(t, 'jan', {}, server);
    let kai = user(t, 'kai', {}, server);
    const told = [];

    await enter('p2', jan, kai);
    await say('p2', 'x', 'hi', {}, server);
    await jan.is('kai', (client) => client.presence('kai') === 'online');
    jan.client.addEventListener('presence', ({ detail }) =>
        told.push(JSON.stringify(detail)));

    for (let i = 0; i < 5; i++) {
        kai.client.close();
        kai = user(t, 'kai', {}, server);
        await enter('p2', kai);
    }

    const lea = user(t, 'lea', {}, server);

    await enter('p2', lea);
    await jan.is('lea', (client) => client.presence('lea') === 'online');
    assert.ok(told.every((text) => !text.includes('kai')), told.join());
});


/* Numbers that look random, the same each time. */

function dice(seed) {
    let x = seed;

    return (n) => {
        x = (Math.imul(x, 1664525) + 1013904223) >>> 0;

        return Math.floor(x / 2 ** 32 * n);
    };
}

test('at random: every page has what a new one has', async (t) => {
    const chats = ['z1', 'z2', 'z3'];
    const names = ['uma', 'vic', 'wim'];
    const random = dice(7);

    const ways = [];
    const pages = [];

    for (const name of names) {
        for (let i = 0; i < 2; i++) {
            const way = await line(nginx.port);

            t.after(() => way.close());
            ways.push(way);
            pages.push({ name, ...user(t, name,
                { url: `${way.url}api/ws` }) });
        }
    }

    for (const one of pages) {
        await enter(chats[0], one);
        await one.join(...chats.slice(1));
    }

    for (let round = 0; round < 8; round++) {
        for (let i = 0; i < 25; i++) {
            const chat = chats[random(3)];
            const one = pages[random(pages.length)];

            switch (random(6)) {
            case 0:
                one.client.read(chat, random(40));
                break;
            case 1:
                one.client.read(chat);
                break;
            case 2:
                if (random(4) === 0) {
                    const way = ways[random(ways.length)];

                    way.cut();
                    way.join();
                }

                break;
            default:
                await say(chat, names[random(3)], `${i}`,
                    random(4) ? {} : { silent: true });
            }
        }

        /* a mark that comes through to all of them is behind all of it */

        const mark = `mark ${round}`;

        for (const id of chats) {
            await say(id, 'nobody', mark);
        }

        await Promise.all(pages.map((one) => Promise.all(chats.map((id) =>
            one.next('new_message', (at) => at.chatId === id
                && at.message.text === mark)))));

        for (const name of names) {
            const fresh = user(t, name);

            await enter(chats[0], fresh);
            await fresh.join(...chats.slice(1));

            for (const one of pages.filter((page) => page.name === name)) {
                await one.is('the same', (client) => chats.every((id) =>
                    client.unread(id) === fresh.client.unread(id)
                    && client.chat(id).read === fresh.client.chat(id).read));
                assert.equal(one.client.unreadTotal,
                    fresh.client.unreadTotal);
            }

            fresh.client.close();
        }
    }
});


test('a zone that is lost', async (t) => {
    const { port } = nginx;
    const kim = user(t, 'kim');

    await enter('l1', kim);
    await say('l1', 'x');
    await kim.is('unread', (client) => client.unread('l1') === 1);

    const { epoch } = kim.client.position('l1');

    nginx.stop();
    nginx = await Nginx.start({ edit, port });
    await kim.next('resumed');
    await kim.next('gap');
    assert.equal(kim.client.unreadTotal, 0);
    assert.notEqual(kim.client.chat('l1').epoch, epoch);
    await say('l1', 'x');
    await kim.is('unread', (client) => client.unread('l1') === 1);
    kim.client.read('l1');
    await kim.is('unread', (client) => client.unread('l1') === 0);
});
