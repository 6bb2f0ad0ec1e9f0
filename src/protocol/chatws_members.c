
/*
 * Copyright (C) chatws contributors
 *
 * Lists of members: see chatws_members.h.
 */


#include <string.h>

#include "base/chatws_name.h"
#include "json/chatws_json_known.h"
#include "json/chatws_json_scan.h"
#include "protocol/chatws_members.h"
#include "protocol/chatws_notify.h"


/* The members of an entry that is an object. */

typedef enum {
    CHATWS_MEMBERS_USER = 0,
    CHATWS_MEMBERS_UNREAD,
    CHATWS_MEMBERS_MUTED,
    CHATWS_MEMBERS_N
} chatws_members_member_e;


/* A list, as it is read. */

typedef struct {
    chatws_json_arena_t    arena;
    chatws_json_member_t   known[CHATWS_MEMBERS_N];    /* of one entry */
    size_t                 depth;
    chatws_members_pt      handler;
    void                  *data;
    chatws_fault_t        *fault;
    size_t                 n;
} chatws_members_list_t;


/* The chats of a user, as they are read. */

typedef struct {
    chatws_members_chat_pt   handler;
    void                    *data;
} chatws_members_chats_t;


static chatws_rc_e chatws_members_entry(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_members_collect(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_members_object(chatws_members_list_t *list,
    const chatws_json_member_t *m, chatws_members_entry_t *entry);
static chatws_rc_e chatws_members_chat(void *data,
    const chatws_json_member_t *m);


static const chatws_str_t  chatws_members_names[] = {
    [CHATWS_MEMBERS_USER] = chatws_str("userId"),
    [CHATWS_MEMBERS_UNREAD] = chatws_str("unread"),
    [CHATWS_MEMBERS_MUTED] = chatws_str("muted")
};

chatws_static_assert(chatws_members_names_complete,
    chatws_nelts(chatws_members_names) == CHATWS_MEMBERS_N);


chatws_rc_e
chatws_members_list(const chatws_str_t *text, size_t depth, void *mem,
    size_t size, chatws_members_pt handler, void *data, chatws_fault_t *fault)
{
    chatws_members_list_t  list;

    if (text->len == 0) {
        return CHATWS_OK;
    }

    chatws_json_arena_init(&list.arena, mem, size);

    list.depth = depth;
    list.handler = handler;
    list.data = data;
    list.fault = fault;
    list.n = 0;

    fault->error.len = 0;

    if (chatws_json_array(&list.arena, text, depth, chatws_members_entry,
                          &list)
        == CHATWS_OK)
    {
        return CHATWS_OK;
    }

    if (fault->error.len == 0) {
        (void) chatws_fault_set(fault, CHATWS_E_JSON, CHATWS_D_JSON);
    }

    return CHATWS_ERROR;
}


static chatws_rc_e
chatws_members_entry(void *data, const chatws_json_member_t *m)
{
    chatws_members_list_t *list = data;

    const chatws_json_member_t  *user;
    chatws_members_entry_t       entry;

    if (list->n++ == CHATWS_MEMBERS_MAX) {
        return chatws_fault_set(list->fault, CHATWS_E_MESSAGE,
                                CHATWS_D_MEMBERS);
    }

    memset(&entry, 0, sizeof(chatws_members_entry_t));

    user = m;

    if (m->type == CHATWS_JSON_OBJECT) {

        if (chatws_members_object(list, m, &entry) != CHATWS_OK) {
            return CHATWS_ERROR;
        }

        user = &list->known[CHATWS_MEMBERS_USER];
    }

    if (user->value.len == 0 || user->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(list->fault, CHATWS_E_MESSAGE,
                                "each member must be a userId or an object "
                                "with a userId");
    }

    if (user->lossy || chatws_name_check(&user->string) != CHATWS_OK) {
        return chatws_fault_set(list->fault, CHATWS_E_USER, CHATWS_D_USER);
    }

    entry.user = user->string;

    return list->handler(list->data, &entry);
}


static chatws_rc_e
chatws_members_object(chatws_members_list_t *list,
    const chatws_json_member_t *m, chatws_members_entry_t *entry)
{
    const chatws_json_member_t  *muted, *unread;

    memset(list->known, 0, sizeof(list->known));

    if (chatws_json_object(&list->arena, &m->value, list->depth,
                           chatws_members_collect, list)
        != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    unread = &list->known[CHATWS_MEMBERS_UNREAD];
    muted = &list->known[CHATWS_MEMBERS_MUTED];

    if (unread->value.len != 0) {

        if (!unread->integer
            || chatws_json_uint(&unread->value, &entry->unread) != CHATWS_OK
            || entry->unread > CHATWS_MEMBERS_NUMBER)
        {
            return chatws_fault_set(list->fault, CHATWS_E_MESSAGE,
                                    CHATWS_D_UNREAD);
        }

        entry->has_unread = 1;
    }

    if (muted->value.len != 0) {

        if (muted->type != CHATWS_JSON_BOOL) {
            return chatws_fault_set(list->fault, CHATWS_E_MESSAGE,
                                    "muted must be true or false");
        }

        entry->has_muted = 1;
        entry->muted = muted->truth;
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_members_collect(void *data, const chatws_json_member_t *m)
{
    chatws_members_list_t *list = data;

    return chatws_json_known(&list->arena, chatws_members_names, list->known,
                             CHATWS_MEMBERS_N, m);
}


chatws_rc_e
chatws_members_chats(const chatws_str_t *text, size_t depth, void *mem,
    size_t size, chatws_members_chat_pt handler, void *data)
{
    chatws_json_arena_t     arena;
    chatws_members_chats_t  chats;

    chatws_json_arena_init(&arena, mem, size);

    chats.handler = handler;
    chats.data = data;

    return chatws_json_object(&arena, text, depth, chatws_members_chat,
                              &chats);
}


static chatws_rc_e
chatws_members_chat(void *data, const chatws_json_member_t *m)
{
    chatws_members_chats_t *chats = data;

    uint64_t  unread;

    if (m->lossy
        || chatws_name_check(&m->name) != CHATWS_OK
        || !m->integer
        || chatws_json_uint(&m->value, &unread) != CHATWS_OK
        || unread > CHATWS_MEMBERS_NUMBER)
    {
        return chats->handler(chats->data, &m->name, 0, 0);
    }

    return chats->handler(chats->data, &m->name, unread, 1);
}
