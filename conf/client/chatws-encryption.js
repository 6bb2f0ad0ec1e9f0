/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * Opens what is encrypted: a compact JWE of RFC 7516, with "dir" and
 * "A256GCM".  Loaded by those alone who have an encryptionKey().
 */

/* a key that was of no use is asked for once more, and after this time */
const rest = 30000;

/* keys of a chat that are kept */
const most = 16;

const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) =>
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);

/* the bytes of base64url */

function bytesOf(text) {
    if (!/^[\w-]*$/.test(text)) {
        throw new Error('not base64url');
    }

    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')),
        (letter) => letter.charCodeAt(0));
}

function objectOf(bytes) {
    const value = JSON.parse(decode(bytes));

    if (!value || typeof value !== 'object' || Array.isArray(value)) {
        throw new Error('not an object');
    }

    return value;
}


/* The function may never answer, and the chat's notifications wait for it. */

async function keyOf(chatId, kid, { encryptionKey, timeout }) {
    const { subtle } = crypto;
    let timer;

    const key = await Promise.race([
        encryptionKey(chatId, kid),
        new Promise((_, fail) => {
            timer = setTimeout(() => fail(new Error('timeout')), timeout);
        }),
    ]).finally(() => clearTimeout(timer));

    /* a master key, of those who may read all chats */

    if (key?.algorithm?.name === 'HKDF') {
        return subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256',
            salt: new Uint8Array(), info: encode(
                `chatws-encryption-v1\0${chatId}`) },
            key, { name: 'AES-GCM', length: 256 }, false, ['decrypt']);
    }

    if (key?.algorithm) {
        return key;
    }

    if (key?.byteLength !== 32) {
        throw new TypeError('encryptionKey(): not a key of 32 bytes');
    }

    return subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
}


/* the key that we have, or, if that was of no use, another one or nothing */

function keyFor(chatId, kid, keys, options, isBad) {
    const had = keys.get(kid);
    const now = Date.now();

    if (!had || isBad && (!had.again || now - had.time > rest)) {
        const key = keyOf(chatId, kid, options).catch(async (error) => {

            /* what was damaged does not cost us a good key */

            const old = await had?.key.catch(() => {});

            if (old) {
                return old;
            }

            throw error;
        });

        key.catch(() => {});
        keys.delete(kid);
        keys.set(kid, { key, again: isBad, time: now });

        for (const name of keys.keys()) {
            if (keys.size > most) {
                keys.delete(name);
            }
        }

    } else if (isBad) {
        return undefined;
    }

    return keys.get(kid).key;
}


/* The header is authenticated; that it is the one of this message is not. */

function headerOf(head, chatId, { id, sender = '' }) {
    const header = objectOf(bytesOf(head));
    const { alg, enc, kid, chat, mid, sub, zip, crit } = header;

    if (alg !== 'dir' || enc !== 'A256GCM' || !kid || typeof kid !== 'string'
        || zip !== undefined || crit !== undefined
        || chat !== chatId || mid === undefined || mid !== id
        || sub !== sender)
    {
        throw new Error('the header is of another message');
    }

    return header;
}


/* Tries again with another key where the first one is of no use. */

async function unlock(box, how, chatId, kid, keys, options) {
    let fault;

    for (const isBad of [false, true]) {
        const promise = keyFor(chatId, kid, keys, options, isBad);

        try {
            const key = await promise;

            if (key) {
                fault = { reason: 'text' };

                return { plain: await crypto.subtle.decrypt(how, key, box) };
            }

        } catch (error) {
            fault = { reason: 'key', ...fault, error };
        }
    }

    return fault;
}


/* What is hidden never replaces what is clear, but for what is empty there. */

function merge(clear, hidden) {
    const whole = { ...hidden, ...clear };

    for (const name of ['text', 'lastMessage']) {
        if (clear[name] === '' && name in hidden) {
            whole[name] = hidden[name];
        }
    }

    return whole;
}


/*
 * Returns the notification as it was before it was encrypted; or why it can't
 * be opened: reason, "header", "key" or "text", error, and the kid where that
 * is known.  keys belong to the chat, and live as long as it.
 */

export async function open(data, keys, options) {
    const { chatId, type } = data;
    const item = type === 'new_message' ? data.message : data;
    const { enc, ...clear } = item;
    const [head, none, iv, text, tag, more] = enc.split('.');
    let reason = 'header';
    let kid;

    try {
        if (none !== '' || tag === undefined || more !== undefined) {
            throw new Error('not five parts');
        }

        ({ kid } = headerOf(head, chatId, item));
        reason = 'text';

        const how = { name: 'AES-GCM', iv: bytesOf(iv),
            additionalData: encode(head) };
        const [sealed, end] = [bytesOf(text), bytesOf(tag)];
        const box = new Uint8Array(sealed.length + end.length);

        box.set(sealed);
        box.set(end, sealed.length);

        const { plain, ...fault } = await unlock(box, how, chatId, kid, keys,
            options);

        if (!plain) {
            return { kid, ...fault };
        }

        const whole = merge(clear, objectOf(plain));

        return { notification: type === 'new_message'
            ? { ...data, message: whole } : whole };

    } catch (error) {
        return { kid, reason, error };
    }
}
