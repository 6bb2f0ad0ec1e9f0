
/*
 * Copyright (C) chatws contributors
 *
 * Publications to users: whom "toUsers" names.
 */


#include "base/chatws_name.h"
#include "protocol/chatws_publication_private.h"


typedef struct {
    chatws_pub_user_pt   handler;     /* NULL: they are only counted */
    void                *data;
    size_t               n;
} chatws_pub_walk_t;


static chatws_rc_e chatws_publication_walk(const chatws_publication_t *pub,
    chatws_pub_walk_t *walk, void *mem, size_t size);
static chatws_rc_e chatws_publication_user(void *data,
    const chatws_json_member_t *m);


chatws_rc_e
chatws_publication_aim(chatws_publication_t *pub, int users, void *mem,
    size_t size)
{
    chatws_pub_walk_t  walk;

    if (pub->to.len == 0) {
        return CHATWS_OK;
    }

    if (!users) {
        return pub->chat.len != 0
               ? CHATWS_OK
               : chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                  "chatId must be a string");
    }

    walk.handler = NULL;
    walk.data = NULL;

    if (chatws_publication_walk(pub, &walk, mem, size) != CHATWS_OK
        || walk.n == 0)
    {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                "toUsers must be a string, or an array of 1 "
                                "to 1000 strings");
    }

    pub->target = 1;
    pub->nusers = walk.n;

    return CHATWS_OK;
}


chatws_rc_e
chatws_publication_users(const chatws_publication_t *pub, void *mem,
    size_t size, chatws_pub_user_pt handler, void *data)
{
    chatws_pub_walk_t  walk;

    walk.handler = handler;
    walk.data = data;

    return chatws_publication_walk(pub, &walk, mem, size);
}


static chatws_rc_e
chatws_publication_walk(const chatws_publication_t *pub,
    chatws_pub_walk_t *walk, void *mem, size_t size)
{
    const chatws_str_t    *value;
    chatws_json_arena_t    arena;
    chatws_json_member_t   m;

    value = &pub->to;
    walk->n = 0;

    if (value->data[0] == '[') {
        chatws_json_arena_init(&arena, mem, size);

        return chatws_json_array(&arena, value, CHATWS_JSON_DEPTH,
                                 chatws_publication_user, walk);
    }

    m.type = value->data[0] == '"' ? CHATWS_JSON_STRING : CHATWS_JSON_NULL;
    m.string = pub->user;
    m.lossy = pub->user_lossy;

    return chatws_publication_user(walk, &m);
}


static chatws_rc_e
chatws_publication_user(void *data, const chatws_json_member_t *m)
{
    chatws_pub_walk_t *walk = data;

    if (m->type != CHATWS_JSON_STRING || walk->n == CHATWS_PUB_USERS_MAX) {
        return CHATWS_ERROR;
    }

    walk->n++;

    if (walk->handler == NULL) {
        return CHATWS_OK;
    }

    return walk->handler(walk->data, &m->string,
                         !m->lossy
                         && chatws_name_check(&m->string) == CHATWS_OK);
}
