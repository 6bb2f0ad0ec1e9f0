
/*
 * Copyright (C) chatws contributors
 *
 * A client as bytes, on its way to another worker of this master.
 */


#ifndef _NGX_HTTP_CHATWS_HANDOVER_PARCEL_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HANDOVER_PARCEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/*
 * Writes a client that has got everything before position to parcel, of
 * NGX_HTTP_CHATWS_PARCEL_MAX bytes; returns its length, 0: it does not fit.
 */
size_t ngx_http_chatws_parcel_write(ngx_http_chatws_client_t *client,
    uint64_t position, u_char *parcel);

/* Tells for which location the parcel is.  NGX_ERROR: it is none. */
ngx_int_t ngx_http_chatws_parcel_location(u_char *parcel, size_t len,
    uint64_t *location);

/* Whether output waits, which begins in the middle of a frame, maybe. */
ngx_int_t ngx_http_chatws_parcel_begun(u_char *parcel, size_t len);

/*
 * Makes the client go on in this worker.  NGX_OK: fd is its own, it may be
 * about to be closed; NGX_ERROR: fd is still the caller's.
 */
ngx_int_t ngx_http_chatws_parcel_read(ngx_http_chatws_hub_t *hub,
    ngx_socket_t fd, const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_rules_t *rules, u_char *parcel, size_t len);


#endif /* _NGX_HTTP_CHATWS_HANDOVER_PARCEL_H_INCLUDED_ */
