/*
 * Copyright (C) chatws contributors
 *
 * The client as a package: what it holds, its size, its types, and the build
 * for pages without modules.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';

import { ChatClient, connect } from '../../conf/client/chatws.js';
import { confirmed, connected, FakeSocket, message, socket }
    from './fake.mjs';
import { build, installed, packageDir, require, run, top } from './modules.mjs';


const ts = require('typescript');


/* As a page would load it: without comments and indents, and compressed. */

test('the size', () => {
    const text = (...names) => names.map((name) => readFileSync(
        `${packageDir}chatws-${name}.js`, 'utf8')).join('');

    for (const [name, most, source] of [
        ['the client', 9000, run(`${top}tools/global`)],
        ['encryption', 1800, text('encryption')],
        ['people', 6200, text('people', 'unread', 'presence', 'activity')],
        ['uploads', 1000, text('upload')],
    ]) {
        const { outputText } = ts.transpileModule(source,
            { compilerOptions: { target: 'es2022', removeComments: true } });
        const { length } = gzipSync(outputText.replace(/^\s+/gm, ''));

        assert.ok(length < most, `${name}: ${length} bytes`);
    }
});


/* A world of its own, with what is given; what is said there is "client". */

function world(things) {
    const page = createContext({ setTimeout, clearTimeout,
        WebSocket: FakeSocket, ...things });

    runInContext(run(`${top}tools/global`), page);
    runInContext('var client = chatws.connect({ url: "https://host/x" });',
        page);

    return page;
}


test('the build for pages without modules', () => {
    const page = world({ CustomEvent, EventTarget, URL });

    page.client.close();
    assert.equal(page.client.state, 'closed');
    assert.ok(page.client instanceof page.chatws.ChatClient);
});


/*
 * React Native and others: an URL that can only be read, and adds a slash;
 * and of events nothing, or but a part.
 */

test('where there is not all of a browser', async (t) => {
    class URL {
        #url;

        constructor(url, base) {
            this.#url = `${base ?? ''}${url}${url.endsWith('/') ? '' : '/'}`;
        }

        get href() {
            return this.#url;
        }

        get protocol() {
            throw new Error('not implemented');
        }

        get searchParams() {
            throw new Error('not implemented');
        }
    }

    for (const part of [{}, { EventTarget, Event }]) {
        const { client, chatws } = world({ URL, ...part });
        const seen = [];
        const see = ({ type, detail }) => seen.push([type, detail.chatId]);
        const object = { handleEvent: see };

        t.after(() => client.close());
        assert.equal(socket().url, 'wss://host/x');
        assert.throws(() => chatws.connect({ url: '/api/ws' }),
            /url: "\/api\/ws" is not/);

        client.addEventListener('gap', see);
        client.addEventListener('gap', see);
        client.addEventListener('gap', object);
        client.addEventListener('new_message', see, { once: true });
        client.addEventListener('open', () => client.subscribe('a'));
        socket().say(connected(), confirmed('a', 0), message('a', 1),
            message('a', 2));
        assert.deepEqual(seen.splice(0), [['new_message', 'a']]);

        socket().end(1012);
        client.retry();
        socket().say(connected(), confirmed('a', 3, { recovered: false }));
        assert.deepEqual(seen.splice(0), [['gap', 'a'], ['gap', 'a']]);
        client.removeEventListener('gap', see);
        client.removeEventListener('gap', object);
        socket().end(1012);
        client.retry();
        socket().say(connected(), confirmed('a', 3, { recovered: false }));
        assert.deepEqual(seen, []);
    }

    /* a listener's fault is nobody else's */

    const faults = [];
    const { client } = world({ URL, setTimeout: (then, time) => {
        if (time === undefined) {
            assert.throws(then, ({ message }) => faults.push(message) === 1);
        }
    } });

    client.addEventListener('open', () => {
        throw new Error('mine');
    });
    client.addEventListener('open', () => client.close());
    socket().say(connected());
    assert.equal(client.state, 'closed');
    assert.deepEqual(faults, ['mine']);
});


/* A request that is answered at once. */

class Request {
    upload = {};

    open() {}

    setRequestHeader() {}

    send() {
        this.status = 200;
        this.onload();
    }
}

test('the package', async () => {
    const { place, files } = installed('package');

    assert.deepEqual(files.filter((name) => !/^chatws-[a-z]+\.c?js$/.test(
        name)), ['LICENSE', 'README.md', 'chatws-people.d.cts',
        'chatws-people.d.ts', 'chatws-react.d.cts', 'chatws-react.d.ts',
        'chatws.cjs', 'chatws.d.cts', 'chatws.d.ts', 'chatws.global.d.ts',
        'chatws.global.js', 'chatws.js', 'package.json']);
    assert.equal(readFileSync(`${packageDir}LICENSE`, 'utf8'),
        readFileSync(`${top}LICENSE`, 'utf8'));

    writeFileSync(`${place}/use.mjs`, `
        export { ChatClient, connect, UnauthorizedError } from 'chatws';
        export { useChat } from 'chatws/react';
        import 'chatws/global';
        export const { chatws } = globalThis;
    `);
    writeFileSync(`${place}/use.cjs`, `
        module.exports = { ...require('chatws'), ...require('chatws/react') };
    `);

    const esm = await import(`${place}/use.mjs`);

    for (const { useChat, ...use } of [esm, require(`${place}/use.cjs`)]) {
        const client = use.connect({ url: 'ws://host/',
            WebSocket: FakeSocket });

        assert.ok(client instanceof use.ChatClient);

        /* what is loaded later is in the package, too */

        client.setPresence('away');
        await client.upload('a', new Blob([]),
            { url: '/', XMLHttpRequest: Request }).done;

        assert.ok(new use.UnauthorizedError('x') instanceof Error);
        client.close();
        assert.equal(typeof useChat, 'function');
    }

    assert.equal(typeof esm.chatws.connect, 'function');
    assert.equal(JSON.parse(readFileSync(
        `${place}/node_modules/chatws/package.json`)).dependencies, undefined);
});


/* What a program of types sees; what it must not do is an error there. */

const uses = `
    const client: ChatClient = connect({ url: '/api/ws', userId: 'u' });

    connect();
    connect({ url: async () => new URL('ws://host/'), userId: null });
    connect({ WebSocket: class extends WebSocket {}, fetch: null });

    const unknown = undefined as undefined;
    const nothing = { url: unknown, userId: unknown, username: unknown,
        minDelay: unknown, maxDelay: unknown, idle: unknown, timeout: unknown,
        typingEvery: unknown, typingStop: unknown, typingLost: unknown,
        WebSocket: unknown, fetch: unknown, encryptionKey: unknown };

    connect(nothing);
    useChat({ ...nothing, server: unknown, chatId: unknown, load: unknown,
        onNotification: unknown });

    connect({ encryptionKey: (chatId, kid) =>
        new TextEncoder().encode(chatId + kid) });
    connect({ encryptionKey: async () => crypto.subtle.generateKey(
        { name: 'AES-GCM', length: 256 }, false, ['decrypt']) });
    client.addEventListener('undecryptable', ({ detail }) => {
        const reason: 'header' | 'key' | 'text' = detail.reason;
        const name: string | undefined = detail.kid;
        const type: string = detail.notification.type;
    });

    client.subscribe('a')();
    client.subscribe('a', client.position('a'));
    client.typing('a');
    client.typing('a', false);
    client.autoTyping(document.createElement('textarea'), 'a')();

    client.addEventListener('new_message', ({ detail }) => {
        const message: NewMessage = detail;
        const text: string = detail.message.text;
        const id: string | number = detail.message.id;
        const time: Date = new Date(detail.message.timestamp);

        // @ts-expect-error
        const number: number = detail.message.id;
    });

    connect({ chats: 'live', state: true, presence: 'invisible',
        uploadLost: 1000 });
    client.read('a');
    client.read('a', 7, { private: true });
    client.autoRead('a', document.querySelector('p'))();
    client.watch(['u', 'v'])();
    client.autoAway(60000)();
    client.setPresence('away');

    const total: number = client.unreadTotal + client.unread('a')
        + client.unreadChats.length + client.people('a').count
        + (client.chat('a')?.read ?? 0) + (client.reads('a')['u'] ?? 0);
    const tick: 'sent' | 'delivered' | 'read' = client.tick('a', 1);
    const upload: Upload = client.upload('a', new Blob([]), { url: '/' });

    upload.done.then(({ status }) => status === 201);
    client.addEventListener('upload_progress', ({ detail }) =>
        detail.state === 'lost' && detail.received);
    client.addEventListener('notification', ({ detail }) =>
        detail.userSeq > 0 && detail.type === 'chat_update'
        && detail.lastMessage);
    client.addEventListener('unread', ({ detail }) => detail.unread > 0);

    const { unread, read } = useUnread({ userId: 'u', chatId: 'a' });
    const [{ marked }] = useChats({ userId: 'u', chats: 'live' });
    const { states } = usePresence({ userId: 'u', users: ['v'] });
    const blue: boolean = useReceipts({ chatId: 'a' }).tick(1) === 'read';
    const many: number = useTypists({ chatId: 'a' }).count
        + useUploads({}).length;

    read(unread);

    // @ts-expect-error
    client.setPresence('there');
    // @ts-expect-error
    client.upload('a', 'file', { url: '/' });
    // @ts-expect-error
    client.upload('a', new Blob([]));
    // @ts-expect-error
    client.unreadTotal = 1;
    // @ts-expect-error
    connect({ chats: 'resume' });

    client.addEventListener('open', (event: Event) => event.target);
    client.addEventListener('gap', (event: CustomEvent) => event.detail);

    client.addEventListener('reconnecting', ({ detail }) => {
        const at: number = client.retryAt - detail.delay;
    });

    client.addEventListener('gap', ({ detail }) => detail.chatId.length);
    client.addEventListener('closed', ({ detail }) => detail.status === 401);
    client.addEventListener('error', ({ detail }) => detail.error.length);

    /* "type" tells one from another */

    client.addEventListener('message', ({ detail }) => {
        const text = detail.type === 'new_message' ? detail.message.text
            : detail.type === 'user_typing' ? detail.username : '';
        const length: number = text.length;

        // @ts-expect-error
        detail.type === 'new_mesage';
        // @ts-expect-error
        detail.message;
    });

    /* and those of the application, too */

    interface Mine {
        edited: { id: string, text: string };
        deleted: { id: string };
    }

    const mine = connect<Mine>();

    mine.addEventListener('edited', ({ detail }) => {
        const text: string = detail.text + detail.chatId + detail.timestamp;
    });

    mine.addEventListener('message', ({ detail }) => {
        if (detail.type === 'deleted') {
            detail.id.length;

            // @ts-expect-error
            detail.text;
        }
    });

    const { messages, typists, typing, error } = useChat<Mine>({ userId: 'u',
        chatId: 'a', server: 'x', url: () => '/', load: async (chatId) => [],
        onNotification: (note) => note.type === 'edited' && note.text });

    typing(messages[0].text !== typists[0].username);

    const reason: string | undefined = error instanceof Error ? error.message
        : error?.details;

    // @ts-expect-error
    client.subscribe(1);
    // @ts-expect-error
    client.state = 'open';
    // @ts-expect-error
    connect({ userid: 'u' });
    // @ts-expect-error
    client.addEventListener('new_mesage', () => {});
    // @ts-expect-error
    client.addEventListener('edited', () => {});
    // @ts-expect-error
    mine.addEventListener('edited', ({ detail }) => detail.txt);
    // @ts-expect-error
    client.addEventListener('gap', ({ detail }) => detail.delay);
    // @ts-expect-error
    client.addEventListener('new_message', ({ detail }) => detail.text);
    // @ts-expect-error
    useChat({ chatId: 1 });
    // @ts-expect-error
    error.details;
`;

test('the types', () => {
    const { place } = installed('types');

    const text = `
        import { connect, type ChatClient, type NewMessage, type Upload }
            from 'chatws';
        import { useChat, useChats, usePresence, useReceipts, useTypists,
            useUnread, useUploads } from 'chatws/react';
        ${uses}`;

    /* modules of both kinds, and a page's script */

    writeFileSync(`${place}/use.mts`, text);
    writeFileSync(`${place}/use.cts`, text);
    writeFileSync(`${place}/use.ts`, text);
    writeFileSync(`${place}/script.ts`, `
        /// <reference types="chatws/global" />

        chatws.connect().addEventListener('new_message', ({ detail }) =>
            detail.message.text);

        // @ts-expect-error
        chatws.disconnect();
    `);

    for (const [module, resolution, ...files] of [
        ['node16', 'node16', 'use.mts', 'use.cts', 'script.ts'],
        ['esnext', 'bundler', 'use.ts', 'script.ts'],
        ['commonjs', 'node10', 'use.ts', 'script.ts'],
    ]) {
        run(process.execPath, [require.resolve('typescript/bin/tsc'),
            '--strict', '--exactOptionalPropertyTypes', '--noEmit',
            '--target', 'es2022', '--lib', 'es2022,dom', '--types', 'react',
            '--module', module, '--moduleResolution', resolution,
            ...files], { cwd: place });
    }
});


/* React Native knows nothing of a page; nor does it look into packages. */

test('the types without a page', () => {
    const { place } = installed('native');

    writeFileSync(`${place}/use.ts`, `
        import { connect } from 'chatws';
        import { useChat } from 'chatws/react';

        const chat = connect({ url: 'wss://host/api/ws', userId: 'u' });

        chat.addEventListener('new_message', ({ detail }) => {
            const text: string = detail.message.text;

            // @ts-expect-error
            const number: number = detail.message.text;
        });

        // @ts-expect-error
        chat.addEventListener('new_mesage', () => {});

        // @ts-expect-error
        useChat({ userId: 'u' }).typists[0].name;
    `);

    run(process.execPath, [require.resolve('typescript/bin/tsc'),
        '--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022',
        '--lib', 'es2022', '--types', 'react', '--module', 'esnext',
        '--moduleResolution', 'bundler', 'use.ts'], { cwd: place });
});


/* What the types say is what there is, and the other way round. */

test('the members', () => {
    const client = connect({ url: 'ws://host/', WebSocket: FakeSocket });
    const { prototype } = ChatClient;
    const names = [client, prototype, Object.getPrototypeOf(prototype)]
        .flatMap((one) => Object.getOwnPropertyNames(one))
        .filter((name) => name !== 'constructor');

    client.close();

    const text = readFileSync(`${packageDir}chatws.d.ts`, 'utf8');
    const typed = text.slice(text.indexOf('class ChatClient'))
        .match(/^    (?:readonly )?\w+(?=[(:])/gm)
        .map((name) => name.replace(/.* /, ''))
        .filter((name) => name !== 'constructor');

    assert.deepEqual(typed.sort(), names.sort());
});
