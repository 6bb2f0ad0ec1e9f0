
/*
 * Copyright (C) chatws contributors
 *
 * A parcel: a client as bytes, on its way to another worker of this master.
 */


#ifndef _NGX_HTTP_CHATWS_HANDOVER_PARCEL_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HANDOVER_PARCEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/*
 * Writes the client to a parcel of NGX_HTTP_CHATWS_PARCEL_MAX bytes.  position
 * is the offset in the durable ring up to which the client was served.
 *
 * Returns the length of the parcel; 0: the client does not fit.
 */
size_t ngx_http_chatws_parcel_write(ngx_http_chatws_client_t *client,
    uint64_t position, u_char *parcel);

/*
 * Sets *location to the fingerprint of the client's location.  NGX_ERROR: this
 * is no parcel.
 */
ngx_int_t ngx_http_chatws_parcel_location(u_char *parcel, size_t len,
    uint64_t *location);

/*
 * Returns 1 if the client has unsent output, which may begin in the middle of a
 * frame, else 0.
 */
ngx_int_t ngx_http_chatws_parcel_begun(u_char *parcel, size_t len);

/*
 * Makes a client of this worker of the parcel, for which parcel_location() has
 * returned NGX_OK.
 *
 * NGX_OK: fd belongs to the client, which may be closing.  NGX_ERROR: fd is
 * still the caller's.
 */
ngx_int_t ngx_http_chatws_parcel_read(ngx_http_chatws_hub_t *hub,
    ngx_socket_t fd, const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_rules_t *rules, u_char *parcel, size_t len);


#endif /* _NGX_HTTP_CHATWS_HANDOVER_PARCEL_H_INCLUDED_ */
