
/*
 * Copyright (C) chatws contributors
 *
 * JSON texts as lists of members, strings on the way out, and the memory of
 * a parse.
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_decimal.c"
#include "base/chatws_utf8.c"
#include "json/chatws_json_memory.c"
#include "json/chatws_json_scan.c"
#include "json/chatws_json.c"


/* What a parse reports, one line for each member. */

typedef struct {
    chatws_json_arena_t   arena;
    chatws_str_t          text;
    char                  log[4096];
    size_t                len;
    size_t                n;
    size_t                stop;        /* return DONE at this member */
    unsigned              keep:1;
} test_report_t;


static chatws_rc_e collect(void *data, const chatws_json_member_t *m);
static chatws_rc_e parse(const char *text, size_t len, size_t depth,
    int array, size_t size);
static chatws_rc_e object(const char *text);
static void is(const char *text, const char *log);
static void test_members(void);
static void test_arrays(void);
static void test_invalid(void);
static void test_surrogates(void);
static void test_depth(void);
static void test_handler(void);
static void test_memory(void);
static void test_uint(void);
static void test_output(void);


static test_report_t  report;


int
main(void)
{
    test_members();
    test_arrays();
    test_invalid();
    test_surrogates();
    test_depth();
    test_handler();
    test_memory();
    test_uint();
    test_output();

    return done();
}


static chatws_rc_e
collect(void *data, const chatws_json_member_t *m)
{
    test_report_t *r = data;

    chatws_str_t  name, string;

    name = m->name;
    string = m->string;

    r->n++;

    if (r->keep && (chatws_json_keep(&r->arena, &name) != CHATWS_OK
                    || chatws_json_keep(&r->arena, &string) != CHATWS_OK))
    {
        return CHATWS_BUSY;
    }

    if (m->key.len != 0 && (m->key.data < r->text.data
        || m->key.data + m->key.len > r->text.data + r->text.len))
    {
        return CHATWS_BUSY;
    }

    if (m->value.data < r->text.data
        || m->value.len > (size_t) (r->text.data + r->text.len
                                    - m->value.data))
    {
        return CHATWS_BUSY;
    }

    if (r->len < sizeof(r->log)) {
        r->len += snprintf(r->log + r->len, sizeof(r->log) - r->len,
                           "%.*s|%.*s|%.*s|%.*s|%d%s%s%s;",
                           (int) name.len, (char *) name.data,
                           (int) m->key.len, (char *) m->key.data,
                           (int) m->value.len, (char *) m->value.data,
                           (int) string.len, (char *) string.data,
                           m->type, m->integer ? "i" : "",
                           m->truth ? "t" : "", m->lossy ? "l" : "");
    }

    return (r->n == r->stop) ? CHATWS_DONE : CHATWS_OK;
}


/* Parses a copy of exactly the text's size in a block of exactly its size. */

static chatws_rc_e
parse(const char *text, size_t len, size_t depth, int array, size_t size)
{
    void         *mem;
    uint8_t      *pos;
    chatws_rc_e   rc;

    report.text.len = len;
    report.text.data = malloc(len ? len : 1);
    memcpy(report.text.data, text, len);

    report.len = 0;
    report.n = 0;
    report.log[0] = '\0';

    mem = malloc(size ? size : 1);

    chatws_json_arena_init(&report.arena, mem, size);
    pos = report.arena.pos;

    rc = (array ? chatws_json_array : chatws_json_object)
         (&report.arena, &report.text, depth, collect, &report);

    if (report.arena.pos != pos) {
        rc = CHATWS_BUSY;
    }

    free(mem);
    free(report.text.data);

    return rc;
}


static chatws_rc_e
object(const char *text)
{
    return parse(text, strlen(text), CHATWS_JSON_DEPTH, 0,
                 chatws_json_arena_size(strlen(text)));
}


static void
is(const char *text, const char *log)
{
    chatws_rc_e  rc;

    rc = object(text);

    if (!ok(rc == CHATWS_OK && strcmp(report.log, log) == 0, "%s", text)) {
        printf("# rc %d, %s\n", rc, report.log);
    }
}


static void
test_members(void)
{
    is("{}", "");
    is(" \t\r\n{ } \n", "");
    is("{\"a\":1}", "a|\"a\"|1||2i;");
    is("{\"a\" :\t-12.50e+3 , \"b\":null}",
       "a|\"a\"|-12.50e+3||2;b|\"b\"|null||0;");
    is("{\"a\":true,\"b\":false}", "a|\"a\"|true||1t;b|\"b\"|false||1;");
    is("{\"a\":\"\",\"\":\"x\"}", "a|\"a\"|\"\"||3;|\"\"|\"x\"|x|3;");
    is("{\"a\":1.0,\"b\":1e3,\"c\":1E3,\"d\":0,\"e\":-0}",
       "a|\"a\"|1.0||2;b|\"b\"|1e3||2;c|\"c\"|1E3||2;d|\"d\"|0||2i;"
       "e|\"e\"|-0||2i;");

    /* bytes are kept: big numbers, escapes, inner white space */

    is("{\"n\":123456789012345678901234567890}",
       "n|\"n\"|123456789012345678901234567890||2i;");
    is("{\"a\\u0062\":\"\\u00e9\\/\\\"\"}",
       "ab|\"a\\u0062\"|\"\\u00e9\\/\\\"\"|\xc3\xa9/\"|3;");
    is("{\"o\": { \"x\" : [1, {\"y\":2}] } ,\"p\":[ ]}",
       "o|\"o\"|{ \"x\" : [1, {\"y\":2}] }||4;p|\"p\"|[ ]||5;");
    is("{\"o\":{\"s\":\"in\",\"t\":true,\"n\":1},\"p\":[1,true,\"q\"],"
       "\"a\":\"]}\"}",
       "o|\"o\"|{\"s\":\"in\",\"t\":true,\"n\":1}||4;"
       "p|\"p\"|[1,true,\"q\"]||5;a|\"a\"|\"]}\"|]}|3;");
    is("{\"a\":\"\\ud83d\\ude00\"}",
       "a|\"a\"|\"\\ud83d\\ude00\"|\xf0\x9f\x98\x80|3;");
    is("{\"a\":1,\"a\":2}", "a|\"a\"|1||2i;a|\"a\"|2||2i;");

    /* an escaped key outlives an escaped value */

    is("{\"\\u006b\":\"\\u0076\"}", "k|\"\\u006b\"|\"\\u0076\"|v|3;");
}


static void
test_arrays(void)
{
    chatws_str_t  batch = chatws_str(" \n[1]"),
                  single = chatws_str("{\"\":[]}");
    chatws_str_t  blank = chatws_str("  "), none = { 0, NULL };

    const char   *text = "[ {\"a\":1} , 2,\"x\\u0041\",[3] ]";

    ok(parse(text, strlen(text), 32, 1, chatws_json_arena_size(strlen(text)))
       == CHATWS_OK
       && strcmp(report.log, "||{\"a\":1}||4;||2||2i;||\"x\\u0041\"|xA|3;"
                             "||[3]||5;")
          == 0,
       "elements of an array: %s", report.log);

    ok(parse("{}", 2, 32, 1, 20000) == CHATWS_ERROR, "no array");
    ok(parse("[]", 2, 32, 1, 20000) == CHATWS_OK, "an empty array");
    ok(object("[]") == CHATWS_ERROR, "no object");

    ok(chatws_json_is_array(&batch) && !chatws_json_is_array(&single)
       && !chatws_json_is_array(&blank) && !chatws_json_is_array(&none),
       "a batch is told from an object");
}


static void
test_invalid(void)
{
    size_t       i;

    const char  *texts[] = {
        "", " ", "x", "1", "\"a\"", "null", "true", "{", "}", "[]", "[{}]",
        "{]", "{}x", "{}{}", "{},", "{} 1", "{}\"", "{} \"x}", "{}\"\"",
        "{\"a\":1}\"\\", "{}:\"", "{},\"x", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}", "{,}", "{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}",
        "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}",
        "{\"a\":1e}", "{\"a\":-}", "{\"a\":NaN}", "{\"a\":tru}",
        "{\"a\":truefalse}", "{\"a\":nullx}", "{\"a\":[1,]}",
        "{\"a\":1", "{\"a\":12", "{\"a\":-", "{\"a\":[1", "{\"a\":true",
        "{\"a\":[1 2]}", "{\"a\":[1}", "{\"a\":\"x}", "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\n\"}",
        "{\"a\":\"\t\"}", "{\"a\":\"\x01\"}", "{/**/}", "{}//", "{1:2}",
        "{null:2}", "{\"a\":1:2}", "{\"a\"::1}", "{\"a\":1,,\"b\":2}",
        "\xef\xbb\xbf{}", "{\"a\":\\u0031}", "\\", "{}\\",

        /* white space of yajl that is none of JSON */

        "{\v}", "{\"a\":\f1}", "{}\v", "{\"a\":[1,\v2]}",

        /* UTF-8 that yajl lets pass */

        "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xf4\x90\x80\x80\"}", "{\"a\":\"\xff\"}",
        "{\"a\":\"\xe2\x82\"}", "{\"\xc1\xbf\":1}", "{\xc2\xa0}"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ok(object(texts[i]) == CHATWS_ERROR, "invalid: %s", texts[i]);
    }

    report.text.data = NULL;
    report.text.len = 0;

    chatws_json_arena_init(&report.arena, report.log, 0);

    ok(chatws_json_object(&report.arena, &report.text, 32, collect, &report)
       == CHATWS_ERROR,
       "invalid: no text and no block");

    ok(parse("{\"a\":1}\0", 8, 32, 0, 20000) == CHATWS_ERROR
       && parse("{\"a\":\"\0\"}", 9, 32, 0, 20000) == CHATWS_ERROR
       && parse("\0", 1, 32, 0, 20000) == CHATWS_ERROR,
       "invalid: a zero byte");
}


static void
test_surrogates(void)
{
    /* yajl would abort on the third, and swallow a byte in the others */

    is("{\"a\":\"\\ud800\"}", "a|\"a\"|\"\\ud800\"|\xef\xbf\xbd|3l;");
    is("{\"a\":\"\\udc00x\",\"b\":\"y\"}",
       "a|\"a\"|\"\\udc00x\"|\xef\xbf\xbdx|3l;b|\"b\"|\"y\"|y|3;");
    is("{\"a\":\"\\ud800\\\\q\"}",
       "a|\"a\"|\"\\ud800\\\\q\"|\xef\xbf\xbd\\q|3l;");
    is("{\"a\":\"\\ud800\\u0041\"}",
       "a|\"a\"|\"\\ud800\\u0041\"|\xef\xbf\xbd" "A|3l;");
    is("{\"a\":\"\\ud800\\ud83d\\ude00\"}",
       "a|\"a\"|\"\\ud800\\ud83d\\ude00\"|\xef\xbf\xbd\xf0\x9f\x98\x80|3l;");
    is("{\"\\udbff\":1}", "\xef\xbf\xbd|\"\\udbff\"|1||2il;");
    is("{\"a\":{\"b\":\"\\ud800\"},\"c\":\"\\n\"}",
       "a|\"a\"|{\"b\":\"\\ud800\"}||4;c|\"c\"|\"\\n\"|\n|3;");
    is("{\"a\":\"\\\\ud800\"}", "a|\"a\"|\"\\\\ud800\"|\\ud800|3;");
}


static void
test_depth(void)
{
    char    text[1024];
    size_t  i, n;

    for (n = 1; n <= 120; n++) {

        for (i = 0; i < n - 1; i++) {
            memcpy(text + 5 * i, "{\"a\":", 5);
        }

        memcpy(text + 5 * (n - 1), "{}", 2);
        memset(text + 5 * (n - 1) + 2, '}', n - 1);
        text[5 * (n - 1) + 2 + n - 1] = '\0';

        if ((object(text) == CHATWS_OK) != (n <= CHATWS_JSON_DEPTH)) {
            break;
        }

        if ((parse(text, strlen(text), 1000, 0,
                   chatws_json_arena_size(strlen(text)))
             == CHATWS_OK)
            != (n <= CHATWS_JSON_DEPTH_MAX))
        {
            break;
        }
    }

    ok(n == 121, "the limits of depth, %zu", n);

    ok(object("{\"x\":1,\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"
              "]]]]]]]]]]]]]]]]]}")
       == CHATWS_ERROR,
       "too deep after a good member");

    ok(parse("{}", 2, 0, 0, 20000) == CHATWS_ERROR, "no depth at all");
}


static void
test_handler(void)
{
    report.stop = 2;

    ok(object("{\"a\":1,\"b\":2,\"c\":3}") == CHATWS_DONE && report.n == 2,
       "the handler stops the parse");

    report.stop = 0;
}


/* Each text fits in its arena; with any smaller one nothing worse happens. */

static void
test_memory(void)
{
    char        *p, *text;
    size_t       i, k, len, size;

    const char  *pieces[] = { "\"\":0,", "\"\\n\":\"\\t\",", "\"k\":[],",
                              "\"\\ud800\":\"\\udc00\",",
                              "\"chatId\":\"\\u0041\"," };

    report.keep = 1;

    for (k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
        len = 1 + 3000 * strlen(pieces[k]);
        text = malloc(len);
        text[0] = '{';

        for (i = 0, p = text + 1; i < 3000; i++) {
            memcpy(p, pieces[k], strlen(pieces[k]));
            p += strlen(pieces[k]);
        }

        text[len - 1] = '}';

        ok(parse(text, len, 32, 0, chatws_json_arena_size(len)) == CHATWS_OK
           && report.n == 3000,
           "3000 members of %s", pieces[k]);

        free(text);
    }

    for (i = 1; i < 200000; i = i * 3 + 1) {
        len = i + 12;
        text = malloc(len);
        memset(text, 'x', len);
        memcpy(text, "{\"a\":\"\\n", 8);
        memcpy(text + len - 2, "\"}", 2);

        if (parse(text, len, 32, 0, chatws_json_arena_size(len)) != CHATWS_OK)
        {
            break;
        }

        /* not closed: yajl copies the whole */

        text[len - 2] = 'x';

        if (parse(text, len, 32, 0, chatws_json_arena_size(len))
            != CHATWS_ERROR)
        {
            break;
        }

        free(text);
    }

    ok(i >= 200000, "long strings with escapes");

    text = "{\"\\u0061\":\"\\ud800 \\n\",\"b\":{\"c\":[\"\\t\"]}}";

    for (size = 0; size < 12000; size += 7) {
        (void) parse(text, strlen(text), 32, 0, size);
    }

    ok(1, "any size of the arena");

    report.keep = 0;
}


static void
test_uint(void)
{
    uint64_t      n;
    chatws_str_t  max = chatws_str("18446744073709551615"),
                  over = chatws_str("18446744073709551616"),
                  huge = chatws_str("99999999999999999999999"),
                  minus = chatws_str("-1"), real = chatws_str("1.0"),
                  zero = chatws_str("0"), none = { 0, NULL };

    ok(chatws_json_uint(&max, &n) == CHATWS_OK && n == UINT64_MAX, "2^64 - 1");
    ok(chatws_json_uint(&zero, &n) == CHATWS_OK && n == 0, "0");
    ok(chatws_json_uint(&over, &n) == CHATWS_ERROR, "2^64");
    ok(chatws_json_uint(&huge, &n) == CHATWS_ERROR, "far over 2^64");
    ok(chatws_json_uint(&minus, &n) == CHATWS_ERROR, "-1");
    ok(chatws_json_uint(&real, &n) == CHATWS_ERROR, "1.0");
    ok(chatws_json_uint(&none, &n) == CHATWS_ERROR, "nothing");
}


static void
test_output(void)
{
    size_t              n;
    uint8_t             buf[64];
    chatws_str_t        plain = chatws_str("caf\xc3\xa9 /"),
                        odd = chatws_str("\"\\\n\x01\x1f\x7f");
    chatws_json_out_t   out;

    const char         *text = "\"\\\"\\\\\\n\\u0001\\u001F\x7f\"";

    out.pos = buf;
    out.last = buf + sizeof(buf);
    out.full = 0;

    chatws_json_put_string(&out, &plain);
    chatws_json_put_lit(&out, ",");
    chatws_json_put_uint(&out, UINT64_MAX);
    chatws_json_put_uint(&out, 0);

    ok(!out.full && out.pos - buf == 31
       && memcmp(buf, "\"caf\xc3\xa9 /\",184467440737095516150", 31) == 0,
       "a plain string and integers");

    for (n = 0; n <= strlen(text); n++) {
        out.pos = buf;
        out.last = buf + n;
        out.full = 0;

        chatws_json_put_string(&out, &odd);

        if (out.full ? (out.pos != buf || n == strlen(text))
                     : (n != strlen(text)
                        || memcmp(buf, text, strlen(text)) != 0))
        {
            break;
        }
    }

    ok(n == strlen(text) + 1, "a string with escapes, whole or not at all");

    for (n = 0; n <= plain.len + 2; n++) {
        out.pos = buf;
        out.last = buf + n;
        out.full = 0;

        chatws_json_put_string(&out, &plain);

        if (out.full ? (out.pos != buf || n == plain.len + 2)
                     : n != plain.len + 2)
        {
            break;
        }
    }

    ok(n == plain.len + 3, "a plain string, whole or not at all");
}
