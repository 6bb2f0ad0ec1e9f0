
/*
 * Copyright (C) chatws contributors
 *
 * Types of notifications that have a meaning already.
 */


#include <string.h>

#include "protocol/chatws_type.h"


/* the check types.pl holds both lists against the browser client's */

static const chatws_str_t  chatws_type_server[] = {
    chatws_str("connected"),
    chatws_str("subscription_confirmed"),
    chatws_str("resumed"),
    chatws_str("new_message"),
    chatws_str("chat_update"),
    chatws_str("user_typing"),
    chatws_str("error"),
    { 0, NULL }
};


static const chatws_str_t  chatws_type_client[] = {
    chatws_str("open"),
    chatws_str("connecting"),
    chatws_str("reconnecting"),
    chatws_str("closed"),
    chatws_str("recovered"),
    chatws_str("gap"),
    chatws_str("message"),
    chatws_str("error"),
    chatws_str("unauthorized"),
    chatws_str("denied"),
    chatws_str("undecryptable"),
    { 0, NULL }
};


static int chatws_type_in(const chatws_str_t *list, const chatws_str_t *name);


int
chatws_type_reserved(const chatws_str_t *name)
{
    return chatws_type_in(chatws_type_server, name)
           || chatws_type_in(chatws_type_client, name);
}


static int
chatws_type_in(const chatws_str_t *list, const chatws_str_t *name)
{
    for ( /* void */ ; list->len != 0; list++) {

        if (list->len == name->len
            && memcmp(list->data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
