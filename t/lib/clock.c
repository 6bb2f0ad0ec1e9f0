
/*
 * Copyright (C) chatws contributors
 *
 * Loaded before libc into an nginx under test: its wall clock is that of the
 * system plus the milliseconds that the file TEST_CHATWS_CLOCK says, as text.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>


typedef int (*clock_pt)(struct timeval *tv, void *zone);


static int       file = -1;
static clock_pt  real;


static void clock_open(void) __attribute__((constructor));


static void
clock_open(void)
{
    const char  *name;

    name = getenv("TEST_CHATWS_CLOCK");

    if (name != NULL) {
        file = open(name, O_RDONLY | O_CLOEXEC);
    }

    *(void **) &real = dlsym(RTLD_NEXT, "gettimeofday");
}


int
gettimeofday(struct timeval *tv, void *zone)
{
    int      rc;
    long     msec;
    char     text[32];
    ssize_t  n;

    rc = real(tv, zone);
    n = pread(file, text, sizeof(text) - 1, 0);

    if (rc != 0 || n <= 0) {
        return rc;
    }

    text[n] = '\0';
    msec = strtol(text, NULL, 10) + tv->tv_usec / 1000;

    /* the remainder of a negative number is negative */

    tv->tv_sec += msec / 1000;
    tv->tv_usec = msec % 1000 * 1000 + tv->tv_usec % 1000;

    if (tv->tv_usec < 0) {
        tv->tv_sec--;
        tv->tv_usec += 1000000;
    }

    return 0;
}
