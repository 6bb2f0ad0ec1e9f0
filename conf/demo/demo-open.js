/*
 * Copyright (C) chatws contributors
 *
 * Chats are entered, and one of them is open: the one that the address names.
 * What is shown of it is read, in all pages of the user.
 */

import * as account from './demo-account.js';
import { Chat } from './demo-chat.js';
import { load } from './demo-history.js';
import { chats, draw, drawNow, page } from './demo-page.js';
import { $ } from './demo-view.js';

const CHATS = 'chatws.chats';

export const phone = matchMedia('(max-width: 44rem)');

let undo = [];              /* what is done while a chat is open */


export function enter(id) {
    if (!chats.has(id)) {
        chats.set(id, new Chat(id, page.me));
        page.client.subscribe(id);

        /* who has an account has them there */

        if (!page.hasLogin) {
            account.remember('localStorage', CHATS,
                JSON.stringify([...chats.keys()]));
        }
    }

    return chats.get(id);
}

/* Those that were opened by hand. */

export function kept() {
    return page.hasLogin ? []
        : JSON.parse(account.recall('localStorage', CHATS) ?? '[]');
}

/* The server has put us into it. */

export function join(id) {
    const isNew = !chats.has(id);
    const chat = enter(id);

    if (isNew || chat.isOut) {
        chat.isOut = false;
        load(chat);
    }
}

/* Closed to us: tried again when it is opened again. */

export function shut(id, text) {
    const chat = chats.get(id);

    if (!chat.isOut) {
        chat.isOut = true;
        chat.ready = true;

        if (chat.items.at(-1)?.notice !== text) {
            chat.note(text);
        }
    }

    if (chat === page.current) {
        account.show(id);
    }
}

export function open(id) {
    const chat = enter(id);

    if (chat === page.current) {
        return;
    }

    leave();
    page.current = chat;

    if (chat.isOut) {
        chat.isOut = false;
        page.client.subscribe(id);
    }

    account.show(id);
    undo = [page.client.autoTyping($('text'), id),
        page.client.autoRead(id, $('log'))];
    $('text').value = chat.text;
    $('title').textContent = id;
    $('latest').hidden = true;
    $('messages').replaceChildren();
    $('text').placeholder = `Message to ${id}`;
    document.body.dataset.view = 'chat';
    drawNow();
    $('log').scrollTop = $('log').scrollHeight;
}

/* What was begun in the field stays with its chat. */

function leave() {
    undo.forEach((end) => end());
    undo = [];

    if (page.current) {
        page.current.text = $('text').value;
        page.current = null;
    }
}


/* By the address. */

export function follow() {
    let id = '';

    try {
        id = decodeURIComponent(location.hash.slice(1));

    } catch {
        /* not one of our addresses */
    }

    if (id) {
        open(id);

        if (!phone.matches) {
            $('text').focus();
        }

    } else if (phone.matches) {
        leave();
        document.body.dataset.view = 'list';
        draw();

    } else {
        const [first] = chats.keys();

        location.replace(`#${encodeURIComponent(first)}`);
        open(first);
    }
}

export function step(by) {
    const links = [...$('list').querySelectorAll('a')];
    const at = links.findIndex((link) => link.ariaCurrent
        ?? link.getAttribute('aria-current'));
    const next = links[(at + by + links.length) % links.length];

    if (next) {
        location.hash = next.hash;
    }
}
