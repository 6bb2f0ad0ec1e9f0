/*
 * Copyright (C) chatws contributors
 *
 * The example of an app server, with a database and a port of the test's.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { top } from './modules.mjs';


export async function startApp(port, database) {
    const child = spawn('/usr/bin/python3', ['-m', 'uvicorn', 'app:app',
        '--app-dir', `${top}conf/app`, '--host', '127.0.0.1',
        '--port', `${port}`, '--no-access-log'],
        { stdio: ['ignore', 'inherit', 'pipe'],
            env: { ...process.env, CHATWS_APP_DB: database,
                PYTHONDONTWRITEBYTECODE: '1' } });

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
        async stop() {
            child.kill('SIGTERM');
            await once(child, 'exit');
        },
    };
}

export const withApp = (port) => ({ conf: 'conf/app/nginx.conf',
    edit: (text) => text.replace('127.0.0.1:3000', `127.0.0.1:${port}`) });
