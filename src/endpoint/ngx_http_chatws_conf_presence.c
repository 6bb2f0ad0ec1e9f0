
/*
 * Copyright (C) chatws contributors
 *
 * The directives chatws_presence and chatws_watch.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf_param.h"
#include "endpoint/ngx_http_chatws_conf_people.h"
#include "endpoint/ngx_http_chatws_conf_presence.h"


/* in milliseconds */
#define NGX_HTTP_CHATWS_PRESENCE_GRACE     15000
#define NGX_HTTP_CHATWS_PRESENCE_INTERVAL  1000

#define NGX_HTTP_CHATWS_PRESENCE_NAMES     200

/* the largest values */
#define NGX_HTTP_CHATWS_PRESENCE_NAMES_MAX  1000
#define NGX_HTTP_CHATWS_WATCH_MAX           1000


static ngx_int_t ngx_http_chatws_conf_presence_param(ngx_conf_t *cf,
    ngx_http_chatws_presence_conf_t *presence, ngx_str_t *param);


static const ngx_http_chatws_times_t  ngx_http_chatws_presence_graces = {
    1000, 10 * 60 * 1000, "between 1s and 10m"
};

static const ngx_http_chatws_times_t  ngx_http_chatws_presence_intervals = {
    100, 60 * 1000, "between 100ms and 1m"
};


/* chatws_presence zone=NAME [grace=TIME] [interval=TIME] [names=N]
   [lastseen=on|off] */

char *
ngx_http_chatws_conf_set_presence(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t                        *value;
    ngx_uint_t                        i;
    ngx_http_chatws_people_conf_t    *people;
    ngx_http_chatws_presence_conf_t  *presence;

    people = ngx_http_chatws_conf_people(cf);

    if (people == NULL) {
        return NGX_CONF_ERROR;
    }

    if (people->presence != NULL) {
        return "is duplicate";
    }

    presence = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_presence_conf_t));
    if (presence == NULL) {
        return NGX_CONF_ERROR;
    }

    presence->grace = NGX_HTTP_CHATWS_PRESENCE_GRACE;
    presence->interval = NGX_HTTP_CHATWS_PRESENCE_INTERVAL;
    presence->names = NGX_HTTP_CHATWS_PRESENCE_NAMES;
    presence->lastseen = 1;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_chatws_conf_param_is_new(cf, i) != NGX_OK
            || ngx_http_chatws_conf_presence_param(cf, presence, &value[i])
               != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    people->presence = presence;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_chatws_conf_presence_param(ngx_conf_t *cf,
    ngx_http_chatws_presence_conf_t *presence, ngx_str_t *param)
{
    uint32_t   number;
    uint64_t   time;
    ngx_int_t  rc;

    if (ngx_strncmp(param->data, "grace=", 6) == 0) {
        rc = ngx_http_chatws_conf_param_time(cf, param, 6,
                                        &ngx_http_chatws_presence_graces,
                                        &time);
        presence->grace = rc == NGX_OK ? time : 0;
        return rc;
    }

    if (ngx_strncmp(param->data, "interval=", 9) == 0) {
        rc = ngx_http_chatws_conf_param_time(cf, param, 9,
                                        &ngx_http_chatws_presence_intervals,
                                        &time);
        presence->interval = rc == NGX_OK ? time : 0;
        return rc;
    }

    if (ngx_strncmp(param->data, "names=", 6) == 0) {
        rc = ngx_http_chatws_conf_param_number(cf, param, 6,
                                        NGX_HTTP_CHATWS_PRESENCE_NAMES_MAX,
                                        &number);
        presence->names = rc == NGX_OK ? number : 0;
        return rc;
    }

    if (ngx_strcmp(param->data, "lastseen=on") == 0) {
        presence->lastseen = 1;
        return NGX_OK;
    }

    if (ngx_strcmp(param->data, "lastseen=off") == 0) {
        presence->lastseen = 0;
        return NGX_OK;
    }

    return ngx_http_chatws_conf_param_unknown(cf, param);
}


/* chatws_watch N [members] */

char *
ngx_http_chatws_conf_set_watch(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (cwlcf->rules.watch != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n > NGX_HTTP_CHATWS_WATCH_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" value \"%V\" must be between 0 and %d",
                           &value[0], &value[1], NGX_HTTP_CHATWS_WATCH_MAX);
        return NGX_CONF_ERROR;
    }

    cwlcf->rules.watch = n;
    cwlcf->rules.watch_members = 0;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[2].data, "members") != 0) {
        (void) ngx_http_chatws_conf_param_unknown(cf, &value[2]);
        return NGX_CONF_ERROR;
    }

    cwlcf->rules.watch_members = 1;

    return NGX_CONF_OK;
}


void
ngx_http_chatws_conf_check_presence(ngx_conf_t *cf,
    const ngx_http_chatws_loc_conf_t *cwlcf, ngx_uint_t *warned)
{
    const ngx_http_chatws_zone_t  *zone;

    zone = cwlcf->zone->data;

    if (*warned
        || zone->people == NULL
        || zone->people->presence == NULL
        || cwlcf->rules.access != 0)
    {
        return;
    }

    *warned = 1;

    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "who is there is public: the zone \"%V\" has "
                       "\"chatws_presence\", and \"chatws_access\" is open, "
                       "here or in what is inherited", &zone->name);
}
