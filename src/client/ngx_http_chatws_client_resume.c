
/*
 * Copyright (C) chatws contributors
 *
 * Resume: a client that comes back subscribes to all its chats with one
 * message.  It gets one answer, and then the notifications that it has missed.
 * Protocol, section 5.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_client_inbox.h"
#include "client/ngx_http_chatws_client_members.h"
#include "client/ngx_http_chatws_client_private.h"
#include "client/ngx_http_chatws_client_read.h"
#include "client/ngx_http_chatws_client_replay.h"
#include "client/ngx_http_chatws_client_state.h"


/* bytes of the shortest member of an object, the comma included */
#define NGX_HTTP_CHATWS_MEMBER_MIN  5


typedef struct {
    ngx_http_chatws_client_t   *client;
    ngx_http_chatws_replay_t    replay;
    chatws_json_out_t           json;
    uint64_t                   *seen;       /* a hash table of the hashes of
                                               chat ids; 0: a free place */
    size_t                      mask;       /* the number of places - 1 */
    ngx_uint_t                  n;          /* chats so far */
    unsigned                    same:1;     /* the client knows this epoch */
    unsigned                    state:1;    /* it wants the states, too */
} ngx_http_chatws_resume_t;


static ngx_int_t ngx_http_chatws_resume_init(
    ngx_http_chatws_resume_t *resume, size_t len);
static ngx_uint_t ngx_http_chatws_resume_again(
    ngx_http_chatws_resume_t *resume, const chatws_str_t *name);
static const chatws_fault_t *ngx_http_chatws_resume_enter(
    ngx_http_chatws_client_t *client, const chatws_resume_t *r,
    chatws_subscribed_t *at);
static chatws_rc_e ngx_http_chatws_resume_chat(void *data,
    const chatws_resume_t *r);


void
ngx_http_chatws_client_resume(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    void                      *mem;
    u_char                    *answer;
    size_t                     room, size;
    uint64_t                   epoch;
    ngx_int_t                  rc;
    chatws_resumed_user_t      user;
    ngx_http_chatws_resume_t   resume;

    epoch = ngx_http_chatws_hub_epoch(client->subscriber.hub)
            & CHATWS_EPOCH_MASK;

    size = chatws_json_arena_size(action->chats.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_RESUME, size);

    room = CHATWS_NOTIFY_SIZE
           + action->chats.len
             * (ngx_http_chatws_has_unread(client->subscriber.hub)
                ? CHATWS_RESUMED_MARKED : CHATWS_RESUMED_GROWTH);

    answer = ngx_alloc(CHATWS_FRAME_HEAD_OUT + room, ngx_cycle->log);

    if (mem == NULL
        || answer == NULL
        || ngx_http_chatws_resume_init(&resume, action->chats.len) != NGX_OK)
    {
        ngx_free(answer);
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return;
    }

    resume.client = client;
    resume.same = action->epoch == epoch;
    resume.state = action->state;
    resume.json.pos = answer + CHATWS_FRAME_HEAD_OUT;
    resume.json.last = resume.json.pos + room;

    ngx_http_chatws_replay_init(&resume.replay, client);

    chatws_notify_resumed_open(&resume.json);

    rc = ngx_http_chatws_inbox_resume(client, action, &resume.replay, &user);

    (void) chatws_action_resume(action, CHATWS_JSON_DEPTH, mem, size,
                                ngx_http_chatws_resume_chat, &resume);

    chatws_notify_resumed_close(&resume.json, rc == NGX_OK ? &user : NULL,
                                epoch, &action->id);

    ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                 answer + CHATWS_FRAME_HEAD_OUT,
                                 resume.json.pos - answer
                                 - CHATWS_FRAME_HEAD_OUT);

    ngx_http_chatws_replay_send(&resume.replay);
    ngx_http_chatws_replay_done(&resume.replay);

    ngx_http_chatws_members_resumed(client);

    if (action->state) {
        ngx_http_chatws_state_tell(client);
    }

    ngx_free(resume.seen);
    ngx_free(answer);
}


/*
 * Makes the hash table, which has at least twice as many places as there can be
 * chats in an object of len bytes.
 */

static ngx_int_t
ngx_http_chatws_resume_init(ngx_http_chatws_resume_t *resume, size_t len)
{
    size_t  n;

    ngx_memzero(resume, sizeof(ngx_http_chatws_resume_t));

    for (n = 16; n / 2 <= len / NGX_HTTP_CHATWS_MEMBER_MIN; n *= 2) {
        /* void */
    }

    resume->seen = ngx_calloc(n * sizeof(uint64_t), ngx_cycle->log);
    resume->mask = n - 1;

    return resume->seen == NULL ? NGX_ERROR : NGX_OK;
}


/*
 * Returns 1 if the chat was in this resume before, perhaps with other escapes;
 * else 0, and the chat is added.
 */

static ngx_uint_t
ngx_http_chatws_resume_again(ngx_http_chatws_resume_t *resume,
    const chatws_str_t *name)
{
    size_t    i;
    uint64_t  hash;

    hash = ngx_http_chatws_hub_hash(resume->client->subscriber.hub,
                                    (ngx_str_t *) name);

    for (i = hash & resume->mask;
         resume->seen[i] != 0;
         i = (i + 1) & resume->mask)
    {
        if (resume->seen[i] == hash) {
            return 1;
        }
    }

    resume->seen[i] = hash;

    return 0;
}


/* Subscribes to one chat.  Returns NULL, or the fault that it is told with. */

static const chatws_fault_t *
ngx_http_chatws_resume_enter(ngx_http_chatws_client_t *client,
    const chatws_resume_t *r, chatws_subscribed_t *at)
{
    ngx_str_t             *chat;
    const chatws_fault_t  *fault;

    if (r->fault.error.len != 0) {
        return &r->fault;
    }

    chat = (ngx_str_t *) &r->chat;

    fault = ngx_http_chatws_client_may(client,
                                       NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE, chat);
    if (fault != NULL) {
        return fault;
    }

    return ngx_http_chatws_client_enter(client, chat, 1, at);
}


/* Is called for each chat: CHATWS_ERROR ends the walk. */

static chatws_rc_e
ngx_http_chatws_resume_chat(void *data, const chatws_resume_t *r)
{
    ngx_http_chatws_resume_t *resume = data;

    ngx_uint_t                recovered;
    chatws_watermark_t        mark, *known;
    chatws_subscribed_t       at;
    const chatws_fault_t     *fault;

    if (ngx_http_chatws_resume_again(resume, &r->chat)) {
        return CHATWS_OK;
    }

    if (resume->client->session.state != NGX_HTTP_CHATWS_OPEN) {
        return CHATWS_ERROR;
    }

    at.seq = 0;
    recovered = 0;

    fault = ngx_http_chatws_resume_enter(resume->client, r, &at);

    if (fault == &ngx_http_chatws_cancelled) {
        return CHATWS_OK;
    }

    if (fault != NULL) {
        at.seq = ngx_http_chatws_retry_after(fault);
    }

    if (fault == NULL && resume->state) {
        ngx_http_chatws_state_ask(resume->client, &r->chat);
    }

    if (fault == NULL && resume->same) {
        recovered = ngx_http_chatws_replay_add(&resume->replay, &at, r->seq);
    }

    if (fault == NULL) {
        ngx_http_chatws_hub_count(resume->client->subscriber.hub,
                                  recovered ? NGX_HTTP_CHATWS_N_RECOVERED
                                            : NGX_HTTP_CHATWS_N_UNRECOVERED,
                                  1);
    }

    known = fault == NULL
            ? ngx_http_chatws_client_watermark(resume->client, &r->chat, &at,
                                               &mark)
            : NULL;

    chatws_notify_resumed_chat(&resume->json, resume->n++ == 0, &r->chat,
                               at.seq, recovered, known,
                               fault == NULL ? NULL : &fault->error);

    return CHATWS_OK;
}
