/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * Uploads of the browser client: a request that says by which id nginx is to
 * tell of it.
 */

/* Adds an argument, which takes the place of one of that name. */

function withArgument(url, name, value) {
    const [address, hash] = url.split('#');
    const [path, query = ''] = address.split('?');
    const args = query.split('&').filter((arg) =>
        arg && arg.split('=')[0] !== name);

    args.push(`${name}=${encodeURIComponent(value)}`);

    return `${path}?${args.join('&')}${hash === undefined ? '' : `#${hash}`}`;
}


/*
 * Sends the file; resolves to the answer of the app server, or is rejected
 * with an error of the name "AbortError", "NetworkError" or "HttpError", which
 * has the answer.  "tell" gets what others hear of it, too.
 */

export function send(upload, chatId, file, how, signal, tell) {
    const { url, method = 'POST', headers = {}, body, withCredentials = false,
        XMLHttpRequest = globalThis.XMLHttpRequest } = how;
    const { id, progress } = upload;

    return new Promise((done, fail) => {
        let request;

        const show = (state, more) => {
            const status = state === 'failed' ? request.status : undefined;

            Object.assign(progress, more, { state });
            how.onProgress?.(progress);
            tell({ uploadId: id, chatId: chatId ?? undefined, state,
                received: progress.sent, total: progress.total, status,
                timestamp: new Date().toISOString() });
        };

        const end = (state, name, message, more) => {
            show(state);
            fail(Object.assign(new Error(message), { name }, more));
        };

        if (signal.aborted) {
            return end('aborted', 'AbortError', 'aborted');
        }

        request = new XMLHttpRequest();
        request.open(method, chatId ? withArgument(`${url}`, 'chatId', chatId)
            : `${url}`);
        request.withCredentials = withCredentials;
        request.setRequestHeader('X-Progress-ID', id);

        for (const [name, value] of Object.entries(headers)) {
            request.setRequestHeader(name, value);
        }

        request.upload.onprogress = ({ loaded, total }) =>
            show('uploading', { sent: loaded, total });
        request.upload.onload = ({ loaded }) =>
            show('processing', { sent: loaded });
        request.onload = () => {
            const { status, responseText } = request;
            const answer = { status, text: responseText };

            if (status < 200 || status > 299) {
                return end('failed', 'HttpError', `status ${status}`, answer);
            }

            show('done');
            done(answer);
        };
        request.onerror = () => end('failed', 'NetworkError', 'no answer');
        request.onabort = () => end('aborted', 'AbortError', 'aborted');
        signal.onabort = () => request.abort();
        request.send(body ?? file);
        show('uploading', { sent: 0 });
    });
}
