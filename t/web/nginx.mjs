/*
 * Copyright (C) chatws contributors
 *
 * An nginx of the test's own: with a prefix in /tmp and a free port, gone
 * when the test is over.
 */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync,
    watch, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';

import { run, top } from './modules.mjs';


/* Ports that are free now. */

export async function ports(n) {
    const servers = [];

    for (let i = 0; i < n; i++) {
        const server = createServer();

        await new Promise((done) => server.listen(0, '127.0.0.1', done));
        servers.push(server);
    }

    const found = servers.map((server) => server.address().port);

    await Promise.all(servers.map((server) =>
        new Promise((done) => server.close(done))));

    return found;
}


const children = (pid) => readFileSync(
    `/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);


export class Nginx {
    /*
     * The configuration of the demo or another one, with this port; "edit"
     * may change the text, and "prepare" puts files where it is.
     */

    static async start({ conf = 'conf/nginx.conf', edit = (text) => text,
        prepare = () => {}, port } = {})
    {
        const nginx = new Nginx();

        [nginx.port] = port ? [port] : await ports(1);
        nginx.prefix = mkdtempSync(`${tmpdir()}/chatws-web-`);
        nginx.url = `http://127.0.0.1:${nginx.port}/`;

        for (const name of ['logs', 'temp', 'modules']) {
            mkdirSync(`${nginx.prefix}/${name}`);
        }

        symlinkSync(`${top}build/ngx_http_chatws_module.so`,
            `${nginx.prefix}/modules/ngx_http_chatws_module.so`);
        run(`${top}tools/html`, [`${nginx.prefix}/html`]);

        const text = readFileSync(`${top}${conf}`, 'utf8')
            .replace(/\blisten 8000;/, `listen 127.0.0.1:${nginx.port};`)
            .replace(/worker_processes auto;/, 'worker_processes 2;')
            .replace(/error_log stderr/, 'error_log logs/error.log');

        writeFileSync(`${nginx.prefix}/nginx.conf`, edit(text));
        prepare(nginx.prefix);
        nginx.command();

        return nginx;
    }

    command(...args) {
        const user = process.getuid() === 0 ? 'user root;' : '';

        /* make has a variable of the name that nginx takes for sockets */

        const { NGINX, PATH, ...env } = process.env;

        run(NGINX || 'nginx', ['-p', `${this.prefix}/`,
            '-c', 'nginx.conf', '-e', 'logs/error.log', '-g', user, ...args],
            { stdio: ['ignore', 'pipe', 'pipe'],
                env: { ...env, PATH: `${PATH}:/usr/sbin` } });
    }

    get pid() {
        return Number(readFileSync(`${this.prefix}/logs/nginx.pid`, 'utf8'));
    }

    get workers() {
        return children(this.pid);
    }

    /* What the log says when the workers of now have ended. */

    get exit() {
        return new RegExp(this.workers.map((pid) =>
            `(?=[^]*process ${pid} exited)`).join(''));
    }

    get errors() {
        return readFileSync(`${this.prefix}/logs/error.log`, 'utf8');
    }

    /* When the log says so, from now on. */

    logged(pattern, then) {
        const path = `${this.prefix}/logs/error.log`;
        const begin = readFileSync(path).length;

        return new Promise((done) => {
            const watcher = watch(path, look);

            function look() {
                const text = readFileSync(path).subarray(begin).toString();

                if (pattern.test(text)) {
                    watcher.close();
                    done(text);
                }
            }

            then?.();
            look();
        });
    }

    /* By a connection of its own, so that no reload can be in between. */

    async publish(message) {
        const post = request(`${this.url}api/messages`, { method: 'POST',
            agent: false, headers: { 'Content-Type': 'application/json' } });

        post.end(JSON.stringify(message));

        const [answer] = await once(post, 'response');
        const text = (await answer.toArray()).join('');

        if (answer.statusCode !== 201) {
            throw new Error(`${answer.statusCode} ${text}`);
        }

        return JSON.parse(text);
    }

    stop() {
        const { pid } = this;

        spawnSync('sh', ['-c', `kill -TERM ${pid};`
            + `while kill -0 ${pid} 2>/dev/null; do sleep 0.05; done`]);
        rmSync(this.prefix, { recursive: true, force: true });
    }
}


/*
 * A way to nginx that the test can cut: freeze() lets nothing through any
 * more and says nothing of it, cut() closes, join() is a good line again.
 */

export async function line(target) {
    const pairs = new Set();
    let state = 'good';

    const server = createServer((client) => {
        const pair = { client, server: null };

        client.on('error', () => {});

        if (state !== 'good') {
            pairs.add(pair);

            if (state === 'cut') {
                client.resetAndDestroy();
            }

            return;
        }

        pair.server = connect(target, '127.0.0.1');
        pair.server.on('error', () => {});
        client.pipe(pair.server).pipe(client);
        pairs.add(pair);

        const end = () => {
            client.destroy();
            pair.server.destroy();
            pairs.delete(pair);
        };

        client.on('close', end);
        pair.server.on('close', end);
    });

    await new Promise((done) => server.listen(0, '127.0.0.1', done));

    const destroy = () => {
        for (const pair of pairs) {
            pair.client.destroy();
            pair.server?.destroy();
        }

        pairs.clear();
    };

    return {
        port: server.address().port,
        url: `http://127.0.0.1:${server.address().port}/`,

        freeze() {
            state = 'frozen';

            for (const pair of pairs) {
                pair.client.unpipe();
                pair.server.unpipe();
            }
        },

        cut() {
            state = 'cut';
            destroy();
        },

        join() {
            state = 'good';
            destroy();
        },

        close() {
            destroy();
            server.close();
        },
    };
}
