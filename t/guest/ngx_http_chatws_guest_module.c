
/*
 * Copyright (C) chatws contributors
 *
 * chatws_guest: does what other modules do to a request, at the moment that
 * the configuration names: it leaves cleanups, timers and subrequests behind,
 * posts the request, or changes the status.  Each trace of a request that
 * outlives it makes AddressSanitizer speak up.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* a timer that counts in the request holds it for so long, in milliseconds */
#define NGX_HTTP_CHATWS_GUEST_HOLD   200

/* one that does not looks at the request so often */
#define NGX_HTTP_CHATWS_GUEST_WATCH  5


typedef enum {
    NGX_HTTP_CHATWS_GUEST_REWRITE = 0,
    NGX_HTTP_CHATWS_GUEST_ACCESS,
    NGX_HTTP_CHATWS_GUEST_PRECONTENT,
    NGX_HTTP_CHATWS_GUEST_HEADER,       /* before the header is made */
    NGX_HTTP_CHATWS_GUEST_SENT,         /* and after it */
    NGX_HTTP_CHATWS_GUEST_LOG,

    NGX_HTTP_CHATWS_GUEST_MOMENTS
} ngx_http_chatws_guest_moment_e;


typedef struct ngx_http_chatws_guest_s  ngx_http_chatws_guest_t;

typedef ngx_int_t (*ngx_http_chatws_guest_deed_pt)(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);


struct ngx_http_chatws_guest_s {
    ngx_uint_t                      moment;
    ngx_http_chatws_guest_deed_pt   deed;
    ngx_str_t                       arg;
    ngx_uint_t                      flags;     /* of a subrequest */
};


typedef struct {
    ngx_array_t                    *guests;    /* ngx_http_chatws_guest_t */
} ngx_http_chatws_guest_loc_conf_t;


/* what was done is not done again when the request comes by once more */

typedef struct {
    ngx_uint_t                      done;
} ngx_http_chatws_guest_ctx_t;


typedef struct {
    ngx_event_t                     event;
    ngx_http_request_t             *request;
    ngx_uint_t                      seen;
} ngx_http_chatws_guest_timer_t;


static ngx_int_t ngx_http_chatws_guest_do(ngx_http_request_t *r,
    ngx_uint_t moment);
static ngx_int_t ngx_http_chatws_guest_rewrite(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_guest_access(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_guest_precontent(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_guest_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_guest_log(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_guest_cleanup(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);
static ngx_int_t ngx_http_chatws_guest_pool(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);
static void ngx_http_chatws_guest_cleaned(void *data);
static ngx_int_t ngx_http_chatws_guest_background(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);
static ngx_int_t ngx_http_chatws_guest_subrequest(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);
static ngx_int_t ngx_http_chatws_guest_post(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);
static ngx_int_t ngx_http_chatws_guest_hold(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);
static ngx_int_t ngx_http_chatws_guest_watch(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);
static ngx_http_chatws_guest_timer_t *ngx_http_chatws_guest_timer(
    ngx_http_request_t *r, ngx_event_handler_pt handler, ngx_msec_t time);
static void ngx_http_chatws_guest_hold_handler(ngx_event_t *ev);
static void ngx_http_chatws_guest_watch_handler(ngx_event_t *ev);
static void ngx_http_chatws_guest_timer_cleanup(void *data);
static ngx_int_t ngx_http_chatws_guest_status(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);
static ngx_int_t ngx_http_chatws_guest_swallow(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest);
static void *ngx_http_chatws_guest_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_chatws_guest_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_chatws_guest(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_chatws_guest_init(ngx_conf_t *cf);


static const char  *ngx_http_chatws_guest_moments[] = {
    "rewrite",
    "access",
    "precontent",
    "header",
    "sent",
    "log"
};


static const struct {
    const char                     *name;
    ngx_http_chatws_guest_deed_pt   deed;
    ngx_uint_t                      flags;
} ngx_http_chatws_guest_deeds[] = {
    { "cleanup", ngx_http_chatws_guest_cleanup, 0 },
    { "pool", ngx_http_chatws_guest_pool, 0 },
    { "background", ngx_http_chatws_guest_background,
      NGX_HTTP_SUBREQUEST_BACKGROUND },
    { "careless", ngx_http_chatws_guest_subrequest,
      NGX_HTTP_SUBREQUEST_BACKGROUND },
    { "subrequest", ngx_http_chatws_guest_subrequest, 0 },
    { "post", ngx_http_chatws_guest_post, 0 },
    { "hold", ngx_http_chatws_guest_hold, 0 },
    { "watch", ngx_http_chatws_guest_watch, 0 },
    { "status", ngx_http_chatws_guest_status, 0 },
    { "swallow", ngx_http_chatws_guest_swallow, 0 },
    { NULL, NULL, 0 }
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;


static ngx_command_t  ngx_http_chatws_guest_commands[] = {

    { ngx_string("chatws_guest"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE23,
      ngx_http_chatws_guest,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_chatws_guest_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_chatws_guest_init,            /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_chatws_guest_create_loc_conf, /* create location configuration */
    ngx_http_chatws_guest_merge_loc_conf   /* merge location configuration */
};


ngx_module_t  ngx_http_chatws_guest_module = {
    NGX_MODULE_V1,
    &ngx_http_chatws_guest_module_ctx,     /* module context */
    ngx_http_chatws_guest_commands,        /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* NGX_DECLINED: all that there is to do was done; NGX_DONE: no header. */

static ngx_int_t
ngx_http_chatws_guest_do(ngx_http_request_t *r, ngx_uint_t moment)
{
    ngx_int_t                          rc;
    ngx_uint_t                         i;
    ngx_http_chatws_guest_t           *guest;
    ngx_http_chatws_guest_ctx_t       *ctx;
    ngx_http_chatws_guest_loc_conf_t  *cglcf;

    cglcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_guest_module);

    if (cglcf->guests == NULL || r != r->main) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_guest_module);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_chatws_guest_ctx_t));
        if (ctx == NULL) {
            return NGX_ERROR;
        }

        ngx_http_set_ctx(r, ctx, ngx_http_chatws_guest_module);
    }

    if (ctx->done & (1 << moment)) {
        return NGX_DECLINED;
    }

    ctx->done |= 1 << moment;

    guest = cglcf->guests->elts;

    for (i = 0; i < cglcf->guests->nelts; i++) {

        if (guest[i].moment != moment) {
            continue;
        }

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "guest at %s", ngx_http_chatws_guest_moments[moment]);

        rc = guest[i].deed(r, &guest[i]);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_chatws_guest_rewrite(ngx_http_request_t *r)
{
    return ngx_http_chatws_guest_do(r, NGX_HTTP_CHATWS_GUEST_REWRITE);
}


static ngx_int_t
ngx_http_chatws_guest_access(ngx_http_request_t *r)
{
    return ngx_http_chatws_guest_do(r, NGX_HTTP_CHATWS_GUEST_ACCESS);
}


static ngx_int_t
ngx_http_chatws_guest_precontent(ngx_http_request_t *r)
{
    return ngx_http_chatws_guest_do(r, NGX_HTTP_CHATWS_GUEST_PRECONTENT);
}


static ngx_int_t
ngx_http_chatws_guest_header_filter(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_chatws_guest_do(r, NGX_HTTP_CHATWS_GUEST_HEADER);

    if (rc == NGX_DONE) {
        return NGX_OK;
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    rc = ngx_http_next_header_filter(r);

    if (ngx_http_chatws_guest_do(r, NGX_HTTP_CHATWS_GUEST_SENT) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_http_chatws_guest_log(ngx_http_request_t *r)
{
    (void) ngx_http_chatws_guest_do(r, NGX_HTTP_CHATWS_GUEST_LOG);

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_guest_cleanup(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest)
{
    ngx_http_cleanup_t  *cln;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_chatws_guest_cleaned;
    cln->data = r;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_guest_pool(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_chatws_guest_cleaned;
    cln->data = r;

    return NGX_OK;
}


static void
ngx_http_chatws_guest_cleaned(void *data)
{
    ngx_http_request_t *r = data;

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0, "guest cleaned up \"%V\"",
                  &r->uri);
}


static ngx_int_t
ngx_http_chatws_guest_background(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest)
{
    ngx_http_request_t  *sr;

    if (ngx_http_subrequest(r, &guest->arg, NULL, &sr, NULL, guest->flags)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    sr->header_only = 1;

    return NGX_OK;
}


/* One in the background that has output never ends. */

static ngx_int_t
ngx_http_chatws_guest_subrequest(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest)
{
    ngx_http_request_t  *sr;

    return ngx_http_subrequest(r, &guest->arg, NULL, &sr, NULL, guest->flags);
}


static ngx_int_t
ngx_http_chatws_guest_post(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest)
{
    return ngx_http_post_request(r, NULL);
}


/* Holds the request for a while, as who waits for something does. */

static ngx_int_t
ngx_http_chatws_guest_hold(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest)
{
    ngx_http_cleanup_t             *cln;
    ngx_http_chatws_guest_timer_t  *timer;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    timer = ngx_http_chatws_guest_timer(r, ngx_http_chatws_guest_hold_handler,
                                        NGX_HTTP_CHATWS_GUEST_HOLD);
    if (timer == NULL) {
        return NGX_ERROR;
    }

    r->main->count++;

    cln->handler = ngx_http_chatws_guest_timer_cleanup;
    cln->data = timer;

    return NGX_OK;
}


/* Looks at the request for as long as it is there, without holding it. */

static ngx_int_t
ngx_http_chatws_guest_watch(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest)
{
    ngx_pool_cleanup_t             *cln;
    ngx_http_chatws_guest_timer_t  *timer;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    timer = ngx_http_chatws_guest_timer(r, ngx_http_chatws_guest_watch_handler,
                                        NGX_HTTP_CHATWS_GUEST_WATCH);
    if (timer == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_chatws_guest_timer_cleanup;
    cln->data = timer;

    return NGX_OK;
}


static ngx_http_chatws_guest_timer_t *
ngx_http_chatws_guest_timer(ngx_http_request_t *r,
    ngx_event_handler_pt handler, ngx_msec_t time)
{
    ngx_http_chatws_guest_timer_t  *timer;

    timer = ngx_pcalloc(r->pool, sizeof(ngx_http_chatws_guest_timer_t));
    if (timer == NULL) {
        return NULL;
    }

    timer->request = r;
    timer->event.handler = handler;
    timer->event.data = timer;
    timer->event.log = ngx_cycle->log;

    ngx_add_timer(&timer->event, time);

    return timer;
}


static void
ngx_http_chatws_guest_hold_handler(ngx_event_t *ev)
{
    ngx_connection_t               *c;
    ngx_http_request_t             *r;
    ngx_http_chatws_guest_timer_t  *timer;

    timer = ev->data;
    r = timer->request;
    c = r->connection;

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0, "guest lets \"%V\" go",
                  &r->uri);

    ngx_http_finalize_request(r, NGX_DONE);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_chatws_guest_watch_handler(ngx_event_t *ev)
{
    ngx_connection_t               *c;
    ngx_http_request_t             *r;
    ngx_http_chatws_guest_timer_t  *timer;

    timer = ev->data;
    r = timer->request;
    c = r->connection;

    timer->seen += r->uri.data[0];

    ngx_add_timer(ev, NGX_HTTP_CHATWS_GUEST_WATCH);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_chatws_guest_timer_cleanup(void *data)
{
    ngx_http_chatws_guest_timer_t *timer = data;

    if (timer->event.timer_set) {
        ngx_del_timer(&timer->event);
    }
}


static ngx_int_t
ngx_http_chatws_guest_status(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest)
{
    r->headers_out.status = ngx_atoi(guest->arg.data, guest->arg.len);
    r->headers_out.status_line.len = 0;

    return NGX_OK;
}


/* Keeps the header, as who waits for the body does. */

static ngx_int_t
ngx_http_chatws_guest_swallow(ngx_http_request_t *r,
    ngx_http_chatws_guest_t *guest)
{
    return NGX_DONE;
}


static void *
ngx_http_chatws_guest_create_loc_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_guest_loc_conf_t));
}


static char *
ngx_http_chatws_guest_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_chatws_guest_loc_conf_t *prev = parent;
    ngx_http_chatws_guest_loc_conf_t *conf = child;

    if (conf->guests == NULL) {
        conf->guests = prev->guests;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_chatws_guest(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_guest_loc_conf_t *cglcf = conf;

    ngx_str_t                *value;
    ngx_uint_t                i, moment;
    ngx_http_chatws_guest_t  *guest;

    value = cf->args->elts;

    if (cglcf->guests == NULL) {
        cglcf->guests = ngx_array_create(cf->pool, 2,
                                         sizeof(ngx_http_chatws_guest_t));
        if (cglcf->guests == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (moment = 0; moment < NGX_HTTP_CHATWS_GUEST_MOMENTS; moment++) {
        if (ngx_strcmp(value[1].data, ngx_http_chatws_guest_moments[moment])
            == 0)
        {
            break;
        }
    }

    for (i = 0; ngx_http_chatws_guest_deeds[i].name != NULL; i++) {
        if (ngx_strcmp(value[2].data, ngx_http_chatws_guest_deeds[i].name)
            == 0)
        {
            break;
        }
    }

    if (moment == NGX_HTTP_CHATWS_GUEST_MOMENTS
        || ngx_http_chatws_guest_deeds[i].name == NULL)
    {
        return "has no such moment or deed";
    }

    guest = ngx_array_push(cglcf->guests);
    if (guest == NULL) {
        return NGX_CONF_ERROR;
    }

    guest->moment = moment;
    guest->deed = ngx_http_chatws_guest_deeds[i].deed;
    guest->flags = ngx_http_chatws_guest_deeds[i].flags;

    ngx_str_null(&guest->arg);

    if (cf->args->nelts == 4) {
        guest->arg = value[3];
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_chatws_guest_init(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    static const struct {
        ngx_uint_t           phase;
        ngx_http_handler_pt  handler;
    } handlers[] = {
        { NGX_HTTP_REWRITE_PHASE, ngx_http_chatws_guest_rewrite },
        { NGX_HTTP_ACCESS_PHASE, ngx_http_chatws_guest_access },
        { NGX_HTTP_PRECONTENT_PHASE, ngx_http_chatws_guest_precontent },
        { NGX_HTTP_LOG_PHASE, ngx_http_chatws_guest_log }
    };

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {

        h = ngx_array_push(&cmcf->phases[handlers[i].phase].handlers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = handlers[i].handler;
    }

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_chatws_guest_header_filter;

    return NGX_OK;
}
