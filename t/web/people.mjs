/*
 * Copyright (C) chatws contributors
 *
 * What a server that knows people says, and a client that listens.
 */

import '../../conf/client/chatws-people.js';
import '../../conf/client/chatws-upload.js';

import { connected, settled, socket, start } from './fake.mjs';

const now = '2025-11-27T10:00:00.000Z';

export const features = ['users', 'members', 'presence', 'watch', 'unread',
    'receipts', 'delivered', 'uploads'];

export const welcome = (userSeq = 0, more) => connected({ userSeq,
    epoch: 'e1', features, ...more });

export const list = (chats, more) => ({ type: 'chats', chats, first: true,
    more: false, userSeq: 0, epoch: 'e1', ...more });

export const numbers = (last, read = last, more) => ({ last, count: last,
    read, seen: read, unread: last - read, ...more });

export const added = (chatId, userSeq, last = 0, unread = 0) => ({
    type: 'chat_added', chatId, last, count: last, unread, userSeq,
    epoch: 'e1', timestamp: now });

export const removed = (chatId, userSeq) => ({ type: 'chat_removed', chatId,
    userSeq, timestamp: now });

export const counted = (chatId, seq, count = seq, more) => ({
    type: 'new_message', chatId, message: { id: `msg_${seq}`,
        text: `text ${seq}`, sender: 'v', timestamp: now,
        isOwnMessage: false, ...more }, timestamp: now, seq, count });

export const unread = (chatId, read, count, more) => ({ type: 'unread',
    chatId, read, seen: read, count, unread: count - read, epoch: 'e1',
    timestamp: now, ...more });

export const presence = (chatId, more) => ({ type: 'presence', chatId,
    online: [], away: [], offline: {}, left: [], count: 0, people: 0,
    timestamp: now, ...more });

export const receipt = (chatId, reads, more) => ({ type: 'read_receipt',
    chatId, reads, timestamp: now, ...more });

export const state = (chatId, more) => ({ type: 'chat_state', chatId,
    ...numbers(0), presence: { online: [], away: [], offline: {}, count: 0,
        people: 0 }, reads: {}, typing: [], epoch: 'e1', timestamp: now,
    ...more });

export const types = ['presence', 'read_receipt', 'unread', 'chats',
    'chat_state', 'chat_added', 'chat_removed', 'upload_progress',
    'notification', 'chat_update'];


/* A client of all the user's chats, whose first connection is there. */

export async function people(t, { chats, hello = welcome(), ...options } = {}) {
    const s = start(t, { chats: 'live', state: true, ...options });

    types.forEach((type) => s.client.addEventListener(type, ({ detail }) =>
        s.events.push({ event: type, ...detail })));
    await settled();
    socket().say(hello);

    if (chats) {
        socket().say(list(chats));
    }

    socket().take();
    s.take();

    return s;
}


/* Another connection after that one is lost; what was sent. */

export async function again(s, hello = welcome()) {
    socket().end(1006);
    s.client.retry();
    await settled();
    socket().say(hello);
    s.take();

    return socket().take();
}
