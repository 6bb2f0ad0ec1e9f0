
/*
 * Copyright (C) chatws contributors
 *
 * The floor of the benchmark: what the kernel asks for, and nothing else.
 * One process, one epoll; a POST to /pub?id=room_N is put into a WebSocket
 * frame once and given to each subscriber of the room (/sub?id=room_N) by
 * one send().  /echo unmasks what one recv() brought and sends it back by
 * one send().  Not a server: it trusts its client.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>


#define FLOOR_EVENTS     512
#define FLOOR_MAX_FDS    20000
#define FLOOR_MAX_ROOMS  100000
#define FLOOR_BUFFER     (256 * 1024)


typedef enum {
    FLOOR_HTTP = 0,
    FLOOR_SUBSCRIBER,
    FLOOR_ECHO
} floor_kind_e;


typedef struct {
    int            fd;
    floor_kind_e   kind;
    uint32_t       room;
    uint32_t       at;            /* position in the room */
    uint8_t       *spill;         /* input that is not complete */
    size_t         spilled;
} floor_conn_t;


typedef struct {
    floor_conn_t **members;
    uint32_t       n;
    uint32_t       size;
} floor_room_t;


typedef struct {
    int            epoll;
    int            listener;
    floor_room_t   rooms[FLOOR_MAX_ROOMS];
    uint8_t        buffer[FLOOR_BUFFER + 1];
    uint8_t        out[FLOOR_BUFFER + 16];
} floor_t;


static void floor_die(const char *what);
static void *floor_grow(void *p, size_t size);
static void floor_listen(floor_t *f, uint16_t port);
static void floor_watch(floor_t *f, int fd, void *data);
static void floor_accept(floor_t *f);
static void floor_read(floor_t *f, floor_conn_t *c);
static size_t floor_http(floor_t *f, floor_conn_t *c, uint8_t *p,
    size_t len);
static void floor_upgrade(floor_t *f, floor_conn_t *c, const char *uri);
static uint32_t floor_room(const char *uri);
static void floor_publish(floor_t *f, uint32_t id, const uint8_t *body,
    size_t len);
static size_t floor_head(uint8_t *out, size_t len);
static size_t floor_echo(floor_t *f, floor_conn_t *c, uint8_t *p,
    size_t len);
static void floor_close(floor_t *f, floor_conn_t *c);


int
main(int argc, char **argv)
{
    int                  i, n;
    floor_t             *f;
    struct rlimit        rl;
    struct epoll_event   events[FLOOR_EVENTS];

    if (argc != 2) {
        fprintf(stderr, "usage: floor PORT\n");
        return 2;
    }

    signal(SIGPIPE, SIG_IGN);

    if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
        rl.rlim_cur = (rl.rlim_max < FLOOR_MAX_FDS) ? rl.rlim_max
                                                    : FLOOR_MAX_FDS;
        setrlimit(RLIMIT_NOFILE, &rl);
    }

    f = calloc(1, sizeof(floor_t));
    if (f == NULL) {
        floor_die("calloc()");
    }

    floor_listen(f, (uint16_t) atoi(argv[1]));

    for ( ;; ) {
        n = epoll_wait(f->epoll, events, FLOOR_EVENTS, -1);

        if (n == -1 && errno != EINTR) {
            floor_die("epoll_wait()");
        }

        for (i = 0; i < n; i++) {

            if (events[i].data.ptr == NULL) {
                floor_accept(f);

            } else {
                floor_read(f, events[i].data.ptr);
            }
        }
    }
}


static void
floor_die(const char *what)
{
    perror(what);
    exit(1);
}


static void *
floor_grow(void *p, size_t size)
{
    p = realloc(p, size);
    if (p == NULL) {
        floor_die("realloc()");
    }

    return p;
}


static void
floor_listen(floor_t *f, uint16_t port)
{
    int                 on;
    struct sockaddr_in  sin;

    on = 1;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons(port);

    f->epoll = epoll_create1(0);
    f->listener = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);

    if (f->epoll == -1 || f->listener == -1
        || setsockopt(f->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on))
           == -1
        || bind(f->listener, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(f->listener, 4096) == -1)
    {
        floor_die("listen");
    }

    floor_watch(f, f->listener, NULL);
}


static void
floor_watch(floor_t *f, int fd, void *data)
{
    struct epoll_event  ee;

    ee.events = EPOLLIN;
    ee.data.ptr = data;

    if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &ee) == -1) {
        floor_die("epoll_ctl()");
    }
}


static void
floor_accept(floor_t *f)
{
    int            fd, on;
    floor_conn_t  *c;

    on = 1;

    for ( ;; ) {
        fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK);

        if (fd == -1) {
            return;
        }

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

        c = floor_grow(NULL, sizeof(floor_conn_t));
        memset(c, 0, sizeof(floor_conn_t));
        c->fd = fd;

        floor_watch(f, fd, c);
    }
}


static void
floor_read(floor_t *f, floor_conn_t *c)
{
    size_t   len, used;
    ssize_t  n;

    n = recv(c->fd, f->buffer + c->spilled, FLOOR_BUFFER - c->spilled, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        floor_close(f, c);
        return;
    }

    if (c->spilled) {
        memcpy(f->buffer, c->spill, c->spilled);
    }

    len = c->spilled + (size_t) n;
    f->buffer[len] = '\0';
    used = 0;

    switch (c->kind) {

    case FLOOR_HTTP:
        used = floor_http(f, c, f->buffer, len);
        break;

    case FLOOR_SUBSCRIBER:
        used = len;
        break;

    case FLOOR_ECHO:
        used = floor_echo(f, c, f->buffer, len);
        break;
    }

    c->spilled = len - used;

    if (c->spilled) {
        c->spill = floor_grow(c->spill, c->spilled);
        memcpy(c->spill, f->buffer + used, c->spilled);

    } else if (c->spill) {
        free(c->spill);
        c->spill = NULL;
    }
}


static size_t
floor_http(floor_t *f, floor_conn_t *c, uint8_t *p, size_t len)
{
    char               *head, *line, *uri;
    size_t              body, used;
    uint8_t            *end;
    static const char   answer[] = "HTTP/1.1 201 Created\r\n"
                                   "Content-Length: 0\r\n\r\n";

    used = 0;

    while (used < len) {
        end = memmem(p + used, len - used, "\r\n\r\n", 4);

        if (end == NULL) {
            break;
        }

        head = (char *) p + used;
        line = memmem(head, (size_t) ((char *) end - head),
                      "\r\nContent-Length: ", 18);
        body = line ? strtoul(line + 18, NULL, 10) : 0;
        end += 4;

        if ((size_t) (p + len - end) < body) {
            break;
        }

        uri = memchr(head, ' ', (size_t) ((char *) end - head));

        if (*head == 'G') {
            floor_upgrade(f, c, uri + 1);

        } else {
            floor_publish(f, floor_room(uri), end, body);

            if (send(c->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) == -1) {
                perror("send()");
            }
        }

        used = (size_t) (end - p) + body;
    }

    return used;
}


static void
floor_upgrade(floor_t *f, floor_conn_t *c, const char *uri)
{
    floor_room_t       *room;
    static const char   answer[] =
        "HTTP/1.1 101 Switching Protocols\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    if (strncmp(uri, "/echo ", 6) == 0) {
        c->kind = FLOOR_ECHO;

    } else {
        c->kind = FLOOR_SUBSCRIBER;
        c->room = floor_room(uri);
        room = &f->rooms[c->room];

        if (room->n == room->size) {
            room->size = room->size ? room->size * 2 : 2;
            room->members = floor_grow(room->members,
                                       room->size * sizeof(floor_conn_t *));
        }

        c->at = room->n;
        room->members[room->n++] = c;
    }

    if (send(c->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) == -1) {
        perror("send()");
    }
}


static uint32_t
floor_room(const char *uri)
{
    const char  *p;

    p = strstr(uri, "id=room_");

    return p ? (uint32_t) strtoul(p + 8, NULL, 10) % FLOOR_MAX_ROOMS : 0;
}


static void
floor_publish(floor_t *f, uint32_t id, const uint8_t *body, size_t len)
{
    size_t          size;
    ssize_t         n;
    uint32_t        i;
    floor_room_t   *room;

    size = floor_head(f->out, len);
    memcpy(f->out + size, body, len);
    size += len;

    room = &f->rooms[id];

    for (i = 0; i < room->n; i++) {
        n = send(room->members[i]->fd, f->out, size, MSG_NOSIGNAL);

        if (n != (ssize_t) size) {

            /* too slow: the end of input makes floor_read() free it */

            shutdown(room->members[i]->fd, SHUT_RDWR);
        }
    }
}


static size_t
floor_head(uint8_t *out, size_t len)
{
    out[0] = 0x81;

    if (len < 126) {
        out[1] = (uint8_t) len;
        return 2;
    }

    out[1] = 126;
    out[2] = (uint8_t) (len >> 8);
    out[3] = (uint8_t) len;

    return 4;
}


static size_t
floor_echo(floor_t *f, floor_conn_t *c, uint8_t *p, size_t len)
{
    size_t    i, n, out, used;
    uint8_t  *mask;

    out = 0;
    used = 0;

    /* frames of at most 125 bytes only */

    while (len - used >= 6) {
        n = p[used + 1] & 0x7f;

        if (len - used < n + 6) {
            break;
        }

        mask = p + used + 2;
        out += floor_head(f->out + out, n);

        for (i = 0; i < n; i++) {
            f->out[out + i] = mask[4 + i] ^ mask[i & 3];
        }

        out += n;
        used += n + 6;
    }

    if (out && send(c->fd, f->out, out, MSG_NOSIGNAL) != (ssize_t) out) {
        shutdown(c->fd, SHUT_RDWR);
    }

    return used;
}


static void
floor_close(floor_t *f, floor_conn_t *c)
{
    floor_room_t  *room;

    if (c->kind == FLOOR_SUBSCRIBER) {
        room = &f->rooms[c->room];
        room->members[c->at] = room->members[--room->n];
        room->members[c->at]->at = c->at;
    }

    close(c->fd);
    free(c->spill);
    free(c);
}
