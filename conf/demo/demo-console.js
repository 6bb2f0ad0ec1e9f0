/*
 * Copyright (C) chatws contributors
 *
 * The demo's console: what goes over the wire.
 */

import { $, element, timeOf } from './demo-view.js';


const MAX = 300;

/* passwords, and what follows the beginning of a token */
const SECRET = /("password":"|"token":"[^"]{12})(?:[^"\\]|\\.)*"/g;

const ARROW = { in: '\u2193', out: '\u2191', http: '\u21c5', link: '\u2022' };
const NAME = { in: 'received', out: 'sent', http: 'request', link: 'link' };


/* One line; kind is in, out, http or link. */

export function log(kind, what, text = '') {
    if ($('pause').checked) {
        return;
    }

    const box = $('frames-box');
    const bottom = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    const arrow = element('span', 'arrow', ARROW[kind]);
    const item = element('li', kind);
    const shown = text.replace(SECRET, '$1\u2026"');

    arrow.setAttribute('aria-hidden', 'true');
    /* long lines break between members */

    const code = element('code');

    code.append(...shown.split(/(?<=,)/).flatMap((part) =>
        [part, element('wbr')]));
    item.append(arrow, element('span', 'sr', NAME[kind]),
        element('b', '', what), element('span', 'at', timeOf(Date.now(), true)),
        code);
    $('frames').append(item);

    while ($('frames').childElementCount > MAX) {
        $('frames').firstChild.remove();
    }

    if (bottom) {
        box.scrollTop = box.scrollHeight;
    }
}


function frame(kind, text) {
    let name = 'frame';

    try {
        const { action, type } = JSON.parse(text);

        name = action && kind === 'out' ? action : type;

    } catch {
        /* as it is */
    }

    log(kind, name, text);
}


/* A WebSocket that shows what passes through it. */

export class WatchedSocket extends WebSocket {
    constructor(url, protocols) {
        super(url, protocols);
        log('link', 'connect', url.replace(/^\w+:\/\/[^/]*/, ''));

        this.addEventListener('message', ({ data }) => frame('in', data));
        this.addEventListener('close', ({ code, reason }) =>
            log('link', `closed ${code}`, reason));
    }

    send(text) {
        super.send(text);
        frame('out', text);
    }
}


/* What the server says, or else what its status says. */

function reason({ status, statusText }, text) {
    try {
        const { error, details } = JSON.parse(text);

        return `${details ?? error} (${status})`;

    } catch {
        return statusText ? `${statusText} (${status})` : `${status}`;
    }
}


/* fetch() of JSON, shown too; an error without a status: no answer. */

export async function request(method, path, body) {
    const text = body && JSON.stringify(body);
    const answer = await fetch(path, { method, body: text,
        signal: AbortSignal.timeout(20000),
        headers: body && { 'Content-Type': 'application/json' } });
    const result = await answer.text();

    log('http', `${method} ${path} ${answer.status}`,
        text ? `${text}\n${result}` : result);

    if (!answer.ok) {
        throw Object.assign(new Error(reason(answer, result)),
            { status: answer.status });
    }

    return result ? JSON.parse(result) : null;
}


export function show(open) {
    $('console').hidden = !open;
    $('console-toggle').setAttribute('aria-expanded', String(open));

    if (open) {
        $('frames-box').scrollTop = $('frames-box').scrollHeight;
    }
}


export function setup() {
    $('console-toggle').addEventListener('click', () =>
        show($('console').hidden));

    $('console-close').addEventListener('click', () => {
        show(false);
        $('console-toggle').focus();
    });

    $('clear').addEventListener('click', () => $('frames').replaceChildren());
}
