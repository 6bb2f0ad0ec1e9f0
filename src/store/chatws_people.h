
/*
 * Copyright (C) chatws contributors
 *
 * The people of a zone: a table in shared memory of its own, beside that of
 * the chats.  A person is a user; a crowd is the people of a chat; a place is
 * a person in a crowd.  A place is there as long as the person is a member of
 * the chat, is subscribed to it, was so a moment ago, or as long as somebody
 * is still to be told of a change.
 *
 * The table counts no connections.  The caller compares: it looks at the
 * members of a chat in the store and says what is so.  Whatever changes makes
 * its place a changed one, of which the subscribers of the chat are told, and
 * a dirty row, of which the app server is told.
 *
 * The table knows no clock, no lock and no notifications.  All functions but
 * size(), init(), and those that are said to, need the lock of the zone, and
 * recover() is to be called first after each taking of the lock.  Each of
 * them that changes something does so in one step of the journal, so that a
 * process may be killed at any instruction.  None looks at more than some
 * CHATWS_PEOPLE_WALK rows.
 *
 * Rows are known by numbers from 1; 0 is none.  A number holds until the lock
 * is given back, and longer if its serial, which is never given twice, is
 * still the same.  A pointer holds as long as its number.
 */


#ifndef _CHATWS_PEOPLE_H_INCLUDED_
#define _CHATWS_PEOPLE_H_INCLUDED_


#include "base/chatws_name.h"
#include "store/chatws_arena.h"
#include "store/chatws_news.h"


#define CHATWS_PEOPLE_WALK     16        /* rows looked at, at most */
#define CHATWS_PEOPLE_BATCH    500       /* rows of a batch of changes, each
                                            of which may have two */
#define CHATWS_PEOPLE_KEPT     64        /* kept places of a person */
#define CHATWS_PEOPLE_REMOVED  60000     /* ms that a removal is remembered */

/* a part of the name of the annex: another layout is never taken over */
#define CHATWS_PEOPLE_LAYOUT   "people1"


/* What the zone has, see chatws_people_configure(). */

#define CHATWS_PEOPLE_PRESENCE   1
#define CHATWS_PEOPLE_UNREAD     2
#define CHATWS_PEOPLE_RECEIPTS   4
#define CHATWS_PEOPLE_DELIVERED  8       /* with receipts only */


/* The flags of each row: the kind of the row, the length of its id, others. */

#define CHATWS_PEOPLE_KIND     0x0000000f
#define CHATWS_PEOPLE_PERSON   1
#define CHATWS_PEOPLE_CROWD    2
#define CHATWS_PEOPLE_PLACE    3
#define CHATWS_PEOPLE_TAIL     4         /* the rest of an id */

#define chatws_people_is(row, kind)                                           \
    (((row)->flags & CHATWS_PEOPLE_KIND) == (kind))

#define CHATWS_PERSON_ONLINE     0x00001000    /* neither of these two: */
#define CHATWS_PERSON_AWAY       0x00002000    /* offline */
#define CHATWS_PERSON_INVISIBLE  0x00004000    /* to others: is offline */
#define CHATWS_PERSON_GRACE      0x00008000    /* is to be examined later */
#define CHATWS_PERSON_IDLE       0x00010000    /* may give way */
#define CHATWS_PERSON_ANNOUNCE   0x00020000    /* places are to be settled */
#define CHATWS_PERSON_DIRTY      0x00040000    /* online, since, invisible */
#define CHATWS_PERSON_FLIGHT     0x00080000
#define CHATWS_PERSON_STATE      (CHATWS_PERSON_ONLINE|CHATWS_PERSON_AWAY)
#define CHATWS_PERSON_OFFLINE    0             /* as a state */

#define CHATWS_CROWD_READY       0x00001000    /* changed after quiet */
#define CHATWS_CROWD_COOLING     0x00002000    /* was told, see from */
#define CHATWS_CROWD_RESET       0x00004000    /* changes were lost: all are
                                                  to be told again */
#define CHATWS_CROWD_FULL        0x00008000    /* the flush that runs does so */
#define CHATWS_CROWD_IDLE        0x00010000    /* may give way */
#define CHATWS_CROWD_MANY        0x00020000    /* others were told numbers in
                                                  place of names */

#define CHATWS_PLACE_MEMBER      0x00001000
#define CHATWS_PLACE_SUBSCRIBED  0x00002000    /* has a connection in it */
#define CHATWS_PLACE_KEPT        0x00004000    /* had one, see from */
#define CHATWS_PLACE_REMOVED     0x00008000    /* no member any more, which
                                                  is remembered, see from */
#define CHATWS_PLACE_MUTED       0x00010000
#define CHATWS_PLACE_MARKED      0x00020000    /* as unread, by hand */
#define CHATWS_PLACE_PRIVATE     0x00040000    /* the last read told nobody */
#define CHATWS_PLACE_PEOPLE      0x00080000    /* counts as one of people */
#define CHATWS_PLACE_ONLINE      0x00100000    /* shown as online, or away: */
#define CHATWS_PLACE_AWAY        0x00200000    /* counts as one of online */
#define CHATWS_PLACE_LEFT        0x00400000    /* others are to be told */
#define CHATWS_PLACE_PRESENCE    0x00800000    /* what has changed since */
#define CHATWS_PLACE_READ        0x01000000    /* others were told */
#define CHATWS_PLACE_DELIVERED   0x02000000
#define CHATWS_PLACE_DIRTY_READ    0x04000000  /* of these the app server is */
#define CHATWS_PLACE_DIRTY_MEMBER  0x08000000  /* to be told, */
#define CHATWS_PLACE_FLIGHT_READ   0x10000000  /* and these are in the batch */
#define CHATWS_PLACE_FLIGHT_MEMBER 0x20000000
#define CHATWS_PLACE_SHOWN    (CHATWS_PLACE_ONLINE|CHATWS_PLACE_AWAY)
#define CHATWS_PLACE_CHANGED  (CHATWS_PLACE_PRESENCE|CHATWS_PLACE_READ        \
                               |CHATWS_PLACE_DELIVERED)
#define CHATWS_PLACE_DIRTY                                                    \
    (CHATWS_PLACE_DIRTY_READ|CHATWS_PLACE_DIRTY_MEMBER)
#define CHATWS_PLACE_FLIGHT                                                   \
    (CHATWS_PLACE_FLIGHT_READ|CHATWS_PLACE_FLIGHT_MEMBER)

/* of a place: what chatws_people_set_reads() sets */
#define CHATWS_PLACE_MARKS                                                    \
    (CHATWS_PLACE_MUTED|CHATWS_PLACE_MARKED|CHATWS_PLACE_PRIVATE)


/* Neighbours in a list, of which the last one is followed by the first. */

typedef struct {
    uint32_t             prev;
    uint32_t             next;
} chatws_people_link_t;


/* The beginning of a row, which is a block of the arena. */

typedef struct {
    uint32_t              chain;     /* next row in the same bucket */
    uint32_t              flags;
    uint64_t              serial;
    chatws_people_link_t  wait;      /* in the list that a flag says */
} chatws_people_row_t;


/* An id; what does not fit is in a row of its own. */

typedef struct {
    uint32_t              tail;      /* row, 0: none */
    uint8_t               text[36];
} chatws_people_id_t;


/* A user.  Under the lock, to be changed by the functions below alone. */

typedef struct {
    chatws_people_row_t   row;
    chatws_people_link_t  dirty;
    uint64_t              hash;      /* chatws_store_hash() of the id */
    uint64_t              since;     /* ms since 1970: when the present state
                                        began, 0: never seen online */
    uint64_t              hidden;    /* the same as since, as others are to
                                        see it while invisible */
    uint64_t              from;      /* ms: begin of the grace */
    chatws_people_link_t  announce;
    uint32_t              places;    /* list, in the order of serials */
    uint32_t              cursor;    /* place to be announced next, or 0 */
    uint32_t              kept;      /* places with KEPT */
    uint32_t              nplaces;
    chatws_people_id_t    id;
} chatws_person_t;


/* The people of a chat.  The same. */

typedef struct {
    chatws_people_row_t   row;
    uint64_t              hash;      /* chatws_store_hash() of the chat id */
    uint64_t              count;     /* messages that count */
    uint64_t              version;   /* of the list of members, 0: none */
    uint64_t              token;     /* hash of that of a list in parts that
                                        is under way, 0: none is */
    uint32_t              online;    /* places shown as online or away */
    uint32_t              people;    /* places that count as people */
    uint32_t              members;
    uint32_t              places;    /* list, in the order of serials */
    uint32_t              changed;   /* list of places */
    uint32_t              from;      /* ms, its lower half: begin of READY
                                        or COOLING */
    uint32_t              flusher;   /* worker that flushes, 0: none does */
    uint32_t              spare;
    chatws_people_id_t    id;
} chatws_crowd_t;


/* A person in a crowd.  The same. */

typedef struct {
    chatws_people_row_t   row;
    chatws_people_link_t  dirty;     /* as in a person */
    uint32_t              person;
    uint32_t              crowd;
    chatws_people_link_t  of_person;
    chatws_people_link_t  of_crowd;
    chatws_people_link_t  changed;
    uint64_t              from;      /* ms: begin of KEPT or REMOVED */
    uint64_t              read;      /* the number read up to */
    int64_t               seen;      /* count of the chat at that number, less
                                        what is unread by seed */
    uint64_t              read_public;    /* read, as others see it */
    uint64_t              delivered;
    uint64_t              token;     /* of the list of members that named it */
    uint32_t              spare[4];
} chatws_place_t;


/* The lists of the table, for the private part. */

typedef enum {
    CHATWS_PEOPLE_LIST_GRACE = 0,    /* persons, in the order of from */
    CHATWS_PEOPLE_LIST_PERSONS,      /* idle ones */
    CHATWS_PEOPLE_LIST_ANNOUNCE,     /* persons */
    CHATWS_PEOPLE_LIST_READY,        /* crowds, as they changed */
    CHATWS_PEOPLE_LIST_COOLING,      /* crowds, in the order of from */
    CHATWS_PEOPLE_LIST_CROWDS,       /* idle ones */
    CHATWS_PEOPLE_LIST_KEPT,         /* places, in the order of from */
    CHATWS_PEOPLE_LIST_REMOVED,      /* places, in the order of from */
    CHATWS_PEOPLE_LIST_DIRTY,        /* persons and places */
    CHATWS_PEOPLE_LIST_FLIGHT,       /* the same, of the present batch */
    CHATWS_PEOPLE_LISTS
} chatws_people_list_e;


/* The state of a batch of changes. */

typedef enum {
    CHATWS_BATCH_OPEN = 0,           /* rows are put into it */
    CHATWS_BATCH_SEALED,             /* it is read, and stays as it is */
    CHATWS_BATCH_ACKED               /* its rows are taken out */
} chatws_batch_e;


/* What the caller says of the configuration; times are in milliseconds. */

typedef struct {
    uint32_t             features;   /* CHATWS_PEOPLE_PRESENCE and others */
    uint32_t             grace;
    uint32_t             interval;   /* between two flushes of a crowd */
} chatws_people_rules_t;


/* In shared memory, with the buckets and the arena behind it. */

typedef struct {
    uint64_t               born;     /* ms since 1970, 0: a new table */
    uint64_t               serial;   /* the last one that was given */
    uint64_t               batch;    /* number of the batch of changes */
    uint64_t               refused;  /* rows for which there was no room */
    uint64_t               poller;   /* who waits for changes: one at a time */
    uint64_t               heads;    /* distance of the buckets from here */
    chatws_people_rules_t  rules;
    uint32_t               nheads;
    uint32_t               state;    /* chatws_batch_e */
    uint32_t               feed;     /* somebody has asked for changes */
    uint32_t               nflight;  /* rows of the batch */
    uint32_t               ndirty;
    uint32_t               persons;
    uint32_t               online;   /* persons that are online or away */
    uint32_t               crowds;
    uint32_t               places;
    uint32_t               removed;  /* places with REMOVED */
    uint32_t               hand;     /* row that was swept last */
    uint32_t               sweep;    /* rows that are still to be swept */
    uint32_t               look;     /* row that was looked at last for one
                                        that gives way */
    uint32_t               lists[CHATWS_PEOPLE_LISTS];    /* first rows */
    chatws_news_t          news;     /* of whom others see a new state */
    chatws_journal_t       journal;
    chatws_arena_t         arena;
} chatws_people_t;


/* The time, by two clocks that all processes share. */

typedef struct {
    uint64_t             msec;       /* ms of one that is never set back */
    uint64_t             time;       /* ms since 1970 */
} chatws_people_now_t;


/* A user or a chat, by id and chatws_store_hash() of it. */

typedef struct {
    chatws_str_t         id;
    uint64_t             hash;
} chatws_people_name_t;


/* The bytes of a table of n rows. */
size_t chatws_people_size(uint32_t n);

/*
 * Makes an empty table of as many rows as size bytes at mem have room for: at
 * least one, at most 2^28.
 */
void chatws_people_init(void *mem, size_t size);

/*
 * To be called first after each taking of the lock.  Undoes the step in which
 * the previous holder died; if it did not, this is one load.
 */
void chatws_people_recover(chatws_people_t *tb);

/*
 * Sets what the configuration says.  1: it was something else, and all rows
 * are to be swept now.  stamp is a number larger than each one any table of
 * this zone was given: a new table begins its batches there.
 */
int chatws_people_configure(chatws_people_t *tb,
    const chatws_people_rules_t *rules, uint64_t stamp,
    const chatws_people_now_t *now);


/* rows: people_row.c */

/* The rows with these numbers, which are not 0. */
chatws_people_row_t *chatws_people_row(chatws_people_t *tb, uint32_t row);
chatws_person_t *chatws_people_person(chatws_people_t *tb, uint32_t person);
chatws_crowd_t *chatws_people_crowd(chatws_people_t *tb, uint32_t crowd);
chatws_place_t *chatws_people_place(chatws_people_t *tb, uint32_t place);

/*
 * The id of a person or of a crowd: its length is returned, and buf, which
 * has CHATWS_NAME_MAX bytes, is filled.
 */
size_t chatws_people_id(chatws_people_t *tb, uint32_t row, uint8_t *buf);

/* Rows by hash; 0: there is none. */
uint32_t chatws_people_find_person(chatws_people_t *tb, uint64_t hash);
uint32_t chatws_people_find_crowd(chatws_people_t *tb, uint64_t hash);
uint32_t chatws_people_find_place(chatws_people_t *tb, uint32_t person,
    uint32_t crowd);

/*
 * The row, which is made if there is none; 0: there is no room, which is
 * counted.  A new person is offline; a new crowd has this count, which is to
 * be the last number of its chat; a new place has seen = count.  A new place
 * that is given nothing by one of the functions below under the same lock is
 * not freed by itself.  An id has from 1 to CHATWS_NAME_MAX bytes.
 */
uint32_t chatws_people_make_person(chatws_people_t *tb,
    const chatws_people_name_t *user);
uint32_t chatws_people_make_crowd(chatws_people_t *tb,
    const chatws_people_name_t *chat, uint64_t count);

/*
 * The place of a user in a chat, which is made together with the person and
 * the crowd if there is none.  With an empty id of the user the person is not
 * made.
 */
uint32_t chatws_people_make_place(chatws_people_t *tb,
    const chatws_people_name_t *user, const chatws_people_name_t *chat,
    uint64_t count);


/* before the lock: people_prefetch.c */

/*
 * Fetches what the place of a user in a chat, by their hashes, is found, made
 * and freed with into the cache, right before the lock is taken, so that the
 * lock is held for less time.  A user of 0 is none: the crowd alone.  Without
 * the lock; optional.
 */
void chatws_people_prefetch(chatws_people_t *tb, uint64_t user,
    uint64_t chat);


/* what is so: people_place.c */

/*
 * Whether a connection of the person is subscribed to the chat.  With keep a
 * place that loses its last one, and is no member's, is kept for the grace.
 * The place may be gone after that.
 */
void chatws_people_set_subscribed(chatws_people_t *tb, uint32_t place, int on,
    int keep, const chatws_people_now_t *now);

/*
 * The person is a member from now on, or is not any more, which is remembered
 * for CHATWS_PEOPLE_REMOVED.  quiet: the app server is not told.  CHATWS_OK,
 * also if nothing changes.  CHATWS_BUSY: too many removals are remembered,
 * nothing has changed.
 */
chatws_rc_e chatws_people_set_member(chatws_people_t *tb, uint32_t place,
    int on, int quiet, const chatws_people_now_t *now);

/* 1: as many more removals as n can be remembered. */
int chatws_people_may_remove(chatws_people_t *tb, uint32_t n);

/*
 * The watermarks and marks of a place, all of them; whoever is to be told of
 * what is different is told, but with quiet not the app server.  flags is of
 * CHATWS_PLACE_MARKS.  What may move where is the caller's to know.
 */
typedef struct {
    uint64_t             read;
    int64_t              seen;
    uint64_t             read_public;
    uint64_t             delivered;
    uint32_t             flags;
} chatws_people_reads_t;

void chatws_people_get_reads(chatws_people_t *tb, uint32_t place,
    chatws_people_reads_t *reads);
void chatws_people_set_reads(chatws_people_t *tb, uint32_t place,
    const chatws_people_reads_t *reads, int quiet,
    const chatws_people_now_t *now);

/* What is unread: never below 0. */
uint64_t chatws_people_unread(chatws_people_t *tb, uint32_t place);

/* The count of a crowd, the version and the token of its list of members. */
void chatws_people_set_count(chatws_people_t *tb, uint32_t crowd,
    uint64_t count);
void chatws_people_set_version(chatws_people_t *tb, uint32_t crowd,
    uint64_t version, uint64_t token);

/* Notes that a part of a list of members with this token names the place. */
void chatws_people_set_token(chatws_people_t *tb, uint32_t place,
    uint64_t token);


/* states of persons: people_person.c */

/*
 * The state of a person, of CHATWS_PERSON_STATE, as its connections have it
 * now.  If there are fewer of them and later is set, a lower state counts
 * only after the grace: the person is to be examined again then, see
 * chatws_people_graced().  Whoever is to be told of a change is told.
 */
void chatws_people_set_state(chatws_people_t *tb, uint32_t person,
    uint32_t state, int later, const chatws_people_now_t *now);

/* Whether others see the person as offline. */
void chatws_people_set_invisible(chatws_people_t *tb, uint32_t person, int on,
    const chatws_people_now_t *now);

/*
 * What others see: the state, and since when it is so, in ms since 1970, or
 * 0: the person was never seen online.
 */
uint32_t chatws_people_visible(chatws_people_t *tb, uint32_t person,
    uint64_t *since);

/*
 * The same for a place: what the others in the chat are told, and no other
 * thing, or they would not be told when it changes.  It follows what is
 * visible when the person is announced.
 */
uint32_t chatws_people_shown(chatws_people_t *tb, uint32_t place,
    uint64_t *since);

/*
 * The person that is longest in the grace, if that has ended, or 0.  It is to
 * be examined and given its state with later = 0.
 */
uint32_t chatws_people_graced(chatws_people_t *tb,
    const chatws_people_now_t *now);

/*
 * Settles up to CHATWS_PEOPLE_WALK places of the person that is first to be
 * announced.  1: there is more to do.
 */
int chatws_people_announce(chatws_people_t *tb,
    const chatws_people_now_t *now);

/*
 * Ends up to CHATWS_PEOPLE_WALK places that were kept, and removals that were
 * remembered, for long enough.  1: there were some, and there may be more.
 */
int chatws_people_expire(chatws_people_t *tb, const chatws_people_now_t *now);


/* walks and lists: people_list.c */

/*
 * A walk over the places of a person or of a crowd, which goes on from slice
 * to slice, while the lock is given back in between; it begins as zeros.
 * Places that are there from the beginning to the end are met once each, and
 * none is met twice.  done: this was the last slice.
 */

typedef struct {
    uint64_t             serial;     /* of the last place that was met */
    uint64_t             at;         /* serial of the row, 0: none */
    uint32_t             row;        /* the last one that was looked at */
    uint32_t             done;
} chatws_people_cursor_t;

/*
 * Fills rows, which has CHATWS_PEOPLE_WALK elements, with the next places and
 * returns how many there are: there may be none although there are more.
 */
uint32_t chatws_people_crowd_slice(chatws_people_t *tb, uint32_t crowd,
    chatws_people_cursor_t *cursor, uint32_t *rows);
uint32_t chatws_people_person_slice(chatws_people_t *tb, uint32_t person,
    chatws_people_cursor_t *cursor, uint32_t *rows);

/*
 * The next row to be swept, after chatws_people_configure() or sweep(), or 0:
 * there is none, or, with more, none among those that were looked at.
 */
void chatws_people_sweep(chatws_people_t *tb);
uint32_t chatws_people_swept(chatws_people_t *tb, int *more);

/*
 * Flushing: the subscribers of a crowd are told what has changed.  due()
 * returns the crowd to be told next, if one is due since late ms, or 0.  The
 * caller looks whether the worker crowd->flusher lives, if it is not 0; then
 * it calls flush_wait(), else flush_begin(), and in as many holds of the lock
 * as it takes changed() or, with CHATWS_CROWD_FULL, crowd_slice(), and told()
 * for each place that it has noted; at last flush_end().
 */
uint32_t chatws_people_due(chatws_people_t *tb, uint64_t late,
    const chatws_people_now_t *now);

/* The ms until due() may return something, or CHATWS_PEOPLE_NEVER. */
#define CHATWS_PEOPLE_NEVER  ((uint64_t) -1)
uint64_t chatws_people_next_due(chatws_people_t *tb,
    const chatws_people_now_t *now);

void chatws_people_flush_wait(chatws_people_t *tb, uint32_t crowd,
    const chatws_people_now_t *now);
void chatws_people_flush_begin(chatws_people_t *tb, uint32_t crowd,
    uint32_t flusher, const chatws_people_now_t *now);

/* The place of a crowd that changed first, or 0. */
uint32_t chatws_people_changed(chatws_people_t *tb, uint32_t crowd);

/* The changes of a place were noted, to be told.  It may be gone after that. */
void chatws_people_told(chatws_people_t *tb, uint32_t place);

/*
 * The flush has ended; if it failed, the next one tells all.  Does nothing if
 * another worker has taken the crowd over.
 */
void chatws_people_flush_end(chatws_people_t *tb, uint32_t crowd,
    uint32_t flusher, int failed);

/* The next flush of the crowd tells all. */
void chatws_people_reset(chatws_people_t *tb, uint32_t crowd,
    const chatws_people_now_t *now);


/* changes for the app server: people_feed.c */

/*
 * There is one batch of changes, which stays the same until it is acked: it
 * is filled, read, and emptied in slices.  A row that changes after it was
 * put into the batch is in the next one, too.  Until somebody asks for the
 * first time, dirty rows may give way.
 *
 * feed_open() fills the batch, a slice at a time, and seals it when it is
 * full or there is no more: CHATWS_AGAIN: it is to be called again.
 * CHATWS_OK: the batch is sealed, tb->batch is its number.  CHATWS_DONE:
 * nothing has changed.  feed_ack() acks the batch with this number, if it is
 * the present one; open() goes on with it.
 */
chatws_rc_e chatws_people_feed_open(chatws_people_t *tb);
void chatws_people_feed_ack(chatws_people_t *tb, uint64_t batch);

/* A row of a batch, as it is now. */

typedef struct {
    uint32_t             flags;      /* what is to be told: those of FLIGHT */
    uint32_t             user_len;   /* of the ids */
    uint32_t             chat_len;   /* 0: it is a person */
    uint64_t             since;      /* of a person */
    uint64_t             read;       /* of a place, as are these: */
    int64_t              seen;
    uint64_t             unread;
    uint8_t              user[CHATWS_NAME_MAX];
    uint8_t              chat[CHATWS_NAME_MAX];
} chatws_people_change_t;

/*
 * Reads a sealed batch: fills changes, which has CHATWS_PEOPLE_WALK elements,
 * with the rows behind *row, which is 0 at first and then the last one that
 * was read, or 0: there are no more.  CHATWS_DECLINED: the batch with this
 * number was acked.
 */
chatws_rc_e chatws_people_feed_read(chatws_people_t *tb, uint64_t batch,
    uint32_t *row, chatws_people_change_t *changes, uint32_t *n);

/* This one waits for changes now: one at a time does. */
void chatws_people_feed_poll(chatws_people_t *tb, uint64_t poller);

/* 1: there are changes that are in no batch.  Without the lock. */
int chatws_people_feed_has(chatws_people_t *tb);


#endif /* _CHATWS_PEOPLE_H_INCLUDED_ */
