
/*
 * Copyright (C) chatws contributors
 *
 * The directives chatws_unread and chatws_receipts.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf_param.h"
#include "endpoint/ngx_http_chatws_conf_people.h"
#include "endpoint/ngx_http_chatws_conf_unread.h"


#define NGX_HTTP_CHATWS_RECEIPTS_LIMIT      100
#define NGX_HTTP_CHATWS_RECEIPTS_LIMIT_MAX  1000

/* in milliseconds */
#define NGX_HTTP_CHATWS_RECEIPTS_INTERVAL   1000


static ngx_int_t ngx_http_chatws_conf_receipts_param(ngx_conf_t *cf,
    ngx_http_chatws_receipts_conf_t *receipts, ngx_str_t *param);


static const ngx_http_chatws_times_t  ngx_http_chatws_receipts_intervals = {
    100, 60 * 1000, "between 100ms and 1m"
};


/* chatws_unread zone=NAME */

char *
ngx_http_chatws_conf_set_unread(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_people_conf_t  *people;

    people = ngx_http_chatws_conf_people(cf);

    if (people == NULL) {
        return NGX_CONF_ERROR;
    }

    if (people->unread) {
        return "is duplicate";
    }

    people->unread = 1;

    return NGX_CONF_OK;
}


/* chatws_receipts zone=NAME [limit=N] [interval=TIME] [delivered]
   [reciprocal] */

char *
ngx_http_chatws_conf_set_receipts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t                        *value;
    ngx_uint_t                        i;
    ngx_http_chatws_people_conf_t    *people;
    ngx_http_chatws_receipts_conf_t  *receipts;

    people = ngx_http_chatws_conf_people(cf);

    if (people == NULL) {
        return NGX_CONF_ERROR;
    }

    if (people->receipts != NULL) {
        return "is duplicate";
    }

    receipts = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_receipts_conf_t));
    if (receipts == NULL) {
        return NGX_CONF_ERROR;
    }

    receipts->limit = NGX_HTTP_CHATWS_RECEIPTS_LIMIT;
    receipts->interval = NGX_HTTP_CHATWS_RECEIPTS_INTERVAL;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_chatws_conf_param_is_new(cf, i) != NGX_OK
            || ngx_http_chatws_conf_receipts_param(cf, receipts, &value[i])
               != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    people->receipts = receipts;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_chatws_conf_receipts_param(ngx_conf_t *cf,
    ngx_http_chatws_receipts_conf_t *receipts, ngx_str_t *param)
{
    uint32_t   number;
    uint64_t   time;
    ngx_int_t  rc;

    if (ngx_strncmp(param->data, "limit=", 6) == 0) {
        rc = ngx_http_chatws_conf_param_number(cf, param, 6,
                                        NGX_HTTP_CHATWS_RECEIPTS_LIMIT_MAX,
                                        &number);
        receipts->limit = rc == NGX_OK ? number : 0;
        return rc;
    }

    if (ngx_strncmp(param->data, "interval=", 9) == 0) {
        rc = ngx_http_chatws_conf_param_time(cf, param, 9,
                                        &ngx_http_chatws_receipts_intervals,
                                        &time);
        receipts->interval = rc == NGX_OK ? time : 0;
        return rc;
    }

    if (ngx_strcmp(param->data, "delivered") == 0) {
        receipts->delivered = 1;
        return NGX_OK;
    }

    if (ngx_strcmp(param->data, "reciprocal") == 0) {
        receipts->reciprocal = 1;
        return NGX_OK;
    }

    return ngx_http_chatws_conf_param_unknown(cf, param);
}
