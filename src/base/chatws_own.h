
/*
 * Copyright (C) chatws contributors
 *
 * The value of isOwnMessage in a notification.  It is written as false, and
 * overwritten in place in the copies for the connections of the sender.
 */


#ifndef _CHATWS_OWN_H_INCLUDED_
#define _CHATWS_OWN_H_INCLUDED_


/* both have CHATWS_OWN_LEN bytes: after true a blank, which JSON allows */

#define CHATWS_OWN_FALSE  "false"
#define CHATWS_OWN_TRUE   "true "
#define CHATWS_OWN_LEN    5


#endif /* _CHATWS_OWN_H_INCLUDED_ */
