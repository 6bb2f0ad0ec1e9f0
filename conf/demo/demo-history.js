/*
 * Copyright (C) chatws contributors
 *
 * What was said before, or was missed: of the app server, or of nginx, which
 * holds the last messages.
 */

import * as frames from './demo-console.js';
import { draw, page } from './demo-page.js';


/* The last messages, or else all that came after the last one of ours. */

export async function load(chat) {
    const path = `api/chats/${encodeURIComponent(chat.id)}/messages`;

    chat.isWhole = false;

    try {
        for ( ;; ) {
            const after = chat.lastId;
            const { messages, reads } = await frames.request('GET', after
                ? `${path}?after=${encodeURIComponent(after)}` : path);

            messages.forEach((message) => chat.add(message));
            chat.reads = reads ?? {};
            chat.lastId = messages.at(-1)?.id ?? after;

            if (!after || !messages.length) {
                break;
            }
        }

        chat.isWhole = true;
        chat.until = page.client.position(chat.id);

    } catch (error) {
        chat.note(`The history could not be loaded: ${error.message}`);
    }

    chat.ready = true;
    draw();
}


/* Once more, from an earlier position. */

export function earlier(chat, position) {
    const since = position && chat.earlier(position);

    if (since) {
        page.client.unsubscribe(chat.id);
        page.client.subscribe(chat.id, since);
    }

    return since;
}
