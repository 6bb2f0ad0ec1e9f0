/*
 * Copyright (C) chatws contributors
 *
 * What the tests take from build/web, where t/web/packages has put it.
 */

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { rmSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const top = fileURLToPath(new URL('../../', import.meta.url));
export const packageDir = `${top}conf/client/`;
export const build = `${top}build/web/`;

export const require = createRequire(build);


/* Commands that must succeed. */

export function run(command, args, options) {
    const done = spawnSync(command, args, { encoding: 'utf8', ...options });

    if (done.status !== 0) {
        throw new Error(`${command} ${args.join(' ')}: ${done.error ?? ''}`
            + `${done.stdout}${done.stderr}`);
    }

    return done.stdout;
}


/*
 * The client's package, packed and unpacked into node_modules of a place of
 * its own beside what it may need.
 */

export function installed(name) {
    const place = `${build}node_modules/.${name}`;

    rmSync(place, { recursive: true, force: true });
    mkdirSync(`${place}/node_modules/chatws`, { recursive: true });

    const [{ filename, files }] = JSON.parse(
        run('npm', ['pack', '--json', '--silent', packageDir], { cwd: place }));

    run('tar', ['xf', filename, '-C', 'node_modules/chatws',
        '--strip-components=1'], { cwd: place });

    return { place, files: files.map(({ path }) => path).sort() };
}
