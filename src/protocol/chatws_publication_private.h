
/*
 * Copyright (C) chatws contributors
 *
 * Publications, for the two files that parse and write them.
 */


#ifndef _CHATWS_PUBLICATION_PRIVATE_H_INCLUDED_
#define _CHATWS_PUBLICATION_PRIVATE_H_INCLUDED_


#include "protocol/chatws_publication.h"


/*
 * The texts in which a member is not put as it was written, because the text
 * has a place of its own for it or leaves it out.
 */

#define CHATWS_PUB_IN_MESSAGE  0x01    /* notification and answer */
#define CHATWS_PUB_IN_UPDATE   0x02
#define CHATWS_PUB_IN_EVENT    0x04
#define CHATWS_PUB_NOTICE      0x08    /* the notification of a chat_update */
#define CHATWS_PUB_ANSWER      0x10    /* the answer to any publication */
#define CHATWS_PUB_CLEAR       0x20    /* what is encrypted */
#define CHATWS_PUB_HIDDEN      0x40    /* what stays clear beside that */


/* the kinds of publications in which a member stays clear */

#define CHATWS_PUB_OF_MESSAGE  (1 << CHATWS_PUB_MESSAGE)
#define CHATWS_PUB_OF_UPDATE   (1 << CHATWS_PUB_UPDATE)
#define CHATWS_PUB_OF_EVENT    (1 << CHATWS_PUB_EVENT)
#define CHATWS_PUB_OF_ANY      0x07


/* A member that the server knows. */

typedef struct {
    chatws_str_t            name;
    unsigned                keep:1;    /* its decoded string is needed */
    unsigned                skip:5;    /* CHATWS_PUB_IN_..., the texts that
                                          don't have it as it was written */
    unsigned                clear:3;   /* CHATWS_PUB_OF_..., the kinds where
                                          encryption does not hide it */
} chatws_pub_row_t;


struct chatws_pub_span_s {
    chatws_pub_span_t      *next;
    uint32_t                key;       /* offset of the key */
    uint32_t                colon;     /* offset right after the key */
    uint32_t                value;     /* offset of the value */
    uint32_t                end:28;    /* offset right after the value */
    uint32_t                member:4;  /* chatws_pub_member_e */
};


/* a span has a field of four bits for the index of its row */
chatws_static_assert(chatws_publication_rows_fit, CHATWS_PUB_FURTHER < 16);

/* the end of a member is below the size of a text */
chatws_static_assert(chatws_publication_end_fits, CHATWS_JSON_MAX <= 1 << 28);


/* by chatws_pub_member_e */
extern const chatws_pub_row_t  chatws_publication_rows[];


/* Returns 1 if encryption hides the member, chatws_pub_member_e, else 0. */
int chatws_publication_is_hidden(const chatws_publication_t *pub,
    unsigned member);

/*
 * Puts the members as they were written, and in their order, except for those
 * that one of the texts in skip leaves out.  Of several members of a name that
 * the server knows only the last one is put, which is the one it has checked:
 * a reader of the text could take another one for it.  first is not 0 where no
 * comma is needed in front of the first member.
 */
void chatws_publication_put_further(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip, int first);


#endif /* _CHATWS_PUBLICATION_PRIVATE_H_INCLUDED_ */
