
/*
 * Copyright (C) chatws contributors
 *
 * The fields of a request's header, of whichever name.
 */


#ifndef _NGX_HTTP_CHATWS_FIELD_H_INCLUDED_
#define _NGX_HTTP_CHATWS_FIELD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_core.h"


/* a walk over the fields */

typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
} ngx_http_chatws_walk_t;


/* Begins a walk over the fields of a request or of an answer. */
void ngx_http_chatws_walk(ngx_http_chatws_walk_t *walk, ngx_list_t *headers);

/* The value of the next field of that name, or NULL. */
chatws_str_t *ngx_http_chatws_next_field(ngx_http_chatws_walk_t *walk,
    ngx_str_t *name);


#endif /* _NGX_HTTP_CHATWS_FIELD_H_INCLUDED_ */
