/*
 * Copyright (C) chatws contributors
 *
 * What the server says.
 */

import * as account from './demo-account.js';
import { earlier, load } from './demo-history.js';
import { join, shut } from './demo-open.js';
import { chats, draw, page } from './demo-page.js';
import { send } from './demo-send.js';
import * as view from './demo-view.js';

const { $ } = view;


export const handlers = {
    new_message({ chatId, message, seq, timestamp }) {
        const chat = chats.get(chatId);

        if (chat.isWhole) {
            chat.lastId = message.id;
        }

        const { epoch } = page.client.position(chatId) ?? {};
        const isNew = chat.add(message, seq, epoch)
            && message.sender !== page.me
            && Date.parse(timestamp) >= page.begun;

        if (isNew && chat === page.current && !view.atBottom()) {
            $('latest').hidden = false;
        }
    },

    /* the app has it in clear */
    undecryptable: ({ chatId }) => load(chats.get(chatId)),

    /* where the user is a member, who was let in or removed meanwhile */

    chats: ({ chats: all }) => Object.keys(all).forEach(join),

    chat_added: ({ chatId }) => join(chatId),

    chat_removed({ chatId }) {
        shut(chatId, 'You were removed from this chat');
    },

    subscription_confirmed({ action, chatId, seq, epoch, recovered }) {
        const chat = chats.get(chatId);

        if (action !== 'subscribe' || recovered !== undefined) {
            return;
        }

        /* from now on nothing is missed: what was said before? */

        if (page.history) {
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

        if (page.history) {
            load(chat);

        } else if (!earlier(chat, page.client.position(chatId))) {
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
        (chats.get(chatId) ?? page.current)?.note(`${error}: ${details}`);
    },

    open({ timestamp }) {
        page.begun ||= Date.parse(timestamp);
        view.link(page.client);
        chats.forEach(send);
    },

    connecting: () => view.link(page.client),

    reconnecting({ attempt }) {
        view.link(page.client);

        /* nothing to wait for: show at least what is stored */

        if (page.history && attempt === 1 && !page.current?.items.length) {
            chats.forEach(load);
        }
    },

    closed: () => view.link(page.client),

    /* the session is over: to be gone on with by the same one */

    unauthorized() {
        if (page.hasLogin) {
            $('app').hidden = true;
            account.welcome();
        }
    },
};
