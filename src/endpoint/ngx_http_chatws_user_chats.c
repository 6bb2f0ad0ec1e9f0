
/*
 * Copyright (C) chatws contributors
 *
 * The chats of the user of a handshake: see ngx_http_chatws_user_chats.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_name.h"
#include "json/chatws_json.h"
#include "protocol/chatws_members.h"
#include "process/ngx_http_chatws_scratch.h"
#include "hub/ngx_http_chatws_hub_members.h"
#include "client/ngx_http_chatws_client_access.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_user_chats.h"


/* an object of numbers */
#define NGX_HTTP_CHATWS_USER_CHATS_DEPTH  2


typedef struct {
    ngx_http_request_t  *request;
    const ngx_str_t     *user;
    ngx_array_t          list;       /* ngx_http_chatws_membership_t */
    ngx_uint_t           refused;
    ngx_str_t            first;      /* of those that are valid as names */
    unsigned             failed:1;   /* no memory */
} ngx_http_chatws_user_chats_t;


static ngx_int_t ngx_http_chatws_user_chats_read(
    ngx_http_chatws_user_chats_t *chats, ngx_str_t *text);
static chatws_rc_e ngx_http_chatws_user_chats_add(void *data,
    const chatws_str_t *chat, uint64_t unread, int valid);
static ngx_int_t ngx_http_chatws_user_chats_copy(
    ngx_http_chatws_user_chats_t *chats, const chatws_str_t *chat,
    ngx_str_t *copy);


ngx_int_t
ngx_http_chatws_user_chats(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    const ngx_str_t *user)
{
    ngx_int_t                      rc;
    ngx_str_t                      text;
    ngx_uint_t                     done;
    ngx_http_chatws_loc_conf_t    *cwlcf;
    ngx_http_chatws_user_chats_t   chats;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->user_chats == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, cwlcf->user_chats, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    if (text.len == 0) {
        return NGX_OK;
    }

    ngx_memzero(&chats, sizeof(ngx_http_chatws_user_chats_t));

    chats.request = r;
    chats.user = user;

    rc = ngx_http_chatws_user_chats_read(&chats, &text);

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "\"chatws_user_chats\" of user \"%V\" is no JSON object "
                      "of chats", user);
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (chats.refused != 0) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "\"chatws_user_chats\" of user \"%V\" has %ui entries "
                      "that are no chats with a number, such as \"%V\"",
                      user, chats.refused, &chats.first);
    }

    if (ngx_http_chatws_hub_members(hub, chats.list.elts, chats.list.nelts,
                                    &done)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "\"chatws_user_chats\" of user \"%V\": there is no room "
                      "for %ui of %ui chats", user, chats.list.nelts - done,
                      chats.list.nelts);
    }

    return NGX_OK;
}


/* NGX_DECLINED: this is no such text. */

static ngx_int_t
ngx_http_chatws_user_chats_read(ngx_http_chatws_user_chats_t *chats,
    ngx_str_t *text)
{
    void         *mem;
    size_t        size;
    chatws_rc_e   rc;

    size = chatws_json_arena_size(text->len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_PARSE, size);

    if (mem == NULL
        || ngx_array_init(&chats->list, chats->request->pool, 16,
                          sizeof(ngx_http_chatws_membership_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = chatws_members_chats((chatws_str_t *) text,
                              NGX_HTTP_CHATWS_USER_CHATS_DEPTH, mem, size,
                              ngx_http_chatws_user_chats_add, chats);

    ngx_http_chatws_scratch_put();

    if (chats->failed) {
        return NGX_ERROR;
    }

    return rc == CHATWS_OK ? NGX_OK : NGX_DECLINED;
}


static chatws_rc_e
ngx_http_chatws_user_chats_add(void *data, const chatws_str_t *chat,
    uint64_t unread, int valid)
{
    ngx_http_chatws_user_chats_t *chats = data;

    uint64_t                       begun;
    ngx_http_request_t            *r;
    ngx_http_chatws_loc_conf_t    *cwlcf;
    ngx_http_chatws_membership_t  *change;

    r = chats->request;
    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (!valid
        || !ngx_http_chatws_chat_allowed(&cwlcf->rules, (ngx_str_t *) chat))
    {
        chats->refused++;

        /* what goes to the log has no control characters */

        return chats->first.len == 0
               && chatws_name_check(chat) == CHATWS_OK
               && ngx_http_chatws_user_chats_copy(chats, chat, &chats->first)
                  != NGX_OK
               ? CHATWS_ERROR : CHATWS_OK;
    }

    change = ngx_array_push(&chats->list);

    if (change == NULL) {
        chats->failed = 1;
        return CHATWS_ERROR;
    }

    begun = (uint64_t) r->start_sec * 1000 + r->start_msec;

    ngx_memzero(change, sizeof(ngx_http_chatws_membership_t));

    change->user = *chats->user;
    change->begun = ngx_max(begun, 1);
    change->unread = unread;
    change->has_unread = 1;
    change->add = 1;

    return ngx_http_chatws_user_chats_copy(chats, chat, &change->chat)
           == NGX_OK
           ? CHATWS_OK : CHATWS_ERROR;
}


static ngx_int_t
ngx_http_chatws_user_chats_copy(ngx_http_chatws_user_chats_t *chats,
    const chatws_str_t *chat, ngx_str_t *copy)
{
    copy->len = chat->len;
    copy->data = ngx_pnalloc(chats->request->pool, chat->len);

    if (copy->data == NULL) {
        chats->failed = 1;
        return NGX_ERROR;
    }

    ngx_memcpy(copy->data, chat->data, chat->len);

    return NGX_OK;
}
