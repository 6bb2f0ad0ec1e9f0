
/*
 * Copyright (C) chatws contributors
 *
 * Reading one level of a JSON text as a list of members, and writing JSON.
 * This file alone uses yajl.
 *
 * yajl accepts some texts that are not JSON.  Invalid UTF-8, and \v and \f as
 * white space, are found before it is called; the beginning of a string behind
 * the text is found afterwards.  It decodes escapes of unpaired surrogates to
 * invalid UTF-8, so it gets a copy of the text in which each of them is \ufffd:
 * the copy has the same length, and offsets are the same.
 */


#include <string.h>

#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "base/chatws_decimal.h"
#include "base/chatws_utf8.h"
#include "json/chatws_json.h"
#include "json/chatws_json_scan.h"


/* bytes of yajl's structures and first buffers in two parses */
#define CHATWS_JSON_FIXED     12288

/* bytes for a generator of yajl, which needs about 600 */
#define CHATWS_JSON_GEN_SIZE  2048


typedef struct {
    yajl_handle             handle;
    const uint8_t          *text;
    const uint8_t          *base;      /* the text for yajl, or a copy of it */
    size_t                  len;
    size_t                  depth;
    size_t                  max;       /* of depth */
    size_t                  mark;      /* offset behind the last token */
    size_t                  start;     /* offset of the member's value */
    uint8_t                *kept;      /* arena->last before this member */

    chatws_json_member_t    member;
    chatws_json_member_pt   handler;
    void                   *data;
    chatws_rc_e             rc;
    unsigned                array:1;
    unsigned                ended:1;   /* yajl was given all of the text */

    chatws_json_memory_t    memory;
} chatws_json_parser_t;


static chatws_rc_e chatws_json_parse(chatws_json_arena_t *arena,
    const chatws_str_t *text, size_t depth, chatws_json_member_pt handler,
    void *data, int array);
static chatws_rc_e chatws_json_run(chatws_json_parser_t *ps);
static chatws_rc_e chatws_json_prepare(chatws_json_parser_t *ps);

static int chatws_json_null(void *ctx);
static int chatws_json_boolean(void *ctx, int truth);
static int chatws_json_number(void *ctx, const char *p, size_t len);
static int chatws_json_string(void *ctx, const unsigned char *p, size_t len);
static int chatws_json_start_map(void *ctx);
static int chatws_json_map_key(void *ctx, const unsigned char *p, size_t len);
static int chatws_json_start_array(void *ctx);
static int chatws_json_end(void *ctx);
static int chatws_json_open(chatws_json_parser_t *ps, int array);
static int chatws_json_scalar(chatws_json_parser_t *ps,
    chatws_json_type_e type);
static int chatws_json_member(chatws_json_parser_t *ps);
static int chatws_json_replaced(chatws_json_parser_t *ps,
    const chatws_str_t *str);

static chatws_rc_e chatws_json_escape(chatws_json_out_t *out,
    const chatws_str_t *text, chatws_json_memory_t *memory);
static void chatws_json_print(void *ctx, const char *p, size_t len);


static const yajl_callbacks  chatws_json_callbacks = {
    chatws_json_null,
    chatws_json_boolean,
    NULL,
    NULL,
    chatws_json_number,
    chatws_json_string,
    chatws_json_start_map,
    chatws_json_map_key,
    chatws_json_end,
    chatws_json_start_array,
    chatws_json_end
};


/*
 * An arena has room for a parse and for another one in its handler.  Besides
 * the fixed part, each may need three things.  yajl doubles its buffer for
 * decoded strings in place, to at most twice the longest string.  There may be
 * a copy of the text.  And at most 24 bytes are kept for each member, which
 * has at least 5 bytes.  The same bytes can't be a long string and many
 * members, so 6 times the length of the text is enough.
 */

size_t
chatws_json_arena_size(size_t len)
{
    return CHATWS_JSON_FIXED + 6 * len;
}


chatws_rc_e
chatws_json_object(chatws_json_arena_t *arena, const chatws_str_t *text,
    size_t depth, chatws_json_member_pt handler, void *data)
{
    return chatws_json_parse(arena, text, depth, handler, data, 0);
}


chatws_rc_e
chatws_json_array(chatws_json_arena_t *arena, const chatws_str_t *text,
    size_t depth, chatws_json_member_pt handler, void *data)
{
    return chatws_json_parse(arena, text, depth, handler, data, 1);
}


static chatws_rc_e
chatws_json_parse(chatws_json_arena_t *arena, const chatws_str_t *text,
    size_t depth, chatws_json_member_pt handler, void *data, int array)
{
    uint8_t               *pos;
    chatws_rc_e            rc;
    chatws_json_parser_t   ps;

    if (text->len == 0 || text->len >= CHATWS_JSON_MAX) {
        return CHATWS_ERROR;
    }

    ps.handle = NULL;
    ps.text = text->data;
    ps.base = text->data;
    ps.len = text->len;
    ps.depth = 0;
    ps.max = (depth < CHATWS_JSON_DEPTH_MAX) ? depth : CHATWS_JSON_DEPTH_MAX;
    ps.mark = 0;
    ps.start = 0;
    ps.kept = arena->last;
    ps.handler = handler;
    ps.data = data;
    ps.rc = CHATWS_ERROR;
    ps.array = array;
    ps.ended = 0;
    ps.memory.arena = arena;

    memset(&ps.member, 0, sizeof(chatws_json_member_t));

    pos = arena->pos;

    rc = chatws_json_run(&ps);

    arena->pos = pos;

    return rc;
}


static chatws_rc_e
chatws_json_run(chatws_json_parser_t *ps)
{
    yajl_status       status;
    yajl_alloc_funcs  funcs;

    if (chatws_json_prepare(ps) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    if (setjmp(ps->memory.full) != 0) {
        return CHATWS_ERROR;
    }

    funcs.malloc = chatws_json_malloc;
    funcs.realloc = chatws_json_realloc;
    funcs.free = chatws_json_free;
    funcs.ctx = &ps->memory;

    ps->handle = yajl_alloc(&chatws_json_callbacks, &funcs, ps);

    (void) yajl_config(ps->handle, yajl_dont_validate_strings, 1);

    status = yajl_parse(ps->handle, ps->base, ps->len);

    if (status == yajl_status_ok) {
        ps->ended = 1;
        status = yajl_complete_parse(ps->handle);
    }

    if (status == yajl_status_client_canceled) {
        return ps->rc;
    }

    if (status != yajl_status_ok
        || chatws_json_skip(ps->text, ps->len, ps->mark) != ps->len)
    {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_json_prepare(chatws_json_parser_t *ps)
{
    uint8_t              *copy;
    chatws_rc_e           rc;
    chatws_json_arena_t  *arena;

    if (chatws_utf8_valid(ps->text, ps->len) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    rc = chatws_json_scan(ps->text, ps->len, NULL);

    if (rc != CHATWS_AGAIN) {
        return rc;
    }

    arena = ps->memory.arena;

    copy = chatws_json_alloc(arena, ps->len);
    if (copy == NULL) {
        return CHATWS_ERROR;
    }

    memcpy(copy, ps->text, ps->len);

    (void) chatws_json_scan(ps->text, ps->len, copy);

    ps->base = copy;
    ps->kept = arena->last;

    return CHATWS_OK;
}


static int
chatws_json_null(void *ctx)
{
    return chatws_json_scalar(ctx, CHATWS_JSON_NULL);
}


static int
chatws_json_boolean(void *ctx, int truth)
{
    chatws_json_parser_t *ps = ctx;

    ps->member.truth = (truth != 0);

    return chatws_json_scalar(ps, CHATWS_JSON_BOOL);
}


static int
chatws_json_number(void *ctx, const char *p, size_t len)
{
    chatws_json_parser_t *ps = ctx;

    size_t  i;

    /* of a number at the end yajl tells too late to say where it is */

    if (ps->ended) {
        return 0;
    }

    ps->member.integer = 1;

    for (i = 0; i < len; i++) {
        if (p[i] == '.' || p[i] == 'e' || p[i] == 'E') {
            ps->member.integer = 0;
            break;
        }
    }

    return chatws_json_scalar(ps, CHATWS_JSON_NUMBER);
}


static int
chatws_json_string(void *ctx, const unsigned char *p, size_t len)
{
    chatws_json_parser_t *ps = ctx;

    ps->member.string.data = (uint8_t *) p;
    ps->member.string.len = len;

    return chatws_json_scalar(ps, CHATWS_JSON_STRING);
}


static int
chatws_json_map_key(void *ctx, const unsigned char *p, size_t len)
{
    chatws_json_parser_t *ps = ctx;

    size_t                 start;
    chatws_json_member_t  *m;

    if (ps->depth > 1) {
        return 1;
    }

    m = &ps->member;

    start = chatws_json_skip(ps->text, ps->len, ps->mark);
    ps->mark = yajl_get_bytes_consumed(ps->handle);

    m->key.data = (uint8_t *) ps->text + start;
    m->key.len = ps->mark - start;

    m->lossy = chatws_json_replaced(ps, &m->key);

    /* copy the name: yajl uses its buffer again to decode the value */

    m->name.data = (uint8_t *) p;
    m->name.len = len;

    ps->kept = ps->memory.arena->last;

    return chatws_json_keep(ps->memory.arena, &m->name) == CHATWS_OK;
}


static int
chatws_json_start_map(void *ctx)
{
    return chatws_json_open(ctx, 0);
}


static int
chatws_json_start_array(void *ctx)
{
    return chatws_json_open(ctx, 1);
}


static int
chatws_json_open(chatws_json_parser_t *ps, int array)
{
    if (ps->depth == ps->max) {
        return 0;
    }

    switch (ps->depth++) {

    case 0:
        ps->mark = yajl_get_bytes_consumed(ps->handle);

        return array == (int) ps->array;

    case 1:
        ps->start = chatws_json_skip(ps->text, ps->len, ps->mark);
        ps->member.type = array ? CHATWS_JSON_ARRAY : CHATWS_JSON_OBJECT;

        return 1;

    default:
        return 1;
    }
}


static int
chatws_json_end(void *ctx)
{
    chatws_json_parser_t *ps = ctx;

    switch (--ps->depth) {

    case 0:
        ps->mark = yajl_get_bytes_consumed(ps->handle);

        return 1;

    case 1:
        return chatws_json_member(ps);

    default:
        return 1;
    }
}


static int
chatws_json_scalar(chatws_json_parser_t *ps, chatws_json_type_e type)
{
    switch (ps->depth) {

    case 0:
        return 0;

    case 1:
        ps->start = chatws_json_skip(ps->text, ps->len, ps->mark);
        ps->member.type = type;

        return chatws_json_member(ps);

    default:
        return 1;
    }
}


static int
chatws_json_member(chatws_json_parser_t *ps)
{
    chatws_rc_e            rc;
    chatws_json_arena_t   *arena;
    chatws_json_member_t  *m;

    m = &ps->member;
    arena = ps->memory.arena;

    ps->mark = yajl_get_bytes_consumed(ps->handle);

    m->value.data = (uint8_t *) ps->text + ps->start;
    m->value.len = ps->mark - ps->start;

    /* nested values may have set these */

    if (m->type != CHATWS_JSON_STRING) {
        m->string.len = 0;
        m->string.data = NULL;

    } else if (chatws_json_replaced(ps, &m->value)) {
        m->lossy = 1;
    }

    if (m->type != CHATWS_JSON_NUMBER) {
        m->integer = 0;
    }

    if (m->type != CHATWS_JSON_BOOL) {
        m->truth = 0;
    }

    rc = ps->handler(ps->data, m);

    /* give the copy of the name back, unless the handler has kept more */

    if (arena->last == m->name.data) {
        arena->last = ps->kept;
    }

    m->lossy = 0;

    if (rc != CHATWS_OK) {
        ps->rc = rc;
        return 0;
    }

    return 1;
}


/* Returns 1 if this part of the text differs in the copy for yajl, else 0. */

static int
chatws_json_replaced(chatws_json_parser_t *ps, const chatws_str_t *str)
{
    return ps->base != ps->text
           && memcmp(str->data, ps->base + (str->data - ps->text), str->len)
              != 0;
}


void
chatws_json_out_begin(chatws_json_out_t *out, const chatws_str_t *text)
{
    out->pos = text->data;
    out->last = text->data + text->len;
    out->full = 0;
}


chatws_rc_e
chatws_json_out_end(const chatws_json_out_t *out, chatws_str_t *text)
{
    if (out->full) {
        return CHATWS_ERROR;
    }

    text->len = out->pos - text->data;

    return CHATWS_OK;
}


void
chatws_json_put(chatws_json_out_t *out, const void *data, size_t len)
{
    if ((size_t) (out->last - out->pos) < len) {
        out->full = 1;
        return;
    }

    if (len != 0) {
        memcpy(out->pos, data, len);
        out->pos += len;
    }
}


void
chatws_json_put_uint(chatws_json_out_t *out, uint64_t n)
{
    uint8_t  digits[CHATWS_DECIMAL_MAX];

    chatws_json_put(out, digits, chatws_decimal(digits, n));
}


void
chatws_json_put_string(chatws_json_out_t *out, const chatws_str_t *text)
{
    size_t                i;
    uint8_t              *pos;
    chatws_json_arena_t   arena;
    chatws_json_memory_t  memory;
    uint8_t               block[CHATWS_JSON_GEN_SIZE];

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20
            || text->data[i] == '"'
            || text->data[i] == '\\')
        {
            break;
        }
    }

    if (i == text->len) {

        if ((size_t) (out->last - out->pos) < text->len + 2) {
            out->full = 1;
            return;
        }

        *out->pos++ = '"';
        chatws_json_put(out, text->data, text->len);
        *out->pos++ = '"';

        return;
    }

    chatws_json_arena_init(&arena, block, sizeof(block));
    memory.arena = &arena;

    pos = out->pos;

    if (chatws_json_escape(out, text, &memory) != CHATWS_OK || out->full) {
        out->pos = pos;
        out->full = 1;
    }
}


static chatws_rc_e
chatws_json_escape(chatws_json_out_t *out, const chatws_str_t *text,
    chatws_json_memory_t *memory)
{
    yajl_gen          gen;
    yajl_alloc_funcs  funcs;

    if (setjmp(memory->full) != 0) {
        return CHATWS_ERROR;
    }

    funcs.malloc = chatws_json_malloc;
    funcs.realloc = chatws_json_realloc;
    funcs.free = chatws_json_free;
    funcs.ctx = memory;

    gen = yajl_gen_alloc(&funcs);

    (void) yajl_gen_config(gen, yajl_gen_print_callback, chatws_json_print,
                           out);

    if (yajl_gen_string(gen, text->data, text->len) != yajl_gen_status_ok) {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


static void
chatws_json_print(void *ctx, const char *p, size_t len)
{
    chatws_json_put(ctx, p, len);
}
