
/*
 * Copyright (C) chatws contributors
 *
 * Messages and their copies: every subscriber of a room has to see the same
 * messages in the same order, each once.  The first copy of a message to
 * arrive anywhere gives it its place in the room's order, all others are
 * held against that.
 */


#include <stdlib.h>
#include <string.h>

#include "bench.h"


static int64_t bench_msg_hex(const uint8_t *p, size_t n);


uint32_t
bench_msg_add(bench_t *b, uint32_t room, uint32_t pub, uint64_t time)
{
    bench_msg_t  *msg;

    if (b->msg_n == b->msg_size) {
        b->msg_size = b->msg_size ? b->msg_size * 2 : 65536;
        b->msgs = realloc(b->msgs, b->msg_size * sizeof(bench_msg_t));

        if (b->msgs == NULL) {
            bench_die("out of memory");
        }
    }

    msg = &b->msgs[b->msg_n];

    msg->time = time;
    msg->room = room;
    msg->left = b->rooms[room].members;
    msg->order = BENCH_NONE;
    msg->pub = pub;

    b->rooms[room].published++;
    b->count.messages++;

    if (msg->left) {
        b->inflight++;
    }

    return b->msg_n++;
}


void
bench_msg_cancel(bench_t *b, uint32_t id)
{
    bench_msg_t  *msg;

    msg = &b->msgs[id];

    b->rooms[msg->room].published--;
    b->count.refused++;
    b->count.messages--;

    if (msg->left == 0) {
        return;
    }

    msg->left = 0;
    b->inflight--;

    if (msg->pub != BENCH_NONE) {
        bench_pub_delivered(b, msg->pub);
    }
}


void
bench_msg_text(bench_t *b, uint32_t id, char *buf)
{
    int                i;
    uint32_t           room;
    static const char  hex[] = "0123456789abcdef";

    room = b->msgs[id].room;

    memset(buf, 'x', b->text_len);
    buf[b->text_len] = '\0';

    buf[0] = '@';
    buf[BENCH_MARK_LEN - 1] = '@';

    for (i = 0; i < 8; i++) {
        buf[1 + i] = hex[(id >> (28 - 4 * i)) & 0xf];
    }

    for (i = 0; i < 6; i++) {
        buf[9 + i] = hex[(room >> (20 - 4 * i)) & 0xf];
    }
}


void
bench_msg_copy(bench_t *b, bench_sub_t *sub, const uint8_t *p, size_t len,
    uint64_t now)
{
    int64_t         id, room_id;
    uint32_t        at;
    bench_msg_t    *msg;
    bench_room_t   *room;
    const uint8_t  *mark;

    mark = memchr(p, '@', len);

    if (mark == NULL || (size_t) (p + len - mark) < BENCH_MARK_LEN) {
        return;
    }

    id = bench_msg_hex(mark + 1, 8);
    room_id = bench_msg_hex(mark + 9, 6);

    if (id < 0 || id >= b->msg_n || mark[BENCH_MARK_LEN - 1] != '@') {
        bench_die("a copy with a mark that was never sent");
    }

    msg = &b->msgs[id];

    if (room_id != msg->room || sub->room != msg->room) {
        bench_die("a copy of room %u for a subscriber of room %u",
                  msg->room, sub->room);
    }

    room = &b->rooms[msg->room];

    if (msg->order == BENCH_NONE) {
        msg->order = room->seen++;
    }

    at = msg->order;

    if (at == sub->pos) {
        sub->pos++;

    } else if (at > sub->pos) {
        sub->missing += at - sub->pos;
        sub->pos = at + 1;

    } else if (sub->missing) {
        sub->missing--;
        b->count.disordered++;

    } else {
        b->count.repeated++;
        return;
    }

    b->last_frame = len;
    b->count.copies++;
    b->count.bytes += len;

    bench_hist_add(&b->hist, (now > msg->time) ? now - msg->time : 0);

    if (msg->left == 0 || --msg->left) {
        return;
    }

    b->inflight--;

    if (msg->pub != BENCH_NONE) {
        bench_pub_delivered(b, msg->pub);
    }
}


static int64_t
bench_msg_hex(const uint8_t *p, size_t n)
{
    int64_t  value;

    for (value = 0; n; n--, p++) {

        if (*p >= '0' && *p <= '9') {
            value = value * 16 + (*p - '0');

        } else if (*p >= 'a' && *p <= 'f') {
            value = value * 16 + (*p - 'a' + 10);

        } else {
            return -1;
        }
    }

    return value;
}


/*
 * 64 buckets for each power of two: a quantile is never more than 1.6%
 * above the truth.
 */

void
bench_hist_add(bench_hist_t *h, uint64_t ns)
{
    int  bits;

    h->n++;

    if (ns > h->max) {
        h->max = ns;
    }

    if (ns < 64) {
        h->buckets[ns]++;
        return;
    }

    bits = 63 - __builtin_clzll(ns);

    h->buckets[(bits - 5) * 64 + ((ns >> (bits - 6)) & 63)]++;
}


uint64_t
bench_hist_quantile(const bench_hist_t *h, double share)
{
    uint32_t  i;
    uint64_t  n, sum, value;

    n = (uint64_t) (share * (double) h->n);
    sum = 0;

    for (i = 0; i < BENCH_BUCKETS; i++) {
        sum += h->buckets[i];

        if (sum > n) {
            if (i < 64) {
                return i;
            }

            value = (uint64_t) (64 + i % 64 + 1) << (i / 64 - 1);

            return (value < h->max) ? value : h->max;
        }
    }

    return h->max;
}
