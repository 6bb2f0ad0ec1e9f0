
/*
 * Copyright (C) chatws contributors
 *
 * The rows of the table of who types, for chatws_typing.c alone.  All of these
 * functions need the lock, and those that change something need an open
 * change.  A row is known by its number; 0 is none.
 */


#ifndef _CHATWS_TYPING_PRIVATE_H_INCLUDED_
#define _CHATWS_TYPING_PRIVATE_H_INCLUDED_


#include "store/chatws_journal.h"
#include "store/chatws_typing.h"


/* Begins a change; one that is not finished was that of a dead process. */
void chatws_typing_open(chatws_typing_t *tb);
void chatws_typing_close(chatws_typing_t *tb);

/* The rows with these numbers, which are not 0. */
chatws_typist_t *chatws_typing_row(chatws_typing_t *tb, uint32_t n);
chatws_typing_chat_t *chatws_typing_chat(chatws_typing_t *tb, uint32_t n);

/* The rows of a user in a chat, and of a chat, or 0. */
uint32_t chatws_typing_find(chatws_typing_t *tb,
    const chatws_typing_key_t *key);
uint32_t chatws_typing_find_chat(chatws_typing_t *tb, uint64_t chat);

/*
 * Makes the row of a user that has none in this chat, and that of the chat.
 * Of the row, until is the caller's to set.  0: there is no room.
 */
uint32_t chatws_typing_add(chatws_typing_t *tb,
    const chatws_typing_key_t *key, const chatws_typing_who_t *who,
    uint64_t now);

/* Frees a row, and that of its chat with the last one. */
void chatws_typing_remove(chatws_typing_t *tb, uint32_t n);

/* Looks at the next rows, and frees those that are void. */
void chatws_typing_sweep(chatws_typing_t *tb, uint64_t now, uint32_t rows);


#endif /* _CHATWS_TYPING_PRIVATE_H_INCLUDED_ */
