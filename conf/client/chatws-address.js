/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * Where the browser client connects, and why it was refused there.
 */

const isBusy = ({ status }) =>
    status > 499 || [408, 425, 429].includes(status);

const isRefusal = (answer) => answer.type === 'opaqueredirect'
    || answer.status > 299 && answer.status !== 426 && !isBusy(answer);


/*
 * By hand: the URL of React Native only looks like one.  What is given takes
 * the place of arguments of the same names.
 */

export function addressOf(url, all) {
    const { document, location } = globalThis;
    const page = document?.baseURI ?? location?.href;
    let address = url?.href ?? url;

    if (page && address?.trim && !/^(http|ws)s?:/i.test(address)) {
        address = new URL(address, page).href;
    }

    if (!/^(http|ws)s?:\/\/[^/?#]/i.test(address)) {
        throw new TypeError(`url: "${url}" is not http(s) or ws(s)`);
    }

    new URL(address);

    const given = Object.keys(all).filter((name) => (all[name] ?? null)
        !== null);
    const [path, ...query] = address.replace(/^http/i, 'ws')
        .replace(/#.*/, '').split('?');

    const args = query.join('?').split('&').filter((arg) =>
        arg && !given.includes(arg.split('=')[0]));

    args.push(...given.map((name) =>
        `${name}=${encodeURIComponent(all[name])}`));

    return path + (args[0] ? `?${args.join('&')}` : '');
}


/*
 * A page is not told why a handshake was refused.  A plain request is: an
 * endpoint that would take us answers 426.  Of another origin's answer we see
 * no more than that there is one, unless it allows us to.  "sure": it is a
 * refusal; "login": of somebody who is not logged in.
 */

export async function refusalAt(address, fetch) {
    const ask = async (credentials, how) => {
        const answer = await fetch(
            address.replace(/^ws(s?:..)([^/?]*@)?/i, 'http$1'),
            { cache: 'no-store', credentials, redirect: 'manual', ...how });

        answer.body?.cancel();

        return answer;
    };

    const hidden = () => ask('omit', { mode: 'no-cors', redirect: 'follow' });

    let answer = await ask('omit').catch(hidden);

    /* then as ourselves, unless the browser would open a dialog */

    const dialog = /basic|digest|negotiate|ntlm/i.test(
        answer.headers?.get('WWW-Authenticate'));

    if (isRefusal(answer) && !dialog) {
        answer = await ask('include').catch(hidden);
    }

    const { status } = answer;
    const sure = isRefusal(answer) && !dialog;
    const login = sure && (status < 400 || status === 401 || status === 403);

    return { status, sure, login, busy: isBusy(answer) };
}
