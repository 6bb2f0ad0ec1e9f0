
/*
 * Copyright (C) chatws contributors
 *
 * base64url: the vectors of RFC 4648 without padding, one spelling of each
 * value, and buffers of exactly the promised sizes.
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_base64url.c"


static void is(const char *bytes, size_t len, const char *text);
static void refused(const char *text);
static int decode(const char *text, size_t len, uint8_t **out, size_t *n);
static void test_spellings(void);
static void test_lengths(void);


int
main(void)
{
    is("", 0, "");
    is("f", 1, "Zg");
    is("fo", 2, "Zm8");
    is("foo", 3, "Zm9v");
    is("foob", 4, "Zm9vYg");
    is("fooba", 5, "Zm9vYmE");
    is("foobar", 6, "Zm9vYmFy");
    is("\xff\xef\xbe", 3, "_---");
    is("\xfb\xff", 2, "-_8");
    is("\0\0\0", 3, "AAAA");

    /* the example of RFC 7515, appendix C */

    is("\x03\xec\xff\xe0\xc1", 5, "A-z_4ME");

    refused("Z");
    refused("Zm9vY");
    refused("Zg==");
    refused("Zm8=");
    refused("Zm9v====");
    refused("Zm9+");
    refused("Zm9/");
    refused("Zm9v\n");
    refused(" Zm9v");
    refused("Zm 9v");
    refused("Zm9v.");
    refused("Zm9\x80");
    refused("Zm9\xc3");
    refused("Zh");
    refused("Zm9");
    refused("Zm9vYh");
    refused("Zm9vYmF");

    ok(decode("Zm\0v", 4, NULL, NULL) == 0, "a zero byte");

    test_spellings();
    test_lengths();

    return done();
}


static int
decode(const char *text, size_t len, uint8_t **out, size_t *n)
{
    size_t        used;
    uint8_t      *buf;
    chatws_rc_e   check, rc;
    chatws_str_t  str;

    str.data = malloc(len ? len : 1);
    str.len = len;
    memcpy(str.data, text, len);

    buf = malloc(chatws_base64url_decoded(len));

    check = chatws_base64url_check(&str);
    rc = chatws_base64url_decode(&str, buf, &used);

    free(str.data);

    if (rc != CHATWS_OK || out == NULL) {
        free(buf);
        return rc == CHATWS_OK || check == CHATWS_OK;
    }

    *out = buf;
    *n = used;

    return check == CHATWS_OK;
}


static void
is(const char *bytes, size_t len, const char *text)
{
    size_t    n, room;
    uint8_t  *buf;

    room = chatws_base64url_encoded(len);
    buf = malloc(room ? room : 1);

    n = chatws_base64url_encode(buf, (const uint8_t *) bytes, len);

    ok(n == room && n == strlen(text) && memcmp(buf, text, n) == 0,
       "%zu bytes are \"%s\"", len, text);

    free(buf);

    if (decode(text, strlen(text), &buf, &n)) {
        ok(n == len && memcmp(buf, bytes, n) == 0, "and back");
        free(buf);

    } else {
        ok(0, "and back");
    }
}


static void
refused(const char *text)
{
    ok(decode(text, strlen(text), NULL, NULL) == 0, "no base64url: %s", text);
}


/* Of all texts of two characters those that are taken are 256 values. */

static void
test_spellings(void)
{
    char      text[3], seen[256];
    size_t    n;
    uint8_t  *buf;
    unsigned  a, b, bad, taken;

    memset(seen, 0, sizeof(seen));

    bad = 0;
    taken = 0;

    for (a = 0; a < 256; a++) {
        for (b = 0; b < 256; b++) {
            text[0] = (char) a;
            text[1] = (char) b;

            if (decode(text, 2, &buf, &n)) {
                taken++;
                bad += n != 1 || seen[buf[0]]++;
                free(buf);
            }
        }
    }

    ok(taken == 256 && bad == 0, "one spelling of each byte");
}


static void
test_lengths(void)
{
    size_t    i, len, n, room;
    uint8_t  *bytes, *back, *text;
    unsigned  bad;

    bad = 0;

    for (len = 0; len < 300; len++) {
        bytes = malloc(len + 1);

        for (i = 0; i < len; i++) {
            bytes[i] = (uint8_t) (i * 151 + len);
        }

        room = chatws_base64url_encoded(len);
        text = malloc(room ? room : 1);

        n = chatws_base64url_encode(text, bytes, len);
        bad += n != room;

        if (decode((char *) text, n, &back, &n)) {
            bad += n != len || memcmp(back, bytes, n) != 0;
            free(back);

        } else {
            bad++;
        }

        free(text);
        free(bytes);
    }

    ok(bad == 0, "there and back at all lengths");
}
