/*
 * Copyright (C) chatws contributors, MIT licence
 */

import type { ChatClient, ChatError, ChatInfo, ChatRemoved, ChatUpdate,
    Notification, Options, People, PresenceState, Typists, Unsubscribed,
    UploadInfo } from './chatws.js';

export interface UseChatOptions<App = {}> extends Options {
    /** Connects when there is one, after the login. */
    userId?: string | null | undefined;

    /**
     * Where url is a function: a name for where it leads to, a tenant for
     * instance.  Components with the same name share one connection, and
     * another name makes another one.  Without it only components with the
     * very same function share, and another function of the same component
     * counts when it connects again.
     */
    server?: string | undefined;

    /** The chat that is open; another one is left and entered. */
    chatId?: string | null | undefined;

    /**
     * Loads the chat from the app server, when it is opened and after a gap;
     * what it returns is merged by id.
     */
    load?: ((chatId: string) => Iterable<ChatMessage>
        | Promise<Iterable<ChatMessage>>) | undefined;

    /** Each notification of the chat, application events too. */
    onNotification?: ((notification: Notification<App>) => void) | undefined;
}

/** A Message, or what load() has of one. */
export interface ChatMessage {
    id: string | number;
    text: string;
    sender: string;
    timestamp: string | number;
    isOwnMessage?: boolean;
    /** Its place among those of one epoch. */
    seq?: number;
    epoch?: string;
    [member: string]: unknown;
}

export interface UseChat<App = {}> {
    state: 'connecting' | 'open' | 'waiting' | 'closed';
    /** While waiting: when the next attempt begins, as in Date.now(). */
    retryAt?: number;
    attempt?: number;
    code?: number;
    reason?: string;
    /** Of the answer in place of a connection, where that can be seen. */
    status?: number;
    /** It has ended, and somebody has to log in again. */
    unauthorized?: boolean;

    /** In order, each once. */
    messages: ChatMessage[];
    /** Who is typing now. */
    typists: { userId: string, username: string }[];
    /** The last chat_update. */
    update: ChatUpdate | null;
    /** The last error of the server, or what load() has thrown. */
    error: ChatError | Error | null;
    /** Why the chat is closed: "denied", "unsubscribed" or "chat_removed". */
    left: ChatError | Unsubscribed | ChatRemoved | null;

    /** To be called with each key stroke; with false when it was sent. */
    typing(isTyping?: boolean): void;
    /**
     * Shows an own message, as the POST was answered; not in another chat,
     * to which the user has gone meanwhile.
     */
    add(message: ChatMessage): void;
    /**
     * Connects now instead of waiting, also after a refusal; enters a chat
     * that was left.
     */
    retry(): void;

    client: ChatClient<App> | null;
}

/**
 * A chat in a component.  Components with the same url, userId and username
 * share one connection, which stays for a few seconds after the last of them.
 */
export function useChat<App = {}>(options: UseChatOptions<App>): UseChat<App>;

/**
 * Of the connection that useChat() has, with the same options; those of a chat
 * are subscribed to it.  What is returned is the same object as long as it says
 * the same.
 */
export interface UsePeopleOptions extends Options {
    userId?: string | null | undefined;
    server?: string | undefined;
    chatId?: string | null | undefined;
}

/** The chats of the user, with the option "chats". */
export function useChats(options: UsePeopleOptions): ChatInfo[];

export interface UseUnread {
    /** Of the chat, without one 0. */
    unread: number;
    marked: boolean;
    /** In all chats that are not muted. */
    total: number;
    chats: string[];
    read(seq?: number, how?: { private?: boolean }): void;
    markUnread(isUnread?: boolean): void;
    client: ChatClient | null;
}

export function useUnread(options: UsePeopleOptions): UseUnread;

export interface UsePresence extends People {
    /** Of those in the chat, and of those who are watched. */
    states: Record<string, PresenceState | 'unknown'>;
}

/** Of a chat, of the users in "users", or both. */
export function usePresence(options: UsePeopleOptions & {
    users?: readonly string[] | undefined;
}): UsePresence;

export interface UseReceipts {
    reads: Record<string, number>;
    readBy(seq: number): string[];
    tick(seq: number): 'sent' | 'delivered' | 'read';
}

export function useReceipts(options: UsePeopleOptions): UseReceipts;

export function useTypists(options: UsePeopleOptions): Typists;

/** Those of the chat, or without one all that are told to the user. */
export function useUploads(options: UsePeopleOptions): UploadInfo[];
