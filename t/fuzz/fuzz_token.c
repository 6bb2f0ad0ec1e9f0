
/*
 * Copyright (C) chatws contributors
 *
 * Tokens: the input is one, that nobody has signed; then its lines are header
 * and claims of one that is signed, so that what comes behind the signature
 * is reached.  What is taken keeps its promises.
 *
 * Input: options, then a token, or a header, a line feed and claims.
 */


#include <openssl/hmac.h>

#include "fuzz_token.h"


#define NOW  1700000100


static void keys_once(void);
static chatws_rc_e verify(const uint8_t *p, size_t len, unsigned options);
static void taken(const chatws_claims_t *claims, unsigned options);
static void grants(const chatws_claims_t *claims);
static void signed_token(const uint8_t *p, size_t len, unsigned options);
static void messages(const uint8_t *p, size_t len);


static chatws_keys_t  keys;
static const uint8_t  secret[32] = "not the one that the corpus has";


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 65536) {
        return 0;
    }

    keys_once();

    check(verify(data + 1, size - 1, data[0]) == CHATWS_ERROR);

    signed_token(data + 1, size - 1, data[0]);
    messages(data + 1, size - 1);

    return 0;
}


/* A key of each kind; nobody knows how to sign for those that are public. */

static void
keys_once(void)
{
    char          error[CHATWS_JWK_ERROR_MAX], set[2048];
    size_t        n;
    uint8_t       k[64];
    chatws_str_t  text;

    if (keys.n != 0) {
        return;
    }

    n = chatws_base64url_encode(k, secret, sizeof(secret));

    text.data = (uint8_t *) set;
    text.len = (size_t) snprintf(set, sizeof(set), "{\"keys\":["
        "{\"kty\":\"oct\",\"kid\":\"hs\",\"k\":\"%.*s\"},"
        "{\"kty\":\"EC\",\"kid\":\"es\",\"crv\":\"P-256\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
        "{\"kty\":\"OKP\",\"kid\":\"ed\",\"crv\":\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
        (int) n, (char *) k);

    chatws_keys_init(&keys, &memory);
    check(chatws_keys_add(&keys, &text, error) == CHATWS_OK);
}


static chatws_rc_e
verify(const uint8_t *p, size_t len, unsigned options)
{
    void                    *mem;
    size_t                   size;
    const char              *why;
    chatws_rc_e              rc;
    chatws_str_t             audience = chatws_str("chatws"), text;
    chatws_claims_t          claims;
    const chatws_str_t      *kid;
    chatws_token_policy_t    policy;

    memset(&policy, 0, sizeof(chatws_token_policy_t));

    policy.keys = &keys;
    policy.audiences = &audience;
    policy.n_audiences = options & 1;
    policy.issuers = &audience;
    policy.n_issuers = (options >> 1) & 1;
    policy.leeway = 10;
    policy.lifetime = 86400;
    policy.max_size = 65536;

    text.len = len;
    text.data = malloc(len ? len : 1);
    memcpy(text.data, p, len);

    size = chatws_token_memory(len);
    mem = malloc(size);

    why = NULL;

    rc = chatws_token_verify(&policy, &text,
                             options & 4 ? CHATWS_TOKEN_CHAT
                                         : CHATWS_TOKEN_CONNECTION,
                             NOW, mem, size, &claims, &kid, &why);

    check(ERR_peek_error() == 0);
    check((rc == CHATWS_OK) == (why == NULL));

    free(text.data);

    if (rc != CHATWS_ERROR) {
        check(chatws_str_equal(kid, chatws_key_id(keys.first)));
        taken(&claims, options);
    }

    free(mem);

    return rc;
}


static void
taken(const chatws_claims_t *claims, unsigned options)
{
    check(chatws_name_check(&claims->sub) == CHATWS_OK);
    check(chatws_name_check(&claims->name) == CHATWS_OK);
    check(claims->exp > claims->iat && claims->exp - claims->iat <= 86400);
    check(claims->jti.len <= CHATWS_CLAIMS_JTI_MAX);
    check((claims->chat.data != NULL) == ((options & 4) != 0));
    check(options & 1 || claims->aud.data == NULL);

    grants(claims);
}


static void
grants(const chatws_claims_t *claims)
{
    void                 *mem;
    size_t                len, size;
    uint8_t              *out;
    unsigned              rights;
    const char           *why;
    chatws_str_t          value, name = chatws_str("name");
    chatws_json_arena_t   arena;

    size = chatws_json_arena_size(claims->text.len);
    mem = malloc(size);
    chatws_json_arena_init(&arena, mem, size);

    if (chatws_claims_find(&claims->text, &name, &arena, &value)
        == CHATWS_OK)
    {
        check(value.len <= CHATWS_CLAIMS_VALUE_MAX
              && !chatws_name_has_control(&value));
    }

    chatws_json_arena_init(&arena, mem, size);

    out = malloc(chatws_grants_size(claims->text.len));
    why = NULL;

    if (chatws_grants_build(claims, &arena, out, &len, &why) == CHATWS_OK) {
        check(len <= chatws_grants_size(claims->text.len));

        rights = chatws_grants_find(out, len, &claims->sub);
        check((rights & ~CHATWS_RIGHTS_ALL) == 0);

        if (claims->chats.len == 0 && claims->prefixes.len == 0) {
            check(rights == 0);
        }

    } else {
        check(why != NULL);
    }

    check((chatws_rights_parse(&claims->rights, &arena) & ~CHATWS_RIGHTS_ALL)
          == 0);

    free(out);
    free(mem);
}


static void
signed_token(const uint8_t *p, size_t len, unsigned options)
{
    size_t          n;
    uint8_t        *token, mac[EVP_MAX_MD_SIZE];
    unsigned        size;
    const uint8_t  *claims, *end;

    static const uint8_t  header[] = "{\"alg\":\"HS256\"}";

    end = memchr(p, '\n', len);
    claims = end == NULL ? p : end + 1;

    token = malloc(chatws_base64url_encoded(len) + 128);

    n = end == NULL
        ? chatws_base64url_encode(token, header, sizeof(header) - 1)
        : chatws_base64url_encode(token, p, end - p);

    token[n++] = '.';
    n += chatws_base64url_encode(token + n, claims, p + len - claims);

    HMAC(EVP_sha256(), secret, sizeof(secret), token, n, mac, &size);

    token[n++] = '.';
    n += chatws_base64url_encode(token + n, mac, size);

    (void) verify(token, n, options);

    free(token);
}


/* What a message has to have is what a reader of it needs. */

static void
messages(const uint8_t *p, size_t len)
{
    size_t               i, n;
    chatws_str_t         text;
    chatws_jwe_header_t  header;

    text.len = len;
    text.data = malloc(len ? len : 1);
    memcpy(text.data, p, len);

    if (chatws_jwe_check(&text) == CHATWS_OK) {
        for (i = 0, n = 0; i < len; i++) {
            n += p[i] == '.';
        }

        check(n == 4 && strnlen((char *) p, len) == len);

        header.chat.data = header.sub.data = (uint8_t *) "c";
        header.chat.len = header.sub.len = 1;
        header.mid.data = (uint8_t *) "\"m\"";
        header.mid.len = 3;

        check(chatws_jwe_compare(&text, &header, &memory) != CHATWS_ERROR);
    }

    free(text.data);
}
