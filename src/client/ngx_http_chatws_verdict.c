
/*
 * Copyright (C) chatws contributors
 *
 * Questions to the app server, and its answers: see ngx_http_chatws_verdict.h.
 * Whatever is not a clear answer grants nothing.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_name.h"
#include "base/chatws_str.h"
#include "json/chatws_json_scan.h"
#include "token/chatws_grant.h"
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_verdict.h"


/* bytes that an id takes in JSON at most, with quotes and a comma */
#define NGX_HTTP_CHATWS_VERDICT_ID  (6 * CHATWS_NAME_MAX + 3)

/* levels of the JSON of an answer */
#define NGX_HTTP_CHATWS_VERDICT_DEPTH  4


/* An answer, as it is read. */

typedef struct {
    const ngx_http_chatws_rules_t  *rules;
    ngx_http_chatws_verdict_pt      handler;
    void                           *owner;
    chatws_json_arena_t             arena;
    chatws_str_t                    chats;   /* the JSON object; empty: none */
    chatws_str_t                    valid;   /* the number; empty: none */
    time_t                          ttl;     /* of grants, seconds */
} ngx_http_chatws_verdict_t;


static const char *ngx_http_chatws_verdict_parse(
    const ngx_http_chatws_rules_t *rules, const ngx_str_t *body,
    ngx_http_chatws_verdict_pt handler, void *owner);
static chatws_rc_e ngx_http_chatws_verdict_member(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e ngx_http_chatws_verdict_form(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e ngx_http_chatws_verdict_said(void *data,
    const chatws_json_member_t *m);


ngx_int_t
ngx_http_chatws_verdict_open(ngx_http_chatws_verdict_ask_t *question,
    const ngx_str_t *user)
{
    size_t  size;

    size = sizeof("{\"userId\":,\"chats\":[]}")
           + (NGX_HTTP_CHATWS_QUESTION_CHATS + 1) * NGX_HTTP_CHATWS_VERDICT_ID;

    question->n = 0;
    question->text.len = size;
    question->text.data = ngx_http_chatws_scratch_get(
                                        NGX_HTTP_CHATWS_SCRATCH_RESUME, size);
    if (question->text.data == NULL) {
        return NGX_ERROR;
    }

    chatws_json_out_begin(&question->json, &question->text);

    chatws_json_put_lit(&question->json, "{\"userId\":");
    chatws_json_put_string(&question->json, (const chatws_str_t *) user);
    chatws_json_put_lit(&question->json, ",\"chats\":[");

    return NGX_OK;
}


void
ngx_http_chatws_verdict_chat(ngx_http_chatws_verdict_ask_t *question,
    const ngx_str_t *chat)
{
    if (question->n++ != 0) {
        chatws_json_put_lit(&question->json, ",");
    }

    chatws_json_put_string(&question->json, (const chatws_str_t *) chat);
}


ngx_http_chatws_ask_t *
ngx_http_chatws_verdict_ask(ngx_http_chatws_verdict_ask_t *question,
    const ngx_http_chatws_rules_t *rules, ngx_msec_t timeout,
    ngx_http_chatws_asked_pt handler, void *owner)
{
    ngx_str_t  fields;

    chatws_json_put_lit(&question->json, "]}");

    (void) chatws_json_out_end(&question->json, &question->text);

    ngx_str_null(&fields);

    return ngx_http_chatws_ask(rules->access_app, &fields,
                               (ngx_str_t *) &question->text, timeout,
                               handler, owner);
}


ngx_int_t
ngx_http_chatws_verdict_read(const ngx_http_chatws_rules_t *rules,
    ngx_uint_t status, const ngx_str_t *body,
    ngx_http_chatws_verdict_pt handler, void *owner)
{
    const char  *why;

    switch (status) {

    case NGX_HTTP_OK:
        why = ngx_http_chatws_verdict_parse(rules, body, handler, owner);
        break;

    case NGX_HTTP_FORBIDDEN:
        return NGX_OK;

    case 0:
        /* no answer, which was logged */
        return NGX_DECLINED;

    default:
        why = "its status is neither 200 nor 403";
    }

    if (why == NULL) {
        return NGX_OK;
    }

    ngx_http_chatws_app_failed(rules->access_app, why, 0);

    return NGX_DECLINED;
}


/* Calls the handler.  Returns NULL, or what is wrong with the answer. */

static const char *
ngx_http_chatws_verdict_parse(const ngx_http_chatws_rules_t *rules,
    const ngx_str_t *body, ngx_http_chatws_verdict_pt handler, void *owner)
{
    void                       *mem;
    size_t                      size;
    uint64_t                    valid;
    ngx_http_chatws_verdict_t   answer;

    size = chatws_json_arena_size(body->len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_PARSE, size);

    if (mem == NULL) {
        return "no memory";
    }

    ngx_memzero(&answer, sizeof(ngx_http_chatws_verdict_t));

    answer.rules = rules;
    answer.handler = handler;
    answer.owner = owner;

    chatws_json_arena_init(&answer.arena, mem, size);

    if (chatws_json_object(&answer.arena, (chatws_str_t *) body,
                           NGX_HTTP_CHATWS_VERDICT_DEPTH,
                           ngx_http_chatws_verdict_member, &answer)
        != CHATWS_OK
        || answer.chats.len == 0)
    {
        return "its body has no object \"chats\"";
    }

    valid = rules->access_valid;

    if (answer.valid.len != 0
        && chatws_json_uint(&answer.valid, &valid) != CHATWS_OK)
    {
        return "its \"valid\" is no number of seconds";
    }

    answer.ttl = (time_t) ngx_min(valid, rules->access_valid);

    /* all of it is looked at before anything is granted */

    if (chatws_json_object(&answer.arena, &answer.chats,
                           NGX_HTTP_CHATWS_VERDICT_DEPTH,
                           ngx_http_chatws_verdict_form, NULL)
        != CHATWS_OK)
    {
        return "its \"chats\" has what is no array of rights";
    }

    (void) chatws_json_object(&answer.arena, &answer.chats,
                              NGX_HTTP_CHATWS_VERDICT_DEPTH,
                              ngx_http_chatws_verdict_said, &answer);

    return NULL;
}


static chatws_rc_e
ngx_http_chatws_verdict_member(void *data, const chatws_json_member_t *m)
{
    ngx_http_chatws_verdict_t *answer = data;

    static const chatws_str_t  chats = chatws_str("chats");
    static const chatws_str_t  valid = chatws_str("valid");

    /* who writes a member twice means at most one of them */

    if (chatws_str_equal(&m->name, &chats)) {

        if (m->type != CHATWS_JSON_OBJECT || answer->chats.len != 0) {
            return CHATWS_ERROR;
        }

        answer->chats = m->value;

    } else if (chatws_str_equal(&m->name, &valid)) {

        if (answer->valid.len != 0) {
            return CHATWS_ERROR;
        }

        answer->valid = m->value;
    }

    return CHATWS_OK;
}


static chatws_rc_e
ngx_http_chatws_verdict_form(void *data, const chatws_json_member_t *m)
{
    return m->type == CHATWS_JSON_ARRAY ? CHATWS_OK : CHATWS_ERROR;
}


static chatws_rc_e
ngx_http_chatws_verdict_said(void *data, const chatws_json_member_t *m)
{
    ngx_http_chatws_verdict_t *answer = data;

    time_t      ttl;
    ngx_uint_t  rights;

    if (m->lossy) {
        return CHATWS_OK;
    }

    rights = chatws_rights_parse(&m->value, &answer->arena);

    ttl = rights != 0 ? answer->ttl : (time_t) answer->rules->access_denied;

    answer->handler(answer->owner, (const ngx_str_t *) &m->name, rights, ttl);

    return CHATWS_OK;
}
