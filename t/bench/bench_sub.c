
/*
 * Copyright (C) chatws contributors
 *
 * Subscribers: the handshake, the subscription, and the frames that come
 * back (RFC 6455, the client's side of it, as little as is needed).
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"


#define BENCH_SLOW_RCVBUF  4096
#define BENCH_MAX_FRAME    (1024 * 1024)


static int bench_sub_all_ready(bench_t *b);
static void bench_sub_start_next(bench_t *b);
static void bench_sub_handler(bench_t *b, bench_event_t *ev,
    uint32_t events);
static void bench_sub_upgrade(bench_t *b, bench_sub_t *sub);
static void bench_sub_read(bench_t *b, bench_sub_t *sub);
static void bench_sub_keep(bench_sub_t *sub, uint8_t *p, size_t len);
static void bench_sub_ready(bench_t *b, bench_sub_t *sub);
static void bench_sub_subscribe(bench_t *b, bench_sub_t *sub);
static uint8_t *bench_sub_response(bench_t *b, bench_sub_t *sub, uint8_t *p,
    uint8_t *last);
static uint8_t *bench_sub_frames(bench_t *b, bench_sub_t *sub, uint8_t *p,
    uint8_t *last, uint64_t now);
static void bench_sub_frame(bench_t *b, bench_sub_t *sub, uint8_t opcode,
    uint8_t *p, size_t len, uint64_t now);
static void bench_sub_send(bench_sub_t *sub, const void *p, size_t len);
static void bench_sub_closed(bench_t *b, bench_sub_t *sub);


void
bench_sub_open_all(bench_t *b)
{
    uint32_t      i;
    bench_sub_t  *sub;

    b->subs = bench_alloc(b->opt.conns, sizeof(bench_sub_t));

    for (i = 0; i < b->opt.conns; i++) {
        sub = &b->subs[i];

        sub->ev.fd = -1;
        sub->ev.handler = bench_sub_handler;
        sub->id = i;
        sub->room = i % b->opt.rooms;
        sub->slow = (i >= b->opt.conns - b->opt.slow);

        if (!sub->slow) {
            b->rooms[sub->room].members++;
        }
    }

    bench_sub_start_next(b);

    if (!bench_run(b, bench_sub_all_ready, b->opt.deadline)) {
        bench_die("only %u of %u subscribers got ready", b->sub_ready,
                  b->opt.conns);
    }
}


/* Each connection asks for the next room when it has got the one before. */

void
bench_sub_more_all(bench_t *b)
{
    uint32_t      i;
    bench_sub_t  *sub;

    b->sub_open = b->opt.conns;
    b->sub_ready = 0;

    for (i = 0; i < b->opt.conns; i++) {
        sub = &b->subs[i];

        sub->state = BENCH_SUB_CONFIRMING;
        sub->left = b->opt.more;

        bench_sub_subscribe(b, sub);
    }

    if (!bench_run(b, bench_sub_all_ready, b->opt.deadline)) {
        bench_die("only %u of %u subscribers were confirmed", b->sub_ready,
                  b->opt.conns);
    }
}


static int
bench_sub_all_ready(bench_t *b)
{
    return b->sub_ready == b->opt.conns;
}


static void
bench_sub_start_next(bench_t *b)
{
    bench_sub_t  *sub;

    while (b->sub_next < b->opt.conns && b->sub_open < b->opt.parallel) {
        sub = &b->subs[b->sub_next++];
        b->sub_open++;

        sub->ev.fd = bench_connect(b, sub->id,
                                   sub->slow ? BENCH_SLOW_RCVBUF : 0);
        bench_watch(b, &sub->ev);
    }
}


static void
bench_sub_handler(bench_t *b, bench_event_t *ev, uint32_t events)
{
    bench_sub_t  *sub;

    sub = (bench_sub_t *) ev;

    if (sub->state == BENCH_SUB_CONNECTING && (events & EPOLLOUT)) {
        bench_sub_upgrade(b, sub);
    }

    if (sub->state != BENCH_SUB_CLOSED
        && (events & (EPOLLIN|EPOLLHUP|EPOLLERR|EPOLLRDHUP)))
    {
        bench_sub_read(b, sub);
    }
}


static void
bench_sub_upgrade(bench_t *b, bench_sub_t *sub)
{
    int        err;
    char       path[512], request[4096];
    socklen_t  len;

    err = 0;
    len = sizeof(err);

    if (getsockopt(sub->ev.fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1
        || err != 0)
    {
        bench_die("connect(): %s", strerror(err ? err : errno));
    }

    bench_expand(path, sizeof(path), b->opt.sub_path, sub->room, sub->id, "");

    err = snprintf(request, sizeof(request),
                   "GET %s HTTP/1.1\r\n"
                   "Host: 127.0.0.1:%u\r\n"
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   "Sec-WebSocket-Version: 13\r\n%s%s\r\n",
                   path, b->opt.port, b->opt.sub_field,
                   b->opt.sub_field[0] != '\0' ? "\r\n" : "");

    if (err >= (int) sizeof(request)) {
        bench_die("the request is too long");
    }

    bench_sub_send(sub, request, (size_t) err);
    sub->state = BENCH_SUB_UPGRADING;
}


static void
bench_sub_read(bench_t *b, bench_sub_t *sub)
{
    size_t    have, size;
    ssize_t   n;
    uint8_t  *p, *last;

    do {
        have = sub->part_len;
        size = BENCH_BUFFER - have;

        n = recv(sub->ev.fd, b->buffer + have, size, 0);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {
            bench_sub_closed(b, sub);
            return;
        }

        if (have) {
            memcpy(b->buffer, sub->part, have);
            free(sub->part);
            sub->part = NULL;
            sub->part_len = 0;
        }

        p = b->buffer;
        last = p + have + n;

        if (sub->state == BENCH_SUB_UPGRADING) {
            p = bench_sub_response(b, sub, p, last);
        }

        if (sub->state != BENCH_SUB_UPGRADING) {
            p = bench_sub_frames(b, sub, p, last, bench_now());
        }

        if (sub->state == BENCH_SUB_CLOSED) {
            return;
        }

        bench_sub_keep(sub, p, (size_t) (last - p));

    } while ((size_t) n == size
             && !(sub->slow && sub->state == BENCH_SUB_READY));
}


static void
bench_sub_keep(bench_sub_t *sub, uint8_t *p, size_t len)
{
    if (len == 0) {
        return;
    }

    if (len >= BENCH_BUFFER / 2) {
        bench_die("a frame of over %u bytes", BENCH_BUFFER / 2);
    }

    sub->part = bench_alloc(len, 1);
    sub->part_len = (uint32_t) len;
    memcpy(sub->part, p, len);
}


static void
bench_sub_ready(bench_t *b, bench_sub_t *sub)
{
    sub->state = BENCH_SUB_READY;

    b->sub_ready++;
    b->sub_open--;

    if (sub->slow && epoll_ctl(b->epoll, EPOLL_CTL_DEL, sub->ev.fd, NULL)
                     == -1)
    {
        bench_die("epoll_ctl(): %s", strerror(errno));
    }

    bench_sub_start_next(b);
}


static uint8_t *
bench_sub_response(bench_t *b, bench_sub_t *sub, uint8_t *p, uint8_t *last)
{
    uint8_t  *end;

    end = memmem(p, (size_t) (last - p), "\r\n\r\n", 4);

    if (end == NULL) {
        return p;
    }

    end += 4;

    if (strncmp((char *) p, "HTTP/1.1 101 ", 13) != 0) {
        p[32] = '\0';
        bench_die("handshake answered with %s", (char *) p);
    }

    if (memmem(p, (size_t) (end - p), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28)
        == NULL)
    {
        bench_die("wrong Sec-WebSocket-Accept");
    }

    if (b->opt.sub_message[0] == '\0') {
        bench_sub_ready(b, sub);
        return end;
    }

    sub->state = BENCH_SUB_CONFIRMING;
    bench_sub_subscribe(b, sub);

    return end;
}


/* Subscribes to the room, or to a later one if more are to come. */

static void
bench_sub_subscribe(bench_t *b, bench_sub_t *sub)
{
    char     message[512];
    size_t   len;
    uint8_t  frame[600];

    len = bench_expand(message, sizeof(message), b->opt.sub_message,
                       (sub->room + sub->left) % b->opt.rooms, sub->id, "");
    len = bench_frame(frame, message, len);
    bench_sub_send(sub, frame, len);
}


static uint8_t *
bench_sub_frames(bench_t *b, bench_sub_t *sub, uint8_t *p, uint8_t *last,
    uint64_t now)
{
    size_t    avail;
    uint8_t  *data;
    uint64_t  len;

    while (p < last && sub->state != BENCH_SUB_CLOSED) {

        avail = (size_t) (last - p);

        if (avail < 2) {
            break;
        }

        len = p[1];
        data = p + 2;

        if (len == 126) {
            if (avail < 4) {
                break;
            }

            len = (uint64_t) (p[2] << 8 | p[3]);
            data = p + 4;

        } else if (len == 127) {
            if (avail < 10) {
                break;
            }

            len = (uint64_t) p[6] << 24 | (uint64_t) (p[7] << 16)
                  | (uint64_t) (p[8] << 8) | p[9];
            data = p + 10;

        } else if (len > 127) {
            bench_die("a masked frame from the server");
        }

        if (len > BENCH_MAX_FRAME) {
            bench_die("a frame of %llu bytes", (unsigned long long) len);
        }

        if ((uint64_t) (last - data) < len) {
            break;
        }

        bench_sub_frame(b, sub, p[0], data, (size_t) len, now);
        p = data + len;
    }

    return p;
}


static void
bench_sub_frame(bench_t *b, bench_sub_t *sub, uint8_t opcode, uint8_t *p,
    size_t len, uint64_t now)
{
    uint8_t  pong[6];

    switch (opcode) {

    case 0x81:
    case 0x82:

        if (sub->state == BENCH_SUB_CONFIRMING) {

            if (memmem(p, len, b->opt.sub_ready, strlen(b->opt.sub_ready))
                == NULL)
            {
                if (memmem(p, len, "\"error\"", 7)) {
                    bench_die("a subscription was refused: %.*s",
                              (int) (len < 200 ? len : 200), (char *) p);
                }

                return;
            }

            if (sub->left != 0 && --sub->left != 0) {
                bench_sub_subscribe(b, sub);

            } else {
                bench_sub_ready(b, sub);
            }

            return;
        }

        bench_msg_copy(b, sub, p, len, now);
        return;

    case 0x88:
        bench_sub_closed(b, sub);
        return;

    case 0x89:

        /* an empty pong: the servers compared here do not look into it */

        memcpy(pong, "\x8a\x80\0\0\0\0", 6);
        bench_sub_send(sub, pong, 6);
        return;

    case 0x8a:
        return;

    default:
        bench_die("a frame that begins with 0x%02x", opcode);
    }
}


static void
bench_sub_send(bench_sub_t *sub, const void *p, size_t len)
{
    ssize_t  n;

    n = send(sub->ev.fd, p, len, MSG_NOSIGNAL);

    /* a reset is seen again when reading */

    if (n >= 0 && (size_t) n != len) {
        bench_die("a short send() on a subscriber");
    }
}


static void
bench_sub_closed(bench_t *b, bench_sub_t *sub)
{
    if (sub->state != BENCH_SUB_READY) {
        bench_die("the server closed subscriber %u before it was ready",
                  sub->id);
    }

    sub->state = BENCH_SUB_CLOSED;
    b->count.closed++;

    close(sub->ev.fd);
    sub->ev.fd = -1;
}


void
bench_sub_audit(bench_t *b)
{
    uint32_t       i;
    bench_sub_t   *sub;
    bench_room_t  *room;

    for (i = 0; i < b->opt.conns; i++) {
        sub = &b->subs[i];
        room = &b->rooms[sub->room];

        if (sub->slow) {
            continue;
        }

        b->count.lost += sub->missing;

        if (room->published > sub->pos) {
            b->count.lost += room->published - sub->pos;
        }
    }
}


uint32_t
bench_sub_slow_closed(bench_t *b)
{
    ssize_t       n;
    uint32_t      closed, i;
    bench_sub_t  *sub;

    closed = 0;

    for (i = 0; i < b->opt.conns; i++) {
        sub = &b->subs[i];

        if (!sub->slow || sub->ev.fd == -1) {
            continue;
        }

        do {
            n = recv(sub->ev.fd, b->buffer, BENCH_BUFFER, MSG_DONTWAIT);
        } while (n > 0 && bench_now() < b->until);

        if (n == 0 || (n == -1 && errno != EAGAIN)) {
            closed++;
        }
    }

    return closed;
}


void
bench_sub_close_all(bench_t *b)
{
    uint32_t  i;

    for (i = 0; i < b->opt.conns; i++) {
        if (b->subs[i].ev.fd != -1) {
            close(b->subs[i].ev.fd);
            b->subs[i].ev.fd = -1;
            b->subs[i].state = BENCH_SUB_CLOSED;
        }
    }
}


size_t
bench_frame(uint8_t *out, const char *text, size_t len)
{
    size_t                i, head;
    static const uint8_t  mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

    out[0] = 0x81;

    if (len < 126) {
        out[1] = (uint8_t) (0x80 | len);
        head = 2;

    } else {
        out[1] = 0x80 | 126;
        out[2] = (uint8_t) (len >> 8);
        out[3] = (uint8_t) len;
        head = 4;
    }

    memcpy(out + head, mask, 4);
    head += 4;

    for (i = 0; i < len; i++) {
        out[head + i] = (uint8_t) text[i] ^ mask[i & 3];
    }

    return head + len;
}
