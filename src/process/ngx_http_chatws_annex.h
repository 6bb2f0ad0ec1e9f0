
/*
 * Copyright (C) chatws contributors
 *
 * Annexes: side tables of a zone, in shared memory of their own beside it.
 * There is one only while a directive of the configuration needs it, so that
 * what is not configured takes no memory, and the layout of the zone does not
 * depend on it.
 *
 * nginx keeps the memory over a reload whose configuration needs it, too; it is
 * made anew with the zone.  Each kind has a row in ngx_http_chatws_annexes[].
 * An annex has no lock: a table is changed under the lock of its zone, or by
 * atomic operations, and is valid whatever instruction a process dies at.  A
 * worker of a previous configuration may run beside that does not know it.
 */


#ifndef _NGX_HTTP_CHATWS_ANNEX_H_INCLUDED_
#define _NGX_HTTP_CHATWS_ANNEX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_zone.h"


/*
 * While the configuration is read, and the size of the zone is known: makes the
 * annex of this kind, unless it was asked for before.  kind is one of
 * ngx_http_chatws_annex_e.  NGX_ERROR: no memory, or the name
 * "<zone>:<kind>:<size of the zone>" is another module's, which is logged.
 */
ngx_int_t ngx_http_chatws_annex_need(ngx_conf_t *cf, ngx_shm_zone_t *zone,
    ngx_uint_t kind);

/*
 * The same, but only if the configuration in force has the annex of this zone:
 * for a table that must not be lost because a reload leaves out its directive.
 * On a start, and where the zone is made anew, it does nothing.
 */
ngx_int_t ngx_http_chatws_annex_keep(ngx_conf_t *cf, ngx_shm_zone_t *zone,
    ngx_uint_t kind);

/*
 * Returns the table of the annex, in shared memory, or NULL: the configuration
 * does not need it.
 */
void *ngx_http_chatws_annex(const ngx_http_chatws_zone_t *zone,
    ngx_uint_t kind);


#endif /* _NGX_HTTP_CHATWS_ANNEX_H_INCLUDED_ */
