/*
 * Copyright (C) chatws contributors
 *
 * page.mjs SCRIPT ADDRESS FILE: the page of the tutorial, without a browser.
 * Runs the script in a page of that address, prints what the page shows each
 * time it changes, and types what is put into the file.
 */

import { createRequire } from 'node:module';
import { existsSync, readFileSync, renameSync } from 'node:fs';

const [script, address, file] = process.argv.slice(2);
const elements = new Map();


class Element extends EventTarget {
    #text = '';
    children = [];

    set textContent(text) {
        this.#text = text;
        tell();
    }

    get textContent() {
        return this.#text;
    }

    append(...more) {
        this.replaceChildren(...this.children, ...more);
    }

    replaceChildren(...children) {
        this.children = children;
        tell();
    }
}

function element(name) {
    if (!elements.has(name)) {
        elements.set(name, new Element());
    }

    return elements.get(name);
}

function tell() {
    const lines = element('ul').children.map((item) => item.textContent);

    console.log(['--', element('p').textContent, ...lines].join('\n'));
}


const form = element('form');
const text = Object.assign(new Element(), { form, value: '' });

form.elements = { text };
form.reset = () => {
    text.value = '';
};

globalThis.document = {
    createElement: () => new Element(),
    querySelector: element,
};

globalThis.location = new URL(address);

globalThis.WebSocket = class extends createRequire(import.meta.url)(
    `${process.env.NODE_PATH}/ws`)
{
    constructor(...args) {
        super(...args);
        this.on('message', (data) => console.log(`got ${data}`));
    }
};

const { fetch } = globalThis;

globalThis.fetch = (url, options) => fetch(new URL(url, address), options);


await import(script);

setInterval(() => {
    if (existsSync(file)) {
        renameSync(file, `${file}.read`);

        text.value = readFileSync(`${file}.read`, 'utf8');
        text.dispatchEvent(new Event('input'));
        form.dispatchEvent(new Event('submit', { cancelable: true }));
    }
}, 20);
