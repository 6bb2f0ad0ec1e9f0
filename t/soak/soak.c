
/*
 * Copyright (C) chatws contributors
 *
 * soak -p PORT [-n clients] [-c chats] [-s chats of a client] [-P publishers]
 *     [-r publishes a second] [-m misdeeds a second] [-q] [-S seed]
 *
 * Runs until told on stdin, a line each: "wait" answers when all clients are
 * connected and subscribed, and begins with misdeeds; "report" prints the
 * counts and begins to measure latencies anew; "stop" ends publishing and
 * misdeeds, waits until every client has everything, reports, and ends.
 * Reports are lines of JSON.
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "soak.h"


#define SOAK_PATIENCE  60000000    /* us, to have everything */


static void soak_options(soak_t *k, int argc, char **argv);
static void soak_turn(soak_t *k);
static int soak_ready(soak_t *k);
static int soak_command(soak_t *k, char *line);
static void soak_settle(soak_t *k);
static void soak_report(soak_t *k, uint32_t incomplete);
static uint64_t soak_percentile(soak_t *k, double share);


int
main(int argc, char **argv)
{
    char             line[256];
    size_t           len;
    ssize_t          n;
    struct rlimit    limit;
    static soak_t    k;

    soak_options(&k, argc, argv);

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
    }

    (void) signal(SIGPIPE, SIG_IGN);
    (void) fcntl(0, F_SETFL, O_NONBLOCK);

    k.epoll = epoll_create1(EPOLL_CLOEXEC);
    k.clients = calloc(k.nclients, sizeof(soak_client_t));
    k.chats = calloc(k.nchats, sizeof(soak_chat_t));
    k.pubs = calloc(k.npubs, sizeof(soak_pub_t));
    k.buffer = malloc(SOAK_BUFFER + 1);
    k.now = soak_now();
    k.publishing = 1;

    soak_client_init(&k);
    soak_pub_init(&k);

    len = 0;

    for ( ;; ) {
        soak_turn(&k);

        n = read(0, line + len, 1);

        if (n == 0) {
            return 0;
        }

        if (n != 1) {
            continue;
        }

        if (line[len] != '\n') {
            len = len < sizeof(line) - 2 ? len + 1 : 0;
            continue;
        }

        line[len] = '\0';
        len = 0;

        if (soak_command(&k, line)) {
            return 0;
        }
    }
}


static void
soak_options(soak_t *k, int argc, char **argv)
{
    int  o;

    k->nclients = 100;
    k->nchats = 10;
    k->nsubs = 2;
    k->npubs = 2;
    k->random = 88172645463325252ULL;

    while ((o = getopt(argc, argv, "p:n:c:s:P:r:m:S:q")) != -1) {

        switch (o) {

        case 'p':
            k->port = (uint16_t) atoi(optarg);
            break;

        case 'n':
            k->nclients = (uint32_t) atoi(optarg);
            break;

        case 'c':
            k->nchats = (uint32_t) atoi(optarg);
            break;

        case 's':
            k->nsubs = (uint32_t) atoi(optarg);
            break;

        case 'P':
            k->npubs = (uint32_t) atoi(optarg);
            break;

        case 'r':
            k->rate = (uint32_t) atoi(optarg);
            break;

        case 'm':
            k->trouble = (uint32_t) atoi(optarg);
            break;

        case 'S':
            k->random ^= (uint64_t) atoi(optarg) * 0x9e3779b97f4a7c15;
            break;

        case 'q':
            k->polite = 1;
            break;

        default:
            exit(2);
        }
    }

    if (k->nsubs > SOAK_SUBS || k->nchats < 32 * k->nsubs
        || k->npubs > k->nchats)
    {
        fprintf(stderr, "soak: up to %d chats of a client, 32 times as many "
                "in all\n", SOAK_SUBS);
        exit(2);
    }
}


/* Waits for events, a millisecond at most, and serves them and the timers. */

static void
soak_turn(soak_t *k)
{
    int                 i, n;
    uint32_t            connecting, j;
    soak_source_t      *source;
    struct epoll_event  events[256];

    n = epoll_wait(k->epoll, events, 256, 1);
    k->now = soak_now();

    for (i = 0; i < n; i++) {
        source = events[i].data.ptr;

        if (source->fd == -1) {
            continue;
        }

        if (source->publisher) {
            soak_pub_event(k, (soak_pub_t *) source);

        } else {
            soak_client_event(k, (soak_client_t *) source);
        }
    }

    k->now = soak_now();
    connecting = 0;

    for (j = 0; j < k->nclients; j++) {
        connecting += (k->clients[j].state == SOAK_CONNECTING);

        if (k->clients[j].due <= k->now
            && (k->clients[j].state != SOAK_IDLE || connecting < 64))
        {
            soak_client_timer(k, &k->clients[j]);
        }
    }

    for (j = 0; j < k->npubs; j++) {
        soak_pub_timer(k, &k->pubs[j]);
    }

    while (k->misdeed && k->publishing && k->misdeed < k->now) {
        k->misdeed += 1000000 / k->trouble;
        soak_client_misdeed(k);
    }
}


static int
soak_command(soak_t *k, char *line)
{
    if (strcmp(line, "report") == 0) {
        soak_report(k, 0);

        memset(k->latency, 0, sizeof(k->latency));
        k->slowest = 0;

    } else if (strcmp(line, "wait") == 0) {

        while (!soak_ready(k)) {
            soak_turn(k);
        }

        if (k->trouble) {
            k->misdeed = k->now;
        }

        soak_report(k, 0);

    } else if (strcmp(line, "stop") == 0) {
        soak_settle(k);
        return 1;
    }

    return 0;
}


static int
soak_ready(soak_t *k)
{
    uint32_t  i, j;

    for (i = 0; i < k->nclients; i++) {

        if (k->clients[i].state != SOAK_OPEN || !k->clients[i].greeted) {
            return 0;
        }

        for (j = 0; j < k->nsubs; j++) {
            if (k->clients[i].subs[j].state == SOAK_ASKED) {
                return 0;
            }
        }
    }

    return 1;
}


static void
soak_settle(soak_t *k)
{
    uint32_t  i, incomplete;
    uint64_t  until;

    k->publishing = 0;
    until = k->now + SOAK_PATIENCE;

    do {
        soak_turn(k);

        incomplete = 0;

        for (i = 0; i < k->npubs; i++) {
            incomplete += k->pubs[i].busy;
        }

        for (i = 0; i < k->nclients; i++) {
            incomplete += !soak_check_complete(k, &k->clients[i]);
        }

    } while (incomplete && k->now < until);

    soak_report(k, incomplete);
}


static void
soak_report(soak_t *k, uint32_t incomplete)
{
    soak_count_t  *n;

    n = &k->count;

#define soak_put(name)  printf("\"%s\":%llu,", #name,                         \
                               (unsigned long long) n->name)

    printf("{");
    soak_put(published);
    soak_put(refused);
    soak_put(unanswered);
    soak_put(delivered);
    soak_put(updates);
    soak_put(typing);
    soak_put(opened);
    soak_put(refused_ws);
    soak_put(unanswered_ws);
    soak_put(told);
    soak_put(cut);
    soak_put(deserved);
    soak_put(recovered);
    soak_put(unrecovered);
    soak_put(stalls);
    soak_put(vanished);
    soak_put(garbage);
    soak_put(partial);
    soak_put(lost);
    soak_put(repeated);
    soak_put(wrong);

    printf("\"incomplete\":%u,\"p50\":%llu,\"p99\":%llu,\"slowest\":%llu}\n",
           incomplete, (unsigned long long) soak_percentile(k, 0.5),
           (unsigned long long) soak_percentile(k, 0.99),
           (unsigned long long) k->slowest);

    (void) fflush(stdout);
}


/* Microseconds, the upper bound of its bucket. */

static uint64_t
soak_percentile(soak_t *k, double share)
{
    uint32_t  i;
    uint64_t  seen, total;

    total = 0;

    for (i = 0; i < SOAK_BUCKETS * 8; i++) {
        total += k->latency[i];
    }

    seen = 0;

    for (i = 0; i < SOAK_BUCKETS * 8; i++) {
        seen += k->latency[i];

        if (seen && (double) seen >= share * (double) total) {
            return i < 16 ? i : (uint64_t) (i % 8 + 9) << (i / 8 - 1);
        }
    }

    return 0;
}


uint64_t
soak_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


/* xorshift64 */

uint32_t
soak_random(soak_t *k, uint32_t n)
{
    uint64_t  x;

    x = k->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    k->random = x;

    return (uint32_t) ((x >> 20) % n);
}


void
soak_watch(soak_t *k, soak_source_t *source, uint32_t events, int op)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.ptr = source;

    if (epoll_ctl(k->epoll, op, source->fd, &ev) == -1) {
        perror("soak: epoll_ctl()");
        exit(2);
    }
}


int
soak_connect(soak_t *k)
{
    int                 fd, one;
    struct sockaddr_in  sin;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        perror("soak: socket()");
        exit(2);
    }

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(k->port);

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    one = 1;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(int));

    if (connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
    {
        close(fd);
        return -1;
    }

    return fd;
}


void
soak_fault(soak_t *k, uint64_t *counter, soak_client_t *c, const char *what,
    const char *text, size_t len)
{
    (*counter)++;

    if (k->reports++ < 20) {
        fprintf(stderr, "# soak: client %d, %s: %.*s\n",
                c ? (int) c->id : -1, what, (int) len, text);
    }
}
