
/*
 * Copyright (C) chatws contributors
 *
 * One publication: it is parsed, checked, given its id and time, and posted
 * to the hub.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "json/chatws_json.h"
#include "protocol/chatws_publication.h"
#include "process/ngx_http_chatws_clock.h"
#include "process/ngx_http_chatws_scratch.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_encrypt.h"
#include "endpoint/ngx_http_chatws_publish_one.h"
#include "endpoint/ngx_http_chatws_publish_users.h"
#include "endpoint/ngx_http_chatws_sender.h"


static ngx_uint_t ngx_http_chatws_publish_parse(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    chatws_publication_t *pub, chatws_fault_t *fault);
static ngx_uint_t ngx_http_chatws_publish_parsed(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_publication_t *pub,
    ngx_http_chatws_ctx_t *ctx, ngx_str_t *answer, chatws_fault_t *fault);
static void ngx_http_chatws_publish_stamp(ngx_http_chatws_hub_t *hub,
    chatws_publication_t *pub);
static ngx_int_t ngx_http_chatws_publish_post(ngx_http_chatws_hub_t *hub,
    chatws_publication_t *pub, chatws_str_t *room, chatws_posted_t *posted);


const chatws_fault_t  ngx_http_chatws_publish_full =
    chatws_fault("Service unavailable",
                 "the server has no room now, try again");

static const chatws_fault_t  ngx_http_chatws_publish_own =
    chatws_fault(CHATWS_E_MESSAGE, CHATWS_D_TYPE);

const chatws_fault_t  ngx_http_chatws_publish_large =
    chatws_fault("Message too large",
                 "the server can't take a message of this size");


ngx_uint_t
ngx_http_chatws_publish_one(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    ngx_str_t *answer, chatws_fault_t *fault)
{
    ngx_uint_t                   status;
    chatws_str_t                 sealed;
    ngx_http_chatws_ctx_t       *ctx;
    chatws_publication_t         pub;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    status = ngx_http_chatws_publish_parse(r, hub, text, mem, size, &pub,
                                           fault);

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);
    }

    if (status != 0) {
        return status;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);
    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    ngx_http_chatws_publish_stamp(hub, &pub);

    if (cwlcf->encrypt == NGX_HTTP_CHATWS_ENCRYPT_OFF) {
        return ngx_http_chatws_publish_parsed(r, hub, &pub, ctx, answer,
                                              fault);
    }

    status = ngx_http_chatws_encrypt(r, cwlcf, &pub, &sealed, fault);

    if (status == NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return status;
    }

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);
    }

    if (status != 0) {
        return ngx_http_chatws_publish_refuse(ctx, status, fault, fault);
    }

    status = ngx_http_chatws_publish_parsed(r, hub, &pub, ctx, answer, fault);

    if (sealed.data != NULL) {
        ngx_free(sealed.data);
    }

    return status;
}


ngx_uint_t
ngx_http_chatws_publish_look(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    ngx_str_t *answer, chatws_fault_t *fault)
{
    ngx_uint_t            status;
    chatws_publication_t  pub;

    status = ngx_http_chatws_publish_parse(r, hub, text, mem, size, &pub,
                                           fault);
    if (status != 0) {
        return status;
    }

    ngx_str_set(answer, "");

    return NGX_HTTP_CREATED;
}


/*
 * Returns 0: it may be published; otherwise as publish_one().  The publication
 * lies in mem and, with its sender, in the scratch memory and the request.
 */

static ngx_uint_t
ngx_http_chatws_publish_parse(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    chatws_publication_t *pub, chatws_fault_t *fault)
{
    ngx_str_t                    with;
    ngx_uint_t                   status;
    ngx_http_chatws_ctx_t       *ctx;
    ngx_http_chatws_sender_t     sender;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    if (text->len > ngx_http_chatws_hub_body_max(hub)) {
        return ngx_http_chatws_publish_refuse(ctx,
                                              NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                              &ngx_http_chatws_publish_large,
                                              fault);
    }

    status = ngx_http_chatws_sender_get(r, &sender, fault);

    if (status == 0
        && ngx_http_chatws_sender_add(r, &sender, text, &with) != NGX_OK)
    {
        status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (status == 0 && with.len != text->len) {
        size = chatws_json_arena_size(with.len);
        mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_RESUME,
                                          size);
        if (mem == NULL) {
            status = NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (status != 0) {
        return status == NGX_HTTP_INTERNAL_SERVER_ERROR
               ? status
               : ngx_http_chatws_publish_refuse(ctx, status, fault, fault);
    }

    if (chatws_publication_parse(pub, (chatws_str_t *) &with,
                                 CHATWS_JSON_DEPTH, mem, size)
        != CHATWS_OK)
    {
        return ngx_http_chatws_publish_refuse(ctx, NGX_HTTP_BAD_REQUEST,
                                              &pub->fault, fault);
    }

    if (chatws_type_optional(pub->type)
        && ngx_http_chatws_hub_zone(hub)->types & (1u << pub->type))
    {
        return ngx_http_chatws_publish_refuse(ctx, NGX_HTTP_BAD_REQUEST,
                                              &ngx_http_chatws_publish_own,
                                              fault);
    }

    status = ngx_http_chatws_publish_aim(r, hub, pub, fault);

    if (status != 0) {
        return status == NGX_HTTP_INTERNAL_SERVER_ERROR
               ? status
               : ngx_http_chatws_publish_refuse(ctx, status, fault, fault);
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (!pub->target
        && !ngx_http_chatws_chat_allowed(&cwlcf->rules,
                                         (ngx_str_t *) &pub->chat))
    {
        return ngx_http_chatws_publish_refuse(ctx, NGX_HTTP_BAD_REQUEST,
                                              &ngx_http_chatws_chat_refused,
                                              fault);
    }

    status = ngx_http_chatws_sender_check(r, hub, &sender, pub, fault);

    if (status == 0 || status == NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return status;
    }

    return ngx_http_chatws_publish_refuse(ctx, status, fault, fault);
}


static ngx_uint_t
ngx_http_chatws_publish_parsed(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_publication_t *pub,
    ngx_http_chatws_ctx_t *ctx, ngx_str_t *answer, chatws_fault_t *fault)
{
    ngx_int_t        rc;
    chatws_str_t     room;
    chatws_posted_t  posted;

    pub->discreet = ngx_http_chatws_sender_is_discreet(r, hub);

    if (pub->target) {
        return ngx_http_chatws_publish_users(r, hub, pub, answer, fault);
    }

    /* the hub copies the notification: then the answer has the same room */

    room.len = chatws_publication_size(pub);
    room.data = ngx_pnalloc(r->pool, room.len);

    if (room.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_chatws_publish_post(hub, pub, &room, &posted);

    if (rc == NGX_BUSY) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);
        return ngx_http_chatws_publish_refuse(ctx,
                                              NGX_HTTP_SERVICE_UNAVAILABLE,
                                              &ngx_http_chatws_publish_full,
                                              fault);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_chatws_publish_refuse(ctx,
                                              NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                              &ngx_http_chatws_publish_large,
                                              fault);
    }

    ngx_http_chatws_publish_note(r, pub, posted.seq, posted.recipients);

    if (chatws_publication_answer(pub, &room, posted.seq,
                                  ngx_http_chatws_hub_epoch(hub),
                                  posted.recipients)
        != CHATWS_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    answer->len = room.len;
    answer->data = room.data;

    return NGX_HTTP_CREATED;
}


/* Gives the publication its id and the time. */

static void
ngx_http_chatws_publish_stamp(ngx_http_chatws_hub_t *hub,
    chatws_publication_t *pub)
{
    uint8_t   id[CHATWS_ID_LEN];
    uint64_t  now, stamp;

    now = ngx_http_chatws_now();

    /* ids of all workers sort in the order in which they were made */

    stamp = ngx_http_chatws_hub_stamp(hub, now * CHATWS_ID_COUNTS);

    chatws_id_make(stamp, ngx_http_chatws_noise(), id);
    chatws_publication_stamp(pub, id, now);
}


/*
 * Writes the notification to room, which is not changed, and posts it.
 * NGX_OK; NGX_BUSY: the hub has no room; NGX_DECLINED: it is too large.
 */

static ngx_int_t
ngx_http_chatws_publish_post(ngx_http_chatws_hub_t *hub,
    chatws_publication_t *pub, chatws_str_t *room, chatws_posted_t *posted)
{
    ngx_int_t      rc;
    chatws_post_t  post;

    ngx_memzero(&post, sizeof(chatws_post_t));

    post.body = *room;

    if (chatws_publication_body(pub, &post.body, &post.own) != CHATWS_OK) {
        return NGX_DECLINED;
    }

    post.chat = pub->chat;
    post.time = ngx_http_chatws_now();
    post.ring = CHATWS_DURABLE;
    post.sequenced = chatws_publication_sequenced(pub);
    post.counts = chatws_publication_counts(pub);
    post.reads = chatws_publication_reads(pub);

    if (pub->sender.len != 0) {
        post.sender = ngx_http_chatws_hub_hash(hub,
                                               (ngx_str_t *) &pub->sender);
    }

    rc = ngx_http_chatws_hub_publish(hub, 0, &post,
                                     NGX_HTTP_CHATWS_N_PUBLISHED, posted);

    if (rc == NGX_OK && pub->kind == CHATWS_PUB_MESSAGE && post.sender != 0) {
        ngx_http_chatws_typing_sent(hub, (ngx_str_t *) &pub->chat,
                                    post.sender);
    }

    return rc;
}


void
ngx_http_chatws_publish_note(ngx_http_request_t *r,
    const chatws_publication_t *pub, uint64_t seq, uint32_t recipients)
{
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    /* an event to users may have no chat */

    ctx->chat.data = pub->chat.len != 0
                     ? ngx_pnalloc(r->pool, pub->chat.len) : NULL;

    if (ctx->chat.data != NULL) {
        ctx->chat.len = pub->chat.len;
        ngx_memcpy(ctx->chat.data, pub->chat.data, pub->chat.len);

    } else {
        ctx->chat.len = 0;
    }

    if (!pub->target) {
        ngx_str_null(&ctx->users);
    }

    ctx->seq = seq;
    ctx->recipients = recipients;
    ctx->published = 1;
    ngx_str_set(&ctx->result, "published");

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "chatws published chat:\"%V\" seq:%uL recipients:%uD",
                   &ctx->chat, ctx->seq, ctx->recipients);
}


ngx_uint_t
ngx_http_chatws_publish_refuse(ngx_http_chatws_ctx_t *ctx, ngx_uint_t status,
    const chatws_fault_t *why, chatws_fault_t *fault)
{
    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_str_set(&ctx->result, "full");

    } else {
        ngx_str_set(&ctx->result, "refused");
    }

    *fault = *why;

    return status;
}
