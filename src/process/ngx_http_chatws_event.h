
/*
 * Copyright (C) chatws contributors
 *
 * Events that belong to no connection: timers and posted events.  nginx's
 * debug log relies on the data of an event being a connection, so these events
 * share a connection that is no real one and leads to their owner.
 */


#ifndef _NGX_HTTP_CHATWS_EVENT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_EVENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/* the data of the connection that an event belongs to, real or not */
#define ngx_http_chatws_event_data(ev)                                        \
    (((ngx_connection_t *) (ev)->data)->data)


/*
 * Makes a zeroed connection lead to its owner.  It has to live as long as the
 * events that share it, which are usually members of the same structure.
 */
void ngx_http_chatws_event_owner(ngx_connection_t *ident, void *owner);

/*
 * Prepares a zeroed event.  The handler gets the owner of ident by
 * ngx_http_chatws_event_data().  log has to outlive the event.
 */
void ngx_http_chatws_event_init(ngx_event_t *ev, ngx_connection_t *ident,
    ngx_event_handler_pt handler, ngx_log_t *log);


#endif /* _NGX_HTTP_CHATWS_EVENT_H_INCLUDED_ */
