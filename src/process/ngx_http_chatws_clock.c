
/*
 * Copyright (C) chatws contributors
 *
 * The time of day, as the pure code wants it, and numbers that differ.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_clock.h"


uint64_t
ngx_http_chatws_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


uint64_t
ngx_http_chatws_ticks(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


uint64_t
ngx_http_chatws_noise(void)
{
    return (uint64_t) ngx_random() << 33 ^ (uint64_t) ngx_random() << 11
           ^ (uint64_t) ngx_pid;
}
