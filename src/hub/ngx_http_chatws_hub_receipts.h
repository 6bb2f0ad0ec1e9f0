
/*
 * Copyright (C) chatws contributors
 *
 * What others are told of readers.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_RECEIPTS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_RECEIPTS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "protocol/chatws_unread.h"
#include "hub/ngx_http_chatws_hub_people.h"


/* Makes a "read_receipt" of a flush. */
extern const ngx_http_chatws_people_encoder_t
    ngx_http_chatws_receipts_encoder;

/* Fills in what others are told of the two public numbers of a place. */
void ngx_http_chatws_receipt_fill(chatws_receipt_t *receipt, uint64_t read,
    uint64_t delivered);

/* Whether who tells others nothing is told nothing, either. */
ngx_uint_t ngx_http_chatws_is_reciprocal(ngx_http_chatws_hub_t *hub);


#endif /* _NGX_HTTP_CHATWS_HUB_RECEIPTS_H_INCLUDED_ */
