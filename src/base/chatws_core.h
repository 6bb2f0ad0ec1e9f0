
/*
 * Copyright (C) chatws contributors
 *
 * The pieces that every pure file uses: return codes, a counted string, and
 * checks of tables at compile time.
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


/* the initializer of a string that consists of a literal */
#define chatws_str(text)  { sizeof(text) - 1, (uint8_t *) text }


/* how many elements the array has */
#define chatws_nelts(array)  (sizeof(array) / sizeof((array)[0]))

/*
 * Does not compile unless the constant condition holds.  The name says in the
 * message of the compiler which assertion failed; it is unique in its file.
 */
#define chatws_static_assert(name, condition)                                 \
    typedef char  name[(condition) ? 1 : -1]


#endif /* _CHATWS_CORE_H_INCLUDED_ */
