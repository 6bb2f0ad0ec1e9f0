/*
 * Copyright (C) chatws contributors
 *
 * What chatws.global.js defines.
 */

import * as client from './chatws.js';

declare global {
    const chatws: typeof client;
}
