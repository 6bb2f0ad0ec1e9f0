/*
 * Copyright (C) chatws contributors
 *
 * The demo with an app server that has accounts: logging in, tokens, chats of
 * one's own and who is in them, new keys.
 */

import { UnauthorizedError } from './chatws.js';
import { request } from './demo-console.js';
import { $, avatar, element } from './demo-view.js';


let user = null;            /* { name, isAdmin } */
let owners = new Map();     /* chat: its owner, or null */


/* What the browser keeps for us: nothing, where it is told not to. */

export function recall(where, key) {
    try {
        return globalThis[where].getItem(key);

    } catch {
        return null;
    }
}

export function remember(where, key, value) {
    try {
        globalThis[where].setItem(key, value);

    } catch {
        /* only not remembered */
    }
}


/* What chats.json says; true: somebody is, or has to be, logged in. */

export function setup({ login, user: known, chats }) {
    user = known ?? null;
    owners = new Map(chats.map(({ id, owner }) => [id, owner ?? null]));

    if (login) {
        $('secret').hidden = false;
        $('password').required = true;
        $('begin').textContent = 'Log in';
        $('sign-up').hidden = false;
        $('pick').textContent = 'A new account takes any name that is free.';
        $('leave-what').textContent = ', log out';
        $('other').hidden = true;
        $('new-key').hidden = !user?.isAdmin;
    }

    return login ?? false;
}


export function welcome() {
    $('welcome').hidden = false;
    $('name').focus();
}

/* The form was sent; a message, if that was in vain. */

export async function enter(isNew) {
    try {
        await request('POST', isNew ? 'api/users' : 'api/login',
            { name: $('name').value.trim(), password: $('password').value });
        $('password').value = '';

        return '';

    } catch (error) {
        return error.message;
    }
}


export async function leave() {
    await request('POST', 'api/logout').catch(() => {});
}


/* A token for nginx; an answer of 401 is the end of a session. */

export async function getToken() {
    try {
        const { token } = await request('POST', 'api/token');

        return token;

    } catch (error) {
        throw error.status === 401 ? new UnauthorizedError(error.message)
            : error;
    }
}


/* The key of a chat, where nginx encrypts. */

async function encryptionKey(chatId, kid) {
    const { k } = await request('GET', `api/chats/${encodeURIComponent(chatId)}`
        + `/key?kid=${encodeURIComponent(kid)}`);

    return Uint8Array.from(atob(k.replace(/-/g, '+').replace(/_/g, '/')),
        (letter) => letter.charCodeAt(0));
}


/* of the client */
export const options = { getToken, encryptionKey, tokenIn: 'protocol',
    chats: 'live' };


/* A name that nobody has taken makes a chat that is ours. */

export async function make(id) {
    if (!owners.has(id)) {
        try {
            const { owner } = await request('POST', 'api/chats', { id });

            owners.set(id, owner);

        } catch (error) {
            if (error.status !== 409) {
                throw error;
            }
        }
    }
}


/* Who is in the chat; its owner lets people in, and removes them. */

const path = (id) => `api/chats/${encodeURIComponent(id)}/members`;

let shown = null;

export async function show(id) {
    shown = id;
    $('members').hidden = true;

    if (!user || owners.get(id) === null) {
        return;
    }

    const { owner, members } = await request('GET', path(id))
        .catch(() => ({}));

    if (!owner || shown !== id) {
        return;
    }

    const isMine = owner === user.name;

    owners.set(id, owner);
    $('members').hidden = false;
    $('member-list').replaceChildren(...members.map((name) => {
        const item = element('li');

        item.append(avatar(element('span'), name),
            name === owner ? `${name}, owner` : name);

        if (isMine && name !== owner) {
            const button = element('button', '', 'Remove');

            button.type = 'button';
            button.setAttribute('aria-label', `Remove ${name}`);
            button.addEventListener('click', () => change('DELETE',
                `${path(id)}?name=${encodeURIComponent(name)}`));
            item.append(button);
        }

        return item;
    }));
    $('invite').hidden = !isMine;
    $('members-told').textContent = '';
}

async function change(method, where, body) {
    const id = shown;

    try {
        await request(method, where, body);
        await show(id);

    } catch (error) {
        $('members-told').textContent = error.message;
    }
}

$('invite').addEventListener('submit', (event) => {
    const name = $('invite-name').value.trim();

    event.preventDefault();

    if (name) {
        $('invite-name').value = '';
        change('POST', path(shown), { name });
    }
});


/* Tokens of the old key are good as long as they are. */

$('new-key').addEventListener('click', async () => {
    const button = $('new-key');

    button.disabled = true;

    try {
        const { reloaded } = await request('POST', 'api/keys');

        $('key-told').textContent = reloaded ? 'There is a new key'
            : 'There is a new key; nginx has to be reloaded';

    } catch (error) {
        $('key-told').textContent = error.message;
    }

    button.disabled = false;
});
