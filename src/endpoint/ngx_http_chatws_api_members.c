
/*
 * Copyright (C) chatws contributors
 *
 * The command "members": its lists are read and checked, and then carried out
 * from removals to additions, so that what is taken makes room for what comes.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "base/chatws_time.h"
#include "json/chatws_json.h"
#include "protocol/chatws_members.h"
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_grant.h"
#include "hub/ngx_http_chatws_hub_members.h"
#include "endpoint/ngx_http_chatws_api_members.h"
#include "endpoint/ngx_http_chatws_publish_one.h"


/* bytes of an answer without the id of the chat, at most */
#define NGX_HTTP_CHATWS_MEMBERS_ANSWER  320

/* so many removed users have their cached grants dropped one by one */
#define NGX_HTTP_CHATWS_MEMBERS_DROPS   4


/* The changes of a command, in the order in which they are made. */

typedef struct {
    ngx_http_chatws_hub_t         *hub;
    const chatws_command_t        *command;
    ngx_http_chatws_membership_t  *list;
    ngx_uint_t                     n;
    ngx_uint_t                     removals;   /* the first ones */
    ngx_uint_t                     total;      /* of both lists of a command */
    uint64_t                      *index;      /* hashes of the users to be
                                                  removed; 0: a free place */
    u_char                        *ids;        /* where the next one goes */
    ngx_uint_t                     done;
    ngx_uint_t                     added;
    ngx_uint_t                     removed;
    uint64_t                       number;     /* of a list in parts, or 0 */
    unsigned                       add:1;      /* the list that is read */
} ngx_http_chatws_api_members_t;


/* of the index, a power of two */
#define NGX_HTTP_CHATWS_MEMBERS_PLACES  2048

chatws_static_assert(ngx_http_chatws_members_places_suffice,
    NGX_HTTP_CHATWS_MEMBERS_PLACES > CHATWS_MEMBERS_MAX);


static ngx_int_t ngx_http_chatws_api_members_read(
    ngx_http_chatws_api_members_t *ms, chatws_fault_t *fault);
static chatws_rc_e ngx_http_chatws_api_members_list(
    ngx_http_chatws_api_members_t *ms, const chatws_str_t *list,
    ngx_uint_t add, chatws_fault_t *fault);
static chatws_rc_e ngx_http_chatws_api_members_entry(void *data,
    const chatws_members_entry_t *entry);
static ngx_uint_t ngx_http_chatws_api_members_noted(
    ngx_http_chatws_api_members_t *ms, const ngx_str_t *user, ngx_uint_t note);
static ngx_uint_t ngx_http_chatws_api_members_set(
    ngx_http_chatws_api_members_t *ms, chatws_fault_t *fault);
static ngx_int_t ngx_http_chatws_api_members_drop(
    ngx_http_chatws_api_members_t *ms);
static ngx_uint_t ngx_http_chatws_api_members_rest(
    ngx_http_chatws_api_members_t *ms);
static ngx_int_t ngx_http_chatws_api_members_answer(ngx_http_request_t *r,
    ngx_http_chatws_api_members_t *ms, ngx_uint_t status, ngx_str_t *answer);


ngx_uint_t
ngx_http_chatws_api_members(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    const chatws_command_t *command, ngx_str_t *answer, chatws_fault_t *fault)
{
    ngx_int_t                      rc;
    ngx_uint_t                     status;
    ngx_http_chatws_api_members_t  ms;

    static const chatws_fault_t    off =
        chatws_fault(CHATWS_E_MESSAGE,
                     "the zone has no members, see chatws_users");

    if (ngx_http_chatws_hub_zone(hub)->people == NULL) {
        *fault = off;
        return NGX_HTTP_BAD_REQUEST;
    }

    ngx_memzero(&ms, sizeof(ngx_http_chatws_api_members_t));

    ms.hub = hub;
    ms.command = command;

    rc = ngx_http_chatws_api_members_read(&ms, fault);

    if (rc == NGX_OK) {
        status = ngx_http_chatws_api_members_set(&ms, fault);

    } else {
        status = rc == NGX_DECLINED ? NGX_HTTP_BAD_REQUEST
                                    : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_free(ms.list);
    ngx_free(ms.index);

    if (status != NGX_HTTP_OK && status != NGX_HTTP_SERVICE_UNAVAILABLE) {
        return status;
    }

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);
    }

    return ngx_http_chatws_api_members_answer(r, &ms, status, answer)
           == NGX_OK
           ? status : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/*
 * NGX_DECLINED: *fault says what is wrong with a list.  NGX_ERROR: there is no
 * memory.
 */

static ngx_int_t
ngx_http_chatws_api_members_read(ngx_http_chatws_api_members_t *ms,
    chatws_fault_t *fault)
{
    size_t                   size;
    const chatws_command_t  *command;

    command = ms->command;

    /* an id takes no more bytes than its text */

    size = CHATWS_MEMBERS_MAX * sizeof(ngx_http_chatws_membership_t)
           + command->remove.len + command->add.len;

    ms->list = ngx_alloc(size, ngx_cycle->log);
    ms->index = ngx_calloc(NGX_HTTP_CHATWS_MEMBERS_PLACES * sizeof(uint64_t),
                           ngx_cycle->log);

    if (ms->list == NULL || ms->index == NULL) {
        return NGX_ERROR;
    }

    ms->ids = (u_char *) &ms->list[CHATWS_MEMBERS_MAX];

    if (ngx_http_chatws_api_members_list(ms, &command->remove, 0, fault)
        != CHATWS_OK)
    {
        return fault->error.len != 0 ? NGX_DECLINED : NGX_ERROR;
    }

    ms->removals = ms->n;

    if (ngx_http_chatws_api_members_list(ms, &command->add, 1, fault)
        != CHATWS_OK)
    {
        return fault->error.len != 0 ? NGX_DECLINED : NGX_ERROR;
    }

    if (ms->total > CHATWS_MEMBERS_MAX) {
        (void) chatws_fault_set(fault, CHATWS_E_MESSAGE, CHATWS_D_MEMBERS);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* CHATWS_ERROR: *fault says why, or is empty: there is no memory. */

static chatws_rc_e
ngx_http_chatws_api_members_list(ngx_http_chatws_api_members_t *ms,
    const chatws_str_t *list, ngx_uint_t add, chatws_fault_t *fault)
{
    void         *mem;
    size_t        size;
    chatws_rc_e   rc;

    ms->add = add;

    size = chatws_json_arena_size(list->len);
    mem = ngx_alloc(size, ngx_cycle->log);

    if (mem == NULL) {
        fault->error.len = 0;
        return CHATWS_ERROR;
    }

    rc = chatws_members_list(list, CHATWS_JSON_DEPTH, mem, size,
                             ngx_http_chatws_api_members_entry, ms, fault);

    ngx_free(mem);

    return rc;
}


static chatws_rc_e
ngx_http_chatws_api_members_entry(void *data,
    const chatws_members_entry_t *entry)
{
    ngx_http_chatws_api_members_t *ms = data;

    ngx_http_chatws_membership_t  *change;

    /* both lists together may have as many as one of them */

    if (ms->total++ >= CHATWS_MEMBERS_MAX
        || ngx_http_chatws_api_members_noted(ms,
                                             (const ngx_str_t *) &entry->user,
                                             !ms->add))
    {
        return CHATWS_OK;
    }

    change = &ms->list[ms->n++];

    ngx_memzero(change, sizeof(ngx_http_chatws_membership_t));

    change->chat.len = ms->command->chat.len;
    change->chat.data = ms->command->chat.data;

    change->user.len = entry->user.len;
    change->user.data = ms->ids;
    ms->ids = ngx_cpymem(ms->ids, entry->user.data, entry->user.len);

    change->add = ms->add;
    change->unread = entry->unread;
    change->has_unread = entry->has_unread;
    change->has_muted = entry->has_muted;
    change->muted = entry->muted;

    return CHATWS_OK;
}


/* Whether the user is to be removed; with note, from now on. */

static ngx_uint_t
ngx_http_chatws_api_members_noted(ngx_http_chatws_api_members_t *ms,
    const ngx_str_t *user, ngx_uint_t note)
{
    uint64_t    hash;
    ngx_uint_t  i;

    hash = ngx_http_chatws_hub_hash(ms->hub, user);

    for (i = hash % NGX_HTTP_CHATWS_MEMBERS_PLACES;
         ms->index[i] != 0;
         i = (i + 1) % NGX_HTTP_CHATWS_MEMBERS_PLACES)
    {
        if (ms->index[i] == hash) {
            return 1;
        }
    }

    if (note) {
        ms->index[i] = hash;
    }

    return 0;
}


static ngx_uint_t
ngx_http_chatws_api_members_set(ngx_http_chatws_api_members_t *ms,
    chatws_fault_t *fault)
{
    ngx_int_t                    rc;
    ngx_uint_t                   i;

    static const chatws_fault_t  old =
        chatws_fault("Conflict", "version is below that of the chat");
    static const chatws_fault_t  other =
        chatws_fault("Conflict", "no list with this token is under way");

    rc = ngx_http_chatws_hub_members_begin(ms->hub, ms->command, &ms->number);

    if (rc == NGX_DECLINED || rc == NGX_ABORT) {
        *fault = rc == NGX_DECLINED ? old : other;
        return NGX_HTTP_CONFLICT;
    }

    if (rc != NGX_OK || ngx_http_chatws_api_members_drop(ms) != NGX_OK) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    for (i = 0; i < ms->n; i++) {
        ms->list[i].list = ms->number;
    }

    rc = ngx_http_chatws_hub_members(ms->hub, ms->list, ms->n, &ms->done);

    for (i = 0; i < ms->done; i++) {
        ms->added += ms->list[i].news && ms->list[i].add;
        ms->removed += ms->list[i].news && !ms->list[i].add;
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return ngx_http_chatws_api_members_rest(ms);
}


/*
 * What the app server has granted to those who are removed is asked again.  A
 * walk over the cache for each of many would take long.
 */

static ngx_int_t
ngx_http_chatws_api_members_drop(ngx_http_chatws_api_members_t *ms)
{
    uint64_t    chat, user;
    ngx_uint_t  all, i;

    all = ms->removals > NGX_HTTP_CHATWS_MEMBERS_DROPS
          || (ms->command->replace
              && (ms->command->part == CHATWS_PART_WHOLE
                  || ms->command->part == CHATWS_PART_LAST));

    chat = ngx_http_chatws_hub_hash(ms->hub, (const ngx_str_t *)
                                             &ms->command->chat);

    if (all) {
        return ngx_http_chatws_hub_grant_forget(ms->hub, 0, chat, 1);
    }

    for (i = 0; i < ms->removals; i++) {
        user = ngx_http_chatws_hub_hash(ms->hub, &ms->list[i].user);

        if (ngx_http_chatws_hub_grant_forget(ms->hub, user, chat, 1)
            != NGX_OK)
        {
            return NGX_BUSY;
        }
    }

    return NGX_OK;
}


/* The end of a list removes whom it has not named. */

static ngx_uint_t
ngx_http_chatws_api_members_rest(ngx_http_chatws_api_members_t *ms)
{
    ngx_int_t   rc;
    ngx_uint_t  removed;

    if (!ms->command->replace
        || ms->command->part == CHATWS_PART_FIRST
        || ms->command->part == CHATWS_PART_NEXT)
    {
        return NGX_HTTP_OK;
    }

    rc = ngx_http_chatws_hub_members_rest(ms->hub, (const ngx_str_t *)
                                                   &ms->command->chat,
                                          ms->number, &removed);
    ms->removed += removed;

    return rc == NGX_OK ? NGX_HTTP_OK : NGX_HTTP_SERVICE_UNAVAILABLE;
}


static ngx_int_t
ngx_http_chatws_api_members_answer(ngx_http_request_t *r,
    ngx_http_chatws_api_members_t *ms, ngx_uint_t status, ngx_str_t *answer)
{
    chatws_str_t                    out;
    chatws_json_out_t               json;
    ngx_http_chatws_members_head_t  head;
    uint8_t                         epoch[CHATWS_EPOCH_LEN];
    uint8_t                         time[CHATWS_TIME_LEN];

    out.len = NGX_HTTP_CHATWS_MEMBERS_ANSWER + 6 * ms->command->chat.len;
    out.data = ngx_pnalloc(r->pool, out.len);

    if (out.data == NULL) {
        return NGX_ERROR;
    }

    chatws_epoch_format(epoch, ngx_http_chatws_hub_epoch(ms->hub));

    chatws_json_out_begin(&json, &out);

    if (status == NGX_HTTP_OK) {

        (void) ngx_http_chatws_hub_members_head(ms->hub, (const ngx_str_t *)
                                                &ms->command->chat, 1, &head);

        chatws_json_put_lit(&json, "{\"command\":\"members\",\"chatId\":");
        chatws_json_put_string(&json, &ms->command->chat);
        chatws_json_put_lit(&json, ",\"members\":");
        chatws_json_put_uint(&json, head.members);
        chatws_json_put_lit(&json, ",\"added\":");
        chatws_json_put_uint(&json, ms->added);
        chatws_json_put_lit(&json, ",\"removed\":");
        chatws_json_put_uint(&json, ms->removed);
        chatws_json_put_lit(&json, ",\"epoch\":\"");
        chatws_json_put(&json, epoch, CHATWS_EPOCH_LEN);

    } else {
        chatws_time_format(time, ngx_http_chatws_now());

        chatws_json_put_lit(&json, "{\"type\":\"error\",\"error\":");
        chatws_json_put_string(&json, &ngx_http_chatws_publish_full.error);
        chatws_json_put_lit(&json, ",\"details\":");
        chatws_json_put_string(&json, &ngx_http_chatws_publish_full.details);
        chatws_json_put_lit(&json, ",\"done\":");
        chatws_json_put_uint(&json, ms->done);
        chatws_json_put_lit(&json, ",\"timestamp\":\"");
        chatws_json_put(&json, time, CHATWS_TIME_LEN);
    }

    chatws_json_put_lit(&json, "\"}");

    if (chatws_json_out_end(&json, &out) != CHATWS_OK) {
        return NGX_ERROR;
    }

    answer->len = out.len;
    answer->data = out.data;

    return NGX_OK;
}
