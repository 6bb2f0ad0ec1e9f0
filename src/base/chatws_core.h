
/*
 * Copyright (C) chatws contributors
 *
 * What every pure file shares: the return codes and a counted string.
 */


#ifndef _CHATWS_CORE_H_INCLUDED_
#define _CHATWS_CORE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


typedef enum {
    CHATWS_OK = 0,     /* done */
    CHATWS_AGAIN,      /* more input, or another call, is needed */
    CHATWS_DONE,       /* finished, nothing follows */
    CHATWS_DECLINED,   /* not applicable; not an error */
    CHATWS_BUSY,       /* no room now; may succeed later */
    CHATWS_ERROR       /* bad input or a failed allocation */
} chatws_rc_e;


/*
 * A counted string, not zero-terminated; laid out as ngx_str_t is, so that
 * the glue passes its own strings without a copy.
 */

typedef struct {
    size_t    len;
    uint8_t  *data;
} chatws_str_t;


#define chatws_str(text)  { sizeof(text) - 1, (uint8_t *) text }


#endif /* _CHATWS_CORE_H_INCLUDED_ */
