/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * React hooks on top of chatws.js; chatws-react.d.ts describes them.
 */

import { useCallback, useEffect, useRef, useState } from 'react';
import { useSyncExternalStore } from 'react';

import { connect } from './chatws.js';


/* a connection that nobody uses stays for so long: the next page may */
const LINGER = 5000;

/* one connection for all components with the same server and user */
const shared = new Map();

/* a function has no value to compare, so each gets a number */
const numbers = new WeakMap();
let count = 0;


/* Two functions of one text may lead to two servers. */

function nameOf({ url, server, userId, username, chats, state }) {
    const how = [userId, username, chats, state];

    if (!url.call) {
        return JSON.stringify([[url], ...how]);
    }

    if (!numbers.has(url)) {
        numbers.set(url, ++count);
    }

    return JSON.stringify([server ?? numbers.get(url), ...how]);
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


/* The connection of a component, and whose it is. */

function useLink(options) {
    const { url = '/api/ws', server, userId, username, chats, state }
        = options;
    const latest = useRef(null);
    const last = useRef(null);
    const [link, setLink] = useState(null);
    const [connection, setConnection] = useState({});

    const whose = (userId ?? null) === null ? null
        : JSON.stringify([url.call ? [server] : `${url}`, userId, username,
            chats, state]);

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

    return { whose, mine, latest,
        now: mine && connection.whose === whose ? connection.now : offline };
}


export function useChat(options) {
    const { chatId } = options;
    const { whose, mine, latest, now } = useLink(options);
    const [shown, setShown] = useState({});
    const [entries, setEntries] = useState(0);

    /* of which chat is what is shown */

    const place = whose && chatId ? whose + chatId : null;

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
            chat_removed: out,

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
        ...now,
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


/*
 * What concerns people.  A value is the same object as long as it says the
 * same; "types" are the events that may change it.
 */

function useStore({ mine, types, key, read, enter }) {
    const client = mine?.client ?? null;
    const seen = useRef({});

    const subscribe = useCallback((tell) => {
        const all = ['open', 'closed', ...types];

        all.forEach((type) => client?.addEventListener(type, tell));

        const leave = client && enter?.(client);

        return () => {
            all.forEach((type) => client?.removeEventListener(type, tell));
            leave?.();
        };
    }, [client, key]);

    const look = () => {
        const value = read(client);
        const text = JSON.stringify(value);

        if (seen.current.text !== text) {
            seen.current = { text, value };
        }

        return seen.current.value;
    };

    return useSyncExternalStore(subscribe, look, look);
}

/* A component that shows a chat is in it. */

const into = (chatId) => chatId && ((client) => client.subscribe(chatId));

const ofUnread = ['unread', 'chats', 'chat_state', 'chat_added',
    'chat_removed', 'subscription_confirmed', 'resumed', 'unsubscribed',
    'new_message'];


export function useChats(options) {
    const { mine } = useLink(options);

    return useStore({ mine, types: ofUnread, key: '', read: (client) =>
        (client?.userChats ?? []).map((chatId) => client.chat(chatId)
            ?? { chatId, unread: 0, marked: false, muted: false }) });
}

export function useUnread({ chatId, ...options }) {
    const { mine } = useLink(options);
    const now = useStore({ mine, types: ofUnread, key: chatId,
        read: (client) => ({
            unread: chatId && client ? client.unread(chatId) : 0,
            marked: (chatId && client?.chat(chatId)?.marked) ?? false,
            total: client?.unreadTotal ?? 0,
            chats: client?.unreadChats ?? [],
        }) });

    return { ...now, client: mine?.client ?? null,
        read: useCallback((seq, how) => mine?.client.read(chatId, seq, how),
            [mine, chatId]),
        markUnread: useCallback((isUnread) =>
            mine?.client.markUnread(chatId, isUnread), [mine, chatId]) };
}

const nobody = { online: [], away: [], offline: {}, count: 0, people: 0 };

export function usePresence({ chatId, users, ...options }) {
    const { mine } = useLink(options);
    const watched = JSON.stringify(users ?? []);

    return useStore({ mine, key: chatId + watched,
        types: ['presence', 'chat_state', 'chat_removed', 'unsubscribed'],
        read: (client) => {
            const all = chatId && client ? client.people(chatId) : nobody;
            const ids = new Set([...users ?? [], ...all.online, ...all.away,
                ...Object.keys(all.offline)]);

            return { ...all, states: Object.fromEntries([...ids].map((id) =>
                [id, client?.presence(id) ?? 'unknown'])) };
        },
        enter: (client) => {
            const leave = chatId && client.subscribe(chatId);
            const end = users?.length && client.watch(users);

            return () => {
                leave?.();
                end?.();
            };
        } });
}

export function useReceipts({ chatId, ...options }) {
    const { mine } = useLink(options);
    const { reads } = useStore({ mine, key: chatId, enter: into(chatId),
        types: ['read_receipt', 'chat_state', 'new_message', 'chat_removed',
            'unsubscribed', 'resumed', 'subscription_confirmed'],
        read: (client) => ({
            reads: chatId && client ? client.reads(chatId) : {},
            delivered: chatId && client ? client.delivered(chatId) : {} }) });

    return { reads,
        readBy: (seq) => mine?.client.readBy(chatId, seq) ?? [],
        tick: (seq) => mine?.client.tick(chatId, seq) ?? 'sent' };
}

export function useTypists({ chatId, ...options }) {
    const { mine } = useLink(options);

    return useStore({ mine, key: chatId, enter: into(chatId),
        types: ['user_typing', 'typing_users', 'chat_state', 'new_message',
            'chat_removed', 'unsubscribed'],
        read: (client) => chatId && client ? client.typists(chatId)
            : { users: [], count: 0 } });
}

export function useUploads({ chatId, ...options }) {
    const { mine } = useLink(options);

    return useStore({ mine, key: chatId, enter: into(chatId),
        types: ['upload_progress', 'chat_removed', 'unsubscribed'],
        read: (client) => client?.uploads(chatId ?? undefined) ?? [] });
}
