
/*
 * Copyright (C) chatws contributors
 *
 * Numbers in decimal digits, compared with those of printf().
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_decimal.c"


static int same(uint64_t number);
static int padded(unsigned n, uint64_t number, const char *want);


int
main(void)
{
    int       n;
    uint64_t  number;

    ok(same(0), "zero has one digit");
    ok(same(UINT64_MAX), "the largest number has 20 digits");

    n = 0;

    for (number = 1; number <= UINT64_MAX / 10; number *= 10) {
        n += !same(number - 1) + !same(number) + !same(number + 1);
    }

    ok(n == 0, "numbers around each power of ten");

    ok(padded(3, 7, "007"), "leading zeroes");
    ok(padded(2, 42, "42"), "a number that fits exactly");
    ok(padded(2, 1742, "42"), "the last digits of a longer number");

    return done();
}


static int
same(uint64_t number)
{
    int      len;
    char     want[32];
    uint8_t  got[CHATWS_DECIMAL_MAX];

    len = snprintf(want, sizeof(want), "%" PRIu64, number);

    return chatws_decimal(got, number) == (size_t) len
           && memcmp(got, want, len) == 0;
}


static int
padded(unsigned n, uint64_t number, const char *want)
{
    uint8_t  got[8];

    memset(got, 'x', sizeof(got));
    chatws_decimal_padded(got, n, number);

    return memcmp(got, want, n) == 0 && got[n] == 'x';
}
