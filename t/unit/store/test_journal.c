
/*
 * Copyright (C) chatws contributors
 *
 * The undo log by itself.
 */


#include "tap.h"

#include "store/chatws_journal.c"

#include <string.h>


static struct {
    uint32_t          below;
    uint64_t          wide;
    chatws_journal_t  journal;
    uint32_t          above;
    uint64_t          goal;
} m;


static void begin(uint64_t goal);
static int is(uint32_t below, uint64_t wide, uint32_t above);


int
main(void)
{
    uint32_t  i;

    begin(0);
    chatws_journal_set(&m.journal, &m.below, 4);
    chatws_journal_commit(&m.journal);
    chatws_journal_recover(&m.journal);
    ok(is(4, 2, 3), "what is committed stays");

    begin(0);
    chatws_journal_set(&m.journal, &m.below, 4);
    chatws_journal_set64(&m.journal, &m.wide, (uint64_t) -1);
    chatws_journal_set(&m.journal, &m.above, 6);
    chatws_journal_set(&m.journal, &m.below, 5);
    ok(is(5, (uint64_t) -1, 6), "a step under way");
    chatws_journal_recover(&m.journal);
    ok(is(1, 2, 3), "is undone, backwards");
    chatws_journal_recover(&m.journal);
    ok(is(1, 2, 3), "once");

    begin(0);
    chatws_journal_keep(&m.journal, &m.above);
    m.above = 77;
    chatws_journal_recover(&m.journal);
    ok(is(1, 2, 3), "what is kept comes back");

    begin(10);
    chatws_journal_set(&m.journal, &m.below, 4);
    m.goal = 9;
    chatws_journal_recover(&m.journal);
    ok(is(1, 2, 3), "undone before its goal");

    begin(10);
    chatws_journal_set(&m.journal, &m.below, 4);
    m.goal = 10;
    chatws_journal_recover(&m.journal);
    ok(is(4, 2, 3) && m.journal.n == 0, "done at its goal");

    chatws_journal_begin(&m.journal, NULL, 0);
    chatws_journal_set(&m.journal, &m.below, 8);
    chatws_journal_recover(&m.journal);
    ok(is(4, 2, 3), "the next step has no part in that");

    begin(0);

    for (i = 0; i < CHATWS_JOURNAL_MAX; i++) {
        chatws_journal_set(&m.journal, &m.above, 100 + i);
    }

    chatws_journal_recover(&m.journal);
    ok(is(1, 2, 3), "as many words as there may be");

    return done();
}


static void
begin(uint64_t goal)
{
    memset(&m, 0, sizeof(m));

    m.below = 1;
    m.wide = 2;
    m.above = 3;

    chatws_journal_begin(&m.journal, goal ? &m.goal : NULL, goal);
}


static int
is(uint32_t below, uint64_t wide, uint32_t above)
{
    return m.below == below && m.wide == wide && m.above == above;
}
