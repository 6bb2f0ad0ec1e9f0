/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * Events for the browser client: the platform's, or what serves as them in
 * React Native, which has none.
 */

export const Target = globalThis.EventTarget ?? class {
    #all = [];

    addEventListener(type, listener, options) {
        this.removeEventListener(type, listener);
        this.#all.push({ type, listener, once: options?.once });
    }

    removeEventListener(type, listener) {
        this.#all = this.#all.filter((one) =>
            one.type !== type || one.listener !== listener);
    }

    dispatchEvent(event) {
        for (const { type, listener, once } of this.#all) {
            if (type !== event.type) {
                continue;
            }

            if (once) {
                this.removeEventListener(type, listener);
            }

            try {
                (listener.handleEvent ?? listener).call(listener, event);

            } catch (error) {
                setTimeout(() => {
                    throw error;
                });
            }
        }
    }
};

export function makeEvent(type, detail) {
    const { CustomEvent, Event } = globalThis;

    if (CustomEvent) {
        return new CustomEvent(type, { detail });
    }

    return Object.assign(Event ? new Event(type) : { type }, { detail });
}
