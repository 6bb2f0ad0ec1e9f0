/*
 * Copyright (C) chatws contributors
 *
 * Who is there, and whether we want to be seen.
 */

import { recall, remember } from './demo-account.js';
import { chats, page } from './demo-page.js';
import { $, avatar, element, shortTime } from './demo-view.js';

const INVISIBLE = 'chatws.invisible';

/* without a touch for so long somebody is away */
const AWAY = 5 * 60 * 1000;

/* the list is to be looked through */
const MOST = 50;

const ORDER = ['online', 'away', 'offline'];

const rows = new Map();     /* user: its element and the parts of it */


/* of the client; others are to see nothing of us before we can say so */

export function options() {
    $('invisible').checked = isInvisible();

    return { state: true, presence: isInvisible() ? 'invisible' : undefined };
}

/* All pages of one name agree. */

const key = () => `${INVISIBLE}.${page.me}`;
const isInvisible = () => recall('localStorage', key()) === 'true';

$('invisible').addEventListener('change', ({ target }) => {
    remember('localStorage', key(), `${target.checked}`);
    page.client.setPresence(target.checked ? 'invisible' : 'online');
});

addEventListener('storage', (event) => {
    if (page.client && event.key === key()) {
        $('invisible').checked = isInvisible();
        page.client.setPresence(isInvisible() ? 'invisible' : 'online');
    }
});


export function setup() {
    page.client.autoAway(AWAY);
}


/* Others in this chat who are there. */

export const online = (chat) => page.client.online(chat.id)
    .filter((user) => user !== page.me).length;


/* Who types in it; the server tells that of our other pages, too. */

export function typists(chat) {
    const { users, count } = page.client.typists(chat.id);
    const others = users.filter(({ userId }) => userId !== page.me);

    return { names: others.map(({ username }) => username),
        count: count - (users.length - others.length) };
}


/* What is beside the title of a chat. */

export function hint(chat) {
    const { count, people } = page.client.people(chat.id);

    if (people > 0) {
        return `${count} of ${people} online`;
    }

    const names = new Set(chat.items.filter(({ sender }) => sender)
        .map(({ sender }) => sender));

    names.delete(page.me);

    const last = [...names].slice(-3).join(', ');

    return last ? `You, ${last}` : 'Only you so far';
}


/* People of all chats, those who are there first. */

export function draw() {
    const { client } = page;
    const all = new Set();

    $('people').hidden = client.features.length > 0
        && !client.features.includes('presence');

    for (const { id } of chats.values()) {
        const { online: here, away, offline } = client.people(id);

        [...here, ...away, ...Object.keys(offline)].forEach((user) =>
            all.add(user));
    }

    all.delete(page.me);

    const wanted = [...all].map((name) =>
        ({ name, state: client.presence(name) ?? 'offline' }))
        .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state)
            || a.name.localeCompare(b.name))
        .slice(0, MOST);

    for (const user of rows.keys()) {
        if (!all.has(user)) {
            rows.delete(user);
        }
    }

    const nodes = wanted.map((person) => row(person));
    const list = $('people-list');

    if (nodes.some((node, i) => node !== list.children[i])
        || nodes.length !== list.childElementCount)
    {
        list.replaceChildren(...nodes);
    }
}

function row({ name, state }) {
    let parts = rows.get(name);

    if (!parts) {
        const node = element('li');
        const face = element('span', 'face');

        parts = { node, dot: element('span'), seen: element('span', 'seen') };
        parts.dot.setAttribute('aria-hidden', 'true');
        face.append(avatar(element('span'), name), parts.dot);
        node.append(face, element('b', '', name), parts.seen);
        rows.set(name, parts);
    }

    const time = page.client.lastSeen(name);

    parts.dot.className = `dot is-${state}`;
    parts.seen.textContent = state !== 'offline' ? state
        : time ? `last seen ${shortTime(time)}` : state;

    return parts.node;
}
