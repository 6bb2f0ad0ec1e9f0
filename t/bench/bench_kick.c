
/*
 * Copyright (C) chatws contributors
 *
 * Kicks: one user after another is disconnected by a command, and the time
 * counts until the last of its connections has got its close.
 */


#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"


static int bench_kick_done(bench_t *b);
static uint64_t bench_kick_one(bench_t *b, uint32_t conn);
static void bench_kick_answered(bench_t *b, int fd);


void
bench_kick(bench_t *b)
{
    uint32_t  i, users;

    users = b->opt.conns / BENCH_SOCKETS;

    if (users < b->opt.kicks) {
        bench_die("fewer users than kicks");
    }

    bench_sub_open_all(b);
    bench_proc_rest(b, 5000);

    printf("{\"conns\": %u, \"kicks_ns\": [", b->sub_ready);

    for (i = 0; i < b->opt.kicks; i++) {
        printf("%s%llu", i ? ", " : "",
               (unsigned long long)
                   bench_kick_one(b, users / b->opt.kicks * i
                                     * BENCH_SOCKETS));
    }

    printf("]}\n");
}


static uint64_t
bench_kick_one(bench_t *b, uint32_t conn)
{
    int       fd, len;
    char      path[512], body[512], request[2048];
    uint64_t  start;

    bench_expand(path, sizeof(path), b->opt.pub_path, 0, conn, "");
    bench_expand(body, sizeof(body), b->opt.pub_body, 0, conn, "");

    len = snprintf(request, sizeof(request),
                   "POST %s HTTP/1.1\r\n"
                   "Host: 127.0.0.1:%u\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: %zu\r\n"
                   "Connection: close\r\n\r\n%s",
                   path, b->opt.port, strlen(body), body);

    if (len < 0 || len >= (int) sizeof(request)) {
        bench_die("the request is too long");
    }

    fd = bench_connect(b, conn, 0);

    /* the handshake of TCP is not a part of it */

    bench_run(b, bench_kick_done, 20);

    b->enough = b->count.closed + BENCH_SOCKETS;
    start = bench_now();

    if (send(fd, request, (size_t) len, MSG_NOSIGNAL) != len) {
        bench_die("send(): %s", strerror(errno));
    }

    if (!bench_run(b, bench_kick_done, b->opt.deadline)) {
        bench_die("only %llu of %u connections were closed",
                  (unsigned long long) (b->count.closed + BENCH_SOCKETS
                                        - b->enough), BENCH_SOCKETS);
    }

    start = bench_now() - start;
    b->enough = 0;

    bench_kick_answered(b, fd);

    return start;
}


static int
bench_kick_done(bench_t *b)
{
    return b->enough != 0 && b->count.closed >= b->enough;
}


static void
bench_kick_answered(bench_t *b, int fd)
{
    ssize_t  n;

    do {
        bench_run(b, bench_kick_done, 1);
        n = recv(fd, b->buffer, BENCH_BUFFER, 0);
    } while (n == -1 && errno == EAGAIN);

    if (n < 13 || memcmp(b->buffer, "HTTP/1.1 202 ", 13) != 0) {
        bench_die("the command was answered with %.*s", n > 32 ? 32 : (int) n,
                  (char *) b->buffer);
    }

    close(fd);
}
