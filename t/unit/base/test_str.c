
/*
 * Copyright (C) chatws contributors
 *
 * Counted strings.
 */


#include "tap.h"

#include "base/chatws_str.c"


int
main(void)
{
    chatws_str_t  a = chatws_str("abc"), same = chatws_str("abc"),
                  other = chatws_str("abd"), longer = chatws_str("abcd"),
                  zero = chatws_str("ab\0c"), none = { 0, NULL },
                  empty = chatws_str("");

    ok(chatws_str_equal(&a, &a) && chatws_str_equal(&a, &same), "equal");
    ok(!chatws_str_equal(&a, &other), "another byte");
    ok(!chatws_str_equal(&a, &longer) && !chatws_str_equal(&longer, &a),
       "the begin of another");
    ok(!chatws_str_equal(&longer, &zero), "a zero byte counts");
    ok(chatws_str_equal(&none, &empty) && chatws_str_equal(&none, &none),
       "empty ones, without data");
    ok(!chatws_str_equal(&none, &a), "an empty one and another");

    return done();
}
