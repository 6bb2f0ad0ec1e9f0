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
import { FakeSocket } from './fake.mjs';
import { build, installed, packageDir, require, run, top } from './modules.mjs';


test('the size', () => {
    const text = readFileSync(`${packageDir}chatws.js`);

    assert.ok(text.length < 12 * 1024, `${text.length} bytes`);
    assert.ok(gzipSync(text).length < 4 * 1024, 'gzipped');
});


test('the build for pages without modules', () => {
    const text = run(`${top}tools/global`);
    const page = createContext({ CustomEvent, EventTarget, URL, setTimeout,
        clearTimeout, WebSocket: FakeSocket });

    runInContext(text, page);
    runInContext('var client = chatws.connect({ url: "ws://host/" });'
        + 'client.close();', page);
    assert.equal(page.client.state, 'closed');
    assert.ok(page.client instanceof page.chatws.ChatClient);
});


test('the package', async () => {
    const { place, files } = installed('package');

    assert.deepEqual(files, ['LICENSE', 'README.md', 'chatws-react.d.ts',
        'chatws-react.js', 'chatws.d.ts', 'chatws.global.js', 'chatws.js',
        'package.json']);
    assert.equal(readFileSync(`${packageDir}LICENSE`, 'utf8'),
        readFileSync(`${top}LICENSE`, 'utf8'));

    writeFileSync(`${place}/use.mjs`, `
        export { ChatClient, connect } from 'chatws';
        export { useChat } from 'chatws/react';
    `);

    const { useChat, ...use } = await import(`${place}/use.mjs`);
    const client = use.connect({ url: 'ws://host/', WebSocket: FakeSocket });

    assert.ok(client instanceof use.ChatClient);
    client.close();
    assert.equal(typeof useChat, 'function');
    assert.equal(JSON.parse(readFileSync(
        `${place}/node_modules/chatws/package.json`)).dependencies, undefined);
});


test('the types', () => {
    const { place } = installed('types');

    writeFileSync(`${place}/use.mts`, `
        import { connect, type ChatClient, type NewMessage } from 'chatws';
        import { useChat } from 'chatws/react';

        const client: ChatClient = connect({ url: '/api/ws', userId: 'u' });

        connect();
        connect({ url: async () => new URL('ws://host/') });
        connect({ WebSocket: class extends WebSocket {} });

        client.subscribe('a');
        client.subscribe('a', client.position('a'));
        client.typing('a');
        client.typing('a', false);
        client.autoTyping(document.createElement('textarea'), 'a')();

        client.addEventListener('new_message', ({ detail }) => {
            const message: NewMessage = detail;
            const text: string = detail.message.text;
        });

        client.addEventListener('reconnecting', ({ detail }) => {
            const at: number = client.retryAt - detail.delay;
        });

        client.addEventListener('gap', ({ detail }) => detail.chatId.length);
        client.addEventListener('edited', ({ detail }) => detail.chatId);

        const { messages, typists, typing } = useChat({ userId: 'u',
            chatId: 'a', load: async (chatId) => [] });

        typing(messages[0].text !== typists[0].username);

        // @ts-expect-error
        client.subscribe(1);
        // @ts-expect-error
        client.state = 'open';
        // @ts-expect-error
        connect({ userid: 'u' });
        // @ts-expect-error
        client.addEventListener('gap', ({ detail }) => detail.delay);
        // @ts-expect-error
        client.addEventListener('new_message', ({ detail }) => detail.text);
        // @ts-expect-error
        useChat({ chatId: 1 });
    `);

    for (const resolution of [['node16', 'node16'], ['esnext', 'bundler']]) {
        run(process.execPath, [require.resolve('typescript/bin/tsc'),
            '--strict', '--noEmit', '--target', 'es2022',
            '--lib', 'es2022,dom', '--types', 'react',
            '--module', resolution[0], '--moduleResolution', resolution[1],
            'use.mts'], { cwd: place });
    }
});


/* What the types say is what there is, and the other way round. */

test('the members', () => {
    const client = connect({ url: 'ws://host/', WebSocket: FakeSocket });
    const names = [...Object.keys(client), ...Object.getOwnPropertyNames(
        ChatClient.prototype)].filter((name) => name !== 'constructor');

    client.close();

    const text = readFileSync(`${packageDir}chatws.d.ts`, 'utf8');
    const typed = text.slice(text.indexOf('class ChatClient'))
        .match(/^    (?:readonly )?\w+(?=[(:])/gm)
        .map((name) => name.replace(/.* /, ''))
        .filter((name) => name !== 'constructor');

    assert.deepEqual(typed.sort(), names.sort());
});
