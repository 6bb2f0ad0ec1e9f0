
/*
 * Copyright (C) chatws contributors
 *
 * The negotiation of permessage-deflate (RFC 7692, 5 and 7.1; the grammar of
 * RFC 6455, 9.1).
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "websocket/chatws_handshake.c"
#include "websocket/chatws_deflate_offer.c"


typedef struct {
    const char               *offers;
    const char               *answer;   /* without the name; or see below */
    const char               *params;   /* takeover s, c, bits s, c */
} test_offer_t;


static void negotiate(const chatws_deflate_policy_t *policy,
    const test_offer_t *vector, const char *what);
static void test_plain(void);
static void test_takeover(void);
static void test_bits(void);
static void test_combinations(void);
static void test_grammar(void);
static void test_longest(void);


#define DECLINED  "declined"
#define ERROR     "error"
#define NO_NO     "; server_no_context_takeover; client_no_context_takeover"


static const chatws_deflate_policy_t  plain = { 0, 0, 15, 15 };
static const chatws_deflate_policy_t  takeover = { 1, 1, 15, 15 };
static const chatws_deflate_policy_t  small = { 1, 1, 11, 10 };


int
main(void)
{
    test_plain();
    test_takeover();
    test_bits();
    test_combinations();
    test_grammar();
    test_longest();

    return done();
}


static void
negotiate(const chatws_deflate_policy_t *policy, const test_offer_t *vector,
    const char *what)
{
    char                     got[200], want[200];
    size_t                   len;
    uint8_t                 *copy, *answer;
    chatws_rc_e              rc;
    chatws_str_t             offers;
    chatws_deflate_params_t  params;

    offers.len = strlen(vector->offers);
    copy = malloc(offers.len ? offers.len : 1);
    memcpy(copy, vector->offers, offers.len);
    offers.data = copy;

    answer = malloc(CHATWS_DEFLATE_ANSWER_MAX);

    rc = chatws_deflate_negotiate(policy, &offers, &params, answer, &len);

    switch (rc) {

    case CHATWS_OK:
        sprintf(got, "%.*s|%u%u %u %u", (int) len, answer,
                params.server_takeover, params.client_takeover,
                params.server_bits, params.client_bits);
        break;

    case CHATWS_DECLINED:
        sprintf(got, DECLINED);
        break;

    case CHATWS_ERROR:
        sprintf(got, ERROR);
        break;

    default:
        sprintf(got, "rc %d", rc);
    }

    if (vector->params) {
        sprintf(want, "permessage-deflate%s|%s", vector->answer,
                vector->params);

    } else {
        sprintf(want, "%s", vector->answer);
    }

    if (!ok(strcmp(got, want) == 0, "%s: %.100s", what, vector->offers)) {
        printf("# got  %s\n# want %s\n", got, want);
    }

    free(copy);
    free(answer);
}


static void
test_plain(void)
{
    size_t  i;

    static const test_offer_t  vectors[] = {
        { "permessage-deflate", NO_NO, "00 15 15" },
        { "permessage-deflate; client_max_window_bits", NO_NO, "00 15 15" },
        { "permessage-deflate; server_no_context_takeover", NO_NO,
          "00 15 15" },
        { "permessage-deflate; client_no_context_takeover", NO_NO,
          "00 15 15" },
        { "permessage-deflate; server_max_window_bits=15",
          NO_NO "; server_max_window_bits=15", "00 15 15" },
        { "permessage-deflate; server_max_window_bits=8",
          NO_NO "; server_max_window_bits=8", "00 8 15" },
        { "permessage-deflate; server_max_window_bits=9"
          "; client_max_window_bits=9",
          NO_NO "; server_max_window_bits=9; client_max_window_bits=9",
          "00 9 9" },
        { "x-webkit-deflate-frame", DECLINED, NULL },
        { "x-webkit-deflate-frame, permessage-deflate", NO_NO, "00 15 15" },
        { "permessage-bzip2; x=1, permessage-deflate; client_max_window_bits",
          NO_NO, "00 15 15" },
        { "Permessage-Deflate", DECLINED, NULL },
        { "permessage-deflat", DECLINED, NULL },
        { "", DECLINED, NULL },
        { " ", DECLINED, NULL }
    };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        negotiate(&plain, &vectors[i], "no takeover");
    }
}


static void
test_takeover(void)
{
    size_t  i;

    static const test_offer_t  vectors[] = {
        { "permessage-deflate", "", "11 15 15" },
        { "permessage-deflate; client_max_window_bits", "", "11 15 15" },
        { "permessage-deflate; server_no_context_takeover",
          "; server_no_context_takeover", "01 15 15" },
        { "permessage-deflate; client_no_context_takeover",
          "; client_no_context_takeover", "10 15 15" },
        { "permessage-deflate; client_no_context_takeover"
          "; server_no_context_takeover", NO_NO, "00 15 15" },
        { "permessage-deflate; server_no_context_takeover"
          "; client_max_window_bits=12; client_no_context_takeover"
          "; server_max_window_bits=10",
          NO_NO "; server_max_window_bits=10; client_max_window_bits=12",
          "00 10 12" }
    };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        negotiate(&takeover, &vectors[i], "takeover");
    }
}


static void
test_bits(void)
{
    char          answer[64], offer[80], params[32];
    int           bits;
    size_t        i;
    test_offer_t  vector;

    static const char  *bad[] = {
        "0", "1", "7", "16", "17", "20", "32", "08", "009", "015", "+9", "9a",
        "-9", "150", "x", "1", "9.0", "0x9"
    };

    vector.offers = offer;
    vector.answer = answer;
    vector.params = params;

    for (bits = 8; bits <= 15; bits++) {
        sprintf(offer, "permessage-deflate; server_max_window_bits=%d", bits);
        sprintf(answer, "; server_max_window_bits=%d", bits);
        sprintf(params, "11 %d 15", bits);
        negotiate(&takeover, &vector, "server bits");

        sprintf(answer, "; server_max_window_bits=%d", bits < 11 ? bits : 11);
        sprintf(params, "11 %d 15", bits < 11 ? bits : 11);
        negotiate(&small, &vector, "server bits, 11 at most");

        sprintf(offer, "permessage-deflate; server_max_window_bits=\"%d\"",
                bits);
        negotiate(&small, &vector, "server bits, quoted");

        sprintf(offer, "permessage-deflate; client_max_window_bits=%d", bits);
        answer[0] = '\0';
        sprintf(params, "11 15 %d", bits > 8 ? bits : 15);

        if (bits > 8 && bits < 15) {
            sprintf(answer, "; client_max_window_bits=%d", bits);
        }

        negotiate(&takeover, &vector, "client bits");

        answer[0] = '\0';
        sprintf(params, "11 11 15");

        if (bits > 8) {
            sprintf(answer, "; client_max_window_bits=%d",
                    bits < 10 ? bits : 10);
            sprintf(params, "11 11 %d", bits < 10 ? bits : 10);
        }

        negotiate(&small, &vector, "client bits, 10 at most");
    }

    sprintf(offer, "permessage-deflate; client_max_window_bits");
    sprintf(answer, "; client_max_window_bits=10");
    sprintf(params, "11 11 10");
    negotiate(&small, &vector, "any client bits, 10 at most");

    sprintf(offer, "permessage-deflate");
    answer[0] = '\0';
    sprintf(params, "11 11 15");
    negotiate(&small, &vector, "client bits are not ours to set");

    vector.answer = DECLINED;
    vector.params = NULL;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sprintf(offer, "permessage-deflate; server_max_window_bits=%s",
                bad[i]);
        negotiate(&takeover, &vector, "bad server bits");

        sprintf(offer, "permessage-deflate; client_max_window_bits=%s",
                bad[i]);
        negotiate(&takeover, &vector, "bad client bits");
    }
}


/* all 16 subsets of the parameters, in both orders */

static void
test_combinations(void)
{
    char          answer[200], offer[200], params[32];
    int           i, n, subset;
    test_offer_t  vector;

    static const char  *names[] = {
        "server_no_context_takeover", "client_no_context_takeover",
        "server_max_window_bits=12", "client_max_window_bits=11"
    };

    vector.offers = offer;
    vector.answer = answer;
    vector.params = params;

    for (subset = 0; subset < 16; subset++) {
        answer[0] = '\0';

        for (i = 0; i < 4; i++) {
            if (subset & 1 << i) {
                sprintf(answer + strlen(answer), "; %s", names[i]);
            }
        }

        sprintf(params, "%d%d %d %d", !(subset & 1), !(subset & 2),
                subset & 4 ? 12 : 15, subset & 8 ? 11 : 15);

        n = sprintf(offer, "permessage-deflate");

        for (i = 0; i < 4; i++) {
            if (subset & 1 << i) {
                n += sprintf(offer + n, ";%s", names[i]);
            }
        }

        negotiate(&takeover, &vector, "in order");

        n = sprintf(offer, "foo, permessage-deflate; bar, permessage-deflate");

        for (i = 3; i >= 0; i--) {
            if (subset & 1 << i) {
                n += sprintf(offer + n, " ; %s", names[i]);
            }
        }

        sprintf(offer + n, ", permessage-deflate");

        negotiate(&takeover, &vector, "in reverse, third of four");
    }
}


static void
test_grammar(void)
{
    size_t  i;

    static const test_offer_t  vectors[] = {
        { "permessage-deflate,", "", "11 15 15" },
        { ",,permessage-deflate , ,", "", "11 15 15" },
        { "permessage-deflate\t;\tserver_max_window_bits\t=\t10",
          "; server_max_window_bits=10", "11 10 15" },
        { "permessage-deflate;server_max_window_bits=\"10\"",
          "; server_max_window_bits=10", "11 10 15" },
        { "permessage-deflate; server_max_window_bits", DECLINED, NULL },
        { "permessage-deflate; server_no_context_takeover=1", DECLINED,
          NULL },
        { "permessage-deflate; client_no_context_takeover=\"true\"",
          DECLINED, NULL },
        { "permessage-deflate; unknown", DECLINED, NULL },
        { "permessage-deflate; unknown=1", DECLINED, NULL },
        { "permessage-deflate; unknown=\"1\\2\"", DECLINED, NULL },
        { "permessage-deflate; Server_No_Context_Takeover", DECLINED, NULL },
        { "permessage-deflate; server_no_context_takeover"
          "; server_no_context_takeover", DECLINED, NULL },
        { "permessage-deflate; client_no_context_takeover"
          "; client_no_context_takeover", DECLINED, NULL },
        { "permessage-deflate; server_max_window_bits=10"
          "; server_max_window_bits=10", DECLINED, NULL },
        { "permessage-deflate; client_max_window_bits"
          "; client_max_window_bits=10", DECLINED, NULL },
        { "permessage-deflate; server_max_window_bits=7, "
          "permessage-deflate; server_max_window_bits=10",
          "; server_max_window_bits=10", "11 10 15" },
        { "permessage-deflate; unknown, permessage-deflate", "",
          "11 15 15" },
        { "permessage-deflate; server_max_window_bits=9, permessage-deflate",
          "; server_max_window_bits=9", "11 9 15" },
        { "permessage-deflate;", ERROR, NULL },
        { "permessage-deflate; ,", ERROR, NULL },
        { "permessage-deflate;; x", ERROR, NULL },
        { ";permessage-deflate", ERROR, NULL },
        { "permessage-deflate x", ERROR, NULL },
        { "permessage-deflate=1", ERROR, NULL },
        { "permessage-deflate; x=", ERROR, NULL },
        { "permessage-deflate; =1", ERROR, NULL },
        { "permessage-deflate; x=\"", ERROR, NULL },
        { "permessage-deflate; x=\"1", ERROR, NULL },
        { "permessage-deflate; x=\"1\\", ERROR, NULL },
        { "permessage-deflate; x=\"\"", ERROR, NULL },
        { "permessage-deflate; x=\"a b\"", ERROR, NULL },
        { "permessage-deflate; x=\"1\"2", ERROR, NULL },
        { "permessage-deflate; x=1=2", ERROR, NULL },
        { "permessage-deflate, foo;", ERROR, NULL },
        { "permessage-deflate, (comment)", ERROR, NULL },
        { "foo/1.0, permessage-deflate", ERROR, NULL },
        { "\"permessage-deflate\"", ERROR, NULL },
        { "permessage-deflate\x80", ERROR, NULL }
    };

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        negotiate(&takeover, &vectors[i], "grammar");
    }
}


static void
test_longest(void)
{
    test_offer_t  vector;

    vector.offers = "permessage-deflate; server_no_context_takeover"
                    "; client_no_context_takeover; client_max_window_bits=14"
                    "; server_max_window_bits=14";
    vector.answer = NO_NO "; server_max_window_bits=14"
                    "; client_max_window_bits=14";
    vector.params = "00 14 14";

    ok(18 + strlen(vector.answer) < CHATWS_DEFLATE_ANSWER_MAX,
       "the longest answer fits");

    negotiate(&takeover, &vector, "longest");
}
