
/*
 * Copyright (C) chatws contributors
 *
 * Publishing a JSON text.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "json/chatws_json.h"
#include "json/chatws_json_scan.h"
#include "process/ngx_http_chatws_clock.h"
#include "process/ngx_http_chatws_scratch.h"
#include "endpoint/ngx_http_chatws_publish.h"


static ngx_uint_t ngx_http_chatws_publish_parsed(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_publication_t *pub,
    ngx_http_chatws_ctx_t *ctx, ngx_str_t *answer, chatws_fault_t *fault);
static void ngx_http_chatws_stamp(ngx_http_chatws_hub_t *hub,
    chatws_publication_t *pub);
static ngx_int_t ngx_http_chatws_post_publication(ngx_http_chatws_hub_t *hub,
    chatws_publication_t *pub, chatws_str_t *out, chatws_posted_t *posted);
static ngx_uint_t ngx_http_chatws_refused(ngx_http_chatws_ctx_t *ctx,
    ngx_uint_t status, const char *result, chatws_fault_t *fault,
    const chatws_fault_t *why);


static const chatws_fault_t  ngx_http_chatws_full = {
    chatws_str("Service unavailable"),
    chatws_str("the server has no room now, try again")
};

static const chatws_fault_t  ngx_http_chatws_large = {
    chatws_str("Message too large"),
    chatws_str("the server can't take a message of this size")
};


ngx_uint_t
ngx_http_chatws_publish_text(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone, ngx_str_t *text, ngx_str_t *answer,
    chatws_fault_t *fault)
{
    void                   *mem;
    size_t                  size;
    ngx_uint_t              status;
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_chatws_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    answer->len = 0;

    if (zone->hub == NULL) {
        return ngx_http_chatws_refused(ctx, NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "full", fault, &ngx_http_chatws_full);
    }

    if (chatws_json_is_array((chatws_str_t *) text)) {
        status = ngx_http_chatws_publish_batch(r, zone->hub, text, answer,
                                               fault);
        ngx_http_chatws_scratch_put();

        return status;
    }

    size = chatws_json_arena_size(text->len);

    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_PARSE, size);
    if (mem == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status = ngx_http_chatws_publish_one(r, zone->hub, text, mem, size,
                                         answer, fault);

    ngx_http_chatws_scratch_put();

    return status;
}


ngx_uint_t
ngx_http_chatws_publish_one(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    ngx_str_t *answer, chatws_fault_t *fault)
{
    ngx_http_chatws_ctx_t       *ctx;
    chatws_publication_t         pub;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    if (text->len > ngx_http_chatws_hub_body_max(hub)) {
        return ngx_http_chatws_refused(ctx, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "refused", fault,
                                       &ngx_http_chatws_large);
    }

    if (chatws_publication_parse(&pub, (chatws_str_t *) text,
                                 CHATWS_JSON_DEPTH, mem, size)
        != CHATWS_OK)
    {
        return ngx_http_chatws_refused(ctx, NGX_HTTP_BAD_REQUEST, "refused",
                                       fault, &pub.fault);
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (!ngx_http_chatws_chat_allowed(&cwlcf->rules, (ngx_str_t *) &pub.chat))
    {
        return ngx_http_chatws_refused(ctx, NGX_HTTP_BAD_REQUEST, "refused",
                                       fault, &ngx_http_chatws_chat_refused);
    }

    return ngx_http_chatws_publish_parsed(r, hub, &pub, ctx, answer, fault);
}


static ngx_uint_t
ngx_http_chatws_publish_parsed(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_publication_t *pub,
    ngx_http_chatws_ctx_t *ctx, ngx_str_t *answer, chatws_fault_t *fault)
{
    ngx_int_t        rc;
    chatws_str_t     out;
    chatws_posted_t  posted;

    ngx_http_chatws_stamp(hub, pub);

    /* first the notification, which the hub copies, then the answer */

    out.len = chatws_publication_size(pub);
    out.data = ngx_pnalloc(r->pool, out.len);

    if (out.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_chatws_post_publication(hub, pub, &out, &posted);

    if (rc == NGX_BUSY) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);
        return ngx_http_chatws_refused(ctx, NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "full", fault, &ngx_http_chatws_full);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_chatws_refused(ctx, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "refused", fault,
                                       &ngx_http_chatws_large);
    }

    /* it is published: a variable that is missing is no reason to fail */

    ctx->chat.data = ngx_pnalloc(r->pool, pub->chat.len);

    if (ctx->chat.data != NULL) {
        ctx->chat.len = pub->chat.len;
        ngx_memcpy(ctx->chat.data, pub->chat.data, pub->chat.len);

    } else {
        ctx->chat.len = 0;
    }

    ctx->seq = posted.seq;
    ctx->recipients = posted.recipients;
    ctx->published = 1;
    ngx_str_set(&ctx->result, "published");

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "chatws published chat:\"%V\" seq:%uL recipients:%uD",
                   &ctx->chat, ctx->seq, ctx->recipients);

    out.len = chatws_publication_size(pub);

    if (chatws_publication_answer(pub, &out, posted.seq,
                                  ngx_http_chatws_hub_epoch(hub),
                                  posted.recipients)
        != CHATWS_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    answer->len = out.len;
    answer->data = out.data;

    return NGX_HTTP_CREATED;
}


static void
ngx_http_chatws_stamp(ngx_http_chatws_hub_t *hub, chatws_publication_t *pub)
{
    uint8_t   id[CHATWS_ID_LEN];
    uint64_t  noise, now, stamp;

    now = ngx_http_chatws_now();

    /* it sorts behind those of other workers, too */

    stamp = ngx_http_chatws_hub_stamp(hub, now * CHATWS_ID_COUNTS);

    noise = (uint64_t) ngx_random() << 33 ^ (uint64_t) ngx_random() << 11
            ^ (uint64_t) ngx_pid;

    chatws_id_make(stamp, noise, id);
    chatws_publication_stamp(pub, id, now);
}


static ngx_int_t
ngx_http_chatws_post_publication(ngx_http_chatws_hub_t *hub,
    chatws_publication_t *pub, chatws_str_t *out, chatws_posted_t *posted)
{
    chatws_post_t  post;

    ngx_memzero(&post, sizeof(chatws_post_t));

    post.body = *out;

    if (chatws_publication_body(pub, &post.body, &post.own) != CHATWS_OK) {
        return NGX_DECLINED;
    }

    post.chat = pub->chat;
    post.time = ngx_http_chatws_now();
    post.ring = CHATWS_DURABLE;
    post.sequenced = chatws_publication_sequenced(pub);

    if (pub->sender.len != 0) {
        post.sender = ngx_http_chatws_hub_hash(hub,
                                               (ngx_str_t *) &pub->sender);
    }

    return ngx_http_chatws_hub_publish(hub, 0, &post,
                                       NGX_HTTP_CHATWS_N_PUBLISHED, posted);
}


static ngx_uint_t
ngx_http_chatws_refused(ngx_http_chatws_ctx_t *ctx, ngx_uint_t status,
    const char *result, chatws_fault_t *fault, const chatws_fault_t *why)
{
    ctx->result.len = ngx_strlen(result);
    ctx->result.data = (u_char *) result;

    *fault = *why;

    return status;
}
