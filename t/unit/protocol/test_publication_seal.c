
/*
 * Copyright (C) chatws contributors
 *
 * Publications that are encrypted: what is hidden of them, what stays, and
 * what they need for it.
 */


#include "json_test.h"

#include "base/chatws_str.c"
#include "protocol/chatws_action.c"
#include "protocol/chatws_action_read.c"
#include "protocol/chatws_action_presence.c"
#include "protocol/chatws_publication.c"
#include "protocol/chatws_publication_seal.c"
#include "protocol/chatws_publication_write.c"


#define TEST_MS    1764237600000       /* 2025-11-27T10:00:00.000Z */

#define TEST_TIME  "\"timestamp\":\"2025-11-27T10:00:00.000Z\""
#define TEST_ID    "\"id\":\"msg_0123456789abcdefghijkl\""


static void test_sealed(void);
static void test_check_seal(void);
static void sealed(const char *text, const char *hidden, const char *body);
static void unsealed(const char *members, const char *details);
static chatws_rc_e parse(const char *text);


static chatws_publication_t   pub;


int
main(void)
{
    test_sealed();
    test_check_seal();

    return done();
}


/* What is encrypted is one object, and what stays is the notification. */

static void
test_sealed(void)
{
    const char  *text;

    sealed("{\"chatId\":\"c\",\"text\":\"a\",\"id\":7,\"sender\":\"s\","
           "\"x\":[1, 2],\"text\":\"t\\n\",\"seq\":1,\"unreadCount\":2,"
           "\"isOwnMessage\":1,\"x\":2,\"type\":\"new_message\"}",

           "{\"x\":[1, 2],\"text\":\"t\\n\",\"seq\":1,\"unreadCount\":2,"
           "\"x\":2}",

           "{\"type\":\"new_message\",\"chatId\":\"c\",\"message\":{\"id\":7,"
           "\"text\":\"\",\"sender\":\"s\"," TEST_TIME ",\"isOwnMessage\":"
           "false,\"enc\":\"e30..\"}," TEST_TIME ",\"seq\":");

    sealed("{\"chatId\":\"c\",\"type\":\"chat_update\",\"lastMessage\":\"m\","
           "\"lastMessageTime\":\"l\",\"unreadCount\":3,\"sender\":\"s\","
           "\"seq\":5,\"title\":\"T\"}",

           "{\"lastMessage\":\"m\",\"title\":\"T\"}",

           "{\"type\":\"chat_update\",\"chatId\":\"c\",\"lastMessage\":\"\","
           "\"lastMessageTime\":\"l\",\"unreadCount\":3," TEST_TIME
           ",\"sender\":\"s\"," TEST_ID ",\"enc\":\"e30..\"}");

    sealed("{\"chatId\":\"c\",\"type\":\"edited\",\"id\":\"i\",\"text\":null,"
           "\"isOwnMessage\":true,\"seq\":5,\"epoch\":6}",

           "{\"text\":null,\"isOwnMessage\":true,\"epoch\":6}",

           "{\"chatId\":\"c\",\"type\":\"edited\",\"id\":\"i\"," TEST_TIME
           ",\"enc\":\"e30..\",\"seq\":");

    sealed("{\"x\":1,\"type\":\"edited\",\"timestamp\":2,\"chatId\":\"c\"}",

           "{\"x\":1}",

           "{\"type\":\"edited\",\"timestamp\":2,\"chatId\":\"c\"," TEST_ID
           ",\"enc\":\"e30..\",\"seq\":");

    text = "{\"type\":\"cleared\",\"chatId\":\"c\",\"id\":1,\"seq\":2,"
           "\"sender\":\"s\",\"timestamp\":3}";

    ok(parse(text) == CHATWS_OK && !chatws_publication_hides(&pub),
       "nothing to hide: %s", text);
    release();
}


static void
test_check_seal(void)
{
    const char  *scalar = "id must be a string or a number";

    unsealed("\"x\":1", NULL);
    unsealed("\"id\":-1", NULL);
    unsealed("\"id\":\"\"", NULL);
    unsealed("\"id\":null", scalar);
    unsealed("\"id\":true", scalar);
    unsealed("\"id\":{}", scalar);
    unsealed("\"id\":[]", scalar);

    unsealed("\"id\":9,\"enc\":\"\\u0061\"", NULL);
    unsealed("\"id\":9,\"enc\":\"a\",\"text\":\"\",\"lastMessage\":\"\"",
             NULL);
    unsealed("\"enc\":\"a\"", "id must be there where enc is");
    unsealed("\"id\":9,\"enc\":\"\"",
             "enc must be a string that is not empty");
    unsealed("\"id\":9,\"enc\":5",
             "enc must be a string that is not empty");
    unsealed("\"id\":9,\"enc\":\"a\",\"enc\":null",
             "enc must be a string that is not empty");
    unsealed("\"id\":9,\"enc\":\"a\",\"text\":\"t\"",
             "text must be empty where enc is");
    unsealed("\"id\":9,\"enc\":\"a\",\"lastMessage\":0",
             "lastMessage must be empty where enc is");

    ok(parse("{\"chatId\":\"c\",\"type\":\"edited\",\"enc\":\"\\u0061b\"}")
       == CHATWS_OK
       && chatws_publication_encrypted(&pub)
       && same(&pub.enc, "ab"), "enc is decoded");
    release();
}


static void
sealed(const char *text, const char *hidden, const char *body)
{
    char                 *p;
    size_t                size;
    uint32_t              own;
    chatws_str_t          out;

    static chatws_str_t   enc = chatws_str("e30..");

    ok(parse(text) == CHATWS_OK && chatws_publication_hides(&pub), "%s",
       text);

    size = chatws_publication_hidden_size(&pub);
    p = malloc(size);

    out.data = (uint8_t *) p;
    out.len = size;

    ok(chatws_publication_check_seal(&pub) == CHATWS_OK
       && chatws_publication_hidden(&pub, &out) == CHATWS_OK
       && same(&out, hidden), "its hidden members: %s", hidden);
    free(p);

    size = chatws_publication_size(&pub);
    chatws_publication_seal(&pub, &enc);

    ok(chatws_publication_size(&pub) == size + enc.len, "its size");

    size += enc.len;
    p = malloc(size);

    out.data = (uint8_t *) p;
    out.len = size;

    if (!ok(chatws_publication_body(&pub, &out, &own) == CHATWS_OK
            && same(&out, body), "its notification: %s", body))
    {
        printf("# %.*s\n", (int) out.len, (char *) out.data);
    }

    free(p);
    release();
}


static void
unsealed(const char *members, const char *details)
{
    char         text[256];
    chatws_rc_e  rc;

    snprintf(text, sizeof(text),
             "{\"chatId\":\"c\",\"type\":\"edited\",%s}", members);

    ok(parse(text) == CHATWS_OK, "%s", text);

    rc = chatws_publication_check_seal(&pub);

    ok(details == NULL
       ? rc == CHATWS_OK
       : rc == CHATWS_ERROR && same(&pub.fault.error, CHATWS_E_MESSAGE)
         && same(&pub.fault.details, details),
       "%s", details == NULL ? "may be encrypted" : details);

    release();
}


static chatws_rc_e
parse(const char *text)
{
    size_t       size;
    chatws_rc_e  rc;

    size = take(text);

    rc = chatws_publication_parse(&pub, &input, CHATWS_JSON_DEPTH, mem, size);

    chatws_publication_stamp(&pub, (uint8_t *) "msg_0123456789abcdefghijkl",
                             TEST_MS);

    return rc;
}
