
/*
 * Copyright (C) chatws contributors
 *
 * Readers as bytes: the structure, then the payload it has allocated.
 */


#include "websocket/chatws_reader_save.h"

#include <string.h>


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
    uint8_t                *control, *data;
    chatws_reader_t         saved;
    const chatws_memory_t  *memory;

    memory = &conf->memory;
    memset(rd, 0, sizeof(chatws_reader_t));

    if (len < sizeof(chatws_reader_t)) {
        return CHATWS_ERROR;
    }

    memcpy(&saved, in, sizeof(chatws_reader_t));
    in += sizeof(chatws_reader_t);

    if (len != chatws_reader_save_size(&saved)
        || (saved.data && saved.len > saved.size)
        || saved.nhead > sizeof(saved.head)
        || saved.nctl > CHATWS_FRAME_CTL_MAX
        || (saved.first & CHATWS_FRAME_CONTROL
            && saved.left > (uint64_t) CHATWS_FRAME_CTL_MAX - saved.nctl))
    {
        return CHATWS_ERROR;
    }

    data = NULL;
    control = NULL;

    if (saved.data) {
        data = memory->alloc(memory->ctx,
                             CHATWS_READER_HEADROOM + saved.size);

        if (data == NULL) {
            return CHATWS_ERROR;
        }

        memcpy(data + CHATWS_READER_HEADROOM, in, saved.len);
        in += saved.len;
    }

    if (saved.control) {
        control = memory->alloc(memory->ctx, CHATWS_READER_HEADROOM
                                             + CHATWS_FRAME_CTL_MAX);
        if (control == NULL) {

            if (data) {
                memory->free(memory->ctx, data);
            }

            return CHATWS_ERROR;
        }

        memcpy(control + CHATWS_READER_HEADROOM, in, saved.nctl);
    }

    *rd = saved;
    rd->data = data;
    rd->control = control;

    return CHATWS_OK;
}
