
/*
 * Copyright (C) chatws contributors
 *
 * Ids that grow, and epochs there and back.
 */


#include <string.h>

#include "tap.h"

#include "base/chatws_id.c"


static int grows(uint64_t stamp, uint64_t random);
static uint64_t epoch(const char *text);


static uint8_t  last[CHATWS_ID_LEN];


int
main(void)
{
    uint8_t       text[CHATWS_EPOCH_LEN], session[CHATWS_SESSION_LEN];
    uint64_t      stamp;
    unsigned      i, n;

    stamp = 1764237600000ULL * CHATWS_ID_COUNTS;

    chatws_id_make(stamp, UINT64_MAX, last);

    ok(memcmp(last, "msg_0mih9ikg0000", 16) == 0, "%.26s", last);

    n = 0;

    for (i = 4; i < CHATWS_ID_LEN; i++) {
        n += (last[i] < '0' || last[i] > '9')
             && (last[i] < 'a' || last[i] > 'z');
    }

    ok(n == 0, "0-9a-z only");

    n = 0;

    for (i = 1; i < 200000; i++) {
        n += !grows(stamp + i, i * 0x9e3779b97f4a7c15);
    }

    ok(n == 0, "ids grow with the stamp");

    chatws_id_make(stamp + CHATWS_ID_COUNTS, 0, last);

    ok(memcmp(last, "msg_0mih9ikg1000", 16) == 0, "a millisecond later");
    ok(grows(253402300799999ULL * CHATWS_ID_COUNTS, 0),
       "ids grow to the year 9999");

    chatws_id_session(stamp, UINT64_MAX, session);
    chatws_id_make(stamp, UINT64_MAX, last);

    ok(memcmp(session, "s_0mih9ikg0000", 14) == 0
       && memcmp(session + 2, last + 4, CHATWS_SESSION_LEN - 2) == 0,
       "%.24s", session);

    chatws_epoch_format(text, 0xffff9f2c41d07be3);

    ok(memcmp(text, "9f2c41d07be3", 12) == 0, "an epoch's form");

    ok(epoch("9f2c41d07be3") == 0x9f2c41d07be3, "an epoch's value");
    ok(epoch("000000000000") == 0, "the zero epoch");
    ok(epoch("ffffffffffff") == CHATWS_EPOCH_MASK, "the largest epoch");
    ok(epoch("9f2c41d07be") == CHATWS_EPOCH_NONE, "too short");
    ok(epoch("9f2c41d07be30") == CHATWS_EPOCH_NONE, "too long");
    ok(epoch("9f2c41d07bE3") == CHATWS_EPOCH_NONE, "upper case");
    ok(epoch("9f2c41d07bg3") == CHATWS_EPOCH_NONE, "no hex digit");
    ok(epoch("") == CHATWS_EPOCH_NONE, "empty");

    return done();
}


static int
grows(uint64_t stamp, uint64_t random)
{
    int      rc;
    uint8_t  next[CHATWS_ID_LEN];

    chatws_id_make(stamp, random, next);

    rc = memcmp(last, next, CHATWS_ID_LEN) < 0;

    memcpy(last, next, CHATWS_ID_LEN);

    return rc;
}


static uint64_t
epoch(const char *text)
{
    chatws_str_t  str;

    str.data = (uint8_t *) text;
    str.len = strlen(text);

    return chatws_epoch_parse(&str);
}
