
/*
 * Copyright (C) chatws contributors
 *
 * The event loop of the load generator and what all its connections share.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"


#define BENCH_EVENTS  512


uint64_t
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * BENCH_SEC + (uint64_t) ts.tv_nsec;
}


void
bench_die(const char *fmt, ...)
{
    char     text[512], *p;
    va_list  args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    for (p = text; *p; p++) {
        if (*p == '"' || *p == '\\' || (unsigned char) *p < ' ') {
            *p = '\'';
        }
    }

    printf("{\"error\": \"%s\"}\n", text);
    fflush(stdout);
    exit(1);
}


void *
bench_alloc(size_t n, size_t size)
{
    void  *p;

    p = calloc(n ? n : 1, size);
    if (p == NULL) {
        bench_die("out of memory");
    }

    return p;
}


void
bench_watch(bench_t *b, bench_event_t *ev)
{
    struct epoll_event  ee;

    ee.events = EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET;
    ee.data.ptr = ev;

    if (epoll_ctl(b->epoll, EPOLL_CTL_ADD, ev->fd, &ee) == -1) {
        bench_die("epoll_ctl(): %s", strerror(errno));
    }
}


int
bench_run(bench_t *b, bench_done_pt done, uint32_t ms)
{
    int                 i, n;
    uint64_t            end, now, wait, due;
    bench_event_t      *ev;
    struct timespec     ts;
    struct epoll_event  events[BENCH_EVENTS];

    end = bench_now() + ms * BENCH_MS;

    for ( ;; ) {

        if (done(b)) {
            return 1;
        }

        now = bench_now();

        if (now >= end) {
            return 0;
        }

        if (now >= b->until) {
            bench_die("not done within the deadline of %u ms",
                      b->opt.deadline);
        }

        wait = end - now;

        if (b->interval && b->publishing) {
            due = bench_pub_due(b);
            wait = (due < wait) ? due : wait;
        }

        ts.tv_sec = (time_t) (wait / BENCH_SEC);
        ts.tv_nsec = (long) (wait % BENCH_SEC);

        n = epoll_pwait2(b->epoll, events, BENCH_EVENTS, &ts, NULL);

        if (n == -1 && errno != EINTR) {
            bench_die("epoll_pwait2(): %s", strerror(errno));
        }

        for (i = 0; i < n; i++) {
            ev = events[i].data.ptr;
            ev->handler(b, ev, events[i].events);
        }
    }
}


int
bench_connect(bench_t *b, uint32_t n, int rcvbuf)
{
    int                 fd, on;
    uint32_t            host;
    struct sockaddr_in  sin;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (fd == -1) {
        bench_die("socket(): %s", strerror(errno));
    }

    on = 1;

    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1
        || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
                      sizeof(on)) == -1)
    {
        bench_die("setsockopt(): %s", strerror(errno));
    }

    if (rcvbuf
        && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf))
           == -1)
    {
        bench_die("setsockopt(SO_RCVBUF): %s", strerror(errno));
    }

    host = INADDR_LOOPBACK + b->opt.first_addr + n % b->opt.addrs;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(host);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        bench_die("bind(): %s", strerror(errno));
    }

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons((uint16_t) b->opt.port);

    if (connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        && errno != EINPROGRESS)
    {
        bench_die("connect(): %s", strerror(errno));
    }

    return fd;
}


size_t
bench_expand(char *buf, size_t size, const char *tmpl, uint32_t room,
    uint32_t conn, const char *text)
{
    char        number[16];
    size_t      len, n;
    const char  *add;

    n = 0;

    for ( /* void */ ; *tmpl; tmpl++) {

        number[0] = *tmpl;
        number[1] = '\0';
        add = number;

        if (*tmpl == '%' && tmpl[1] != '\0') {
            tmpl++;

            switch (*tmpl) {

            case 'r':
                snprintf(number, sizeof(number), "%05u", room % 100000);
                break;

            case 'c':
                snprintf(number, sizeof(number), "%06u", conn % 1000000);
                break;

            case 'u':
                snprintf(number, sizeof(number), "%06u",
                         conn / BENCH_SOCKETS % 1000000);
                break;

            case 't':
                add = text;
                break;

            default:
                number[0] = *tmpl;
            }
        }

        len = strlen(add);

        if (n + len + 1 > size) {
            bench_die("a request is over %zu bytes", size);
        }

        memcpy(buf + n, add, len);
        n += len;
    }

    buf[n] = '\0';

    return n;
}
