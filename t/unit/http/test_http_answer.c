
/*
 * Copyright (C) chatws contributors
 *
 * HTTP answers, each whole, byte by byte, and cut at every place: bodies of
 * all forms, what follows them, what is no answer or too large.
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_str.c"
#include "http/chatws_http_answer.c"
#include "http/chatws_http_chunk.c"


#define BODY_MAX  64
#define HEAD      "HTTP/1.1 200 OK\r\n"
#define CHUNKED   HEAD "Transfer-Encoding: chunked\r\n\r\n"


/* what came of an answer */

typedef struct {
    chatws_rc_e           rc;
    chatws_http_answer_t  answer;
    size_t                used;          /* bytes up to its end */
    size_t                len;
    uint8_t               body[BODY_MAX];
} test_result_t;


static void feed(test_result_t *r, const uint8_t *p, size_t len, uint64_t max);
static void begin(test_result_t *r, uint64_t max);
static void end(test_result_t *r);
static int same(const test_result_t *a, const test_result_t *b);
static int whole(test_result_t *r, const char *text, size_t len);
static void is(const char *text, unsigned status, const char *body,
    size_t left, int closes);
static void fails(const char *text);
static void fails_len(const char *text, size_t len, const char *name);

static void test_bodies(void);
static void test_chunks(void);
static void test_connection(void);
static void test_faults(void);
static void test_cut_off(void);
static void test_limits(void);
static void test_many_chunks(void);


int
main(void)
{
    test_bodies();
    test_chunks();
    test_connection();
    test_faults();
    test_cut_off();
    test_limits();
    test_many_chunks();

    return done();
}


/* a piece of exactly its size; several pieces of body are one */

static void
feed(test_result_t *r, const uint8_t *p, size_t len, uint64_t max)
{
    size_t        n, used;
    uint8_t      *copy;
    chatws_str_t  piece;

    copy = malloc(len ? len : 1);
    memcpy(copy, p, len);

    for (n = 0; r->rc == CHATWS_AGAIN; n += used) {

        r->rc = chatws_http_answer_read(&r->answer, copy + n, len - n, &used,
                                        &piece);

        if (r->rc == CHATWS_ERROR) {
            break;
        }

        if (used > len - n
            || piece.data < copy + n
            || piece.data + piece.len > copy + len
            || piece.len > BODY_MAX - r->len
            || r->len + piece.len > max)
        {
            printf("# bounds\n");
            abort();
        }

        memcpy(r->body + r->len, piece.data, piece.len);
        r->len += piece.len;
        r->used += used;

        if (r->rc == CHATWS_AGAIN && n + used == len) {
            break;
        }
    }

    free(copy);
}


static void
end(test_result_t *r)
{
    if (r->rc == CHATWS_AGAIN) {
        r->rc = chatws_http_answer_end(&r->answer);
    }
}


static void
begin(test_result_t *r, uint64_t max)
{
    memset(r, 0, sizeof(test_result_t));
    memset(&r->answer, 0xa5, sizeof(chatws_http_answer_t));

    r->rc = CHATWS_AGAIN;
    chatws_http_answer_begin(&r->answer, max);
}


static int
same(const test_result_t *a, const test_result_t *b)
{
    if (a->rc != b->rc) {
        return 0;
    }

    if (a->rc != CHATWS_OK) {
        return strcmp(a->answer.why, b->answer.why) == 0;
    }

    return a->used == b->used
           && a->len == b->len
           && memcmp(a->body, b->body, a->len) == 0
           && a->answer.status == b->answer.status
           && a->answer.close == b->answer.close;
}


/* 1: it makes no difference in what pieces the text comes */

static int
whole(test_result_t *r, const char *text, size_t len)
{
    int             bad;
    size_t          i;
    test_result_t   other;
    const uint8_t  *p;

    p = (const uint8_t *) text;
    bad = 0;

    begin(r, BODY_MAX);
    feed(r, p, len, BODY_MAX);
    end(r);

    begin(&other, BODY_MAX);

    for (i = 0; i < len && other.rc == CHATWS_AGAIN; i++) {
        feed(&other, p + i, 1, BODY_MAX);
    }

    end(&other);
    bad += !same(r, &other);

    for (i = 0; i <= len; i++) {
        begin(&other, BODY_MAX);
        feed(&other, p, i, BODY_MAX);
        feed(&other, p + i, len - i, BODY_MAX);
        end(&other);
        bad += !same(r, &other);
    }

    return bad == 0;
}


static void
is(const char *text, unsigned status, const char *body, size_t left,
    int closes)
{
    int            pieces;
    test_result_t  r;

    pieces = whole(&r, text, strlen(text));

    if (!ok(r.rc == CHATWS_OK
            && pieces
            && r.answer.status == status
            && r.len == strlen(body)
            && memcmp(r.body, body, r.len) == 0
            && r.used == strlen(text) - left
            && r.answer.close == (unsigned) closes,
            "%u, \"%s\"", status, body))
    {
        printf("# rc:%d why:%s pieces:%d status:%u used:%zu close:%u\n", r.rc,
               r.answer.why ? r.answer.why : "", pieces, r.answer.status,
               r.used, r.answer.close);
    }
}


static void
fails(const char *text)
{
    fails_len(text, strlen(text), text);
}


static void
fails_len(const char *text, size_t len, const char *name)
{
    int            n, pieces;
    test_result_t  r;

    pieces = whole(&r, text, len);
    n = (int) strcspn(name, "\r\n");

    ok(r.rc == CHATWS_ERROR && pieces && r.answer.why != NULL,
       "refused: %.*s ... (%s)", n, name,
       r.rc == CHATWS_ERROR ? r.answer.why : "taken");
}


static void
test_bodies(void)
{
    is(HEAD "Content-Length: 2\r\n\r\n{}", 200, "{}", 0, 0);
    is(HEAD "Content-Length: 2\r\n\r\n{}HTTP/1.1", 200, "{}", 8, 0);
    is(HEAD "Content-Length:2\r\n\r\n{}", 200, "{}", 0, 0);
    is(HEAD "content-LENGTH: \t 2 \t\r\n\r\n{}", 200, "{}", 0, 0);
    is(HEAD "Content-Length: 2\r\nContent-Length: 02\r\n\r\n{}", 200, "{}", 0,
       0);
    is(HEAD "Content-Length: 0\r\n\r\n", 200, "", 0, 0);
    is(HEAD "Content-Length: 0\r\n\r\nxyz", 200, "", 3, 0);
    is(HEAD "\r\n{}", 200, "{}", 0, 1);
    is(HEAD "\r\n", 200, "", 0, 1);
    is("HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", 200, "{}", 0, 0);
    is("HTTP/1.1 204 No Content\r\n\r\n", 204, "", 0, 0);
    is("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}", 204, "", 2,
       0);
    is("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", 304, "", 0,
       0);
    is("HTTP/1.1 500 \r\nContent-Length: 1\r\n\r\nx", 500, "x", 0, 0);
    is("HTTP/1.1 403\r\nContent-Length: 1\r\n\r\nx", 403, "x", 0, 0);
    is("HTTP/1.1 403\nContent-Length: 1\n\nx", 403, "x", 0, 0);
    is("HTTP/1.1 599 \xc3\xa9\t!\r\nContent-Length: 1\r\n\r\nx", 599, "x", 0,
       0);
    is("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: <x>\r\n"
       "Content-Length: 7\r\n\r\n" HEAD "Content-Length: 2\r\n\r\n{}",
       200, "{}", 0, 0);
    is(HEAD "X-Content-Length: 9\r\nContent-Length2: 8\r\nContent-Lengt: 7\r\n"
       "Transfer-Encodingg: x\r\nContent-Length: 2\r\n\r\n{}",
       200, "{}", 0, 0);
    is(HEAD "A:\r\nB: \r\nC: :::\r\n!#$%&'*+-.^_`|~9: x\r\n"
       "Content-Length: 1\r\n\r\nx", 200, "x", 0, 0);
}


static void
test_chunks(void)
{
    is(CHUNKED "2\r\n{}\r\n0\r\n\r\n", 200, "{}", 0, 0);
    is(CHUNKED "2\r\n{}\r\n0\r\n\r\nleft", 200, "{}", 4, 0);
    is(CHUNKED "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", 200, "{}", 0, 0);
    is(CHUNKED "0\r\n\r\n", 200, "", 0, 0);
    is(CHUNKED "00a\r\n0123456789\r\n000\r\n\r\n", 200, "0123456789", 0, 0);
    is(CHUNKED "1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n", 200,
       "abcdefghijklmnopqrstuvwxyz", 0, 0);
    is(CHUNKED "2;a=b;c=\"\t\\\"d\"\r\n{}\r\n0;x\r\n\r\n", 200, "{}", 0, 0);
    is(CHUNKED "2 \t;a\r\n{}\r\n0 \r\n\r\n", 200, "{}", 0, 0);
    is(CHUNKED "2\r\n\r\n\r\n0\r\n\r\n", 200, "\r\n", 0, 0);
    is(CHUNKED "2\r\n{}\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n", 200, "{}",
       0, 0);
    is(CHUNKED "0\r\nA: b\nC: d\n\n", 200, "", 0, 0);
    is("HTTP/1.0 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", 200,
       "", 0, 1);
    is("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n", 204, "", 0, 0);

    fails(CHUNKED "\r\n");
    fails(CHUNKED "g\r\n");
    fails(CHUNKED "-1\r\n");
    fails(CHUNKED "+1\r\n");
    fails(CHUNKED "0x1\r\n");
    fails(CHUNKED " 1\r\nx\r\n");
    fails(CHUNKED ";1\r\nx\r\n");
    fails(CHUNKED "1 1\r\nx\r\n");
    fails(CHUNKED "1,\r\nx\r\n");
    fails(CHUNKED "1\nx\r\n0\r\n\r\n");
    fails(CHUNKED "1\r\rx\r\n");
    fails(CHUNKED "1;a\nx\r\n0\r\n\r\n");
    fails(CHUNKED "1;a\rb\r\nx\r\n");
    fails(CHUNKED "1\r\nxx\r\n");
    fails(CHUNKED "1\r\nx\n0\r\n\r\n");
    fails(CHUNKED "1\r\nx\r0\r\n\r\n");
    fails(CHUNKED "41\r\n");
    fails(CHUNKED "fffffffffffffff\r\n");
    fails(CHUNKED "10000000000000000\r\n");
    fails(CHUNKED "0000000000000001\r\nx\r\n");
    fails(CHUNKED "0\r\n\rx");
    fails(CHUNKED "0\r\nA: b\rc\r\n\r\n");
    fails(CHUNKED "0\r\nA: \x01\r\n\r\n");
    fails_len(CHUNKED "1;\0\r\n", sizeof(CHUNKED "1;\0\r\n") - 1,
              "a zero byte in an extension");

    fails(HEAD "Transfer-Encoding: gzip\r\n\r\n");
    fails(HEAD "Transfer-Encoding: identity\r\n\r\n");
    fails(HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
    fails(HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n");
    fails(HEAD "Transfer-Encoding: chun ked\r\n\r\n0\r\n\r\n");
    fails(HEAD "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n");
    fails(HEAD "Transfer-Encoding:\r\n\r\n0\r\n\r\n");
    fails(HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"
          "\r\n0\r\n\r\n");
    fails(HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0");
    fails(HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0");
}


static void
test_connection(void)
{
    is("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", 0, 1);
    is("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n"
       "\r\n{}", 200, "{}", 0, 1);
    is("HTTP/1.9 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", 0, 0);

    is(HEAD "Connection: close\r\nContent-Length: 0\r\n\r\n", 200, "", 0, 1);
    is(HEAD "Connection: Close\r\nContent-Length: 0\r\n\r\n", 200, "", 0, 1);
    is(HEAD "Connection: keep-alive\r\nContent-Length: 0\r\n\r\n", 200, "", 0,
       0);
    is(HEAD "Connection: foo, close\r\nContent-Length: 0\r\n\r\n", 200, "", 0,
       1);
    is(HEAD "Connection: close ,foo\r\nContent-Length: 0\r\n\r\n", 200, "", 0,
       1);
    is(HEAD "Connection: ,, ,close,\r\nContent-Length: 0\r\n\r\n", 200, "", 0,
       1);
    is(HEAD "Connection: closed, not-close\r\nContent-Length: 0\r\n\r\n", 200,
       "", 0, 0);
    is(HEAD "Connection: close close\r\nContent-Length: 0\r\n\r\n", 200, "",
       0, 0);
    is(HEAD "Connection:\r\nConnection: ,\r\nContent-Length: 0\r\n\r\n", 200,
       "", 0, 0);
    is(HEAD "Connection: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
       200, "", 0, 1);
    is(HEAD "Connection: a, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, c\r\nContent-Length: 0\r\n\r\n",
       200, "", 0, 1);
}


static void
test_faults(void)
{
    char           text[64];
    unsigned       bad, ch;
    test_result_t  r;

    fails("HTTP/2 200 OK\r\n\r\n");
    fails("HTTP/0.9 200 OK\r\n\r\n");
    fails("HTTP/1.x 200 OK\r\n\r\n");
    fails("HTTP/1.10 200 OK\r\n\r\n");
    fails("http/1.1 200 OK\r\n\r\n");
    fails("\r\nHTTP/1.1 200 OK\r\n\r\n");
    fails("HTTP/1.1  200 OK\r\n\r\n");
    fails("HTTP/1.1 20 OK\r\n\r\n");
    fails("HTTP/1.1 2000 OK\r\n\r\n");
    fails("HTTP/1.1 200OK\r\n\r\n");
    fails("HTTP/1.1 -20 OK\r\n\r\n");
    fails("HTTP/1.1 099 OK\r\n\r\n");
    fails("HTTP/1.1 600 OK\r\n\r\n");
    fails("HTTP/1.1 101 Switching\r\n\r\n");
    fails("HTTP/1.1 200 O\rK\r\n\r\n");
    fails("HTTP/1.1 200 \x1b\r\n\r\n");
    fails("SSH-2.0-OpenSSH_9\r\n");
    fails("<html>");

    fails(HEAD "Content-Length : 2\r\n\r\n{}");
    fails(HEAD " Content-Length: 2\r\n\r\n{}");
    fails(HEAD "A: b\r\n c\r\n\r\n{}");
    fails(HEAD "A: b\r\n\tc\r\n\r\n{}");
    fails(HEAD ": b\r\n\r\n{}");
    fails(HEAD "A\r\n\r\n{}");
    fails(HEAD "A b: c\r\n\r\n{}");
    fails(HEAD "A\xc3\xa9: c\r\n\r\n{}");
    fails(HEAD "A: b\rContent-Length: 2\r\n\r\n{}");
    fails(HEAD "A: \x7f\r\n\r\n");
    fails(HEAD "A: b\r\n\r{}");
    fails_len(HEAD "A: \0\r\n\r\n", sizeof(HEAD "A: \0\r\n\r\n") - 1,
              "a zero byte in a value");
    fails_len(HEAD "A\0: b\r\n\r\n", sizeof(HEAD "A\0: b\r\n\r\n") - 1,
              "a zero byte in a name");

    fails(HEAD "Content-Length:\r\n\r\n");
    fails(HEAD "Content-Length: -2\r\n\r\n{}");
    fails(HEAD "Content-Length: +2\r\n\r\n{}");
    fails(HEAD "Content-Length: 0x2\r\n\r\n{}");
    fails(HEAD "Content-Length: 2.0\r\n\r\n{}");
    fails(HEAD "Content-Length: 1 0\r\n\r\n{}");
    fails(HEAD "Content-Length: 1\r0\r\n\r\n{}");
    fails(HEAD "Content-Length: 2, 2\r\n\r\n{}");
    fails(HEAD "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}");
    fails(HEAD "Content-Length: 18446744073709551618\r\n\r\n{}");
    fails(HEAD "Content-Length: 0000000000000002\r\n\r\n{}");

    /* each byte in the middle of a name */

    bad = 0;

    for (ch = 0; ch < 256; ch++) {
        memcpy(text, HEAD "Ax: b\r\nContent-Length: 0\r\n\r\n",
               sizeof(HEAD "Ax: b\r\nContent-Length: 0\r\n\r\n") - 1);
        text[sizeof(HEAD "A") - 1] = (char) ch;

        begin(&r, BODY_MAX);
        feed(&r, (uint8_t *) text,
             sizeof(HEAD "Ax: b\r\nContent-Length: 0\r\n\r\n") - 1, BODY_MAX);

        bad += (r.rc == CHATWS_OK)
               != ((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z')
                   || (ch >= 'A' && ch <= 'Z') || ch == ':'
                   || (ch && strchr("!#$%&'*+-.^_`|~", (int) ch)));
    }

    ok(bad == 0, "the characters of a name");
}


static void
test_cut_off(void)
{
    size_t         i, len;
    unsigned       bad;
    test_result_t  r;

    const char    *text = CHUNKED "2;x\r\n{}\r\n0\r\nA: b\r\n\r\n";

    len = strlen(text);
    bad = 0;

    for (i = 0; i < len; i++) {
        begin(&r, BODY_MAX);
        feed(&r, (const uint8_t *) text, i, BODY_MAX);
        bad += r.rc != CHATWS_AGAIN;
        end(&r);
        bad += r.rc != CHATWS_ERROR;
    }

    ok(bad == 0, "cut off anywhere in chunks");

    text = HEAD "Content-Length: 5\r\n\r\n{}";
    len = strlen(text);

    for (i = 0; i <= len; i++) {
        begin(&r, BODY_MAX);
        feed(&r, (const uint8_t *) text, i, BODY_MAX);
        end(&r);
        bad += r.rc != CHATWS_ERROR;
    }

    ok(bad == 0, "cut off in a body with a length");

    text = HEAD "Content-Length: 0\r\n\r\n";

    begin(&r, BODY_MAX);
    feed(&r, (const uint8_t *) text, strlen(text), BODY_MAX);

    ok(r.rc == CHATWS_OK && chatws_http_answer_end(&r.answer) == CHATWS_OK,
       "closed behind the answer");
}


static void
test_limits(void)
{
    char           *text;
    size_t          len;
    unsigned        i, n;
    test_result_t   r;

    static const struct {
        const char  *text;
        uint64_t     max;
        chatws_rc_e  rc;
    } bodies[] = {
        { HEAD "Content-Length: 4\r\n\r\n1234", 4, CHATWS_OK },
        { HEAD "Content-Length: 5\r\n\r\n", 4, CHATWS_ERROR },
        { HEAD "Content-Length: 1\r\n\r\n1", 0, CHATWS_ERROR },
        { HEAD "Content-Length: 0\r\n\r\n", 0, CHATWS_OK },
        { HEAD "\r\n1234", 4, CHATWS_OK },
        { HEAD "\r\n12345", 4, CHATWS_ERROR },
        { CHUNKED "2\r\n12\r\n2\r\n34\r\n0\r\n\r\n", 4, CHATWS_OK },
        { CHUNKED "5\r\n", 4, CHATWS_ERROR },
        { CHUNKED "2\r\n12\r\n3", 4, CHATWS_ERROR }
    };

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        begin(&r, bodies[i].max);
        feed(&r, (const uint8_t *) bodies[i].text, strlen(bodies[i].text),
             bodies[i].max);
        end(&r);

        ok(r.rc == bodies[i].rc, "a body and %u allowed",
           (unsigned) bodies[i].max);
    }

    /* a head of exactly the limit, and of one more */

    for (i = 0; i < 2; i++) {
        len = CHATWS_HTTP_HEAD_MAX + i;
        text = malloc(len);
        memset(text, 'x', len);

        n = sizeof(HEAD "X: ") - 1;
        memcpy(text, HEAD "X: ", n);
        memcpy(text + len - 4, "\r\n\r\n", 4);

        begin(&r, BODY_MAX);
        feed(&r, (uint8_t *) text, len, BODY_MAX);

        ok(r.rc == (i ? CHATWS_ERROR : CHATWS_AGAIN), "a head of %zu bytes",
           len);

        free(text);
    }
}


/* What is around the body is bounded as well, but for what makes chunks. */

static void
test_many_chunks(void)
{
    size_t                 len, pos, used;
    uint8_t                buf[64];
    unsigned               i, n;
    chatws_rc_e            rc;
    chatws_str_t           piece;
    chatws_http_answer_t   answer;

    static const struct {
        const char  *head;
        const char  *again;
        chatws_rc_e  rc;
    } cases[] = {
        { CHUNKED, "1\r\nx\r\n", CHATWS_AGAIN },
        { CHUNKED, "1;x\r\nx\r\n", CHATWS_ERROR },
        { CHUNKED, "1 \r\nx\r\n", CHATWS_ERROR },
        { CHUNKED "0\r\n", "A: b\r\n", CHATWS_ERROR },
        { CHUNKED "0\r\n", "x\n", CHATWS_ERROR },
        { HEAD, "A: b\r\n", CHATWS_ERROR },
        { "", "HTTP/1.1 100 Continue\r\n\r\n", CHATWS_ERROR }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        chatws_http_answer_begin(&answer, 1 << 20);

        memcpy(buf, cases[i].head, strlen(cases[i].head));
        rc = chatws_http_answer_read(&answer, buf, strlen(cases[i].head),
                                     &used, &piece);

        for (n = 0; n < 100000 && rc == CHATWS_AGAIN; n++) {
            pos = 0;
            len = strlen(cases[i].again);
            memcpy(buf, cases[i].again, len);

            while (pos < len && rc == CHATWS_AGAIN) {
                rc = chatws_http_answer_read(&answer, buf + pos, len - pos,
                                             &used, &piece);
                pos += used;
            }
        }

        ok(rc == cases[i].rc, "%u times %.*s", n,
           (int) strcspn(cases[i].again, "\r\n"), cases[i].again);
    }
}
