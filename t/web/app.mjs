/*
 * Copyright (C) chatws contributors
 *
 * The example of an app server with its nginx: a place and ports of the
 * test's, accounts, tokens.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { top } from './modules.mjs';
import { Nginx, ports } from './nginx.mjs';


export async function startApp(port, env) {
    const child = spawn('/usr/bin/python3', ['-m', 'uvicorn', 'app:app',
        '--app-dir', `${top}conf/app`, '--host', '127.0.0.1',
        '--port', `${port}`, '--no-access-log'],
        { stdio: ['ignore', 'inherit', 'pipe'],
            env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env } });

    let said = '';

    child.stderr.setEncoding('utf8');

    await new Promise((done, failed) => {
        child.stderr.on('data', (text) => {
            said += text;

            if (/Uvicorn running/.test(said)) {
                done();
            }
        });

        child.on('exit', () => failed(new Error(said)));
    });

    return {
        async stop(signal = 'SIGTERM') {
            child.kill(signal);
            await once(child, 'exit');
        },
    };
}


/* The app, its keys, and the nginx that reads them; "edit" is for nginx. */

export class Site {
    static async start({ env = {}, edit = (text) => text } = {}) {
        const site = new Site();

        site.place = mkdtempSync(`${tmpdir()}/chatws-app-`);
        [site.appPort, site.port] = await ports(2);
        site.edit = edit;
        site.env = {
            CHATWS_APP_DB: `${site.place}/chat.db`,
            CHATWS_APP_KEYS: `${site.place}/keys.jwks`,
            CHATWS_APP_ENCRYPTION: `${site.place}/encryption.jwks`,
            CHATWS_APP_FILES: `${site.place}/files`,
            CHATWS_APP_API: `http://127.0.0.1:${site.port}/internal/chatws`,
            CHATWS_APP_RELOAD: `kill -HUP $(cat ${site.place}/pid)`,
            CHATWS_APP_SETTLE: '0',
            ...env,
        };

        await site.begin();

        return site;
    }

    async begin() {
        this.app = await startApp(this.appPort, this.env);
        this.nginx = await Nginx.start({ conf: 'conf/app/nginx.conf',
            port: this.port, edit: (text) => this.edit(text
                .replaceAll('127.0.0.1:3000', `127.0.0.1:${this.appPort}`)
                .replace('keys.jwks', this.env.CHATWS_APP_KEYS)
                .replace('encryption.jwks', this.env.CHATWS_APP_ENCRYPTION)) });
        this.url = this.nginx.url;
        writeFileSync(`${this.place}/pid`, `${this.nginx.pid}`);
    }

    async pause() {
        this.nginx.stop();
        await this.app.stop();
    }

    async stop() {
        await this.pause();
        rmSync(this.place, { recursive: true });
    }

    /* Somebody with an account, who asks the app. */

    async user(name) {
        const user = new User(this, name);
        const answer = await user.ask('POST', 'api/users',
            { name, password: `${name}'s` });

        if (answer.status === 409) {
            assert.equal((await user.ask('POST', 'api/login',
                { name, password: `${name}'s` })).status, 200);
        }

        return user;
    }
}


export class User {
    cookie = '';

    constructor(site, name) {
        this.site = site;
        this.name = name;
    }

    async ask(method, path, body, headers) {
        const answer = await fetch(`${this.site.url}${path}`, { method,
            headers: { Cookie: this.cookie, ...headers,
                ...body && { 'Content-Type': 'application/json' } },
            body: body && JSON.stringify(body) });
        const text = await answer.text();
        const cookie = answer.headers.get('Set-Cookie');

        this.cookie = cookie?.split(';')[0] ?? this.cookie;

        return { status: answer.status, cookie,
            body: text && JSON.parse(text) };
    }

    /* As getToken() of a client. */

    token = async () => {
        const { status, body } = await this.ask('POST', 'api/token');

        assert.equal(status, 200);

        return body.token;
    };

    async say(chatId, text, more) {
        return this.ask('POST', 'api/messages', { chatId, text, ...more });
    }
}
