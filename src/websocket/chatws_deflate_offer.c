
/*
 * Copyright (C) chatws contributors
 *
 * The negotiation of permessage-deflate: see chatws_deflate.h.  The section
 * numbers in the comments are those of RFC 7692.
 */


#include <stdio.h>
#include <string.h>

#include "websocket/chatws_deflate.h"
#include "websocket/chatws_handshake.h"


#define CHATWS_OFFER_SERVER_NO_TAKEOVER  0x01
#define CHATWS_OFFER_CLIENT_NO_TAKEOVER  0x02
#define CHATWS_OFFER_SERVER_BITS         0x04
#define CHATWS_OFFER_CLIENT_BITS         0x08

#define CHATWS_OFFER_BITS_MIN            8
#define CHATWS_OFFER_BITS_MAX            15


/* An offer, as far as it was read. */

typedef struct {
    unsigned        seen;          /* its parameters, CHATWS_OFFER_... */
    unsigned        server_bits;
    unsigned        client_bits;   /* 0: the parameter has no value */
    unsigned        declined:1;    /* it can't be accepted */
} chatws_offer_t;


typedef struct {
    chatws_str_t    name;
    unsigned        mask;
} chatws_offer_name_t;


static chatws_rc_e chatws_offer_read(const uint8_t **pos, const uint8_t *last,
    chatws_offer_t *offer);
static chatws_rc_e chatws_offer_param(const uint8_t **pos,
    const uint8_t *last, chatws_str_t *name, chatws_str_t *value);
static chatws_rc_e chatws_offer_token(const uint8_t **pos,
    const uint8_t *last, chatws_str_t *token);
static chatws_rc_e chatws_offer_quoted(const uint8_t **pos,
    const uint8_t *last, chatws_str_t *token);
static void chatws_offer_blanks(const uint8_t **pos, const uint8_t *last);
static int chatws_offer_at(const uint8_t **pos, const uint8_t *last,
    unsigned ch);
static void chatws_offer_add(chatws_offer_t *offer, const chatws_str_t *name,
    const chatws_str_t *value);
static unsigned chatws_offer_bits(const chatws_str_t *value);
static int chatws_offer_is(const chatws_str_t *a, const chatws_str_t *b);
static void chatws_offer_agree(const chatws_deflate_policy_t *policy,
    const chatws_offer_t *offer, chatws_deflate_params_t *params);
static size_t chatws_offer_answer(const chatws_offer_t *offer,
    const chatws_deflate_params_t *params, uint8_t *answer);


static const chatws_str_t  chatws_offer_extension =
    chatws_str("permessage-deflate");

static const chatws_offer_name_t  chatws_offer_names[] = {
    { chatws_str("server_no_context_takeover"),
      CHATWS_OFFER_SERVER_NO_TAKEOVER },
    { chatws_str("client_no_context_takeover"),
      CHATWS_OFFER_CLIENT_NO_TAKEOVER },
    { chatws_str("server_max_window_bits"), CHATWS_OFFER_SERVER_BITS },
    { chatws_str("client_max_window_bits"), CHATWS_OFFER_CLIENT_BITS },
    { { 0, NULL }, 0 }
};


chatws_rc_e
chatws_deflate_negotiate(const chatws_deflate_policy_t *policy,
    const chatws_str_t *offers, chatws_deflate_params_t *params,
    uint8_t *answer, size_t *len)
{
    chatws_rc_e      rc;
    const uint8_t   *last, *p;
    chatws_offer_t   offer;

    rc = CHATWS_DECLINED;
    p = offers->data;
    last = p + offers->len;

    for ( ;; ) {

        /* a list may have empty elements (RFC 9110, 5.6.1) */

        do {
            chatws_offer_blanks(&p, last);
        } while (chatws_offer_at(&p, last, ','));

        if (p == last) {
            return rc;
        }

        if (chatws_offer_read(&p, last, &offer) != CHATWS_OK) {
            return CHATWS_ERROR;
        }

        /* offers behind the first good one need only be well-formed */

        if (rc == CHATWS_DECLINED && !offer.declined) {
            chatws_offer_agree(policy, &offer, params);
            *len = chatws_offer_answer(&offer, params, answer);
            rc = CHATWS_OK;
        }

        if (p < last && !chatws_offer_at(&p, last, ',')) {
            return CHATWS_ERROR;
        }
    }
}


/* RFC 6455, 9.1: extension = extension-token *( ";" extension-param ) */

static chatws_rc_e
chatws_offer_read(const uint8_t **pos, const uint8_t *last,
    chatws_offer_t *offer)
{
    chatws_str_t  name, value;

    memset(offer, 0, sizeof(chatws_offer_t));

    if (chatws_offer_token(pos, last, &name) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    offer->declined = !chatws_offer_is(&name, &chatws_offer_extension);

    chatws_offer_blanks(pos, last);

    while (chatws_offer_at(pos, last, ';')) {

        if (chatws_offer_param(pos, last, &name, &value) != CHATWS_OK) {
            return CHATWS_ERROR;
        }

        chatws_offer_add(offer, &name, &value);
    }

    return CHATWS_OK;
}


/*
 * RFC 6455, 9.1: extension-param = token [ "=" ( token / quoted-string ) ].
 * value->data is NULL if there is no value.
 */

static chatws_rc_e
chatws_offer_param(const uint8_t **pos, const uint8_t *last,
    chatws_str_t *name, chatws_str_t *value)
{
    chatws_rc_e  rc;

    value->len = 0;
    value->data = NULL;

    chatws_offer_blanks(pos, last);

    if (chatws_offer_token(pos, last, name) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    chatws_offer_blanks(pos, last);

    if (chatws_offer_at(pos, last, '=')) {
        chatws_offer_blanks(pos, last);

        if (chatws_offer_at(pos, last, '"')) {
            rc = chatws_offer_quoted(pos, last, value);

        } else {
            rc = chatws_offer_token(pos, last, value);
        }

        if (rc != CHATWS_OK) {
            return rc;
        }

        chatws_offer_blanks(pos, last);
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_offer_token(const uint8_t **pos, const uint8_t *last,
    chatws_str_t *token)
{
    token->data = (uint8_t *) *pos;

    while (*pos < last && chatws_handshake_tchar(**pos)) {
        (*pos)++;
    }

    token->len = *pos - token->data;

    return token->len ? CHATWS_OK : CHATWS_ERROR;
}


/*
 * RFC 6455, 9.1: a quoted string has to contain a token.  Backslashes in it are
 * well-formed and stay in the value: no parameter that we know needs them.
 */

static chatws_rc_e
chatws_offer_quoted(const uint8_t **pos, const uint8_t *last,
    chatws_str_t *token)
{
    unsigned  escaped;

    token->data = (uint8_t *) *pos;

    while (*pos < last && **pos != '"') {
        escaped = **pos == '\\';

        if (escaped) {
            (*pos)++;
        }

        if (*pos == last || !chatws_handshake_tchar(**pos)) {
            return CHATWS_ERROR;
        }

        (*pos)++;
    }

    token->len = *pos - token->data;

    if (token->len == 0 || !chatws_offer_at(pos, last, '"')) {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


static void
chatws_offer_blanks(const uint8_t **pos, const uint8_t *last)
{
    while (*pos < last && (**pos == ' ' || **pos == '\t')) {
        (*pos)++;
    }
}


/* Returns 1 and steps over the character ch if it is the next one, else 0. */

static int
chatws_offer_at(const uint8_t **pos, const uint8_t *last, unsigned ch)
{
    if (*pos < last && **pos == ch) {
        (*pos)++;
        return 1;
    }

    return 0;
}


/* 7.1: unknown parameters, invalid values and repetitions decline an offer. */

static void
chatws_offer_add(chatws_offer_t *offer, const chatws_str_t *name,
    const chatws_str_t *value)
{
    unsigned                    bits;
    const chatws_offer_name_t  *known;

    for (known = chatws_offer_names; known->mask; known++) {
        if (chatws_offer_is(name, &known->name)) {
            break;
        }
    }

    if (known->mask == 0 || offer->seen & known->mask) {
        offer->declined = 1;
        return;
    }

    offer->seen |= known->mask;
    bits = chatws_offer_bits(value);

    switch (known->mask) {

    case CHATWS_OFFER_SERVER_BITS:

        /* 7.1.2.1: the value is required */

        offer->server_bits = bits;
        offer->declined |= bits == 0;
        break;

    case CHATWS_OFFER_CLIENT_BITS:

        /* 7.1.2.2: the value is optional */

        offer->client_bits = bits;
        offer->declined |= bits == 0 && value->data != NULL;
        break;

    default: /* 7.1.1: there is no value */
        offer->declined |= value->data != NULL;
    }
}


/* 7.1.2: a window, 8 to 15 without leading zeroes; otherwise returns 0. */

static unsigned
chatws_offer_bits(const chatws_str_t *value)
{
    if (value->len == 1 && value->data[0] >= '8' && value->data[0] <= '9') {
        return value->data[0] - '0';
    }

    if (value->len == 2
        && value->data[0] == '1'
        && value->data[1] >= '0' && value->data[1] <= '5')
    {
        return 10 + value->data[1] - '0';
    }

    return 0;
}


static int
chatws_offer_is(const chatws_str_t *a, const chatws_str_t *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}


/* Decides which parameters are agreed on for an offer. */

static void
chatws_offer_agree(const chatws_deflate_policy_t *policy,
    const chatws_offer_t *offer, chatws_deflate_params_t *params)
{
    unsigned  bits;

    /* 7.1.1: the server may exclude takeovers, asked to or not */

    params->server_takeover = policy->server_takeover
                      && !(offer->seen & CHATWS_OFFER_SERVER_NO_TAKEOVER);
    params->client_takeover = policy->client_takeover
                      && !(offer->seen & CHATWS_OFFER_CLIENT_NO_TAKEOVER);

    /* 7.1.2.1: the window that was offered, or a smaller one */

    bits = policy->server_bits;

    if (offer->seen & CHATWS_OFFER_SERVER_BITS && bits > offer->server_bits) {
        bits = offer->server_bits;
    }

    params->server_bits = bits;

    /*
     * 7.1.2.2: the client's window may be limited only where it was offered.
     * A limit of 8 bits is not set, because a client with zlib could not keep
     * to it: zlib then uses 9 bits.
     */

    bits = CHATWS_OFFER_BITS_MAX;

    if (offer->seen & CHATWS_OFFER_CLIENT_BITS) {
        bits = policy->client_bits;

        if (offer->client_bits != 0 && bits > offer->client_bits) {
            bits = offer->client_bits;
        }

        if (bits == CHATWS_OFFER_BITS_MIN) {
            bits = CHATWS_OFFER_BITS_MAX;
        }
    }

    params->client_bits = bits;
}


/* Writes the answer to an offer, and returns its length. */

static size_t
chatws_offer_answer(const chatws_offer_t *offer,
    const chatws_deflate_params_t *params, uint8_t *answer)
{
    int     n;
    char   *p;
    size_t  left;

    p = (char *) answer;
    left = CHATWS_DEFLATE_ANSWER_MAX;

    n = snprintf(p, left, "%s", (char *) chatws_offer_extension.data);

    if (!params->server_takeover) {
        n += snprintf(p + n, left - n, "; server_no_context_takeover");
    }

    if (!params->client_takeover) {
        n += snprintf(p + n, left - n, "; client_no_context_takeover");
    }

    /* 7.1.2.1: a window that was not offered need not be told */

    if (offer->seen & CHATWS_OFFER_SERVER_BITS) {
        n += snprintf(p + n, left - n, "; server_max_window_bits=%u",
                      (unsigned) params->server_bits);
    }

    if (params->client_bits < CHATWS_OFFER_BITS_MAX) {
        n += snprintf(p + n, left - n, "; client_max_window_bits=%u",
                      (unsigned) params->client_bits);
    }

    return n;
}
