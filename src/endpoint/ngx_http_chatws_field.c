
/*
 * Copyright (C) chatws contributors
 *
 * Header fields by name.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_field.h"


void
ngx_http_chatws_field_walk(ngx_http_chatws_field_walk_t *walk,
    ngx_list_t *headers)
{
    walk->part = &headers->part;
    walk->i = 0;
}


chatws_str_t *
ngx_http_chatws_field_next(ngx_http_chatws_field_walk_t *walk, ngx_str_t *name)
{
    ngx_table_elt_t  *h;

    while (walk->part != NULL) {

        if (walk->i == walk->part->nelts) {
            walk->part = walk->part->next;
            walk->i = 0;
            continue;
        }

        h = (ngx_table_elt_t *) walk->part->elts + walk->i++;

        /* nginx sets the hash to 0 to take a field of an answer back */

        if (h->hash != 0
            && h->key.len == name->len
            && ngx_strncasecmp(h->key.data, name->data, name->len) == 0)
        {
            return (chatws_str_t *) &h->value;
        }
    }

    return NULL;
}
