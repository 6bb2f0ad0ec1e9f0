/*
 * Copyright (C) chatws contributors
 *
 * The demo as it is now: the list, the chat that is open, the title.
 */

import { chats, page } from './demo-page.js';
import * as people from './demo-people.js';
import { sendAgain } from './demo-send.js';
import * as upload from './demo-upload.js';
import * as view from './demo-view.js';

const { $ } = view;


export function paint() {
    const { client, current } = page;
    const log = $('log');
    const bottom = view.atBottom();

    /* in an order that stays: what moves is hard to click, or to hear */

    const all = [...chats.values()];

    for (const chat of all) {
        const { names, count } = people.typists(chat);

        chat.now = view.typing(names, count);
        chat.unread = isLookedAt(chat) ? 0 : client.unread(chat.id);
        chat.online = people.online(chat);
    }

    view.chats($('list'), all, current);
    people.draw();

    if (current) {
        const ready = isReady(current);
        const tick = client.features.includes('receipts')
            ? current.ticks(client) : () => '';

        current.items.forEach((item) => upload.link(item));
        upload.draw();
        view.messages($('messages'), ready ? current.items : [], sendAgain,
            tick);
        $('empty').hidden = !ready || current.items.length > 0;
        $('typing').textContent = current.now;
        $('hint').textContent = people.hint(current);

        if (bottom) {
            log.scrollTop = log.scrollHeight;
        }
    }

    const unread = client.unreadTotal - (current && isLookedAt(current)
        ? client.unread(current.id) : 0);

    document.title = `${unread ? `(${unread}) ` : ''}${current
        ? `${current.id} \u2013 ` : ''}chatws`;
}

/* What is read at this moment is not unread until the server has heard it. */

function isLookedAt(chat) {
    return chat === page.current && !document.hidden && document.hasFocus();
}

/* A history is shown as a whole: one that grows would push itself up. */

function isReady(chat) {
    if (chat.target && page.client.position(chat.id)?.seq >= chat.target) {
        chat.ready = true;
    }

    return chat.ready;
}
