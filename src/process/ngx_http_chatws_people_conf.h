
/*
 * Copyright (C) chatws contributors
 *
 * The settings of a zone for people: what it knows of users beside their
 * connections.  Directives of the level "http" make them, one set a zone.
 */


#ifndef _NGX_HTTP_CHATWS_PEOPLE_CONF_H_INCLUDED_
#define _NGX_HTTP_CHATWS_PEOPLE_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* of chatws_presence; times are in milliseconds */

typedef struct {
    ngx_msec_t   grace;          /* from the last connection to offline */
    ngx_msec_t   interval;       /* between two notifications of a chat */
    ngx_uint_t   names;          /* people of a chat who are named, at most */
    ngx_flag_t   lastseen;       /* others are told when somebody left */
} ngx_http_chatws_presence_conf_t;


/* of chatws_receipts; times are in milliseconds */

typedef struct {
    ngx_uint_t   limit;          /* people of a chat that has receipts */
    ngx_msec_t   interval;       /* between two notifications of a chat */
    ngx_flag_t   delivered;
    ngx_flag_t   reciprocal;
} ngx_http_chatws_receipts_conf_t;


/*
 * It lives as long as the cycle whose configuration made it, and is not changed
 * after that was read.  A zone has it only with chatws_users.
 */

typedef struct {
    ngx_flag_t                        users;      /* of chatws_users */
    ngx_flag_t                        unread;     /* of chatws_unread */
    ngx_http_chatws_presence_conf_t  *presence;   /* NULL: off */
    ngx_http_chatws_receipts_conf_t  *receipts;   /* NULL: off */
} ngx_http_chatws_people_conf_t;


#endif /* _NGX_HTTP_CHATWS_PEOPLE_CONF_H_INCLUDED_ */
