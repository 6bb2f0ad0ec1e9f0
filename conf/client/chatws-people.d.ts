/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * What a server tells of people, and what the client keeps of it.
 */

/** What a connection, or a user, is. */
export type PresenceState = 'online' | 'away' | 'offline';

/** What a user says of himself; "invisible" is of all connections. */
export type OwnPresence = PresenceState | 'invisible';

/** Numbers of a chat for this user; an unread number is count - seen. */
export interface Numbers {
    /** The number of the last notification. */
    last?: number;
    /** The messages that count. */
    count?: number;
    /** How far the user has read, and what counted by then. */
    read?: number;
    seen?: number;
    unread?: number;
    muted?: boolean;
    marked?: boolean;
}

/** A chat as the client knows it; what it has not been told is undefined. */
export interface ChatInfo {
    chatId: string;
    last: number | undefined;
    count: number | undefined;
    read: number | undefined;
    seen: number | undefined;
    unread: number;
    /** By hand: markUnread(). */
    marked: boolean;
    muted: boolean;
    epoch: string | undefined;
}

/** Who is in a chat: above a number of people the server only counts. */
export interface People {
    online: string[];
    away: string[];
    /** When they were last seen, or null. */
    offline: Record<string, string | null>;
    /** Those who are online or away. */
    count: number;
    people: number;
}

/** "count" is more than "users" where so many type that a list is cut. */
export interface Typists {
    users: { userId: string, username: string }[];
    count: number;
}

export type UploadState = 'uploading' | 'processing' | 'done' | 'failed'
    | 'aborted' | 'paused' | 'lost';

export interface UploadInfo {
    uploadId: string;
    chatId?: string;
    userId: string;
    username?: string;
    /** "lost": nothing was heard of it for a while. */
    state: UploadState;
    /** Bytes. */
    received: number;
    /** Missing where it is not known. */
    total?: number;
    /** The answer's, of one that has failed. */
    status?: number;
}

export interface UploadOptions {
    /** Where it goes; the argument chatId is added. */
    url: string | URL;
    /** Default: one that is made. */
    id?: string | undefined;
    /** Default: POST. */
    method?: string | undefined;
    headers?: Record<string, string> | undefined;
    /** What is sent in place of the file, a FormData for instance. */
    body?: Blob | FormData | undefined;
    withCredentials?: boolean | undefined;
    onProgress?: ((progress: UploadProgress) => void) | undefined;
    /** Another implementation. */
    XMLHttpRequest?: (new () => XMLHttpRequest) | undefined;
}

/** It changes while the file is sent. */
export interface UploadProgress {
    state: UploadState;
    sent: number;
    total: number;
}

export interface Upload {
    readonly id: string;
    readonly progress: UploadProgress;
    abort(): void;
    /**
     * The answer of the app server; rejected with an error whose name is
     * "AbortError", "NetworkError" or "HttpError", which has the answer, too.
     */
    done: Promise<{ status: number, text: string }>;
}

/** The user's chats; a list of several pages replaces what was known. */
export interface Chats {
    type: 'chats';
    chats: Record<string, Numbers>;
    first?: boolean;
    more: boolean | 'limit';
    userSeq: number;
    epoch: string;
}

export interface ChatAdded {
    type: 'chat_added';
    chatId: string;
    last: number;
    count: number;
    unread: number;
    userSeq: number;
    epoch: string;
    timestamp: string;
}

/** Nothing of this chat follows, and its subscription is not held. */
export interface ChatRemoved {
    type: 'chat_removed';
    chatId: string;
    userSeq: number;
    epoch?: string;
    timestamp: string;
}

/**
 * As the server says it, or where the number has changed by a message; then
 * without a timestamp.
 */
export interface Unread extends Numbers {
    type: 'unread';
    chatId: string;
    unread: number;
    /** False: the number may be too large. */
    exact?: boolean;
    epoch?: string;
    timestamp?: string;
}

/** States of those that have changed, without a chat of who is watched. */
export interface Presence extends PresenceLists {
    type: 'presence';
    chatId?: string;
    timestamp: string;
}

export interface PresenceLists {
    online?: string[];
    away?: string[];
    offline?: Record<string, string | null>;
    left?: string[];
    count?: number;
    people?: number;
    reset?: boolean;
    warming?: boolean;
}

export interface ReadReceipt {
    type: 'read_receipt';
    chatId: string;
    reads?: Record<string, number>;
    delivered?: Record<string, number>;
    timestamp: string;
}

/** All of it; what follows are changes. */
export interface ChatState extends Numbers {
    type: 'chat_state';
    chatId: string;
    presence?: PresenceLists;
    reads?: Record<string, number>;
    delivered?: Record<string, number>;
    typing?: string[];
    epoch: string;
    timestamp: string;
}

export interface UploadEvent extends UploadInfo {
    type: 'upload_progress';
    timestamp: string;
}

export type PeopleEvent = Chats | ChatAdded | ChatRemoved | Unread | Presence
    | ReadReceipt | ChatState | UploadEvent;
