
/*
 * Copyright (C) chatws contributors
 *
 * Inbound: every connection writes opt.depth text messages of opt.frame
 * bytes at once, waits until all have come back unchanged and in order, and
 * writes the next ones.
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bench.h"


#define BENCH_ECHO_MAX  125          /* a message; its frame head is 2 bytes */


typedef struct {
    bench_event_t   ev;
    bench_sub_t    *sub;
    uint8_t        *out;
    uint8_t        *in;
    size_t          out_pos;
    size_t          in_pos;
    uint32_t        round;
    uint32_t        busy;
} bench_echo_t;


static int bench_echo_never(bench_t *b);
static int bench_echo_idle(bench_t *b);
static void bench_echo_round(bench_t *b, bench_echo_t *e);
static void bench_echo_text(bench_t *b, bench_echo_t *e, uint32_t i,
    char *text);
static void bench_echo_handler(bench_t *b, bench_event_t *ev,
    uint32_t events);
static void bench_echo_write(bench_t *b, bench_echo_t *e);
static void bench_echo_read(bench_t *b, bench_echo_t *e);
static void bench_echo_check(bench_t *b, bench_echo_t *e);


void
bench_echo(bench_t *b)
{
    uint32_t            i;
    uint64_t            cpu, messages, start, wall;
    bench_echo_t       *conns, *e;
    struct epoll_event  ee;

    if (b->opt.frame < 16 || b->opt.frame > BENCH_ECHO_MAX) {
        bench_die("echo messages are of 16 to %u bytes", BENCH_ECHO_MAX);
    }

    bench_sub_open_all(b);

    conns = bench_alloc(b->opt.conns, sizeof(bench_echo_t));
    b->publishing = 1;

    for (i = 0; i < b->opt.conns; i++) {
        e = &conns[i];

        e->sub = &b->subs[i];
        e->ev.fd = e->sub->ev.fd;
        e->ev.handler = bench_echo_handler;
        e->out = bench_alloc(b->opt.depth, b->opt.frame + 6);
        e->in = bench_alloc(b->opt.depth, b->opt.frame + 2);

        ee.events = EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET;
        ee.data.ptr = e;

        if (epoll_ctl(b->epoll, EPOLL_CTL_MOD, e->ev.fd, &ee) == -1) {
            bench_die("epoll_ctl(): %s", strerror(errno));
        }

        bench_echo_round(b, e);
    }

    bench_run(b, bench_echo_never, b->opt.warm);

    start = bench_now();
    messages = b->count.messages;
    cpu = bench_proc_cpu(b);

    bench_run(b, bench_echo_never, b->opt.time);

    b->publishing = 0;

    if (!bench_run(b, bench_echo_idle, b->opt.drain)) {
        bench_die("%u connections miss echoes", b->inflight);
    }

    wall = bench_now() - start;
    cpu = bench_proc_cpu(b) - cpu;
    messages = b->count.messages - messages;

    printf("{\"copies\": %llu, \"messages\": %llu, \"cpu_ns\": %llu, "
           "\"wall_ns\": %llu, \"frame\": %u}\n",
           (unsigned long long) messages, (unsigned long long) messages,
           (unsigned long long) cpu, (unsigned long long) wall,
           b->opt.frame);
}


static int
bench_echo_never(bench_t *b)
{
    (void) b;

    return 0;
}


static int
bench_echo_idle(bench_t *b)
{
    return b->inflight == 0;
}


static void
bench_echo_round(bench_t *b, bench_echo_t *e)
{
    char      text[BENCH_ECHO_MAX + 1];
    size_t    n;
    uint32_t  i;

    n = 0;
    e->round++;

    for (i = 0; i < b->opt.depth; i++) {
        bench_echo_text(b, e, i, text);
        n += bench_frame(e->out + n, text, b->opt.frame);
    }

    e->out_pos = 0;
    e->in_pos = 0;
    e->busy = 1;
    b->inflight++;

    bench_echo_write(b, e);
}


static void
bench_echo_text(bench_t *b, bench_echo_t *e, uint32_t i, char *text)
{
    int  n;

    n = snprintf(text, BENCH_ECHO_MAX, "%04x%08x%03x", e->sub->id & 0xffff,
                 e->round, i & 0xfff);

    memset(text + n, 'e', b->opt.frame - (size_t) n);
}


static void
bench_echo_handler(bench_t *b, bench_event_t *ev, uint32_t events)
{
    bench_echo_t  *e;

    e = (bench_echo_t *) ev;

    if (events & (EPOLLERR|EPOLLHUP|EPOLLRDHUP)) {
        bench_die("the server closed an echo connection");
    }

    if (events & EPOLLOUT) {
        bench_echo_write(b, e);
    }

    if (events & EPOLLIN) {
        bench_echo_read(b, e);
    }
}


static void
bench_echo_write(bench_t *b, bench_echo_t *e)
{
    size_t   len;
    ssize_t  n;

    len = b->opt.depth * (b->opt.frame + 6);

    while (e->busy && e->out_pos < len) {

        n = send(e->ev.fd, e->out + e->out_pos, len - e->out_pos,
                 MSG_NOSIGNAL);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n == -1) {
            bench_die("send(): %s", strerror(errno));
        }

        e->out_pos += (size_t) n;
    }
}


static void
bench_echo_read(bench_t *b, bench_echo_t *e)
{
    size_t   len;
    ssize_t  n;

    len = b->opt.depth * (b->opt.frame + 2);

    while (e->busy) {

        n = recv(e->ev.fd, e->in + e->in_pos, len - e->in_pos, 0);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {
            bench_die("the server closed an echo connection");
        }

        e->in_pos += (size_t) n;

        if (e->in_pos == len) {
            bench_echo_check(b, e);
        }
    }
}


static void
bench_echo_check(bench_t *b, bench_echo_t *e)
{
    char      text[BENCH_ECHO_MAX + 1];
    uint8_t  *p;
    uint32_t  i;

    p = e->in;

    for (i = 0; i < b->opt.depth; i++) {
        bench_echo_text(b, e, i, text);

        if (p[0] != 0x81 || p[1] != b->opt.frame
            || memcmp(p + 2, text, b->opt.frame) != 0)
        {
            bench_die("a wrong echo");
        }

        p += b->opt.frame + 2;
    }

    b->count.messages += b->opt.depth;
    b->inflight--;
    e->busy = 0;

    if (b->publishing) {
        bench_echo_round(b, e);
    }
}
