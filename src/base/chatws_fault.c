
/*
 * Copyright (C) chatws contributors
 *
 * A fault: the two texts that tell a client, or the sender of a request, why
 * it was refused.
 */


#include <string.h>

#include "base/chatws_fault.h"


chatws_rc_e
chatws_fault_set(chatws_fault_t *fault, const char *error,
    const char *details)
{
    fault->error.data = (uint8_t *) error;
    fault->error.len = strlen(error);

    fault->details.data = (uint8_t *) details;
    fault->details.len = strlen(details);

    fault->about = 0;

    return CHATWS_ERROR;
}
