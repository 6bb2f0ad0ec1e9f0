
/*
 * Copyright (C) chatws contributors
 *
 * A load of WebSocket clients and publishers, of which every client checks
 * what it gets: each numbered notification of its chats once and in order, or
 * a close that tells it to come back, and then the missing ones or the word
 * that they can't be had.  One process, one thread, epoll.
 */


#ifndef _SOAK_H_INCLUDED_
#define _SOAK_H_INCLUDED_


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define SOAK_SUBS     8            /* of a client, at most */
#define SOAK_EPOCH    12
#define SOAK_BUFFER   (256 * 1024)
#define SOAK_BUCKETS  96           /* of latencies, 8 for each doubling */


typedef struct soak_s         soak_t;
typedef struct soak_client_s  soak_client_t;
typedef struct soak_pub_s     soak_pub_t;


/* what epoll gives back; begins clients and publishers */

typedef struct {
    int            fd;
    int            publisher;
} soak_source_t;


typedef enum {
    SOAK_IDLE = 0,                 /* not connected, due at "due" */
    SOAK_CONNECTING,
    SOAK_OPEN,
    SOAK_LEAVING                   /* our close is sent, or we misbehaved */
} soak_state_e;


typedef enum {
    SOAK_OUT = 0,                  /* not subscribed */
    SOAK_ASKED,                    /* confirmation is awaited */
    SOAK_IN,
    SOAK_LEFT                      /* unsubscribe is to be confirmed */
} soak_sub_e;


typedef struct {
    uint32_t       chat;
    soak_sub_e     state;
    uint64_t       seq;            /* the last one that came */
    uint64_t       since;          /* asked for with "since" */
    uint64_t       live;           /* numbers up to it are not measured */
    uint64_t       update;         /* count of the last chat_update, 0: any */
    unsigned       known:1;        /* seq is */
    unsigned       asked:1;        /* "since" was sent */
} soak_sub_t;


struct soak_client_s {
    soak_source_t  source;
    uint32_t       id;
    soak_state_e   state;
    unsigned       greeted:1;      /* the 101 and "connected" have come */
    unsigned       stalled:1;
    unsigned       guilty:1;       /* any close is deserved */
    unsigned       code:1;         /* a close frame has come */
    uint64_t       due;            /* us, for what comes next */
    uint64_t       awake;          /* us, reading since then */
    char           epoch[SOAK_EPOCH + 1];
    soak_sub_t     subs[SOAK_SUBS];
    uint8_t       *in;             /* an incomplete frame */
    size_t         in_len;
    uint8_t       *rest;           /* of a frame that we sent in part */
    size_t         rest_len;
    unsigned       pinged:1;       /* meanwhile; our server's pings are empty */
};


struct soak_pub_s {
    soak_source_t  source;
    uint32_t       id;
    unsigned       busy:1;
    unsigned       connected:1;
    uint32_t       chat;           /* of the request */
    unsigned       update:1;       /* it is a chat_update */
    uint64_t       due;            /* us */
    char           in[8192];
    size_t         in_len;
};


typedef struct {
    uint64_t       seq;            /* the largest that was answered 201 */
    uint64_t       updates;        /* chat_updates sent */
    uint64_t       doubt;          /* updates up to it may be missing */
    uint32_t       n;              /* requests */
} soak_chat_t;


/* what is reported; "lost", "repeated" and "wrong" are faults */

typedef struct {
    uint64_t       published;
    uint64_t       refused;        /* 503 */
    uint64_t       unanswered;
    uint64_t       delivered;
    uint64_t       updates;
    uint64_t       typing;
    uint64_t       opened;
    uint64_t       refused_ws;     /* 503 */
    uint64_t       unanswered_ws;
    uint64_t       told;           /* closed with a come-back code */
    uint64_t       cut;            /* without a word */
    uint64_t       deserved;       /* ends after what we did */
    uint64_t       recovered;
    uint64_t       unrecovered;
    uint64_t       stalls;
    uint64_t       vanished;
    uint64_t       garbage;
    uint64_t       partial;
    uint64_t       lost;
    uint64_t       repeated;
    uint64_t       wrong;
} soak_count_t;


struct soak_s {
    int            epoll;
    uint16_t       port;
    uint32_t       nclients;
    uint32_t       nchats;
    uint32_t       nsubs;
    uint32_t       npubs;
    uint32_t       rate;           /* publishes a second, 0: no limit */
    uint32_t       trouble;        /* misdeeds a second */
    unsigned       polite:1;       /* nothing that ends a connection */
    unsigned       publishing:1;
    uint64_t       random;
    uint64_t       now;            /* us */
    uint64_t       misdeed;        /* us, when the next one is due */
    soak_client_t *clients;
    soak_chat_t   *chats;
    soak_pub_t    *pubs;
    uint8_t       *buffer;
    soak_count_t   count;
    uint64_t       latency[SOAK_BUCKETS * 8];
    uint64_t       slowest;        /* us */
    uint32_t       reports;        /* faults that were printed */
};


uint64_t soak_now(void);                       /* us, monotonic */
uint32_t soak_random(soak_t *k, uint32_t n);   /* less than n */
void soak_watch(soak_t *k, soak_source_t *source, uint32_t events, int op);
int soak_connect(soak_t *k);

/* Counts a fault, and tells of the first ones on stderr. */
void soak_fault(soak_t *k, uint64_t *counter, soak_client_t *c,
    const char *what, const char *text, size_t len);

/* soak_client.c */
void soak_client_init(soak_t *k);
void soak_client_event(soak_t *k, soak_client_t *c);
void soak_client_timer(soak_t *k, soak_client_t *c);
void soak_client_misdeed(soak_t *k);
void soak_client_end(soak_t *k, soak_client_t *c, int reset, uint64_t delay);
void soak_client_text(soak_t *k, soak_client_t *c, const char *text,
    size_t len);

/* soak_check.c: a notification as it came */
void soak_check(soak_t *k, soak_client_t *c, char *text, size_t len);

/* Whether the client has got all that was published. */
int soak_check_complete(soak_t *k, soak_client_t *c);

/* soak_pub.c */
void soak_pub_init(soak_t *k);
void soak_pub_event(soak_t *k, soak_pub_t *p);
void soak_pub_timer(soak_t *k, soak_pub_t *p);


#endif /* _SOAK_H_INCLUDED_ */
