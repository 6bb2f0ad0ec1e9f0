/*
 * Copyright (C) chatws contributors
 *
 * People in the browser client, with nginx: members, whom the server
 * subscribes; through cut lines and a zone that is lost.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
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
    .replace('chatws_own_messages on;', 'chatws_watch 100;')
    .replace('location = /api/messages', `location = /commands {
            chatws_api chat write=on;
        }

        location = /api/messages`);

let nginx;

before(async () => nginx = await Nginx.start({ edit }));

after(() => nginx.stop());


/* A client of all its chats; is() awaits what it knows. */

function user(t, name, options) {
    const one = userOf(t, nginx, name, { maxDelay: 100, types, chats: 'live',
        state: true, ...options });

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

async function command(body) {
    const post = request(`${nginx.url}commands`, { method: 'POST',
        agent: false, headers: { 'Content-Type': 'application/json' } });

    post.end(JSON.stringify(body));

    const [answer] = await once(post, 'response');
    const text = (await answer.toArray()).join('');

    assert.ok(answer.statusCode < 300, `${answer.statusCode} ${text}`);

    return JSON.parse(text);
}

const members = (chatId, add, remove = []) =>
    command({ command: 'members', chatId, add, remove });

const say = (chatId, sender, text = 'hi', more) =>
    nginx.publish({ chatId, text, sender, ...more });


test('members: nothing is missed after the answer', async (t) => {
    const pages = [user(t, 'ann'), user(t, 'ann')];

    for (const one of pages) {
        await one.next('chats');
        assert.deepEqual(one.client.userChats, []);
    }

    await members('m1', ['ann', 'bob']);
    await say('m1', 'bob', 'at once');

    for (const one of pages) {
        assert.equal((await one.next('chat_added')).chatId, 'm1');
        assert.equal((await one.next('new_message')).message.text, 'at once');
        assert.deepEqual(one.client.chats, ['m1']);
        assert.equal(one.client.unread('m1'), 1);
    }

    /* another page, later */

    const late = user(t, 'ann');

    await late.next('chats');
    assert.deepEqual(late.client.userChats, ['m1']);
    assert.equal(late.client.unread('m1'), 1);

    await members('m1', [], ['ann']);
    await say('m1', 'bob', 'without ann');

    for (const one of [...pages, late]) {
        await one.next('chat_removed');
        assert.deepEqual(one.client.chats, []);
        assert.equal(one.client.unreadTotal, 0);
    }

    /* what comes next is of another chat */

    await members('m2', ['ann']);
    await say('m2', 'bob', 'next');

    for (const one of [...pages, late]) {
        assert.equal((await one.next('new_message')).message.text, 'next');
    }
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

    for (const id of chats) {
        await members(id, names);
    }

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
        await one.next('chats');
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

            await fresh.next('chats', ({ more }) => more === false);

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

    await members('l1', ['kim']);
    await say('l1', 'x');

    const kim = user(t, 'kim');

    await kim.next('chats');
    assert.equal(kim.client.unread('l1'), 1);
    await say('l1', 'x');
    await kim.is('unread', (client) => client.unread('l1') === 2);

    const { epoch } = kim.client.position('l1');

    nginx.stop();
    nginx = await Nginx.start({ edit, port });
    await kim.next('resumed');
    await kim.next('chats');
    assert.deepEqual(kim.client.userChats, []);
    assert.equal(kim.client.unreadTotal, 0);

    /* what the app server knows counts where nothing else is known */

    await members('l2', [{ userId: 'kim', unread: 4 }]);
    await kim.next('chat_added');
    assert.equal(kim.client.unread('l2'), 4);
    assert.notEqual(kim.client.chat('l2').epoch, epoch);
    await say('l2', 'x');
    await kim.is('unread', (client) => client.unread('l2') === 5);
    kim.client.read('l2');
    await kim.is('unread', (client) => client.unread('l2') === 0);
});
