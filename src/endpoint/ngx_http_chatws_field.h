
/*
 * Copyright (C) chatws contributors
 *
 * Header fields by name: nginx has pointers only to those that it knows.
 */


#ifndef _NGX_HTTP_CHATWS_FIELD_H_INCLUDED_
#define _NGX_HTTP_CHATWS_FIELD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_core.h"


/* a position in a list of header fields */

typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
} ngx_http_chatws_field_walk_t;


/*
 * Begins a walk over a list of header fields: that of a request or that of an
 * answer, of ngx_table_elt_t.
 */
void ngx_http_chatws_field_walk(ngx_http_chatws_field_walk_t *walk,
    ngx_list_t *headers);

/*
 * Returns the value of the next field of that name, in any case, which is the
 * list's; NULL: there is no other one.
 */
chatws_str_t *ngx_http_chatws_field_next(ngx_http_chatws_field_walk_t *walk,
    ngx_str_t *name);


#endif /* _NGX_HTTP_CHATWS_FIELD_H_INCLUDED_ */
