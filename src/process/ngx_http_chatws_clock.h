
/*
 * Copyright (C) chatws contributors
 *
 * The time of day, as the pure code wants it, and numbers that differ.
 */


#ifndef _NGX_HTTP_CHATWS_CLOCK_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLOCK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The milliseconds since 1970-01-01T00:00:00Z.  It is nginx's cached time, of
 * the beginning of this turn of the event loop, and may go back when the clock
 * of the system is set.
 */
uint64_t ngx_http_chatws_now(void);

/*
 * Microseconds since some time, by a clock that never goes back, read at this
 * moment: to tell how long something takes.
 */
uint64_t ngx_http_chatws_ticks(void);

/*
 * A number that tells apart what several processes make at the same time.  It
 * is no secret.
 */
uint64_t ngx_http_chatws_noise(void);


#endif /* _NGX_HTTP_CHATWS_CLOCK_H_INCLUDED_ */
