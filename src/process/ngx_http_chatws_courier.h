
/*
 * Copyright (C) chatws contributors
 *
 * Carries connections from one worker of a zone to another: each as a
 * descriptor with a parcel of bytes.  All workers share one socket pair, so a
 * parcel goes to any worker that receives.
 */


#ifndef _NGX_HTTP_CHATWS_COURIER_H_INCLUDED_
#define _NGX_HTTP_CHATWS_COURIER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_zone.h"


typedef struct ngx_http_chatws_courier_s  ngx_http_chatws_courier_t;


/* the callbacks; data is that of courier_open() */

typedef struct {

    /* Whether this worker could take connections now. */
    ngx_uint_t  (*can_receive)(void *data);

    /*
     * A connection has come, with a parcel of len bytes, valid during the
     * call.  fd is the callee's, to use or to close.  With full this process
     * is short of descriptors: the callee has to close the connection.
     */
    void        (*receive)(void *data, ngx_fd_t fd, u_char *parcel,
                    size_t len, ngx_uint_t full);

    /* There may be room again after send() has returned NGX_AGAIN. */
    void        (*room)(void *data);

} ngx_http_chatws_courier_handlers_t;


/*
 * Makes a courier of this worker, which receives as soon as it can.  zone,
 * handlers and data have to outlive it.  Returns NULL: there is no memory.
 */
ngx_http_chatws_courier_t *ngx_http_chatws_courier_open(
    const ngx_http_chatws_zone_t *zone,
    const ngx_http_chatws_courier_handlers_t *handlers, void *data,
    ngx_cycle_t *cycle);

/* Frees the courier; parcels that are on their way stay for other workers. */
void ngx_http_chatws_courier_close(ngx_http_chatws_courier_t *courier);

/*
 * Sends a connection; fd stays open in this worker.  NGX_OK: it is on its
 * way.  NGX_AGAIN: the pair is full; ask for room() by wait().  NGX_ERROR: it
 * can't be sent.
 */
ngx_int_t ngx_http_chatws_courier_send(ngx_http_chatws_courier_t *courier,
    ngx_fd_t fd, u_char *parcel, size_t len, ngx_log_t *log);

/* Makes room() be called, once, if this worker has a connection for that. */
void ngx_http_chatws_courier_wait(ngx_http_chatws_courier_t *courier);

/* Whether room() is still to be called. */
ngx_uint_t ngx_http_chatws_courier_is_waiting(
    ngx_http_chatws_courier_t *courier);

/*
 * Receives a parcel, of up to NGX_HTTP_CHATWS_PARCEL_MAX bytes, without
 * waiting for an event.  Returns its length, with fd the caller's, or
 * NGX_AGAIN or NGX_ERROR as ngx_http_chatws_pass_recv().
 */
ssize_t ngx_http_chatws_courier_recv(ngx_http_chatws_courier_t *courier,
    ngx_fd_t *fd, u_char *parcel);


#endif /* _NGX_HTTP_CHATWS_COURIER_H_INCLUDED_ */
