/*
 * Copyright (C) chatws contributors
 *
 * Sending one after the other, in the order in which they were written.  One
 * without an answer, which may or may not have got there, waits, and those
 * behind it, until there is a connection again, or for a while.
 */

import * as frames from './demo-console.js';
import { draw, page } from './demo-page.js';


export async function send(chat) {
    if (chat.isSending) {
        return;
    }

    chat.isSending = true;
    clearTimeout(chat.timer);

    for ( ;; ) {
        const item = chat.items.find(({ state }) =>
            state === 'sending' || state === 'waiting');

        if (!item) {
            break;
        }

        item.state = 'sending';
        draw();

        try {
            chat.stored(item, await frames.request('POST', 'api/messages',
                { id: item.id, chatId: chat.id, text: item.text,
                    sender: page.me, file: item.file }));
            chat.tries = 0;

        } catch (error) {

            /* it may have come over the WebSocket meanwhile */

            if (item.state && error.status) {
                item.state = 'failed';
                item.reason = error.message;

            } else if (item.state) {
                chat.waiting();
                chat.timer = setTimeout(() => send(chat),
                    Math.min(30, 2 ** ++chat.tries) * 1000);
                break;
            }
        }
    }

    chat.isSending = false;
    draw();
}

export function sendAgain(item) {
    item.state = 'sending';
    send(page.current);
}
