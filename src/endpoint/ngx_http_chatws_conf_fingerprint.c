
/*
 * Copyright (C) chatws contributors
 *
 * Fingerprints of locations.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_settings.h"
#include "endpoint/ngx_http_chatws_conf_fingerprint.h"


static uint64_t ngx_http_chatws_conf_fingerprint(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf);
static int ngx_libc_cdecl ngx_http_chatws_conf_cmp_locations(const void *one,
    const void *two);


char *
ngx_http_chatws_conf_add_location(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    ngx_http_chatws_location_t   *location;
    ngx_http_chatws_main_conf_t  *cwmcf;

    cwlcf->rules.location_id = ngx_http_chatws_conf_fingerprint(cf, cwlcf);

    if (!cwlcf->rules.handover) {
        return NGX_CONF_OK;
    }

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    location = ngx_array_push(&cwmcf->locations);
    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    location->id = cwlcf->rules.location_id;
    location->zone = cwlcf->zone;
    location->session = &cwlcf->session;
    location->rules = &cwlcf->rules;

    return NGX_CONF_OK;
}


void
ngx_http_chatws_conf_sort_locations(ngx_http_chatws_main_conf_t *cwmcf)
{
    ngx_uint_t                   i, n;
    ngx_http_chatws_location_t  *locations;

    locations = cwmcf->locations.elts;

    ngx_qsort(locations, cwmcf->locations.nelts,
              sizeof(ngx_http_chatws_location_t),
              ngx_http_chatws_conf_cmp_locations);

    /* a location and a block "if" inside may have the same fingerprint */

    n = 0;

    for (i = 0; i < cwmcf->locations.nelts; i++) {
        if (n == 0 || locations[i].id != locations[n - 1].id) {
            locations[n++] = locations[i];
        }
    }

    cwmcf->locations.nelts = n;
}


ngx_http_chatws_location_t *
ngx_http_chatws_conf_find_location(ngx_http_chatws_main_conf_t *cwmcf,
    uint64_t id)
{
    ngx_http_chatws_location_t  key;

    key.id = id;

    return bsearch(&key, cwmcf->locations.elts, cwmcf->locations.nelts,
                   sizeof(ngx_http_chatws_location_t),
                   ngx_http_chatws_conf_cmp_locations);
}


static int ngx_libc_cdecl
ngx_http_chatws_conf_cmp_locations(const void *one, const void *two)
{
    const ngx_http_chatws_location_t  *first, *second;

    first = one;
    second = two;

    return first->id < second->id ? -1 : first->id > second->id;
}


/* Returns a hash of all settings that a session depends on. */

static uint64_t
ngx_http_chatws_conf_fingerprint(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    uint64_t                   hash;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_core_srv_conf_t  *cscf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    hash = 0;

    ngx_http_chatws_mix_str(&hash, &cscf->server_name);
    ngx_http_chatws_mix_str(&hash, &clcf->name);

    ngx_http_chatws_settings_mix(ngx_http_chatws_session_settings,
                                 &cwlcf->session, &hash);
    ngx_http_chatws_settings_mix(ngx_http_chatws_conf_settings, cwlcf, &hash);

    return hash;
}


/*
 * A client was told which features its zone has: it has to come back where
 * these are others.
 */

void
ngx_http_chatws_conf_mix_zone(uint64_t *hash, const void *value)
{
    ngx_shm_zone_t *const *shm_zone = value;

    ngx_uint_t                      features;
    ngx_http_chatws_zone_t         *zone;
    ngx_http_chatws_people_conf_t  *people;

    if (*shm_zone == NULL) {
        return;
    }

    ngx_http_chatws_mix_str(hash, &(*shm_zone)->shm.name);

    zone = (*shm_zone)->data;
    people = zone->people;

    if (people != NULL) {
        features = 1
                   | (people->unread ? 2 : 0)
                   | (people->presence != NULL ? 4 : 0)
                   | (people->receipts != NULL ? 8 : 0)
                   | (people->receipts != NULL
                      && people->receipts->delivered ? 16 : 0);

        ngx_http_chatws_mix(hash, &features, sizeof(ngx_uint_t));
    }
}


/* The text is mixed, but not how other modules make the variables in it. */

void
ngx_http_chatws_conf_mix_complex(uint64_t *hash, const void *value)
{
    ngx_http_complex_value_t *const *cv = value;

    ngx_uint_t  set;

    set = (*cv != NULL);

    ngx_http_chatws_mix(hash, &set, sizeof(ngx_uint_t));

    if (set) {
        ngx_http_chatws_mix_str(hash, &(*cv)->value);
    }
}


void
ngx_http_chatws_conf_mix_strs(uint64_t *hash, const void *value)
{
    ngx_array_t *const *array = value;

    ngx_str_t   *str;
    ngx_uint_t   i, n;

    n = *array == NULL ? 0 : (*array)->nelts;

    ngx_http_chatws_mix(hash, &n, sizeof(ngx_uint_t));

    for (i = 0; i < n; i++) {
        str = (*array)->elts;
        ngx_http_chatws_mix_str(hash, &str[i]);
    }
}


void
ngx_http_chatws_conf_mix_app(uint64_t *hash, const void *value)
{
    ngx_http_chatws_app_t *const *app = value;

    if (*app != NULL) {
        ngx_http_chatws_mix_str(hash, &(*app)->url);
    }
}
