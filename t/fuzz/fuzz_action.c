
/*
 * Copyright (C) chatws contributors
 *
 * Client messages: whatever comes in, what goes out is valid JSON within the
 * promised room, and a block of the promised size is as good as a larger one.
 */


#include "fuzz_json.h"

#include "protocol/chatws_action.c"
#include "protocol/chatws_action_presence.c"
#include "protocol/chatws_action_read.c"
#include "protocol/chatws_presence.c"


static void reply(const chatws_action_t *action, chatws_rc_e rc);
static void resume(const chatws_action_t *action);
static chatws_rc_e resume_chat(void *data, const chatws_resume_t *r);
static void presence(const chatws_action_t *action);
static chatws_rc_e presence_user(void *data, const chatws_str_t *user);
static void delivered(const chatws_action_t *action);
static void delivered_chat(void *data, const chatws_str_t *chat,
    uint64_t seq);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void             *large, *mem;
    size_t            n;
    chatws_rc_e       rc;
    chatws_str_t      text;
    chatws_action_t   action, again;

    text.len = size;
    text.data = malloc(size ? size : 1);
    memcpy(text.data, data, size);

    n = chatws_json_arena_size(size);
    mem = malloc(n);
    large = malloc(4 * n);

    rc = chatws_action_parse(&action, &text, CHATWS_JSON_DEPTH, mem, n);

    check(chatws_action_parse(&again, &text, CHATWS_JSON_DEPTH, large, 4 * n)
          == rc);

    reply(&action, rc);

    if (rc == CHATWS_OK) {

        if (action.verb == CHATWS_VERB_RESUME) {
            resume(&action);

        } else if (action.verb == CHATWS_VERB_DELIVERED) {
            delivered(&action);

        } else if (action.verb == CHATWS_VERB_PRESENCE
                   || action.verb == CHATWS_VERB_WATCH)
        {
            presence(&action);

        } else if (action.verb != CHATWS_VERB_AUTH) {
            check(chatws_name_check(&action.chat) == CHATWS_OK);
        }
    }

    /* far too small a block */

    (void) chatws_action_parse(&again, &text, CHATWS_JSON_DEPTH, mem,
                               n / 4 + size % 97);

    free(large);
    free(mem);
    free(text.data);

    return 0;
}


static void
reply(const chatws_action_t *action, chatws_rc_e rc)
{
    uint8_t             *buf;
    chatws_str_t         out;
    chatws_cause_t       cause;
    chatws_fault_t       fault;
    chatws_unread_t      u;
    chatws_confirmed_t   c;

    static const chatws_str_t  user = chatws_str("u");

    buf = malloc(CHATWS_NOTIFY_SIZE);

    out.data = buf;
    out.len = CHATWS_NOTIFY_SIZE;

    if (rc != CHATWS_OK) {
        fault = action->fault;
        fault.about = 1;

        cause.verb = action->verb;
        cause.chat = action->chat;
        cause.id = action->id;
        cause.retry_after = UINT64_MAX;

        check(chatws_notify_error(&out, &fault, &cause, 0) == CHATWS_OK);
        check_output(&out, CHATWS_JSON_DEPTH);

    } else if (action->verb == CHATWS_VERB_TYPING) {
        check(chatws_notify_typing(&out, &action->chat, &action->chat,
                                   &action->chat, action->typing, 0)
              == CHATWS_OK);
        check_output(&out, CHATWS_JSON_DEPTH);

    } else if (action->verb == CHATWS_VERB_AUTH) {
        check(chatws_notify_authenticated(&out, &user, &action->id, 0)
              == CHATWS_OK);
        check_output(&out, CHATWS_JSON_DEPTH);

    } else if (action->verb == CHATWS_VERB_READ
               || action->verb == CHATWS_VERB_MARK)
    {
        memset(&u, 0, sizeof(chatws_unread_t));

        u.chat = action->chat;
        u.id = action->id;
        u.mark.read = action->seq;
        u.mark.seen = INT64_MIN;
        u.mark.marked = action->unread;

        out.len = CHATWS_UNREAD_SIZE;

        check(chatws_unread_write(&out, &u) == CHATWS_OK);
        check_output(&out, CHATWS_JSON_DEPTH);

    } else if (action->verb != CHATWS_VERB_RESUME
               && action->verb != CHATWS_VERB_DELIVERED
               && action->verb != CHATWS_VERB_PRESENCE
               && action->verb != CHATWS_VERB_WATCH)
    {
        memset(&c, 0, sizeof(chatws_confirmed_t));

        c.chat = action->chat;
        c.id = action->id;
        c.subscribed = action->verb == CHATWS_VERB_SUBSCRIBE;
        c.seq = action->seq;
        c.epoch = action->epoch;
        c.since = action->since;

        check(chatws_notify_confirmed(&out, &c) == CHATWS_OK);
        check_output(&out, CHATWS_JSON_DEPTH);
    }

    free(buf);
}


static void
resume(const chatws_action_t *action)
{
    void         *mem;
    size_t        n;

    n = chatws_json_arena_size(action->chats.len);
    mem = malloc(n);

    check(chatws_action_resume(action, CHATWS_JSON_DEPTH, mem, n, resume_chat,
                               NULL)
          == CHATWS_OK);

    free(mem);
}


static chatws_rc_e
resume_chat(void *data, const chatws_resume_t *r)
{
    (void) data;

    check(chatws_utf8_valid(r->chat.data, r->chat.len) == CHATWS_OK);

    if (r->fault.error.len == 0) {
        check(chatws_name_check(&r->chat) == CHATWS_OK);
    }

    return CHATWS_OK;
}


static void
delivered(const chatws_action_t *action)
{
    void    *mem;
    size_t   n;

    n = chatws_json_arena_size(action->chats.len);
    mem = malloc(n);

    chatws_action_delivered_chats(action, CHATWS_JSON_DEPTH, mem, n,
                                  delivered_chat, NULL);

    free(mem);
}


static void
delivered_chat(void *data, const chatws_str_t *chat, uint64_t seq)
{
    (void) data;
    (void) seq;

    check(chatws_name_check(chat) == CHATWS_OK);
}


/* Whoever says something names nobody; else each user is told as asked for. */

static void
presence(const chatws_action_t *action)
{
    void   *mem;
    size_t  n, users;

    if (action->said != CHATWS_SAID_NOTHING) {
        check(action->chat.len == 0 && action->users.len == 0);
        return;
    }

    n = chatws_json_arena_size(action->users.len);
    mem = malloc(n);
    users = 0;

    check(chatws_action_users(action, CHATWS_JSON_DEPTH, mem, n,
                              presence_user, &users)
          == CHATWS_OK);
    check(users == action->nusers);

    free(mem);
}


static chatws_rc_e
presence_user(void *data, const chatws_str_t *user)
{
    size_t *users = data;

    uint8_t            *buf;
    chatws_str_t        out;
    chatws_present_t    present;
    chatws_presence_t   told;

    check(chatws_name_check(user) == CHATWS_OK);

    (*users)++;

    present.user = *user;
    present.seen = *users;
    present.state = *users % (CHATWS_PRESENCE_LEFT + 1);

    memset(&told, 0, sizeof(chatws_presence_t));

    told.chat = *user;
    told.list = &present;
    told.n = 1;
    told.names = 1;

    out.len = CHATWS_PRESENCE_SIZE + CHATWS_PRESENCE_USER_SIZE;
    out.data = buf = malloc(out.len);

    check(chatws_presence_write(&out, &told) == CHATWS_OK);
    check_output(&out, CHATWS_JSON_DEPTH);

    free(buf);

    return CHATWS_OK;
}
