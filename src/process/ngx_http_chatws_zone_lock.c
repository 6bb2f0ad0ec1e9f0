
/*
 * Copyright (C) chatws contributors
 *
 * The lock of a zone.  It is the mutex of the slab pool, which nginx opens
 * when a worker died with it.  Here it is taken in a way that a worker that
 * died with it, or was stopped with it, does not stop the others.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_people.h"
#include "process/ngx_http_chatws_zone.h"


/* in milliseconds, between two looks at a lock that is held */
#define NGX_HTTP_CHATWS_LOCK_SLEEP  1

/* looks until the holder counts as stopped */
#define NGX_HTTP_CHATWS_LOCK_TRIES  200


static ngx_int_t ngx_http_chatws_zone_wait(ngx_http_chatws_zone_t *zone);
static ngx_uint_t ngx_http_chatws_zone_spin(ngx_shmtx_t *mutex);


ngx_int_t
ngx_http_chatws_zone_lock(ngx_http_chatws_zone_t *zone)
{
    chatws_people_t  *people;

    if (!ngx_shmtx_trylock(&zone->shpool->mutex)
        && ngx_http_chatws_zone_wait(zone) != NGX_OK)
    {
        return NGX_BUSY;
    }

    zone->stopped = 0;

    chatws_store_recover(zone->store);

    people = zone->annexes[NGX_HTTP_CHATWS_ANNEX_PEOPLE];

    if (people != NULL) {
        chatws_people_recover(people);
    }

    return NGX_OK;
}


/*
 * Waits for the lock.
 *
 * When a worker dies, the master opens the locks that it held in the zones of
 * the present configuration.  A zone that a reload removed, or replaced by one
 * of another size, is not among them, but old workers still use it.  So this
 * does not sleep until the lock is opened, but looks at its holder now and
 * then.
 *
 * The lock can't be taken from a worker that lives, since that goes on where
 * it was stopped.  This worker waits for it once; as long as the same worker
 * has the lock, it does not wait again.
 */

static ngx_int_t
ngx_http_chatws_zone_wait(ngx_http_chatws_zone_t *zone)
{
    ngx_pid_t     pid;
    ngx_uint_t    n;
    ngx_shmtx_t  *mutex;

    mutex = &zone->shpool->mutex;

    for (n = 0; !ngx_http_chatws_zone_spin(mutex); n++) {

        pid = (ngx_pid_t) *mutex->lock;

        if (pid != 0
            && ngx_http_chatws_is_dead(pid)
            && ngx_shmtx_force_unlock(mutex, pid))
        {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "chatws zone \"%V\" was locked by dead worker %P",
                          &zone->name, pid);
            continue;
        }

        if (pid != 0 && pid == zone->stopped) {
            return NGX_BUSY;
        }

        if (n >= NGX_HTTP_CHATWS_LOCK_TRIES) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "chatws zone \"%V\" is locked by worker %P, which "
                          "does not go on: not waiting for it", &zone->name,
                          pid);

            zone->stopped = pid;

            return NGX_BUSY;
        }

        ngx_msleep(NGX_HTTP_CHATWS_LOCK_SLEEP);
    }

    return NGX_OK;
}


/*
 * Tries for a short time, as ngx_shmtx_lock() does before it sleeps.  Returns
 * whether the lock was taken.
 */

static ngx_uint_t
ngx_http_chatws_zone_spin(ngx_shmtx_t *mutex)
{
    ngx_uint_t  i, n;

    if (ngx_ncpu == 1) {
        return ngx_shmtx_trylock(mutex);
    }

    for (n = 1; n < mutex->spin; n <<= 1) {

        for (i = 0; i < n; i++) {
            ngx_cpu_pause();
        }

        if (ngx_shmtx_trylock(mutex)) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_chatws_zone_unlock(ngx_http_chatws_zone_t *zone)
{
    ngx_shmtx_unlock(&zone->shpool->mutex);
}
