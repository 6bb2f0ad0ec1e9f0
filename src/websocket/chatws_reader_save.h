
/*
 * Copyright (C) chatws contributors
 *
 * A reader as bytes, on its way to another process of the same program, with
 * all that it has read of an unfinished frame or message.
 */


#ifndef _CHATWS_READER_SAVE_H_INCLUDED_
#define _CHATWS_READER_SAVE_H_INCLUDED_


#include "websocket/chatws_reader.h"


/* Returns how many bytes chatws_reader_save() writes. */
size_t chatws_reader_save_size(const chatws_reader_t *rd);

/* Writes the reader to out.  It is not changed. */
void chatws_reader_save(const chatws_reader_t *rd, uint8_t *out);

/*
 * Makes rd, which need not be initialized, a copy of the reader that was saved
 * in the len bytes at in.
 *
 * CHATWS_OK.  CHATWS_ERROR: these are not the bytes of a reader, or there is
 * no memory; rd is then a fresh reader, which owns nothing.
 */
chatws_rc_e chatws_reader_load(chatws_reader_t *rd,
    const chatws_reader_conf_t *conf, const uint8_t *in, size_t len);


#endif /* _CHATWS_READER_SAVE_H_INCLUDED_ */
