
/*
 * Copyright (C) chatws contributors
 *
 * Timers and posted events without a connection.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "process/ngx_http_chatws_event.h"


void
ngx_http_chatws_event_owner(ngx_connection_t *ident, void *owner)
{
    ident->fd = (ngx_socket_t) -1;
    ident->data = owner;
}


void
ngx_http_chatws_event_init(ngx_event_t *ev, ngx_connection_t *ident,
    ngx_event_handler_pt handler, ngx_log_t *log)
{
    ev->data = ident;
    ev->handler = handler;
    ev->log = log;
}
