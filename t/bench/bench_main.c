
/*
 * Copyright (C) chatws contributors
 *
 * The load generator: options, the phases of a run, and its result, one
 * line of JSON on standard output.
 */


#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"


typedef struct {
    const char  *name;
    size_t       offset;
    int          text;
    uint32_t     min;
    uint32_t     max;
} bench_option_t;


#define bench_text(name, field)                                              \
    { name, offsetof(bench_opt_t, field), 1, 0, 0 }

#define bench_number(name, field, min, max)                                  \
    { name, offsetof(bench_opt_t, field), 0, min, max }


static void bench_defaults(bench_opt_t *opt);
static void bench_options(bench_opt_t *opt, int argc, char **argv);
static void bench_init(bench_t *b);
static void bench_fanout(bench_t *b);
static void bench_calibrate(bench_t *b);
static void bench_phase(bench_t *b, uint32_t ms);
static void bench_report(bench_t *b, uint64_t cpu, uint64_t wall,
    uint64_t self, uint64_t pss);
static uint64_t bench_self_cpu(void);
static void bench_hold(bench_t *b);
static void bench_storm(bench_t *b);
static int bench_drained(bench_t *b);
static int bench_never(bench_t *b);


static const bench_option_t  bench_option_list[] = {

    bench_text("--mode", mode),
    bench_text("--sub-path", sub_path),
    bench_text("--sub-field", sub_field),
    bench_text("--sub-message", sub_message),
    bench_text("--sub-ready", sub_ready),
    bench_text("--pub-path", pub_path),
    bench_text("--pub-body", pub_body),
    bench_text("--pids", pids),

    bench_number("--port", port, 1, 65535),
    bench_number("--addrs", addrs, 1, 200),
    bench_number("--first-addr", first_addr, 1, 60000),
    bench_number("--conns", conns, 0, BENCH_MAX_FDS - 500),
    bench_number("--rooms", rooms, 1, 99999),
    bench_number("--more", more, 0, 10000),
    bench_number("--kicks", kicks, 1, 1000),
    bench_number("--slow", slow, 0, BENCH_MAX_FDS),
    bench_number("--parallel", parallel, 1, BENCH_MAX_FDS),
    bench_number("--publishers", publishers, 1, 400),
    bench_number("--batch", batch, 0, 1000),
    bench_number("--rate", rate, 0, 1000000),
    bench_number("--frame", frame, 16, 60000),
    bench_number("--depth", depth, 1, 1000),
    bench_number("--settle", settle, 0, 60000),
    bench_number("--warm", warm, 0, 60000),
    bench_number("--time", time, 1, 600000),
    bench_number("--drain", drain, 1, 600000),
    bench_number("--deadline", deadline, 1, 3600000),

    { NULL, 0, 0, 0, 0 }
};


int
main(int argc, char **argv)
{
    bench_t  *b;

    b = bench_alloc(1, sizeof(bench_t));

    signal(SIGPIPE, SIG_IGN);

    bench_defaults(&b->opt);
    bench_options(&b->opt, argc, argv);
    bench_init(b);

    if (strcmp(b->opt.mode, "fanout") == 0) {
        bench_fanout(b);

    } else if (strcmp(b->opt.mode, "hold") == 0) {
        bench_hold(b);

    } else if (strcmp(b->opt.mode, "storm") == 0) {
        bench_storm(b);

    } else if (strcmp(b->opt.mode, "echo") == 0) {
        bench_echo(b);

    } else if (strcmp(b->opt.mode, "kick") == 0) {
        bench_kick(b);

    } else {
        bench_die("unknown --mode");
    }

    return 0;
}


static void
bench_defaults(bench_opt_t *opt)
{
    opt->mode = "fanout";
    opt->sub_path = "/";
    opt->sub_field = "";
    opt->sub_message = "";
    opt->sub_ready = "subscription_confirmed";
    opt->pub_path = "/";
    opt->pub_body = "%t";
    opt->pids = "";

    opt->port = 8000;
    opt->addrs = 8;
    opt->first_addr = 1;
    opt->conns = 1;
    opt->rooms = 1;
    opt->kicks = 1;
    opt->parallel = 128;
    opt->publishers = 1;
    opt->frame = 256;
    opt->depth = 100;
    opt->settle = 300;
    opt->warm = 300;
    opt->time = 1000;
    opt->drain = 10000;
    opt->deadline = 60000;
}


static void
bench_options(bench_opt_t *opt, int argc, char **argv)
{
    int                    i;
    char                  *end;
    unsigned long          n;
    const bench_option_t  *o;

    for (i = 1; i < argc; i += 2) {

        for (o = bench_option_list; o->name; o++) {
            if (strcmp(o->name, argv[i]) == 0) {
                break;
            }
        }

        if (o->name == NULL || i + 1 == argc) {
            bench_die("unknown option or no value: %s", argv[i]);
        }

        if (o->text) {
            *(const char **) ((char *) opt + o->offset) = argv[i + 1];
            continue;
        }

        n = strtoul(argv[i + 1], &end, 10);

        if (*end != '\0' || n < o->min || n > o->max) {
            bench_die("%s is to be from %u to %u", o->name, o->min, o->max);
        }

        *(uint32_t *) ((char *) opt + o->offset) = (uint32_t) n;
    }

    if (opt->slow && opt->slow >= opt->conns) {
        bench_die("--slow is to be below --conns");
    }
}


static void
bench_init(bench_t *b)
{
    struct rlimit  rl;

    rl.rlim_cur = BENCH_MAX_FDS;
    rl.rlim_max = BENCH_MAX_FDS;

    if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
        rl.rlim_cur = (rl.rlim_max < BENCH_MAX_FDS) ? rl.rlim_max
                                                    : BENCH_MAX_FDS;
        setrlimit(RLIMIT_NOFILE, &rl);
    }

    b->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (b->epoll == -1) {
        bench_die("epoll_create1(): %s", strerror(errno));
    }

    b->started = bench_now();
    b->until = b->started + b->opt.deadline * BENCH_MS;
    b->rooms = bench_alloc(b->opt.rooms, sizeof(bench_room_t));
    b->random = 88172645463325252ULL;
    b->text_len = BENCH_MARK_LEN;

    if (b->opt.rate) {
        b->interval = BENCH_SEC / b->opt.rate;
    }

    bench_proc_parse(b, b->opt.pids);
}


static void
bench_fanout(bench_t *b)
{
    uint64_t  cpu, pss, self, wall;

    bench_sub_open_all(b);
    bench_pub_open_all(b);
    bench_run(b, bench_never, b->opt.settle);

    if (b->opt.conns) {
        bench_calibrate(b);

    } else {
        b->text_len = b->opt.frame;
    }

    bench_phase(b, b->opt.warm);

    /* faults of the warm-up stay counted */

    b->count.copies = 0;
    b->count.bytes = 0;
    b->count.messages = 0;
    b->count.behind = 0;
    memset(&b->hist, 0, sizeof(bench_hist_t));

    pss = bench_proc_pss(b);
    cpu = bench_proc_cpu(b);
    self = bench_self_cpu();
    wall = bench_now();

    bench_phase(b, b->opt.time);

    wall = bench_now() - wall;
    self = bench_self_cpu() - self;
    cpu = bench_proc_cpu(b) - cpu;

    bench_sub_audit(b);
    bench_report(b, cpu, wall, self, pss);
}


/*
 * Pads the text so that a delivered frame has the wanted size: a server puts
 * more around it than another.
 */

static void
bench_calibrate(bench_t *b)
{
    uint32_t  batch;
    uint64_t  interval;

    batch = b->opt.batch;
    interval = b->interval;

    b->opt.batch = 0;
    b->interval = 0;

    bench_pub_send(b, bench_now());

    if (!bench_run(b, bench_drained, 5000)) {
        bench_die("the first message was answered %d and did not arrive",
                  b->last_status);
    }

    b->opt.batch = batch;
    b->interval = interval;

    if (b->count.refused) {
        bench_die("the first message was answered %d", b->last_status);
    }

    if (b->last_frame < b->opt.frame) {
        b->text_len += b->opt.frame - b->last_frame;
    }
}


static void
bench_phase(bench_t *b, uint32_t ms)
{
    bench_pub_start(b);
    bench_run(b, bench_never, ms);
    bench_pub_stop(b);

    bench_run(b, bench_drained, b->opt.drain);
}


static void
bench_report(bench_t *b, uint64_t cpu, uint64_t wall, uint64_t self,
    uint64_t pss)
{
    uint64_t        after;
    bench_count_t  *c;

    c = &b->count;
    after = bench_proc_pss(b);

    printf("{\"copies\": %llu, \"messages\": %llu, \"cpu_ns\": %llu, "
           "\"wall_ns\": %llu, \"generator_ns\": %llu, \"frame\": %.1f, ",
           (unsigned long long) c->copies, (unsigned long long) c->messages,
           (unsigned long long) cpu, (unsigned long long) wall,
           (unsigned long long) self,
           c->copies ? (double) c->bytes / (double) c->copies : 0.0);

    printf("\"lost\": %llu, \"repeated\": %llu, \"disordered\": %llu, "
           "\"refused\": %llu, \"closed\": %llu, \"behind\": %llu, ",
           (unsigned long long) c->lost, (unsigned long long) c->repeated,
           (unsigned long long) c->disordered,
           (unsigned long long) c->refused, (unsigned long long) c->closed,
           (unsigned long long) c->behind);

    printf("\"p50_ns\": %llu, \"p90_ns\": %llu, \"p99_ns\": %llu, "
           "\"p999_ns\": %llu, \"max_ns\": %llu, ",
           (unsigned long long) bench_hist_quantile(&b->hist, 0.5),
           (unsigned long long) bench_hist_quantile(&b->hist, 0.9),
           (unsigned long long) bench_hist_quantile(&b->hist, 0.99),
           (unsigned long long) bench_hist_quantile(&b->hist, 0.999),
           (unsigned long long) b->hist.max);

    printf("\"pss_before\": %llu, \"pss_after\": %llu, "
           "\"slow_closed\": %u, \"last_status\": %d}\n",
           (unsigned long long) pss, (unsigned long long) after,
           bench_sub_slow_closed(b), b->last_status);
}


static uint64_t
bench_self_cpu(void)
{
    struct rusage  ru;

    getrusage(RUSAGE_SELF, &ru);

    return ((uint64_t) ru.ru_utime.tv_sec + (uint64_t) ru.ru_stime.tv_sec)
           * BENCH_SEC
           + ((uint64_t) ru.ru_utime.tv_usec + (uint64_t) ru.ru_stime.tv_usec)
             * 1000;
}


/* connects, says so, and stays until standard input ends */

static void
bench_hold(bench_t *b)
{
    char           c;
    struct pollfd  pfd;

    bench_sub_open_all(b);

    printf("{\"ready\": %u}\n", b->sub_ready);
    fflush(stdout);

    pfd.fd = STDIN_FILENO;
    pfd.events = POLLIN;

    for ( ;; ) {
        bench_run(b, bench_never, 20);

        if (poll(&pfd, 1, 0) == 1 && read(STDIN_FILENO, &c, 1) <= 0) {
            break;
        }
    }

    printf("{\"closed\": %llu}\n", (unsigned long long) b->count.closed);
}


static void
bench_storm(bench_t *b)
{
    uint64_t  end, opened, start, cpu[4];

    cpu[0] = bench_proc_cpu(b);
    start = bench_now();

    bench_sub_open_all(b);

    opened = bench_now() - start;
    bench_proc_rest(b, 5000);
    cpu[1] = bench_proc_cpu(b);
    cpu[2] = cpu[1];

    if (b->opt.more) {
        bench_sub_more_all(b);
        bench_proc_rest(b, 5000);
        cpu[2] = bench_proc_cpu(b);
    }

    bench_sub_close_all(b);
    end = bench_now();
    bench_proc_rest(b, 10000);
    cpu[3] = bench_proc_cpu(b);

    printf("{\"copies\": %u, \"wall_ns\": %llu, \"closing_ns\": %llu, "
           "\"open_cpu_ns\": %llu, \"more_cpu_ns\": %llu, "
           "\"close_cpu_ns\": %llu, "
           "\"cpu_ns\": %llu}\n",
           b->sub_ready, (unsigned long long) opened,
           (unsigned long long) (bench_now() - end),
           (unsigned long long) (cpu[1] - cpu[0]),
           (unsigned long long) (cpu[2] - cpu[1]),
           (unsigned long long) (cpu[3] - cpu[2]),
           (unsigned long long) (cpu[3] - cpu[0]));
}


static int
bench_drained(bench_t *b)
{
    return b->inflight == 0;
}


static int
bench_never(bench_t *b)
{
    (void) b;

    return 0;
}
