
/*
 * Copyright (C) chatws contributors
 *
 * The inside of the hub, for the files of this room alone.  All of it is
 * memory of the worker; the shared state is behind zone.store.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "base/chatws_core.h"
#include "store/chatws_people_reader.h"
#include "hub/ngx_http_chatws_hub.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_presence.h"
#include "hub/ngx_http_chatws_index.h"


/* notifications of a delivery, at most */
#define NGX_HTTP_CHATWS_NOTES     256

/* subscribers are brought into the cache so many places ahead */
#define NGX_HTTP_CHATWS_PREFETCH  4

#define ngx_http_chatws_prefetch(p)  __builtin_prefetch(p)


typedef struct ngx_http_chatws_local_chat_s  ngx_http_chatws_local_chat_t;
typedef struct ngx_http_chatws_note_s        ngx_http_chatws_note_t;
typedef struct ngx_http_chatws_ended_s       ngx_http_chatws_ended_t;
typedef struct ngx_http_chatws_typing_s      ngx_http_chatws_typing_t;
typedef struct ngx_http_chatws_watch_s       ngx_http_chatws_watch_t;


/*
 * A notification of the delivery in hand, shared by all its receivers.  Its
 * frame lies in the data of the delivery.
 */

struct ngx_http_chatws_note_s {
    ngx_http_chatws_outframe_t     frame;       /* first, see below */
    uint64_t                       offset;      /* in its ring */
    uint64_t                       seq;         /* 0: not sequenced */
    uint64_t                       sender;      /* hash, 0: nobody */
    ngx_http_chatws_local_chat_t  *chat;        /* NULL: it is a command */
    ngx_http_chatws_note_t        *mine;        /* as its sender gets it, or
                                                   NULL: not made yet */
    uint32_t                       own;         /* position of the literal
                                                   "false", see the entry */
};


/* a note may be handed out as its frame */
chatws_static_assert(ngx_http_chatws_note_is_frame,
    offsetof(ngx_http_chatws_note_t, frame) == 0);


/*
 * A subscriber in a chat.  The memory is allocated when it subscribes; when it
 * has left, and the lock of the zone was busy, the same memory holds a
 * ngx_http_chatws_ended_t.
 */

struct ngx_http_chatws_sub_s {
    ngx_http_chatws_node_t         node;        /* in hub->subs */
    ngx_http_chatws_subscriber_t  *subscriber;
    ngx_http_chatws_local_chat_t  *chat;
    ngx_http_chatws_sub_t         *next;        /* of the subscriber */
    ngx_http_chatws_sub_t        **prev;
    uint64_t                       from;        /* notifications from this
                                                   offset on are for it, */
    uint64_t                       upto;        /* but for those with numbers
                                                   up to this one */
    unsigned                       pos:30;      /* in chat->members */
    unsigned                       state:1;     /* gets states, too */
    unsigned                       stale:1;     /* of these, some were left
                                                   out */
    uint32_t                       mark;        /* of the owner */
};


/* both pointers of a member, so that a delivery reads one array only */

typedef struct {
    ngx_http_chatws_subscriber_t  *subscriber;
    ngx_http_chatws_sub_t         *sub;
} ngx_http_chatws_member_t;


/* a subscription that has ended, and is still to be taken out of the zone */

struct ngx_http_chatws_ended_s {
    ngx_http_chatws_ended_t       *next;
    chatws_people_parted_t         it;
    uint32_t                       flags;
};


/* the memory of a subscription is enough to note its end */
chatws_static_assert(ngx_http_chatws_ended_fits,
    sizeof(struct ngx_http_chatws_ended_s)
    <= sizeof(struct ngx_http_chatws_sub_s));


/* a chat that has subscribers in this worker; it is freed with the last one */

struct ngx_http_chatws_local_chat_s {
    ngx_http_chatws_node_t         by_id;       /* in hub->chats */
    ngx_http_chatws_node_t         by_row;      /* in hub->rows */
    ngx_http_chatws_member_t      *members;     /* without gaps */
    uint64_t                       serial;      /* of the row */
    uint64_t                       from;        /* notifications from this
                                                   offset on are for all */
    uint32_t                       row;
    uint32_t                       n;           /* members in use */
    uint32_t                       size;        /* members allocated */
    uint32_t                       delivery;    /* last delivery touched in */
    uint32_t                       first;       /* in order, see below */
    uint32_t                       nnotes;      /* in that delivery */
    ngx_str_t                      id;          /* follows the structure */
};


/* a subscriber to be served in the delivery in hand */

typedef struct {
    ngx_http_chatws_subscriber_t  *subscriber;  /* NULL: has left */
    ngx_http_chatws_local_chat_t  *chat;        /* NULL: has left it */
    uint32_t                       more;        /* link + 1, or 0 */
} ngx_http_chatws_touched_t;


/* one more chat of such a subscriber */

typedef struct {
    ngx_http_chatws_local_chat_t  *chat;        /* NULL: has left it */
    uint32_t                       next;        /* link + 1, or 0 */
} ngx_http_chatws_link_t;


/*
 * A round of delivery: entries collected from the rings, and the subscribers
 * that they may be for.  There is one at a time, and the arrays are kept for
 * the next one.
 */

typedef struct {
    ngx_http_chatws_note_t        *notes;       /* as they were published */
    ngx_http_chatws_note_t        *mine;        /* variants for senders */
    ngx_http_chatws_note_t       **order;       /* the notes, chat by chat */
    ngx_http_chatws_note_t       **gather;      /* those for one subscriber */
    ngx_http_chatws_local_chat_t **chats;       /* that have notes */
    ngx_http_chatws_touched_t     *touched;
    ngx_http_chatws_link_t        *links;
    u_char                        *data;        /* the frames */
    uint64_t                       pos[CHATWS_RINGS];   /* first entry of
                                                   the next delivery, or
                                                   CHATWS_OFF_NONE */
    size_t                         size;        /* of touched and links */
    size_t                         need;        /* most of them in use */
    size_t                         room;        /* bytes of data */
    size_t                         bytes;       /* used of them */
    uint32_t                       nnotes;
    uint32_t                       nchats;
    uint32_t                       ntouched;
    uint32_t                       nlinks;
    uint32_t                       next;        /* touched to serve next */
    uint32_t                       number;      /* of the delivery */
    unsigned                       active:1;
    unsigned                       commands:1;  /* the notes are commands, and
                                                   next is one of them */
    unsigned                       served:1;    /* all of it was, but the
                                                   zone does not know yet */
} ngx_http_chatws_delivery_t;


/* what a worker sees to where the zone knows people */

typedef struct {
    ngx_event_t                    work;        /* posted, or a timer */
    ngx_http_chatws_flush_t        flush;
    uint64_t                       until;       /* ms: end of the interval that
                                                   this worker began last */
    unsigned                       configured:1;
} ngx_http_chatws_tending_t;


/* a user who types in a chat */

typedef struct {
    ngx_str_t                     *id;          /* of the chat */
    chatws_typing_key_t            key;
    uint32_t                       row;         /* 0: found by the id */
} ngx_http_chatws_subject_t;


struct ngx_http_chatws_hub_s {
    ngx_http_chatws_zone_t         zone;        /* a copy: outlives cycles */
    ngx_http_chatws_sleeper_t      sleeper;
    ngx_connection_t               ident;       /* of the events below */
    ngx_event_t                    round;       /* delivery: posted, or a
                                                   timer */
    ngx_event_t                    signal;      /* posted: wake the owed */
    ngx_event_t                    tick;        /* timer: housekeeping */
    ngx_event_t                    again;       /* timer: the lock was busy */
    ngx_event_t                    reap;        /* posted: dead workers have
                                                   left more to be removed */
    const ngx_http_chatws_hub_handlers_t  *handlers;
    ngx_http_chatws_index_t        chats;       /* by id */
    ngx_http_chatws_index_t        rows;        /* the same, by row */
    ngx_http_chatws_index_t        subs;        /* by subscriber and chat */
    ngx_http_chatws_delivery_t     delivery;
    ngx_http_chatws_ended_t       *ended;       /* list */
    ngx_http_chatws_typing_t      *typing;      /* NULL: nobody has typed */
    ngx_http_chatws_tending_t     *tending;     /* NULL: the zone knows no
                                                   people */
    ngx_http_chatws_watch_t       *watch;       /* NULL: nobody has watched */
    uint32_t                      *wakes;       /* slots to wake: nslots
                                                   places for the store */
    uint64_t                       owed[CHATWS_SLOTS_MAX / 64];  /* a bit for
                                                   each slot to be woken */
    ngx_msec_t                     coalesce;
    ngx_uint_t                     replaced;    /* ticks since a reload */
    uint32_t                       slot;        /* or CHATWS_SLOT_NONE */
    uint32_t                       reaped;      /* slots that are to be
                                                   counted */
};


/* the hub itself: hub.c */

/* Asks for a delivery, now or when the wake-up has waited for others. */
void ngx_http_chatws_hub_post_delivery(ngx_http_chatws_hub_t *hub);

/*
 * The lock of the zone is busy: whatever needs it is tried again in a moment,
 * by a timer.
 */
void ngx_http_chatws_hub_again(ngx_http_chatws_hub_t *hub);


/* the slot: hub_slot.c */

/*
 * Takes a slot and a wake-up descriptor.  NGX_BUSY: all are taken.  NGX_AGAIN:
 * the lock is busy.  NGX_ERROR: the worker has no connection left.
 */
ngx_int_t ngx_http_chatws_slot_claim(ngx_http_chatws_hub_t *hub,
    ngx_cycle_t *cycle);

/* Gives the slot back, at the end of the worker. */
void ngx_http_chatws_slot_leave(ngx_http_chatws_hub_t *hub);

/*
 * Gives the slots of dead workers back, and makes their wake-ups good.  It ends
 * after a while, and asks to be called again by hub->reap.  Those that were
 * given back are added to hub->reaped.  Returns how many dead workers there
 * were: whatever depends on that, as their seats, is done.
 */
uint32_t ngx_http_chatws_slot_reap(ngx_http_chatws_hub_t *hub);


/* seats: hub_seat.c */

/* Answers what other workers have asked of this one. */
void ngx_http_chatws_seat_calls(ngx_http_chatws_hub_t *hub);


/* publishing: hub_publish.c */

/* in milliseconds: a stopped worker may hold up publishers for so long */
#define NGX_HTTP_CHATWS_LAP_TIME  5000

/* Notes that the first n slots in hub->wakes are to be woken. */
void ngx_http_chatws_hub_wake(ngx_http_chatws_hub_t *hub, uint32_t n);

/* Wakes them now. */
void ngx_http_chatws_hub_signal(ngx_http_chatws_hub_t *hub);

/* Wakes them: the handler of hub->signal. */
void ngx_http_chatws_signal_handler(ngx_event_t *ev);


/* what was read: hub_unread.c */

/* The sender of what was published has read the chat, and is told so. */
void ngx_http_chatws_tally_tell(ngx_http_chatws_hub_t *hub,
    const chatws_people_tally_t *tally, const chatws_posted_t *posted);

/*
 * A number that no other connection has at this time, in any worker, and no
 * user as its hash.
 */
uint64_t ngx_http_chatws_sub_tag(
    const ngx_http_chatws_subscriber_t *subscriber);


/* commands: hub_command.c */

/* Carries a slice of the commands of the delivery in hand out. */
void ngx_http_chatws_command_serve(ngx_http_chatws_hub_t *hub);


/* subscriptions in the zone: hub_shared.c */

/* Adds a subscription to the zone, with the results of subscribe(). */
ngx_int_t ngx_http_chatws_shared_add(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *id, uint32_t share,
    chatws_subscribed_t *at);

/*
 * Takes a subscription out of the zone and frees it; nothing in this worker
 * refers to it any more.  ended has all but next and flags of it.  If the lock
 * cannot be had, its memory notes that the zone still has it.
 */
void ngx_http_chatws_shared_del(ngx_http_chatws_sub_t *sub,
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_ended_t *ended);

/* Takes the subscriptions that have ended out of the zone. */
void ngx_http_chatws_hub_settle_ended(ngx_http_chatws_hub_t *hub);


/* people: hub_people.c */

/*
 * The hub of a zone that may know people begins, or goes on with another
 * configuration.  NGX_ERROR: there is no memory.
 */
ngx_int_t ngx_http_chatws_people_init(ngx_http_chatws_hub_t *hub,
    ngx_log_t *log);
void ngx_http_chatws_people_done(ngx_http_chatws_hub_t *hub);

/* Housekeeping. */
void ngx_http_chatws_people_tick(ngx_http_chatws_hub_t *hub);


/* telling the subscribers of a chat: hub_people_flush.c */

/*
 * Does the next part of a flush, of a crowd that is due since late ms.
 * NGX_OK: there may be more.  NGX_DONE: there is not.  NGX_AGAIN: the lock is
 * busy.
 */
ngx_int_t ngx_http_chatws_flush_slice(ngx_http_chatws_hub_t *hub,
    uint64_t late, const chatws_people_now_t *now);

/* Gives a flush up, at the end of the hub. */
void ngx_http_chatws_flush_cancel(ngx_http_chatws_flush_t *flush);


/* subscriptions in this worker: hub_subscribe.c */

/* The subscription of a subscriber to a chat, or NULL. */
ngx_http_chatws_sub_t *ngx_http_chatws_sub_of(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *id);

/*
 * Whether a durable notification, at offset and with number seq or 0, is for
 * this subscriber: it is neither from before the subscription, nor one that
 * the owner of the subscriber sends by itself.
 */
ngx_uint_t ngx_http_chatws_is_expected(
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat, uint64_t offset, uint64_t seq);

/* The subscription of a subscriber to a chat of this worker, or NULL. */
ngx_http_chatws_sub_t *ngx_http_chatws_sub_find(
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat);


/* states: hub_state.c */

/*
 * Makes the subscription of a subscriber to a chat stale, or with NULL all of
 * them; but only those that get states.
 */
void ngx_http_chatws_sub_stale(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat);

/* Whether a subscriber in the chat of a state gets it. */
ngx_uint_t ngx_http_chatws_state_is_for(
    ngx_http_chatws_subscriber_t *subscriber,
    const ngx_http_chatws_note_t *note);


/* telling a chat who is there: hub_presence_tell.c */

extern const ngx_http_chatws_people_encoder_t
    ngx_http_chatws_presence_encoder;


/* who is there: hub_presence.c */

/* Adds a user to a roll as it was noted. */
void ngx_http_chatws_roll_note(ngx_http_chatws_roll_t *roll,
    ngx_http_chatws_hub_t *hub, const chatws_people_note_t *note);

/* Fills in a state of chatws_people_visible(), for others to know. */
void ngx_http_chatws_roll_state(ngx_http_chatws_hub_t *hub, uint32_t state,
    uint64_t since, chatws_present_t *present);

/* Whether the zone is so new that not all who are there have come back. */
ngx_uint_t ngx_http_chatws_hub_is_warming(ngx_http_chatws_hub_t *hub);


/* watching users: hub_watch.c */

/* At the end of the hub: all watchers were freed. */
void ngx_http_chatws_watch_done(ngx_http_chatws_hub_t *hub);


/* typing: hub_typing.c */

/* The table of who types, or NULL: the zone has none. */
chatws_typing_t *ngx_http_chatws_typing_table(ngx_http_chatws_hub_t *hub);

/* A subscription of a subscriber that may type in the chat ends. */
void ngx_http_chatws_typing_left(ngx_http_chatws_sub_t *sub);

/* At the end of the hub: frees what it knows of typing, if anything. */
void ngx_http_chatws_typing_done(ngx_http_chatws_hub_t *hub);


/* telling who types: hub_typing_tell.c */

/* in milliseconds, until a lock that was busy is asked for again */
#define NGX_HTTP_CHATWS_TYPING_RETRY  20

/*
 * Fills the list of the chat of a subject, if it is to be told now, which is
 * returned.  again is when to ask again, in milliseconds, 0: never.
 */
ngx_uint_t ngx_http_chatws_typing_list(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subject_t *subject, chatws_typing_list_t *list,
    uint64_t *again);

/*
 * Tells others what a change has as news: of the user of the subject, who
 * begins, or with round 0 has ended, or a list.
 */
void ngx_http_chatws_typing_tell(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subject_t *subject, uint32_t round,
    chatws_typing_news_t *news);

/* Tells a list, unless it is not right any more. */
void ngx_http_chatws_typing_tell_list(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subject_t *subject, chatws_typing_list_t *list);


/* collecting: hub_collect.c */

/* The chat of this worker that an entry belongs to, or NULL. */
ngx_http_chatws_local_chat_t *ngx_http_chatws_collect_chat(
    ngx_http_chatws_hub_t *hub, const chatws_entry_t *entry);

/*
 * Begins a delivery, with as many of the entries that wait in the rings as
 * fit.  Before any of them is served the caller has to ask whether the slot is
 * lapped.
 */
void ngx_http_chatws_collect(ngx_http_chatws_hub_t *hub);


/* delivering: hub_deliver.c */

/* NGX_ERROR: there is no memory; done() is called all the same. */
ngx_int_t ngx_http_chatws_deliver_init(ngx_http_chatws_hub_t *hub,
    ngx_log_t *log);
void ngx_http_chatws_deliver_done(ngx_http_chatws_hub_t *hub);

/* Delivers, a slice at a time: the handler of hub->round. */
void ngx_http_chatws_deliver_handler(ngx_event_t *ev);

/*
 * Delivers all that was published before an offset of the durable ring, but
 * stops at the first command, which may end the subscription of the caller.
 * NGX_BUSY: the lock is busy, so that publishers cannot be told how far this
 * worker has delivered, and it must not deliver more.
 */
ngx_int_t ngx_http_chatws_deliver_until(ngx_http_chatws_hub_t *hub,
    uint64_t offset);

/*
 * Takes a subscriber, or with chat not NULL one chat of it, out of the
 * delivery in hand.
 */
void ngx_http_chatws_deliver_forget(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat);


#endif /* _NGX_HTTP_CHATWS_HUB_PRIVATE_H_INCLUDED_ */
