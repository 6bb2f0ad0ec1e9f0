/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * A React hook on top of chatws.js; chatws-react.d.ts describes it.
 */

import { useCallback, useEffect, useRef, useState } from 'react';

import { connect } from './chatws.js';


/* one connection for all components with the same server and user */

const shared = new Map();


function acquire(options) {
    const { url, userId, username } = options;
    const key = JSON.stringify([`${url}`, userId, username]);
    let entry = shared.get(key);

    if (!entry) {
        entry = { client: connect(options), users: 0, chats: new Map() };
        shared.set(key, entry);
    }

    entry.users++;

    const join = (chatId) => {
        const users = entry.chats.get(chatId) ?? 0;

        entry.chats.set(chatId, users + 1);
        entry.client.subscribe(chatId);

        return () => {
            const left = entry.chats.get(chatId) - 1;

            entry.chats.set(chatId, left);

            if (left === 0) {
                entry.chats.delete(chatId);
                entry.client.unsubscribe(chatId);
            }
        };
    };

    const release = () => {
        entry.users--;

        if (entry.users === 0) {
            shared.delete(key);
            entry.client.close();
        }
    };

    return { client: entry.client, join, release };
}


/* by number, where both have one, or else by time; each id once */

function merge(messages, more) {
    const all = new Map(messages.map((message) => [message.id, message]));

    for (const message of more) {
        all.set(message.id, { ...all.get(message.id), ...message });
    }

    return [...all.values()].sort((a, b) =>
        a.seq && b.seq ? a.seq - b.seq
            : Date.parse(a.timestamp) - Date.parse(b.timestamp));
}


export function useChat(options) {
    const { url, userId, username, chatId } = options;
    const latest = useRef(options);
    const [client, setClient] = useState(null);
    const [connection, setConnection] = useState({ state: 'closed' });
    const [messages, setMessages] = useState([]);
    const [typists, setTypists] = useState([]);
    const [update, setUpdate] = useState(null);
    const [error, setError] = useState(null);

    latest.current = options;

    useEffect(() => {
        if (userId === undefined || userId === null) {
            return undefined;
        }

        const given = Object.entries(latest.current)
            .filter(([, value]) => value !== undefined);
        const link = acquire(Object.fromEntries(given));
        const see = ({ detail }) => setConnection({
            state: link.client.state, retryAt: link.client.retryAt,
            attempt: detail?.attempt ?? 0, code: detail?.code,
            reason: detail?.reason });
        const types = ['connecting', 'open', 'reconnecting', 'closed'];

        see({});
        setClient(link);
        types.forEach((type) => link.client.addEventListener(type, see));

        return () => {
            types.forEach((type) =>
                link.client.removeEventListener(type, see));
            setClient(null);
            setConnection({ state: 'closed' });
            link.release();
        };
    }, [`${url}`, userId, username]);

    useEffect(() => {
        if (!client || !chatId) {
            return undefined;
        }

        let gone = false;

        const load = async () => {
            try {
                const loaded = await latest.current.load?.(chatId) ?? [];

                if (!gone) {
                    setMessages((all) => merge(all, loaded));
                }

            } catch (reason) {
                if (!gone) {
                    setError(reason);
                }
            }
        };

        const handlers = {
            new_message({ message, seq }) {
                setMessages((all) => merge(all, [{ ...message, seq }]));
                setTypists((all) => all.filter(
                    (one) => one.userId !== message.sender));
            },

            user_typing({ userId: id, username: name, isTyping }) {
                setTypists((all) => {
                    const others = all.filter((one) => one.userId !== id);

                    return isTyping
                        ? [...others, { userId: id, username: name }]
                        : others;
                });
            },

            chat_update: setUpdate,
            error: setError,
            gap: load,

            /* what came before the subscription and after the first load */

            subscription_confirmed({ action, recovered }) {
                if (action === 'subscribe' && recovered === undefined) {
                    load();
                }
            },

            message(detail) {
                latest.current.onNotification?.(detail);
            },
        };

        const listeners = Object.entries(handlers).map(([type, handle]) =>
            [type, ({ detail }) => {
                if (detail.chatId === chatId
                    || type === 'error' && detail.chatId === undefined)
                {
                    handle(detail);
                }
            }]);

        setMessages([]);
        setTypists([]);
        setUpdate(null);
        setError(null);

        for (const [type, listener] of listeners) {
            client.client.addEventListener(type, listener);
        }

        const leave = client.join(chatId);

        load();

        return () => {
            gone = true;

            for (const [type, listener] of listeners) {
                client.client.removeEventListener(type, listener);
            }

            leave();
        };
    }, [client, chatId]);

    return {
        ...connection,
        client: client?.client ?? null,
        messages,
        typists,
        update,
        error,

        typing: useCallback((isTyping) =>
            client?.client.typing(chatId, isTyping), [client, chatId]),

        add: useCallback((message) =>
            setMessages((all) => merge(all, [message])), []),

        retry: useCallback(() => client?.client.retry(), [client]),
    };
}
