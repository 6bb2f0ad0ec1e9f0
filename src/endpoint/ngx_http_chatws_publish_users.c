
/*
 * Copyright (C) chatws contributors
 *
 * Publications to users.  Each user has an entry of his own in the ring, with
 * a number of his own: a crowd is better a chat.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_name.h"
#include "process/ngx_http_chatws_clock.h"
#include "process/ngx_http_chatws_scratch.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_publish_one.h"
#include "endpoint/ngx_http_chatws_publish_users.h"


/* bytes of the result of a user besides the id, at most */
#define NGX_HTTP_CHATWS_RESULT_SIZE  96


typedef struct {
    ngx_http_chatws_hub_t   *hub;
    ngx_http_chatws_ctx_t   *ctx;        /* gets the names of the users */
    chatws_post_t            post;       /* to each of them */
    chatws_json_out_t        json;       /* their results */
    uint64_t                *seen;       /* a hash table of the hashes of
                                            users; 0: a free place */
    size_t                   mask;       /* the number of places - 1 */
    uint64_t                 recipients;
    ngx_uint_t               discreet;   /* as in the publication */
    ngx_uint_t               n;          /* users who were accepted */
    ngx_uint_t               status;     /* of the first error, */
    const chatws_fault_t    *fault;      /* and that */
} ngx_http_chatws_publish_users_t;


static ngx_int_t ngx_http_chatws_publish_users_init(ngx_http_request_t *r,
    ngx_http_chatws_publish_users_t *users, const chatws_publication_t *pub);
static ngx_uint_t ngx_http_chatws_publish_users_again(
    ngx_http_chatws_publish_users_t *users, uint64_t hash);
static chatws_rc_e ngx_http_chatws_publish_user(void *data,
    const chatws_str_t *user, int valid);
static void ngx_http_chatws_publish_user_refuse(
    ngx_http_chatws_publish_users_t *users, ngx_uint_t status,
    const chatws_fault_t *fault);
static ngx_int_t ngx_http_chatws_publish_users_answer(ngx_http_request_t *r,
    ngx_http_chatws_publish_users_t *users, const chatws_publication_t *pub,
    chatws_str_t *results, ngx_str_t *answer);


ngx_uint_t
ngx_http_chatws_publish_aim(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_publication_t *pub,
    chatws_fault_t *fault)
{
    void                   *mem;
    size_t                  size;
    ngx_uint_t              on;
    ngx_http_chatws_ctx_t  *ctx;

    if (pub->to.len == 0) {
        return 0;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    on = ngx_http_chatws_hub_zone(hub)->people != NULL && !ctx->further;

    size = chatws_json_arena_size(pub->to.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_USERS, size);

    if (mem == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (chatws_publication_aim(pub, on, mem, size) != CHATWS_OK) {
        *fault = pub->fault;
        return NGX_HTTP_BAD_REQUEST;
    }

    return 0;
}


ngx_uint_t
ngx_http_chatws_publish_users(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_publication_t *pub, ngx_str_t *answer,
    chatws_fault_t *fault)
{
    void                             *mem;
    size_t                            size;
    chatws_str_t                      results;
    ngx_http_chatws_publish_users_t   users;

    ngx_memzero(&users, sizeof(ngx_http_chatws_publish_users_t));

    users.hub = hub;

    size = chatws_json_arena_size(pub->to.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_USERS, size);

    results.len = pub->to.len + pub->nusers * NGX_HTTP_CHATWS_RESULT_SIZE;
    results.data = ngx_pnalloc(r->pool, results.len);

    if (mem == NULL
        || results.data == NULL
        || ngx_http_chatws_publish_users_init(r, &users, pub) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    chatws_json_out_begin(&users.json, &results);

    (void) chatws_publication_users(pub, mem, size,
                                    ngx_http_chatws_publish_user, &users);

    if (users.n == 0) {

        if (users.status == NGX_HTTP_SERVICE_UNAVAILABLE) {
            ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);
        }

        return ngx_http_chatws_publish_refuse(users.ctx, users.status,
                                              users.fault, fault);
    }

    if (chatws_json_out_end(&users.json, &results) != CHATWS_OK
        || ngx_http_chatws_publish_users_answer(r, &users, pub, &results,
                                                answer)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_CREATED;
}


/* Writes the notification, which is the same for all. */

static ngx_int_t
ngx_http_chatws_publish_users_init(ngx_http_request_t *r,
    ngx_http_chatws_publish_users_t *users, const chatws_publication_t *pub)
{
    size_t          n;
    chatws_post_t  *post;

    post = &users->post;

    post->body.len = chatws_publication_size(pub);
    post->body.data = ngx_pnalloc(r->pool, post->body.len);

    for (n = 16; n < pub->nusers * 2; n *= 2) { /* void */ }

    users->seen = ngx_pcalloc(r->pool, n * sizeof(uint64_t));
    users->mask = n - 1;

    users->ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);
    users->ctx->users.len = 0;
    users->ctx->users.data = ngx_pnalloc(r->pool, pub->to.len);

    if (post->body.data == NULL
        || users->seen == NULL
        || users->ctx->users.data == NULL
        || chatws_publication_body(pub, &post->body, &post->own) != CHATWS_OK)
    {
        return NGX_ERROR;
    }

    users->discreet = pub->discreet;

    post->time = ngx_http_chatws_now();
    post->ring = CHATWS_DURABLE;
    post->sequenced = 1;

    if (pub->sender.len != 0) {
        post->sender = ngx_http_chatws_hub_hash(users->hub,
                                                (ngx_str_t *) &pub->sender);
    }

    return NGX_OK;
}


/* Returns 1 if the user was named before; else 0, and the user is added. */

static ngx_uint_t
ngx_http_chatws_publish_users_again(ngx_http_chatws_publish_users_t *users,
    uint64_t hash)
{
    size_t  i;

    for (i = hash & users->mask;
         users->seen[i] != 0;
         i = (i + 1) & users->mask)
    {
        if (users->seen[i] == hash) {
            return 1;
        }
    }

    users->seen[i] = hash;

    return 0;
}


/* Is called for each user: CHATWS_ERROR ends the walk. */

static chatws_rc_e
ngx_http_chatws_publish_user(void *data, const chatws_str_t *user, int valid)
{
    ngx_http_chatws_publish_users_t *users = data;

    u_char                       buf[CHATWS_INBOX_MAX];
    ngx_int_t                    rc;
    ngx_str_t                   *names;
    chatws_posted_t              posted;

    static const chatws_fault_t  invalid =
        chatws_fault(CHATWS_E_USER,
                     "the ids in toUsers must be 1 to 128 bytes of UTF-8 "
                     "without control characters");

    if (ngx_http_chatws_publish_users_again(users,
                ngx_http_chatws_hub_hash(users->hub, (ngx_str_t *) user)))
    {
        return CHATWS_OK;
    }

    if (users->n != 0 || users->status != 0) {
        chatws_json_put_lit(&users->json, ",");
    }

    chatws_json_put_string(&users->json, user);

    if (!valid) {
        ngx_http_chatws_publish_user_refuse(users, NGX_HTTP_BAD_REQUEST,
                                            &invalid);
        return CHATWS_OK;
    }

    chatws_inbox_id(&users->post.chat, buf, user);

    rc = ngx_http_chatws_hub_publish(users->hub, 0, &users->post,
                                     NGX_HTTP_CHATWS_N_PUBLISHED, &posted);

    if (rc == NGX_BUSY) {
        ngx_http_chatws_publish_user_refuse(users,
                                            NGX_HTTP_SERVICE_UNAVAILABLE,
                                            &ngx_http_chatws_publish_full);
        return CHATWS_OK;
    }

    if (rc != NGX_OK) {
        /* it is as large for all others */
        ngx_http_chatws_publish_user_refuse(users,
                                            NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                            &ngx_http_chatws_publish_large);
        return CHATWS_ERROR;
    }

    chatws_json_put_lit(&users->json, ":{\"userSeq\":");
    chatws_json_put_uint(&users->json, posted.seq);

    if (!users->discreet) {
        chatws_json_put_lit(&users->json, ",\"recipients\":");
        chatws_json_put_uint(&users->json, posted.recipients);
    }

    chatws_json_put_lit(&users->json, "}");

    users->recipients += posted.recipients;

    names = &users->ctx->users;

    if (users->n++ != 0) {
        names->data[names->len++] = ',';
    }

    ngx_memcpy(names->data + names->len, user->data, user->len);
    names->len += user->len;

    return CHATWS_OK;
}


static void
ngx_http_chatws_publish_user_refuse(ngx_http_chatws_publish_users_t *users,
    ngx_uint_t status, const chatws_fault_t *fault)
{
    chatws_json_put_lit(&users->json, ":{\"error\":");
    chatws_json_put_string(&users->json, &fault->error);
    chatws_json_put_lit(&users->json, "}");

    if (users->status == 0) {
        users->status = status;
        users->fault = fault;
    }
}


/* The answer is that to any publication, and the results. */

static ngx_int_t
ngx_http_chatws_publish_users_answer(ngx_http_request_t *r,
    ngx_http_chatws_publish_users_t *users, const chatws_publication_t *pub,
    chatws_str_t *results, ngx_str_t *answer)
{
    u_char        *p;
    chatws_str_t   room;

    static const chatws_str_t  open = chatws_str(",\"users\":{");

    room.len = chatws_publication_size(pub);
    room.data = ngx_pnalloc(r->pool, room.len + open.len + results->len + 2);

    if (room.data == NULL
        || chatws_publication_answer(pub, &room, 0,
                                     ngx_http_chatws_hub_epoch(users->hub),
                                     users->recipients)
           != CHATWS_OK)
    {
        return NGX_ERROR;
    }

    p = ngx_cpymem(room.data + room.len, open.data, open.len);
    p = ngx_cpymem(p, results->data, results->len);

    *p++ = '}';
    *p++ = '}';

    answer->len = p - room.data;
    answer->data = room.data;

    ngx_http_chatws_publish_note(r, pub, 0, (uint32_t) users->recipients);

    return NGX_OK;
}
