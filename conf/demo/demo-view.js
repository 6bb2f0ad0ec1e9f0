/*
 * Copyright (C) chatws contributors
 *
 * The demo's view: messages, the list of chats.  Texts of users become text
 * nodes, never markup.
 */

export const $ = (id) => document.getElementById(id);


export function element(name, className = '', text = undefined) {
    const node = document.createElement(name);

    if (className) {
        node.className = className;
    }

    if (text !== undefined) {
        node.textContent = text;
    }

    return node;
}


export function atBottom() {
    const { scrollHeight, scrollTop, clientHeight } = $('log');

    return scrollHeight - scrollTop - clientHeight < 60;
}


/* The last message stays in view when the window gets smaller. */

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


export function timeOf(time, seconds = false) {
    return new Date(time).toLocaleTimeString([], { hour: '2-digit',
        minute: '2-digit', second: seconds ? '2-digit' : undefined });
}


function dayOf(time) {
    const day = new Date(time).toDateString();
    const today = new Date();
    const yesterday = new Date(today - 24 * 3600 * 1000);

    if (day === today.toDateString()) {
        return 'Today';
    }

    return day === yesterday.toDateString() ? 'Yesterday'
        : new Date(time).toLocaleDateString([], { dateStyle: 'medium' });
}


/* The time of today, or else the day. */

export function shortTime(time) {
    const then = new Date(time);

    return then.toDateString() === new Date().toDateString() ? timeOf(time)
        : then.toLocaleDateString([], { day: 'numeric', month: 'short' });
}


export function sizeOf(bytes) {
    const units = ['B', 'KB', 'MB', 'GB'];
    const power = Math.min(3, Math.floor(Math.log(bytes || 1)
        / Math.log(1000)));

    return `${(bytes / 1000 ** power).toFixed(power && 1)} ${units[power]}`;
}


/* A round letter, in one of a few colors that goes with the name. */

export function avatar(node, name) {
    let sum = 0;

    for (const letter of name) {
        sum = (sum * 31 + letter.codePointAt(0)) % 9973;
    }

    node.className = `avatar hue-${sum % 8}`;
    node.textContent = [...name][0]?.toUpperCase() ?? '?';
    node.setAttribute('aria-hidden', 'true');

    return node;
}


/* Text with its web addresses as links. */

function linked(text) {
    const parts = text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}])/);

    return parts.map((part, i) => {
        if (i % 2 === 0) {
            return part;
        }

        const link = element('a', '', part);

        link.href = part;
        link.target = '_blank';
        link.rel = 'noopener noreferrer nofollow';

        return link;
    });
}


/* Without an app server that keeps files there is nothing to open. */

function fileOf({ file, href }) {
    const node = element(href ? 'a' : 'span', 'file', file.name);

    if (href) {
        node.href = href;
        node.download = file.name;
    }

    node.append(element('small', '', ` ${sizeOf(file.size)}`));

    return node;
}


/*
 * One tick, two, or two blue ones.  What it says is no text: a log that is
 * read aloud would say it each time that it changes.
 */

const SVG = 'http://www.w3.org/2000/svg';
const HOW = { sent: 'Sent', delivered: 'Delivered', read: 'Read' };

function drawTick(node, how) {
    const old = node.querySelector('.tick');

    if (!how || old?.dataset.how === how) {
        return;
    }

    const tick = document.createElementNS(SVG, 'svg');
    const path = document.createElementNS(SVG, 'path');

    tick.setAttribute('class', 'tick');
    tick.setAttribute('viewBox', '0 0 18 12');
    tick.setAttribute('role', 'img');
    tick.setAttribute('aria-label', HOW[how]);
    tick.dataset.how = how;
    path.setAttribute('d', how === 'sent' ? 'M5 6.5l3.5 3.5L16 2'
        : 'M1.5 6.5L5 10l7.5-8M8.5 9l1 1L17 2');
    tick.append(path);
    old?.remove();
    node.querySelector('time').append(tick);
}


function notice(item) {
    return element('li', 'notice', item.notice);
}


function bubble(item, first, again) {
    const node = element('li', `message ${item.own ? 'own' : 'other'}`
        + `${first ? ' first' : ''} ${item.state ?? ''}`);
    const body = element('div', 'bubble');
    const text = element('p', 'text');
    const time = element('time', '', timeOf(item.time));

    time.dateTime = new Date(item.time).toISOString();
    time.title = new Date(item.time).toLocaleString();
    text.append(...item.file ? [fileOf(item)] : linked(item.text));

    const who = element('b', first && !item.own ? 'who' : 'sr',
        item.own ? 'You' : item.sender);

    body.append(who, text, time);
    node.append(body);

    if (first && !item.own) {
        node.prepend(avatar(element('span'), item.sender));
    }

    if (item.state === 'sending') {
        time.textContent = 'sending \u2026';

    } else if (item.state) {
        const button = element('button', '', 'Send again');

        button.type = 'button';
        button.addEventListener('click', () => again(item));
        time.textContent = item.state === 'failed'
            ? `not sent: ${item.reason}` : 'waiting for an answer';
        body.append(button);
    }

    return node;
}


/*
 * Brings the list up to date: what is there is kept, so that screen readers
 * are told only of what is new, and nothing moves.
 */

const nodes = new WeakMap();

export function messages(list, items, again, tick) {
    const wanted = [];
    let last = null;

    for (const item of items) {
        const day = dayOf(item.time);

        if (!last || day !== dayOf(last.time)) {
            wanted.push(`day ${day}`);
            last = null;
        }

        const first = !last || last.notice || last.sender !== item.sender
            || item.time - last.time > 5 * 60 * 1000;
        const sign = [first, item.state, item.reason, item.time, item.text]
            .join();
        let node = nodes.get(item);

        if (node?.dataset.sign !== sign) {
            node = item.notice ? notice(item) : bubble(item, first, again);
            node.dataset.sign = sign;
            nodes.set(item, node);
        }

        if (item.own && !item.state) {
            drawTick(node, tick(item));
        }

        wanted.push(node);
        last = item;
    }

    let at = list.firstChild;

    for (let node of wanted) {
        if (typeof node === 'string') {
            const day = node.slice(4);

            if (at?.className === 'day' && at.textContent === day) {
                node = at;

            } else {
                node = element('li', 'day', day);
            }
        }

        if (node === at) {
            at = at.nextSibling;

        } else {
            list.insertBefore(node, at);
        }
    }

    while (at) {
        const next = at.nextSibling;

        at.remove();
        at = next;
    }
}


/* The chats; each keeps its element, so that the focus stays where it is. */

const links = new Map();

export function chats(list, all, current) {
    for (const chat of all) {
        let parts = links.get(chat.id);

        if (!parts) {
            const node = element('li');
            const link = element('a');
            const title = element('b', '', chat.id);

            parts = { node, link, time: element('time'),
                last: element('span', 'last'), count: element('span'),
                dot: element('span', 'dot is-online'),
                there: element('span', 'sr') };
            link.href = `#${encodeURIComponent(chat.id)}`;

            const face = element('span', 'face');

            face.append(avatar(element('span'), chat.id), parts.dot);
            title.append(parts.there);
            link.append(face, title, parts.time, parts.last, parts.count);
            node.append(link);
            list.append(node);
            links.set(chat.id, parts);
        }

        const last = chat.last;

        if (chat === current) {
            parts.link.setAttribute('aria-current', 'page');

        } else {
            parts.link.removeAttribute('aria-current');
        }

        parts.dot.hidden = !chat.online;
        parts.there.textContent = chat.online ? ` (${chat.online} online)` : '';
        parts.time.textContent = last ? shortTime(last.time) : '';
        parts.last.textContent = chat.now || (last
            ? `${last.own ? 'You' : last.sender}: ${last.text}`
            : 'No messages yet');
        parts.last.classList.toggle('is-typing', !!chat.now);
        parts.count.className = chat.unread ? 'count' : '';
        parts.count.hidden = !chat.unread;
        parts.count.replaceChildren(...chat.unread
            ? [String(chat.unread), element('span', 'sr', ' unread')] : []);
    }
}


export function typing(names, count) {
    if (count === 0) {
        return '';
    }

    if (count > 2) {
        return `${count} are typing \u2026`;
    }

    const [one, other] = names;

    return other ? `${one} and ${other} are typing \u2026`
        : `${one} is typing \u2026`;
}


/* The state of the connection. */

let countdown = 0;

export function link(client) {
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
