
/*
 * Copyright (C) chatws contributors
 *
 * An undo log for steps of several stores to shared memory: a step that its
 * process did not live to commit is rolled back by whoever comes next.  The
 * guarantee is against the death of a process, not of the machine: what is
 * kept is the order of the stores.
 */


#ifndef _CHATWS_JOURNAL_H_INCLUDED_
#define _CHATWS_JOURNAL_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_JOURNAL_MAX  64


/*
 * Follows every store to shared memory; a test defines it to die at any one.
 */

#ifndef CHATWS_STORE_HOOK
#define CHATWS_STORE_HOOK()
#endif


/*
 * A store that stays in the program's order among its like.
 */

#define chatws_shared_set(p, value)                                           \
    do {                                                                      \
        __atomic_store_n(p, value, __ATOMIC_RELEASE);                         \
        __atomic_signal_fence(__ATOMIC_SEQ_CST);                              \
        CHATWS_STORE_HOOK();                                                  \
    } while (0)

#define chatws_shared_get(p)  __atomic_load_n(p, __ATOMIC_ACQUIRE)


typedef struct {
    int64_t        at;    /* of the word, from the journal; bit 0: 64 bits */
    uint64_t       old;
} chatws_undo_t;


/*
 * Lies in the shared memory with the words it guards; all under the lock.
 */

typedef struct {
    uint64_t       goal;    /* the step is done when the word at "goal_at"
                               has got here; 0: when it is committed */
    int64_t        goal_at;
    uint32_t       n;       /* words stored in an unfinished step */
    uint32_t       spare;
    chatws_undo_t  undo[CHATWS_JOURNAL_MAX];
} chatws_journal_t;


/*
 * Opens a step, of CHATWS_JOURNAL_MAX words at most.  With goal not NULL the
 * step takes effect when the caller stores "value", or more, there: a word
 * that only grows, and that others act upon at once.
 */
void chatws_journal_begin(chatws_journal_t *jr, uint64_t *goal,
    uint64_t value);

/*
 * Stores value at p, so that it can be undone.
 */
void chatws_journal_set(chatws_journal_t *jr, uint32_t *p, uint32_t value);
void chatws_journal_set64(chatws_journal_t *jr, uint64_t *p, uint64_t value);

/*
 * Keeps what is at p, for the caller to overwrite in ways of its own.
 */
void chatws_journal_keep(chatws_journal_t *jr, uint32_t *p);

/*
 * Ends the step.
 */
void chatws_journal_commit(chatws_journal_t *jr);

/*
 * Rolls an unfinished step back; may itself be interrupted and called again.
 */
void chatws_journal_recover(chatws_journal_t *jr);


#endif /* _CHATWS_JOURNAL_H_INCLUDED_ */
