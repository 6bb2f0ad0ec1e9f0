/*
 * Copyright (C) chatws contributors
 *
 * A client of nginx whose events can be awaited.
 */

import { connect } from '../../conf/client/chatws.js';
import { require } from './modules.mjs';

const { WebSocket } = require('ws');


/* next() awaits the next event of that name, or one from before. */

export function user(t, nginx, name, { types = [], ...options } = {}) {
    const client = connect({ url: `${nginx.url}api/ws`, userId: name,
        minDelay: 50, WebSocket, ...options });
    const events = [];
    const waiting = [];

    const offer = () => {
        for (const one of [...waiting]) {
            const i = events.findIndex(one.wanted);

            if (i >= 0) {
                waiting.splice(waiting.indexOf(one), 1);
                one.done(events.splice(i, 1)[0]);
            }
        }
    };

    for (const type of ['open', 'reconnecting', 'closed', 'recovered', 'gap',
        'error', 'new_message', 'user_typing', 'edited',
        'subscription_confirmed', 'resumed', ...types])
    {
        client.addEventListener(type, ({ detail }) => {
            events.push({ event: type, ...detail });
            offer();
        });
    }

    t.after(() => client.close());

    return {
        client,
        events,

        next: (type, match = () => true) => new Promise((done) => {
            waiting.push({ done,
                wanted: (one) => one.event === type && match(one) });
            offer();
        }),

        texts: () => events.filter(({ event }) => event === 'new_message')
            .map(({ message }) => message.text),

        async join(...chats) {
            chats.forEach((chat) => client.subscribe(chat));

            for (const chat of chats) {
                await this.next('subscription_confirmed',
                    ({ chatId }) => chatId === chat);
            }

            return this;
        },
    };
}
