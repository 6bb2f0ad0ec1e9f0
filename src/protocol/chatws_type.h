
/*
 * Copyright (C) chatws contributors
 *
 * Types of notifications that have a meaning already, so that nobody can
 * publish an event of their name.
 */


#ifndef _CHATWS_TYPE_H_INCLUDED_
#define _CHATWS_TYPE_H_INCLUDED_


#include "base/chatws_core.h"


/*
 * Whether the name is the server's own type or an event of the browser
 * client, where listeners of both could not be told from others.
 */
int chatws_type_reserved(const chatws_str_t *name);


#endif /* _CHATWS_TYPE_H_INCLUDED_ */
