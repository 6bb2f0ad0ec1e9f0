
/*
 * Copyright (C) chatws contributors
 *
 * The figures of a zone: counters that each worker keeps in its slot, and
 * figures that are worked out when somebody asks.  One table has their names;
 * to add a figure, add it to the enumeration and a row to the table.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_FIGURES_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_FIGURES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_zone.h"


/*
 * Closes have a counter for each of the codes 1000 to 1014, and one for all
 * other codes.
 */
#define NGX_HTTP_CHATWS_CODES  16


typedef enum {

    /* counters in the slot of a worker, which alone writes to them */

    NGX_HTTP_CHATWS_N_OPENED = 0,
    NGX_HTTP_CHATWS_N_CLOSED,
    NGX_HTTP_CHATWS_N_PUBLISHED,
    NGX_HTTP_CHATWS_N_DELIVERED,
    NGX_HTTP_CHATWS_N_TYPING,
    NGX_HTTP_CHATWS_N_TYPING_DROPPED,
    NGX_HTTP_CHATWS_N_UNREAD,
    NGX_HTTP_CHATWS_N_RECEIPTS,
    NGX_HTTP_CHATWS_N_PRESENCE,
    NGX_HTTP_CHATWS_N_RECOVERED,
    NGX_HTTP_CHATWS_N_UNRECOVERED,
    NGX_HTTP_CHATWS_N_LAPS,
    NGX_HTTP_CHATWS_N_UNAVAILABLE,
    NGX_HTTP_CHATWS_N_REAPED,
    NGX_HTTP_CHATWS_N_MOVED,
    NGX_HTTP_CHATWS_N_RATE_LIMITED,
    NGX_HTTP_CHATWS_N_LIMIT_MISSES,
    NGX_HTTP_CHATWS_N_CONNECTIONS_LIMITED,
    NGX_HTTP_CHATWS_N_UPLOADS,
    NGX_HTTP_CHATWS_N_UPLOAD_PROGRESS,
    NGX_HTTP_CHATWS_N_CODE,           /* the first of the closes by code */

    NGX_HTTP_CHATWS_N_LAST = NGX_HTTP_CHATWS_N_CODE + NGX_HTTP_CHATWS_CODES,

    /* worked out by ngx_http_chatws_figures_read() */

    NGX_HTTP_CHATWS_F_WORKERS = NGX_HTTP_CHATWS_N_LAST,
    NGX_HTTP_CHATWS_F_CONNECTIONS,
    NGX_HTTP_CHATWS_F_SUBSCRIPTIONS,
    NGX_HTTP_CHATWS_F_CHATS,
    NGX_HTTP_CHATWS_F_IDLE_CHATS,
    NGX_HTTP_CHATWS_F_USERS,
    NGX_HTTP_CHATWS_F_ONLINE,
    NGX_HTTP_CHATWS_F_PLACES,
    NGX_HTTP_CHATWS_F_PLACES_REFUSED,
    NGX_HTTP_CHATWS_F_CHANGES,
    NGX_HTTP_CHATWS_F_LOST,
    NGX_HTTP_CHATWS_F_TABLES,
    NGX_HTTP_CHATWS_F_CHATS_SIZE,
    NGX_HTTP_CHATWS_F_SUBSCRIPTIONS_SIZE,
    NGX_HTTP_CHATWS_F_FREE,
    NGX_HTTP_CHATWS_F_LOG,
    NGX_HTTP_CHATWS_F_LOG_USED,
    NGX_HTTP_CHATWS_F_TYPING_LOG,
    NGX_HTTP_CHATWS_F_TYPING_LOG_USED,
    NGX_HTTP_CHATWS_F_EVICTIONS,
    NGX_HTTP_CHATWS_F_LOG_AGE,

    NGX_HTTP_CHATWS_F_LAST
} ngx_http_chatws_figure_e;


typedef enum {
    NGX_HTTP_CHATWS_COUNTER = 0,      /* only grows while the zone lives */
    NGX_HTTP_CHATWS_GAUGE             /* goes up and down */
} ngx_http_chatws_figure_type_e;


/* the part of the status that a figure stands in */

typedef enum {
    NGX_HTTP_CHATWS_STATUS = 0,       /* a member of the status itself */
    NGX_HTTP_CHATWS_STATUS_CLOSES,    /* all closes, by code */
    NGX_HTTP_CHATWS_STATUS_MEMORY     /* a member of "memory", in bytes */
} ngx_http_chatws_figure_part_e;


typedef struct {
    ngx_http_chatws_figure_e        figure;
    ngx_http_chatws_figure_type_e   type;
    ngx_http_chatws_figure_part_e   part;
    const char                     *name;     /* in the status */
    const char                     *help;     /* what it counts */
} ngx_http_chatws_figure_t;


/* a row for each figure, in the order of the status */

#define NGX_HTTP_CHATWS_FIGURES                                               \
    (NGX_HTTP_CHATWS_F_LAST - NGX_HTTP_CHATWS_CODES + 1)

extern const ngx_http_chatws_figure_t
    ngx_http_chatws_figures[NGX_HTTP_CHATWS_FIGURES];


/*
 * Fills value, an array of NGX_HTTP_CHATWS_F_LAST numbers indexed by figure,
 * with the totals of all workers, those that have ended included.  NGX_BUSY:
 * the lock of the zone cannot be had now.
 */
ngx_int_t ngx_http_chatws_figures_read(ngx_http_chatws_zone_t *zone,
    uint64_t *value);


#endif /* _NGX_HTTP_CHATWS_HUB_FIGURES_H_INCLUDED_ */
