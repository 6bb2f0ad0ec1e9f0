
/*
 * Copyright (C) chatws contributors
 *
 * Arguments of query strings.
 */


#include <stdlib.h>

#include "tap.h"

#include "base/chatws_query.c"


static void is(const char *query, const char *value);
static void fails(const char *query, chatws_rc_e rc);
static chatws_rc_e get(const char *query, chatws_str_t *value);


int
main(void)
{
    chatws_str_t  none = { 0, NULL }, name = chatws_str("userId"),
                  value = { 7, NULL };

    is("userId=user123", "user123");
    is("a=b&userId=user123&c=d", "user123");
    is("userId=", "");
    is("userId", "");
    is("&&userId=x&&", "x");
    is("userId=a=b", "a=b");
    is("userId=a+b%20c", "a b c");
    is("userId=%C3%A9%c3%a9", "\xc3\xa9\xc3\xa9");
    is("userId=%26%3D%25%2B", "&=%+");
    is("bad=%&userId=x", "x");
    is("us%=1&userId=x", "x");
    is("userId=a/b?c;d", "a/b?c;d");
    is("userIdx=1&xuserId=2&userId=3", "3");
    is("user+Id=1&%2575serId=2&userId=3", "3");
    is("userId=userId", "userId");
    is("x=userId&userId=y", "y");

    fails("", CHATWS_DECLINED);
    fails("a=b", CHATWS_DECLINED);
    fails("user+Id=x", CHATWS_DECLINED);
    fails("userId+=x", CHATWS_DECLINED);
    fails("userId]=x", CHATWS_DECLINED);
    fails("+=x&%20", CHATWS_DECLINED);
    fails("userI[d]=x", CHATWS_DECLINED);
    fails("userI=d", CHATWS_DECLINED);
    fails("x=userId", CHATWS_DECLINED);
    fails("%", CHATWS_DECLINED);
    fails("&", CHATWS_DECLINED);
    fails("=", CHATWS_DECLINED);

    fails("userId=%", CHATWS_ERROR);
    fails("userId=%4", CHATWS_ERROR);
    fails("userId=%4&x", CHATWS_ERROR);
    fails("userId=%g0", CHATWS_ERROR);
    fails("userId=%0g", CHATWS_ERROR);
    fails("userId=abc%%", CHATWS_ERROR);
    fails("userId=%&userId=good", CHATWS_ERROR);

    fails("userId=first&userId=second", CHATWS_ERROR);
    fails("userId=same&userId=same", CHATWS_ERROR);
    fails("userId&userId=x", CHATWS_ERROR);
    fails("userId=x&userId", CHATWS_ERROR);
    fails("userId=x&a=b&userId=%", CHATWS_ERROR);
    fails("userid=x", CHATWS_ERROR);
    fails("USERID=x", CHATWS_ERROR);
    fails("user%49d=x", CHATWS_ERROR);
    fails("%55%53%45%52%49%44=x", CHATWS_ERROR);
    fails("userId=x&%75serId=y", CHATWS_ERROR);
    fails("%75serId=y&userId=x", CHATWS_ERROR);
    fails("userId=x&userid", CHATWS_ERROR);
    fails("+userId=y&userId=x", CHATWS_ERROR);
    fails("userId=x&+%20+userId=y", CHATWS_ERROR);
    fails("userId=x&userId[]=y", CHATWS_ERROR);
    fails("userId=x&userId%5B0%5D=y", CHATWS_ERROR);
    fails("userId=x&userid[=y", CHATWS_ERROR);
    fails("userId=x&userId%00z=y", CHATWS_ERROR);
    fails("userId[]=x", CHATWS_ERROR);

    ok(chatws_query_get(&none, &name, &value) == CHATWS_DECLINED
       && value.len == 7,
       "no query at all");

    return done();
}


static void
is(const char *query, const char *text)
{
    chatws_rc_e   rc;
    chatws_str_t  value;

    rc = get(query, &value);

    ok(rc == CHATWS_OK && value.len == strlen(text)
       && memcmp(value.data, text, value.len) == 0,
       "%s", query);

    free(value.data);
}


static void
fails(const char *query, chatws_rc_e expected)
{
    size_t        len;
    chatws_rc_e   rc;
    chatws_str_t  value;

    len = strlen(query);

    rc = get(query, &value);

    ok(rc == expected && value.len == len, "%s: %s", query,
       (expected == CHATWS_ERROR) ? "malformed" : "none");

    free(value.data);
}


static chatws_rc_e
get(const char *query, chatws_str_t *value)
{
    chatws_rc_e   rc;
    chatws_str_t  name = chatws_str("userId"), text;

    text.len = strlen(query);
    text.data = malloc(text.len ? text.len : 1);
    memcpy(text.data, query, text.len);

    value->len = text.len;
    value->data = malloc(text.len ? text.len : 1);

    rc = chatws_query_get(&text, &name, value);

    free(text.data);

    return rc;
}
