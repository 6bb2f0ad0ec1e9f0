
/*
 * Copyright (C) chatws contributors
 *
 * The command "read": its lists are looked through, and then carried out, user
 * by user.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "json/chatws_json.h"
#include "protocol/chatws_members.h"
#include "protocol/chatws_notify.h"
#include "hub/ngx_http_chatws_hub_unread.h"
#include "endpoint/ngx_http_chatws_api_read.h"
#include "endpoint/ngx_http_chatws_publish_one.h"


/* bytes of an answer without the id of the chat, at most */
#define NGX_HTTP_CHATWS_READ_ANSWER  128


/* What is done with the users of a list. */

typedef struct {
    ngx_http_chatws_hub_t   *hub;
    const chatws_str_t      *chat;
    chatws_reader_act_e      act;
    ngx_uint_t               n;          /* entries */
    ngx_uint_t               done;       /* users that are in the chat */
    unsigned                 look:1;     /* entries are looked at only */
    unsigned                 bad:1;      /* one is not written as it has to
                                            be */
    unsigned                 busy:1;     /* the zone could not take one */
} ngx_http_chatws_api_read_t;


static ngx_int_t ngx_http_chatws_api_read_lists(
    ngx_http_chatws_api_read_t *read, const chatws_command_t *command);
static ngx_int_t ngx_http_chatws_api_read_list(
    ngx_http_chatws_api_read_t *read, const chatws_str_t *list,
    chatws_reader_act_e act);
static chatws_rc_e ngx_http_chatws_api_read_user(void *data,
    const chatws_str_t *user, uint64_t n, int valid);
static ngx_int_t ngx_http_chatws_api_read_answer(ngx_http_request_t *r,
    const ngx_http_chatws_api_read_t *read, ngx_str_t *answer);


ngx_uint_t
ngx_http_chatws_api_read(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    const chatws_command_t *command, ngx_str_t *answer, chatws_fault_t *fault)
{
    ngx_http_chatws_api_read_t   read;

    static const chatws_fault_t  off =
        chatws_fault(CHATWS_E_MESSAGE,
                     "the zone keeps nothing of what is read, see "
                     "chatws_unread");
    static const chatws_fault_t  other =
        chatws_fault("Conflict",
                     "epoch is not that of the zone, see \"info\"");
    static const chatws_fault_t  entries =
        chatws_fault(CHATWS_E_MESSAGE,
                     "reads and unread must have at most 1000 entries, user "
                     "ids and integers that are not negative");

    if (!ngx_http_chatws_has_unread(hub)) {
        *fault = off;
        return NGX_HTTP_BAD_REQUEST;
    }

    ngx_memzero(&read, sizeof(ngx_http_chatws_api_read_t));

    read.hub = hub;
    read.chat = &command->chat;
    read.look = 1;

    if (ngx_http_chatws_api_read_lists(&read, command) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (read.bad || read.n > CHATWS_MEMBERS_MAX) {
        *fault = entries;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (command->reads.len != 0
        && command->epoch
           != (ngx_http_chatws_hub_epoch(hub) & CHATWS_EPOCH_MASK))
    {
        *fault = other;
        return NGX_HTTP_CONFLICT;
    }

    read.look = 0;

    if (ngx_http_chatws_api_read_lists(&read, command) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (read.busy) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);

        *fault = ngx_http_chatws_publish_full;
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return ngx_http_chatws_api_read_answer(r, &read, answer) == NGX_OK
           ? NGX_HTTP_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* What is unread by number counts more than what is read. */

static ngx_int_t
ngx_http_chatws_api_read_lists(ngx_http_chatws_api_read_t *read,
    const chatws_command_t *command)
{
    if (ngx_http_chatws_api_read_list(read, &command->reads,
                                      CHATWS_READER_READ)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_chatws_api_read_list(read, &command->unread,
                                         CHATWS_READER_UNREAD);
}


static ngx_int_t
ngx_http_chatws_api_read_list(ngx_http_chatws_api_read_t *read,
    const chatws_str_t *list, chatws_reader_act_e act)
{
    void         *mem;
    size_t        size;
    chatws_rc_e   rc;

    if (list->len == 0) {
        return NGX_OK;
    }

    size = chatws_json_arena_size(list->len);

    mem = ngx_alloc(size, ngx_cycle->log);
    if (mem == NULL) {
        return NGX_ERROR;
    }

    read->act = act;

    rc = chatws_members_chats(list, CHATWS_JSON_DEPTH, mem, size,
                              ngx_http_chatws_api_read_user, read);

    ngx_free(mem);

    return rc == CHATWS_OK ? NGX_OK : NGX_ERROR;
}


static chatws_rc_e
ngx_http_chatws_api_read_user(void *data, const chatws_str_t *user, uint64_t n,
    int valid)
{
    ngx_http_chatws_api_read_t *read = data;

    chatws_unread_t           u;
    ngx_http_chatws_reader_t  reader;

    if (read->look) {
        read->n++;
        read->bad |= !valid;
        return CHATWS_OK;
    }

    ngx_memzero(&reader, sizeof(ngx_http_chatws_reader_t));

    reader.hub = read->hub;
    reader.chat = *read->chat;
    reader.user = *user;
    reader.any = 1;

    switch (ngx_http_chatws_hub_read(&reader, read->act, n, NULL, &u)) {

    case NGX_OK:
        read->done++;
        break;

    case NGX_BUSY:
        read->busy = 1;
        break;

    default: /* NGX_DECLINED: the zone knows no such user in this chat */
        break;
    }

    return CHATWS_OK;
}


static ngx_int_t
ngx_http_chatws_api_read_answer(ngx_http_request_t *r,
    const ngx_http_chatws_api_read_t *read, ngx_str_t *answer)
{
    chatws_str_t        out;
    chatws_json_out_t   json;
    uint8_t             epoch[CHATWS_EPOCH_LEN];

    out.len = NGX_HTTP_CHATWS_READ_ANSWER + 6 * read->chat->len;
    out.data = ngx_pnalloc(r->pool, out.len);

    if (out.data == NULL) {
        return NGX_ERROR;
    }

    chatws_epoch_format(epoch, ngx_http_chatws_hub_epoch(read->hub));

    chatws_json_out_begin(&json, &out);

    chatws_json_put_lit(&json, "{\"command\":\"read\",\"chatId\":");
    chatws_json_put_string(&json, read->chat);
    chatws_json_put_lit(&json, ",\"users\":");
    chatws_json_put_uint(&json, read->done);
    chatws_json_put_lit(&json, ",\"epoch\":\"");
    chatws_json_put(&json, epoch, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(&json, "\"}");

    if (chatws_json_out_end(&json, &out) != CHATWS_OK) {
        return NGX_ERROR;
    }

    answer->len = out.len;
    answer->data = out.data;

    return NGX_OK;
}
