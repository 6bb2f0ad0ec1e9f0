
/*
 * Copyright (C) chatws contributors
 *
 * Publishers: keep-alive connections that POST messages.  In a closed loop
 * a publisher sends its next request when the last one was answered and
 * every copy of its messages has arrived; at a fixed rate, when it is due
 * and a connection is free.
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


#define BENCH_MAX_TEXT  (64 * 1024)


static int bench_pub_all_ready(bench_t *b);
static void bench_pub_handler(bench_t *b, bench_event_t *ev,
    uint32_t events);
static void bench_pub_request(bench_t *b, bench_pub_t *pub, uint64_t time);
static size_t bench_pub_body(bench_t *b, bench_pub_t *pub, uint64_t time,
    char *body, size_t size);
static uint32_t bench_pub_room(bench_t *b);
static void bench_pub_write(bench_pub_t *pub);
static void bench_pub_read(bench_t *b, bench_pub_t *pub);
static void bench_pub_response(bench_t *b, bench_pub_t *pub);
static void bench_pub_replied(bench_t *b, bench_pub_t *pub);
static void bench_pub_done(bench_t *b, bench_pub_t *pub);


void
bench_pub_open_all(bench_t *b)
{
    uint32_t      i;
    bench_pub_t  *pub;

    b->pubs = bench_alloc(b->opt.publishers, sizeof(bench_pub_t));
    b->idle = bench_alloc(b->opt.publishers, sizeof(uint32_t));

    for (i = 0; i < b->opt.publishers; i++) {
        pub = &b->pubs[i];

        pub->id = i;
        pub->replied = 1;
        pub->out_size = 4096 + (b->opt.batch + 1)
                               * (strlen(b->opt.pub_body) + b->opt.frame + 64);
        pub->out = bench_alloc(1, pub->out_size);
        pub->ev.handler = bench_pub_handler;
        pub->ev.fd = bench_connect(b, i, 0);
        bench_watch(b, &pub->ev);
    }

    if (!bench_run(b, bench_pub_all_ready, 10000)) {
        bench_die("only %u of %u publishers connected", b->pub_ready,
                  b->opt.publishers);
    }
}


static int
bench_pub_all_ready(bench_t *b)
{
    return b->pub_ready == b->opt.publishers;
}


static void
bench_pub_handler(bench_t *b, bench_event_t *ev, uint32_t events)
{
    bench_pub_t  *pub;

    pub = (bench_pub_t *) ev;

    if (events & (EPOLLERR|EPOLLHUP|EPOLLRDHUP)) {
        bench_die("the server closed a publisher, last status %d",
                  b->last_status);
    }

    if (!pub->connected && (events & EPOLLOUT)) {
        pub->connected = 1;
        b->pub_ready++;
        b->idle[b->idle_n++] = pub->id;
    }

    if ((events & EPOLLOUT) && pub->out_pos < pub->out_len) {
        bench_pub_write(pub);
    }

    if (events & EPOLLIN) {
        bench_pub_read(b, pub);
    }
}


void
bench_pub_start(bench_t *b)
{
    b->publishing = 1;
    b->due = bench_now() + b->interval;

    if (b->interval) {
        return;
    }

    while (b->idle_n) {
        bench_pub_send(b, bench_now());
    }
}


void
bench_pub_stop(bench_t *b)
{
    uint64_t  now;

    now = bench_now();

    if (b->interval && now > b->due) {
        b->count.behind += (now - b->due) / b->interval;
    }

    b->publishing = 0;
}


uint64_t
bench_pub_due(bench_t *b)
{
    uint64_t  now;

    now = bench_now();

    while (b->due <= now) {

        if (b->idle_n == 0) {
            return BENCH_SEC;
        }

        bench_pub_send(b, b->due);
        b->due += b->interval;
    }

    return b->due - now;
}


void
bench_pub_send(bench_t *b, uint64_t time)
{
    bench_pub_t  *pub;

    if (b->idle_n == 0) {
        bench_die("no idle publisher");
    }

    pub = &b->pubs[b->idle[--b->idle_n]];

    bench_pub_request(b, pub, time);
    bench_pub_write(pub);
}


static void
bench_pub_request(bench_t *b, bench_pub_t *pub, uint64_t time)
{
    char         path[256];
    int          n;
    size_t       len;
    static char  body[1024 * 1024];

    pub->replied = 0;
    pub->pending = 0;
    b->inflight++;

    len = bench_pub_body(b, pub, time, body, sizeof(body));

    bench_expand(path, sizeof(path), b->opt.pub_path,
                 b->msgs[pub->first].room, pub->id, "");

    n = snprintf(pub->out, pub->out_size,
                 "POST %s HTTP/1.1\r\n"
                 "Host: 127.0.0.1:%u\r\n"
                 "Content-Type: application/json\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 path, b->opt.port, len);

    if ((size_t) n + len > pub->out_size) {
        bench_die("a request of %zu bytes", (size_t) n + len);
    }

    memcpy(pub->out + n, body, len);

    pub->out_len = (size_t) n + len;
    pub->out_pos = 0;
}


static size_t
bench_pub_body(bench_t *b, bench_pub_t *pub, uint64_t time, char *body,
    size_t size)
{
    size_t       len;
    uint32_t     i, id, room;
    static char  text[BENCH_MAX_TEXT];

    pub->count = b->opt.batch ? b->opt.batch : 1;
    pub->first = b->msg_n;

    len = 0;

    for (i = 0; i < pub->count; i++) {

        room = bench_pub_room(b);
        id = bench_msg_add(b, room, b->interval ? BENCH_NONE : pub->id, time);

        if (!b->interval && b->msgs[id].left) {
            pub->pending++;
        }

        bench_msg_text(b, id, text);

        if (b->opt.batch) {
            body[len++] = i ? ',' : '[';
        }

        len += bench_expand(body + len, size - len - 2, b->opt.pub_body,
                            room, pub->id, text);
    }

    if (b->opt.batch) {
        body[len++] = ']';
    }

    return len;
}


static uint32_t
bench_pub_room(bench_t *b)
{
    uint64_t  x;

    /* xorshift64, the same rooms in every run */

    x = b->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    b->random = x;

    return (uint32_t) ((x >> 20) % b->opt.rooms);
}


static void
bench_pub_write(bench_pub_t *pub)
{
    ssize_t  n;

    while (pub->out_pos < pub->out_len) {

        n = send(pub->ev.fd, pub->out + pub->out_pos,
                 pub->out_len - pub->out_pos, MSG_NOSIGNAL);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n == -1) {
            bench_die("send(): %s", strerror(errno));
        }

        pub->out_pos += (size_t) n;
    }
}


static void
bench_pub_read(bench_t *b, bench_pub_t *pub)
{
    char     drop[16384];
    size_t   size;
    ssize_t  n;

    for ( ;; ) {

        if (pub->body_left) {
            size = (pub->body_left < sizeof(drop)) ? pub->body_left
                                                   : sizeof(drop);
            n = recv(pub->ev.fd, drop, size, 0);

        } else {
            size = sizeof(pub->in) - 1 - pub->in_len;
            n = recv(pub->ev.fd, pub->in + pub->in_len, size, 0);
        }

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {
            bench_die("the server closed a publisher, last status %d",
                      b->last_status);
        }

        if (pub->body_left) {
            pub->body_left -= (uint64_t) n;

            if (pub->body_left == 0) {
                bench_pub_replied(b, pub);
            }

        } else {
            pub->in_len += (size_t) n;
            bench_pub_response(b, pub);
        }

        if ((size_t) n < size) {
            return;
        }
    }
}


static void
bench_pub_response(bench_t *b, bench_pub_t *pub)
{
    char      *end, *line;
    size_t     body;
    uint64_t   len;

    pub->in[pub->in_len] = '\0';

    end = strstr(pub->in, "\r\n\r\n");

    if (end == NULL) {
        if (pub->in_len == sizeof(pub->in) - 1) {
            bench_die("an answer with too large a header");
        }

        return;
    }

    if (pub->replied || strncmp(pub->in, "HTTP/1.1 ", 9) != 0) {
        bench_die("an answer that is not HTTP/1.1");
    }

    *end = '\0';
    b->last_status = atoi(pub->in + 9);
    line = strcasestr(pub->in, "\r\nContent-Length:");

    if (line == NULL) {
        bench_die("an answer %d without Content-Length", b->last_status);
    }

    len = strtoull(line + 17, NULL, 10);
    body = pub->in_len - (size_t) (end + 4 - pub->in);

    if (body > len) {
        bench_die("an answer of more bytes than it says");
    }

    pub->in_len = 0;
    pub->body_left = len - body;

    if (pub->body_left == 0) {
        bench_pub_replied(b, pub);
    }
}


static void
bench_pub_replied(bench_t *b, bench_pub_t *pub)
{
    uint32_t  i;

    if (b->last_status < 200 || b->last_status > 299) {

        for (i = 0; i < pub->count; i++) {
            bench_msg_cancel(b, pub->first + i);
        }
    }

    pub->replied = 1;
    b->inflight--;

    if (pub->pending == 0) {
        bench_pub_done(b, pub);
    }
}


void
bench_pub_delivered(bench_t *b, uint32_t id)
{
    bench_pub_t  *pub;

    pub = &b->pubs[id];

    if (--pub->pending == 0 && pub->replied) {
        bench_pub_done(b, pub);
    }
}


static void
bench_pub_done(bench_t *b, bench_pub_t *pub)
{
    b->idle[b->idle_n++] = pub->id;

    if (b->publishing && !b->interval) {
        bench_pub_send(b, bench_now());
    }
}
