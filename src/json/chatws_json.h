
/*
 * Copyright (C) chatws contributors
 *
 * Reading one level of a JSON text as a list of members, each of them decoded
 * and as it was written; and writing JSON.  chatws_json.c alone uses yajl.
 */


#ifndef _CHATWS_JSON_H_INCLUDED_
#define _CHATWS_JSON_H_INCLUDED_


#include "base/chatws_core.h"
#include "json/chatws_json_memory.h"


#define CHATWS_JSON_DEPTH      32          /* the usual limit of nesting */
#define CHATWS_JSON_DEPTH_MAX  100         /* the highest limit of nesting */
#define CHATWS_JSON_MAX        (1 << 28)   /* a text has fewer bytes */


typedef enum {
    CHATWS_JSON_NULL = 0,
    CHATWS_JSON_BOOL,
    CHATWS_JSON_NUMBER,
    CHATWS_JSON_STRING,
    CHATWS_JSON_OBJECT,
    CHATWS_JSON_ARRAY
} chatws_json_type_e;


/*
 * A member of an object or, with an empty name and key, an element of an array.
 *
 * key and value point into the text.  name and string are valid UTF-8.  They
 * live until the handler returns; chatws_json_keep() makes them live longer.
 */

typedef struct {
    chatws_str_t        name;      /* the decoded key */
    chatws_str_t        key;       /* the key as written, with its quotes */
    chatws_str_t        value;     /* the value as written */
    chatws_str_t        string;    /* the decoded value of a string; empty for
                                      other types */
    chatws_json_type_e  type;      /* of the value */
    unsigned            integer:1; /* a number without fraction or exponent */
    unsigned            truth:1;   /* the value of a boolean */
    unsigned            lossy:1;   /* name or string has U+FFFD where the text
                                      has an unpaired surrogate */
} chatws_json_member_t;


/*
 * Is called for each member, in order, when its value is complete.  Any code
 * except CHATWS_OK ends the parse, which returns this code.
 *
 * It may parse a part of the text, in the same arena.  The handler of that
 * parse may not parse another part.
 */
typedef chatws_rc_e (*chatws_json_member_pt)(void *data,
    const chatws_json_member_t *m);


/*
 * Returns how many bytes an arena needs for parsing a text of len bytes, less
 * than CHATWS_JSON_MAX, and for all that chatws_action_parse() or
 * chatws_publication_parse() keeps of it.
 */
size_t chatws_json_arena_size(size_t len);

/*
 * Parse a whole text, RFC 8259, which is one object or one array, has at most
 * depth levels including the outermost, and is valid UTF-8.
 *
 * CHATWS_OK; the handler's code; or CHATWS_ERROR: it is no such text, or the
 * arena is too small.  A handler returns another code than CHATWS_ERROR if its
 * caller needs to know which of them it was.  The handler may have been called
 * for members in front of an error, so it only collects them.
 */
chatws_rc_e chatws_json_object(chatws_json_arena_t *arena,
    const chatws_str_t *text, size_t depth, chatws_json_member_pt handler,
    void *data);
chatws_rc_e chatws_json_array(chatws_json_arena_t *arena,
    const chatws_str_t *text, size_t depth, chatws_json_member_pt handler,
    void *data);


/*
 * Output to a buffer of limited size.  A piece that does not fit is left out as
 * a whole, and full is set, so that one check at the end is enough.
 */

typedef struct {
    uint8_t  *pos;
    uint8_t  *last;
    unsigned  full:1;
} chatws_json_out_t;


/* puts a string literal */
#define chatws_json_put_lit(out, lit)                                         \
    chatws_json_put(out, lit, sizeof(lit) - 1)


/* Begins output to text->data, where there is room for text->len bytes. */
void chatws_json_out_begin(chatws_json_out_t *out, const chatws_str_t *text);

/*
 * Ends output: sets text->len to the bytes that were put.  CHATWS_ERROR: a
 * piece did not fit, and text->len is as it was.
 */
chatws_rc_e chatws_json_out_end(const chatws_json_out_t *out,
    chatws_str_t *text);

/* Put len bytes as they are, and a number in decimal digits. */
void chatws_json_put(chatws_json_out_t *out, const void *data, size_t len);
void chatws_json_put_uint(chatws_json_out_t *out, uint64_t n);

/* Puts the text, which is valid UTF-8, as a JSON string with its quotes. */
void chatws_json_put_string(chatws_json_out_t *out, const chatws_str_t *text);


#endif /* _CHATWS_JSON_H_INCLUDED_ */
