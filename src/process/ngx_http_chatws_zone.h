
/*
 * Copyright (C) chatws contributors
 *
 * A zone: one hub's shared memory, as this cycle sees it.
 */


#ifndef _NGX_HTTP_CHATWS_ZONE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_store.h"
#include "process/ngx_http_chatws_fdpass.h"
#include "process/ngx_http_chatws_wake.h"


/* the worker's own side of a zone, see ngx_http_chatws_hub.h */
typedef struct ngx_http_chatws_hub_s  ngx_http_chatws_hub_t;


/*
 * In shared memory, before the store: what the newest configuration offers to
 * sessions of workers that quit.  Written by the master alone, before it starts
 * the workers of that configuration and ends the others.
 */

typedef struct {
    ngx_atomic_t  generation;
    ngx_uint_t    n;
    uint64_t      locations[];           /* fingerprints of locations, in
                                          * ascending order */
} ngx_http_chatws_offers_t;


/* lives as long as the cycle; workers have a copy of their own after fork */

typedef struct {
    ngx_str_t                 name;
    ngx_cycle_t              *cycle;
    ngx_slab_pool_t          *shpool;
    chatws_store_t           *store;    /* in shared memory */
    ngx_http_chatws_offers_t *offers;   /* in shared memory */
    ngx_http_chatws_wake_t   *wake;
    ngx_http_chatws_pass_t   *pass;
    ngx_http_chatws_hub_t    *hub;      /* NULL until the worker is up */
    ngx_uint_t                generation;   /* of this configuration */
    ngx_pid_t                 stopped;  /* has the lock and does not run */
    uint32_t                  nslots;
} ngx_http_chatws_zone_t;


/*
 * Adds or finds the zone "name" while the configuration is read.  With a
 * size of 0 it is only referred to.  tag is the address of the module.
 * Returns NULL after logging what is wrong.
 */
ngx_shm_zone_t *ngx_http_chatws_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);

/*
 * While the configuration is read, all zones being known: without a master
 * the worker goes on with the zones that it has, so none of the previous
 * configuration may be missing or of another size.  NGX_ERROR after logging
 * which.
 */
ngx_int_t ngx_http_chatws_zone_check(ngx_cycle_t *cycle, void *tag);

/*
 * When a configuration has come into force: logs what zones of the previous
 * one were given up.
 */
void ngx_http_chatws_zone_report(ngx_cycle_t *cycle, void *tag);

/*
 * In the master, when a configuration has come into force: begins the offers
 * of its generation, whose number its workers inherit, and adds one, in
 * ascending order.  NGX_DECLINED: there is no room for it.
 */
void ngx_http_chatws_zone_begin(ngx_http_chatws_zone_t *zone);
ngx_int_t ngx_http_chatws_zone_offer(ngx_http_chatws_zone_t *zone,
    uint64_t location);

/* Whether the zone's configuration is the newest one. */
ngx_uint_t ngx_http_chatws_zone_is_newest(const ngx_http_chatws_zone_t *zone);

/* Whether the place is offered. */
ngx_uint_t ngx_http_chatws_zone_offers(const ngx_http_chatws_zone_t *zone,
    uint64_t location);

/*
 * Takes the zone's lock, also from a worker that died with it, and rolls back
 * what that one had begun.  Nothing but memory operations may follow until
 * the unlock.  NGX_BUSY: a worker that does not run has it; to be tried again
 * later.
 */
ngx_int_t ngx_http_chatws_zone_lock(ngx_http_chatws_zone_t *zone);

void ngx_http_chatws_zone_unlock(ngx_http_chatws_zone_t *zone);


#endif /* _NGX_HTTP_CHATWS_ZONE_H_INCLUDED_ */
