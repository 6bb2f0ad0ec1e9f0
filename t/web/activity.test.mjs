/*
 * Copyright (C) chatws contributors
 *
 * What the user of the browser client does: reading what is in view, and being
 * away; two pages of one browser.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settled, socket, start } from './fake.mjs';
import { again, counted, numbers, people, unread, welcome }
    from './people.mjs';


/* A page as far as it is needed: what listens, and what is in view. */

function page(t) {
    const window = new EventTarget();
    const document = new EventTarget();
    const observers = new Set();
    let hasFocus = true;

    document.hidden = false;
    document.hasFocus = () => hasFocus;

    const things = {
        document,
        addEventListener: (...what) => window.addEventListener(...what),
        removeEventListener: (...what) => window.removeEventListener(...what),
        IntersectionObserver: class {
            constructor(see) {
                this.see = see;
            }

            observe(element) {
                this.element = element;
                observers.add(this);
            }

            disconnect() {
                observers.delete(this);
            }
        },
    };

    for (const [name, value] of Object.entries(things)) {
        const had = Object.getOwnPropertyDescriptor(globalThis, name);

        Object.defineProperty(globalThis, name,
            { value, configurable: true, writable: true });
        t.after(() => had ? Object.defineProperty(globalThis, name, had)
            : delete globalThis[name]);
    }

    return {
        observers,

        /* as a browser does, from before to now */

        show: (element, ...all) => observers.forEach((one) =>
            one.element === element && one.see(all.map((isIntersecting) =>
                ({ isIntersecting })))),

        focus(has) {
            hasFocus = has;
            window.dispatchEvent(new Event(has ? 'focus' : 'blur'));
        },

        hide(is) {
            document.hidden = is;
            document.dispatchEvent(new Event('visibilitychange'));
        },

        input: (type) => window.dispatchEvent(new Event(type)),
    };
}

const reads = () => socket().take().filter(({ action }) => action === 'read')
    .map(({ seq }) => seq);

const states = () => socket().take().filter(({ action }) =>
    action === 'presence').map(({ state }) => state);


test('what is looked at is read', async (t) => {
    const browser = page(t);
    const s = await people(t, { chats: { a: numbers(5, 2) } });
    const log = {};
    const stop = s.client.autoRead('a', log);

    /* not before it is in view, in a page that is looked at */

    assert.deepEqual(reads(), []);
    browser.focus(false);
    browser.show(log, true);
    assert.deepEqual(reads(), []);
    browser.hide(true);
    browser.focus(true);
    assert.deepEqual(reads(), []);
    browser.hide(false);
    assert.deepEqual(reads(), [5]);

    /* not without something unread, and once a second */

    socket().say(unread('a', 5, 5));
    s.tick(1000);
    socket().say(counted('a', 6));
    assert.deepEqual(reads(), [6]);
    socket().say(unread('a', 6, 6), counted('a', 7), counted('a', 8));
    assert.deepEqual(reads(), []);
    s.tick(999);
    assert.deepEqual(reads(), []);
    s.tick(1);
    assert.deepEqual(reads(), [8]);
    socket().say(unread('a', 8, 8));

    /* a mark by hand stays until there is something new */

    s.tick(1000);
    socket().say(unread('a', 8, 8, { marked: true }));
    assert.deepEqual(reads(), []);

    /* out of view */

    browser.show(log, true, false);
    socket().say(counted('a', 9));
    s.tick(1000);
    assert.deepEqual(reads(), []);

    stop();
    assert.equal(browser.observers.size, 0);
    browser.focus(true);
    socket().say(counted('a', 10));
    s.tick(1000);
    assert.deepEqual(reads(), []);
});


test('without an element the page is looked at', async (t) => {
    const browser = page(t);
    const s = await people(t, { chats: { a: numbers(5, 2) } });

    s.client.autoRead('a', null, { private: true });
    assert.deepEqual(socket().take(), [{ action: 'read', chatId: 'a', seq: 5,
        epoch: 'e1', private: true, id: 'chatws:read:1' }]);
    assert.equal(browser.observers.size, 0);

    /* it waits for what was seen without a connection */

    socket().say(unread('a', 5, 5));
    s.tick(1000);
    socket().end(1006);
    s.client.retry();
    await settled();
    socket().say(welcome(), { type: 'resumed', epoch: 'e1', chats: {
        a: { recovered: true, ...numbers(7, 5) } } }, counted('a', 6),
    counted('a', 7));
    s.tick(1000);
    assert.deepEqual(reads(), [7]);
});


test('away without input, back with it', async (t) => {
    const browser = page(t);
    const s = await people(t);
    const stop = s.client.autoAway(60000);
    const wait = (seconds) => {
        for (; seconds > 0; seconds -= 10) {
            s.tick(10000);
            socket().say({ type: 'alive' });
        }
    };

    wait(50);
    browser.input('keydown');
    wait(50);
    assert.deepEqual(states(), []);

    /* a page that is hidden is not away, and one that is seen may be */

    browser.hide(true);
    assert.deepEqual(states(), []);
    wait(10);
    assert.deepEqual(states(), ['away']);
    browser.hide(false);
    assert.deepEqual(states(), []);

    /* of the next connection, too */

    await again(s);
    assert.match(socket().url, /presence=away/);
    browser.input('pointermove');
    assert.deepEqual(states(), ['online']);

    /* what the user says goes before */

    s.client.setPresence('invisible');
    wait(60);
    browser.input('pointermove');
    assert.deepEqual(states(), ['invisible']);
    s.client.setPresence('online');
    wait(60);
    assert.deepEqual(states(), ['online', 'away']);
    stop();
    assert.deepEqual(states(), ['online']);
    wait(100);
    browser.input('keydown');
    assert.deepEqual(states(), []);
});


test('a client that is closed does nothing any more', async (t) => {
    const browser = page(t);
    const s = await people(t, { chats: { a: numbers(5, 2) } });
    const log = {};

    s.client.autoAway(60000);
    s.client.autoRead('a', log);
    s.client.close();
    assert.equal(browser.observers.size, 0);
    browser.show(log, true);
    s.tick(70000);
    browser.input('keydown');
    assert.deepEqual(socket().take(), []);
});


test('nor does one whose modules come later', async (t) => {
    const browser = page(t);
    const s = start(t);

    s.client.autoRead('a', {});
    s.client.autoAway(60000);
    s.client.close();
    await settled();
    assert.equal(browser.observers.size, 0);
});


test('another page in which there is input', async (t) => {
    page(t);

    const s = await people(t);
    const other = new BroadcastChannel('chatws.away');
    const stop = s.client.autoAway(60000);
    const told = new Promise((done) => {
        const listen = new BroadcastChannel('chatws.away');

        listen.onmessage = () => {
            listen.close();
            done();
        };
    });

    t.after(() => {
        stop();
        other.close();
    });

    for (let i = 0; i < 6; i++) {
        s.tick(10000);
        socket().say({ type: 'alive' });
    }

    assert.deepEqual(states(), ['away']);
    other.postMessage(true);
    await told;
    await settled();
    assert.deepEqual(states(), ['online']);
});


test('this page tells others, once a second', async (t) => {
    const browser = page(t);
    const s = await people(t);
    const heard = [];
    const other = new BroadcastChannel('chatws.away');
    const stop = s.client.autoAway(60000);

    t.after(() => {
        stop();
        other.close();
    });

    const told = new Promise((done) => {
        other.onmessage = ({ data }) => heard.push(data) === 2 && done();
    });

    s.tick(1000);
    browser.input('keydown');
    browser.input('keydown');
    s.tick(500);
    browser.input('keydown');
    s.tick(500);
    browser.input('wheel');
    await told;
    assert.deepEqual(heard, [true, true]);
});
