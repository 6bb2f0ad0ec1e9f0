
/*
 * Copyright (C) chatws contributors
 *
 * What a client makes of the notifications that come: the oracle.
 */


#define _GNU_SOURCE

#include "soak.h"


static soak_sub_t *soak_check_sub(soak_client_t *c, const char *chat,
    const char *end);
static void soak_check_message(soak_t *k, soak_client_t *c, char *text,
    size_t len);
static void soak_check_update(soak_t *k, soak_client_t *c, char *text,
    size_t len);
static void soak_check_confirmed(soak_t *k, soak_client_t *c, char *text,
    size_t len);
static void soak_check_resumed(soak_t *k, soak_client_t *c, char *text,
    size_t len);
static void soak_check_joined(soak_t *k, soak_client_t *c, soak_sub_t *sub,
    uint64_t seq, int recovered, const char *text, size_t len);
static void soak_check_latency(soak_t *k, soak_client_t *c, char *text);
static int soak_check_is(const char *text, const char *type);


#define soak_begins(p, s)  (strncmp(p, s, sizeof(s) - 1) == 0)


void
soak_check(soak_t *k, soak_client_t *c, char *text, size_t len)
{
    if (soak_check_is(text, "new_message")) {
        soak_check_message(k, c, text, len);

    } else if (soak_check_is(text, "chat_update")) {
        soak_check_update(k, c, text, len);

    } else if (soak_check_is(text, "subscription_confirmed")) {
        soak_check_confirmed(k, c, text, len);

    } else if (soak_check_is(text, "resumed")) {
        soak_check_resumed(k, c, text, len);

    } else if (soak_check_is(text, "user_typing")
               || soak_check_is(text, "typing_users"))
    {
        k->count.typing++;

    } else if (soak_check_is(text, "connected")) {
        c->greeted = 1;

    } else if (!soak_check_is(text, "error") || !c->guilty) {
        soak_fault(k, &k->count.wrong, c, "unexpected", text, len);
    }
}


static int
soak_check_is(const char *text, const char *type)
{
    size_t  len;

    len = strlen(type);

    return soak_begins(text, "{\"type\":\"")
           && strncmp(text + 9, type, len) == 0
           && text[9 + len] == '"';
}


/* The subscription of "cN", which lies between chat and end. */

static soak_sub_t *
soak_check_sub(soak_client_t *c, const char *chat, const char *end)
{
    char      *last;
    uint32_t   i, n;

    if (chat == NULL || *chat != 'c') {
        return NULL;
    }

    n = (uint32_t) strtoul(chat + 1, &last, 10);

    if (*last != '"' || (end && last > end)) {
        return NULL;
    }

    for (i = 0; i < SOAK_SUBS; i++) {
        if (c->subs[i].chat == n) {
            return &c->subs[i];
        }
    }

    return NULL;
}


static void
soak_check_message(soak_t *k, soak_client_t *c, char *text, size_t len)
{
    char        *chat, *number, *words;
    uint64_t     seq;
    soak_sub_t  *sub;

    chat = strstr(text, "\"chatId\":\"");
    words = strstr(text, "\"text\":\"");
    number = memrchr(text, ':', len);
    sub = chat ? soak_check_sub(c, chat + 10, NULL) : NULL;

    if (sub == NULL || words == NULL || number == NULL
        || text[len - 1] != '}' || !soak_begins(number - 5, "\"seq\":")
        || strtoul(words + 9, NULL, 10) != sub->chat)
    {
        soak_fault(k, &k->count.wrong, c, "message", text, len);
        return;
    }

    if (sub->state == SOAK_OUT || (sub->state == SOAK_ASKED && !sub->known)) {
        soak_fault(k, &k->count.wrong, c, "not subscribed", text, len);
        return;
    }

    seq = strtoull(number + 1, NULL, 10);
    k->count.delivered++;

    if (seq <= sub->seq) {
        soak_fault(k, &k->count.repeated, c, "repeated", text, len);
        return;
    }

    if (seq != sub->seq + 1) {
        soak_fault(k, &k->count.lost, c, "lost before", text, len);
        k->count.lost += seq - sub->seq - 2;
    }

    sub->seq = seq;

    if (seq > sub->live) {
        soak_check_latency(k, c, words + 8);
    }
}


/* "cN MICROSECONDS words", of what was sent while the client was reading */

static void
soak_check_latency(soak_t *k, soak_client_t *c, char *text)
{
    char      *time;
    uint32_t   bucket, shift;
    uint64_t   sent, t;

    time = strchr(text, ' ');
    sent = time ? strtoull(time, NULL, 10) : 0;

    if (sent < c->awake || sent > k->now) {
        return;
    }

    t = k->now - sent;

    if (t > k->slowest) {
        k->slowest = t;
    }

    for (shift = 0; (t >> shift) >= 16; shift++) {
        /* void */
    }

    bucket = shift * 8 + (uint32_t) (t >> shift);
    k->latency[bucket]++;
}


static void
soak_check_update(soak_t *k, soak_client_t *c, char *text, size_t len)
{
    char        *chat, *count;
    uint64_t     n;
    soak_sub_t  *sub;

    chat = strstr(text, "\"chatId\":\"");
    count = strstr(text, "\"unreadCount\":");
    sub = chat ? soak_check_sub(c, chat + 10, NULL) : NULL;

    if (sub == NULL || count == NULL || sub->state == SOAK_OUT) {
        soak_fault(k, &k->count.wrong, c, "chat_update", text, len);
        return;
    }

    n = strtoull(count + 14, NULL, 10);
    k->count.updates++;

    if (sub->update) {

        if (n <= sub->update) {
            soak_fault(k, &k->count.repeated, c, "repeated", text, len);

        } else if (n != sub->update + 1
                   && sub->update >= k->chats[sub->chat].doubt)
        {
            soak_fault(k, &k->count.lost, c, "lost before", text, len);
        }
    }

    sub->update = n;
}


static void
soak_check_confirmed(soak_t *k, soak_client_t *c, char *text, size_t len)
{
    char        *chat, *epoch, *number;
    soak_sub_t  *sub;

    chat = strstr(text, "\"chatId\":\"");
    sub = chat ? soak_check_sub(c, chat + 10, NULL) : NULL;

    if (sub == NULL) {
        soak_fault(k, &k->count.wrong, c, "confirmed", text, len);
        return;
    }

    if (strstr(text, "\"action\":\"unsubscribe\"")) {

        if (sub->state != SOAK_LEFT) {
            soak_fault(k, &k->count.wrong, c, "confirmed", text, len);
        }

        sub->state = SOAK_OUT;
        sub->known = 0;
        sub->update = 0;
        return;
    }

    number = strstr(text, "\"seq\":");
    epoch = strstr(text, "\"epoch\":\"");

    if (sub->state != SOAK_ASKED || number == NULL || epoch == NULL) {
        soak_fault(k, &k->count.wrong, c, "confirmed", text, len);
        return;
    }

    memcpy(c->epoch, epoch + 9, SOAK_EPOCH);

    soak_check_joined(k, c, sub, strtoull(number + 6, NULL, 10),
                      strstr(text, "\"recovered\":true") != NULL, text, len);
}


static void
soak_check_resumed(soak_t *k, soak_client_t *c, char *text, size_t len)
{
    char        *end, *epoch, *number, *p;
    uint32_t     i, n;
    soak_sub_t  *sub;

    epoch = strstr(text, "\"epoch\":\"");

    if (epoch == NULL) {
        soak_fault(k, &k->count.wrong, c, "resumed", text, len);
        return;
    }

    memcpy(c->epoch, epoch + 9, SOAK_EPOCH);

    n = 0;

    for (p = strstr(text, "\"c"); p && p < epoch; p = strstr(p + 1, "\"c")) {

        sub = soak_check_sub(c, p + 1, NULL);

        if (sub == NULL) {
            continue;
        }

        end = strchr(p, '}');
        number = strstr(p, "\"seq\":");

        if (end == NULL || number == NULL || number > end
            || sub->state != SOAK_ASKED || !sub->asked)
        {
            soak_fault(k, &k->count.wrong, c, "resumed", text, len);
            return;
        }

        *end = '\0';
        soak_check_joined(k, c, sub, strtoull(number + 6, NULL, 10),
                          strstr(p, "\"recovered\":true") != NULL, p,
                          (size_t) (end - p));
        *end = '}';
        n++;
    }

    for (i = 0; i < SOAK_SUBS; i++) {
        if (c->subs[i].state == SOAK_ASKED && c->subs[i].asked) {
            soak_fault(k, &k->count.wrong, c, "left out of", text, len);
        }
    }
}


static void
soak_check_joined(soak_t *k, soak_client_t *c, soak_sub_t *sub, uint64_t seq,
    int recovered, const char *text, size_t len)
{
    sub->state = SOAK_IN;
    sub->live = seq;

    if (!sub->asked) {

        /* subscribed before: what was published goes out first */

        if (sub->known && sub->seq != seq) {
            soak_fault(k, &k->count.lost, c, "confirmed before", text, len);
        }

        sub->seq = seq;
        sub->known = 1;
        return;
    }

    sub->asked = 0;
    sub->known = 1;

    if (recovered) {
        k->count.recovered++;
        sub->seq = sub->since;

        if (seq < sub->since) {
            soak_fault(k, &k->count.wrong, c, "recovered", text, len);
        }

        return;
    }

    k->count.unrecovered++;
    sub->seq = seq;
}


int
soak_check_complete(soak_t *k, soak_client_t *c)
{
    uint32_t     i;
    soak_sub_t  *sub;

    if (c->state != SOAK_OPEN || c->stalled || c->guilty) {
        return 0;
    }

    for (i = 0; i < k->nsubs; i++) {
        sub = &c->subs[i];

        if (sub->state == SOAK_OUT) {
            continue;
        }

        if (sub->state != SOAK_IN || sub->seq < k->chats[sub->chat].seq) {
            return 0;
        }
    }

    return 1;
}
