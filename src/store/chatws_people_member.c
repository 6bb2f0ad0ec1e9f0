
/*
 * Copyright (C) chatws contributors
 *
 * Changes of members: see chatws_people_member.h.
 */


#include <string.h>

#include "base/chatws_decimal.h"
#include "websocket/chatws_frame.h"
#include "store/chatws_people_member.h"
#include "store/chatws_people_store.h"


static uint32_t chatws_people_member_look(chatws_membership_by_t *by,
    chatws_membership_t *changes, uint32_t n, uint32_t *news);
static void chatws_people_member_forget(chatws_membership_by_t *by,
    chatws_membership_t *change);
static uint32_t chatws_people_member_known(chatws_people_t *tb,
    const chatws_membership_t *change);
static int chatws_people_member_repeats(const chatws_membership_t *changes,
    uint32_t i);
static uint32_t chatws_people_member_place(chatws_membership_by_t *by,
    const chatws_membership_t *change);
static int chatws_people_member_stale(const chatws_membership_by_t *by,
    const chatws_membership_t *change, const chatws_place_t *place);
static chatws_rc_e chatws_people_member_order(chatws_membership_by_t *by,
    chatws_membership_t *changes, uint32_t n);
static chatws_rc_e chatws_people_member_change(chatws_membership_by_t *by,
    chatws_membership_t *change);
static void chatws_people_member_seed(chatws_membership_by_t *by,
    const chatws_membership_t *change, uint32_t place);
static void chatws_people_member_tell(chatws_membership_by_t *by,
    const chatws_membership_t *change, uint32_t place);
static uint8_t *chatws_people_member_put(uint8_t *p, const char *text,
    uint64_t number);


uint64_t
chatws_people_member_room(size_t text)
{
    /* of the command and of the notification, whose number is appended */

    return 2 * chatws_ring_size(CHATWS_FRAME_HEAD_OUT)
           + chatws_ring_size(text + CHATWS_MEMBERSHIP_NUMBERS
                              + CHATWS_DECIMAL_MAX + 1);
}


uint32_t
chatws_people_member_set(chatws_membership_by_t *by,
    chatws_membership_t *changes, uint32_t n)
{
    uint32_t  all, i, made, news;

    by->nwake = 0;
    all = n;

    n = chatws_people_member_look(by, changes, n, &news);

    if (news != 0
        && chatws_people_member_order(by, changes, n) != CHATWS_OK)
    {
        n = 0;
    }

    for (made = 0; made < n; made++) {
        if (chatws_people_member_change(by, &changes[made]) != CHATWS_OK) {
            break;
        }
    }

    for (i = made; i < all; i++) {
        chatws_people_member_forget(by, &changes[i]);
    }

    return made;
}


/*
 * Sees what is news, and makes the places.  Returns how many of them there is
 * room for.
 */

static uint32_t
chatws_people_member_look(chatws_membership_by_t *by,
    chatws_membership_t *changes, uint32_t n, uint32_t *news)
{
    int                   member;
    uint32_t              i, removals, row;
    chatws_place_t       *place;
    chatws_membership_t  *change;

    *news = 0;
    removals = 0;

    for (i = 0; i < n; i++) {
        change = &changes[i];

        change->news = 0;
        change->fresh = chatws_people_member_known(by->people, change) == 0;

        row = chatws_people_member_place(by, change);

        if (row == 0) {
            break;
        }

        if (!change->add
            && !chatws_people_may_remove(by->people, ++removals))
        {
            break;
        }

        place = chatws_people_place(by->people, row);
        member = (place->row.flags & CHATWS_PLACE_MEMBER) != 0;

        change->news = !chatws_people_member_repeats(changes, i)
                       && (change->add
                           ? !member && !chatws_people_member_stale(by, change,
                                                                    place)
                           : member);
        *news += change->news;
    }

    return i;
}


/*
 * Frees the place that was made for a change that is not made: when it is said
 * again nothing is known as before, and what the app server knows counts.
 */

static void
chatws_people_member_forget(chatws_membership_by_t *by,
    chatws_membership_t *change)
{
    uint32_t  place;

    place = change->fresh ? chatws_people_member_known(by->people, change) : 0;

    if (place != 0
        && !(chatws_people_row(by->people, place)->flags
             & CHATWS_PLACE_SUBSCRIBED))
    {
        chatws_people_set_subscribed(by->people, place, 0, 0, &by->now);
    }
}


/* The place of a user in a chat, or 0. */

static uint32_t
chatws_people_member_known(chatws_people_t *tb,
    const chatws_membership_t *change)
{
    uint32_t  crowd, person;

    person = chatws_people_find_person(tb, change->user.hash);
    crowd = chatws_people_find_crowd(tb, change->chat.hash);

    return person != 0 && crowd != 0
           ? chatws_people_find_place(tb, person, crowd) : 0;
}


/* Whether one before this is of the same user and chat. */

static int
chatws_people_member_repeats(const chatws_membership_t *changes, uint32_t i)
{
    uint32_t  k;

    for (k = 0; k < i; k++) {
        if (changes[k].user.hash == changes[i].user.hash
            && changes[k].chat.hash == changes[i].chat.hash)
        {
            return 1;
        }
    }

    return 0;
}


static uint32_t
chatws_people_member_place(chatws_membership_by_t *by,
    const chatws_membership_t *change)
{
    uint64_t  last;

    last = chatws_store_last(by->store, &change->chat.id);

    return chatws_people_make_place(by->people, &change->user, &change->chat,
                                    last);
}


/* Whether an assertion is of a request that began before a removal. */

static int
chatws_people_member_stale(const chatws_membership_by_t *by,
    const chatws_membership_t *change, const chatws_place_t *place)
{
    uint64_t  age;

    if (change->begun == 0 || !(place->row.flags & CHATWS_PLACE_REMOVED)) {
        return 0;
    }

    age = by->now.time > change->begun ? by->now.time - change->begun : 0;

    return by->now.msec - age <= place->from;
}


/* Makes room for all that is to be written, and gives the commands. */

static chatws_rc_e
chatws_people_member_order(chatws_membership_by_t *by,
    chatws_membership_t *changes, uint32_t n)
{
    uint32_t         i;
    chatws_rc_e      rc;
    chatws_posted_t  posted;

    posted.wake = by->wake;

    rc = chatws_store_command_room(by->store, by->room, by->now.msec,
                                   by->patience, &posted);

    for (i = 0; rc == CHATWS_OK && i < n; i++) {
        if (changes[i].news) {
            chatws_store_command(by->store, &changes[i].command, by->now.time,
                                 &posted);
        }
    }

    by->nwake = posted.nwake;

    return rc;
}


/*
 * Whoever gives way to the places of this slice may be one of it: a place is
 * looked for again.
 */

static chatws_rc_e
chatws_people_member_change(chatws_membership_by_t *by,
    chatws_membership_t *change)
{
    uint32_t     place;
    chatws_rc_e  rc;

    place = chatws_people_member_place(by, change);

    if (place == 0) {
        return CHATWS_BUSY;
    }

    if (change->add
        && !change->news
        && !(chatws_people_place(by->people, place)->row.flags
             & CHATWS_PLACE_MEMBER))
    {
        /* the assertion is older than the removal */
        return CHATWS_OK;
    }

    if (change->add) {
        chatws_people_member_seed(by, change, place);
    }

    if (change->news) {
        chatws_people_member_tell(by, change, place);
    }

    rc = chatws_people_set_member(by->people, place, change->add,
                                  change->begun != 0, &by->now);

    if (change->add && change->list != 0) {
        chatws_people_set_token(by->people, place, change->list);
    }

    if (change->fresh) {
        chatws_people_examine(by->people, by->store, place, &by->now);
    }

    return rc;
}


/* What the app server knows of a user in a chat that the zone does not. */

static void
chatws_people_member_seed(chatws_membership_by_t *by,
    const chatws_membership_t *change, uint32_t place)
{
    uint32_t               crowd;
    chatws_people_reads_t  reads;

    if (!change->has_muted && !(change->has_unread && change->fresh)) {
        return;
    }

    chatws_people_get_reads(by->people, place, &reads);

    if (change->has_muted) {
        reads.flags &= ~CHATWS_PLACE_MUTED;
        reads.flags |= change->muted ? CHATWS_PLACE_MUTED : 0;
    }

    if (change->has_unread && change->fresh) {
        crowd = chatws_people_place(by->people, place)->crowd;

        reads.seen = (int64_t) (chatws_people_crowd(by->people, crowd)->count
                                - change->unread);
    }

    chatws_people_set_reads(by->people, place, &reads, 1, &by->now);
}


/*
 * Tells the user.  It does not matter if there is no room for an inbox: who has
 * none has never been told a number.
 */

static void
chatws_people_member_tell(chatws_membership_by_t *by,
    const chatws_membership_t *change, uint32_t place)
{
    uint8_t          *p;
    chatws_post_t     post;
    chatws_place_t   *pl;
    chatws_posted_t   posted;
    uint8_t           text[CHATWS_MEMBERSHIP_TEXT];

    p = text;

    memcpy(p, change->before.data, change->before.len);
    p += change->before.len;

    if (change->add) {
        pl = chatws_people_place(by->people, place);

        p = chatws_people_member_put(p, "",
                             chatws_store_last(by->store, &change->chat.id));

        if (change->counted) {
            p = chatws_people_member_put(p, ",\"count\":",
                        chatws_people_crowd(by->people, pl->crowd)->count);
            p = chatws_people_member_put(p, ",\"unread\":",
                                 chatws_people_unread(by->people, place));
        }

        if (pl->row.flags & CHATWS_PLACE_MUTED) {
            memcpy(p, ",\"muted\":true", 13);
            p += 13;
        }
    }

    memcpy(p, change->after.data, change->after.len);
    p += change->after.len;

    memset(&post, 0, sizeof(chatws_post_t));

    post.chat = change->inbox;
    post.time = by->now.time;
    post.body.data = text;
    post.body.len = (size_t) (p - text);
    post.ring = CHATWS_DURABLE;
    post.sequenced = 1;

    /* no slot is listed twice: it has something to read by then */

    posted.wake = by->wake + by->nwake;

    (void) chatws_store_publish(by->store, 0, &post, by->now.msec,
                                by->patience, &posted);

    by->nwake += posted.nwake;
}


static uint8_t *
chatws_people_member_put(uint8_t *p, const char *text, uint64_t number)
{
    size_t  len;

    len = strlen(text);
    memcpy(p, text, len);
    p += len;

    return p + chatws_decimal(p, number);
}


chatws_rc_e
chatws_people_member_begin(chatws_people_t *tb, chatws_store_t *st,
    const chatws_member_list_t *command, uint64_t *list)
{
    uint32_t         row;
    uint64_t         number, version;
    chatws_crowd_t  *crowd;

    number = 0;
    version = 0;

    row = chatws_people_find_crowd(tb, command->chat.hash);

    if (row != 0) {
        crowd = chatws_people_crowd(tb, row);
        number = crowd->token;
        version = crowd->version;
    }

    *list = number;

    if (command->version != 0 && command->version < version) {
        return CHATWS_DECLINED;
    }

    if (command->goes_on) {

        if (number == 0 || number >> 32 != command->token) {
            return CHATWS_ERROR;
        }

    } else if (command->replace) {
        *list = (uint64_t) command->token << 32 | (uint32_t) (number + 1);
    }

    if (*list == number && command->version <= version) {
        return CHATWS_OK;
    }

    if (row == 0) {
        row = chatws_people_make_crowd(tb, &command->chat,
                                       chatws_store_last(st,
                                                         &command->chat.id));
        if (row == 0) {
            return CHATWS_BUSY;
        }
    }

    chatws_people_set_version(tb, row, command->version > version
                                       ? command->version : version, *list);

    return CHATWS_OK;
}


uint32_t
chatws_people_member_unnamed(chatws_people_t *tb, uint64_t chat,
    uint64_t list, chatws_people_cursor_t *cursor, chatws_str_t *users,
    uint8_t (*ids)[CHATWS_NAME_MAX])
{
    uint32_t         crowd, i, n, k, rows[CHATWS_PEOPLE_WALK];
    chatws_place_t  *place;

    crowd = chatws_people_find_crowd(tb, chat);

    if (crowd == 0) {
        cursor->done = 1;
        return 0;
    }

    n = chatws_people_crowd_slice(tb, crowd, cursor, rows);
    k = 0;

    for (i = 0; i < n; i++) {
        place = chatws_people_place(tb, rows[i]);

        if (place->row.flags & CHATWS_PLACE_MEMBER && place->token != list) {
            users[k].data = ids[k];
            users[k].len = chatws_people_id(tb, place->person, ids[k]);
            k++;
        }
    }

    return k;
}


chatws_rc_e
chatws_people_member_is(chatws_people_t *tb, uint64_t user, uint64_t chat,
    uint64_t settle, const chatws_people_now_t *now)
{
    uint32_t  crowd, person, place;

    person = chatws_people_find_person(tb, user);
    crowd = chatws_people_find_crowd(tb, chat);

    place = person != 0 && crowd != 0
            ? chatws_people_find_place(tb, person, crowd) : 0;

    if (place != 0
        && chatws_people_place(tb, place)->row.flags & CHATWS_PLACE_MEMBER)
    {
        return CHATWS_OK;
    }

    return (crowd == 0 || chatws_people_crowd(tb, crowd)->members == 0)
           && now->time < tb->born + settle ? CHATWS_AGAIN : CHATWS_DECLINED;
}


uint32_t
chatws_people_member_walk(chatws_people_t *tb, chatws_store_t *st,
    uint64_t hash, int crowd, chatws_people_cursor_t *cursor,
    chatws_person_chat_t *list)
{
    uint32_t               i, n, row, rows[CHATWS_PEOPLE_WALK];
    chatws_str_t           id;
    chatws_place_t        *place;
    chatws_person_t       *person;
    chatws_subscribed_t    at;
    chatws_person_chat_t  *out;

    row = crowd ? chatws_people_find_crowd(tb, hash)
                : chatws_people_find_person(tb, hash);

    if (row == 0) {
        cursor->done = 1;
        return 0;
    }

    n = crowd ? chatws_people_crowd_slice(tb, row, cursor, rows)
              : chatws_people_person_slice(tb, row, cursor, rows);

    for (i = 0; i < n; i++) {
        out = &list[i];
        place = chatws_people_place(tb, rows[i]);
        person = chatws_people_person(tb, place->person);

        memset(out, 0, offsetof(chatws_person_chat_t, id));

        chatws_people_get_reads(tb, rows[i], &out->reads);

        out->count = chatws_people_crowd(tb, place->crowd)->count;
        out->unread = chatws_people_unread(tb, rows[i]);
        out->since = person->since;
        out->flags = place->row.flags;
        out->state = person->row.flags;
        out->len = (uint32_t) chatws_people_id(tb, crowd ? place->person
                                                         : place->crowd,
                                               out->id);
        if (crowd) {
            continue;
        }

        id.data = out->id;
        id.len = out->len;

        if (chatws_store_find(st, &id, &at) == CHATWS_OK) {
            out->last = at.seq;
            out->offset = at.last;

        } else {
            out->last = chatws_store_last(st, &id);
        }
    }

    return n;
}
