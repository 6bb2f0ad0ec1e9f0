
/*
 * Copyright (C) chatws contributors
 *
 * Clients: how they connect, come back, and misbehave.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak.h"


#define SOAK_MESSAGE  4096


static void soak_client_open(soak_t *k, soak_client_t *c);
static size_t soak_client_answer(soak_t *k, soak_client_t *c, uint8_t *p,
    size_t len);
static void soak_client_return(soak_t *k, soak_client_t *c);
static void soak_client_ask(soak_t *k, soak_client_t *c, soak_sub_t *sub);
static size_t soak_client_frames(soak_t *k, soak_client_t *c, uint8_t *p,
    size_t len);
static void soak_client_frame(soak_t *k, soak_client_t *c, uint8_t first,
    uint8_t *p, size_t len);
static void soak_client_close(soak_t *k, soak_client_t *c, uint8_t *p,
    size_t len);
static void soak_client_eof(soak_t *k, soak_client_t *c);
static size_t soak_client_pack(uint8_t *out, uint8_t first, const char *p,
    size_t len);
static void soak_client_send(soak_t *k, soak_client_t *c, uint8_t first,
    const char *p, size_t len);
static void soak_client_polite(soak_t *k, soak_client_t *c);
static void soak_client_part(soak_t *k, soak_client_t *c, const char *text,
    size_t len);
static void soak_client_garbage(soak_t *k, soak_client_t *c);


void
soak_client_init(soak_t *k)
{
    uint32_t        i, n;
    soak_client_t  *c;

    for (i = 0; i < k->nclients; i++) {
        c = &k->clients[i];

        c->source.fd = -1;
        c->id = i;
        c->due = k->now + (uint64_t) i * 200;

        for (n = 0; n < SOAK_SUBS; n++) {
            c->subs[n].chat = UINT32_MAX;
        }

        for (n = 0; n < k->nsubs; n++) {
            c->subs[n].chat = (i + n * (1 + i % 7)) % k->nchats;

            c->subs[n].state = SOAK_ASKED;
        }
    }
}


void
soak_client_timer(soak_t *k, soak_client_t *c)
{
    if (k->now < c->due) {
        return;
    }

    switch (c->state) {

    case SOAK_IDLE:
        soak_client_open(k, c);
        return;

    case SOAK_CONNECTING:
    case SOAK_LEAVING:
        soak_client_end(k, c, 1, 0);
        return;

    default: /* SOAK_OPEN */
        break;
    }

    c->due = UINT64_MAX;

    if (c->stalled) {
        c->stalled = 0;
        c->awake = k->now;
        soak_watch(k, &c->source, EPOLLIN, EPOLL_CTL_MOD);
    }

    if (c->rest) {
        (void) !send(c->source.fd, c->rest, c->rest_len, MSG_NOSIGNAL);
        free(c->rest);
        c->rest = NULL;
    }

    if (c->pinged) {
        c->pinged = 0;
        soak_client_send(k, c, 0x8a, "", 0);
    }
}


static void
soak_client_open(soak_t *k, soak_client_t *c)
{
    int   n;
    char  request[512];

    c->due = k->now + 10000000;
    c->source.fd = soak_connect(k);

    if (c->source.fd == -1) {
        c->due = k->now + 20000;
        return;
    }

    c->state = SOAK_CONNECTING;

    soak_watch(k, &c->source, EPOLLIN, EPOLL_CTL_ADD);

    n = snprintf(request, sizeof(request),
                 "GET /api/ws?userId=u%u HTTP/1.1\r\nHost: localhost\r\n"
                 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "Sec-WebSocket-Version: 13\r\n\r\n", c->id);

    (void) !send(c->source.fd, request, (size_t) n, MSG_NOSIGNAL);
}


void
soak_client_event(soak_t *k, soak_client_t *c)
{
    size_t   done, len;
    ssize_t  n;

    for ( ;; ) {

        if (c->source.fd == -1 || c->stalled) {
            return;
        }

        memcpy(k->buffer, c->in, c->in_len);
        len = c->in_len;

        n = recv(c->source.fd, k->buffer + len, SOAK_BUFFER - len, 0);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {
            soak_client_eof(k, c);
            return;
        }

        len += (size_t) n;
        done = 0;

        if (c->state == SOAK_CONNECTING) {
            done = soak_client_answer(k, c, k->buffer, len);
        }

        if (c->state >= SOAK_OPEN) {
            done += soak_client_frames(k, c, k->buffer + done, len - done);
        }

        free(c->in);
        c->in = NULL;
        c->in_len = 0;

        if (c->source.fd != -1 && done < len) {
            c->in_len = len - done;
            c->in = malloc(c->in_len);
            memcpy(c->in, k->buffer + done, c->in_len);
        }
    }
}


static size_t
soak_client_answer(soak_t *k, soak_client_t *c, uint8_t *p, size_t len)
{
    uint8_t  *end;

    end = memmem(p, len, "\r\n\r\n", 4);

    if (end == NULL) {
        return 0;
    }

    if (memcmp(p, "HTTP/1.1 503", 12) == 0) {
        k->count.refused_ws++;
        soak_client_end(k, c, 0, 100000);
        return len;
    }

    if (memcmp(p, "HTTP/1.1 101", 12) != 0) {
        soak_fault(k, &k->count.wrong, c, "handshake", (char *) p, 12);
        soak_client_end(k, c, 0, 1000000);
        return len;
    }

    k->count.opened++;

    c->state = SOAK_OPEN;
    c->due = UINT64_MAX;
    c->awake = k->now;
    c->greeted = 0;
    c->guilty = 0;
    c->code = 0;

    soak_client_return(k, c);

    return (size_t) (end + 4 - p);
}


/* Subscribes to the chats, again where it was before. */

static void
soak_client_return(soak_t *k, soak_client_t *c)
{
    int          bulk;
    char         text[SOAK_MESSAGE];
    size_t       n;
    uint32_t     i;
    soak_sub_t  *sub;

    n = 0;
    bulk = c->epoch[0] && soak_random(k, 2);

    for (i = 0; i < k->nsubs; i++) {
        sub = &c->subs[i];

        if (sub->state == SOAK_OUT) {
            continue;
        }

        sub->state = SOAK_ASKED;
        sub->asked = sub->known;
        sub->since = sub->seq;

        if (!bulk || !sub->known) {
            soak_client_ask(k, c, sub);
            continue;
        }

        n += (size_t) snprintf(text + n, sizeof(text) - n,
                               "%s\"c%u\":{\"seq\":%llu}",
                               n ? "," : "{\"action\":\"resume\",\"chats\":{",
                               sub->chat, (unsigned long long) sub->since);
    }

    if (n) {
        n += (size_t) snprintf(text + n, sizeof(text) - n,
                               "},\"epoch\":\"%s\"}", c->epoch);
        soak_client_send(k, c, 0x81, text, n);
    }
}


static void
soak_client_ask(soak_t *k, soak_client_t *c, soak_sub_t *sub)
{
    int   n;
    char  text[256];

    if (sub->asked) {
        n = snprintf(text, sizeof(text),
                     "{\"action\":\"subscribe\",\"chatId\":\"c%u\","
                     "\"since\":{\"seq\":%llu,\"epoch\":\"%s\"}}", sub->chat,
                     (unsigned long long) sub->since, c->epoch);

    } else {
        n = snprintf(text, sizeof(text),
                     "{\"action\":\"subscribe\",\"chatId\":\"c%u\"}",
                     sub->chat);
    }

    soak_client_send(k, c, 0x81, text, (size_t) n);
}


static size_t
soak_client_frames(soak_t *k, soak_client_t *c, uint8_t *p, size_t len)
{
    size_t   done, head;
    uint8_t *at;
    uint64_t size;

    for (done = 0; c->source.fd != -1; done += head + size) {

        at = p + done;

        if (len - done < 2) {
            break;
        }

        size = at[1];
        head = 2;

        if (size == 126) {
            if (len - done < 4) {
                break;
            }

            size = (uint64_t) at[2] << 8 | at[3];
            head = 4;

        } else if (size > 126) {
            soak_fault(k, &k->count.wrong, c, "frame", (char *) at, 0);
            soak_client_end(k, c, 1, 1000);
            break;
        }

        if (len - done < head + size) {
            break;
        }

        soak_client_frame(k, c, at[0], at + head, (size_t) size);
    }

    return done;
}


static void
soak_client_frame(soak_t *k, soak_client_t *c, uint8_t first, uint8_t *p,
    size_t len)
{
    uint8_t  after;

    switch (first) {

    case 0x81:
        after = p[len];
        p[len] = '\0';
        soak_check(k, c, (char *) p, len);
        p[len] = after;
        return;

    case 0x88:
        soak_client_close(k, c, p, len);
        return;

    case 0x89:
        if (c->rest) {
            c->pinged = 1;
            return;
        }

        soak_client_send(k, c, 0x8a, (char *) p, len);
        return;

    case 0x8a:
        return;

    default:
        soak_fault(k, &k->count.wrong, c, "frame", (char *) p, len);
        soak_client_end(k, c, 1, 1000);
    }
}


static void
soak_client_close(soak_t *k, soak_client_t *c, uint8_t *p, size_t len)
{
    int  code;

    code = len < 2 ? 0 : p[0] << 8 | p[1];

    if (c->guilty || c->state == SOAK_LEAVING) {
        k->count.deserved++;

    } else if ((code == 1001 || code == 1012 || code == 1013)
               && memmem(p, len, "reconnect", 9))
    {
        k->count.told++;

    } else {
        soak_fault(k, &k->count.wrong, c, "close", (char *) p + 2,
                   len < 2 ? 0 : len - 2);
    }

    c->code = 1;

    soak_client_end(k, c, 0, 1000 * (1 + soak_random(k, 50)));
}


static void
soak_client_eof(soak_t *k, soak_client_t *c)
{
    if (c->state == SOAK_OPEN && !c->guilty) {
        k->count.cut++;

    } else if (c->state >= SOAK_OPEN) {
        k->count.deserved++;

    } else {
        k->count.unanswered_ws++;
    }

    soak_client_end(k, c, 0, 1000 * (1 + soak_random(k, 20)));
}


void
soak_client_end(soak_t *k, soak_client_t *c, int reset, uint64_t delay)
{
    uint32_t       i;
    struct linger  linger;

    if (reset) {
        linger.l_onoff = 1;
        linger.l_linger = 0;
        (void) setsockopt(c->source.fd, SOL_SOCKET, SO_LINGER, &linger,
                          sizeof(linger));
    }

    close(c->source.fd);

    free(c->in);
    free(c->rest);

    c->source.fd = -1;
    c->in = NULL;
    c->in_len = 0;
    c->rest = NULL;
    c->state = SOAK_IDLE;
    c->stalled = 0;
    c->pinged = 0;
    c->due = k->now + delay;

    for (i = 0; i < k->nsubs; i++) {

        c->subs[i].update = 0;

        if (c->subs[i].state == SOAK_LEFT) {
            c->subs[i].state = SOAK_OUT;
            c->subs[i].known = 0;
        }
    }
}


static size_t
soak_client_pack(uint8_t *out, uint8_t first, const char *p, size_t len)
{
    size_t                i, n;
    static const uint8_t  mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

    n = 0;
    out[n++] = first;

    if (len < 126) {
        out[n++] = (uint8_t) (0x80 | len);

    } else {
        out[n++] = 0x80 | 126;
        out[n++] = (uint8_t) (len >> 8);
        out[n++] = (uint8_t) len;
    }

    memcpy(out + n, mask, 4);
    n += 4;

    for (i = 0; i < len; i++) {
        out[n++] = (uint8_t) p[i] ^ mask[i & 3];
    }

    return n;
}


static void
soak_client_send(soak_t *k, soak_client_t *c, uint8_t first, const char *p,
    size_t len)
{
    size_t   n;
    uint8_t  out[SOAK_MESSAGE + 16];

    (void) k;

    if (c->rest) {
        /* a control frame may wait for the end of the frame in hand */
        return;
    }

    n = soak_client_pack(out, first, p, len);

    (void) !send(c->source.fd, out, n, MSG_NOSIGNAL);
}


/* One thing that a client of the real world does, now and then. */

void
soak_client_misdeed(soak_t *k)
{
    soak_client_t  *c;

    c = &k->clients[soak_random(k, k->nclients)];

    if (c->state != SOAK_OPEN || c->stalled || c->rest || c->guilty) {
        return;
    }

    if (k->polite) {
        soak_client_polite(k, c);
        return;
    }

    switch (soak_random(k, 10)) {

    case 0:
        k->count.vanished++;
        soak_client_end(k, c, 1, 1000 * (1 + soak_random(k, 200)));
        return;

    case 1:
        k->count.stalls++;
        c->stalled = 1;
        c->due = k->now + 1000 * (20 + soak_random(k, 1500));
        soak_watch(k, &c->source, 0, EPOLL_CTL_MOD);
        return;

    case 2:
        k->count.garbage++;
        soak_client_garbage(k, c);
        return;

    case 3:
        soak_client_send(k, c, 0x88, "\x03\xe8", 2);
        c->state = SOAK_LEAVING;
        c->due = k->now + 2000000;
        return;

    default:
        soak_client_polite(k, c);
    }
}


static void
soak_client_polite(soak_t *k, soak_client_t *c)
{
    int          n;
    char         text[256];
    soak_sub_t  *sub;

    sub = &c->subs[soak_random(k, k->nsubs)];

    if (sub->state == SOAK_OUT) {
        sub->state = SOAK_ASKED;
        sub->asked = 0;
        soak_client_ask(k, c, sub);
        return;
    }

    if (sub->state != SOAK_IN) {
        return;
    }

    switch (soak_random(k, 5)) {

    case 0:
        n = snprintf(text, sizeof(text),
                     "{\"action\":\"unsubscribe\",\"chatId\":\"c%u\"}",
                     sub->chat);
        sub->state = SOAK_LEFT;
        soak_client_send(k, c, 0x81, text, (size_t) n);
        return;

    case 1:
    case 2:
        sub->state = SOAK_ASKED;
        sub->asked = (soak_random(k, 2) == 0);
        sub->since = sub->seq;
        soak_client_ask(k, c, sub);
        return;

    case 3:
        n = snprintf(text, sizeof(text),
                     "{\"type\":\"typing\",\"chatId\":\"c%u\","
                     "\"isTyping\":%s}", sub->chat,
                     soak_random(k, 3) ? "true" : "false");
        soak_client_send(k, c, 0x81, text, (size_t) n);
        return;

    default:
        n = snprintf(text, sizeof(text),
                     "{\"action\":\"subscribe\",\"chatId\":\"c%u\"}",
                     sub->chat);
        sub->state = SOAK_ASKED;
        sub->asked = 0;
        soak_client_part(k, c, text, (size_t) n);
    }
}


/* A message of which the end comes later. */

static void
soak_client_part(soak_t *k, soak_client_t *c, const char *text, size_t len)
{
    size_t   n, part;
    uint8_t  out[512];

    n = soak_client_pack(out, 0x81, text, len);
    part = 1 + soak_random(k, (uint32_t) n - 1);

    (void) !send(c->source.fd, out, part, MSG_NOSIGNAL);

    c->rest_len = n - part;
    c->rest = malloc(c->rest_len);
    memcpy(c->rest, out + part, c->rest_len);

    c->due = k->now + 1000 * (1 + soak_random(k, 300));
    k->count.partial++;
}


static void
soak_client_garbage(soak_t *k, soak_client_t *c)
{
    char      bytes[64];
    uint32_t  i;

    c->guilty = 1;
    c->state = SOAK_LEAVING;
    c->due = k->now + 2000000;

    switch (soak_random(k, 4)) {

    case 0:
        for (i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (char) soak_random(k, 256);
        }

        (void) !send(c->source.fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
        return;

    case 1:
        soak_client_send(k, c, 0x81, "\xff\xfe", 2);
        return;

    case 2:
        soak_client_send(k, c, 0x81, "{\"action\":", 10);
        soak_client_send(k, c, 0x83, "?", 1);
        return;

    default:
        (void) !send(c->source.fd, "\x81\x01x", 3, MSG_NOSIGNAL);
    }
}
