
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_upload.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_type.h"
#include "process/ngx_http_chatws_annex.h"
#include "endpoint/ngx_http_chatws_conf_check.h"
#include "endpoint/ngx_http_chatws_conf_upload.h"


static ngx_int_t ngx_http_chatws_conf_upload_id(ngx_conf_t *cf);


/* chatws_upload NAME | off */

char *
ngx_http_chatws_conf_set_upload(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_str_t              *value;
    ngx_http_chatws_use_t  *use;

    if (cwlcf->upload != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        cwlcf->upload = NULL;
        return NGX_CONF_OK;
    }

    use = ngx_http_chatws_conf_use_zone(cf, NULL);
    if (use == NULL) {
        return NGX_CONF_ERROR;
    }

    use->people = 1;

    /* not all that reads a request body is a handler of its location */
    use->answered = 1;

    cwlcf->upload = use->zone;

    return ngx_http_chatws_conf_upload_id(cf) == NGX_OK ? NGX_CONF_OK
                                                        : NGX_CONF_ERROR;
}


/* Makes the default of chatws_upload_id. */

static ngx_int_t
ngx_http_chatws_conf_upload_id(ngx_conf_t *cf)
{
    ngx_str_t                          text;
    ngx_http_chatws_main_conf_t       *cwmcf;
    ngx_http_compile_complex_value_t   ccv;

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    if (cwmcf->upload_id != NULL) {
        return NGX_OK;
    }

    cwmcf->upload_id = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (cwmcf->upload_id == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&text, "$http_x_progress_id");

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &text;
    ccv.complex_value = cwmcf->upload_id;

    return ngx_http_compile_complex_value(&ccv);
}


ngx_int_t
ngx_http_chatws_conf_need_uploads(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    ngx_http_chatws_zone_t       *zone;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_chatws_main_conf_t  *cwmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    if (cwlcf->user == NULL && cwlcf->token.sources == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"chatws_upload\" in location \"%V\" needs a "
                           "user, by \"chatws_user\" or \"chatws_token\"",
                           &clcf->name);
        return NGX_ERROR;
    }

    zone = cwlcf->upload->data;

    zone->types |= 1u << CHATWS_TYPE_UPLOAD;

    if (cwlcf->upload_id == NULL) {
        cwlcf->upload_id = cwmcf->upload_id;
    }

    return ngx_http_chatws_annex_need(cf, cwlcf->upload,
                                      NGX_HTTP_CHATWS_ANNEX_UPLOADS);
}
