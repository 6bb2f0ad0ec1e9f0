/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * Typing: the browser client tells rarely that its user does, and takes others
 * who are not heard of for people who have stopped.
 */

export class Typing {
    #options;
    #send;
    #chats = new Map();  /* chat: { sent, timer } */

    constructor(options, send) {
        this.#options = options;
        this.#send = send;
    }

    begin(chatId) {
        const { typingEvery, typingStop } = this.#options;
        const now = Date.now();
        let { sent, timer } = this.#chats.get(chatId) ?? {};

        clearTimeout(timer);

        if (!(now - sent < typingEvery)) {
            this.#send({ type: 'typing', chatId, isTyping: true });
            sent = now;
        }

        timer = setTimeout(() => this.end(chatId), typingStop);
        this.#chats.set(chatId, { sent, timer });
    }

    end(chatId) {
        if (this.forget(chatId)) {
            this.#send({ type: 'typing', chatId, isTyping: false });
        }
    }

    forget(chatId) {
        clearTimeout(this.#chats.get(chatId)?.timer);

        return this.#chats.delete(chatId);
    }

    clear() {
        this.#chats.forEach((one, chatId) => this.forget(chatId));
    }
}


export function watchField(client, input, chatId) {
    const tell = () => client.typing(chatId, input.value !== '');
    const stop = () => client.typing(chatId, false);
    const bind = (how) => {
        input[how]('input', tell);
        input[how]('blur', stop);
        input.form?.[how]('submit', stop);
    };

    bind('addEventListener');

    return () => {
        bind('removeEventListener');
        stop();
    };
}


/* "notify" is told of what the server has not said. */

export class Typists {
    #lost;
    #notify;
    #chats = new Map();  /* chat: user: timer; null: of a list that counts
                            more people than it names */

    constructor({ typingLost }, notify) {
        this.#lost = typingLost;
        this.#notify = notify;
    }

    /* A list replaces what was known, and while it is cut it tells all. */

    hear(data) {
        const { type, chatId, userId, isTyping, users, count } = data;

        if (type === 'user_typing') {
            if (this.#chats.get(chatId)?.has(null)) {
                return false;
            }

            this.#wait(chatId, userId, isTyping && { ...data,
                isTyping: false });

        } else if (type === 'typing_users') {
            this.forget(chatId);

            if (count > users.length) {
                this.#wait(chatId, null, { ...data, users: [], count: 0 });

            } else {
                const { timestamp } = data;

                for (const { userId: user, username } of users) {
                    this.#wait(chatId, user, { type: 'user_typing', chatId,
                        userId: user, username, isTyping: false, timestamp });
                }
            }
        }

        return true;
    }

    forget(chatId) {
        this.#chats.get(chatId)?.forEach((timer) => clearTimeout(timer));
        this.#chats.delete(chatId);
    }

    clear() {
        this.#chats.forEach((one, chatId) => this.forget(chatId));
    }

    #wait(chatId, user, end) {
        const users = this.#chats.get(chatId) ?? new Map();

        clearTimeout(users.get(user));
        users.delete(user);
        this.#chats.set(chatId, users);

        if (end) {
            users.set(user, setTimeout(() => {
                users.delete(user);
                this.#notify(end);
            }, this.#lost));
        }
    }
}
