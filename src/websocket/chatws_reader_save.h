
/*
 * Copyright (C) chatws contributors
 *
 * A reader on its way to another process of the same program: what it has
 * read of an unfinished frame or message, as bytes.
 */


#ifndef _CHATWS_READER_SAVE_H_INCLUDED_
#define _CHATWS_READER_SAVE_H_INCLUDED_


#include "websocket/chatws_reader.h"


/* bytes that chatws_reader_save() writes */
size_t chatws_reader_save_size(const chatws_reader_t *rd);

/* Writes the reader to "out"; it stays as it is. */
void chatws_reader_save(const chatws_reader_t *rd, uint8_t *out);

/*
 * Makes "rd", which need not be initialized, the reader that was saved.
 * CHATWS_ERROR: not the bytes of one, or no memory; rd owns nothing then.
 */
chatws_rc_e chatws_reader_load(chatws_reader_t *rd,
    const chatws_reader_conf_t *conf, const uint8_t *in, size_t len);


#endif /* _CHATWS_READER_SAVE_H_INCLUDED_ */
