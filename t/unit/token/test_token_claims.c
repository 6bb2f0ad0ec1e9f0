
/*
 * Copyright (C) chatws contributors
 *
 * Tokens with a good signature, and what is asked of their claims: form,
 * times, issuer, audience and use.
 */


#include "token_verify.h"


static void test_claims(void);
static void test_times(void);
static void test_issuers(void);
static void test_audiences(void);
static void test_use(void);


int
main(void)
{
    setup();

    test_claims();
    test_times();
    test_issuers();
    test_audiences();
    test_use();

    keys_free();

    return done();
}


static void
test_claims(void)
{
    size_t       i;

    static const struct {
        const char  *text;
        const char  *why;
    } cases[] = {
        { "", "the claims are not a JSON object" },
        { "[]", "the claims are not a JSON object" },
        { "{\"sub\":\"u\"," TIMES "} ", NULL },
        { "{\"sub\":\"u\"," TIMES ",\"exp\":1}", "a claim comes twice" },
        { "{\"sub\":\"a\\u0000b\"," TIMES "}", "sub is no user id" },
        { "{\"sub\":\"a\\u001fb\"," TIMES "}", "sub is no user id" },
        { "{" TIMES "}", "sub is no user id" },
        { "{\"sub\":\"u\",\"iat\":1700000000,\"exp\":1e400}",
          "exp is missing or no time" },
        { "{\"sub\":\"u\",\"iat\":1700000000,\"exp\":-1}",
          "exp is missing or no time" },
        { "{\"sub\":\"u\",\"iat\":1700000000,\"exp\":\"1700003600\"}",
          "exp is missing or no time" },
        { "{\"sub\":\"u\",\"iat\":1700000000}", "exp is missing or no time" },
        { "{\"sub\":\"u\",\"exp\":1700003600}", "iat is missing or no time" },
        { "\xff", "the claims are not a JSON object" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (cases[i].why == NULL) {
            takes(sign(HS256, cases[i].text), cases[i].text);

        } else {
            refuses(sign(HS256, cases[i].text), cases[i].why, cases[i].text);
        }
    }

    /* nothing is said of claims that are not signed */

    (void) sign(HS256, "{\"sub\":\"u\",\"exp\":1,\"iat\":0}");
    made[strlen(made) - 4] ^= 1;
    refuses(made, NO_KEY, "an expired token of somebody else");
}


static void
test_times(void)
{
    char         text[200];
    size_t       i;
    chatws_rc_e  rc;

    const char  *future = "iat is in the future", *nbf = "nbf is in the future";
    const char  *order = "exp is not after iat";
    const char  *longer = "it is valid for too long", *over = "it has expired";

    struct {
        int          iat;        /* all from NOW */
        int          exp;
        int          nbf;
        chatws_rc_e  rc;
        const char  *why;
    } cases[] = {
        { 0, 60, 0, CHATWS_OK, "" },
        { 10, 60, 0, CHATWS_OK, "" },
        { 11, 60, 0, CHATWS_ERROR, future },
        { 0, 60, 10, CHATWS_OK, "" },
        { 0, 60, 11, CHATWS_ERROR, nbf },
        { 0, 60, -90000, CHATWS_OK, "" },
        { -60, -9, 0, CHATWS_OK, "" },
        { -60, -10, 0, CHATWS_DONE, over },
        { -60, 0, 0, CHATWS_OK, "" },
        { -90000, -80000, 0, CHATWS_DONE, over },
        { 0, 0, 0, CHATWS_ERROR, order },
        { 5, 4, 0, CHATWS_ERROR, order },
        { 0, 86400, 0, CHATWS_OK, "" },
        { 0, 86401, 0, CHATWS_ERROR, longer },
        { -86400, 1, 0, CHATWS_ERROR, longer },
        { -60, -20, 20, CHATWS_ERROR, nbf }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text),
                 "{\"sub\":\"u\",\"iat\":%d,\"exp\":%d,\"nbf\":%d}",
                 NOW + cases[i].iat, NOW + cases[i].exp, NOW + cases[i].nbf);

        (void) sign(HS256, text);
        rc = verify(made, strlen(made));

        ok(rc == cases[i].rc && strcmp(why, cases[i].why) == 0,
           "iat %d, exp %d, nbf %d: %s", cases[i].iat, cases[i].exp,
           cases[i].nbf, why);

        release();
    }

    /* a clock that is at its start, or far ahead */

    (void) sign(HS256, CLAIMS);

    now = 0;
    refuses(made, future, "at the time 0");

    now = 4000000000;
    ok(verify(made, strlen(made)) == CHATWS_DONE && is(&claims.sub, "user1"),
       "in 2096, and claims are there");
    release();

    now = NOW;
}


static void
test_issuers(void)
{
    size_t        i;
    chatws_str_t  issuers[] = { chatws_str("a"), chatws_str("b") };

    static const struct {
        const char  *text;
        size_t       n;
        int          taken;
    } cases[] = {
        { CLAIMS, 0, 1 },
        { "{\"iss\":\"x\",\"sub\":\"u\"," TIMES "}", 0, 1 },
        { "{\"iss\":\"a\",\"sub\":\"u\"," TIMES "}", 1, 1 },
        { "{\"iss\":\"b\",\"sub\":\"u\"," TIMES "}", 1, 0 },
        { "{\"iss\":\"b\",\"sub\":\"u\"," TIMES "}", 2, 1 },
        { "{\"iss\":\"A\",\"sub\":\"u\"," TIMES "}", 2, 0 },
        { "{\"iss\":\"\",\"sub\":\"u\"," TIMES "}", 2, 0 },
        { "{\"iss\":\"a/\",\"sub\":\"u\"," TIMES "}", 2, 0 },
        { CLAIMS, 2, 0 }
    };

    policy.issuers = issuers;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        policy.n_issuers = cases[i].n;

        if (cases[i].taken) {
            takes(sign(HS256, cases[i].text), cases[i].text);

        } else {
            refuses(sign(HS256, cases[i].text), "iss is another one",
                    cases[i].text);
        }
    }

    policy.n_issuers = 0;
}


static void
test_audiences(void)
{
    size_t        i;
    chatws_str_t  audiences[] = { chatws_str("a"), chatws_str("b") };

    static const struct {
        const char  *text;
        size_t       n;
        int          taken;
    } cases[] = {
        { CLAIMS, 0, 1 },
        { CLAIMS, 1, 0 },
        { "{\"aud\":\"a\",\"sub\":\"u\"," TIMES "}", 0, 0 },
        { "{\"aud\":\"\",\"sub\":\"u\"," TIMES "}", 0, 0 },
        { "{\"aud\":[],\"sub\":\"u\"," TIMES "}", 0, 0 },
        { "{\"aud\":\"a\",\"sub\":\"u\"," TIMES "}", 1, 1 },
        { "{\"aud\":\"b\",\"sub\":\"u\"," TIMES "}", 1, 0 },
        { "{\"aud\":\"b\",\"sub\":\"u\"," TIMES "}", 2, 1 },
        { "{\"aud\":[\"x\",\"b\"],\"sub\":\"u\"," TIMES "}", 2, 1 },
        { "{\"aud\":[\"x\",\"y\"],\"sub\":\"u\"," TIMES "}", 2, 0 },
        { "{\"aud\":[],\"sub\":\"u\"," TIMES "}", 2, 0 },
        { "{\"aud\":[[\"a\"]],\"sub\":\"u\"," TIMES "}", 2, 0 }
    };

    policy.audiences = audiences;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        policy.n_audiences = cases[i].n;

        if (cases[i].taken) {
            takes(sign(HS256, cases[i].text), cases[i].text);

        } else {
            refuses(sign(HS256, cases[i].text), "aud is another one",
                    cases[i].text);
        }
    }

    policy.n_audiences = 0;
}


static void
test_use(void)
{
    const char  *chat = "{\"sub\":\"u\",\"chat\":\"c\"," TIMES "}";

    refuses(sign(HS256, chat), "it is a token for a chat",
            "a chat token to connect");

    use = CHATWS_TOKEN_CHAT;

    takes(sign(HS256, chat), "a chat token for a chat");
    refuses(sign(HS256, CLAIMS), "it has no claim chat",
            "a connection token for a chat");

    use = CHATWS_TOKEN_CONNECTION;
}
