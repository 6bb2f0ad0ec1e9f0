
/*
 * Copyright (C) chatws contributors
 *
 * The arguments of a handshake of which a client's part in a zone with people
 * is made.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_query.h"
#include "client/ngx_http_chatws_client_people.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_connect_people.h"


static ngx_uint_t ngx_http_chatws_connect_word(ngx_http_request_t *r,
    const chatws_str_t *name, const ngx_str_t *words, ngx_str_t *value);


ngx_int_t
ngx_http_chatws_connect_people(ngx_http_request_t *r,
    ngx_http_chatws_client_t *client)
{
    ngx_str_t                         value, said;
    ngx_http_chatws_loc_conf_t       *cwlcf;
    ngx_http_chatws_client_people_t  *people;

    static const chatws_str_t         chats = chatws_str("chats");
    static const chatws_str_t         presence = chatws_str("presence");
    static const chatws_str_t         state = chatws_str("state");

    /* in the order of ngx_http_chatws_chats_e, from 1 on */
    static const ngx_str_t            modes[] = {
        ngx_string("live"),
        ngx_string("resume"),
        ngx_null_string
    };

    static const ngx_str_t            flags[] = {
        ngx_string("1"),
        ngx_null_string
    };

    people = ngx_http_chatws_client_people(client);

    if (people == NULL) {
        return NGX_OK;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->presence_state != NULL) {
        if (ngx_http_complex_value(r, cwlcf->presence_state, &said) != NGX_OK)
        {
            return NGX_ERROR;
        }

        people->said = chatws_action_said((chatws_str_t *) &said);
    }

    if (r->args.len == 0) {
        return NGX_OK;
    }

    value.data = ngx_pnalloc(r->pool, r->args.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    /* what the configuration says goes first, if it says anything */

    if (people->said == CHATWS_SAID_NOTHING
        && chatws_query_get((chatws_str_t *) &r->args, &presence,
                            (chatws_str_t *) &value)
           == CHATWS_OK)
    {
        people->said = chatws_action_said((chatws_str_t *) &value);
    }

    people->chats = ngx_http_chatws_connect_word(r, &chats, modes, &value);
    people->state = ngx_http_chatws_connect_word(r, &state, flags, &value);

    return NGX_OK;
}


/*
 * Returns which of the words the argument is, 1 for the first one, or 0.  value
 * has room for all arguments.
 */

static ngx_uint_t
ngx_http_chatws_connect_word(ngx_http_request_t *r, const chatws_str_t *name,
    const ngx_str_t *words, ngx_str_t *value)
{
    ngx_uint_t  i;

    if (chatws_query_get((chatws_str_t *) &r->args, name,
                         (chatws_str_t *) value)
        != CHATWS_OK)
    {
        return 0;
    }

    for (i = 0; words[i].len != 0; i++) {
        if (value->len == words[i].len
            && ngx_memcmp(value->data, words[i].data, value->len) == 0)
        {
            return i + 1;
        }
    }

    return 0;
}
