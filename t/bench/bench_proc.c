
/*
 * Copyright (C) chatws contributors
 *
 * What the kernel knows of the server's processes: the exact run time of
 * each thread (/proc/PID/task/TID/schedstat, user and system together) and
 * the proportional set size.
 */


#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"


static uint64_t bench_proc_tasks(int pid);


void
bench_proc_parse(bench_t *b, const char *list)
{
    int          pid;
    const char  *p;

    for (p = list; *p; /* void */ ) {
        pid = atoi(p);

        if (pid <= 0 || b->npids == BENCH_MAX_PIDS) {
            bench_die("wrong --pids");
        }

        b->pids[b->npids++] = pid;

        p += strcspn(p, ",");
        p += (*p == ',');
    }
}


uint64_t
bench_proc_cpu(bench_t *b)
{
    uint32_t  i;
    uint64_t  ns;

    ns = 0;

    for (i = 0; i < b->npids; i++) {
        ns += bench_proc_tasks(b->pids[i]);
    }

    return ns;
}


static uint64_t
bench_proc_tasks(int pid)
{
    DIR                 *dir;
    FILE                *file;
    char                 path[320];
    uint64_t             sum;
    struct dirent       *de;
    unsigned long long   ns;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);

    dir = opendir(path);
    if (dir == NULL) {
        bench_die("process %d of the server is gone", pid);
    }

    sum = 0;

    while ((de = readdir(dir)) != NULL) {

        if (de->d_name[0] == '.') {
            continue;
        }

        snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid,
                 de->d_name);

        file = fopen(path, "r");
        if (file == NULL) {
            continue;
        }

        if (fscanf(file, "%llu", &ns) == 1) {
            sum += ns;
        }

        fclose(file);
    }

    closedir(dir);

    return sum;
}


uint64_t
bench_proc_pss(bench_t *b)
{
    FILE                *file;
    char                 line[128], path[64];
    uint32_t             i;
    uint64_t             sum;
    unsigned long long   kb;

    sum = 0;

    for (i = 0; i < b->npids; i++) {
        snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", b->pids[i]);

        file = fopen(path, "r");
        if (file == NULL) {
            bench_die("%s: %s", path, strerror(errno));
        }

        while (fgets(line, sizeof(line), file) != NULL) {
            if (sscanf(line, "Pss: %llu", &kb) == 1) {
                sum += kb * 1024;
            }
        }

        fclose(file);
    }

    return sum;
}


void
bench_proc_rest(bench_t *b, uint32_t ms)
{
    uint64_t         end, last, now;
    struct timespec  ts;

    ts.tv_sec = 0;
    ts.tv_nsec = 50 * BENCH_MS;

    end = bench_now() + ms * BENCH_MS;
    last = bench_proc_cpu(b);

    while (bench_now() < end) {
        nanosleep(&ts, NULL);

        now = bench_proc_cpu(b);

        if (now - last < BENCH_MS / 2) {
            return;
        }

        last = now;
    }
}
