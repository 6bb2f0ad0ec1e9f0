
/*
 * Copyright (C) chatws contributors
 *
 * Publications, alone and in a batch: whatever comes in, what goes out is
 * valid JSON within the promised room, encrypted or not, and a block of the
 * promised size is as good as a larger one.
 */


#include "fuzz_json.h"

#include "base/chatws_str.c"
#include "protocol/chatws_action.c"
#include "protocol/chatws_action_read.c"
#include "protocol/chatws_action_presence.c"
#include "protocol/chatws_publication.c"
#include "protocol/chatws_publication_seal.c"
#include "protocol/chatws_publication_users.c"
#include "protocol/chatws_publication_write.c"


static void batch(const chatws_str_t *text);
static chatws_rc_e element(void *data, const chatws_json_member_t *m);
static void publish(const chatws_str_t *text);
static chatws_rc_e user(void *data, const chatws_str_t *name, int valid);
static void write_both(chatws_publication_t *pub);
static void write_sealed(chatws_publication_t *pub);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    chatws_str_t  text;

    text.len = size;
    text.data = malloc(size ? size : 1);
    memcpy(text.data, data, size);

    if (chatws_json_is_array(&text)) {
        batch(&text);
    }

    publish(&text);

    free(text.data);

    return 0;
}


static void
batch(const chatws_str_t *text)
{
    void                 *mem;
    size_t                n;
    chatws_json_arena_t   arena;

    n = chatws_json_arena_size(text->len);
    mem = malloc(n);

    chatws_json_arena_init(&arena, mem, n);

    (void) chatws_json_array(&arena, text, CHATWS_JSON_DEPTH, element, NULL);

    free(mem);
}


static chatws_rc_e
element(void *data, const chatws_json_member_t *m)
{
    (void) data;

    publish(&m->value);

    return CHATWS_OK;
}


static void
publish(const chatws_str_t *text)
{
    void                  *large, *mem, *walk;
    size_t                 n, names;
    chatws_rc_e            rc;
    chatws_publication_t   again, pub;

    n = chatws_json_arena_size(text->len);
    mem = malloc(n);
    large = malloc(4 * n);

    rc = chatws_publication_parse(&pub, text, CHATWS_JSON_DEPTH, mem, n);

    check(chatws_publication_parse(&again, text, CHATWS_JSON_DEPTH, large,
                                   4 * n)
          == rc);

    walk = malloc(n);

    if (rc == CHATWS_OK) {
        rc = chatws_publication_aim(&pub, text->len & 1, walk, n);
    }

    if (rc == CHATWS_OK) {
        check((pub.target && pub.chat.len == 0)
              || chatws_name_check(&pub.chat) == CHATWS_OK);

        if (pub.target) {
            names = 0;

            check(chatws_publication_users(&pub, walk, n, user, &names)
                  == CHATWS_OK);
            check(names == pub.nusers && names != 0);
        }

        check(pub.sender.len == 0
              || chatws_utf8_valid(pub.sender.data, pub.sender.len)
                 == CHATWS_OK);

        write_both(&pub);

    } else {
        check(pub.fault.error.len != 0 && pub.fault.details.len != 0);
    }

    /* far too small a block */

    (void) chatws_publication_parse(&again, text, CHATWS_JSON_DEPTH, mem,
                                    n / 4 + text->len % 97);

    free(walk);
    free(large);
    free(mem);
}


static chatws_rc_e
user(void *data, const chatws_str_t *name, int valid)
{
    size_t *n = data;

    (*n)++;

    check(chatws_utf8_valid(name->data, name->len) == CHATWS_OK);
    check(!valid || chatws_name_check(name) == CHATWS_OK);

    return CHATWS_OK;
}


static void
write_both(chatws_publication_t *pub)
{
    size_t         n;
    uint8_t       *buf;
    uint32_t       own;
    chatws_str_t   out;

    chatws_publication_stamp(pub, (uint8_t *) "msg_0123456789abcdefghijkl",
                             1764237600000);

    n = chatws_publication_size(pub);
    buf = malloc(n + 2);

    out.data = buf;
    out.len = n;

    check(chatws_publication_body(pub, &out, &own) == CHATWS_OK);
    check((own != 0) == (pub->kind == CHATWS_PUB_MESSAGE));

    if (own != 0) {
        check(own < out.len && memcmp(buf + own, "false", 5) == 0);
        memcpy(buf + own, "true ", 5);
    }

    if (chatws_publication_sequenced(pub)) {
        memcpy(buf + out.len, "1}", 2);
        out.len += 2;
    }

    /* what the publisher nested goes one level deeper */

    check_output(&out, CHATWS_JSON_DEPTH + 1);

    out.len = n;

    check(chatws_publication_answer(pub, &out, UINT64_MAX, 0, UINT64_MAX)
          == CHATWS_OK);

    if (pub->target) {
        buf[out.len++] = '}';
    }

    check_output(&out, CHATWS_JSON_DEPTH + 1);

    free(buf);

    if (chatws_publication_check_seal(pub) == CHATWS_OK
        && !chatws_publication_encrypted(pub))
    {
        write_sealed(pub);
    }
}


static void
write_sealed(chatws_publication_t *pub)
{
    size_t                n;
    uint8_t              *buf;
    uint32_t              own;
    chatws_str_t          out;

    static chatws_str_t   enc = chatws_str("e30..AA.AA.AA");

    n = chatws_publication_hidden_size(pub);
    buf = malloc(n);

    out.data = buf;
    out.len = n;

    check(chatws_publication_hidden(pub, &out) == CHATWS_OK);
    check((out.len != 2) == chatws_publication_hides(pub));
    check_output(&out, CHATWS_JSON_DEPTH);

    free(buf);

    chatws_publication_seal(pub, &enc);

    n = chatws_publication_size(pub);
    buf = malloc(n + 2);

    out.data = buf;
    out.len = n;

    check(chatws_publication_body(pub, &out, &own) == CHATWS_OK);

    if (chatws_publication_sequenced(pub)) {
        memcpy(buf + out.len, "1}", 2);
        out.len += 2;
    }

    check_output(&out, CHATWS_JSON_DEPTH + 1);

    free(buf);
}
