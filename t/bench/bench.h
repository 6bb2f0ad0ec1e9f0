
/*
 * Copyright (C) chatws contributors
 *
 * The load generator of the benchmark: one process, one thread, one epoll.
 * It opens subscribers and publishers against any of the compared servers,
 * checks every copy that comes back and reads the servers' CPU time and
 * memory from the kernel.  It knows nothing of nginx or of the module: what
 * differs between servers is in the templates it is started with.
 */


#ifndef _CHATWS_BENCH_H_INCLUDED_
#define _CHATWS_BENCH_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define BENCH_NONE       ((uint32_t) -1)
#define BENCH_MAX_PIDS   64
#define BENCH_MAX_FDS    20000
#define BENCH_SOCKETS    8               /* of a user */
#define BENCH_BUFFER     (256 * 1024)
#define BENCH_MARK_LEN   16              /* '@', 8 + 6 hex digits, '@' */
#define BENCH_BUCKETS    (64 * 64)       /* of the latency histogram */

#define BENCH_MS         1000000ULL      /* nanoseconds */
#define BENCH_SEC        1000000000ULL


typedef struct bench_s        bench_t;
typedef struct bench_event_s  bench_event_t;
typedef struct bench_pub_s    bench_pub_t;
typedef struct bench_sub_s    bench_sub_t;


typedef void (*bench_handler_pt)(bench_t *b, bench_event_t *ev,
    uint32_t events);
typedef int (*bench_done_pt)(bench_t *b);


/* what epoll holds: the first member of every connection */

struct bench_event_s {
    bench_handler_pt    handler;
    int                 fd;
};


/* times are in milliseconds, as they are given on the command line */

typedef struct {
    const char         *mode;
    const char         *sub_path;
    const char         *sub_field;      /* a line of the header, or "" */
    const char         *sub_message;
    const char         *sub_ready;
    const char         *pub_path;
    const char         *pub_body;
    const char         *pids;

    uint32_t            port;
    uint32_t            addrs;          /* source addresses, 127.0.0.2 ... */
    uint32_t            first_addr;
    uint32_t            conns;
    uint32_t            rooms;
    uint32_t            more;           /* subscriptions of each, later */
    uint32_t            kicks;
    uint32_t            slow;           /* of the connections, never read */
    uint32_t            parallel;       /* handshakes under way at once */
    uint32_t            publishers;
    uint32_t            batch;          /* messages in a request, 0: single */
    uint32_t            rate;           /* messages a second, 0: closed loop */
    uint32_t            frame;          /* payload of a delivered frame */
    uint32_t            depth;          /* echo: messages in flight */
    uint32_t            settle;
    uint32_t            warm;
    uint32_t            time;
    uint32_t            drain;
    uint32_t            deadline;
} bench_opt_t;


/* one published message; the array is indexed by the id in the text */

typedef struct {
    uint64_t            time;           /* when it was sent, or due */
    uint32_t            room;
    uint32_t            left;           /* copies still to come */
    uint32_t            order;          /* its position in the room */
    uint32_t            pub;            /* who waits for it, or BENCH_NONE */
} bench_msg_t;


typedef struct {
    uint32_t            members;        /* subscribers that read */
    uint32_t            published;
    uint32_t            seen;           /* messages, by anybody */
} bench_room_t;


typedef struct {
    uint64_t            buckets[BENCH_BUCKETS];
    uint64_t            max;
    uint64_t            n;
} bench_hist_t;


typedef enum {
    BENCH_SUB_CONNECTING = 0,
    BENCH_SUB_UPGRADING,
    BENCH_SUB_CONFIRMING,
    BENCH_SUB_READY,
    BENCH_SUB_CLOSED
} bench_sub_state_e;


struct bench_sub_s {
    bench_event_t       ev;
    uint8_t            *part;           /* a frame that is not all here */
    uint32_t            part_len;
    uint32_t            id;
    uint32_t            room;
    uint32_t            pos;            /* messages of the room seen */
    uint32_t            missing;        /* skipped, may still come late */
    uint32_t            left;           /* subscriptions still to be made */
    uint32_t            state;
    uint32_t            slow;
};


struct bench_pub_s {
    bench_event_t       ev;
    char               *out;
    size_t              out_size;
    size_t              out_len;
    size_t              out_pos;
    char                in[4096];
    size_t              in_len;
    uint64_t            body_left;
    uint32_t            id;
    uint32_t            first;          /* ids of the request under way */
    uint32_t            count;
    uint32_t            pending;        /* messages not delivered to all */
    uint32_t            connected;
    uint32_t            replied;
};


typedef struct {
    uint64_t            copies;
    uint64_t            bytes;          /* of frame payload */
    uint64_t            messages;
    uint64_t            lost;
    uint64_t            repeated;
    uint64_t            disordered;
    uint64_t            refused;        /* messages answered without a 2xx */
    uint64_t            closed;         /* connections that the server ended */
    uint64_t            behind;         /* due, and never sent */
} bench_count_t;


struct bench_s {
    bench_opt_t         opt;

    int                 epoll;
    uint64_t            started;
    uint64_t            enough;         /* connections closed, or 0: wait */
    uint64_t            until;          /* the process gives up then */

    bench_sub_t        *subs;
    uint32_t            sub_next;
    uint32_t            sub_open;       /* handshakes under way */
    uint32_t            sub_ready;

    bench_pub_t        *pubs;
    uint32_t           *idle;           /* a stack of publishers */
    uint32_t            idle_n;
    uint32_t            pub_ready;
    uint32_t            publishing;
    uint32_t            inflight;       /* requests and messages */
    uint64_t            interval;       /* nanoseconds between messages */
    uint64_t            due;
    uint64_t            random;

    bench_msg_t        *msgs;
    uint32_t            msg_n;
    uint32_t            msg_size;
    bench_room_t       *rooms;
    size_t              text_len;
    size_t              last_frame;
    int                 last_status;

    bench_count_t       count;
    bench_hist_t        hist;

    int                 pids[BENCH_MAX_PIDS];
    uint32_t            npids;

    uint8_t             buffer[BENCH_BUFFER];
};


/* bench_loop.c */

uint64_t bench_now(void);


/* Prints {"error": ...} and ends the process; never returns. */
void bench_die(const char *fmt, ...)
    __attribute__ ((format (printf, 1, 2), noreturn));


/* Zeroed memory, or the end of the process. */
void *bench_alloc(size_t n, size_t size);


/* Registers for input and output, edge-triggered. */
void bench_watch(bench_t *b, bench_event_t *ev);


/*
 * Handles events until done() is true, 1 is returned, or for at most ms
 * milliseconds, 0 is returned.  In rate mode it also sends what is due.
 */
int bench_run(bench_t *b, bench_done_pt done, uint32_t ms);


/* A non-blocking connect() from the n-th source address; the descriptor. */
int bench_connect(bench_t *b, uint32_t n, int rcvbuf);


/*
 * Expands %r (room, 5 digits), %c (connection, 6 digits), %u (user, 6 digits,
 * of BENCH_SOCKETS connections each) and %t (text) into buf; the length,
 * without the closing zero.  Ends the process if it is too long for size.
 */
size_t bench_expand(char *buf, size_t size, const char *tmpl, uint32_t room,
    uint32_t conn, const char *text);


/* bench_sub.c */

/* Opens all subscribers, opt.parallel at a time; returns when all are ready. */
void bench_sub_open_all(bench_t *b);


/* Makes opt.more subscriptions for each; returns when all are confirmed. */
void bench_sub_more_all(bench_t *b);


/* Counts what never came, into b->count; the slow ones are left out. */
void bench_sub_audit(bench_t *b);


/* How many of the slow subscribers the server has closed. */
uint32_t bench_sub_slow_closed(bench_t *b);


void bench_sub_close_all(bench_t *b);


/* A masked text frame of at most 64K - 1 bytes; its length. */
size_t bench_frame(uint8_t *out, const char *text, size_t len);


/* bench_pub.c */

void bench_pub_open_all(bench_t *b);


/* Starts and stops publishing; what is under way goes on. */
void bench_pub_start(bench_t *b);
void bench_pub_stop(bench_t *b);


/* Publishes one request now from an idle publisher; time as in bench_msg_t. */
void bench_pub_send(bench_t *b, uint64_t time);


/* Sends what is due in rate mode; nanoseconds to the next call. */
uint64_t bench_pub_due(bench_t *b);


/* A message of this publisher has reached everybody. */
void bench_pub_delivered(bench_t *b, uint32_t pub);


/* bench_check.c */

/* A new message; its id. */
uint32_t bench_msg_add(bench_t *b, uint32_t room, uint32_t pub,
    uint64_t time);


/* The server refused it: no copies are to come. */
void bench_msg_cancel(bench_t *b, uint32_t id);


/* The text of a message: mark and padding, b->text_len bytes and a zero. */
void bench_msg_text(bench_t *b, uint32_t id, char *buf);


/* A frame for a subscriber: finds the mark in it and checks the copy. */
void bench_msg_copy(bench_t *b, bench_sub_t *sub, const uint8_t *p,
    size_t len, uint64_t now);


void bench_hist_add(bench_hist_t *h, uint64_t ns);


/* The value that the given share (0 to 1) of the entries does not exceed. */
uint64_t bench_hist_quantile(const bench_hist_t *h, double share);


/* bench_proc.c */

void bench_proc_parse(bench_t *b, const char *list);


/* CPU time of all threads of the processes given by --pids, nanoseconds. */
uint64_t bench_proc_cpu(bench_t *b);


/* Their PSS, bytes. */
uint64_t bench_proc_pss(bench_t *b);


/* Waits, for at most ms milliseconds, until they use no CPU. */
void bench_proc_rest(bench_t *b, uint32_t ms);


/* bench_echo.c */

/* The whole echo scenario; prints its result. */
void bench_echo(bench_t *b);


/* bench_kick.c */

/* The whole kick scenario; prints its result. */
void bench_kick(bench_t *b);


#endif /* _CHATWS_BENCH_H_INCLUDED_ */
