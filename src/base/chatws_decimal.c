
/*
 * Copyright (C) chatws contributors
 *
 * Numbers in decimal digits.
 */


#include "base/chatws_decimal.h"


size_t
chatws_decimal(uint8_t out[CHATWS_DECIMAL_MAX], uint64_t number)
{
    unsigned  n;
    uint64_t  rest;

    n = 1;

    for (rest = number / 10; rest != 0; rest /= 10) {
        n++;
    }

    chatws_decimal_padded(out, n, number);

    return n;
}


void
chatws_decimal_padded(uint8_t *out, unsigned n, uint64_t number)
{
    while (n-- != 0) {
        out[n] = (uint8_t) ('0' + number % 10);
        number /= 10;
    }
}
