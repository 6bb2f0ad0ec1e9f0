
/*
 * Copyright (C) chatws contributors
 *
 * The table of chats.
 *
 * If there is no free block, one is made.  If the free cells of split blocks
 * are as many as a block has, members are moved together.  Otherwise an idle
 * chat is evicted, an inbox if there is one: one without history, or the one
 * that has been idle for longest.  An evicted chat leaves its last number as
 * the floor of its bucket: the numbers of a chat that is made in that bucket
 * begin above it, so that no number is used twice for a chat.
 */


#include "base/chatws_hash.h"
#include "base/chatws_name.h"
#include "store/chatws_table.h"

#include <string.h>


/* bytes of an id that a row has room for, at least */
#define CHATWS_TABLE_ID_INLINE  39

/* the rest fits into a block: none is smaller than the row of one slot */
chatws_static_assert(chatws_table_tail_fits,
    CHATWS_INBOX_MAX - CHATWS_TABLE_ID_INLINE <= sizeof(chatws_chat_t)
                                                 + sizeof(uint64_t) + 1
                                                 + CHATWS_TABLE_ID_INLINE);

#define chatws_table_align(n)  (((n) + 63) & ~(uint64_t) 63)


static uint32_t *chatws_table_chat_head(chatws_table_t *tb, uint32_t hash);
static uint8_t *chatws_table_id(chatws_table_t *tb, chatws_chat_t *ch);
static int chatws_table_same(chatws_table_t *tb, chatws_chat_t *ch,
    const chatws_str_t *id);
static void chatws_table_store_id(chatws_table_t *tb, chatws_chat_t *ch,
    const chatws_str_t *id);
static uint32_t *chatws_table_newer(chatws_table_t *tb, uint32_t chat);
static uint32_t *chatws_table_older(chatws_table_t *tb, uint32_t chat);
static void chatws_table_evict(chatws_table_t *tb, uint32_t chat);


uint32_t
chatws_table_units(uint32_t nslots)
{
    size_t  size;

    size = sizeof(chatws_chat_t) + (nslots + 63) / 64 * sizeof(uint64_t)
           + 1 + CHATWS_TABLE_ID_INLINE;

    return (uint32_t) ((size + CHATWS_CELL_SIZE - 1) / CHATWS_CELL_SIZE);
}


uint64_t
chatws_table_size(uint32_t nslots, uint32_t nblocks)
{
    uint64_t  units;

    units = (uint64_t) nblocks * chatws_table_units(nslots);

    return chatws_table_align(nslots * sizeof(uint32_t))
           + 2 * chatws_table_align(nblocks * sizeof(uint32_t))
           + chatws_table_align(nblocks * sizeof(uint64_t))
           + chatws_table_align((units + 1) / 2 * sizeof(uint32_t))
           + units * CHATWS_CELL_SIZE;
}


void
chatws_table_init(chatws_table_t *tb, uint8_t *base, uint32_t nslots,
    uint32_t nblocks, const uint8_t key[16])
{
    uint8_t   *p;
    uint32_t   units;

    memset(tb, 0, sizeof(chatws_table_t));
    memcpy(tb->key, key, 16);

    units = chatws_table_units(nslots);

    tb->nslots = nslots;
    tb->words = (nslots + 63) / 64;
    tb->inlined = (uint32_t) (units * CHATWS_CELL_SIZE
                              - sizeof(chatws_chat_t)
                              - tb->words * sizeof(uint64_t) - 1);
    tb->nchats = nblocks;
    tb->nmembers = (uint32_t) (((uint64_t) nblocks * units + 1) / 2);

    p = base;

    tb->slots = (uint64_t) (p - (uint8_t *) tb);
    p += chatws_table_align(nslots * sizeof(uint32_t));

    tb->chats = (uint64_t) (p - (uint8_t *) tb);
    p += chatws_table_align(nblocks * sizeof(uint32_t));

    tb->users = (uint64_t) (p - (uint8_t *) tb);
    p += chatws_table_align(nblocks * sizeof(uint32_t));

    tb->floors = (uint64_t) (p - (uint8_t *) tb);
    p += chatws_table_align(nblocks * sizeof(uint64_t));

    tb->members = (uint64_t) (p - (uint8_t *) tb);
    p += chatws_table_align(tb->nmembers * sizeof(uint32_t));

    memset(base, 0, (size_t) (p - base));

    chatws_arena_init(&tb->arena, p, nblocks, units);
}


uint64_t
chatws_table_hash(chatws_table_t *tb, const chatws_str_t *id)
{
    return chatws_hash(tb->key, id->data, id->len);
}


chatws_chat_t *
chatws_table_chat(chatws_table_t *tb, uint32_t chat)
{
    return chatws_arena_block(&tb->arena, chat);
}


/*
 * The first link of the bucket that a hash, of 32 bits, belongs to.
 */

static uint32_t *
chatws_table_chat_head(chatws_table_t *tb, uint32_t hash)
{
    return chatws_table_array(tb, uint32_t, chats)
           + ((uint64_t) hash * tb->nchats >> 32);
}


void
chatws_table_prefetch(chatws_table_t *tb, uint64_t hash)
{
    uint32_t  chat, *head;

    head = chatws_table_chat_head(tb, (uint32_t) (hash >> 32));

    /* the holder of the lock may change it: any number is possible */

    chat = __atomic_load_n(head, __ATOMIC_RELAXED);

    if (chat != 0 && chat <= tb->arena.nblocks) {
        __builtin_prefetch(chatws_table_chat(tb, chat), 1);
        __builtin_prefetch((uint8_t *) chatws_table_chat(tb, chat) + 64, 1);
    }
}


uint32_t
chatws_table_peek(chatws_table_t *tb, uint64_t hash)
{
    uint32_t        chat, i, upper, *link;
    chatws_chat_t  *ch;

    upper = (uint32_t) (hash >> 32);
    link = chatws_table_chat_head(tb, upper);

    for (i = 0; i < CHATWS_TABLE_FETCH; i++) {
        chat = __atomic_load_n(link, __ATOMIC_RELAXED);

        if (chat == 0 || chat > tb->arena.nblocks) {
            break;
        }

        ch = chatws_table_chat(tb, chat);
        __builtin_prefetch(ch, 1);
        __builtin_prefetch((uint8_t *) ch + 64, 1);

        if (__atomic_load_n(&ch->hash, __ATOMIC_RELAXED) == upper) {
            return chat;
        }

        link = &ch->next;
    }

    return 0;
}


uint32_t
chatws_table_find(chatws_table_t *tb, const chatws_str_t *id, uint64_t hash)
{
    uint32_t        chat, upper;
    chatws_chat_t  *ch;

    upper = (uint32_t) (hash >> 32);
    chat = *chatws_table_chat_head(tb, upper);

    while (chat != 0) {
        ch = chatws_table_chat(tb, chat);

        if (ch->hash == upper && chatws_table_same(tb, ch, id)) {
            break;
        }

        chat = ch->next;
    }

    return chat;
}


/*
 * Where the length of the id is; the id follows.
 */

static uint8_t *
chatws_table_id(chatws_table_t *tb, chatws_chat_t *ch)
{
    return (uint8_t *) (ch->interest + tb->words);
}


static int
chatws_table_same(chatws_table_t *tb, chatws_chat_t *ch,
    const chatws_str_t *id)
{
    size_t    len;
    uint8_t  *p;

    p = chatws_table_id(tb, ch);

    if (*p++ != id->len) {
        return 0;
    }

    len = id->len < tb->inlined ? id->len : tb->inlined;

    if (memcmp(p, id->data, len) != 0) {
        return 0;
    }

    return len == id->len
           || memcmp(chatws_arena_block(&tb->arena, ch->tail),
                     id->data + len, id->len - len) == 0;
}


static void
chatws_table_store_id(chatws_table_t *tb, chatws_chat_t *ch,
    const chatws_str_t *id)
{
    size_t    len;
    uint8_t  *p;

    len = id->len < tb->inlined ? id->len : tb->inlined;

    p = chatws_table_id(tb, ch);
    *p++ = (uint8_t) id->len;
    memcpy(p, id->data, len);
    CHATWS_STORE_HOOK();

    if (len < id->len) {
        memcpy(chatws_arena_block(&tb->arena, ch->tail), id->data + len,
               id->len - len);
        CHATWS_STORE_HOOK();
    }
}


uint64_t
chatws_table_last(chatws_table_t *tb, const chatws_str_t *id, uint64_t hash)
{
    uint32_t  chat, *head;

    chat = chatws_table_find(tb, id, hash);

    if (chat != 0) {
        return chatws_table_chat(tb, chat)->seq;
    }

    head = chatws_table_chat_head(tb, (uint32_t) (hash >> 32));

    return chatws_table_array(tb, uint64_t, floors)
                            [head - chatws_table_array(tb, uint32_t, chats)];
}


int
chatws_table_is_inbox(chatws_table_t *tb, uint32_t chat)
{
    /* behind the length */

    return chatws_table_id(tb, chatws_table_chat(tb, chat))[1]
           == CHATWS_INBOX_MARK;
}


uint32_t
chatws_table_create(chatws_table_t *tb, const chatws_str_t *id, uint64_t hash)
{
    uint32_t           blocks, chat, upper, *head;
    uint64_t          *floors;
    chatws_chat_t     *ch;
    chatws_inboxes_t  *in;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    in = chatws_table_inboxes(tb);
    upper = (uint32_t) (hash >> 32);
    blocks = id->len > tb->inlined ? 2 : 1;

    while (tb->arena.nfree < blocks) {
        if (!chatws_table_reclaim(tb, 0)) {
            return 0;
        }
    }

    head = chatws_table_chat_head(tb, upper);
    floors = chatws_table_array(tb, uint64_t, floors);

    /* the row is not in the journal: it is free again if the step is undone */

    chatws_journal_begin(jr, NULL, 0);
    chatws_journal_set64(jr, &tb->serial, tb->serial + 1);
    chatws_journal_set(jr, &tb->chats_used, tb->chats_used + 1);

    chat = chatws_arena_take_block(&tb->arena, jr);
    ch = chatws_table_chat(tb, chat);

    memset(ch, 0, sizeof(chatws_chat_t) + tb->words * sizeof(uint64_t));
    CHATWS_STORE_HOOK();

    ch->serial = tb->serial;
    ch->seq = floors[head - chatws_table_array(tb, uint32_t, chats)];
    ch->next = *head;
    ch->hash = upper;
    CHATWS_STORE_HOOK();

    if (blocks == 2) {
        ch->tail = chatws_arena_take_block(&tb->arena, jr);
        chatws_journal_set(jr, &tb->chats_long, tb->chats_long + 1);
    }

    if (chatws_inbox_is(id)) {
        chatws_journal_set(jr, &in->rows, in->rows + 1);
    }

    chatws_table_store_id(tb, ch, id);
    chatws_table_idle_add(tb, chat);

    chatws_journal_set(jr, head, chat);
    chatws_journal_commit(jr);

    return chat;
}


/*
 * The idle list begins with inboxes.  Among these, and among the others, those
 * that have no history to lose come first.
 */

void
chatws_table_idle_add(chatws_table_t *tb, uint32_t chat)
{
    uint32_t           newer, older;
    chatws_chat_t     *ch;
    chatws_inboxes_t  *in;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    ch = chatws_table_chat(tb, chat);
    in = chatws_table_inboxes(tb);

    if (chatws_table_is_inbox(tb, chat)) {
        older = ch->last != 0 ? in->last : 0;

        if (older == in->last) {
            chatws_journal_set(jr, &in->last, chat);
        }

        chatws_journal_set(jr, &in->idle, in->idle + 1);

    } else {
        older = ch->last != 0 ? tb->newest : in->last;
    }

    newer = older != 0 ? chatws_table_chat(tb, older)->newer : tb->oldest;

    chatws_journal_set(jr, &ch->u.older, older);
    chatws_journal_set(jr, &ch->newer, newer);

    chatws_journal_set(jr, chatws_table_newer(tb, older), chat);
    chatws_journal_set(jr, chatws_table_older(tb, newer), chat);

    chatws_journal_set(jr, &tb->chats_idle, tb->chats_idle + 1);
}


void
chatws_table_idle_del(chatws_table_t *tb, uint32_t chat)
{
    chatws_chat_t     *ch;
    chatws_inboxes_t  *in;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    ch = chatws_table_chat(tb, chat);
    in = chatws_table_inboxes(tb);

    if (chatws_table_is_inbox(tb, chat)) {

        if (in->last == chat) {
            chatws_journal_set(jr, &in->last, ch->u.older);
        }

        chatws_journal_set(jr, &in->idle, in->idle - 1);
    }

    chatws_journal_set(jr, chatws_table_newer(tb, ch->u.older), ch->newer);
    chatws_journal_set(jr, chatws_table_older(tb, ch->newer), ch->u.older);

    chatws_journal_set(jr, &tb->chats_idle, tb->chats_idle - 1);
}


/* The link of the idle list from a chat, or 0 for none, to the newer one. */

static uint32_t *
chatws_table_newer(chatws_table_t *tb, uint32_t chat)
{
    return chat != 0 ? &chatws_table_chat(tb, chat)->newer : &tb->oldest;
}


/* The same to the older one. */

static uint32_t *
chatws_table_older(chatws_table_t *tb, uint32_t chat)
{
    return chat != 0 ? &chatws_table_chat(tb, chat)->u.older : &tb->newest;
}


void
chatws_table_touch(chatws_table_t *tb, uint32_t chat)
{
    if (tb->newest == chat
        || chatws_table_inboxes(tb)->last == chat
        || chatws_table_chat(tb, chat)->total != 0)
    {
        return;
    }

    chatws_table_idle_del(tb, chat);
    chatws_table_idle_add(tb, chat);
}


int
chatws_table_reclaim(chatws_table_t *tb, uint32_t keep)
{
    uint32_t  chat;

    if (tb->arena.ncells >= tb->arena.units) {
        chatws_table_compact(tb);
        return 1;
    }

    chat = tb->oldest;

    if (chat == keep && chat != 0) {
        chat = chatws_table_chat(tb, chat)->newer;
    }

    if (chat == 0) {
        return 0;
    }

    chatws_table_evict(tb, chat);

    return 1;
}


static void
chatws_table_evict(chatws_table_t *tb, uint32_t chat)
{
    uint32_t          *head, *link;
    uint64_t          *floor;
    chatws_chat_t     *ch;
    chatws_inboxes_t  *in;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    ch = chatws_table_chat(tb, chat);
    head = chatws_table_chat_head(tb, ch->hash);
    floor = chatws_table_array(tb, uint64_t, floors)
            + (head - chatws_table_array(tb, uint32_t, chats));

    chatws_journal_begin(jr, NULL, 0);

    for (link = head; *link != chat; /* void */) {
        link = &chatws_table_chat(tb, *link)->next;
    }

    chatws_journal_set(jr, link, ch->next);

    if (ch->seq > *floor) {
        chatws_journal_set64(jr, floor, ch->seq);
    }

    chatws_table_idle_del(tb, chat);

    if (chatws_table_is_inbox(tb, chat)) {
        in = chatws_table_inboxes(tb);
        chatws_journal_set(jr, &in->rows, in->rows - 1);
    }

    if (ch->tail != 0) {
        chatws_journal_set(jr, &tb->chats_long, tb->chats_long - 1);
        chatws_arena_give_block(&tb->arena, jr, ch->tail);
    }

    chatws_journal_set(jr, &tb->chats_used, tb->chats_used - 1);
    chatws_journal_set64(jr, &tb->evictions, tb->evictions + 1);
    chatws_arena_give_block(&tb->arena, jr, chat);

    chatws_journal_commit(jr);
}
