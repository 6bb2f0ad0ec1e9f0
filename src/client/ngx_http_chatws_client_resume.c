
/*
 * Copyright (C) chatws contributors
 *
 * Resume: a client that comes back subscribes to all its chats with one
 * message, and gets one answer and then what it missed.  Protocol, section 5.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client_replay.h"
#include "process/ngx_http_chatws_scratch.h"


typedef struct {
    ngx_http_chatws_client_t   *client;
    ngx_http_chatws_replay_t    replay;
    chatws_json_out_t           json;
    ngx_uint_t                  n;          /* chats so far */
    unsigned                    same:1;     /* the epoch is ours */
} ngx_http_chatws_resume_t;


static chatws_rc_e ngx_http_chatws_resume_chat(void *data,
    const chatws_resume_t *r);


void
ngx_http_chatws_resume(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    void                      *mem;
    u_char                    *answer;
    size_t                     size;
    uint64_t                   epoch;
    ngx_http_chatws_resume_t   resume;

    epoch = chatws_store_epoch(client->subscriber.hub->zone.store)
            & CHATWS_EPOCH_MASK;

    size = chatws_json_arena_size(action->chats.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_RESUME, size);

    answer = ngx_alloc(CHATWS_FRAME_HEAD_OUT + CHATWS_NOTIFY_SIZE
                       + action->chats.len * CHATWS_RESUMED_GROWTH,
                       ngx_cycle->log);

    if (mem == NULL || answer == NULL) {
        ngx_free(answer);
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return;
    }

    ngx_memzero(&resume, sizeof(ngx_http_chatws_resume_t));

    resume.client = client;
    resume.same = action->epoch == epoch;
    resume.json.pos = answer + CHATWS_FRAME_HEAD_OUT;
    resume.json.last = resume.json.pos + CHATWS_NOTIFY_SIZE
                       + action->chats.len * CHATWS_RESUMED_GROWTH;

    ngx_http_chatws_replay_init(&resume.replay, client);

    chatws_notify_resumed_open(&resume.json);

    (void) chatws_action_resume(action, CHATWS_JSON_DEPTH, mem, size,
                                ngx_http_chatws_resume_chat, &resume);

    chatws_notify_resumed_close(&resume.json, epoch, &action->id);

    ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                 answer + CHATWS_FRAME_HEAD_OUT,
                                 resume.json.pos - answer
                                 - CHATWS_FRAME_HEAD_OUT);

    ngx_http_chatws_replay_send(&resume.replay);
    ngx_http_chatws_replay_done(&resume.replay);

    ngx_free(answer);
}


static chatws_rc_e
ngx_http_chatws_resume_chat(void *data, const chatws_resume_t *r)
{
    ngx_http_chatws_resume_t *resume = data;

    ngx_uint_t                recovered;
    chatws_subscribed_t       at;
    const chatws_fault_t     *fault;

    at.seq = 0;
    recovered = 0;

    fault = r->fault.error.len != 0
            ? &r->fault
            : ngx_http_chatws_enter(resume->client, (ngx_str_t *) &r->chat, 1,
                                    &at);

    if (fault == NULL && resume->same) {
        recovered = ngx_http_chatws_replay_add(&resume->replay, &at, r->seq);
    }

    if (fault == NULL) {
        ngx_http_chatws_hub_count(resume->client->subscriber.hub,
                                  recovered ? NGX_HTTP_CHATWS_N_RECOVERED
                                            : NGX_HTTP_CHATWS_N_UNRECOVERED,
                                  1);
    }

    chatws_notify_resumed_chat(&resume->json, resume->n++ == 0, &r->chat,
                               at.seq, recovered,
                               fault == NULL ? NULL : &fault->error);

    return CHATWS_OK;
}
