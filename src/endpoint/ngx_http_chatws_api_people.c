
/*
 * Copyright (C) chatws contributors
 *
 * Questions about a chat and about a user.  A page is made of slices, between
 * which the lock of the zone is given back; where the next one begins is told
 * by the place of the last row, so a list that changes meanwhile is read to
 * its end all the same.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "base/chatws_name.h"
#include "base/chatws_query.h"
#include "base/chatws_time.h"
#include "json/chatws_json.h"
#include "protocol/chatws_notify.h"
#include "hub/ngx_http_chatws_hub_members.h"
#include "endpoint/ngx_http_chatws_api_people.h"
#include "endpoint/ngx_http_chatws_publish_one.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"


/* entries of a page: by default, and at most */
#define NGX_HTTP_CHATWS_PAGE_LIMIT  100
#define NGX_HTTP_CHATWS_PAGE_MAX    1000

/* bytes of an entry without its id, and of the rest of a page, at most */
#define NGX_HTTP_CHATWS_PAGE_ENTRY  512
#define NGX_HTTP_CHATWS_PAGE_REST   (1024 + 6 * CHATWS_NAME_MAX)


typedef struct {
    ngx_http_request_t            *request;
    ngx_http_chatws_hub_t         *hub;
    ngx_str_t                      id;        /* of the chat or the user */
    ngx_uint_t                     chat;      /* it is a chat */
    ngx_uint_t                     limit;
    ngx_uint_t                     n;         /* entries so far */
    chatws_people_cursor_t         cursor;
    chatws_str_t                   body;
    chatws_json_out_t              json;
} ngx_http_chatws_api_page_t;


static ngx_int_t ngx_http_chatws_api_people(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone, ngx_uint_t chat);
static ngx_int_t ngx_http_chatws_api_page_args(
    ngx_http_chatws_api_page_t *page, const chatws_fault_t **fault);
static ngx_int_t ngx_http_chatws_api_page_after(
    ngx_http_chatws_api_page_t *page, ngx_str_t *after);
static ngx_int_t ngx_http_chatws_api_page_fill(
    ngx_http_chatws_api_page_t *page);
static void ngx_http_chatws_api_page_head(ngx_http_chatws_api_page_t *page,
    const ngx_http_chatws_members_head_t *head);
static void ngx_http_chatws_api_page_entry(ngx_http_chatws_api_page_t *page,
    const chatws_person_chat_t *entry);
static void ngx_http_chatws_api_page_state(chatws_json_out_t *json,
    uint32_t state, uint64_t since);
static void ngx_http_chatws_api_page_reads(chatws_json_out_t *json,
    const chatws_person_chat_t *entry);
static void ngx_http_chatws_api_page_foot(ngx_http_chatws_api_page_t *page);


ngx_int_t
ngx_http_chatws_api_chat(ngx_http_request_t *r, ngx_http_chatws_zone_t *zone)
{
    return ngx_http_chatws_api_people(r, zone, 1);
}


ngx_int_t
ngx_http_chatws_api_user(ngx_http_request_t *r, ngx_http_chatws_zone_t *zone)
{
    return ngx_http_chatws_api_people(r, zone, 0);
}


static ngx_int_t
ngx_http_chatws_api_people(ngx_http_request_t *r, ngx_http_chatws_zone_t *zone,
    ngx_uint_t chat)
{
    ngx_int_t                    rc;
    const chatws_fault_t        *fault;
    ngx_http_chatws_api_page_t   page;

    static const chatws_fault_t  off =
        chatws_fault("Invalid request",
                     "the zone knows no people, see chatws_users");

    if (zone->people == NULL) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_BAD_REQUEST, &off);
    }

    if (zone->hub == NULL) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      &ngx_http_chatws_publish_full);
    }

    ngx_memzero(&page, sizeof(ngx_http_chatws_api_page_t));

    page.request = r;
    page.hub = zone->hub;
    page.chat = chat;

    rc = ngx_http_chatws_api_page_args(&page, &fault);

    if (rc == NGX_DECLINED) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_BAD_REQUEST, fault);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_chatws_response_ignore_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    page.body.len = NGX_HTTP_CHATWS_PAGE_REST
                    + (page.limit + CHATWS_PEOPLE_WALK)
                      * (NGX_HTTP_CHATWS_PAGE_ENTRY + 6 * CHATWS_NAME_MAX);
    page.body.data = ngx_palloc(r->pool, page.body.len);

    if (page.body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_chatws_api_page_fill(&page) != NGX_OK) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      &ngx_http_chatws_publish_full);
    }

    return ngx_http_chatws_response_json(r, NGX_HTTP_OK,
                                         (ngx_str_t *) &page.body);
}


/* NGX_DECLINED: *fault says which argument is wrong.  NGX_ERROR: no memory. */

static ngx_int_t
ngx_http_chatws_api_page_args(ngx_http_chatws_api_page_t *page,
    const chatws_fault_t **fault)
{
    ngx_int_t                    n;
    ngx_str_t                    value;
    ngx_http_request_t          *r;

    static const chatws_str_t    chat_name = chatws_str("chatId");
    static const chatws_str_t    user_name = chatws_str("userId");

    static const chatws_fault_t  no_chat = chatws_fault(CHATWS_E_CHAT,
                                                        CHATWS_D_CHAT);
    static const chatws_fault_t  no_user = chatws_fault(CHATWS_E_USER,
                                                        CHATWS_D_USER);
    static const chatws_fault_t  limit =
        chatws_fault("Invalid request", "limit must be from 1 to 1000");
    static const chatws_fault_t  after =
        chatws_fault("Invalid request",
                     "after must be what a page has as next");

    r = page->request;

    page->id.data = ngx_pnalloc(r->pool, r->args.len + 1);
    if (page->id.data == NULL) {
        return NGX_ERROR;
    }

    if (chatws_query_get((chatws_str_t *) &r->args,
                         page->chat ? &chat_name : &user_name,
                         (chatws_str_t *) &page->id)
        != CHATWS_OK
        || chatws_name_check((chatws_str_t *) &page->id) != CHATWS_OK)
    {
        *fault = page->chat ? &no_chat : &no_user;
        return NGX_DECLINED;
    }

    page->limit = NGX_HTTP_CHATWS_PAGE_LIMIT;

    if (ngx_http_arg(r, (u_char *) "limit", 5, &value) == NGX_OK) {
        n = ngx_atoi(value.data, value.len);

        if (n < 1 || n > NGX_HTTP_CHATWS_PAGE_MAX) {
            *fault = &limit;
            return NGX_DECLINED;
        }

        page->limit = n;
    }

    if (ngx_http_arg(r, (u_char *) "after", 5, &value) == NGX_OK
        && ngx_http_chatws_api_page_after(page, &value) != NGX_OK)
    {
        *fault = &after;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* The place of a row: three numbers, with dots between them. */

static ngx_int_t
ngx_http_chatws_api_page_after(ngx_http_chatws_api_page_t *page,
    ngx_str_t *after)
{
    u_char      *p, *last, *dot;
    ngx_int_t    n[3];
    ngx_uint_t   i;

    p = after->data;
    last = p + after->len;

    for (i = 0; i < 3; i++) {
        dot = i < 2 ? ngx_strlchr(p, last, '.') : last;

        if (dot == NULL) {
            return NGX_ERROR;
        }

        n[i] = ngx_atoi(p, dot - p);

        if (n[i] == NGX_ERROR) {
            return NGX_ERROR;
        }

        p = dot + 1;
    }

    if (n[2] > (ngx_int_t) NGX_MAX_UINT32_VALUE) {
        return NGX_ERROR;
    }

    page->cursor.serial = n[0];
    page->cursor.at = n[1];
    page->cursor.row = (uint32_t) n[2];

    return NGX_OK;
}


/* NGX_BUSY: the lock of the zone cannot be had. */

static ngx_int_t
ngx_http_chatws_api_page_fill(ngx_http_chatws_api_page_t *page)
{
    uint64_t                        hash;
    ngx_uint_t                      i, n;
    chatws_person_chat_t            slice[CHATWS_PEOPLE_WALK];
    ngx_http_chatws_members_head_t  head;

    hash = ngx_http_chatws_hub_hash(page->hub, &page->id);

    if (ngx_http_chatws_hub_members_head(page->hub, &page->id, page->chat,
                                         &head)
        != NGX_OK)
    {
        return NGX_BUSY;
    }

    chatws_json_out_begin(&page->json, &page->body);

    ngx_http_chatws_api_page_head(page, &head);

    while (page->n < page->limit && !page->cursor.done) {

        if (ngx_http_chatws_hub_members_walk(page->hub, hash, page->chat,
                                             &page->cursor, slice, &n)
            != NGX_OK)
        {
            return NGX_BUSY;
        }

        for (i = 0; i < n; i++) {
            ngx_http_chatws_api_page_entry(page, &slice[i]);
        }
    }

    ngx_http_chatws_api_page_foot(page);

    return chatws_json_out_end(&page->json, &page->body) == CHATWS_OK
           ? NGX_OK : NGX_BUSY;
}


static void
ngx_http_chatws_api_page_head(ngx_http_chatws_api_page_t *page,
    const ngx_http_chatws_members_head_t *head)
{
    chatws_json_out_t  *json;

    json = &page->json;

    if (!page->chat) {
        chatws_json_put_lit(json, "{\"userId\":");
        chatws_json_put_string(json, (chatws_str_t *) &page->id);
        ngx_http_chatws_api_page_state(json, head->state, head->since);
        chatws_json_put_lit(json, ",\"userSeq\":");
        chatws_json_put_uint(json, head->last);
        chatws_json_put_lit(json, ",\"chats\":[");
        return;
    }

    chatws_json_put_lit(json, "{\"chatId\":");
    chatws_json_put_string(json, (chatws_str_t *) &page->id);
    chatws_json_put_lit(json, ",\"last\":");
    chatws_json_put_uint(json, head->last);
    chatws_json_put_lit(json, ",\"count\":");
    chatws_json_put_uint(json, head->count);
    chatws_json_put_lit(json, ",\"members\":");
    chatws_json_put_uint(json, head->members);
    chatws_json_put_lit(json, ",\"people\":");
    chatws_json_put_uint(json, head->people);
    chatws_json_put_lit(json, ",\"online\":");
    chatws_json_put_uint(json, head->online);
    chatws_json_put_lit(json, ",\"version\":");
    chatws_json_put_uint(json, head->version);
    chatws_json_put_lit(json, ",\"users\":[");
}


static void
ngx_http_chatws_api_page_entry(ngx_http_chatws_api_page_t *page,
    const chatws_person_chat_t *entry)
{
    chatws_str_t        id;
    chatws_json_out_t  *json;

    json = &page->json;

    if (page->n++ != 0) {
        chatws_json_put_lit(json, ",");
    }

    id.len = entry->len;
    id.data = (u_char *) entry->id;

    if (page->chat) {
        chatws_json_put_lit(json, "{\"userId\":");
        chatws_json_put_string(json, &id);
        ngx_http_chatws_api_page_state(json, entry->state, entry->since);

    } else {
        chatws_json_put_lit(json, "{\"chatId\":");
        chatws_json_put_string(json, &id);
        chatws_json_put_lit(json, ",\"last\":");
        chatws_json_put_uint(json, entry->last);
        chatws_json_put_lit(json, ",\"count\":");
        chatws_json_put_uint(json, entry->count);
    }

    if (entry->flags & CHATWS_PLACE_MEMBER) {
        chatws_json_put_lit(json, ",\"member\":true");

    } else {
        chatws_json_put_lit(json, ",\"member\":false");
    }

    if (entry->flags & CHATWS_PLACE_SUBSCRIBED) {
        chatws_json_put_lit(json, ",\"subscribed\":true");
    }

    ngx_http_chatws_api_page_reads(json, entry);

    chatws_json_put_lit(json, "}");
}


/* The truth, and not what others see. */

static void
ngx_http_chatws_api_page_state(chatws_json_out_t *json, uint32_t state,
    uint64_t since)
{
    uint8_t  time[CHATWS_TIME_LEN];

    switch (state & CHATWS_PERSON_STATE) {

    case CHATWS_PERSON_ONLINE:
        chatws_json_put_lit(json, ",\"state\":\"online\"");
        break;

    case CHATWS_PERSON_AWAY:
        chatws_json_put_lit(json, ",\"state\":\"away\"");
        break;

    default: /* CHATWS_PERSON_OFFLINE */
        chatws_json_put_lit(json, ",\"state\":\"offline\"");
    }

    if (since != 0) {
        chatws_time_format(time, since);

        chatws_json_put_lit(json, ",\"since\":\"");
        chatws_json_put(json, time, CHATWS_TIME_LEN);
        chatws_json_put_lit(json, "\"");
    }

    if (state & CHATWS_PERSON_INVISIBLE) {
        chatws_json_put_lit(json, ",\"invisible\":true");
    }
}


static void
ngx_http_chatws_api_page_reads(chatws_json_out_t *json,
    const chatws_person_chat_t *entry)
{
    chatws_json_put_lit(json, ",\"read\":");
    chatws_json_put_uint(json, entry->reads.read);
    chatws_json_put_lit(json, ",\"delivered\":");
    chatws_json_put_uint(json, entry->reads.delivered);
    chatws_json_put_lit(json, ",\"seen\":");

    if (entry->reads.seen < 0) {
        chatws_json_put_lit(json, "-");
        chatws_json_put_uint(json, - (uint64_t) entry->reads.seen);

    } else {
        chatws_json_put_uint(json, (uint64_t) entry->reads.seen);
    }

    chatws_json_put_lit(json, ",\"unread\":");
    chatws_json_put_uint(json, entry->unread);

    if (entry->flags & CHATWS_PLACE_MUTED) {
        chatws_json_put_lit(json, ",\"muted\":true");
    }

    if (entry->flags & CHATWS_PLACE_MARKED) {
        chatws_json_put_lit(json, ",\"marked\":true");
    }

    if (entry->flags & CHATWS_PLACE_PRIVATE) {
        chatws_json_put_lit(json, ",\"private\":true");
    }
}


static void
ngx_http_chatws_api_page_foot(ngx_http_chatws_api_page_t *page)
{
    chatws_json_out_t  *json;
    uint8_t             epoch[CHATWS_EPOCH_LEN];

    json = &page->json;

    chatws_json_put_lit(json, "]");

    if (!page->cursor.done) {
        chatws_json_put_lit(json, ",\"next\":\"");
        chatws_json_put_uint(json, page->cursor.serial);
        chatws_json_put_lit(json, ".");
        chatws_json_put_uint(json, page->cursor.at);
        chatws_json_put_lit(json, ".");
        chatws_json_put_uint(json, page->cursor.row);
        chatws_json_put_lit(json, "\"");
    }

    chatws_epoch_format(epoch, ngx_http_chatws_hub_epoch(page->hub));

    chatws_json_put_lit(json, ",\"epoch\":\"");
    chatws_json_put(json, epoch, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "\"}");
}
