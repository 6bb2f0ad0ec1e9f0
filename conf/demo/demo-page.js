/*
 * Copyright (C) chatws contributors
 *
 * What the parts of the demo share: the chats, which of them is open, and
 * when all of it is drawn.
 */

export const chats = new Map();

export const page = {
    me: '',
    client: null,
    current: null,          /* the chat that is open */
    history: false,         /* there is an app server to ask for it */
    hasLogin: false,
    upload: null,           /* where files of {user} in {chat} go to */
    begun: 0,               /* by the server's clock: what is older was not
                               missed, but is history */
};


/* Drawing, once a frame however much has happened. */

let due = false;
let paint = () => {};

export function paintBy(how) {
    paint = how;
}

export function draw() {
    if (!due) {
        due = true;
        requestAnimationFrame(drawDue);

        /* frames stop in a hidden tab, whose title is seen all the same */
        setTimeout(drawDue, 200);
    }
}

function drawDue() {
    if (due) {
        drawNow();
    }
}

export function drawNow() {
    due = false;
    paint();
}
