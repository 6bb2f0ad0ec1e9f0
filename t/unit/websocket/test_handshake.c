
/*
 * Copyright (C) chatws contributors
 *
 * Header fields of the opening handshake (RFC 6455, 4.2.1).
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "websocket/chatws_handshake.c"


typedef chatws_rc_e (*test_list_pt)(const chatws_str_t *value,
    const chatws_str_t *name);


static chatws_rc_e ask(test_list_pt handler, const char *value, size_t len,
    const char *name);
static void test_tokens(void);
static void test_key(void);
static void test_version(void);
static void test_protocols(void);
static void test_prefix(void);


int
main(void)
{
    test_tokens();
    test_key();
    test_version();
    test_protocols();
    test_prefix();

    return done();
}


/* from memory of exactly that size; "name" NULL: a function of one argument */

static chatws_rc_e
ask(test_list_pt handler, const char *value, size_t len, const char *name)
{
    uint8_t       *copy;
    chatws_rc_e    rc;
    chatws_str_t   n, v;

    copy = malloc(len ? len : 1);
    memcpy(copy, value, len);

    v.data = copy;
    v.len = len;

    n.data = (uint8_t *) name;
    n.len = strlen(name);

    rc = handler(&v, &n);

    free(copy);

    return rc;
}


static void
test_tokens(void)
{
    size_t       i;
    chatws_rc_e  rc;

    static const struct {
        const char   *value;
        const char   *token;
        chatws_rc_e   want;
    } vectors[] = {
        { "Upgrade", "upgrade", CHATWS_OK },
        { "upgrade", "Upgrade", CHATWS_OK },
        { "UPGRADE", "upgrade", CHATWS_OK },
        { "keep-alive, Upgrade", "upgrade", CHATWS_OK },
        { "Upgrade, keep-alive", "upgrade", CHATWS_OK },
        { "keep-alive,Upgrade", "upgrade", CHATWS_OK },
        { "keep-alive ,\tUpgrade\t", "upgrade", CHATWS_OK },
        { ",, ,Upgrade,,", "upgrade", CHATWS_OK },
        { "  Upgrade  ", "upgrade", CHATWS_OK },
        { "", "upgrade", CHATWS_DECLINED },
        { ",", "upgrade", CHATWS_DECLINED },
        { " ", "upgrade", CHATWS_DECLINED },
        { "keep-alive", "upgrade", CHATWS_DECLINED },
        { "Upgraded", "upgrade", CHATWS_DECLINED },
        { "xUpgrade", "upgrade", CHATWS_DECLINED },
        { "Upgrade-Insecure", "upgrade", CHATWS_DECLINED },
        { "Upgrade Upgrade", "upgrade", CHATWS_DECLINED },
        { "keep-alive; Upgrade", "upgrade", CHATWS_DECLINED },
        { "Upgrad\xc5", "upgrade", CHATWS_DECLINED },
        { "h2c, websocket", "websocket", CHATWS_OK },
        { "WebSocket", "websocket", CHATWS_OK },
        { "websocket/13", "websocket", CHATWS_DECLINED },
        { "@[", "`{", CHATWS_DECLINED }
    };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        rc = ask(chatws_handshake_token, vectors[i].value,
                 strlen(vectors[i].value), vectors[i].token);

        ok(rc == vectors[i].want, "token %s in \"%s\"", vectors[i].token,
           vectors[i].value);
    }
}


static void
test_key(void)
{
    size_t        i;
    uint8_t       text[32];
    unsigned      bad, ch, want;
    chatws_str_t  key;

    memcpy(text, "dGhlIHNhbXBsZSBub25jZQ==", 24);
    key.data = text;
    key.len = 24;

    ok(chatws_handshake_key(&key) == CHATWS_OK, "the key of the RFC");

    text[21] = 'R';
    ok(chatws_handshake_key(&key) == CHATWS_OK, "unused bits may be set");

    bad = 0;

    for (i = 0; i < 32; i++) {
        key.len = i;
        bad += chatws_handshake_key(&key)
               != (i == 24 ? CHATWS_OK : CHATWS_ERROR);
    }

    ok(bad == 0, "keys of other lengths");

    key.len = 24;
    bad = 0;

    for (i = 0; i < 24; i++) {
        for (ch = 0; ch < 256; ch++) {
            memcpy(text, "dGhlIHNhbXBsZSBub25jZQ==", 24);
            text[i] = (uint8_t) ch;

            if (i < 22) {
                want = ch && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz"
                                    "0123456789+/", (int) ch);

            } else {
                want = ch == '=';
            }

            bad += chatws_handshake_key(&key)
                   != (want ? CHATWS_OK : CHATWS_ERROR);
        }
    }

    ok(bad == 0, "any byte at any place of a key");
}


static void
test_version(void)
{
    size_t        i;
    chatws_str_t  value;

    static const struct {
        const char   *value;
        chatws_rc_e   want;
    } vectors[] = {
        { "13", CHATWS_OK },
        { "0", CHATWS_DECLINED },
        { "7", CHATWS_DECLINED },
        { "8", CHATWS_DECLINED },
        { "12", CHATWS_DECLINED },
        { "14", CHATWS_DECLINED },
        { "130", CHATWS_DECLINED },
        { "255", CHATWS_DECLINED },
        { "", CHATWS_ERROR },
        { "256", CHATWS_ERROR },
        { "999", CHATWS_ERROR },
        { "1300", CHATWS_ERROR },
        { "013", CHATWS_ERROR },
        { "+13", CHATWS_ERROR },
        { "-1", CHATWS_ERROR },
        { "1x", CHATWS_ERROR },
        { "abc", CHATWS_ERROR },
        { "13,8", CHATWS_ERROR },
        { "13 ", CHATWS_ERROR }
    };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        value.data = (uint8_t *) vectors[i].value;
        value.len = strlen(vectors[i].value);

        ok(chatws_handshake_version(&value) == vectors[i].want,
           "version \"%s\"", vectors[i].value);
    }
}


static void
test_protocols(void)
{
    char         text[2];
    size_t       i;
    unsigned     bad, ch;
    chatws_rc_e  rc, want;

    static const struct {
        const char   *value;
        chatws_rc_e   want;
    } vectors[] = {
        { "chat", CHATWS_OK },
        { "chat, superchat", CHATWS_OK },
        { "superchat,chat", CHATWS_OK },
        { " superchat ,\tchat ", CHATWS_OK },
        { "superchat,,chat,", CHATWS_OK },
        { "Chat", CHATWS_DECLINED },
        { "chats", CHATWS_DECLINED },
        { "superchat", CHATWS_DECLINED },
        { "", CHATWS_DECLINED },
        { ",", CHATWS_DECLINED },
        { "a chat", CHATWS_ERROR },
        { "chat, a b", CHATWS_ERROR },
        { "chat;q=1", CHATWS_ERROR },
        { "\"chat\"", CHATWS_ERROR },
        { "chat, (x)", CHATWS_ERROR }
    };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        rc = ask(chatws_handshake_protocol, vectors[i].value,
                 strlen(vectors[i].value), "chat");

        ok(rc == vectors[i].want, "protocol in \"%s\"", vectors[i].value);
    }

    bad = 0;

    for (ch = 0; ch < 256; ch++) {
        text[0] = 'x';
        text[1] = (char) ch;

        want = CHATWS_DECLINED;

        if (ch < ' ' || ch > 0x7e || strchr("\"(),/:;<=>?@[\\]{} ", (int) ch))
        {
            want = CHATWS_ERROR;
        }

        if (ch == ',' || ch == ' ' || ch == '\t') {
            want = CHATWS_DECLINED;
        }

        rc = ask(chatws_handshake_protocol, text, 2, "chat");

        bad += rc != want;
    }

    ok(bad == 0, "characters of a token");
}


static void
test_prefix(void)
{
    char                       copy[64];
    size_t                     i;
    chatws_rc_e                rc;
    chatws_str_t               rest, value;

    static const chatws_str_t  prefix = chatws_str("a.b.");

    static const struct {
        const char            *value;
        const char            *want;       /* NULL: there is none */
    } vectors[] = {
        { "a.b.c", "c" },
        { "x, a.b.c.d-_ ,y", "c.d-_" },
        { "a.b.c,a.b.d", "c" },
        { "\ta.b.\t", "" },
        { "a.b, a.bb.c, xa.b.c", NULL },
        { "A.b.c", NULL },
        { "a.b", NULL },
        { "", NULL },
        { " , ,", NULL }
    };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        value.len = strlen(vectors[i].value);
        value.data = (uint8_t *) copy;

        memcpy(copy, vectors[i].value, value.len);

        rc = chatws_handshake_prefix(&value, &prefix, &rest);

        ok(vectors[i].want == NULL
           ? rc == CHATWS_DECLINED
           : rc == CHATWS_OK
             && rest.len == strlen(vectors[i].want)
             && memcmp(rest.data, vectors[i].want, rest.len) == 0,
           "prefix in \"%s\"", vectors[i].value);
    }
}
