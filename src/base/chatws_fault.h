
/*
 * Copyright (C) chatws contributors
 *
 * A fault: the two texts that tell a client, or the sender of a request, why
 * it was refused.
 */


#ifndef _CHATWS_FAULT_H_INCLUDED_
#define _CHATWS_FAULT_H_INCLUDED_


#include "base/chatws_core.h"


/* Both texts are valid UTF-8.  A fault that is not set has an empty error. */

typedef struct {
    chatws_str_t  error;           /* the kind: programs may compare it */
    chatws_str_t  details;         /* a sentence for people */
    unsigned      about:1;         /* a client is told as well which action,
                                      and which chat, it is about */
} chatws_fault_t;


/* the initializer of a fault that consists of two string literals */
#define chatws_fault(error, details)                                          \
    { chatws_str(error), chatws_str(details), 0 }

/* the same for one that tells the action and the chat */
#define chatws_fault_about(error, details)                                    \
    { chatws_str(error), chatws_str(details), 1 }


/*
 * Sets both texts of the fault, and that it tells no action.  The texts are not
 * copied: error and details are zero-terminated and live as long as the fault,
 * as string literals do.
 *
 * Always returns CHATWS_ERROR, so that a check can end with this call.
 */
chatws_rc_e chatws_fault_set(chatws_fault_t *fault, const char *error,
    const char *details);


#endif /* _CHATWS_FAULT_H_INCLUDED_ */
