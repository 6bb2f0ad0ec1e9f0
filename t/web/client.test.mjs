/*
 * Copyright (C) chatws contributors
 *
 * The browser client against a server that the test plays, with its clocks:
 * connecting, subscribing, recovering, typing.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect } from '../../conf/client/chatws.js';
import { confirmed, connected, FakeSocket, message, names, socket, start }
    from './fake.mjs';


function open(t, ...chats) {
    const s = start(t);

    chats.forEach((chat) => s.client.subscribe(chat));
    socket().say(connected());
    socket().say(...chats.map((chat, i) => confirmed(chat, 10 * i)));
    socket().take();
    s.take();

    return s;
}


/* Loses the connection; the next one is there and says "connected". */

function again(s, code = 1006) {
    socket().end(code);
    s.client.retry();
    s.take();
    socket().say(connected());

    const sent = socket().take();

    s.take();

    return sent;
}


test('the address', (t) => {
    const s = start(t, { userId: 'ä&b', username: 'A B' });

    assert.equal(socket().url,
        'ws://host/api/ws?userId=%C3%A4%26b&username=A%20B');
    assert.equal(s.client.state, 'connecting');
    s.client.close();

    for (const [url, address] of [
        ['https://host/x?a=1', 'wss://host/x?a=1&userId=u'],
        [new URL('http://host:81'), 'ws://host:81/?userId=u'],
        ['HTTP://host?x?y#z?', 'ws://host?x?y&userId=u'],
        ['ws://host/?userId=v&a=?b&userId=w&userid=x&',
            'ws://host/?a=?b&userid=x&userId=u'],
    ]) {
        connect({ url, userId: 'u', WebSocket: FakeSocket }).close();
        assert.equal(socket().url, address);
    }

    for (const userId of [undefined, null]) {
        connect({ url: 'ws://host/', userId, WebSocket: FakeSocket }).close();
        assert.equal(socket().url, 'ws://host/');
    }
});


test('what is no address throws at once', (t) => {
    const urls = ['//', 'host:8000/api/ws', 'localhost:8000/api/ws',
        'example.com:80', 'ws:host', 'http:///x', 'ws://', 'ws://host:99999/',
        'ftp://host/', 'javascript:0', 'file:///api/ws', null, 1, {}, [],
        { url: '/' }];
    const all = () => urls.forEach((url) => assert.throws(
        () => connect({ url, WebSocket: FakeSocket }), TypeError, `${url}`));

    FakeSocket.all = [];
    all();

    for (const url of ['/api/ws', 'api/ws', '', undefined]) {
        assert.throws(() => connect({ url, WebSocket: FakeSocket }),
            /^TypeError: url: "/, 'not in a page');
    }

    globalThis.location = { href: 'file:///home/index.html' };
    t.after(() => delete globalThis.location);
    assert.throws(() => connect({ WebSocket: FakeSocket }),
        /^TypeError: url: "\/api\/ws" is not http\(s\) or ws\(s\)$/);

    globalThis.location = { href: 'https://host/' };
    all();
    assert.equal(FakeSocket.all.length, 0);
});


test('relative to the page', (t) => {
    globalThis.location = { href: 'https://host/chat/index.html?x' };
    t.after(() => delete globalThis.location);

    connect({ url: undefined, userId: 'u', WebSocket: FakeSocket }).close();
    assert.equal(socket().url, 'wss://host/api/ws?userId=u');

    for (const [url, address] of [
        ['api/ws', 'wss://host/chat/api/ws'],
        ['', 'wss://host/chat/index.html?x'],
        ['//other/ws', 'wss://other/ws'],
    ]) {
        connect({ url, WebSocket: FakeSocket }).close();
        assert.equal(socket().url, address);
    }

    /* or to what it says that it is relative to */

    globalThis.document = { baseURI: 'http://host/app/' };
    t.after(() => delete globalThis.document);
    connect({ url: 'api/ws', WebSocket: FakeSocket }).close();
    assert.equal(socket().url, 'ws://host/app/api/ws');
});


test('an address that takes its time, and fails at first', async (t) => {
    const calls = [];
    const url = () => new Promise((...how) => calls.push(how));
    const s = start(t, { url });

    assert.equal(FakeSocket.all.length, 0);
    calls[0][1](new Error('no token'));
    await calls[0];
    await null;
    assert.deepEqual(s.take().map(({ event, reason }) => [event, reason]),
        [['reconnecting', 'Error: no token']]);

    s.tick(500);
    calls[1][0]('ws://host/?token=2');
    await null;
    await null;
    assert.equal(socket().url, 'ws://host/?token=2&userId=u');

    /* one that comes when the client has given up is not used */

    socket().end(1012);
    s.tick(1000);
    assert.equal(calls.length, 3);
    s.client.close();
    calls[2][0]('ws://host/?token=3');
    await null;
    await null;
    assert.equal(FakeSocket.all.length, 1);
});


test('subscribing before and after there is a connection', (t) => {
    const s = start(t);

    s.client.subscribe('a');
    s.client.subscribe('b');
    s.client.unsubscribe('b');
    s.client.typing('a');
    assert.deepEqual(socket().take(), []);

    socket().say(connected());
    assert.deepEqual(names(s.take()), ['open']);
    assert.equal(s.client.state, 'open');
    assert.deepEqual(socket().take(),
        [{ action: 'subscribe', chatId: 'a', id: 1 }]);

    s.client.subscribe('c');
    assert.deepEqual(socket().take(),
        [{ action: 'subscribe', chatId: 'c', id: 2 }]);

    socket().say(confirmed('a', 3, { id: 1 }), confirmed('c', 0, { id: 2 }));
    assert.deepEqual(s.take(), []);
    assert.deepEqual(s.client.chats, ['a', 'c']);
    assert.deepEqual(s.client.position('a'), { seq: 3, epoch: 'e1' });
    assert.equal(s.client.position('b'), undefined);

    s.client.unsubscribe('a');
    s.client.unsubscribe('a');
    assert.deepEqual(socket().take(),
        [{ action: 'unsubscribe', chatId: 'a' }]);
});


test('a chat is left by the last one who entered it', (t) => {
    const s = open(t);
    const left = () => socket().take().map(({ action, chatId }) =>
        action + chatId);

    const leave = s.client.subscribe('a');

    s.client.subscribe('a');
    s.client.subscribe('a');
    assert.deepEqual(left(), ['subscribea']);

    /* each function leaves once */

    leave();
    leave();
    s.client.unsubscribe('a');
    assert.deepEqual(left(), []);
    socket().say(confirmed('a', 0), message('a', 1));
    assert.equal(s.take().length, 1);

    s.client.typing('a');
    socket().take();
    s.client.unsubscribe('a');
    assert.equal(socket().take().length, 2, 'typing has ended, too');
    s.client.unsubscribe('a');
    assert.deepEqual(left(), []);

    /* and never what somebody else has entered since */

    const old = s.client.subscribe('b');

    socket().say({ type: 'error', error: 'Invalid chatId', details: '',
        id: socket().take()[0].id });
    s.client.unsubscribe('b');
    s.client.subscribe('b');
    old();
    assert.deepEqual(left(), ['subscribeb']);
    assert.deepEqual(s.client.chats, ['b']);

    /* while there is no connection, too */

    socket().end(1012);
    s.client.subscribe('b')();
    s.client.subscribe('c')();
    assert.deepEqual(s.client.chats, ['b']);
});


test('each notification once, and only of our chats', (t) => {
    const s = open(t, 'a', 'b');

    socket().say(message('a', 1), message('a', 2), message('a', 2),
        message('a', 1), message('a', 4), message('b', 11), message('c', 1));
    assert.deepEqual(s.take().map(({ chatId, seq }) => chatId + seq),
        ['a1', 'a2', 'a4', 'b11']);

    s.client.unsubscribe('a');
    socket().say(message('a', 5));
    assert.deepEqual(s.take(), []);

    /* without numbers, and without a chat */

    socket().say({ type: 'edited', chatId: 'b', x: 1 },
        { type: 'edited', chatId: 'b', x: 1 }, { type: 'edited', x: 2 });
    assert.deepEqual(s.take().map(({ x }) => x), [1, 1, 2]);
    socket().say(message('b', 11));
    assert.deepEqual(s.take(), []);
});


test('an application event can not pass for one of ours', (t) => {
    const s = start(t, { all: true });

    s.client.subscribe('a');
    socket().say(connected(), confirmed('a', 0));
    s.take();

    for (const type of ['open', 'gap', 'closed', 'message', 'recovered',
        'connecting', 'reconnecting', 'unauthorized', 'denied',
        'undecryptable'])
    {
        socket().say({ type, chatId: 'a' });
        assert.deepEqual(s.take(), [{ event: 'message', type, chatId: 'a' }]);
    }

    socket().say({ type: 'resumed', chatId: 'a' });
    assert.deepEqual(names(s.take()), ['message']);
});


/* What the application sends may have members of the names of ours. */

test('an application event is no answer', (t) => {
    const s = open(t, 'a');
    const edited = { type: 'edited', chatId: 'a' };

    socket().say({ ...edited, id: 'chatws:probe', seq: 1 });
    assert.deepEqual(names(s.take()), ['edited']);

    s.client.subscribe('b');

    const [{ id }] = socket().take();

    socket().say({ ...edited, id, seq: 2, action: 'subscribe', epoch: 'e2',
        recovered: false, error: 'x' },
        { type: 'error', error: 'Invalid chatId', details: 'd', id });
    assert.deepEqual(s.take().map(({ event, chatId }) => event + chatId),
        ['editeda', 'errorb']);
    assert.deepEqual(s.client.chats, ['a']);
    assert.deepEqual(s.client.position('a'), { seq: 2, epoch: 'e1' });
});


test('all chats come back in one message', (t) => {
    const s = open(t, 'a', 'b', '__proto__');

    socket().say(message('b', 12));
    s.take();

    const [resume, ...rest] = again(s);

    assert.deepEqual(rest, []);
    assert.equal(resume.action, 'resume');
    assert.equal(resume.epoch, 'e1');
    assert.deepEqual(Object.entries(resume.chats), [['a', { seq: 0 }],
        ['b', { seq: 12 }], ['__proto__', { seq: 20 }]]);

    const resumed = JSON.parse('{"type":"resumed","chats":{"a":{"recovered":'
        + 'true,"seq":2},"b":{"recovered":false,"seq":20},"__proto__":'
        + '{"recovered":true,"seq":20}},"epoch":"e1"}');

    socket().say({ ...resumed, id: resume.id },
        message('a', 1), message('a', 2), message('a', 3), message('b', 20),
        message('b', 21));
    assert.deepEqual(s.take().map(({ event, chatId, seq }) =>
        `${event} ${chatId} ${seq}`), ['recovered a 2', 'gap b 20',
        'recovered __proto__ 20', 'new_message a 1', 'new_message a 2',
        'new_message a 3', 'new_message b 21']);
});


test('lost again before all was replayed', (t) => {
    const s = open(t, 'a', 'b');

    let [{ id }] = again(s);

    socket().say({ type: 'resumed', chats: { a: { recovered: true, seq: 3 },
        b: { recovered: false, seq: 2 } }, epoch: 'e2', id }, message('a', 1));

    const sent = again(s);

    assert.deepEqual(sent.map(({ chats, epoch }) => [chats, epoch]),
        [[{ a: { seq: 1 }, b: { seq: 2 } }, 'e2']]);

    /* and before it was answered at all */

    assert.deepEqual(again(s)[0].chats, sent[0].chats);
});


test('one chat comes back by since', (t) => {
    const s = open(t, 'a');

    socket().say(message('a', 1));

    assert.deepEqual(again(s), [{ action: 'subscribe', chatId: 'a',
        since: { seq: 1, epoch: 'e1' }, id: 2 }]);
    socket().say(confirmed('a', 2, { recovered: true, id: 2 }),
        message('a', 2));
    assert.deepEqual(names(s.take()), ['recovered', 'new_message']);
});


test('new chats beside those that come back', (t) => {
    const s = open(t, 'a', 'b');

    socket().end(1006);
    s.client.subscribe('c');
    s.client.unsubscribe('b');
    s.client.subscribe('b');
    s.client.retry();
    s.take();
    socket().say(connected());
    assert.deepEqual(socket().take().map(({ action, chatId, since }) =>
        [action, chatId, since]), [['subscribe', 'a',
        { seq: 0, epoch: 'e1' }], ['subscribe', 'c', undefined],
        ['subscribe', 'b', undefined]]);

    socket().say(confirmed('a', 0, { recovered: true }),
        confirmed('c', 5), confirmed('b', 7));
    assert.deepEqual(s.take().map(({ event, chatId }) => event + chatId),
        ['open' + undefined, 'recovereda']);
});


test('a thousand chats, in messages that a server takes', (t) => {
    const chats = Array.from({ length: 1000 }, (_, i) => 'ö'.repeat(40) + i);
    const s = open(t, ...chats);
    const sent = again(s);

    assert.ok(sent.length < 20, `${sent.length} messages`);
    assert.deepEqual(Object.assign({}, ...sent.map(({ chats }) => chats)),
        Object.fromEntries(chats.map((chat, i) => [chat, { seq: 10 * i }])));

    for (const message of sent) {
        assert.equal(message.action, 'resume');
        assert.ok(Buffer.byteLength(JSON.stringify(message)) < 16384);
    }

    assert.equal(new Set(sent.map(({ id }) => id)).size, sent.length);
});


/* The server tells by a close what it takes. */

for (const limit of [16384, 4096, 1024, 256, 10]) {
    test(`a server that takes messages of ${limit} bytes`, (t) => {
        const chats = Array.from({ length: 1000 }, (_, i) => `"chat" ${i}`);
        const s = open(t, ...chats);
        let sent = again(s);
        let times = 0;

        while (sent.some((one) => JSON.stringify(one).length > limit)) {
            socket().end(1009, 'message is too big');
            times++;

            if (s.client.state === 'closed') {
                break;
            }

            s.client.retry();
            socket().say(connected());
            sent = socket().take();
        }

        assert.ok(times < 5, `tried ${times} times`);
        assert.equal(s.client.state, limit > 10 ? 'open' : 'closed');
        assert.equal(new Set(sent.flatMap((one) =>
            one.chatId ?? Object.keys(one.chats))).size, 1000);
    });
}


test('a resume that is refused is tried chat by chat', (t) => {
    const s = open(t, 'a', 'b', 'c');
    const [{ id }] = again(s);

    s.client.unsubscribe('b');
    socket().take();
    socket().say({ type: 'error', error: 'Rate limited', details: '', id });
    assert.deepEqual(s.take(), []);

    const sent = socket().take();

    assert.deepEqual(sent.map(({ action, chatId, since }) =>
        [action, chatId, since.seq]), [['subscribe', 'a', 0],
        ['subscribe', 'c', 20]]);
    socket().say(confirmed('a', 0, { recovered: true, id: sent[0].id }),
        { type: 'error', error: 'Rate limited', details: '',
            id: sent[1].id });
    assert.deepEqual(s.take().map(({ event, chatId }) => event + chatId),
        ['recovereda', 'errorc']);
    assert.deepEqual(s.client.chats, ['a']);
});


test('refused chats', (t) => {
    const s = open(t, 'a', 'b', 'c');

    s.client.subscribe('\n');
    socket().say({ type: 'error', error: 'Invalid chatId', details: 'd',
        id: socket().take()[0].id });
    assert.deepEqual(s.take(), [{ event: 'error', type: 'error',
        error: 'Invalid chatId', details: 'd', id: 4, chatId: '\n' }]);

    const [{ id }] = again(s);

    socket().say({ type: 'resumed', id, epoch: 'e1', chats: {
        a: { error: 'Too many subscriptions' },
        b: { recovered: true, seq: 10 }, c: { recovered: true, seq: 20 } } });

    const events = s.take();

    assert.deepEqual(events.map(({ event, chatId }) => event + chatId),
        ['errora', 'recoveredb', 'recoveredc']);
    assert.equal(typeof events[0].details, 'string');
    assert.deepEqual(s.client.chats, ['b', 'c']);

    /* errors that are about no subscription */

    socket().say({ type: 'error', error: 'Not subscribed', details: 'd' });
    assert.deepEqual(s.take().map(({ error }) => error), ['Not subscribed']);
    assert.deepEqual(s.client.chats, ['b', 'c']);
});


test('a server without numbers', (t) => {
    const s = start(t);
    const bare = { seq: undefined, epoch: undefined };

    s.client.subscribe('a');
    socket().say(connected(), confirmed('a', 0, bare), message('a'),
        message('a'));
    assert.deepEqual(names(s.take()), ['open', 'new_message', 'new_message']);

    assert.deepEqual(again(s).map(({ since }) => since), [undefined]);
    socket().say(confirmed('a', 0, bare));
    assert.deepEqual(names(s.take()), ['gap']);
});


test('from a position', (t) => {
    const s = open(t);

    s.client.subscribe('a', { seq: 5, epoch: 'e0' });
    assert.deepEqual(socket().take()[0].since, { seq: 5, epoch: 'e0' });
    socket().say(confirmed('a', 8, { recovered: true }), message('a', 6),
        message('a', 7), message('a', 8));
    s.client.subscribe('b', { seq: 5, epoch: 'e0' });
    socket().say(confirmed('b', 8, { recovered: false }), message('b', 9));
    assert.deepEqual(s.take().map(({ event, seq }) => event + seq),
        ['recovered8', 'new_message6', 'new_message7', 'new_message8',
            'gap8', 'new_message9']);
});


test('a chat left and entered again at once is no gap', (t) => {
    const s = open(t);

    s.client.subscribe('a');
    s.client.unsubscribe('a');
    s.client.subscribe('a');
    socket().say(confirmed('a', 3), confirmed('a', 3,
        { action: 'unsubscribe' }), confirmed('a', 4), message('a', 5));
    assert.deepEqual(s.take().map(({ seq }) => seq), [5]);
});


test('typing', (t) => {
    const s = open(t, 'a', 'b');
    const typing = (chatId, isTyping) => ({ type: 'typing', chatId,
        isTyping });

    for (let i = 0; i < 7; i++) {
        s.client.typing('a');
        s.tick(1000);
    }

    assert.deepEqual(socket().take(),
        [typing('a', true), typing('a', true), typing('a', true)]);
    s.tick(3999);
    assert.deepEqual(socket().take(), []);
    s.tick(1);
    assert.deepEqual(socket().take(), [typing('a', false)]);

    s.client.typing('b');
    s.client.typing('a');
    s.client.typing('b', false);
    s.client.typing('b', false);
    assert.deepEqual(socket().take(),
        [typing('b', true), typing('a', true), typing('b', false)]);

    s.client.unsubscribe('a');
    assert.deepEqual(socket().take(),
        [typing('a', false), { action: 'unsubscribe', chatId: 'a' }]);

    s.client.typing('a');
    s.tick(9000);
    assert.deepEqual(socket().take(), []);

    /* nothing is left of it in the next connection */

    s.client.typing('b');
    again(s);
    s.client.typing('b', false);
    assert.deepEqual(socket().take(), []);
});


test('typing in a field', (t) => {
    const s = open(t, 'a');
    const field = Object.assign(new EventTarget(),
        { value: '', form: new EventTarget() });
    const sent = () => socket().take().map(({ isTyping }) => isTyping);
    const put = (value) => {
        field.value = value;
        field.dispatchEvent(new Event('input'));
    };
    const stop = s.client.autoTyping(field, 'a');

    put('x');
    put('xy');
    assert.deepEqual(sent(), [true]);
    put('');
    assert.deepEqual(sent(), [false]);
    put('x');
    field.form.dispatchEvent(new Event('submit'));
    assert.deepEqual(sent(), [true, false]);
    put('x');
    field.dispatchEvent(new Event('blur'));
    assert.deepEqual(sent(), [true, false]);
    put('x');
    stop();
    assert.deepEqual(sent(), [true, false]);
    put('xy');
    assert.deepEqual(sent(), []);
});


test('others who type', (t) => {
    const s = open(t, 'a');
    const say = (userId, isTyping) => socket().say({ type: 'user_typing',
        chatId: 'a', userId, username: userId, isTyping });
    const seen = () => s.take().map(({ userId, isTyping }) =>
        userId + isTyping);

    say('v', true);
    s.tick(9000);
    say('v', true);
    say('w', true);
    s.tick(9000);
    say('w', false);
    assert.deepEqual(seen(), ['vtrue', 'vtrue', 'wtrue', 'wfalse']);
    s.tick(1000);
    assert.deepEqual(seen(), ['vfalse']);
    s.tick(10000);
    assert.deepEqual(seen(), []);
});


const list = (users, count) => ({ type: 'typing_users', chatId: 'a', count,
    users: users.split('').map((userId) => ({ userId, username: userId })) });


test('so many who type that the server lists them', (t) => {
    const s = open(t, 'a');
    const say = (userId, isTyping) => socket().say({ type: 'user_typing',
        chatId: 'a', userId, username: userId, isTyping });
    const seen = () => s.take().map(({ userId, isTyping, users, count }) =>
        users ? users.map((user) => user.userId).join('') + count
            : userId + isTyping);

    /* a list of some of them replaces all that was said */

    say('v', true);
    say('w', true);
    socket().say(list('vw', 3));
    say('v', false);
    say('w', false);
    s.tick(9000);
    socket().say(list('xy', 4));
    assert.deepEqual(seen(), ['vtrue', 'wtrue', 'vw3', 'xy4']);

    /* a list of all is the last one, and single ones go on from it */

    socket().say(list('xy', 2));
    say('x', false);
    say('z', true);
    s.tick(9000);
    say('z', true);
    assert.deepEqual(seen(), ['xy2', 'xfalse', 'ztrue', 'ztrue']);
    s.tick(1000);
    assert.deepEqual(seen(), ['yfalse']);
    s.tick(9000);
    assert.deepEqual(seen(), ['zfalse']);

    /* a list that is not said again has ended */

    socket().say(list('vw', 17));
    s.tick(9999);
    assert.deepEqual(seen(), ['vw17']);
    s.tick(1);
    assert.deepEqual(seen(), ['0']);
    say('v', true);
    assert.deepEqual(seen(), ['vtrue']);
    s.client.unsubscribe('a');
    s.tick(20000);
    assert.deepEqual(seen(), []);
});
