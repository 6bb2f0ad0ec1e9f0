
/*
 * Copyright (C) chatws contributors
 *
 * The directives of a zone that knows people.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf_check.h"
#include "endpoint/ngx_http_chatws_conf_people.h"


/* chatws_users zone=NAME */

char *
ngx_http_chatws_conf_set_users(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_people_conf_t  *people;

    people = ngx_http_chatws_conf_people(cf);

    if (people == NULL) {
        return NGX_CONF_ERROR;
    }

    if (people->users) {
        return "is duplicate";
    }

    people->users = 1;

    return NGX_CONF_OK;
}


ngx_http_chatws_people_conf_t *
ngx_http_chatws_conf_people(ngx_conf_t *cf)
{
    ngx_str_t               *value, name;
    ngx_http_chatws_use_t   *use;
    ngx_http_chatws_zone_t  *zone;

    value = cf->args->elts;

    if (ngx_strncmp(value[1].data, "zone=", 5) != 0 || value[1].len == 5) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\", it must be "
                           "zone=name", &value[1], &value[0]);
        return NULL;
    }

    name.len = value[1].len - 5;
    name.data = value[1].data + 5;

    use = ngx_http_chatws_conf_use(cf, NULL);
    if (use == NULL) {
        return NULL;
    }

    use->answered = 1;
    use->people = 1;

    use->zone = ngx_http_chatws_zone_add(cf, &name, 0,
                                         &ngx_http_chatws_module);
    if (use->zone == NULL) {
        return NULL;
    }

    zone = use->zone->data;

    if (zone->people == NULL) {
        zone->people = ngx_pcalloc(cf->pool,
                                   sizeof(ngx_http_chatws_people_conf_t));
    }

    return zone->people;
}
