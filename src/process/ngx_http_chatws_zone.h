
/*
 * Copyright (C) chatws contributors
 *
 * A zone: the shared memory of the hubs of all workers, as the configuration
 * of this cycle names it.
 */


#ifndef _NGX_HTTP_CHATWS_ZONE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_store.h"
#include "process/ngx_http_chatws_fdpass.h"
#include "process/ngx_http_chatws_people_conf.h"
#include "process/ngx_http_chatws_wake.h"


/* a worker's side of a zone, see ngx_http_chatws_hub.h */
typedef struct ngx_http_chatws_hub_s  ngx_http_chatws_hub_t;


/* The kinds of annexes, see ngx_http_chatws_annex.h. */

typedef enum {
    NGX_HTTP_CHATWS_ANNEX_LIMITS = 0,
    NGX_HTTP_CHATWS_ANNEX_REVOCATIONS,
    NGX_HTTP_CHATWS_ANNEX_SEATS,
    NGX_HTTP_CHATWS_ANNEX_TYPING,
    NGX_HTTP_CHATWS_ANNEX_GRANTS,
    NGX_HTTP_CHATWS_ANNEX_PEOPLE,
    NGX_HTTP_CHATWS_ANNEX_UPLOADS,
    NGX_HTTP_CHATWS_ANNEX_N
} ngx_http_chatws_annex_e;


/*
 * In shared memory, before the store: the locations of the newest
 * configuration, in which sessions of workers that quit may go on.  The master
 * alone writes it, before it starts the workers of that configuration and
 * tells the others to quit.
 */

typedef struct {
    ngx_atomic_t  generation;       /* of the newest configuration */
    ngx_uint_t    n;
    uint64_t      locations[];      /* their fingerprints, in ascending order */
} ngx_http_chatws_offers_t;


/*
 * Lives as long as the cycle.  The first part is set by the master; after
 * fork() each worker has a copy, of which the second part is its own.
 */

typedef struct {
    ngx_str_t                 name;
    ngx_cycle_t              *cycle;
    ngx_slab_pool_t          *shpool;       /* the lock is its mutex */
    chatws_store_t           *store;        /* in shared memory */
    ngx_http_chatws_offers_t *offers;       /* in shared memory */
    ngx_http_chatws_wake_t   *wake;
    ngx_http_chatws_pass_t   *pass;
    uint32_t                  nslots;
    uint32_t                  types;        /* a bit for each chatws_type_e
                                               that only some zones send, and
                                               this one does */
    ngx_http_chatws_people_conf_t
                             *people;       /* NULL: it knows no people */
    ngx_uint_t                generation;   /* of this configuration */
    void                     *annexes[NGX_HTTP_CHATWS_ANNEX_N];  /* in shared
                                               memory; NULL: not needed */

    /* of the worker */

    ngx_http_chatws_hub_t    *hub;          /* NULL: there is none (yet) */
    ngx_pid_t                 stopped;      /* a worker that has the lock and
                                               does not run, 0: none */
} ngx_http_chatws_zone_t;


/*
 * While the configuration is read: adds a zone of size bytes, or finds the
 * zone of that name.  With a size of 0 another directive refers to the zone.
 * tag is the address of the module.  Returns NULL after logging what is wrong.
 */
ngx_shm_zone_t *ngx_http_chatws_zone_add(ngx_conf_t *cf, ngx_str_t *name,
    size_t size, void *tag);

/*
 * While the configuration is read, and all zones are known.  Without a master
 * the worker goes on with the zones that it has: none of the previous
 * configuration may be missing or have another size.  NGX_ERROR: one is,
 * which is logged.
 */
ngx_int_t ngx_http_chatws_zone_check(ngx_cycle_t *cycle, void *tag);

/*
 * While the configuration is read: whether shm_zone, of which only the name,
 * the size and the tag count, is in the configuration that is in force, so
 * that nginx goes on with its memory.  0 on a start.
 */
ngx_uint_t ngx_http_chatws_zone_is_kept(ngx_cycle_t *cycle,
    ngx_shm_zone_t *shm_zone);

/*
 * When a configuration has come into force: logs which zones of the previous
 * one were given up.
 */
void ngx_http_chatws_zone_report(ngx_cycle_t *cycle, void *tag);

/*
 * In the master, when a configuration has come into force: begins the offers
 * of a new generation, to which the workers belong that are started next.
 */
void ngx_http_chatws_zone_offer_begin(ngx_http_chatws_zone_t *zone);

/*
 * Adds a location to the offers; the fingerprints have to come in ascending
 * order.  NGX_DECLINED: there is no room for it.
 */
ngx_int_t ngx_http_chatws_zone_offer_add(ngx_http_chatws_zone_t *zone,
    uint64_t location);

/* Whether the newest configuration offers a location. */
ngx_uint_t ngx_http_chatws_zone_has_offer(const ngx_http_chatws_zone_t *zone,
    uint64_t location);

/* Whether this configuration is the newest one of the zone. */
ngx_uint_t ngx_http_chatws_zone_is_newest(const ngx_http_chatws_zone_t *zone);

/*
 * Takes the lock of the zone, if need be from a worker that died with it, and
 * undoes the step that such a worker had begun.  Until the unlock nothing but
 * operations on memory may follow.  NGX_BUSY: a worker that does not run has
 * the lock; the caller may try again later.
 */
ngx_int_t ngx_http_chatws_zone_lock(ngx_http_chatws_zone_t *zone);

void ngx_http_chatws_zone_unlock(ngx_http_chatws_zone_t *zone);


#endif /* _NGX_HTTP_CHATWS_ZONE_H_INCLUDED_ */
