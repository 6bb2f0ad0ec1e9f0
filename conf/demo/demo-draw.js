/*
 * Copyright (C) chatws contributors
 *
 * The demo as it is now: the list, the chat that is open, the title.
 */

import { chats, page } from './demo-page.js';
import { sendAgain } from './demo-send.js';
import * as view from './demo-view.js';

const { $ } = view;


export function paint() {
    const log = $('log');
    const bottom = view.atBottom();

    /* in an order that stays: what moves is hard to click, or to hear */

    const all = [...chats.values()];

    for (const chat of all) {
        chat.now = view.typing(chat.names);
    }

    view.chats($('list'), all, page.current);

    if (page.current) {
        const ready = isReady(page.current);

        view.messages($('messages'), ready ? page.current.items : [],
            sendAgain);
        $('empty').hidden = !ready || page.current.items.length > 0;
        $('typing').textContent = page.current.now;
        $('hint').textContent = hint();

        if (bottom) {
            log.scrollTop = log.scrollHeight;
        }
    }

    const unread = all.reduce((sum, chat) => sum + chat.unread, 0);

    document.title = `${unread ? `(${unread}) ` : ''}${page.current
        ? `${page.current.id} \u2013 ` : ''}chatws`;
}

/* A history is shown as a whole: one that grows would push itself up. */

function isReady(chat) {
    if (chat.target && page.client.position(chat.id)?.seq >= chat.target) {
        chat.ready = true;
    }

    return chat.ready;
}

function hint() {
    const people = new Set(page.current.items.filter(({ sender }) => sender)
        .map(({ sender }) => sender));

    people.delete(page.me);

    const names = [...people].slice(-3).join(', ');

    return names ? `You, ${names}` : 'Only you so far';
}
