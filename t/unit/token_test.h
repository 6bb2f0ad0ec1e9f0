
/*
 * Copyright (C) chatws contributors
 *
 * What tests of tokens share: the code under test, key sets, and the data in
 * t/unit/token/data.
 */


#ifndef _CHATWS_TOKEN_TEST_H_INCLUDED_
#define _CHATWS_TOKEN_TEST_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "memory_test.h"

#include "base/chatws_base64url.c"
#include "base/chatws_decimal.c"
#include "base/chatws_name.c"
#include "base/chatws_str.c"
#include "base/chatws_utf8.c"
#include "json/chatws_json_memory.c"
#include "json/chatws_json_scan.c"
#include "json/chatws_json.c"
#include "token/chatws_claims.c"
#include "token/chatws_grant.c"
#include "token/chatws_jwe.c"
#include "token/chatws_jwe_compare.c"
#include "token/chatws_jwk.c"
#include "token/chatws_key.c"
#include "token/chatws_signature.c"
#include "token/chatws_token.c"


#define TEST_HEX_MAX  32768


/* not every test needs each of them */

#define test_unused  __attribute__((unused))


test_unused static chatws_str_t str(const char *text);
test_unused static int is(const chatws_str_t *a, const char *text);
test_unused static int clean(void);
test_unused static chatws_rc_e keys_load(const char *text);
test_unused static void keys_free(void);
test_unused static char *data_load(const char *name);
test_unused static char *data_line(char **rest);
test_unused static char *data_word(char **line);
test_unused static size_t data_hex(const char *text, uint8_t *out);


static const chatws_memory_t  memory = { test_alloc, test_free, NULL };
static char                   error[CHATWS_JWK_ERROR_MAX];
static chatws_keys_t          keys;


static chatws_str_t
str(const char *text)
{
    chatws_str_t  s;

    s.data = (uint8_t *) text;
    s.len = strlen(text);

    return s;
}


static int
is(const chatws_str_t *a, const char *text)
{
    return a->len == strlen(text)
           && (a->len == 0 || memcmp(a->data, text, a->len) == 0);
}


/* Nothing is left for the next TLS record to be blamed for. */

static int
clean(void)
{
    return ERR_peek_error() == 0;
}


/* A set is parsed from a block of exactly its size, which is then gone. */

static chatws_rc_e
keys_load(const char *text)
{
    chatws_rc_e   rc;
    chatws_str_t  set;

    set.len = strlen(text);
    set.data = malloc(set.len ? set.len : 1);
    memcpy(set.data, text, set.len);

    memset(error, 'x', sizeof(error));

    chatws_keys_init(&keys, &memory);
    rc = chatws_keys_add(&keys, &set, error);

    free(set.data);

    return rc;
}


static void
keys_free(void)
{
    chatws_keys_done(&keys);
}


/* A file as a string; the caller frees it. */

static char *
data_load(const char *name)
{
    char    path[1024], *text;
    FILE   *file;
    long    size;

    (void) snprintf(path, sizeof(path), "%s%s", TEST_DATA, name);

    file = fopen(path, "rb");
    text = NULL;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
        rewind(file);

        text = malloc(size + 1);

        if (fread(text, 1, size, file) != (size_t) size) {
            free(text);
            text = NULL;

        } else {
            text[size] = '\0';
        }
    }

    if (file != NULL) {
        (void) fclose(file);
    }

    if (text == NULL) {
        printf("Bail out! cannot read %s\n", path);
        exit(1);
    }

    return text;
}


/* The next line that is not empty and no comment; NULL at the end. */

static char *
data_line(char **rest)
{
    char  *line;

    do {
        line = *rest;

        if (*line == '\0') {
            return NULL;
        }

        *rest = line + strcspn(line, "\n");

        if (**rest == '\n') {
            *(*rest)++ = '\0';
        }

    } while (*line == '\0' || *line == '#');

    return line;
}


/* Takes a word, up to a blank, off the line. */

static char *
data_word(char **line)
{
    char  *word;

    word = *line;
    *line += strcspn(word, " ");

    if (**line == ' ') {
        *(*line)++ = '\0';
    }

    return word;
}


/* "-" is no byte at all */

static size_t
data_hex(const char *text, uint8_t *out)
{
    size_t    n;
    unsigned  byte;

    if (*text == '-') {
        return 0;
    }

    for (n = 0; text[2 * n] != '\0' && n < TEST_HEX_MAX; n++) {
        if (sscanf(text + 2 * n, "%2x", &byte) != 1) {
            printf("Bail out! no hex: %s\n", text);
            exit(1);
        }

        out[n] = (uint8_t) byte;
    }

    return n;
}


#endif /* _CHATWS_TOKEN_TEST_H_INCLUDED_ */
