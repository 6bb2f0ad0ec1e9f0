/*
 * Copyright (C) chatws contributors
 *
 * Files: one is sent, and all who are in the chat see how far it has come.
 */

import { getToken } from './demo-account.js';
import { draw as drawAll, page } from './demo-page.js';
import { send } from './demo-send.js';
import { $, element, sizeOf } from './demo-view.js';

const mine = new Map();     /* id: { name, abort } of those of this page */
const rows = new Map();     /* user and id: the element and its parts */


/*
 * The app server makes a message of it.  Without one nobody keeps the file,
 * and the message is ours.
 */

async function sendFile(chat, file) {
    const { name, size } = file;
    const headers = page.hasLogin
        ? { Authorization: `Bearer ${await getToken()}` } : {};
    const url = page.upload.replace('{user}', encodeURIComponent(page.me))
        .replace('{chat}', encodeURIComponent(chat.id));
    const { id, abort, done } = page.client.upload(chat.id, file,
        { url: `${url}?name=${encodeURIComponent(name)}`, headers });

    mine.set(id, { name, abort });

    try {
        await done;

        if (!page.hasLogin) {
            chat.draft(name, { name, size });
            send(chat);
        }

    } catch (error) {
        if (error.name !== 'AbortError') {
            chat.note(`${name} was not sent: ${error.message}`);
        }
    }

    mine.delete(id);
    drawAll();
}

$('attach').addEventListener('click', () => $('file').click());

$('file').addEventListener('change', async ({ target }) => {
    const chat = page.current;
    const [file] = target.files;

    if (file) {
        target.value = '';

        try {
            await sendFile(chat, file);

        } catch (error) {
            chat.note(`${file.name} was not sent: ${error.message}`);
            drawAll();
        }
    }
});


/* Where the app server keeps it. */

export function link(item) {
    if (item.file && page.history && !item.state) {
        item.href = `api/files/${encodeURIComponent(item.id)}`;
    }
}


/* Those of the open chat that are on their way. */

export function draw() {
    const list = $('uploads');
    const all = page.client.uploads(page.current.id);
    const keys = new Set();

    for (const upload of all) {
        const key = JSON.stringify([upload.userId, upload.uploadId]);

        keys.add(key);
        show(rows.get(key) ?? make(key, upload), upload);
    }

    for (const [key, { node }] of rows) {
        if (!keys.has(key)) {
            rows.delete(key);
            node.remove();

        } else if (!node.isConnected) {
            list.append(node);
        }
    }
}

function make(key, { userId, username, uploadId }) {
    const own = mine.get(uploadId);
    const who = userId === page.me ? 'You are' : `${username ?? userId} is`;
    const label = `${who} sending ${own?.name ?? 'a file'}`;
    const parts = { node: element('li'), bar: element('progress'),
        far: element('span', 'far') };

    parts.bar.setAttribute('aria-label', label);
    parts.node.append(element('span', 'what', label), parts.bar, parts.far);

    if (own) {
        const stop = element('button', '', '\u00d7');

        stop.type = 'button';
        stop.setAttribute('aria-label', `Do not send ${own.name}`);
        stop.addEventListener('click', own.abort);
        parts.node.append(stop);
    }

    rows.set(key, parts);

    return parts;
}

function show({ bar, far }, { received, total, state }) {
    if (total) {
        bar.max = total;
        bar.value = received;
    }

    far.textContent = state === 'processing' ? 'almost there'
        : total ? `${Math.floor(100 * received / total)} % of ${sizeOf(total)}`
            : sizeOf(received);
}
