
/*
 * Copyright (C) chatws contributors
 *
 * The command "changes".  A request that waits looks now and then, without the
 * lock, whether there is something: whatever worker it is in, it needs no
 * wake-up.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "base/chatws_time.h"
#include "json/chatws_json.h"
#include "json/chatws_json_scan.h"
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_event.h"
#include "hub/ngx_http_chatws_hub_changes.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "endpoint/ngx_http_chatws_api_changes.h"
#include "endpoint/ngx_http_chatws_post.h"
#include "endpoint/ngx_http_chatws_publish_one.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"


/* in milliseconds, between two looks of a request that waits */
#define NGX_HTTP_CHATWS_CHANGES_LOOK   100

/* bytes of the answer around the changes */
#define NGX_HTTP_CHATWS_CHANGES_SIZE   128

/* bytes of what is told of a row without the ids, and those of an id */
#define NGX_HTTP_CHATWS_CHANGE_SIZE    320
#define NGX_HTTP_CHATWS_CHANGE_ID      6

/* batches that another poller may ack while one is read */
#define NGX_HTTP_CHATWS_CHANGES_TRIES  3


/* An answer that grows. */

typedef struct {
    ngx_http_request_t     *request;
    chatws_str_t            text;        /* len: bytes of data */
    chatws_json_out_t       json;
    ngx_uint_t              n;           /* changes */
} ngx_http_chatws_changes_t;


/* A request that waits. */

typedef struct {
    ngx_http_request_t     *request;
    ngx_http_chatws_hub_t  *hub;
    ngx_connection_t        ident;
    ngx_event_t             look;
    ngx_msec_t              end;
    uint64_t                poller;
} ngx_http_chatws_poll_t;


static uint64_t ngx_http_chatws_changes_ack(ngx_http_chatws_hub_t *hub,
    const chatws_str_t *ack);
static ngx_int_t ngx_http_chatws_changes_take(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, uint64_t ack, ngx_uint_t empty,
    ngx_str_t *answer);
static ngx_int_t ngx_http_chatws_changes_begin(
    ngx_http_chatws_changes_t *changes, ngx_http_chatws_hub_t *hub,
    uint64_t batch);
static ngx_int_t ngx_http_chatws_changes_reserve(
    ngx_http_chatws_changes_t *changes, size_t size);
static ngx_int_t ngx_http_chatws_changes_read(
    ngx_http_chatws_changes_t *changes, ngx_http_chatws_hub_t *hub,
    uint64_t batch);
static void ngx_http_chatws_changes_put(ngx_http_chatws_changes_t *changes,
    const chatws_people_change_t *change);
static void ngx_http_chatws_changes_put_person(chatws_json_out_t *json,
    const chatws_people_change_t *change);
static void ngx_http_chatws_changes_put_read(chatws_json_out_t *json,
    const chatws_people_change_t *change);
static ngx_int_t ngx_http_chatws_changes_end(
    ngx_http_chatws_changes_t *changes, ngx_uint_t more, ngx_str_t *answer);
static void ngx_http_chatws_poll_cleanup(void *data);
static void ngx_http_chatws_poll_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_chatws_poll_look(ngx_http_chatws_poll_t *poll);


ngx_uint_t
ngx_http_chatws_api_changes(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    const chatws_command_t *command, ngx_uint_t *waits, ngx_str_t *answer,
    chatws_fault_t *fault)
{
    uint64_t                     ack;
    ngx_int_t                    rc;
    ngx_uint_t                   wait;

    static const chatws_fault_t  off =
        chatws_fault(CHATWS_E_MESSAGE,
                     "the zone knows no people, see chatws_users");

    if (ngx_http_chatws_people(hub) == NULL) {
        *fault = off;
        return NGX_HTTP_BAD_REQUEST;
    }

    ack = ngx_http_chatws_changes_ack(hub, &command->ack);

    /* a subrequest does not wait: it has no connection to look at */

    wait = waits != NULL && command->wait != 0 && r == r->main;

    rc = ngx_http_chatws_changes_take(r, hub, ack, !wait, answer);

    switch (rc) {

    case NGX_OK:
        return NGX_HTTP_OK;

    case NGX_DONE:
        answer->len = 0;
        *waits = command->wait;
        return NGX_HTTP_OK;

    case NGX_AGAIN:
        *fault = ngx_http_chatws_publish_full;
        return NGX_HTTP_SERVICE_UNAVAILABLE;

    default: /* NGX_ERROR */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


/* The number of the batch that is acked, or 0: that is of no batch. */

static uint64_t
ngx_http_chatws_changes_ack(ngx_http_chatws_hub_t *hub,
    const chatws_str_t *ack)
{
    uint64_t      batch;
    chatws_str_t  epoch, number;

    if (ack->len <= CHATWS_EPOCH_LEN || ack->data[CHATWS_EPOCH_LEN] != '-') {
        return 0;
    }

    epoch.len = CHATWS_EPOCH_LEN;
    epoch.data = ack->data;

    number.len = ack->len - CHATWS_EPOCH_LEN - 1;
    number.data = ack->data + CHATWS_EPOCH_LEN + 1;

    if (chatws_epoch_parse(&epoch)
        != (ngx_http_chatws_hub_epoch(hub) & CHATWS_EPOCH_MASK)
        || chatws_json_uint(&number, &batch) != CHATWS_OK)
    {
        return 0;
    }

    return batch;
}


/*
 * Makes the answer.  NGX_OK.  NGX_DONE: there are no changes, and no answer
 * unless empty.  NGX_AGAIN: the lock cannot be had.  NGX_ERROR: there is no
 * memory.
 */

static ngx_int_t
ngx_http_chatws_changes_take(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, uint64_t ack, ngx_uint_t empty,
    ngx_str_t *answer)
{
    uint64_t                   batch;
    ngx_int_t                  rc;
    ngx_uint_t                 more, tries;
    ngx_http_chatws_changes_t  changes;

    changes.request = r;

    for (tries = 0; tries < NGX_HTTP_CHATWS_CHANGES_TRIES; tries++) {

        rc = ngx_http_chatws_hub_changes_open(hub, ack, &batch);

        if (rc == NGX_AGAIN || (rc == NGX_DONE && !empty)) {
            return rc;
        }

        if (ngx_http_chatws_changes_begin(&changes, hub, batch) != NGX_OK) {
            return NGX_ERROR;
        }

        more = 0;

        if (rc == NGX_OK) {
            rc = ngx_http_chatws_changes_read(&changes, hub, batch);

            if (rc == NGX_DECLINED) {
                continue;
            }

            if (rc != NGX_OK) {
                return rc;
            }

            more = ngx_http_chatws_hub_changes_more(hub);
        }

        return ngx_http_chatws_changes_end(&changes, more, answer);
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_chatws_changes_begin(ngx_http_chatws_changes_t *changes,
    ngx_http_chatws_hub_t *hub, uint64_t batch)
{
    chatws_json_out_t  *json;
    uint8_t             epoch[CHATWS_EPOCH_LEN];

    changes->n = 0;
    changes->text.len = NGX_HTTP_CHATWS_CHANGES_SIZE;
    changes->text.data = ngx_pnalloc(changes->request->pool,
                                     changes->text.len);

    if (changes->text.data == NULL) {
        return NGX_ERROR;
    }

    chatws_epoch_format(epoch, ngx_http_chatws_hub_epoch(hub));

    json = &changes->json;

    chatws_json_out_begin(json, &changes->text);
    chatws_json_put_lit(json, "{\"epoch\":\"");
    chatws_json_put(json, epoch, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "\",\"ack\":\"");
    chatws_json_put(json, epoch, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "-");
    chatws_json_put_uint(json, batch);
    chatws_json_put_lit(json, "\",\"changes\":[");

    return NGX_OK;
}


/* Makes room for size bytes more. */

static ngx_int_t
ngx_http_chatws_changes_reserve(ngx_http_chatws_changes_t *changes,
    size_t size)
{
    size_t        used;
    chatws_str_t  text;

    used = changes->json.pos - changes->text.data;

    if (changes->text.len - used >= size) {
        return NGX_OK;
    }

    text.len = ngx_max(2 * changes->text.len, used + size);
    text.data = ngx_pnalloc(changes->request->pool, text.len);

    if (text.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text.data, changes->text.data, used);
    (void) ngx_pfree(changes->request->pool, changes->text.data);

    changes->text = text;

    chatws_json_out_begin(&changes->json, &text);
    changes->json.pos += used;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_changes_read(ngx_http_chatws_changes_t *changes,
    ngx_http_chatws_hub_t *hub, uint64_t batch)
{
    size_t                  size;
    uint32_t                i, n, row;
    ngx_int_t               rc;
    chatws_people_change_t  read[CHATWS_PEOPLE_WALK];

    row = 0;

    do {
        rc = ngx_http_chatws_hub_changes_read(hub, batch, &row, read, &n);

        if (rc != NGX_OK) {
            return rc;
        }

        for (i = 0; i < n; i++) {

            /* a place may have two changes, each with both ids */

            size = 2 * (NGX_HTTP_CHATWS_CHANGE_SIZE
                        + NGX_HTTP_CHATWS_CHANGE_ID
                          * (read[i].user_len + read[i].chat_len));

            if (ngx_http_chatws_changes_reserve(changes, size) != NGX_OK) {
                return NGX_ERROR;
            }

            ngx_http_chatws_changes_put(changes, &read[i]);
        }

    } while (row != 0);

    return NGX_OK;
}


static void
ngx_http_chatws_changes_put(ngx_http_chatws_changes_t *changes,
    const chatws_people_change_t *change)
{
    uint32_t            what;
    chatws_str_t        chat, user;
    chatws_json_out_t  *json;

    json = &changes->json;

    user.len = change->user_len;
    user.data = (uint8_t *) change->user;
    chat.len = change->chat_len;
    chat.data = (uint8_t *) change->chat;

    if (chat.len == 0) {
        chatws_json_put(json, ",", changes->n++ != 0);
        chatws_json_put_lit(json, "{\"userId\":");
        chatws_json_put_string(json, &user);
        ngx_http_chatws_changes_put_person(json, change);
        return;
    }

    for (what = CHATWS_PLACE_FLIGHT_READ; what <= CHATWS_PLACE_FLIGHT_MEMBER;
         what <<= 1)
    {
        if (!(change->flags & what)) {
            continue;
        }

        chatws_json_put(json, ",", changes->n++ != 0);
        chatws_json_put_lit(json, "{\"chatId\":");
        chatws_json_put_string(json, &chat);
        chatws_json_put_lit(json, ",\"userId\":");
        chatws_json_put_string(json, &user);

        if (what == CHATWS_PLACE_FLIGHT_READ) {
            ngx_http_chatws_changes_put_read(json, change);

        } else if (change->flags & CHATWS_PLACE_MEMBER) {
            chatws_json_put_lit(json, ",\"member\":true}");

        } else {
            chatws_json_put_lit(json, ",\"member\":false}");
        }
    }
}


static void
ngx_http_chatws_changes_put_person(chatws_json_out_t *json,
    const chatws_people_change_t *change)
{
    uint8_t  time[CHATWS_TIME_LEN];

    if (change->flags & CHATWS_PERSON_STATE) {
        chatws_json_put_lit(json, ",\"online\":true,\"lastSeen\":null");

    } else if (change->since == 0) {
        chatws_json_put_lit(json, ",\"online\":false,\"lastSeen\":null");

    } else {
        chatws_time_format(time, change->since);
        chatws_json_put_lit(json, ",\"online\":false,\"lastSeen\":\"");
        chatws_json_put(json, time, CHATWS_TIME_LEN);
        chatws_json_put_lit(json, "\"");
    }

    if (change->flags & CHATWS_PERSON_INVISIBLE) {
        chatws_json_put_lit(json, ",\"invisible\":true");
    }

    chatws_json_put_lit(json, "}");
}


static void
ngx_http_chatws_changes_put_read(chatws_json_out_t *json,
    const chatws_people_change_t *change)
{
    chatws_json_put_lit(json, ",\"read\":");
    chatws_json_put_uint(json, change->read);
    chatws_json_put_lit(json, ",\"seen\":");

    if (change->seen < 0) {
        chatws_json_put_lit(json, "-");
        chatws_json_put_uint(json, (uint64_t) -change->seen);

    } else {
        chatws_json_put_uint(json, (uint64_t) change->seen);
    }

    chatws_json_put_lit(json, ",\"unread\":");
    chatws_json_put_uint(json, change->unread);

    if (change->flags & CHATWS_PLACE_MARKED) {
        chatws_json_put_lit(json, ",\"marked\":true");

    } else {
        chatws_json_put_lit(json, ",\"marked\":false");
    }

    if (change->flags & CHATWS_PLACE_PRIVATE) {
        chatws_json_put_lit(json, ",\"private\":true}");

    } else {
        chatws_json_put_lit(json, ",\"private\":false}");
    }
}


static ngx_int_t
ngx_http_chatws_changes_end(ngx_http_chatws_changes_t *changes,
    ngx_uint_t more, ngx_str_t *answer)
{
    if (ngx_http_chatws_changes_reserve(changes, NGX_HTTP_CHATWS_CHANGES_SIZE)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (more) {
        chatws_json_put_lit(&changes->json, "],\"more\":true}");

    } else {
        chatws_json_put_lit(&changes->json, "],\"more\":false}");
    }

    if (chatws_json_out_end(&changes->json, &changes->text) != CHATWS_OK) {
        return NGX_ERROR;
    }

    answer->len = changes->text.len;
    answer->data = changes->text.data;

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_api_changes_wait(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_uint_t seconds)
{
    ngx_http_cleanup_t      *cln;
    ngx_http_chatws_poll_t  *poll;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_chatws_poll_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    poll = cln->data;

    ngx_memzero(poll, sizeof(ngx_http_chatws_poll_t));

    poll->request = r;
    poll->hub = hub;
    poll->end = ngx_current_msec + seconds * 1000;

    ngx_http_chatws_event_owner(&poll->ident, poll);
    ngx_http_chatws_event_init(&poll->look, &poll->ident,
                               ngx_http_chatws_poll_handler,
                               r->connection->log);

    cln->handler = ngx_http_chatws_poll_cleanup;

    if (ngx_http_chatws_hub_changes_poll(hub, &poll->poller) != NGX_OK) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      &ngx_http_chatws_publish_full);
    }

    if (ngx_http_chatws_post_watch(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_add_timer(&poll->look, NGX_HTTP_CHATWS_CHANGES_LOOK);

    r->main->count++;

    return NGX_DONE;
}


static void
ngx_http_chatws_poll_cleanup(void *data)
{
    ngx_http_chatws_poll_t *poll = data;

    if (poll->look.timer_set) {
        ngx_del_timer(&poll->look);
    }
}


static void
ngx_http_chatws_poll_handler(ngx_event_t *ev)
{
    ngx_int_t                rc;
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_chatws_poll_t  *poll;

    poll = ngx_http_chatws_event_data(ev);
    r = poll->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    rc = ngx_http_chatws_poll_look(poll);

    if (rc == NGX_AGAIN) {
        ngx_add_timer(ev, NGX_HTTP_CHATWS_CHANGES_LOOK);
        return;
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


/* NGX_AGAIN: it waits on.  Otherwise what the request is finalized with. */

static ngx_int_t
ngx_http_chatws_poll_look(ngx_http_chatws_poll_t *poll)
{
    ngx_int_t                   rc;
    ngx_str_t                   answer;
    ngx_uint_t                  last;
    ngx_http_request_t         *r;
    ngx_http_chatws_changes_t   changes;

    r = poll->request;

    /* without a master, a reload may have turned it off */

    if (ngx_http_chatws_people(poll->hub) == NULL) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      &ngx_http_chatws_publish_full);
    }

    last = ngx_exiting
           || (ngx_msec_int_t) (poll->end - ngx_current_msec) <= 0;

    if (!ngx_http_chatws_hub_changes_is_poller(poll->hub, poll->poller)) {

        /* another one waits, and gets what comes */

        changes.request = r;
        rc = ngx_http_chatws_changes_begin(&changes, poll->hub, 0);

        if (rc == NGX_OK) {
            rc = ngx_http_chatws_changes_end(&changes, 0, &answer);
        }

    } else if (last || ngx_http_chatws_hub_changes_any(poll->hub)) {
        rc = ngx_http_chatws_changes_take(r, poll->hub, 0, last, &answer);

    } else {
        return NGX_AGAIN;
    }

    switch (rc) {

    case NGX_OK:
        return ngx_http_chatws_response_json(r, NGX_HTTP_OK, &answer);

    case NGX_DONE:
        return NGX_AGAIN;

    case NGX_AGAIN:
        return last ? ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                             &ngx_http_chatws_publish_full)
                    : NGX_AGAIN;

    default: /* NGX_ERROR */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}
