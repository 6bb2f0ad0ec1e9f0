
/*
 * Copyright (C) chatws contributors
 *
 * Annexes: how their memory is made, and how a reload takes it over.  As in a
 * zone, all pages of nginx's slab pool are taken at once.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/chatws_core.h"
#include "store/chatws_grant_cache.h"
#include "store/chatws_people.h"
#include "store/chatws_rate.h"
#include "store/chatws_revocation.h"
#include "store/chatws_seat.h"
#include "store/chatws_typing.h"
#include "process/ngx_http_chatws_annex.h"


/* Makes an empty table of size bytes at mem, which are aligned to a page. */
typedef void (*ngx_http_chatws_annex_pt)(void *mem, size_t size);


typedef struct {
    ngx_str_t                  name;
    size_t                     share;    /* of the size of the zone: one in so
                                            many bytes */
    ngx_http_chatws_annex_pt   init;
} ngx_http_chatws_annex_row_t;


/* what an annex belongs to, as long as its configuration lives */

typedef struct {
    ngx_http_chatws_zone_t    *zone;
    ngx_uint_t                 kind;
} ngx_http_chatws_annex_t;


static ngx_int_t ngx_http_chatws_annex_describe(ngx_conf_t *cf,
    ngx_shm_zone_t *zone, ngx_uint_t kind, ngx_shm_zone_t *wanted);
static ngx_int_t ngx_http_chatws_annex_init(ngx_shm_zone_t *shm_zone,
    void *data);


/* its address tells the annexes of this module from other shared memory */
static ngx_uint_t  ngx_http_chatws_annex_tag;

static const ngx_http_chatws_annex_row_t  ngx_http_chatws_annexes[] = {

    [NGX_HTTP_CHATWS_ANNEX_LIMITS] = {
        ngx_string("limits"), 32, chatws_rates_init },

    [NGX_HTTP_CHATWS_ANNEX_REVOCATIONS] = {
        ngx_string("revocations"), 64, chatws_revocations_init },

    [NGX_HTTP_CHATWS_ANNEX_SEATS] = {
        ngx_string("seats"), 32, chatws_seats_init },

    [NGX_HTTP_CHATWS_ANNEX_TYPING] = {
        ngx_string("typing"), 32, chatws_typing_init },

    [NGX_HTTP_CHATWS_ANNEX_GRANTS] = {
        ngx_string("grants"), 32, chatws_grant_cache_fill },

    [NGX_HTTP_CHATWS_ANNEX_PEOPLE] = {
        ngx_string(CHATWS_PEOPLE_LAYOUT), 2, chatws_people_init },

    [NGX_HTTP_CHATWS_ANNEX_UPLOADS] = {
        ngx_string("uploads"), 64, chatws_seats_init }
};

chatws_static_assert(ngx_http_chatws_annexes_complete,
    chatws_nelts(ngx_http_chatws_annexes) == NGX_HTTP_CHATWS_ANNEX_N);


ngx_int_t
ngx_http_chatws_annex_need(ngx_conf_t *cf, ngx_shm_zone_t *zone,
    ngx_uint_t kind)
{
    ngx_shm_zone_t            wanted, *shm_zone;
    ngx_http_chatws_annex_t  *annex;

    if (ngx_http_chatws_annex_describe(cf, zone, kind, &wanted) != NGX_OK) {
        return NGX_ERROR;
    }

    shm_zone = ngx_shared_memory_add(cf, &wanted.shm.name, wanted.shm.size,
                                     wanted.tag);
    if (shm_zone == NULL) {
        return NGX_ERROR;
    }

    if (shm_zone->data != NULL) {
        return NGX_OK;
    }

    annex = ngx_palloc(cf->pool, sizeof(ngx_http_chatws_annex_t));
    if (annex == NULL) {
        return NGX_ERROR;
    }

    annex->zone = zone->data;
    annex->kind = kind;

    shm_zone->init = ngx_http_chatws_annex_init;
    shm_zone->data = annex;

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_annex_keep(ngx_conf_t *cf, ngx_shm_zone_t *zone,
    ngx_uint_t kind)
{
    ngx_shm_zone_t  wanted;

    if (ngx_http_chatws_annex_describe(cf, zone, kind, &wanted) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ngx_http_chatws_zone_is_kept(cf->cycle, &wanted)) {
        return NGX_OK;
    }

    return ngx_http_chatws_annex_need(cf, zone, kind);
}


/* Sets the name, the size and the tag that the annex has for nginx. */

static ngx_int_t
ngx_http_chatws_annex_describe(ngx_conf_t *cf, ngx_shm_zone_t *zone,
    ngx_uint_t kind, ngx_shm_zone_t *wanted)
{
    ngx_str_t                          *name;
    const ngx_http_chatws_annex_row_t  *row;

    row = &ngx_http_chatws_annexes[kind];

    /*
     * Old workers use it under the lock of their zone, and with hashes by its
     * key.  With the size of the zone in its name nginx makes it anew whenever
     * it makes the zone anew, even if the annex happens to be as large.
     */

    name = &wanted->shm.name;

    name->len = zone->shm.name.len + 2 + row->name.len + NGX_SIZE_T_LEN;
    name->data = ngx_pnalloc(cf->pool, name->len + 1);

    if (name->data == NULL) {
        return NGX_ERROR;
    }

    name->len = ngx_sprintf(name->data, "%V:%V:%uz%Z", &zone->shm.name,
                            &row->name, zone->shm.size)
                - name->data - 1;

    /* one page more for the slab pool itself */

    wanted->shm.size = ngx_align(zone->shm.size / row->share, ngx_pagesize)
                       + ngx_pagesize;
    wanted->tag = &ngx_http_chatws_annex_tag;

    return NGX_OK;
}


/* Is called behind the init of the zone, which was added first. */

static ngx_int_t
ngx_http_chatws_annex_init(ngx_shm_zone_t *shm_zone, void *data)
{
    void                     *mem;
    size_t                    size;
    ngx_slab_pool_t          *shpool;
    ngx_http_chatws_annex_t  *annex;

    annex = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data == NULL && !shm_zone->shm.exists) {
        size = (shpool->last - shpool->pages) * ngx_pagesize;
        mem = ngx_slab_alloc(shpool, size);

        if (mem == NULL) {
            return NGX_ERROR;
        }

        ngx_http_chatws_annexes[annex->kind].init(mem, size);

        shpool->data = mem;
    }

    annex->zone->annexes[annex->kind] = shpool->data;

    return NGX_OK;
}


void *
ngx_http_chatws_annex(const ngx_http_chatws_zone_t *zone, ngx_uint_t kind)
{
    return zone->annexes[kind];
}
