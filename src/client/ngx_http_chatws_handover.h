
/*
 * Copyright (C) chatws contributors
 *
 * Reload without losing a connection: a worker that quits hands its clients
 * to workers of the new generation.
 */


#ifndef _NGX_HTTP_CHATWS_HANDOVER_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HANDOVER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/*
 * Finds the location of this configuration that has the fingerprint.
 * NGX_DECLINED: there is none.
 */
typedef ngx_int_t (*ngx_http_chatws_location_pt)(ngx_http_chatws_hub_t *hub,
    uint64_t location, const ngx_http_chatws_session_conf_t **conf,
    const ngx_http_chatws_rules_t **rules);


/* Lets the hub's worker take clients over.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_chatws_handover_init(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_location_pt find, ngx_cycle_t *cycle);

/* At the worker's end. */
void ngx_http_chatws_handover_done(ngx_http_chatws_hub_t *hub);

/*
 * The worker quits: the client is handed over soon, if there is somebody to
 * take it; otherwise it stays, and is closed in the course of its drain time.
 */
void ngx_http_chatws_handover_start(ngx_http_chatws_client_t *client);


#endif /* _NGX_HTTP_CHATWS_HANDOVER_H_INCLUDED_ */
