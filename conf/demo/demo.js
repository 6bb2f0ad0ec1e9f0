/*
 * Copyright (C) chatws contributors
 *
 * The demo: chats over chatws.js, how it begins and ends.  With an app server
 * behind nginx the history comes from there, else from what nginx still holds.
 */

import { connect } from './chatws.js';
import * as account from './demo-account.js';
import * as frames from './demo-console.js';
import { paint } from './demo-draw.js';
import { handlers } from './demo-events.js';
import { enter, follow, kept, phone, step } from './demo-open.js';
import { chats, draw, drawNow, page, paintBy } from './demo-page.js';
import * as people from './demo-people.js';
import { send } from './demo-send.js';
import * as view from './demo-view.js';

const { $ } = view;
const NAME = 'chatws.name';

let place = null;           /* what chats.json says of it */


/* What chats.json says of this place: one chat is enough to begin with. */

async function lookAround() {
    try {
        return await frames.request('GET', 'chats.json');

    } catch {
        return { chats: [{ id: 'general' }] };
    }
}

function start(name) {
    page.me = name;
    account.remember('sessionStorage', NAME, name);
    $('me').textContent = name;
    view.avatar($('me-avatar'), name);
    page.history = place.history ?? false;
    page.upload = place.upload;
    $('attach').hidden = !page.upload;

    page.client = connect({ url: 'api/ws', WebSocket: frames.WatchedSocket,
        ...people.options(),
        ...page.hasLogin ? account.options : { userId: name } });

    for (const [type, handler] of Object.entries(handlers)) {
        page.client.addEventListener(type, ({ detail }) => {
            handler(detail);
            draw();
        });
    }

    /* what the client keeps of it is enough */

    for (const type of ['presence', 'unread', 'read_receipt', 'chat_state',
        'typing_users', 'upload_progress', 'user_typing'])
    {
        page.client.addEventListener(type, draw);
    }

    people.setup();

    for (const id of [...place.chats.map((chat) => chat.id), ...kept()]) {
        enter(id);
    }

    for (const id of ['link', 'tools', 'app', 'skip']) {
        $(id).hidden = false;
    }

    $('welcome').hidden = true;
    view.link(page.client);
    follow();
    draw();
}

$('who').addEventListener('submit', async (event) => {
    const name = $('name').value.trim();

    event.preventDefault();

    if (!name) {
        return;
    }

    if (!page.hasLogin) {
        start(name);

        return;
    }

    $('fault').textContent = await account.enter(
        event.submitter?.value === 'new');

    if ($('fault').textContent) {
        return;
    }

    if (!page.client) {
        arrive();

    } else if (name === page.me) {
        $('welcome').hidden = true;
        $('app').hidden = false;
        page.client.retry();

    } else {
        location.reload();
    }
});

$('leave').addEventListener('click', async () => {
    account.remember('sessionStorage', NAME, '');

    if (page.hasLogin) {
        await account.leave();
    }

    location.reload();
});

$('new').addEventListener('submit', async (event) => {
    const id = $('new-name').value.trim();

    event.preventDefault();

    if (!id) {
        return;
    }

    $('new-name').value = '';

    if (page.hasLogin) {
        try {
            await account.make(id);

        } catch (error) {
            page.current?.note(error.message);
            draw();

            return;
        }
    }

    location.hash = `#${encodeURIComponent(id)}`;
});

$('send').addEventListener('submit', (event) => {
    const text = $('text').value.trim();

    event.preventDefault();

    if (text) {
        $('text').value = '';
        page.current.draft(text);
        page.current.ready = true;
        send(page.current);
        drawNow();
        $('log').scrollTop = $('log').scrollHeight;
        $('text').focus();
    }
});

$('text').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        $('send').requestSubmit();
    }
});

document.addEventListener('keydown', (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];

    if (event.altKey && by && page.client) {
        event.preventDefault();
        step(by);
    }
});

for (const type of ['focus', 'blur', 'visibilitychange']) {
    addEventListener(type, () => page.client && draw());
}

$('latest').addEventListener('click', () => {
    $('log').scrollTop = $('log').scrollHeight;
    $('text').focus();
});

$('skip').addEventListener('click', (event) => {
    event.preventDefault();
    $('text').focus();
});

$('retry').addEventListener('click', () => page.client.retry());
addEventListener('hashchange', () => page.client && follow());
addEventListener('online', () => page.client && view.link(page.client));
addEventListener('offline', () => page.client && view.link(page.client));
phone.addEventListener('change', () =>
    page.client && !page.current && follow());

frames.setup();
paintBy(paint);

/* By the cookie of a login, or by the name of this tab. */

async function arrive() {
    place = await lookAround();
    page.hasLogin = account.setup(place);

    const name = page.hasLogin ? place.user?.name
        : account.recall('sessionStorage', NAME);

    if (name) {
        start(name);

    } else {
        account.welcome();
    }
}

arrive();
