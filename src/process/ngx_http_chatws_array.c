
/*
 * Copyright (C) chatws contributors
 *
 * Arrays that grow.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_array.h"


void *
ngx_http_chatws_array_resize(void *array, size_t used, size_t size,
    ngx_log_t *log)
{
    void  *resized;

    resized = ngx_alloc(size, log);
    if (resized == NULL) {
        return NULL;
    }

    if (used != 0) {
        ngx_memcpy(resized, array, used);
    }

    ngx_free(array);

    return resized;
}
