
/*
 * Copyright (C) chatws contributors
 *
 * The hand-over: on a reload, a worker that quits gives its clients to workers
 * of the new configuration.
 */


#ifndef _NGX_HTTP_CHATWS_HANDOVER_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HANDOVER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/*
 * Finds the location with this fingerprint in the configuration of this worker,
 * and sets *conf and *rules, which live as long as the configuration.
 *
 * NGX_OK; NGX_DECLINED: there is none.
 */
typedef ngx_int_t (*ngx_http_chatws_location_pt)(ngx_http_chatws_hub_t *hub,
    uint64_t location, const ngx_http_chatws_session_conf_t **conf,
    const ngx_http_chatws_rules_t **rules);


/*
 * Prepares the hand-over in this worker, which then takes clients over from
 * workers that quit.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_handover_init(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_location_pt find, ngx_cycle_t *cycle);

/*
 * Is called at the end of the worker.  Clients that are on their way, and that
 * no other worker will receive, are closed.
 */
void ngx_http_chatws_handover_done(ngx_http_chatws_hub_t *hub);

/*
 * Is called for each client when the worker is told to quit.  If a newer worker
 * can take the client, it is handed over soon.  Otherwise it stays, and is
 * closed within the time of chatws_drain.
 */
void ngx_http_chatws_handover_start(ngx_http_chatws_client_t *client);

/* The same for a client that has waited for an answer of the app server. */
void ngx_http_chatws_handover_go_on(ngx_http_chatws_client_t *client);


#endif /* _NGX_HTTP_CHATWS_HANDOVER_H_INCLUDED_ */
