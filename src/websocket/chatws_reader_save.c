
/*
 * Copyright (C) chatws contributors
 *
 * Readers as bytes: the structure, then the payload that it has in memory of
 * its own.
 *
 * The two pointers of a saved structure are those of another process.  They
 * only tell whether there was such memory: NULL, or not.
 */


#include <string.h>

#include "websocket/chatws_reader_save.h"


static int chatws_reader_plausible(const chatws_reader_t *saved, size_t len);
static uint8_t *chatws_reader_copy(const chatws_memory_t *memory, size_t room,
    const uint8_t *in, size_t len);


size_t
chatws_reader_save_size(const chatws_reader_t *rd)
{
    return sizeof(chatws_reader_t) + (rd->data ? rd->len : 0)
           + (rd->control ? rd->nctl : 0);
}


void
chatws_reader_save(const chatws_reader_t *rd, uint8_t *out)
{
    memcpy(out, rd, sizeof(chatws_reader_t));
    out += sizeof(chatws_reader_t);

    if (rd->data) {
        memcpy(out, rd->data + CHATWS_READER_HEADROOM, rd->len);
        out += rd->len;
    }

    if (rd->control) {
        memcpy(out, rd->control + CHATWS_READER_HEADROOM, rd->nctl);
    }
}


chatws_rc_e
chatws_reader_load(chatws_reader_t *rd, const chatws_reader_conf_t *conf,
    const uint8_t *in, size_t len)
{
    chatws_reader_t         saved;
    const chatws_memory_t  *memory;

    memset(rd, 0, sizeof(chatws_reader_t));

    if (len < sizeof(chatws_reader_t)) {
        return CHATWS_ERROR;
    }

    memcpy(&saved, in, sizeof(chatws_reader_t));
    in += sizeof(chatws_reader_t);

    if (!chatws_reader_plausible(&saved, len)) {
        return CHATWS_ERROR;
    }

    memory = &conf->memory;

    *rd = saved;
    rd->data = NULL;
    rd->control = NULL;

    if (saved.data) {
        rd->data = chatws_reader_copy(memory, saved.size, in, saved.len);

        if (rd->data == NULL) {
            goto failed;
        }

        in += saved.len;
    }

    if (saved.control) {
        rd->control = chatws_reader_copy(memory, CHATWS_FRAME_CTL_MAX, in,
                                         saved.nctl);
        if (rd->control == NULL) {
            goto failed;
        }
    }

    return CHATWS_OK;

failed:

    if (rd->data) {
        memory->free(memory->ctx, rd->data);
    }

    memset(rd, 0, sizeof(chatws_reader_t));

    return CHATWS_ERROR;
}


/*
 * Returns 1 if the structure is one that chatws_reader_save() writes with len
 * bytes in all: with it, the reader stays within its memory.
 */

static int
chatws_reader_plausible(const chatws_reader_t *saved, size_t len)
{
    if (len != chatws_reader_save_size(saved)) {
        return 0;
    }

    if (saved->data && saved->len > saved->size) {
        return 0;
    }

    if (saved->nhead > sizeof(saved->head)
        || saved->nctl > CHATWS_FRAME_CTL_MAX)
    {
        return 0;
    }

    /* the rest of a control frame has room behind the bytes that came */

    return !(saved->first & CHATWS_FRAME_CONTROL)
           || saved->left <= (uint64_t) CHATWS_FRAME_CTL_MAX - saved->nctl;
}


/* Makes a block of room bytes behind its headroom; len bytes are copied. */

static uint8_t *
chatws_reader_copy(const chatws_memory_t *memory, size_t room,
    const uint8_t *in, size_t len)
{
    uint8_t  *data;

    data = memory->alloc(memory->ctx, CHATWS_READER_HEADROOM + room);

    if (data) {
        memcpy(data + CHATWS_READER_HEADROOM, in, len);
    }

    return data;
}
