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


/*
 * The address, the token and keys are said by a component that is there: an
 * old page's functions may know but an old user.
 */

function acquire(name, latest) {
    const options = latest.current;
    let entry = shared.get(name);

    if (!entry) {
        entry = { pages: [latest], users: 0, timer: undefined };

        const say = (what) => options[what]?.call
            && { [what]: (...args) => entry.pages[0].current[what](...args) };

        entry.client = connect({ ...options, ...say('url'),
            ...say('getToken'), ...say('encryptionKey') });
        shared.set(name, entry);

    } else if (entry.users === 0) {

        /* it may have been refused meanwhile, and left as it was */

        clearTimeout(entry.timer);
        entry.pages = [latest];

        if (entry.client.state === 'closed') {
            entry.client.retry();
        }

    } else {
        entry.pages.push(latest);
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

        } else {
            entry.pages = entry.pages.filter((one) => one !== latest);
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
            : new Date(a.timestamp) - new Date(b.timestamp));
}


const nothing = { messages: [], typists: [], update: null, error: null,
    left: null };
const offline = { state: 'closed' };


export function useChat(options) {
    const { url = '/api/ws', server, userId, username, chatId } = options;
    const latest = useRef(null);
    const last = useRef(null);
    const [link, setLink] = useState(null);
    const [connection, setConnection] = useState({});
    const [shown, setShown] = useState({});
    const [entries, setEntries] = useState(0);

    /* whose is the connection, and of which chat is what is shown */

    const whose = (userId ?? null) === null ? null
        : JSON.stringify([url.call ? [server] : `${url}`, userId, username]);
    const place = whose && chatId ? whose + chatId : null;

    latest.current = { ...options, url };

    useEffect(() => {
        const before = last.current;
        const now = whose === null ? null
            : { whose, ...acquire(nameOf(latest.current), latest) };

        /* of another user, or of nobody: not kept for the next page */

        if (before && before.client !== now?.client) {
            before.end();
        }

        last.current = now;

        if (!now) {
            return undefined;
        }

        const { client } = now;
        const see = ({ type, detail }) => setConnection({ whose, now: {
            state: client.state, retryAt: client.retryAt,
            attempt: detail?.attempt ?? 0, code: detail?.code,
            reason: detail?.reason, status: detail?.status,
            unauthorized: type === 'unauthorized' } });
        const types = ['connecting', 'open', 'reconnecting', 'closed',
            'unauthorized'];

        see({});
        setLink(now);
        types.forEach((type) => client.addEventListener(type, see));

        return () => {
            types.forEach((type) => client.removeEventListener(type, see));
            setLink(null);
            setConnection({});
            now.release();
        };
    }, [whose]);

    const mine = link?.whose === whose ? link : null;

    const change = useCallback((how) => setShown((all) =>
        all.place === place
            ? { place, chat: { ...all.chat, ...how(all.chat) } }
            : all), [place]);

    const add = useCallback((message) => {
        if ((message.chatId ?? chatId) === chatId) {
            change(({ messages }) =>
                ({ messages: merge(messages, [message]) }));
        }
    }, [change]);

    useEffect(() => {
        if (!mine || !place) {
            return undefined;
        }

        const { client } = mine;

        const load = async () => {
            try {
                const loaded = [...await latest.current.load?.(chatId) ?? []];

                change(({ messages }) =>
                    ({ messages: merge(messages, loaded) }));

            } catch (reason) {
                change(() => ({ error: reason?.message ? reason
                    : new Error(reason) }));
            }
        };

        const out = (left) => change(() => ({ left, typists: [] }));

        const handlers = {
            new_message({ message, seq }) {
                const { epoch } = client.position(chatId) ?? {};

                change(({ messages, typists }) => ({
                    messages: merge(messages, [{ ...message, seq, epoch }]),
                    typists: typists.filter(
                        (one) => one.userId !== message.sender),
                }));
            },

            user_typing({ userId: id, username: name, isTyping }) {
                change(({ typists }) => {
                    const others = typists.filter((one) => one.userId !== id);

                    return { typists: isTyping
                        ? [...others, { userId: id, username: name }]
                        : others };
                });
            },

            typing_users({ users }) {
                change(() => ({ typists: users }));
            },

            denied: out,
            unsubscribed: out,

            chat_update(update) {
                change(() => ({ update }));
            },

            error(error) {
                change(() => ({ error }));
            },

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

        setShown({ place, chat: nothing });

        for (const [type, listener] of listeners) {
            client.addEventListener(type, listener);
        }

        const leave = client.subscribe(chatId);

        load();

        return () => {
            for (const [type, listener] of listeners) {
                client.removeEventListener(type, listener);
            }

            leave();
        };
    }, [mine, place, entries]);

    const chat = place && shown.place === place ? shown.chat : nothing;
    const isOut = chat.left !== null;

    return {
        ...mine && connection.whose === whose ? connection.now : offline,
        ...chat,
        client: mine?.client ?? null,

        typing: useCallback((isTyping) =>
            mine?.client.typing(chatId, isTyping), [mine, chatId]),

        add,

        retry: useCallback(() => {
            mine?.client.retry();

            if (isOut) {
                setEntries((n) => n + 1);
            }
        }, [mine, isOut]),
    };
}
