
/*
 * Copyright (C) chatws contributors
 *
 * Zones: how their memory is made, and how a reload takes it over.  nginx's
 * slab pool is used for its lock; all of its pages are taken at once.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_zone.h"


/* slots of a zone, if it has room for them */
#define NGX_HTTP_CHATWS_SLOTS_MIN     64

/* slots for each worker: as many generations may exist at the same time */
#define NGX_HTTP_CHATWS_GENERATIONS   8

/* one page in so many is for offers, and one more */
#define NGX_HTTP_CHATWS_OFFERS_SHARE  256


static ngx_shm_zone_t *ngx_http_chatws_zone_next(ngx_list_part_t **part,
    ngx_uint_t *n, void *tag);
static ngx_shm_zone_t *ngx_http_chatws_zone_find(ngx_cycle_t *cycle,
    ngx_shm_zone_t *shm_zone);
static ngx_int_t ngx_http_chatws_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_http_chatws_zone_adopt(ngx_shm_zone_t *shm_zone,
    ngx_http_chatws_zone_t *ozone);
static ngx_int_t ngx_http_chatws_zone_fresh(ngx_shm_zone_t *shm_zone);
static ngx_int_t ngx_http_chatws_zone_open(ngx_shm_zone_t *shm_zone,
    ngx_http_chatws_zone_t *ozone);
static ngx_http_chatws_wake_t *ngx_http_chatws_zone_wake(
    ngx_shm_zone_t *shm_zone);
static ngx_http_chatws_wake_t *ngx_http_chatws_zone_wake_of(
    ngx_cycle_t *cycle, void *tag, ngx_uint_t workers);
static ngx_int_t ngx_http_chatws_zone_cleanup(ngx_http_chatws_zone_t *zone,
    ngx_pool_cleanup_pt handler, void *data);
static size_t ngx_http_chatws_zone_size(ngx_http_chatws_zone_t *zone);
static size_t ngx_http_chatws_offers_size(ngx_http_chatws_zone_t *zone);
static int ngx_libc_cdecl ngx_http_chatws_cmp_offers(const void *one,
    const void *two);
static ngx_int_t ngx_http_chatws_random(void *buf, size_t len,
    ngx_log_t *log);


ngx_shm_zone_t *
ngx_http_chatws_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t size,
    void *tag)
{
    ngx_shm_zone_t          *shm_zone;
    ngx_http_chatws_zone_t  *zone;

    shm_zone = ngx_shared_memory_add(cf, name, size, tag);
    if (shm_zone == NULL) {
        return NULL;
    }

    if (shm_zone->data != NULL) {
        return shm_zone;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_zone_t));
    if (zone == NULL) {
        return NULL;
    }

    zone->name = *name;
    zone->cycle = cf->cycle;

    shm_zone->init = ngx_http_chatws_zone_init;
    shm_zone->data = zone;

    return shm_zone;
}


ngx_int_t
ngx_http_chatws_zone_check(ngx_cycle_t *cycle, void *tag)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *old, *shm_zone;
    ngx_list_part_t  *part;

    if (ngx_process != NGX_PROCESS_SINGLE) {
        return NGX_OK;
    }

    part = &cycle->old_cycle->shared_memory.part;
    i = 0;

    while ((old = ngx_http_chatws_zone_next(&part, &i, tag)) != NULL) {
        shm_zone = ngx_http_chatws_zone_find(cycle, old);

        if (shm_zone == NULL || shm_zone->shm.size != old->shm.size) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "chatws_zone \"%V\" can't be removed or resized "
                          "with \"master_process off\", restart nginx to "
                          "do it", &old->shm.name);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_chatws_zone_is_kept(ngx_cycle_t *cycle, ngx_shm_zone_t *shm_zone)
{
    ngx_shm_zone_t  *old;

    old = ngx_http_chatws_zone_find(cycle->old_cycle, shm_zone);

    return old != NULL && old->shm.size == shm_zone->shm.size;
}


void
ngx_http_chatws_zone_report(ngx_cycle_t *cycle, void *tag)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *old, *shm_zone;
    ngx_list_part_t  *part;

    part = &cycle->old_cycle->shared_memory.part;
    i = 0;

    while ((old = ngx_http_chatws_zone_next(&part, &i, tag)) != NULL) {
        shm_zone = ngx_http_chatws_zone_find(cycle, old);

        if (shm_zone == NULL) {
            ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                          "chatws zone \"%V\" is removed: its messages "
                          "and numbers are lost", &old->shm.name);

        } else if (shm_zone->shm.size != old->shm.size) {
            ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                          "chatws zone \"%V\" is resized from %uz to %uz "
                          "bytes: its messages and numbers are lost",
                          &old->shm.name, old->shm.size,
                          shm_zone->shm.size);
        }
    }
}


/*
 * The next zone of the module in the shared memory of a cycle, or NULL; part
 * and n are where the search goes on.
 */

static ngx_shm_zone_t *
ngx_http_chatws_zone_next(ngx_list_part_t **part, ngx_uint_t *n, void *tag)
{
    ngx_shm_zone_t  *shm_zone;

    for ( ; *part != NULL; *part = (*part)->next) {

        shm_zone = (*part)->elts;

        while (*n < (*part)->nelts) {
            if (shm_zone[(*n)++].tag == tag) {
                return &shm_zone[*n - 1];
            }
        }

        *n = 0;
    }

    return NULL;
}


/* The zone in cycle that has the name and the module of shm_zone, or NULL. */

static ngx_shm_zone_t *
ngx_http_chatws_zone_find(ngx_cycle_t *cycle, ngx_shm_zone_t *shm_zone)
{
    ngx_uint_t        i;
    ngx_shm_zone_t   *zone;
    ngx_list_part_t  *part;

    part = &cycle->shared_memory.part;
    i = 0;

    do {
        zone = ngx_http_chatws_zone_next(&part, &i, shm_zone->tag);

    } while (zone != NULL
             && (zone->shm.name.len != shm_zone->shm.name.len
                 || ngx_memcmp(zone->shm.name.data, shm_zone->shm.name.data,
                               shm_zone->shm.name.len)
                    != 0));

    return zone;
}


void
ngx_http_chatws_zone_offer_begin(ngx_http_chatws_zone_t *zone)
{
    zone->generation = ++zone->offers->generation;
    zone->offers->n = 0;
}


ngx_uint_t
ngx_http_chatws_zone_is_newest(const ngx_http_chatws_zone_t *zone)
{
    return zone->generation == zone->offers->generation;
}


ngx_int_t
ngx_http_chatws_zone_offer_add(ngx_http_chatws_zone_t *zone, uint64_t location)
{
    size_t  max;

    max = (ngx_http_chatws_offers_size(zone)
           - sizeof(ngx_http_chatws_offers_t))
          / sizeof(uint64_t);

    if (zone->offers->n == max) {
        return NGX_DECLINED;
    }

    zone->offers->locations[zone->offers->n++] = location;

    return NGX_OK;
}


ngx_uint_t
ngx_http_chatws_zone_has_offer(const ngx_http_chatws_zone_t *zone,
    uint64_t location)
{
    return bsearch(&location, zone->offers->locations, zone->offers->n,
                   sizeof(uint64_t), ngx_http_chatws_cmp_offers)
           != NULL;
}


static int ngx_libc_cdecl
ngx_http_chatws_cmp_offers(const void *one, const void *two)
{
    const uint64_t  *first, *second;

    first = one;
    second = two;

    return *first < *second ? -1 : *first > *second;
}


static ngx_int_t
ngx_http_chatws_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_chatws_zone_t *ozone = data;

    ngx_http_chatws_zone_t  *zone;

    zone = shm_zone->data;

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (ozone != NULL || shm_zone->shm.exists) {
        return ngx_http_chatws_zone_adopt(shm_zone, ozone);
    }

    return ngx_http_chatws_zone_fresh(shm_zone);
}


/*
 * Takes over the memory of a zone.  Old workers use it, and the reload may
 * still fail, so nothing in it is changed.
 */

static ngx_int_t
ngx_http_chatws_zone_adopt(ngx_shm_zone_t *shm_zone,
    ngx_http_chatws_zone_t *ozone)
{
    ngx_http_chatws_zone_t  *zone;

    zone = shm_zone->data;

    zone->offers = zone->shpool->data;
    zone->store = (chatws_store_t *) ((u_char *) zone->offers
                                      + ngx_http_chatws_offers_size(zone));

    if (chatws_store_attach(zone->store, ngx_http_chatws_zone_size(zone))
        != CHATWS_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "chatws_zone \"%V\" has another layout, "
                      "restart nginx to change it", &zone->name);
        return NGX_ERROR;
    }

    zone->nslots = chatws_store_nslots(zone->store);

    if (ozone != NULL) {

        /* without a master this process goes on with the hub that it has */

        zone->hub = ozone->hub;
    }

    return ngx_http_chatws_zone_open(shm_zone, ozone);
}


/* Makes the memory of a new zone: the offers, none yet, and the store. */

static ngx_int_t
ngx_http_chatws_zone_fresh(ngx_shm_zone_t *shm_zone)
{
    u_char                  *mem;
    size_t                   offers, size;
    ngx_log_t               *log;
    ngx_core_conf_t         *ccf;
    ngx_http_chatws_zone_t  *zone;

    struct {
        uint64_t             epoch;
        uint8_t              key[16];
    } random;

    zone = shm_zone->data;
    log = shm_zone->shm.log;

    ccf = (ngx_core_conf_t *) ngx_get_conf(zone->cycle->conf_ctx,
                                           ngx_core_module);

    zone->nslots = ngx_max(ccf->worker_processes * NGX_HTTP_CHATWS_GENERATIONS,
                           NGX_HTTP_CHATWS_SLOTS_MIN);
    zone->nslots = ngx_min(zone->nslots, CHATWS_SLOTS_MAX);

    if (ngx_http_chatws_random(&random, sizeof(random), log) != NGX_OK) {
        return NGX_ERROR;
    }

    offers = ngx_http_chatws_offers_size(zone);
    size = ngx_http_chatws_zone_size(zone);

    /* a small zone has less of them, but enough for a reload */

    while (zone->nslots > ccf->worker_processes * 2
           && (chatws_store_min_size(zone->nslots) > size
               || zone->nslots * sizeof(chatws_slot_t) > size / 8))
    {
        zone->nslots--;
    }

    mem = ngx_slab_alloc(zone->shpool, offers + size);

    if (mem == NULL
        || chatws_store_init(mem + offers, size, zone->nslots,
                             random.key, random.epoch >> 16)
           != CHATWS_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "chatws_zone \"%V\" of %uz bytes is too small for "
                      "%uD worker slots", &zone->name, shm_zone->shm.size,
                      zone->nslots);
        return NGX_ERROR;
    }

    ngx_memzero(mem, offers);

    zone->offers = (ngx_http_chatws_offers_t *) mem;
    zone->store = (chatws_store_t *) (mem + offers);
    zone->shpool->data = mem;

    return ngx_http_chatws_zone_open(shm_zone, NULL);
}


/*
 * Takes over the descriptors by which workers reach each other, or opens
 * them.
 */

static ngx_int_t
ngx_http_chatws_zone_open(ngx_shm_zone_t *shm_zone,
    ngx_http_chatws_zone_t *ozone)
{
    ngx_http_chatws_pass_t  *pass;
    ngx_http_chatws_wake_t  *wake;
    ngx_http_chatws_zone_t  *zone;

    zone = shm_zone->data;

    if (ozone != NULL) {
        pass = ozone->pass;
        pass->refs++;

        wake = ozone->wake;
        wake->refs++;

    } else {
        pass = ngx_http_chatws_pass_create(zone->cycle->log);
        wake = ngx_http_chatws_zone_wake(shm_zone);
    }

    if (pass != NULL
        && ngx_http_chatws_zone_cleanup(zone, ngx_http_chatws_pass_release,
                                        pass)
           != NGX_OK)
    {
        pass = NULL;
    }

    if (wake != NULL
        && ngx_http_chatws_zone_cleanup(zone, ngx_http_chatws_wake_release,
                                        wake)
           != NGX_OK)
    {
        wake = NULL;
    }

    zone->pass = pass;
    zone->wake = wake;

    return pass != NULL && wake != NULL ? NGX_OK : NGX_ERROR;
}


/*
 * Returns a reference to the set of descriptors of another zone, of this or of
 * the previous configuration, or to a new set.
 */

static ngx_http_chatws_wake_t *
ngx_http_chatws_zone_wake(ngx_shm_zone_t *shm_zone)
{
    ngx_uint_t               workers;
    ngx_core_conf_t         *ccf;
    ngx_http_chatws_wake_t  *wake;
    ngx_http_chatws_zone_t  *zone;

    zone = shm_zone->data;

    ccf = (ngx_core_conf_t *) ngx_get_conf(zone->cycle->conf_ctx,
                                           ngx_core_module);
    workers = ccf->worker_processes;

    wake = ngx_http_chatws_zone_wake_of(zone->cycle, shm_zone->tag, workers);

    if (wake == NULL) {
        wake = ngx_http_chatws_zone_wake_of(zone->cycle->old_cycle,
                                            shm_zone->tag, workers);
    }

    if (wake == NULL) {
        return ngx_http_chatws_wake_create(workers, zone->cycle->log);
    }

    wake->refs++;

    return wake;
}


/* The first set in a cycle that is large enough, or NULL. */

static ngx_http_chatws_wake_t *
ngx_http_chatws_zone_wake_of(ngx_cycle_t *cycle, void *tag,
    ngx_uint_t workers)
{
    ngx_uint_t               i;
    ngx_shm_zone_t          *shm_zone;
    ngx_list_part_t         *part;
    ngx_http_chatws_zone_t  *zone;

    part = &cycle->shared_memory.part;
    i = 0;

    while ((shm_zone = ngx_http_chatws_zone_next(&part, &i, tag)) != NULL) {
        zone = shm_zone->data;

        if (zone->wake != NULL
            && ngx_http_chatws_wake_fits(zone->wake, workers))
        {
            return zone->wake;
        }
    }

    return NULL;
}


/*
 * Makes the pool of the cycle drop a reference.  NGX_ERROR: there was no
 * memory for that, and the reference is dropped already.
 */

static ngx_int_t
ngx_http_chatws_zone_cleanup(ngx_http_chatws_zone_t *zone,
    ngx_pool_cleanup_pt handler, void *data)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(zone->cycle->pool, 0);

    if (cln == NULL) {
        handler(data);
        return NGX_ERROR;
    }

    cln->handler = handler;
    cln->data = data;

    return NGX_OK;
}


/* The bytes of the store: all pages of the slab pool but those of offers. */

static size_t
ngx_http_chatws_zone_size(ngx_http_chatws_zone_t *zone)
{
    return (zone->shpool->last - zone->shpool->pages) * ngx_pagesize
           - ngx_http_chatws_offers_size(zone);
}


static size_t
ngx_http_chatws_offers_size(ngx_http_chatws_zone_t *zone)
{
    ngx_uint_t  n;

    n = zone->shpool->last - zone->shpool->pages;

    return (1 + n / NGX_HTTP_CHATWS_OFFERS_SHARE) * ngx_pagesize;
}


static ngx_int_t
ngx_http_chatws_random(void *buf, size_t len, ngx_log_t *log)
{
    ssize_t   n;
    ngx_fd_t  fd;

    fd = ngx_open_file((u_char *) "/dev/urandom", NGX_FILE_RDONLY,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      ngx_open_file_n " \"/dev/urandom\" failed");
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, buf, len);

    if (n != (ssize_t) len) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      ngx_read_fd_n " \"/dev/urandom\" failed");
    }

    (void) ngx_close_file(fd);

    return n == (ssize_t) len ? NGX_OK : NGX_ERROR;
}
