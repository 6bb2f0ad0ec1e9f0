
/*
 * Copyright (C) chatws contributors
 *
 * Timestamps against libc's calendar.
 */


#include <string.h>
#include <time.h>

#include "tap.h"

#include "base/chatws_decimal.c"
#include "base/chatws_time.c"


static int same(uint64_t ms, const char *text);


int
main(void)
{
    char        text[64];
    time_t      sec;
    uint64_t    ms;
    unsigned    n;
    struct tm   tm;

    ok(same(0, "1970-01-01T00:00:00.000Z"), "the epoch");
    ok(same(1764237600000, "2025-11-27T10:00:00.000Z"), "the contract's");
    ok(same(951782399999, "2000-02-28T23:59:59.999Z"), "before a leap day");
    ok(same(951782400000, "2000-02-29T00:00:00.000Z"), "a leap day");
    ok(same(951868800001, "2000-03-01T00:00:00.001Z"), "after a leap day");
    ok(same(4107542399999, "2100-02-28T23:59:59.999Z")
       && same(4107542400000, "2100-03-01T00:00:00.000Z"),
       "no leap day in 2100");
    ok(same(253402300799999, "9999-12-31T23:59:59.999Z"), "the last one");
    ok(same(253402300800000, "9999-12-31T23:59:59.999Z")
       && same(UINT64_MAX, "9999-12-31T23:59:59.999Z"),
       "nothing after that");

    /* every day of 8030 years, at another time of each day */

    n = 0;

    for (ms = 0; ms < CHATWS_TIME_LAST; ms += 86400000 + 997) {
        sec = ms / 1000;
        gmtime_r(&sec, &tm);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(text + 19, sizeof(text) - 19, ".%03uZ",
                 (unsigned) (ms % 1000));

        n += !same(ms, text);
    }

    ok(n == 0, "every day to the year 9999");

    return done();
}


static int
same(uint64_t ms, const char *text)
{
    uint8_t  out[CHATWS_TIME_LEN];

    chatws_time_format(out, ms);

    return strlen(text) == CHATWS_TIME_LEN
           && memcmp(out, text, CHATWS_TIME_LEN) == 0;
}
