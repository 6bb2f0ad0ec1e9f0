/*
 * Copyright (C) chatws contributors
 *
 * The demo: chats over chatws.js.  With an app server behind nginx the
 * history comes from there, else from what nginx still holds.
 */

import { connect } from './chatws.js';
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
let undoTyping = null;
let countdown = 0;
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
    const bottom = atBottom();

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

function atBottom() {
    const { scrollHeight, scrollTop, clientHeight } = $('log');

    return scrollHeight - scrollTop - clientHeight < 60;
}


/* The state of the connection */

function showLink() {
    clearInterval(countdown);

    const { state } = client;
    const text = { open: 'Connected', connecting: 'Connecting \u2026',
        waiting: 'Connection lost', closed: 'Not connected' }[state];
    const tries = state === 'waiting' || state === 'connecting';

    $('link').dataset.state = state;
    $('state').textContent = tries && !navigator.onLine ? 'Offline' : text;
    $('countdown').textContent = '';
    $('retry').hidden = state !== 'waiting' && state !== 'closed';

    if (state === 'waiting') {
        const tick = () => {
            const left = Math.max(0, client.retryAt - Date.now());

            $('countdown').textContent = navigator.onLine
                ? `back in ${Math.ceil(left / 1000)} s` : '';
        };

        tick();
        countdown = setInterval(tick, 250);
    }
}


/* What the browser keeps for us: nothing, where it is told not to. */

function recall(where, key) {
    try {
        return globalThis[where].getItem(key);

    } catch {
        return null;
    }
}

function remember(where, key, value) {
    try {
        globalThis[where].setItem(key, value);

    } catch {
        /* only not remembered */
    }
}


/* Chats */

function enter(id) {
    if (!chats.has(id)) {
        chats.set(id, new Chat(id, me));
        client.subscribe(id);

        remember('localStorage', CHATS, JSON.stringify([...chats.keys()]));
    }

    return chats.get(id);
}

function open(id) {
    const chat = enter(id);

    if (chat === current) {
        return;
    }

    leave();
    current = chat;
    look();
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

        } else if (isNew && !atBottom()) {
            $('latest').hidden = false;
        }
    },

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

    error({ error, details, chatId }) {
        (chats.get(chatId) ?? current)?.note(`${error}: ${details}`);
    },

    open({ timestamp }) {
        begun ||= Date.parse(timestamp);
        showLink();
        chats.forEach(send);
    },

    connecting: showLink,

    reconnecting({ attempt }) {
        showLink();

        /* nothing to wait for: show at least what is stored */

        if (history && attempt === 1 && !current?.items.length) {
            chats.forEach(load);
        }
    },

    closed: showLink,
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

async function start(name) {
    me = name;
    remember('sessionStorage', NAME, name);
    $('me').textContent = name;
    view.avatar($('me-avatar'), name);

    let known = [{ id: 'general' }];

    try {
        ({ chats: known, history } = await frames.request('GET',
            'chats.json'));

    } catch {
        /* one chat is enough to begin with */
    }

    client = connect({ url: 'api/ws', userId: name,
        WebSocket: frames.WatchedSocket });

    for (const [type, handler] of Object.entries(handlers)) {
        client.addEventListener(type, ({ detail }) => {
            handler(detail);
            draw();
        });
    }

    const stored = JSON.parse(recall('localStorage', CHATS) ?? '[]');

    for (const id of [...known.map((chat) => chat.id), ...stored]) {
        enter(id);
    }

    for (const id of ['link', 'tools', 'app', 'skip']) {
        $(id).hidden = false;
    }

    $('welcome').hidden = true;
    showLink();
    follow();
    draw();
}

function welcome() {
    $('welcome').hidden = false;
    $('name').focus();
}

$('who').addEventListener('submit', (event) => {
    const name = $('name').value.trim();

    event.preventDefault();

    if (name) {
        start(name);
    }
});

$('leave').addEventListener('click', () => {
    remember('sessionStorage', NAME, '');
    location.reload();
});

$('new').addEventListener('submit', (event) => {
    const id = $('new-name').value.trim();

    event.preventDefault();

    if (id) {
        $('new-name').value = '';
        location.hash = `#${encodeURIComponent(id)}`;
    }
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

let stick = true;

$('log').addEventListener('scroll', () => {
    stick = atBottom();

    if (stick) {
        $('latest').hidden = true;
    }
});

new ResizeObserver(() => {
    if (stick) {
        $('log').scrollTop = $('log').scrollHeight;
    }
}).observe($('log'));

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
addEventListener('online', () => client && showLink());
addEventListener('offline', () => client && showLink());
phone.addEventListener('change', () => client && !current && follow());

frames.setup();

const name = recall('sessionStorage', NAME);

if (name) {
    start(name);

} else {
    welcome();
}
