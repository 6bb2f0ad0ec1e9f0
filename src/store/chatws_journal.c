
/*
 * Copyright (C) chatws contributors
 *
 * The undo log.  An old value is noted before the count of notes is raised,
 * and the count is raised before the new value is stored; so each value that
 * may have been overwritten is among the notes that count.
 */


#include "store/chatws_journal.h"


static void chatws_journal_save(chatws_journal_t *jr, void *p, uint64_t old,
    unsigned wide);


void
chatws_journal_begin(chatws_journal_t *jr, uint64_t *goal, uint64_t value)
{
    chatws_shared_set(&jr->goal, 0);

    if (goal != NULL) {
        chatws_shared_set(&jr->goal_at,
                          (uint8_t *) goal - (uint8_t *) jr);
        chatws_shared_set(&jr->goal, value);
    }
}


void
chatws_journal_set(chatws_journal_t *jr, uint32_t *p, uint32_t value)
{
    chatws_journal_save(jr, p, *p, 0);
    chatws_shared_set(p, value);
}


void
chatws_journal_set64(chatws_journal_t *jr, uint64_t *p, uint64_t value)
{
    chatws_journal_save(jr, p, *p, 1);
    chatws_shared_set(p, value);
}


void
chatws_journal_keep(chatws_journal_t *jr, uint32_t *p)
{
    chatws_journal_save(jr, p, *p, 0);
}


static void
chatws_journal_save(chatws_journal_t *jr, void *p, uint64_t old, unsigned wide)
{
    chatws_undo_t  *undo;

    undo = &jr->undo[jr->n];

    undo->at = ((uint8_t *) p - (uint8_t *) jr) | wide;
    undo->old = old;

    chatws_shared_set(&jr->n, jr->n + 1);
}


void
chatws_journal_commit(chatws_journal_t *jr)
{
    chatws_shared_set(&jr->n, 0);
}


void
chatws_journal_recover(chatws_journal_t *jr)
{
    uint32_t        n;
    uint64_t       *goal;
    uint8_t        *p;
    chatws_undo_t  *undo;

    n = chatws_shared_get(&jr->n);

    if (n == 0) {
        return;
    }

    /* the step was done, and its process died before the commit */

    if (jr->goal != 0) {
        goal = (uint64_t *) (void *) ((uint8_t *) jr + jr->goal_at);

        if (*goal >= jr->goal) {
            n = 0;
        }
    }

    /* backwards: a word that was stored twice gets its first value */

    while (n--) {
        undo = &jr->undo[n];
        p = (uint8_t *) jr + (undo->at & ~(int64_t) 1);

        if (undo->at & 1) {
            chatws_shared_set((uint64_t *) (void *) p, undo->old);

        } else {
            chatws_shared_set((uint32_t *) (void *) p, (uint32_t) undo->old);
        }
    }

    chatws_journal_commit(jr);
}
