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
    #chats = new Map();  /* chat: user: { timer, users, count }; null: of a
                            list that counts more people than it names */

    constructor({ typingLost }, notify) {
        this.#lost = typingLost;
        this.#notify = notify;
    }

    /* "count" is more than "users" where a list was cut. */

    of(chatId) {
        const all = [...this.#chats.get(chatId)?.values() ?? []];

        return { users: all.flatMap(({ users }) => users),
            count: all.reduce((sum, { count }) => sum + count, 0) };
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
                this.#wait(chatId, null, { ...data, users: [], count: 0 },
                    data);

            } else {
                this.#replace(data, users);
            }

        } else if (type === 'chat_state' && data.typing) {
            const known = new Map(this.of(chatId).users.map((one) =>
                [one.userId, one]));

            this.forget(chatId);
            this.#replace(data, data.typing.map((user) =>
                known.get(user) ?? { userId: user, username: user }));

        } else if (type === 'new_message' && this.#chats.has(chatId)) {
            this.#wait(chatId, data.message.sender);
        }

        return true;
    }

    #replace({ chatId, timestamp }, users) {
        for (const { userId, username } of users) {
            this.#wait(chatId, userId, { type: 'user_typing', chatId, userId,
                username, isTyping: false, timestamp });
        }
    }

    forget(chatId) {
        this.#chats.get(chatId)?.forEach(({ timer }) => clearTimeout(timer));
        this.#chats.delete(chatId);
    }

    clear() {
        this.#chats.forEach((one, chatId) => this.forget(chatId));
    }

    #wait(chatId, user, end, { users, count } = {
        users: [{ userId: user, username: end?.username }], count: 1 })
    {
        const all = this.#chats.get(chatId) ?? new Map();

        clearTimeout(all.get(user)?.timer);
        all.delete(user);
        this.#chats.set(chatId, all);

        if (end) {
            const timer = setTimeout(() => {
                all.delete(user);
                this.#notify(end);
            }, this.#lost);

            all.set(user, { timer, users, count });
        }
    }
}
