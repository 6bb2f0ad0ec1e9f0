
/*
 * Copyright (C) chatws contributors
 *
 * Uploads: what is known of one, and its notifications.  They are absolute and
 * have no numbers, so any of them may be lost: a timer repeats the last one.
 * Nothing that fails here is an error of the request.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_name.h"
#include "process/ngx_http_chatws_clock.h"
#include "process/ngx_http_chatws_event.h"
#include "process/ngx_http_chatws_scratch.h"
#include "hub/ngx_http_chatws_hub_presence.h"
#include "endpoint/ngx_http_chatws_field.h"
#include "endpoint/ngx_http_chatws_identity.h"
#include "endpoint/ngx_http_chatws_sender.h"
#include "endpoint/ngx_http_chatws_token.h"
#include "endpoint/ngx_http_chatws_upload.h"


/*
 * In milliseconds: after how long what was told last is repeated, a little
 * earlier than clients are promised; and the least time between two
 * notifications to the chat, but for the last one.
 */
#define NGX_HTTP_CHATWS_UPLOAD_REPEAT  4500
#define NGX_HTTP_CHATWS_UPLOAD_CHAT    1000

/* a chat is told of one so many'th of the whole, or repeatedly */
#define NGX_HTTP_CHATWS_UPLOAD_PARTS   20


struct ngx_http_chatws_upload_s {
    ngx_http_request_t                  *request;
    ngx_http_chatws_hub_t               *hub;
    const ngx_http_chatws_rules_t       *rules;
    const ngx_http_chatws_credential_t  *credential;   /* NULL: no token */
    chatws_upload_t                      told;         /* what is told */
    ngx_str_t                            inbox;        /* of the user */
    uint64_t                             user;         /* hash */
    uint64_t                             key;          /* hash of user and
                                                          id */
    uint64_t                             chat_received;    /* told to the */
    chatws_upload_e                      chat_state;       /* chat last */
    ngx_msec_t                           interval;
    ngx_msec_t                           own_time;     /* when its user was
                                                          told */
    ngx_msec_t                           chat_time;    /* and the chat */
    ngx_connection_t                     ident;
    ngx_event_t                          timer;
    unsigned                             shown:1;
    unsigned                             counted:1;
    unsigned                             last:1;       /* all was received */
    unsigned                             ended:1;
    unsigned                             due:1;        /* by the timer */
    unsigned                             resumable:1;
    unsigned                             chat_told:1;
};


/* the parts of an upload that are text */

typedef struct {
    ngx_str_t  id;
    ngx_str_t  user;
    ngx_str_t  name;
    ngx_str_t  chat;
} ngx_http_chatws_upload_texts_t;


static ngx_int_t ngx_http_chatws_upload_evaluate(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf,
    ngx_http_chatws_upload_texts_t *texts);
static ngx_int_t ngx_http_chatws_upload_keep(ngx_http_request_t *r,
    ngx_http_chatws_upload_t *upload,
    const ngx_http_chatws_upload_texts_t *texts);
static void ngx_http_chatws_upload_size(ngx_http_request_t *r,
    ngx_http_chatws_upload_t *upload);
static ngx_int_t ngx_http_chatws_upload_number(ngx_http_request_t *r,
    ngx_str_t *name, uint64_t *number);
static void ngx_http_chatws_upload_show(ngx_http_chatws_upload_t *upload);
static void ngx_http_chatws_upload_timer(ngx_event_t *ev);
static void ngx_http_chatws_upload_cleanup(void *data);
static void ngx_http_chatws_upload_end(ngx_http_chatws_upload_t *upload,
    chatws_upload_e state, ngx_uint_t status);
static void ngx_http_chatws_upload_tell(ngx_http_chatws_upload_t *upload);
static void ngx_http_chatws_upload_tell_chat(ngx_http_chatws_upload_t *upload,
    const chatws_str_t *body);
static ngx_uint_t ngx_http_chatws_upload_is_due(
    const ngx_http_chatws_upload_t *upload);
static void ngx_http_chatws_upload_post(ngx_http_chatws_upload_t *upload,
    const ngx_str_t *chat, uint64_t sender, const chatws_str_t *body);


ngx_http_chatws_upload_t *
ngx_http_chatws_upload_create(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf)
{
    ngx_int_t                        rc;
    ngx_pool_cleanup_t              *cln;
    ngx_http_chatws_zone_t          *zone;
    ngx_http_chatws_token_t         *token;
    ngx_http_chatws_upload_t        *upload;
    ngx_http_chatws_upload_texts_t   texts;

    zone = cwlcf->upload->data;

    if (zone->hub == NULL) {
        return NULL;
    }

    rc = ngx_http_chatws_upload_evaluate(r, cwlcf, &texts);
    token = NULL;

    if (rc == NGX_OK && cwlcf->token.sources != NULL) {
        rc = ngx_http_chatws_token_good(r, &token);
    }

    ngx_http_chatws_scratch_put();

    if (rc != NGX_OK) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_chatws_upload_t));
    if (cln == NULL) {
        return NULL;
    }

    upload = cln->data;
    ngx_memzero(upload, sizeof(ngx_http_chatws_upload_t));

    upload->request = r;
    upload->hub = zone->hub;
    upload->rules = &cwlcf->rules;
    upload->credential = token != NULL ? token->credential : NULL;
    upload->interval = cwlcf->upload_interval;

    if (ngx_http_chatws_upload_keep(r, upload, &texts) != NGX_OK) {
        return NULL;
    }

    ngx_http_chatws_upload_size(r, upload);

    upload->chat_received = upload->told.received;

    ngx_http_chatws_event_owner(&upload->ident, upload);
    ngx_http_chatws_event_init(&upload->timer, &upload->ident,
                               ngx_http_chatws_upload_timer,
                               r->connection->log);

    /* a worker that quits does not wait for it */
    upload->timer.cancelable = 1;

    /* what is shown has an end */
    cln->handler = ngx_http_chatws_upload_cleanup;

    ngx_http_chatws_upload_show(upload);

    /* its user is told as soon as the body that is there already was seen */

    upload->due = 1;
    ngx_add_timer(&upload->timer, 0);

    return upload;
}


/* NGX_OK; otherwise the request has no upload that can be shown. */

static ngx_int_t
ngx_http_chatws_upload_evaluate(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf,
    ngx_http_chatws_upload_texts_t *texts)
{
    const chatws_fault_t  *fault;

    if (ngx_http_complex_value(r, cwlcf->upload_id, &texts->id) != NGX_OK
        || chatws_name_check((chatws_str_t *) &texts->id) != CHATWS_OK
        || ngx_http_chatws_identity_user(r, &texts->user, &fault) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    /* an argument names nobody here */

    if ((cwlcf->username == NULL && cwlcf->token.sources == NULL)
        || ngx_http_chatws_identity_username(r, &texts->name, &fault)
           != NGX_OK)
    {
        texts->name = texts->user;
    }

    ngx_str_set(&texts->chat, "");

    if (cwlcf->upload_chat == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, cwlcf->upload_chat, &texts->chat)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (chatws_name_check((chatws_str_t *) &texts->chat) != CHATWS_OK
        || !ngx_http_chatws_chat_allowed(&cwlcf->rules, &texts->chat))
    {
        ngx_str_set(&texts->chat, "");
    }

    return NGX_OK;
}


/*
 * Copies the texts, behind each other: variables may be others later.  The id
 * of the user is that of the inbox, without its first byte; with a zero byte
 * and the id of the upload behind it, it is the key of the upload.
 */

static ngx_int_t
ngx_http_chatws_upload_keep(ngx_http_request_t *r,
    ngx_http_chatws_upload_t *upload,
    const ngx_http_chatws_upload_texts_t *texts)
{
    u_char     *p;
    ngx_str_t   key;

    p = ngx_pnalloc(r->pool, 1 + texts->user.len + 1 + texts->id.len
                             + texts->name.len + texts->chat.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    chatws_inbox_id((chatws_str_t *) &upload->inbox, p,
                    (chatws_str_t *) &texts->user);

    upload->told.user.data = p + 1;
    upload->told.user.len = texts->user.len;

    p += upload->inbox.len;
    *p++ = '\0';

    upload->told.id.data = p;
    upload->told.id.len = texts->id.len;

    p = ngx_cpymem(p, texts->id.data, texts->id.len);

    upload->told.name.data = p;
    upload->told.name.len = texts->name.len;

    p = ngx_cpymem(p, texts->name.data, texts->name.len);

    upload->told.chat.data = p;
    upload->told.chat.len = texts->chat.len;

    ngx_memcpy(p, texts->chat.data, texts->chat.len);

    key.data = upload->told.user.data;
    key.len = texts->user.len + 1 + texts->id.len;

    upload->key = ngx_http_chatws_hub_hash(upload->hub, &key);
    upload->user = ngx_http_chatws_hub_hash(upload->hub,
                                          (ngx_str_t *) &upload->told.user);

    return NGX_OK;
}


/*
 * What is uploaded in several requests, by the protocol of tus or by the draft
 * of the IETF that came of it, has an offset and a length of the whole.
 */

static void
ngx_http_chatws_upload_size(ngx_http_request_t *r,
    ngx_http_chatws_upload_t *upload)
{
    uint64_t          number;

    static ngx_str_t  tus = ngx_string("Tus-Resumable");
    static ngx_str_t  offset = ngx_string("Upload-Offset");
    static ngx_str_t  complete = ngx_string("Upload-Complete");
    static ngx_str_t  length = ngx_string("Upload-Length");
    static ngx_str_t  total = ngx_string("X-Upload-Length");

    upload->resumable =
        ngx_http_chatws_upload_number(r, &offset, &upload->told.received)
        != NGX_DECLINED
        || ngx_http_chatws_upload_number(r, &tus, &number) != NGX_DECLINED
        || ngx_http_chatws_upload_number(r, &complete, &number)
           != NGX_DECLINED;

    if (upload->resumable) {
        upload->told.sized =
            ngx_http_chatws_upload_number(r, &total, &upload->told.total)
            == NGX_OK
            || ngx_http_chatws_upload_number(r, &length, &upload->told.total)
               == NGX_OK;
        return;
    }

    /* while chunks come, nginx counts them in the length */

    if (!r->headers_in.chunked && r->headers_in.content_length_n >= 0) {
        upload->told.total = r->headers_in.content_length_n;
        upload->told.sized = 1;
    }
}


/*
 * Sets *number to the value of a field of the request, if it is one.
 * NGX_DECLINED: there is no such field; NGX_ERROR: it is no number.
 */

static ngx_int_t
ngx_http_chatws_upload_number(ngx_http_request_t *r, ngx_str_t *name,
    uint64_t *number)
{
    off_t                          n;
    chatws_str_t                  *value;
    ngx_http_chatws_field_walk_t   walk;

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);
    value = ngx_http_chatws_field_next(&walk, name);

    if (value == NULL) {
        return NGX_DECLINED;
    }

    n = ngx_atoof(value->data, value->len);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


ngx_http_chatws_upload_t *
ngx_http_chatws_upload_find(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_http_chatws_upload_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


/* Shows the upload, if it is the only one of its id, and not one too many. */

static void
ngx_http_chatws_upload_show(ngx_http_chatws_upload_t *upload)
{
    ngx_int_t  rc;

    rc = ngx_http_chatws_upload_take(upload->hub, upload->user, upload->key);

    upload->shown = rc != NGX_DECLINED;
    upload->counted = rc == NGX_OK;

    if (upload->shown) {
        upload->chat_time = ngx_current_msec;
        ngx_http_chatws_hub_count(upload->hub, NGX_HTTP_CHATWS_N_UPLOADS, 1);
    }
}


void
ngx_http_chatws_upload_received(ngx_http_chatws_upload_t *upload, off_t size,
    ngx_uint_t last)
{
    ngx_msec_t  past;

    if (upload->last || upload->ended) {
        return;
    }

    upload->told.received += size;

    if (last) {
        upload->last = 1;

        /* there may be more of it in another request */

        if (!upload->resumable || !upload->told.sized
            || upload->told.received >= upload->told.total)
        {
            upload->told.state = CHATWS_UPLOAD_PROCESSING;
        }

        ngx_http_chatws_upload_tell(upload);
        return;
    }

    if (upload->due || size == 0) {
        return;
    }

    upload->due = 1;

    past = ngx_current_msec - upload->own_time;

    ngx_add_timer(&upload->timer,
                  past < upload->interval ? upload->interval - past : 0);
}


void
ngx_http_chatws_upload_answered(ngx_http_chatws_upload_t *upload,
    ngx_uint_t status)
{
    if (status >= NGX_HTTP_SPECIAL_RESPONSE) {
        ngx_http_chatws_upload_end(upload, CHATWS_UPLOAD_FAILED, status);

    } else if (status >= NGX_HTTP_OK && upload->last) {
        ngx_http_chatws_upload_end(upload,
                                   upload->told.state
                                   == CHATWS_UPLOAD_PROCESSING
                                   ? CHATWS_UPLOAD_DONE
                                   : CHATWS_UPLOAD_RUNNING, status);
    }
}


/* Tells news, or repeats what was told last. */

static void
ngx_http_chatws_upload_timer(ngx_event_t *ev)
{
    ngx_http_chatws_upload_t  *upload;

    upload = ngx_http_chatws_event_data(ev);

    /* another one may have ended */

    if (!upload->shown) {
        ngx_http_chatws_upload_show(upload);
    }

    ngx_http_chatws_upload_tell(upload);
}


/* The request is over.  If it was not answered, somebody has left. */

static void
ngx_http_chatws_upload_cleanup(void *data)
{
    ngx_http_chatws_upload_t *upload = data;

    if (upload->told.state == CHATWS_UPLOAD_PROCESSING) {
        ngx_http_chatws_upload_end(upload, CHATWS_UPLOAD_FAILED,
                                   upload->request->headers_out.status);
        return;
    }

    ngx_http_chatws_upload_end(upload, upload->resumable
                                       ? CHATWS_UPLOAD_PAUSED
                                       : CHATWS_UPLOAD_ABORTED, 0);
}


static void
ngx_http_chatws_upload_end(ngx_http_chatws_upload_t *upload,
    chatws_upload_e state, ngx_uint_t status)
{
    if (upload->ended) {
        return;
    }

    upload->told.state = state;
    upload->told.status = status;

    upload->ended = 1;

    ngx_http_chatws_upload_tell(upload);

    if (upload->timer.timer_set) {
        ngx_del_timer(&upload->timer);
    }

    if (upload->counted) {
        ngx_http_chatws_upload_leave(upload->hub, upload->user, upload->key);
    }
}


/* Tells the user, and the chat if that is due, and sets the next time. */

static void
ngx_http_chatws_upload_tell(ngx_http_chatws_upload_t *upload)
{
    ngx_msec_t    next, wait, past;
    chatws_str_t  body;
    u_char        text[CHATWS_NOTIFY_SIZE];

    next = NGX_HTTP_CHATWS_UPLOAD_REPEAT;

    upload->due = 0;

    if (upload->shown) {
        body.data = text;
        body.len = sizeof(text);

        upload->told.ms = ngx_http_chatws_now();
        upload->own_time = ngx_current_msec;

        if (chatws_notify_upload(&body, &upload->told) != CHATWS_OK) {
            return;
        }

        ngx_http_chatws_upload_post(upload, &upload->inbox, 0, &body);

        if (upload->told.chat.len != 0) {
            ngx_http_chatws_upload_tell_chat(upload, &body);

            wait = upload->chat_state != upload->told.state
                   ? NGX_HTTP_CHATWS_UPLOAD_CHAT
                   : NGX_HTTP_CHATWS_UPLOAD_REPEAT;

            past = ngx_current_msec - upload->chat_time;
            next = past < wait ? wait - past : 1;
        }
    }

    if (!upload->ended) {
        ngx_add_timer(&upload->timer, next);
    }
}


static void
ngx_http_chatws_upload_tell_chat(ngx_http_chatws_upload_t *upload,
    const chatws_str_t *body)
{
    ngx_str_t  *chat;

    if (!upload->ended && !ngx_http_chatws_upload_is_due(upload)) {
        return;
    }

    /* it may lose the right, or get it, meanwhile; or become invisible */

    chat = (ngx_str_t *) &upload->told.chat;

    if (!ngx_http_chatws_hub_is_invisible(upload->hub, upload->user)
        && ngx_http_chatws_sender_known(upload->hub, upload->rules,
                                        (ngx_str_t *) &upload->told.user,
                                        upload->credential, chat))
    {
        ngx_http_chatws_upload_post(upload, chat, upload->user, body);
    }

    upload->chat_time = ngx_current_msec;
    upload->chat_received = upload->told.received;
    upload->chat_state = upload->told.state;
    upload->chat_told = 1;
}


/* Whether there is something to tell the chat while the upload goes on. */

static ngx_uint_t
ngx_http_chatws_upload_is_due(const ngx_http_chatws_upload_t *upload)
{
    uint64_t    more;
    ngx_msec_t  past;

    past = ngx_current_msec - upload->chat_time;

    if (past >= NGX_HTTP_CHATWS_UPLOAD_REPEAT) {
        return 1;
    }

    if (upload->chat_told && past < NGX_HTTP_CHATWS_UPLOAD_CHAT) {
        return 0;
    }

    more = upload->told.received - upload->chat_received;

    return upload->chat_state != upload->told.state
           || (upload->told.sized
               && more != 0
               && more >= upload->told.total / NGX_HTTP_CHATWS_UPLOAD_PARTS);
}


static void
ngx_http_chatws_upload_post(ngx_http_chatws_upload_t *upload,
    const ngx_str_t *chat, uint64_t sender, const chatws_str_t *body)
{
    chatws_post_t    post;
    chatws_posted_t  posted;

    ngx_memzero(&post, sizeof(chatws_post_t));

    post.chat = *(const chatws_str_t *) chat;
    post.sender = sender;
    post.time = upload->told.ms;
    post.body = *body;
    post.ring = CHATWS_EPHEMERAL;

    /* one that there is no room for is repeated */

    (void) ngx_http_chatws_hub_publish(upload->hub, 0, &post,
                                       NGX_HTTP_CHATWS_N_UPLOAD_PROGRESS,
                                       &posted);
}
