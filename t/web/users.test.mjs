/*
 * Copyright (C) chatws contributors
 *
 * People in the browser client, with nginx: what is for the user, and comes
 * back through cut lines, reloads and killed workers.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { line, Nginx } from './nginx.mjs';
import { user as userOf } from './user.mjs';

let nginx;

before(async () => nginx = await Nginx.start({ edit: (text) => text
    .replace('    server {', '    chatws_users zone=chat;\n\n    server {') }));

after(() => {
    nginx.stop();
});

const user = (t, name, options) => userOf(t, nginx, name,
    { maxDelay: 100, types: ['notification', 'chat_update'], ...options });

const to = (users, n) => nginx.publish({ toUsers: users, type: 'friend', n });

const numbersOf = async (one, n) => {
    const all = [];

    while (all.length < n) {
        all.push((await one.next('notification')).n);
    }

    return all;
};


test('what is for the user comes to each page of the user', async (t) => {
    const pages = [user(t, 'ann'), user(t, 'ann', { chats: 'live' })];
    const bob = user(t, 'bob');

    for (const one of [...pages, bob]) {
        assert.ok((await one.next('open')).features.includes('users'));
    }

    await nginx.publish({ toUsers: ['ann', 'bob'], type: 'chat_update',
        chatId: 'x', lastMessage: 'hi', lastMessageTime: 'now',
        unreadCount: 1 });

    for (const one of [...pages, bob]) {
        const { userSeq, lastMessage } = await one.next('chat_update');

        assert.deepEqual([userSeq, lastMessage], [1, 'hi']);
        assert.deepEqual(one.client.chats, []);
    }
});


test('a cut line: what was missed comes, before what is new', async (t) => {
    for (const chats of [undefined, 'live']) {
        await t.test(`chats: ${chats}`, async (t) => {
            const name = `cut_${chats}`;
            const way = await line(nginx.port);

            t.after(() => way.close());

            const ann = user(t, name, { url: `${way.url}api/ws`, chats });

            await ann.next('open');
            await to(name, 1);
            assert.deepEqual(await numbersOf(ann, 1), [1]);

            way.cut();
            await ann.next('reconnecting');

            for (let n = 2; n <= 5; n++) {
                await to(name, n);
            }

            way.join();
            assert.equal((await ann.next('resumed')).user.recovered, true);
            await to(name, 6);
            assert.deepEqual(await numbersOf(ann, 5), [2, 3, 4, 5, 6]);
        });
    }
});


test('published without a pause, through a reload and a kill', async (t) => {
    const pages = [user(t, 'eve'), user(t, 'eve', { chats: 'live' })];

    for (const one of pages) {
        await one.next('open');
    }

    /* no more than the zone keeps; what the killed one answers is lost, and
       what it published is not */

    const publish = async () => {
        for (let n = 1; n <= 30; n++) {
            await to('eve', n).catch(() => {});
        }
    };

    const [{ exit }, publishing] = [nginx, publish()];

    await nginx.logged(exit, () => nginx.command('-s', 'reload'));
    await publishing;

    const again = Promise.all(pages.map((one) => one.next('resumed')));
    const more = publish();

    for (const pid of nginx.workers) {
        process.kill(pid, 'SIGKILL');
    }

    await again;
    await more;
    await to('eve', 'end');

    const seen = await Promise.all(pages.map(async (one) => {
        const all = [];

        do {
            all.push(await one.next('notification'));
        } while (all.at(-1).n !== 'end');

        return all.map(({ userSeq }) => userSeq);
    }));

    assert.deepEqual(seen[0], seen[1]);
    assert.deepEqual(seen[0], seen[0].map((_, i) => i + 1));
});
