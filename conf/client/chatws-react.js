/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * A React hook on top of chatws.js; chatws-react.d.ts describes it.
 */

import { useCallback, useEffect, useRef, useState } from 'react';

import { connect } from './chatws.js';


/* a connection that nobody uses stays for so long: the next page may */
const LINGER = 5000;

/* one connection for all components with the same server and user */
const shared = new Map();

/* a function has no value to compare, so each gets a number */
const numbers = new WeakMap();
let count = 0;


/* Two functions of one text may lead to two servers. */

function nameOf({ url, server, userId, username }) {
    if (!url.call) {
        return JSON.stringify([[url], userId, username]);
    }

    if (!numbers.has(url)) {
        numbers.set(url, ++count);
    }

    return JSON.stringify([server ?? numbers.get(url), userId, username]);
}


function acquire(name, options) {
    let entry = shared.get(name);

    if (!entry) {
        entry = { client: connect(options), users: 0, timer: undefined };
        shared.set(name, entry);

    } else if (entry.users === 0) {

        /* it may have been refused meanwhile, and left as it was */

        clearTimeout(entry.timer);

        if (entry.client.state === 'closed') {
            entry.client.retry();
        }
    }

    entry.users++;

    const end = () => {
        clearTimeout(entry.timer);

        if (entry.users === 0 && shared.get(name) === entry) {
            shared.delete(name);
            entry.client.close();
        }
    };

    const release = () => {
        entry.users--;

        if (entry.users === 0) {
            entry.timer = setTimeout(end, LINGER);
        }
    };

    return { client: entry.client, release, end };
}


/* by number, where both have one of one epoch, or by time; each id once */

function merge(messages, more) {
    const all = new Map(messages.map((message) => [message.id, message]));

    for (const message of more) {
        all.set(message.id, { ...all.get(message.id), ...message });
    }

    return [...all.values()].sort((a, b) =>
        a.seq && b.seq && a.epoch === b.epoch ? a.seq - b.seq
            : Date.parse(a.timestamp) - Date.parse(b.timestamp));
}


export function useChat(options) {
    const { url = '/api/ws', server, userId, username, chatId } = options;
    const latest = useRef(null);
    const last = useRef(null);
    const [client, setClient] = useState(null);
    const [connection, setConnection] = useState({ state: 'closed' });
    const [messages, setMessages] = useState([]);
    const [typists, setTypists] = useState([]);
    const [update, setUpdate] = useState(null);
    const [error, setError] = useState(null);

    latest.current = { ...options, url };

    useEffect(() => {
        const before = last.current;
        const now = () => {
            const { url: address } = latest.current;

            return address.call ? address() : address;
        };

        const link = (userId ?? null) === null ? null
            : acquire(nameOf(latest.current),
                { ...latest.current, url: url.call ? now : url });

        /* of another user, or of nobody: not kept for the next page */

        if (before && before.client !== link?.client) {
            before.end();
        }

        last.current = link;

        if (!link) {
            return undefined;
        }

        const see = ({ detail }) => setConnection({
            state: link.client.state, retryAt: link.client.retryAt,
            attempt: detail?.attempt ?? 0, code: detail?.code,
            reason: detail?.reason, status: detail?.status });
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
    }, [url.call ? `of ${server}` : `${url}`, userId, username]);

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
                    setError(reason?.message ? reason : new Error(reason));
                }
            }
        };

        const handlers = {
            new_message({ message, seq }) {
                const { epoch } = client.client.position(chatId) ?? {};

                setMessages((all) => merge(all, [{ ...message, seq, epoch }]));
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

        const leave = client.client.subscribe(chatId);

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
