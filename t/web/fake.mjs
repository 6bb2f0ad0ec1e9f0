/*
 * Copyright (C) chatws contributors
 *
 * A WebSocket without a network: the test is its server.
 */

import { mock } from 'node:test';

import { connect } from '../../conf/client/chatws.js';


export class FakeSocket {
    static all = [];

    sent = [];
    closed = false;

    constructor(url, protocols) {
        this.url = url;
        this.protocols = protocols;
        FakeSocket.all.push(this);
    }

    send(text) {
        this.sent.push(JSON.parse(text));
    }

    close() {
        this.closed = true;
    }

    /* what the server does */

    accept() {
        this.onopen?.();
    }

    say(...messages) {
        for (const message of messages) {
            this.onmessage?.({ data: JSON.stringify(message) });
        }
    }

    end(code, reason = '') {
        this.onclose?.({ code, reason });
    }

    /* what was sent since the last time */

    take() {
        return this.sent.splice(0);
    }
}


/* what a plain request gets: no answer, or one of this status */

export const nobody = async () => {
    throw new TypeError('Failed to fetch');
};

export const answers = (status, more) => async () => ({ status, ...more });

/* when all promises that can be kept are */

export const settled = () => new Promise((done) => setImmediate(done));

export const socket = () => FakeSocket.all.at(-1);

export const connected = (message) => ({
    type: 'connected', userId: 'u', message: 'Successfully connected',
    timestamp: '2025-11-27T10:00:00.000Z', ...message,
});

export const confirmed = (chatId, seq, more) => ({
    type: 'subscription_confirmed', action: 'subscribe', chatId,
    message: `Subscribed to chat ${chatId}`, seq, epoch: 'e1', ...more,
});

export const message = (chatId, seq, text = `text ${seq}`) => ({
    type: 'new_message', chatId, message: { id: `msg_${seq}`, text,
        sender: 'v', timestamp: '2025-11-27T10:00:00.000Z',
        isOwnMessage: false }, timestamp: '2025-11-27T10:00:00.000Z', seq,
});


/* In steps: timers that are set meanwhile begin at the end of a step. */

function tick(ms) {
    for (; ms > 500; ms -= 500) {
        mock.timers.tick(500);
    }

    mock.timers.tick(ms);
}


/* A client and the list of its events, with clocks and dice of the test. */

export function start(t, options = {}) {
    const events = [];

    FakeSocket.all = [];
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1e12 });
    mock.method(Math, 'random', () => 0.5);

    const client = connect({ url: 'ws://host/api/ws', userId: 'u',
        WebSocket: FakeSocket, fetch: nobody, ...options });

    for (const type of ['connecting', 'open', 'reconnecting', 'closed',
        'recovered', 'gap', 'error', 'unauthorized', 'denied', 'unsubscribed',
        'new_message', 'user_typing', 'typing_users', 'edited', 'message'])
    {
        client.addEventListener(type, ({ detail }) => {
            if (type !== 'message' || options.all) {
                events.push({ event: type, ...detail });
            }
        });
    }

    t.after(() => {
        client.close();
        mock.timers.reset();
        mock.restoreAll();
    });

    return { client, events, tick, take: () => events.splice(0) };
}

export const names = (events) => events.map(({ event }) => event);
