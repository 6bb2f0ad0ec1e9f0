
/*
 * Copyright (C) chatws contributors
 *
 * What the targets of tokens and keys share.
 */


#ifndef _CHATWS_FUZZ_TOKEN_H_INCLUDED_
#define _CHATWS_FUZZ_TOKEN_H_INCLUDED_


#include <openssl/err.h>

#include "fuzz.h"

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


static void *fuzz_alloc(void *ctx, size_t size);
static void fuzz_free(void *ctx, void *p);


static size_t                 blocks;
static const chatws_memory_t  memory = { fuzz_alloc, fuzz_free, NULL };


static void *
fuzz_alloc(void *ctx, size_t size)
{
    (void) ctx;

    blocks++;

    return malloc(size);
}


static void
fuzz_free(void *ctx, void *p)
{
    (void) ctx;

    blocks--;

    free(p);
}


#endif /* _CHATWS_FUZZ_TOKEN_H_INCLUDED_ */
