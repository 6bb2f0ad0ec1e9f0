
/*
 * Copyright (C) chatws contributors
 *
 * Tokens and messages for a program that compares them with another
 * implementation's.
 *
 * token_tool KEYS ENCRYPTION_KEYS NOW answers each line that it reads, words
 * in hex, with one: "v TOKEN" by ok, expired or the reason of a refusal,
 * "e CHAT MID SUB IV TEXT" by an encrypted message, "c MESSAGE" by ok or no.
 */


#include "token_test.h"


#define TOOL_LINE  65536


static char *tool_file(const char *path);
static void tool_word(char **line, chatws_str_t *word);
static void tool_verify(char *line, uint64_t now);
static void tool_encrypt(char *line, chatws_jwe_key_t *key);
static void tool_check(char *line);


int
main(int argc, char **argv)
{
    char               line[TOOL_LINE], *rest, *set;
    chatws_str_t       text;
    chatws_jwe_key_t  *key;

    if (argc != 4) {
        return 2;
    }

    set = tool_file(argv[1]);

    if (keys_load(set) != CHATWS_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], error);
        return 1;
    }

    free(set);

    set = tool_file(argv[2]);
    text = str(set);

    key = chatws_jwe_key_create(&text, &memory, error);

    if (key == NULL) {
        fprintf(stderr, "%s: %s\n", argv[2], error);
        return 1;
    }

    free(set);

    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';

        rest = line;
        (void) data_word(&rest);

        switch (line[0]) {

        case 'v':
            tool_verify(rest, strtoull(argv[3], NULL, 10));
            break;

        case 'e':
            tool_encrypt(rest, key);
            break;

        default:
            tool_check(rest);
        }

        if (!clean()) {
            fprintf(stderr, "an error is left\n");
            return 1;
        }
    }

    chatws_jwe_key_free(key);
    keys_free();

    return blocks != 0;
}


static char *
tool_file(const char *path)
{
    char    *text;
    FILE    *file;
    size_t   n;

    file = fopen(path, "rb");

    if (file == NULL) {
        perror(path);
        exit(1);
    }

    text = malloc(CHATWS_JWK_SET_MAX + 1);
    n = fread(text, 1, CHATWS_JWK_SET_MAX, file);
    text[n] = '\0';

    (void) fclose(file);

    return text;
}


static void
tool_word(char **line, chatws_str_t *word)
{
    char  *text;

    text = data_word(line);

    word->data = malloc(strlen(text) / 2 + 1);
    word->len = data_hex(text, word->data);
}


static void
tool_verify(char *line, uint64_t now)
{
    void                   *block;
    size_t                  size;
    const char             *why;
    chatws_rc_e             rc;
    chatws_str_t            text;
    chatws_claims_t         claims;
    const chatws_str_t     *kid;
    chatws_token_policy_t   policy;

    memset(&policy, 0, sizeof(chatws_token_policy_t));

    policy.keys = &keys;
    policy.leeway = 10;
    policy.lifetime = 86400;
    policy.max_size = 4096;

    tool_word(&line, &text);

    size = chatws_token_memory(text.len);
    block = malloc(size);

    rc = chatws_token_verify(&policy, &text, CHATWS_TOKEN_CONNECTION, now,
                             block, size, &claims, &kid, &why);

    puts(rc == CHATWS_OK ? "ok" : rc == CHATWS_DONE ? "expired" : why);

    free(block);
    free(text.data);
}


static void
tool_encrypt(char *line, chatws_jwe_key_t *key)
{
    size_t                size;
    uint8_t              *out;
    chatws_str_t          iv, text;
    chatws_jwe_header_t   header;

    tool_word(&line, &header.chat);
    tool_word(&line, &header.mid);
    tool_word(&line, &header.sub);
    tool_word(&line, &iv);
    tool_word(&line, &text);

    out = malloc(chatws_jwe_size(key, &header, text.len));

    if (iv.len != CHATWS_JWE_IV
        || chatws_jwe_encrypt(key, &header, iv.data, text.data, text.len, out,
                              &size)
           != CHATWS_OK)
    {
        puts("failed");

    } else {
        printf("%.*s\n", (int) size, (char *) out);
    }

    free(out);
    free(header.chat.data);
    free(header.mid.data);
    free(header.sub.data);
    free(iv.data);
    free(text.data);
}


static void
tool_check(char *line)
{
    chatws_str_t  text;

    tool_word(&line, &text);

    puts(chatws_jwe_check(&text) == CHATWS_OK ? "ok" : "no");

    free(text.data);
}
