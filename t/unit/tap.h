
/*
 * Copyright (C) chatws contributors
 *
 * The smallest TAP producer: a unit test is one translation unit that
 * includes the .c files under test, calls ok() per check and returns
 * done() from main().
 */


#ifndef _CHATWS_TAP_H_INCLUDED_
#define _CHATWS_TAP_H_INCLUDED_


#include <stdarg.h>
#include <stdio.h>


static int  tap_count;
static int  tap_failed;


__attribute__((format(printf, 2, 3)))
static int
ok(int pass, const char *fmt, ...)
{
    va_list  args;

    tap_count++;

    if (!pass) {
        tap_failed++;
    }

    printf("%s %d - ", pass ? "ok" : "not ok", tap_count);

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);

    printf("\n");
    fflush(stdout);

    return pass;
}


static int
done(void)
{
    printf("1..%d\n", tap_count);

    return tap_failed != 0;
}


#endif /* _CHATWS_TAP_H_INCLUDED_ */
