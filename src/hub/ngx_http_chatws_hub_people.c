
/*
 * Copyright (C) chatws contributors
 *
 * People: what is to be done without being asked, a slice at a time.
 *
 * The worker that changes something sees to what follows from it at the end of
 * its turn.  If it dies, another one does so when it is late.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "process/ngx_http_chatws_clock.h"
#include "process/ngx_http_chatws_event.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* in milliseconds: the grace without chatws_presence */
#define NGX_HTTP_CHATWS_PEOPLE_GRACE     15000

/* in milliseconds: the interval without chatws_presence or chatws_receipts */
#define NGX_HTTP_CHATWS_PEOPLE_INTERVAL  1000

/* holds of the lock in a turn, of a few microseconds each */
#define NGX_HTTP_CHATWS_PEOPLE_HOLDS     128

/* in milliseconds, until the next turn where there is more to do */
#define NGX_HTTP_CHATWS_PEOPLE_PAUSE     4

/* in milliseconds: another worker sees to what is not as late as that */
#define NGX_HTTP_CHATWS_PEOPLE_LATE      500

/* in milliseconds, until a lock that was busy is asked for again */
#define NGX_HTTP_CHATWS_PEOPLE_RETRY     20


static void ngx_http_chatws_people_configure(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_people_rules(
    const ngx_http_chatws_people_conf_t *conf, chatws_people_rules_t *rules);
static void ngx_http_chatws_people_handler(ngx_event_t *ev);
static void ngx_http_chatws_people_tend(ngx_http_chatws_hub_t *hub,
    uint64_t late);
static ngx_int_t ngx_http_chatws_people_slice(ngx_http_chatws_hub_t *hub,
    const chatws_people_now_t *now);
static void ngx_http_chatws_people_schedule(ngx_http_chatws_hub_t *hub,
    const chatws_people_now_t *now);


chatws_people_t *
ngx_http_chatws_people(ngx_http_chatws_hub_t *hub)
{
    return ngx_http_chatws_annex(&hub->zone, NGX_HTTP_CHATWS_ANNEX_PEOPLE);
}


void
ngx_http_chatws_people_now(chatws_people_now_t *now)
{
    now->msec = ngx_current_msec;
    now->time = ngx_http_chatws_now();
}


ngx_int_t
ngx_http_chatws_people_init(ngx_http_chatws_hub_t *hub, ngx_log_t *log)
{
    ngx_http_chatws_tending_t  *tending;

    if (ngx_http_chatws_people(hub) == NULL) {
        return NGX_OK;
    }

    tending = ngx_calloc(sizeof(ngx_http_chatws_tending_t), log);
    if (tending == NULL) {
        return NGX_ERROR;
    }

    ngx_http_chatws_event_init(&tending->work, &hub->ident,
                               ngx_http_chatws_people_handler, log);

    /* the others see to what a worker that quits leaves */

    tending->work.cancelable = 1;

    hub->tending = tending;

    ngx_http_chatws_people_configure(hub);

    return NGX_OK;
}


void
ngx_http_chatws_people_done(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_tending_t  *tending;

    tending = hub->tending;

    if (tending == NULL) {
        return;
    }

    if (tending->work.timer_set) {
        ngx_del_timer(&tending->work);
    }

    if (tending->work.posted) {
        ngx_delete_posted_event(&tending->work);
    }

    ngx_http_chatws_flush_cancel(&tending->flush);

    ngx_free(tending);

    hub->tending = NULL;
}


/* The newest configuration counts. */

static void
ngx_http_chatws_people_configure(ngx_http_chatws_hub_t *hub)
{
    uint64_t               stamp;
    chatws_people_t       *tb;
    chatws_people_now_t    now;
    chatws_people_rules_t  rules;

    if (hub->zone.people == NULL
        || !ngx_http_chatws_zone_is_newest(&hub->zone))
    {
        hub->tending->configured = 1;
        return;
    }

    tb = ngx_http_chatws_people(hub);

    ngx_http_chatws_people_rules(hub->zone.people, &rules);
    ngx_http_chatws_people_now(&now);

    stamp = chatws_store_stamp(hub->zone.store, now.time);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return;
    }

    (void) chatws_people_configure(tb, &rules, stamp, &now);

    /*
     * a worker that a reload has replaced, and that knows no people, may have
     * reaped a slot
     */

    chatws_people_sweep(tb);

    ngx_http_chatws_zone_unlock(&hub->zone);

    hub->tending->configured = 1;
}


static void
ngx_http_chatws_people_rules(const ngx_http_chatws_people_conf_t *conf,
    chatws_people_rules_t *rules)
{
    rules->features = conf->unread ? CHATWS_PEOPLE_UNREAD : 0;
    rules->grace = NGX_HTTP_CHATWS_PEOPLE_GRACE;
    rules->interval = 0;

    if (conf->presence != NULL) {
        rules->features |= CHATWS_PEOPLE_PRESENCE;
        rules->grace = (uint32_t) conf->presence->grace;
        rules->interval = (uint32_t) conf->presence->interval;
    }

    /* both are told at the same time: "at most one an interval" is kept */

    if (conf->receipts != NULL) {
        rules->features |= CHATWS_PEOPLE_RECEIPTS;
        rules->interval = ngx_max(rules->interval,
                                  (uint32_t) conf->receipts->interval);

        if (conf->receipts->delivered) {
            rules->features |= CHATWS_PEOPLE_DELIVERED;
        }
    }

    if (rules->interval == 0) {
        rules->interval = NGX_HTTP_CHATWS_PEOPLE_INTERVAL;
    }
}


void
ngx_http_chatws_people_changed(ngx_http_chatws_hub_t *hub)
{
    chatws_people_t  *tb;

    tb = ngx_http_chatws_people(hub);

    /* without the lock: this worker sees what it has written by itself */

    if (hub->tending != NULL
        && (tb->lists[CHATWS_PEOPLE_LIST_READY] != 0
            || tb->lists[CHATWS_PEOPLE_LIST_ANNOUNCE] != 0
            || tb->sweep != 0))
    {
        ngx_post_event(&hub->tending->work, &ngx_posted_events);
    }
}


/* Twice a second: what no worker has seen to when it was time. */

void
ngx_http_chatws_people_tick(ngx_http_chatws_hub_t *hub)
{
    if (hub->tending == NULL) {
        return;
    }

    if (!hub->tending->configured) {
        ngx_http_chatws_people_configure(hub);
    }

    ngx_http_chatws_people_tend(hub, NGX_HTTP_CHATWS_PEOPLE_LATE);
}


static void
ngx_http_chatws_people_handler(ngx_event_t *ev)
{
    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_http_chatws_people_tend(ngx_http_chatws_event_data(ev), 0);
}


static void
ngx_http_chatws_people_tend(ngx_http_chatws_hub_t *hub, uint64_t late)
{
    ngx_int_t             rc;
    ngx_uint_t            holds;
    chatws_people_now_t   now;

    if (hub->slot == CHATWS_SLOT_NONE) {
        return;
    }

    ngx_http_chatws_people_now(&now);

    rc = NGX_OK;

    for (holds = 0; holds < NGX_HTTP_CHATWS_PEOPLE_HOLDS; holds++) {

        rc = ngx_http_chatws_people_slice(hub, &now);

        if (rc != NGX_OK) {
            break;
        }

        /* what follows from that is not left to others */

        late = 0;
    }

    for ( /* void */ ; holds < NGX_HTTP_CHATWS_PEOPLE_HOLDS; holds++) {

        if (rc == NGX_AGAIN) {
            break;
        }

        rc = ngx_http_chatws_flush_slice(hub, late, &now);

        if (rc == NGX_DONE) {
            break;
        }
    }

    if (rc == NGX_DONE) {
        ngx_http_chatws_people_schedule(hub, &now);

    } else if (!hub->tending->work.timer_set) {
        ngx_add_timer(&hub->tending->work,
                      rc == NGX_AGAIN ? NGX_HTTP_CHATWS_PEOPLE_RETRY
                                      : NGX_HTTP_CHATWS_PEOPLE_PAUSE);
    }
}


/*
 * One hold of the lock.  NGX_OK: there may be more to do.  NGX_DONE: there is
 * not.  NGX_AGAIN: the lock is busy.
 */

static ngx_int_t
ngx_http_chatws_people_slice(ngx_http_chatws_hub_t *hub,
    const chatws_people_now_t *now)
{
    int               more;
    chatws_people_t  *tb;

    tb = ngx_http_chatws_people(hub);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    more = chatws_people_tend(tb, hub->zone.store, now);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return more ? NGX_OK : NGX_DONE;
}


/*
 * A worker sees to the end of each interval that it has begun; others may be
 * faster.
 */

static void
ngx_http_chatws_people_schedule(ngx_http_chatws_hub_t *hub,
    const chatws_people_now_t *now)
{
    uint64_t          next;
    ngx_event_t      *work;
    chatws_people_t  *tb;

    tb = ngx_http_chatws_people(hub);

    if (hub->tending->until < now->msec) {
        return;
    }

    work = &hub->tending->work;

    if (work->timer_set) {
        ngx_del_timer(work);
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        ngx_add_timer(work, NGX_HTTP_CHATWS_PEOPLE_RETRY);
        return;
    }

    next = chatws_people_next_due(tb, now);

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (next != CHATWS_PEOPLE_NEVER) {
        ngx_add_timer(work, ngx_max(next, 1));
    }
}


ngx_int_t
ngx_http_chatws_people_state(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *user, uint32_t state)
{
    u_char                  buf[CHATWS_INBOX_MAX];
    uint32_t                own, row;
    ngx_str_t               inbox;
    chatws_rc_e             rc;
    chatws_people_t        *tb;
    chatws_people_now_t     now;
    ngx_http_chatws_hub_t  *hub;

    hub = subscriber->hub;
    tb = ngx_http_chatws_people(hub);

    chatws_inbox_id((chatws_str_t *) &inbox, buf, (chatws_str_t *) user);

    row = ngx_http_chatws_subscribed(subscriber, &inbox);

    if (tb == NULL || row == 0 || subscriber->presence == state) {
        subscriber->presence = row == 0 ? state : subscriber->presence;
        return NGX_OK;
    }

    own = subscriber->own ? CHATWS_MEMBER_OWN : 0;

    ngx_http_chatws_people_now(&now);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    rc = chatws_people_say(tb, hub->zone.store, hub->slot,
                           (chatws_str_t *) &inbox, row, subscriber->user,
                           own | subscriber->presence, own | state, &now);

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (rc != CHATWS_OK) {
        return NGX_BUSY;
    }

    subscriber->presence = state;

    ngx_http_chatws_people_changed(hub);

    return NGX_OK;
}
