/*
 * Copyright (C) chatws contributors, MIT licence
 *
 * What the user of the browser client does: whether there is somebody, in any
 * page of this origin; and what is being looked at.
 */

/* what people do; a page that is merely open does none of it */
const signs = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'];

/* what is done all the time is told to other pages, or to the server, so
   often, in ms */
const EVERY = 1000;


/* "tell" is called with true after "time" ms without a sign, and with false. */

export class Activity {
    #time;
    #tell;
    #last = Date.now();
    #isAway = false;
    #timer;
    #pages = globalThis.BroadcastChannel && new BroadcastChannel('chatws.away');

    constructor(time, tell) {
        this.#time = time;
        this.#tell = tell;
        this.#listen('addEventListener');
        this.#wait(time);

        if (this.#pages) {
            this.#pages.onmessage = () => this.#note(Date.now());
            this.#pages.unref?.();
        }
    }

    end() {
        clearTimeout(this.#timer);
        this.#listen('removeEventListener');
        this.#pages?.close();
        this.#become(false);
    }

    #sign = () => {
        const now = Date.now();

        if (this.#isAway || now - this.#last >= EVERY) {
            this.#pages?.postMessage(true);
            this.#note(now);
        }
    };

    #note(now) {
        this.#last = now;
        this.#become(false);
    }

    #become(isAway) {
        if (isAway !== this.#isAway) {
            this.#isAway = isAway;
            this.#tell(isAway);
        }
    }

    #wait(time) {
        this.#timer = setTimeout(() => {
            const rest = this.#last + this.#time - Date.now();

            if (rest <= 0) {
                this.#become(true);
            }

            this.#wait(rest > 0 ? rest : EVERY);
        }, time);
    }

    #listen(how) {
        signs.forEach((type) => globalThis[how]?.(type, this.#sign,
            { passive: true, capture: true }));
    }
}


/* Reads the chat while it is looked at, and something in it is unread. */

export function watchRead(client, chatId, element, how) {
    const { document, IntersectionObserver } = globalThis;
    let isSeen = !element || !IntersectionObserver;
    let last = -Infinity;
    let timer;

    const isLookedAt = () => isSeen && client.unread(chatId) > 0
        && (!document || !document.hidden && document.hasFocus());

    const look = () => {
        const rest = last + EVERY - Date.now();

        if (timer !== undefined || !isLookedAt()) {
            return;
        }

        if (rest > 0) {
            timer = setTimeout(() => {
                timer = undefined;
                look();
            }, rest);

        } else {
            last = Date.now();
            client.read(chatId, undefined, how);
        }
    };

    const observer = !isSeen && new IntersectionObserver((all) => {
        isSeen = all.at(-1).isIntersecting;
        look();
    });

    const listen = (what) => {
        client[what]('message', look);
        globalThis[what]?.('focus', look);
        document?.[what]('visibilitychange', look);
    };

    listen('addEventListener');

    if (observer) {
        observer.observe(element);
    }

    look();

    return () => {
        listen('removeEventListener');
        clearTimeout(timer);

        if (observer) {
            observer.disconnect();
        }
    };
}
