/*
 * Copyright (C) chatws contributors, MIT licence
 */

import type { ChatInfo, OwnPresence, People, PeopleEvent, PresenceState,
    Typists, Upload, UploadInfo, UploadOptions } from './chatws-people.js';

export type * from './chatws-people.js';

/** A member that is undefined counts as missing. */
export interface Options {
    /**
     * The endpoint: absolute or relative to the page, http(s) or ws(s);
     * default "/api/ws".  Anything else throws a TypeError at once.
     *
     * A function is called for each attempt to connect, and once more to ask
     * why one was refused; it may take its time, to fetch a fresh ticket for
     * instance.  What it throws is tried again, but an UnauthorizedError ends
     * the client.
     */
    url?: string | URL | (() => string | URL | Promise<string | URL>)
        | undefined;

    /**
     * A token of the application for the user.  It is asked for before the
     * first connection, and again when one is about to expire or is no longer
     * taken.  What it throws is tried again, but an UnauthorizedError ends the
     * client.
     */
    getToken?: (() => string | Promise<string>) | undefined;

    /**
     * How the token is shown: in the first message (the default), as a
     * subprotocol, or as the argument access_token of the address.
     */
    tokenIn?: 'message' | 'protocol' | 'query' | undefined;

    /**
     * Opens what is encrypted: returns the key of a chat for the kid that its
     * messages name, 32 bytes, or a CryptoKey for AES-GCM; one for HKDF is
     * the master key, from which that of the chat is derived.  Needs Web
     * Crypto, which pages without TLS lack.
     *
     * A key is asked for once a chat and kid, and once more where it is of no
     * use or the function throws; then what can't be opened is
     * "undecryptable", and after half a minute it is asked for again.
     */
    encryptionKey?: ((chatId: string, kid: string) => EncryptionKey
        | Promise<EncryptionKey>) | undefined;

    /** Sent in the query string; not needed where nginx knows the user. */
    userId?: string | null | undefined;
    username?: string | null | undefined;

    /**
     * Reconnecting waits a random time of up to minDelay ms, doubled with
     * each attempt up to maxDelay; defaults 1000 and 30000.
     */
    minDelay?: number | undefined;
    maxDelay?: number | undefined;

    /**
     * After idle ms without a word from the server (default 20000) the
     * client asks for one, and gives the link up after timeout ms (8000),
     * which is also the time that connecting may take.
     */
    idle?: number | undefined;
    timeout?: number | undefined;

    /**
     * typing() sends "true" at most every typingEvery ms (default 3000) and
     * "false" by itself after a rest of typingStop ms (5000).  Others who
     * type and are not heard of for typingLost ms (10000) have stopped.
     */
    typingEvery?: number | undefined;
    typingStop?: number | undefined;
    typingLost?: number | undefined;

    /**
     * The server subscribes the user to all chats of the user, and tells
     * which ones these are.
     */
    chats?: 'live' | undefined;

    /** Chats tell of those who are there, and of what they do. */
    state?: boolean | undefined;

    /** What the user is from the beginning; see setPresence(). */
    presence?: OwnPresence | undefined;

    /** An upload that is not heard of for so many ms (15000) is lost. */
    uploadLost?: number | undefined;

    /** Another implementation, or one that looks at the frames. */
    WebSocket?: (new (url: string, protocols?: string[]) => WebSocket)
        | undefined;

    /** Asks why a handshake was refused; with null nobody asks. */
    fetch?: typeof globalThis.fetch | null | undefined;
}

export type EncryptionKey = Uint8Array | ArrayBuffer | CryptoKey;

/** The place of a notification in a chat; see ChatClient.position(). */
export interface Position {
    seq: number;
    epoch: string;
}

/** How a chat is entered; see ChatClient.subscribe(). */
export interface Subscribing extends Partial<Position> {
    /**
     * A token for this chat alone, asked for each time that the chat is
     * entered.  What it throws is tried again, but an UnauthorizedError is a
     * chat that is "denied".
     */
    getToken?: ((chatId: string) => string | Promise<string>) | undefined;
}

export interface Connected {
    type: 'connected';
    userId: string;
    message: string;
    timestamp: string;
    session?: string;
    /** Seconds, where a token counts. */
    expiresIn?: number;
    /** Where the server knows people: the last number of this user. */
    userSeq?: number;
    epoch?: string;
    /** What is on. */
    features?: string[];
}

export interface SubscriptionConfirmed {
    type: 'subscription_confirmed';
    action: 'subscribe' | 'unsubscribe';
    chatId: string;
    message: string;
    seq?: number;
    epoch?: string;
    recovered?: boolean;
    count?: number;
    read?: number;
    seen?: number;
    unread?: number;
}

export interface Resumed {
    type: 'resumed';
    chats: Record<string, {
        recovered?: boolean;
        seq?: number;
        error?: string;
        details?: string;
        retryAfter?: number;
        count?: number;
        read?: number;
        seen?: number;
        unread?: number;
        epoch?: string;
    }>;
    /** Of what was for the user: false, something may be missing. */
    user?: { recovered: boolean, seq: number, epoch?: string };
    epoch: string;
}

export interface Message {
    /** As it was published, which may be a number. */
    id: string | number;
    text: string;
    sender: string;
    /** Likewise. */
    timestamp: string | number;
    isOwnMessage: boolean;
    [member: string]: unknown;
}

export interface NewMessage {
    type: 'new_message';
    chatId: string;
    message: Message;
    timestamp: string;
    seq?: number;
    /** The messages of the chat that count, with this one. */
    count?: number;
    /** Of one that is to the user. */
    userSeq?: number;
}

export interface ChatUpdate {
    type: 'chat_update';
    chatId: string;
    lastMessage: string;
    lastMessageTime: string;
    unreadCount: number;
    timestamp: string;
    userSeq?: number;
}

export interface UserTyping {
    type: 'user_typing';
    chatId: string;
    userId: string;
    username: string;
    isTyping: boolean;
    timestamp: string;
}

/** "users" replaces what was known, and is not all if "count" is more. */
export interface TypingUsers {
    type: 'typing_users';
    chatId: string;
    users: { userId: string, username: string }[];
    count: number;
    timestamp: string;
}

/** The server has ended a subscription, which is no longer held. */
export interface Unsubscribed {
    type: 'unsubscribed';
    chatId: string;
    reason: 'removed' | 'denied' | 'token' | 'expired';
    timestamp: string;
}

/** Another token was taken. */
export interface Authenticated {
    type: 'authenticated';
    action: 'auth';
    userId: string;
    expiresIn?: number;
}

/** The client asks for another token. */
export interface TokenExpiring {
    type: 'token_expiring';
    expiresIn: number;
}

/**
 * Application events: what was published with a type of your own.  Their
 * names and members are told to connect() or ChatClient:
 *
 *     const chat = connect<{ message_edited: { id: string, text: string } }>();
 */
export type AppEvents<App> = {
    [Type in keyof App & string]: App[Type] & {
        type: Type;
        chatId: string;
        timestamp: string;
        seq?: number;
        count?: number;
        userSeq?: number;
    };
};

type ServerEvent = Connected | SubscriptionConfirmed | Resumed | NewMessage
    | ChatUpdate | UserTyping | TypingUsers | Unsubscribed | Authenticated
    | TokenExpiring | PeopleEvent;

/** All that a server sends but errors; "type" tells which one it is. */
export type Notification<App = {}> = ServerEvent
    | AppEvents<App>[keyof App & string];

/** chatId: the subscription that was refused, and is no longer held. */
export interface ChatError {
    type: 'error';
    error: string;
    details: string;
    timestamp?: string;
    chatId?: string;
    action?: string;
    /** Milliseconds, after which what was refused may be asked for again. */
    retryAfter?: number;
}

export interface Reconnecting {
    /** 1, 2, 3, ... until a connection has held for a while. */
    attempt: number;
    /** Milliseconds until the next attempt; also ChatClient.retryAt. */
    delay: number;
    /** Why: the close code, 1006 for a lost link, and its reason. */
    code: number;
    reason: string;
}

export interface Back {
    chatId: string;
    /** The last number used in the chat when the connection came back. */
    seq?: number;
}

export interface Closed {
    code: number;
    reason: string;
    /** Of the answer in place of a connection, where that can be seen. */
    status?: number;
}

export interface Undecryptable<App = {}> {
    chatId: string;
    /** The key that it needs, where its header says so. */
    kid?: string;
    /**
     * The header is of another message or has no known form; there is no key;
     * or the text was encrypted with another one, or changed.
     */
    reason: 'header' | 'key' | 'text';
    /** What encryptionKey() has thrown, for instance. */
    error: unknown;
    /** As it came; nothing else is told of it. */
    notification: Notification<App>;
}

/** The events of ChatClient, and what is in their "detail". */
export type Events<App = {}> = OwnEvents & {
    [Each in ServerEvent as Each['type']]: Each;
} & AppEvents<App> & {
    /** Each notification but errors. */
    message: Notification<App>;
    /** What was published to the user, in whatever chats that is. */
    notification: Notification<App> & { userSeq: number };
    /** A notification that is encrypted, and can't be opened. */
    undecryptable: Undecryptable<App>;
};

interface OwnEvents {
    /** An attempt to connect begins. */
    connecting: Record<string, never>;
    /** Connected, for the first time or again. */
    open: Connected;
    /** The connection is lost and comes back after "delay". */
    reconnecting: Reconnecting;
    /** The end: close(), a refusal, or a fault that would come again. */
    closed: Closed;
    /** Nothing was missed in the chat, or what was comes next. */
    recovered: Back;
    /** Notifications of this chat may be missing: load it anew. */
    gap: Back;
    /** After "closed": somebody has to log in again. */
    unauthorized: Closed;
    /** The subscription is not allowed, and no longer held. */
    denied: ChatError & { chatId: string };
    error: ChatError;
}

/** A CustomEvent, or what serves as one where there is none. */
type ChatEvent<Detail> = typeof globalThis extends { CustomEvent: unknown }
    ? CustomEvent<Detail> : { readonly type: string, readonly detail: Detail };

type Listener<E> = ((event: E) => void) | { handleEvent(event: E): void };

/**
 * Notifications of a chat come in order and once, whatever happens to the
 * connection in between; where that is not possible there is a "gap".
 */
export class ChatClient<App = {}> extends EventTarget {
    constructor(options?: Options);

    /** Changes before the event that tells of it. */
    readonly state: 'connecting' | 'open' | 'waiting' | 'closed';

    /** While waiting: when the next attempt begins, as in Date.now(). */
    readonly retryAt: number;

    /** The subscribed chats. */
    readonly chats: string[];

    /**
     * At once or as soon as there is a connection, and again with each
     * later one.  With a position the notifications after it come first,
     * or there is a "gap".
     *
     * A chat may have a token of its own.
     *
     * Subscriptions are counted: a chat is left by the last unsubscribe(),
     * or by the returned functions, each of which counts once.
     */
    subscribe(chatId: string, how?: Subscribing): () => void;

    unsubscribe(chatId: string): void;

    /** Where a subscribed chat stands, for subscribe() at another time. */
    position(chatId: string): Position | undefined;

    /** To be called with each key stroke; with false when it was sent. */
    typing(chatId: string, isTyping?: boolean): void;

    /** Does that for a field until the returned function is called. */
    autoTyping(input: HTMLInputElement | HTMLTextAreaElement,
        chatId: string): () => void;

    /** Who types in the chat, and is not this connection. */
    typists(chatId: string): Typists;

    /** What the server has on for people. */
    readonly features: string[];

    /** The chats of the user, with the option "chats". */
    readonly userChats: string[];

    chat(chatId: string): ChatInfo | undefined;

    /** What is unread, in all chats that are not muted. */
    readonly unreadTotal: number;

    /** Chats that have something unread, or are marked, and are not muted. */
    readonly unreadChats: string[];

    unread(chatId: string): number;

    /**
     * The user has read up to this number, or all that there is; with
     * "private" only the user's own pages are told.
     */
    read(chatId: string, seq?: number, how?: { private?: boolean }): void;

    /**
     * Does that while the element is in view, or without one the page, which
     * has the focus; until the returned function is called.
     */
    autoRead(chatId: string, element?: Element | null,
        how?: { private?: boolean }): () => void;

    /** By hand, until it is read again; moves nothing. */
    markUnread(chatId: string, isUnread?: boolean): void;

    /** How far others have read. */
    reads(chatId: string): Record<string, number>;

    /** Up to where messages have arrived, where the server tells. */
    delivered(chatId: string): Record<string, number>;

    /** Others who have read this far. */
    readBy(chatId: string, seq: number): string[];

    /** Of all others who tell how far they have read. */
    tick(chatId: string, seq: number): 'sent' | 'delivered' | 'read';

    people(chatId: string): People;

    /** Those who are online or away. */
    online(chatId: string): string[];

    /** Of one who is in one of the chats, or is watched. */
    presence(userId: string): PresenceState | undefined;

    lastSeen(userId: string): string | null;

    /** Of users in a chat that is too large to be told of all of them. */
    askPresence(chatId: string, userIds: Iterable<string>): void;

    setPresence(state: OwnPresence): void;

    /**
     * The user is away when there was no input for so many ms in any page of
     * this origin; until the returned function is called.
     */
    autoAway(time: number): () => void;

    /** Asks for their presence until the returned function is called. */
    watch(userIds: Iterable<string>): () => void;

    /** Those that are running now. */
    uploads(chatId?: string): UploadInfo[];

    /** Sends a file, of which the chat is told. */
    upload(chatId: string | null, file: Blob, how: UploadOptions): Upload;

    /**
     * Connects now instead of waiting, also after a refusal, with all chats
     * as they were; or asks whether the link lives.
     */
    retry(): void;

    /** For good. */
    close(): void;

    addEventListener<Type extends keyof Events<App> & string>(type: Type,
        listener: Listener<ChatEvent<Events<App>[Type]>> | null,
        options?: boolean | AddEventListenerOptions): void;

    removeEventListener<Type extends keyof Events<App> & string>(type: Type,
        listener: Listener<ChatEvent<Events<App>[Type]>> | null,
        options?: boolean | EventListenerOptions): void;
}

/**
 * Thrown by url() or getToken(): nobody is logged in any more, and the client
 * ends.
 */
export class UnauthorizedError extends Error { }

export function connect<App = {}>(options?: Options): ChatClient<App>;
