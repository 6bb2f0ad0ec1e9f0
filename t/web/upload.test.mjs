/*
 * Copyright (C) chatws contributors
 *
 * Uploads in the browser client: its own, by a request that the test plays, and
 * those of others.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settled, socket } from './fake.mjs';
import { again, numbers, people, removed } from './people.mjs';

const now = '2025-11-27T10:00:00.000Z';

const chats = { a: numbers(0), b: numbers(0) };

class Request {
    static all = [];

    upload = {};
    headers = {};

    constructor() {
        Request.all.push(this);
    }

    open(method, url) {
        Object.assign(this, { method, url });
    }

    setRequestHeader(name, value) {
        this.headers[name] = value;
    }

    send(body) {
        this.body = body;
    }

    abort() {
        this.onabort();
    }
}

async function sending(t, how = {}, chatId = 'a') {
    const s = await people(t, { chats });
    const file = new Blob(['0123456789']);
    const upload = s.client.upload(chatId, file, { url: '/up?x=1&chatId=z#y',
        XMLHttpRequest: Request, ...how });

    Request.all = [];
    await settled();

    const shown = () => s.take().filter(({ event }) =>
        event === 'upload_progress').map((one) =>
        [one.state, one.received, one.total]);

    return { ...s, file, upload, shown, request: Request.all[0] };
}

const progress = (state, received, more) => ({ type: 'upload_progress',
    uploadId: 'up1', chatId: 'a', userId: 'v', username: 'Vi', state,
    received, total: 10, timestamp: now, ...more });


test('a file is sent', async (t) => {
    const seen = [];
    const s = await sending(t, { headers: { 'X-Name': 'n' },
        onProgress: ({ state, sent, total }) =>
            seen.push([state, sent, total]) });
    const { request, upload, client } = s;

    assert.deepEqual([request.method, request.url, request.body],
        ['POST', '/up?x=1&chatId=a#y', s.file]);
    assert.deepEqual(request.headers, { 'X-Progress-ID': upload.id,
        'X-Name': 'n' });
    assert.match(upload.id, /^[\w-]{8,64}$/);
    assert.deepEqual(upload.progress, { state: 'uploading', sent: 0,
        total: 10 });

    request.upload.onprogress({ loaded: 4, total: 10 });
    assert.deepEqual(client.uploads('a').map(({ userId, received }) =>
        [userId, received]), [['u', 4]]);
    assert.deepEqual(client.uploads('b'), []);

    /* the server tells of it, too, but this page knows more */

    socket().say(progress('uploading', 1, { uploadId: upload.id,
        userId: 'u' }));
    assert.equal(client.uploads('a')[0].received, 4);

    request.upload.onload({ loaded: 10 });
    assert.equal(upload.progress.state, 'processing');
    s.tick(60000);
    assert.equal(client.uploads('a').length, 1);
    Object.assign(request, { status: 201, responseText: '{"id":1}' });
    request.onload();
    assert.deepEqual(await upload.done, { status: 201, text: '{"id":1}' });
    assert.equal(upload.progress.state, 'done');
    assert.deepEqual(client.uploads(), []);

    const all = [['uploading', 0, 10], ['uploading', 4, 10],
        ['processing', 10, 10], ['done', 10, 10]];

    assert.deepEqual(s.shown(), all);
    assert.deepEqual(seen, all);
});


test('one that fails, or is given up', async (t) => {
    for (const [name, state, act] of [
        ['HttpError', 'failed', (request) => {
            Object.assign(request, { status: 413, responseText: 'large' });
            request.onload();
        }],
        ['NetworkError', 'failed', (request) => {
            request.status = 0;
            request.onerror();
        }],
        ['AbortError', 'aborted', (request, upload) => upload.abort()],
    ]) {
        await t.test(name, async (t) => {
            const { upload, request, client } = await sending(t);

            act(request, upload);
            await assert.rejects(upload.done, (error) =>
                error instanceof Error && error.name === name
                && (name !== 'HttpError' || error.status === 413
                    && error.text === 'large'));
            assert.equal(upload.progress.state, state);
            assert.deepEqual(client.uploads(), []);
        });
    }

    /* before it was begun, which nobody need await */

    const s = await people(t, { chats });

    Request.all = [];

    const { abort, done } = s.client.upload('a', new Blob(['x']),
        { url: '/', XMLHttpRequest: Request });

    abort();
    await assert.rejects(done, { name: 'AbortError' });
    assert.deepEqual(Request.all, []);
});


test('to no chat, with a body of its own', async (t) => {
    const body = new FormData();
    const { request, upload, shown } = await sending(t, { body, id: 'mine',
        method: 'PUT', url: new URL('https://host/up'),
        withCredentials: true }, null);

    assert.deepEqual([request.method, request.url, request.body,
        request.withCredentials], ['PUT', 'https://host/up', body, true]);
    assert.equal(upload.id, 'mine');
    request.upload.onprogress({ loaded: 100, total: 200 });
    assert.deepEqual(shown(), [['uploading', 0, 10], ['uploading', 100, 200]]);
});


test('those of others', async (t) => {
    const s = await people(t, { chats });
    const { client } = s;
    const shown = () => client.uploads('a').map(({ uploadId, userId,
        received }) => [uploadId, userId, received]);
    const told = () => s.take().map(({ event, state }) => [event, state]);

    socket().say(progress('uploading', 1),
        progress('uploading', 5, { userId: 'w' }), progress('uploading', 2));
    assert.deepEqual(shown(), [['up1', 'w', 5], ['up1', 'v', 2]]);
    assert.equal(client.uploads()[0].username, 'Vi');
    s.take();

    /* what ends is told, and not listed any more */

    socket().say(progress('failed', 2, { status: 413 }));
    assert.deepEqual(shown(), [['up1', 'w', 5]]);
    assert.deepEqual(told(), [['upload_progress', 'failed']]);

    /* nothing was heard of it for a while */

    s.tick(14000);
    socket().say(progress('uploading', 6, { userId: 'w' }));
    s.tick(14000);
    assert.deepEqual(shown(), [['up1', 'w', 6]]);
    told();
    s.tick(1000);
    assert.deepEqual(shown(), []);
    assert.deepEqual(told(), [['upload_progress', 'lost']]);

    /* another page of ours: of a chat that need not be open in this one */

    socket().say(progress('uploading', 3, { userId: 'u', chatId: 'x' }),
        progress('uploading', 3));
    assert.equal(client.uploads('x').length, 1);

    /* gone with the chat */

    socket().say(removed('a', 1));
    assert.deepEqual(shown(), []);
    told();
    s.tick(14000);
    socket().say(progress('done', 3, { userId: 'u', chatId: 'x' }));
    s.tick(2000);
    assert.deepEqual(told(), [['upload_progress', 'done']]);

    /* and with the client */

    socket().say(progress('uploading', 3, { userId: 'u', chatId: 'x' }));
    client.close();
    assert.deepEqual(client.uploads(), []);
});


test('they go on in another connection', async (t) => {
    const s = await people(t, { chats });

    socket().say(progress('uploading', 1));
    await again(s);
    assert.equal(s.client.uploads('a').length, 1);
});
