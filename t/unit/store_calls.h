
/*
 * Copyright (C) chatws contributors
 *
 * For the tests of the shared state in one process: short forms of its calls.
 */


#ifndef _CHATWS_STORE_CALLS_H_INCLUDED_
#define _CHATWS_STORE_CALLS_H_INCLUDED_


#include "tap.h"
#include "store_check.h"


#define SLOTS  16
#define SIZE   (28 * 1024)


static void test_begin(size_t size, uint32_t nslots);
static void test_end(const char *what);
static chatws_rc_e sub(uint32_t slot, const char *id, uint64_t user,
    uint32_t flags);
static chatws_rc_e pub(const char *id, uint64_t sender, size_t fill,
    unsigned log, uint64_t now);


static void                 *mem;
static uint32_t              wake[CHATWS_SLOTS_MAX];
static uint32_t              store_peak;    /* words of the longest step */
static chatws_store_t       *st;
static chatws_posted_t       out;
static chatws_subscribed_t   in;


static void
store_hook(void)
{
    if (st != NULL && st->table.journal.n > store_peak) {
        store_peak = st->table.journal.n;
    }
}


static void
test_begin(size_t size, uint32_t nslots)
{
    uint32_t  i;
    uint8_t   key[16];

    for (i = 0; i < 16; i++) {
        key[i] = (uint8_t) (i * 7);
    }

    if (posix_memalign(&mem, 64, size) != 0) {
        exit(1);
    }

    memset(mem, 0xa5, size);

    if (chatws_store_init(mem, size, nslots, key, 99) != CHATWS_OK) {
        ok(0, "init");
        exit(1);
    }

    st = mem;
    out.wake = wake;
}


static void
test_end(const char *what)
{
    const char  *fault;

    fault = store_check(st);

    ok(fault == NULL, "%s: all is sound (%s)", what, fault ? fault : "-");
    ok(store_peak <= CHATWS_JOURNAL_MAX, "the longest step: %u words",
       store_peak);

    free(mem);
    st = NULL;
}


static chatws_rc_e
sub(uint32_t slot, const char *id, uint64_t user, uint32_t flags)
{
    chatws_str_t  str;

    str.data = (uint8_t *) id;
    str.len = strlen(id);

    return chatws_store_subscribe(st, slot, &str, user, flags,
                                  CHATWS_SHARE_ANY, &in);
}


static chatws_rc_e
pub(const char *id, uint64_t sender, size_t fill, unsigned log, uint64_t now)
{
    uint8_t        *body;
    chatws_rc_e     rc;
    chatws_post_t   post;

    body = malloc(fill + STORE_BODY);

    memset(&post, 0, sizeof(post));
    post.chat.data = (uint8_t *) id;
    post.chat.len = strlen(id);
    post.sender = sender;
    post.time = 5000 + now;
    post.ring = log;
    post.sequenced = log == CHATWS_DURABLE;
    post.body.data = body;
    post.body.len = store_body(body, (uint32_t) fill * 31, fill,
                               post.sequenced);

    rc = chatws_store_publish(st, 0, &post, now, 100, &out);

    free(body);

    return rc;
}


#endif /* _CHATWS_STORE_CALLS_H_INCLUDED_ */
