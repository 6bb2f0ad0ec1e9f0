
/*
 * Copyright (C) chatws contributors
 *
 * The inside of the table of people, for its files alone.  All of these
 * functions need the lock, and, but for those that only read and reclaim(), an
 * open step of the journal.
 */


#ifndef _CHATWS_PEOPLE_PRIVATE_H_INCLUDED_
#define _CHATWS_PEOPLE_PRIVATE_H_INCLUDED_


#include "store/chatws_people.h"


/* rows: people_row.c */

/* The first link of a bucket, and the hash of a place; without the lock. */
uint32_t *chatws_people_head(chatws_people_t *tb, uint64_t hash);
uint64_t chatws_people_place_hash(uint32_t person, uint32_t crowd);

/* Sets the flags of a row that are in mask to those that are in flags. */
void chatws_people_flag(chatws_people_t *tb, chatws_people_row_t *row,
    uint32_t mask, uint32_t flags);

/* Frees a person or a crowd that is in no list. */
void chatws_people_free_named(chatws_people_t *tb, uint32_t row);

/*
 * Frees a place that counts nowhere and is not remembered, and takes it out of
 * its lists.
 */
void chatws_people_free_place(chatws_people_t *tb, uint32_t place);

/* Frees a place unless something holds it. */
void chatws_people_drop_place(chatws_people_t *tb, uint32_t place);

/* Puts a row that may give way into the list of those, or takes it out. */
void chatws_people_rest_person(chatws_people_t *tb, uint32_t person);
void chatws_people_rest_crowd(chatws_people_t *tb, uint32_t crowd);


/* giving way: people_reclaim.c */

/*
 * Frees a block, in a step of its own, but neither of these rows.  Returns
 * whether it could.
 */
int chatws_people_reclaim(chatws_people_t *tb, uint32_t person,
    uint32_t crowd);


/* lists: people_list.c */

/* Appends a row to a list of the table, or takes it out. */
void chatws_people_add(chatws_people_t *tb, chatws_people_list_e list,
    uint32_t row);
void chatws_people_del(chatws_people_t *tb, chatws_people_list_e list,
    uint32_t row);

/* The same for any list: link is the distance of the link in the row. */
void chatws_people_append(chatws_people_t *tb, uint32_t *head, size_t link,
    uint32_t row);
void chatws_people_unlink(chatws_people_t *tb, uint32_t *head, size_t link,
    uint32_t row);

/* The row behind another one in a list, or 0. */
uint32_t chatws_people_next(chatws_people_t *tb, uint32_t head, size_t link,
    uint32_t row);

/* Others are to be told of this, of CHATWS_PLACE_CHANGED. */
void chatws_people_change(chatws_people_t *tb, uint32_t place, uint32_t what,
    const chatws_people_now_t *now);

/* All of a crowd is to be told again, since this time. */
void chatws_people_reset_since(chatws_people_t *tb, uint32_t crowd,
    uint64_t msec);

/* A place is not a changed one any more. */
void chatws_people_unchange(chatws_people_t *tb, uint32_t place);


/* places: people_place.c */

/* Makes what others see of a place what is so. */
void chatws_people_settle(chatws_people_t *tb, uint32_t place,
    const chatws_people_now_t *now);

/* A place is not kept any more. */
void chatws_people_unkeep(chatws_people_t *tb, uint32_t place);


/* changes for the app server: people_feed.c */

/* A row is dirty: what is of its DIRTY flags. */
void chatws_people_dirty(chatws_people_t *tb, uint32_t row, uint32_t what);

/* A row that is going to be freed is in no batch and not dirty. */
void chatws_people_undirty(chatws_people_t *tb, uint32_t row);


#endif /* _CHATWS_PEOPLE_PRIVATE_H_INCLUDED_ */
