
/*
 * Copyright (C) chatws contributors
 *
 * One level of a JSON text as a list of members, each with the bytes it was
 * written in, and JSON strings on the way out.  The only file that uses yajl.
 */


#ifndef _CHATWS_JSON_H_INCLUDED_
#define _CHATWS_JSON_H_INCLUDED_


#include "base/chatws_core.h"
#include "json/chatws_json_memory.h"


#define CHATWS_JSON_DEPTH      32          /* the usual limit of nesting */
#define CHATWS_JSON_DEPTH_MAX  100         /* a higher limit is taken as this */
#define CHATWS_JSON_MAX        (1 << 28)   /* bytes of a text, exclusive */


typedef enum {
    CHATWS_JSON_NULL = 0,
    CHATWS_JSON_BOOL,
    CHATWS_JSON_NUMBER,
    CHATWS_JSON_STRING,
    CHATWS_JSON_OBJECT,
    CHATWS_JSON_ARRAY
} chatws_json_type_e;


/*
 * A member of an object or, with name and key empty, an element of an array.
 * key and value point into the text.  name and string are always valid UTF-8
 * and live until the handler returns (until chatws_json_keep() has copied
 * them).
 */

typedef struct {
    chatws_str_t        name;      /* decoded key */
    chatws_str_t        key;       /* key as written, with its quotes */
    chatws_str_t        value;     /* value as written */
    chatws_str_t        string;    /* decoded value of a string, else empty */
    chatws_json_type_e  type;
    unsigned            integer:1; /* number without fraction and exponent */
    unsigned            truth:1;   /* the value of a boolean */
    unsigned            lossy:1;   /* unpaired surrogates in name or string
                                      are U+FFFD there */
} chatws_json_member_t;


/*
 * Called once for each member, in order, when its value is complete.  Any
 * code but CHATWS_OK stops the parse, which returns that code.  It may parse a
 * part of the text in the same arena, whose handler may not.
 */
typedef chatws_rc_e (*chatws_json_member_pt)(void *data,
    const chatws_json_member_t *m);


/*
 * The bytes that a block needs for parsing texts of up to len bytes, with
 * room for what chatws_action and chatws_publication keep; len is below
 * CHATWS_JSON_MAX.
 */
size_t chatws_json_arena_size(size_t len);

/*
 * Parses a whole text, RFC 8259, that must be one object (one array), nested
 * at most depth levels, the outermost counted, and in valid UTF-8.
 *
 * CHATWS_OK, the handler's code, or CHATWS_ERROR: it is not such a text.
 * Handlers should return another code than CHATWS_ERROR where the caller has
 * to tell the two apart.  The handler may have been called for members before
 * the error, so it should only collect.
 */
chatws_rc_e chatws_json_object(chatws_json_arena_t *arena,
    const chatws_str_t *text, size_t depth, chatws_json_member_pt handler,
    void *data);
chatws_rc_e chatws_json_array(chatws_json_arena_t *arena,
    const chatws_str_t *text, size_t depth, chatws_json_member_pt handler,
    void *data);


/*
 * Output to a bounded buffer.  What does not fit is dropped as a whole and
 * full is set, so that a run of puts needs one check at its end.
 */

typedef struct {
    uint8_t  *pos;
    uint8_t  *last;
    unsigned  full:1;
} chatws_json_out_t;


#define chatws_json_put_lit(out, lit)                                         \
    chatws_json_put(out, lit, sizeof(lit) - 1)


/* Begins in text->data, where text->len bytes are. */
void chatws_json_out_begin(chatws_json_out_t *out, const chatws_str_t *text);

/*
 * Ends: sets text->len to what was put.  CHATWS_ERROR: it did not fit, and
 * text is as it was.
 */
chatws_rc_e chatws_json_out_end(const chatws_json_out_t *out,
    chatws_str_t *text);

void chatws_json_put(chatws_json_out_t *out, const void *data, size_t len);
void chatws_json_put_uint(chatws_json_out_t *out, uint64_t n);

/* Puts a JSON string with its quotes; text is valid UTF-8. */
void chatws_json_put_string(chatws_json_out_t *out, const chatws_str_t *text);


#endif /* _CHATWS_JSON_H_INCLUDED_ */
