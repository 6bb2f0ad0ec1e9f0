
/*
 * Copyright (C) chatws contributors
 *
 * An undo log for changes of shared memory that take several stores.  Such a
 * change is a step.  If a process dies in the middle of a step, the next
 * holder of the lock undoes the stores that were made.  This is against the
 * death of a process and not of the machine: it relies on the order in which
 * one processor sees its own stores, and on nothing that reaches a disk.
 */


#ifndef _CHATWS_JOURNAL_H_INCLUDED_
#define _CHATWS_JOURNAL_H_INCLUDED_


#include "base/chatws_core.h"


/* words that a step may store, at most */
#define CHATWS_JOURNAL_MAX  64


/*
 * Stands after each store to shared memory.  Tests define it, to stop a
 * process after any one of them.
 */

#ifndef CHATWS_STORE_HOOK
#define CHATWS_STORE_HOOK()
#endif


/*
 * A store to shared memory, and a load from it.  The stores stay in the order
 * of the program, for the compiler and for other processors.
 */

#define chatws_shared_set(p, value)                                           \
    do {                                                                      \
        __atomic_store_n(p, value, __ATOMIC_RELEASE);                         \
        __atomic_signal_fence(__ATOMIC_SEQ_CST);                              \
        CHATWS_STORE_HOOK();                                                  \
    } while (0)

#define chatws_shared_get(p)  __atomic_load_n(p, __ATOMIC_ACQUIRE)


typedef struct {
    int64_t        at;      /* distance of the word from the journal; bit 0 is
                               set if it has 64 bits, else it has 32 */
    uint64_t       old;     /* its value before the step */
} chatws_undo_t;


/*
 * In the same shared memory as the words that it guards; read and written
 * under the lock.
 */

typedef struct {
    uint64_t       goal;    /* the step is done as soon as the word at goal_at
                               has this value or more; 0: it is done when it
                               is committed */
    int64_t        goal_at; /* distance of that word from the journal */
    uint32_t       n;       /* words stored in a step that is not finished */
    uint32_t       spare;
    chatws_undo_t  undo[CHATWS_JOURNAL_MAX];
} chatws_journal_t;


/*
 * Opens a step of at most CHATWS_JOURNAL_MAX words.  If goal is not NULL, the
 * step is done when the caller has stored value, or more, there.  That is for
 * a word that only grows and that others act upon without the lock, so that it
 * cannot be undone: the head of a ring.
 */
void chatws_journal_begin(chatws_journal_t *jr, uint64_t *goal,
    uint64_t value);

/*
 * Notes the old value at p and stores the new one.
 */
void chatws_journal_set(chatws_journal_t *jr, uint32_t *p, uint32_t value);
void chatws_journal_set64(chatws_journal_t *jr, uint64_t *p, uint64_t value);

/*
 * Notes the value at p, which the caller then may overwrite by itself.
 */
void chatws_journal_keep(chatws_journal_t *jr, uint32_t *p);

/*
 * Ends the step: nothing of it is undone any more.
 */
void chatws_journal_commit(chatws_journal_t *jr);

/*
 * Undoes a step that was not finished.  If the process dies here as well, the
 * next call begins again.
 */
void chatws_journal_recover(chatws_journal_t *jr);


#endif /* _CHATWS_JOURNAL_H_INCLUDED_ */
