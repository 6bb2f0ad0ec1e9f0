
/*
 * Copyright (C) chatws contributors
 *
 * What the app server is told of people: one batch of changes at a time, which
 * stays the same until it is acked, see chatws_people.h.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_CHANGES_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_CHANGES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_people.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * Acks the batch with the number ack, if it is the present one, and sets
 * *batch to the number of the present one, which can be read then.  NGX_OK.
 * NGX_DONE: nothing has changed, and *batch is 0.  NGX_AGAIN: the lock of the
 * zone cannot be had now.
 */
ngx_int_t ngx_http_chatws_hub_changes_open(ngx_http_chatws_hub_t *hub,
    uint64_t ack, uint64_t *batch);

/*
 * Reads the next changes of a batch into an array of CHATWS_PEOPLE_WALK
 * elements, and sets *n.  *row is 0 at first, and 0 again behind the last one.
 * NGX_OK.  NGX_DECLINED: the batch was acked.  NGX_AGAIN: as above.
 */
ngx_int_t ngx_http_chatws_hub_changes_read(ngx_http_chatws_hub_t *hub,
    uint64_t batch, uint32_t *row, chatws_people_change_t *changes,
    uint32_t *n);

/* Whether there are changes, in a batch or in none.  Takes no lock. */
ngx_uint_t ngx_http_chatws_hub_changes_any(ngx_http_chatws_hub_t *hub);

/* Whether there are changes that are in no batch.  Takes no lock. */
ngx_uint_t ngx_http_chatws_hub_changes_more(ngx_http_chatws_hub_t *hub);

/*
 * Somebody waits for changes, and whoever has waited for them does not any
 * more: sets *poller to a number for is_poller(), which takes no lock.  NGX_OK
 * or NGX_AGAIN.
 */
ngx_int_t ngx_http_chatws_hub_changes_poll(ngx_http_chatws_hub_t *hub,
    uint64_t *poller);
ngx_uint_t ngx_http_chatws_hub_changes_is_poller(ngx_http_chatws_hub_t *hub,
    uint64_t poller);


#endif /* _NGX_HTTP_CHATWS_HUB_CHANGES_H_INCLUDED_ */
