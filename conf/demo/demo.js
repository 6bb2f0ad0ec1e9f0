/*
 * Copyright (C) chatws contributors
 *
 * The demo: chats over chatws.js.  With an app server behind nginx the
 * history comes from there, else from what nginx still holds.
 */

import { connect } from './chatws.js';
import * as account from './demo-account.js';
import { Chat } from './demo-chat.js';
import * as frames from './demo-console.js';
import * as view from './demo-view.js';

const { $ } = view;
const NAME = 'chatws.name';
const CHATS = 'chatws.chats';

const chats = new Map();
const phone = matchMedia('(max-width: 44rem)');

let me = '';
let client = null;
let current = null;
let history = false;
let hasLogin = false;
let place = null;            /* what chats.json says of it */
let undoTyping = null;
let begun = 0;              /* by the server's clock: what is older was not
                               missed, but is history */


/* Drawing, once a frame however much has happened. */

let due = false;

function draw() {
    if (!due) {
        due = true;
        requestAnimationFrame(drawNow);

        /* frames stop in a hidden tab, whose title is seen all the same */
        setTimeout(drawNow, 200);
    }
}

function drawNow() {
    if (!due) {
        return;
    }

    due = false;

    const log = $('log');
    const bottom = view.atBottom();

    /* in an order that stays: what moves is hard to click, or to hear */

    const all = [...chats.values()];

    for (const chat of all) {
        chat.now = view.typing(chat.names);
    }

    view.chats($('list'), all, current);

    if (current) {
        const ready = isReady(current);

        view.messages($('messages'), ready ? current.items : [], sendAgain);
        $('empty').hidden = !ready || current.items.length > 0;
        $('typing').textContent = current.now;
        $('hint').textContent = hint();

        if (bottom) {
            log.scrollTop = log.scrollHeight;
        }
    }

    const unread = all.reduce((sum, chat) => sum + chat.unread, 0);

    document.title = `${unread ? `(${unread}) ` : ''}${current
        ? `${current.id} \u2013 ` : ''}chatws`;
}

/* A history is shown as a whole: one that grows would push itself up. */

function isReady(chat) {
    if (chat.target && client.position(chat.id)?.seq >= chat.target) {
        chat.ready = true;
    }

    return chat.ready;
}

function hint() {
    const people = new Set(current.items.filter(({ sender }) => sender)
        .map(({ sender }) => sender));

    people.delete(me);

    const names = [...people].slice(-3).join(', ');

    return names ? `You, ${names}` : 'Only you so far';
}


/* Chats */

function enter(id) {
    if (!chats.has(id)) {
        chats.set(id, new Chat(id, me));
        client.subscribe(id);

        /* who has an account has them there */

        if (!hasLogin) {
            account.remember('localStorage', CHATS,
                JSON.stringify([...chats.keys()]));
        }
    }

    return chats.get(id);
}

/* Closed to us: tried again when it is opened again. */

function shut(id, text) {
    const chat = chats.get(id);

    if (!chat.isOut) {
        chat.isOut = true;
        chat.ready = true;
        chat.typists.clear();

        if (chat.items.at(-1)?.notice !== text) {
            chat.note(text);
        }
    }

    if (chat === current) {
        account.show(id);
    }
}

function open(id) {
    const chat = enter(id);

    if (chat === current) {
        return;
    }

    leave();
    current = chat;

    if (chat.isOut) {
        chat.isOut = false;
        client.subscribe(id);
    }

    look();
    account.show(id);
    undoTyping = client.autoTyping($('text'), id);
    $('text').value = chat.text;
    $('title').textContent = id;
    $('latest').hidden = true;
    $('messages').replaceChildren();
    $('text').placeholder = `Message to ${id}`;
    document.body.dataset.view = 'chat';
    due = true;
    drawNow();
    $('log').scrollTop = $('log').scrollHeight;
}

/* What was begun in the field stays with its chat. */

function leave() {
    undoTyping?.();
    undoTyping = null;

    if (current) {
        current.text = $('text').value;
        current = null;
    }
}


/* What one tab has shown is read in all tabs of the same name. */

const tabs = new BroadcastChannel('chatws.read');

function look() {
    if (!document.hidden) {
        const at = client.position(current.id);

        current.look(at);
        tabs.postMessage({ me, id: current.id, at });
    }
}

tabs.addEventListener('message', ({ data }) => {
    const chat = data.me === me && chats.get(data.id);

    if (chat && data.at?.epoch === client.position(data.id)?.epoch) {
        chat.look(data.at);
        draw();
    }
});

function follow() {
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

function step(by) {
    const links = [...$('list').querySelectorAll('a')];
    const at = links.findIndex((link) => link.ariaCurrent
        ?? link.getAttribute('aria-current'));
    const next = links[(at + by + links.length) % links.length];

    if (next) {
        location.hash = next.hash;
    }
}

/* The last messages, or else all that came after the last one of ours. */

async function load(chat) {
    const path = `api/chats/${encodeURIComponent(chat.id)}/messages`;

    chat.isWhole = false;

    try {
        for ( ;; ) {
            const after = chat.lastId;
            const { messages } = await frames.request('GET', after
                ? `${path}?after=${encodeURIComponent(after)}` : path);

            messages.forEach((message) => chat.add(message));
            chat.lastId = messages.at(-1)?.id ?? after;

            if (!after || !messages.length) {
                break;
            }
        }

        chat.isWhole = true;

    } catch (error) {
        chat.note(`The history could not be loaded: ${error.message}`);
    }

    chat.ready = true;
    draw();
}


/*
 * Sending: one after the other, in the order in which they were written.  One
 * without an answer, which may or may not have got there, waits, and those
 * behind it, until there is a connection again, or for a while.
 */

async function send(chat) {
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
                    sender: me }));
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

function sendAgain(item) {
    item.state = 'sending';
    send(current);
}


/* What the server says */

const handlers = {
    new_message({ chatId, message, seq, timestamp }) {
        const chat = chats.get(chatId);

        if (chat.isWhole) {
            chat.lastId = message.id;
        }

        const { epoch } = client.position(chatId) ?? {};
        const isNew = chat.add(message, seq, epoch) && message.sender !== me
            && Date.parse(timestamp) >= begun;

        if (chat === current) {
            look();
        }

        if (isNew && (chat !== current || document.hidden)) {
            chat.arrived(seq, epoch);

        } else if (isNew && !view.atBottom()) {
            $('latest').hidden = false;
        }
    },

    /* the app has it in clear */
    undecryptable: ({ chatId }) => load(chats.get(chatId)),

    chat_update({ chatId, unreadCount }) {
        const chat = chats.get(chatId);

        if (chat !== current) {
            chat.told = Number(unreadCount) || 0;
        }
    },

    user_typing({ chatId, userId, username, isTyping }) {
        chats.get(chatId).typing(userId, username, isTyping);
    },

    subscription_confirmed({ action, chatId, seq, epoch, recovered }) {
        const chat = chats.get(chatId);

        if (action !== 'subscribe' || recovered !== undefined) {
            return;
        }

        /* from now on nothing is missed: what was said before? */

        if (history) {
            load(chat);

        } else if (!chat.loaded) {
            chat.loaded = true;
            chat.ready = !earlier(chat, { seq, epoch });
        }
    },

    recovered({ chatId, seq }) {
        const chat = chats.get(chatId);

        chat.target = seq;

        /* numbers of which we are told nothing may be among them */

        setTimeout(() => {
            chat.ready = true;
            draw();
        }, 1000);
    },

    gap({ chatId }) {
        const chat = chats.get(chatId);

        if (history) {
            load(chat);

        } else if (!earlier(chat, client.position(chatId))) {
            chat.ready = true;

            if (chat.items.length) {
                chat.note('Messages may be missing here');
            }
        }
    },

    denied({ chatId }) {
        shut(chatId, 'This chat is private: its owner has to let you in');
    },

    unsubscribed({ chatId, reason }) {
        shut(chatId, reason === 'removed' ? 'You were removed from this chat'
            : 'You may not be in this chat any more');
    },

    error({ error, details, chatId }) {
        (chats.get(chatId) ?? current)?.note(`${error}: ${details}`);
    },

    open({ timestamp }) {
        begun ||= Date.parse(timestamp);
        view.link(client);
        chats.forEach(send);
    },

    connecting: () => view.link(client),

    reconnecting({ attempt }) {
        view.link(client);

        /* nothing to wait for: show at least what is stored */

        if (history && attempt === 1 && !current?.items.length) {
            chats.forEach(load);
        }
    },

    closed: () => view.link(client),

    /* the session is over: to be gone on with by the same one */

    unauthorized() {
        if (hasLogin) {
            $('app').hidden = true;
            welcome();
        }
    },
};

/* Once more, from an earlier position. */

function earlier(chat, position) {
    const since = position && chat.earlier(position);

    if (since) {
        client.unsubscribe(chat.id);
        client.subscribe(chat.id, since);
    }

    return since;
}


/* Beginning and end */

/* What chats.json says of this place: one chat is enough to begin with. */

async function lookAround() {
    try {
        return await frames.request('GET', 'chats.json');

    } catch {
        return { chats: [{ id: 'general' }] };
    }
}

function start(name) {
    me = name;
    account.remember('sessionStorage', NAME, name);
    $('me').textContent = name;
    view.avatar($('me-avatar'), name);
    history = place.history ?? false;

    client = connect({ url: 'api/ws', WebSocket: frames.WatchedSocket,
        ...hasLogin ? account.options : { userId: name } });

    for (const [type, handler] of Object.entries(handlers)) {
        client.addEventListener(type, ({ detail }) => {
            handler(detail);
            draw();
        });
    }

    const stored = hasLogin ? []
        : JSON.parse(account.recall('localStorage', CHATS) ?? '[]');

    for (const id of [...place.chats.map((chat) => chat.id), ...stored]) {
        enter(id);
    }

    for (const id of ['link', 'tools', 'app', 'skip']) {
        $(id).hidden = false;
    }

    $('welcome').hidden = true;
    view.link(client);
    follow();
    draw();
}

function welcome() {
    $('welcome').hidden = false;
    $('name').focus();
}

$('who').addEventListener('submit', async (event) => {
    const name = $('name').value.trim();

    event.preventDefault();

    if (!name) {
        return;
    }

    if (!hasLogin) {
        start(name);

        return;
    }

    $('fault').textContent = await account.enter(
        event.submitter?.value === 'new');

    if ($('fault').textContent) {
        return;
    }

    if (!client) {
        arrive();

    } else if (name === me) {
        $('welcome').hidden = true;
        $('app').hidden = false;
        client.retry();

    } else {
        location.reload();
    }
});

$('leave').addEventListener('click', async () => {
    account.remember('sessionStorage', NAME, '');

    if (hasLogin) {
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

    if (hasLogin) {
        try {
            await account.make(id);

        } catch (error) {
            current?.note(error.message);
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
        current.draft(text);
        current.ready = true;
        send(current);
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

    if (event.altKey && by && client) {
        event.preventDefault();
        step(by);
    }
});

document.addEventListener('visibilitychange', () => {
    if (current && !document.hidden) {
        look();
        draw();
    }
});

$('latest').addEventListener('click', () => {
    $('log').scrollTop = $('log').scrollHeight;
    $('text').focus();
});

$('skip').addEventListener('click', (event) => {
    event.preventDefault();
    $('text').focus();
});

$('retry').addEventListener('click', () => client.retry());
addEventListener('hashchange', () => client && follow());
addEventListener('online', () => client && view.link(client));
addEventListener('offline', () => client && view.link(client));
phone.addEventListener('change', () => client && !current && follow());

frames.setup();

/* By the cookie of a login, or by the name of this tab. */

async function arrive() {
    place = await lookAround();
    hasLogin = account.setup(place);

    const name = hasLogin ? place.user?.name
        : account.recall('sessionStorage', NAME);

    if (name) {
        start(name);

    } else {
        welcome();
    }
}

arrive();
