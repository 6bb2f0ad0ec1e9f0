
/*
 * Copyright (C) chatws contributors
 *
 * Publishers: keep-alive connections.  A chat has one publisher, so that its
 * chat_updates, which have no number of the server's, are counted in order.
 */


#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak.h"


static void soak_pub_open(soak_t *k, soak_pub_t *p);
static void soak_pub_send(soak_t *k, soak_pub_t *p);
static void soak_pub_answer(soak_t *k, soak_pub_t *p);
static void soak_pub_lost(soak_t *k, soak_pub_t *p);


void
soak_pub_init(soak_t *k)
{
    uint32_t  i;

    for (i = 0; i < k->npubs; i++) {
        k->pubs[i].source.fd = -1;
        k->pubs[i].source.publisher = 1;
        k->pubs[i].id = i;
    }
}


void
soak_pub_timer(soak_t *k, soak_pub_t *p)
{
    if (p->source.fd == -1) {

        if (k->now >= p->due) {
            soak_pub_open(k, p);
        }

        return;
    }

    if (!p->busy && k->publishing && k->now >= p->due) {
        soak_pub_send(k, p);
    }
}


static void
soak_pub_open(soak_t *k, soak_pub_t *p)
{
    p->source.fd = soak_connect(k);
    p->busy = 0;
    p->in_len = 0;
    p->due = k->now + 20000;

    if (p->source.fd != -1) {
        soak_watch(k, &p->source, EPOLLIN, EPOLL_CTL_ADD);
    }
}


static void
soak_pub_send(soak_t *k, soak_pub_t *p)
{
    int           n;
    char          body[512], request[1024];
    uint32_t      own;
    soak_chat_t  *chat;

    own = (k->nchats - p->id + k->npubs - 1) / k->npubs;
    p->chat = p->id + k->npubs * soak_random(k, own);

    chat = &k->chats[p->chat];
    p->update = (++chat->n % 8 == 0);

    if (p->update) {
        n = snprintf(body, sizeof(body),
                     "{\"type\":\"chat_update\",\"chatId\":\"c%u\","
                     "\"lastMessage\":\"m\",\"lastMessageTime\":"
                     "\"2026-01-01T00:00:00.000Z\",\"unreadCount\":%llu}",
                     p->chat, (unsigned long long) ++chat->updates);

    } else {
        n = snprintf(body, sizeof(body),
                     "{\"chatId\":\"c%u\",\"text\":\"c%u %llu "
                     "some words that make it about as long as what people "
                     "write to each other\",\"sender\":\"publisher\"}",
                     p->chat, p->chat, (unsigned long long) soak_now());
    }

    n = snprintf(request, sizeof(request),
                 "POST /api/messages HTTP/1.1\r\nHost: localhost\r\n"
                 "Content-Type: application/json\r\n"
                 "Content-Length: %d\r\n\r\n%s", n, body);

    p->busy = 1;
    p->due = 0;

    if (k->rate) {
        p->due = k->now + (uint64_t) 1000000 * k->npubs / k->rate;
    }

    if (send(p->source.fd, request, (size_t) n, MSG_NOSIGNAL) != n) {
        soak_pub_lost(k, p);
    }
}


void
soak_pub_event(soak_t *k, soak_pub_t *p)
{
    ssize_t  n;

    for ( ;; ) {
        n = recv(p->source.fd, p->in + p->in_len,
                 sizeof(p->in) - p->in_len - 1, 0);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {
            soak_pub_lost(k, p);
            return;
        }

        p->in_len += (size_t) n;
        p->in[p->in_len] = '\0';

        soak_pub_answer(k, p);
    }
}


static void
soak_pub_answer(soak_t *k, soak_pub_t *p)
{
    int           status;
    char         *body, *length, *seq;
    uint64_t      number;
    soak_chat_t  *chat;

    body = strstr(p->in, "\r\n\r\n");
    length = strstr(p->in, "Content-Length: ");

    if (body == NULL || length == NULL
        || strlen(body + 4) < (size_t) atoi(length + 16))
    {
        return;
    }

    status = atoi(p->in + 9);
    chat = &k->chats[p->chat];

    switch (status) {

    case 201:
        k->count.published++;
        seq = strstr(body, "\"seq\":");

        if (seq && !p->update) {
            number = strtoull(seq + 6, NULL, 10);

            if (number > chat->seq) {
                chat->seq = number;
            }
        }

        break;

    case 503:
        k->count.refused++;
        chat->doubt = chat->updates;

        /* as Retry-After says, but sooner */

        p->due = k->now + 50000;
        break;

    default:
        soak_fault(k, &k->count.wrong, NULL, "answer", p->in, p->in_len);
    }

    p->busy = 0;
    p->in_len = 0;

    if (k->publishing && k->now >= p->due) {
        soak_pub_send(k, p);
    }
}


/* Whether a request that was on its way was published is not known. */

static void
soak_pub_lost(soak_t *k, soak_pub_t *p)
{
    if (p->busy) {
        k->count.unanswered++;
        k->chats[p->chat].doubt = k->chats[p->chat].updates;
    }

    close(p->source.fd);

    p->source.fd = -1;
    p->busy = 0;
    p->due = k->now + 2000;
}
