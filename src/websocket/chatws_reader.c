
/*
 * Copyright (C) chatws contributors
 *
 * The reader of a WebSocket connection: see chatws_reader.h.  The section
 * numbers in the comments are those of RFC 6455.
 */


#include <string.h>

#include "base/chatws_utf8.h"
#include "websocket/chatws_mask.h"
#include "websocket/chatws_reader.h"


/* the first allocation for a message whose length is not known yet */
#define CHATWS_READER_FIRST     512


/* rd->state */

#define CHATWS_READER_HEAD      0
#define CHATWS_READER_PAYLOAD   1
#define CHATWS_READER_CONTROL   2
#define CHATWS_READER_DONE      3


/* The arguments of a call. */

typedef struct {
    const chatws_reader_conf_t  *conf;
    uint8_t                     *start;   /* of the input of this call */
    uint8_t                     *pos;
    uint8_t                     *last;
    chatws_event_t              *ev;
} chatws_reader_call_t;


static void chatws_reader_release(chatws_reader_t *rd,
    const chatws_reader_conf_t *conf);
static chatws_rc_e chatws_reader_head(chatws_reader_t *rd,
    chatws_reader_call_t *call);
static chatws_rc_e chatws_reader_begin(chatws_reader_t *rd,
    chatws_reader_call_t *call, const chatws_frame_t *f);
static chatws_rc_e chatws_reader_payload(chatws_reader_t *rd,
    chatws_reader_call_t *call);
static chatws_rc_e chatws_reader_unmask(chatws_reader_t *rd,
    chatws_reader_call_t *call, size_t n);
static chatws_rc_e chatws_reader_append(chatws_reader_t *rd,
    chatws_reader_call_t *call, size_t n);
static chatws_rc_e chatws_reader_reserve(chatws_reader_t *rd,
    chatws_reader_call_t *call, size_t n);
static chatws_rc_e chatws_reader_deliver(chatws_reader_t *rd,
    chatws_event_t *ev, uint8_t *data, size_t len, unsigned in_place);
static chatws_rc_e chatws_reader_control(chatws_reader_t *rd,
    chatws_reader_call_t *call);
static chatws_rc_e chatws_reader_deliver_control(chatws_reader_t *rd,
    chatws_event_t *ev, uint8_t *data, size_t len, unsigned in_place);
static chatws_rc_e chatws_reader_deliver_close(chatws_event_t *ev,
    uint8_t *data, size_t len);
static int chatws_reader_in_place(chatws_reader_t *rd,
    chatws_reader_call_t *call);
static size_t chatws_reader_limit(const chatws_reader_t *rd,
    const chatws_reader_conf_t *conf);


chatws_rc_e
chatws_reader_next(chatws_reader_t *rd, const chatws_reader_conf_t *conf,
    uint8_t **pos, uint8_t *last, chatws_event_t *ev)
{
    chatws_rc_e           rc;
    chatws_reader_call_t  call;

    chatws_reader_release(rd, conf);

    call.conf = conf;
    call.start = *pos;
    call.pos = *pos;
    call.last = last;
    call.ev = ev;

    do {
        switch (rd->state) {

        case CHATWS_READER_HEAD:
            rc = chatws_reader_head(rd, &call);
            break;

        case CHATWS_READER_PAYLOAD:
            rc = chatws_reader_payload(rd, &call);
            break;

        case CHATWS_READER_CONTROL:
            rc = chatws_reader_control(rd, &call);
            break;

        default: /* CHATWS_READER_DONE */
            call.pos = last;
            rc = CHATWS_DONE;
        }

        /* CHATWS_BUSY: one step was taken, and there is no event yet */

    } while (rc == CHATWS_BUSY);

    if (rc == CHATWS_ERROR) {
        chatws_reader_close(rd, conf);
        call.pos = last;
    }

    *pos = call.pos;

    return rc;
}


void
chatws_reader_close(chatws_reader_t *rd, const chatws_reader_conf_t *conf)
{
    rd->state = CHATWS_READER_DONE;
    rd->message = 0;
    rd->nhead = 0;

    chatws_reader_release(rd, conf);
}


/* Frees the memory of the last event; that of a message in progress stays. */

static void
chatws_reader_release(chatws_reader_t *rd, const chatws_reader_conf_t *conf)
{
    if (rd->data && rd->message == 0) {
        conf->memory.free(conf->memory.ctx, rd->data);
        rd->data = NULL;
        rd->size = 0;
    }

    if (rd->control && rd->state != CHATWS_READER_CONTROL) {
        conf->memory.free(conf->memory.ctx, rd->control);
        rd->control = NULL;
    }
}


static chatws_rc_e
chatws_reader_head(chatws_reader_t *rd, chatws_reader_call_t *call)
{
    size_t          n;
    unsigned        allowed;
    chatws_rc_e     rc;
    chatws_frame_t  f;

    n = call->last - call->pos;

    if (n == 0) {
        return CHATWS_AGAIN;
    }

    allowed = rd->deflate ? CHATWS_FRAME_RSV1 : 0;

    if (rd->nhead == 0) {
        rc = chatws_frame_parse(&f, call->pos, n, allowed, rd->message,
                                &call->ev->failure);

        if (rc == CHATWS_AGAIN) {
            memcpy(rd->head, call->pos, n);
        }

    } else {
        if (n > sizeof(rd->head) - rd->nhead) {
            n = sizeof(rd->head) - rd->nhead;
        }

        memcpy(rd->head + rd->nhead, call->pos, n);

        rc = chatws_frame_parse(&f, rd->head, rd->nhead + n, allowed,
                                rd->message, &call->ev->failure);
    }

    if (rc == CHATWS_AGAIN) {
        rd->nhead += n;
        call->pos = call->last;
        return CHATWS_AGAIN;
    }

    if (rc != CHATWS_OK) {
        return rc;
    }

    call->pos += f.size - rd->nhead;
    rd->nhead = 0;

    return chatws_reader_begin(rd, call, &f);
}


static chatws_rc_e
chatws_reader_begin(chatws_reader_t *rd, chatws_reader_call_t *call,
    const chatws_frame_t *f)
{
    unsigned                     opcode;
    const chatws_reader_conf_t  *conf;

    conf = call->conf;
    opcode = f->first & CHATWS_FRAME_OPCODE;

    rd->first = f->first;
    rd->left = f->len;
    memcpy(rd->head, f->mask, 4);

    if (opcode & CHATWS_FRAME_CONTROL) {
        rd->nctl = 0;
        rd->state = CHATWS_READER_CONTROL;
        return CHATWS_BUSY;
    }

    if (opcode != CHATWS_FRAME_CONT) {

        if (opcode == CHATWS_FRAME_BINARY && conf->no_binary) {
            return chatws_frame_fail(&call->ev->failure, CHATWS_CLOSE_TYPE,
                                     "binary messages are not accepted");
        }

        rd->message = f->first;
        rd->len = 0;
        rd->fragments = 0;
        rd->utf8 = CHATWS_UTF8_START;
    }

    if (f->len > chatws_reader_limit(rd, conf) - rd->len) {
        return chatws_frame_fail(&call->ev->failure, CHATWS_CLOSE_TOO_BIG,
                                 "message is too big");
    }

    if (!(f->first & CHATWS_FRAME_FIN)) {
        rd->fragments++;

        if (rd->fragments > rd->len + f->len + conf->max_empty) {
            return chatws_frame_fail(&call->ev->failure, CHATWS_CLOSE_POLICY,
                                     "too many empty fragments");
        }
    }

    rd->state = CHATWS_READER_PAYLOAD;

    return CHATWS_BUSY;
}


/* Reads the payload of a data frame, as much of it as has arrived. */

static chatws_rc_e
chatws_reader_payload(chatws_reader_t *rd, chatws_reader_call_t *call)
{
    size_t    n;
    uint8_t  *data;

    n = call->last - call->pos;
    data = NULL;

    if (rd->left <= n) {
        n = rd->left;

        if (rd->first & CHATWS_FRAME_FIN
            && rd->data == NULL
            && chatws_reader_in_place(rd, call))
        {
            data = call->pos;
        }
    }

    if (chatws_reader_unmask(rd, call, n) != CHATWS_OK) {
        return chatws_frame_fail(&call->ev->failure, CHATWS_CLOSE_DATA,
                                 "text is not UTF-8");
    }

    if (data == NULL && chatws_reader_append(rd, call, n) != CHATWS_OK) {
        return chatws_frame_fail(&call->ev->failure, CHATWS_CLOSE_INTERNAL,
                                 "out of memory, reconnect");
    }

    call->pos += n;
    rd->left -= n;

    if (rd->left) {
        return CHATWS_AGAIN;
    }

    rd->state = CHATWS_READER_HEAD;

    if (!(rd->first & CHATWS_FRAME_FIN)) {
        return CHATWS_BUSY;
    }

    if (data) {
        return chatws_reader_deliver(rd, call->ev, data, n, 1);
    }

    return chatws_reader_deliver(rd, call->ev,
                                 rd->data + CHATWS_READER_HEADROOM, rd->len,
                                 0);
}


/*
 * Returns 1 if the payload of the frame, all of which is in the input, may be
 * delivered where it is, else 0.  A header has to fit in front of it, for which
 * there is no room if the frame's own header came with the input before.
 */

static int
chatws_reader_in_place(chatws_reader_t *rd, chatws_reader_call_t *call)
{
    return (size_t) (call->pos - call->start)
           >= chatws_frame_header_size(rd->left);
}


/* Unmasks the next n bytes of the frame, and validates text. */

static chatws_rc_e
chatws_reader_unmask(chatws_reader_t *rd, chatws_reader_call_t *call,
    size_t n)
{
    uint8_t      mask[4];
    unsigned     i;
    chatws_rc_e  rc;

    rc = CHATWS_OK;

    /* 8.1; the user validates compressed text when it is decompressed */

    if ((rd->message & (CHATWS_FRAME_OPCODE|CHATWS_FRAME_RSV1))
        == CHATWS_FRAME_TEXT)
    {
        rc = chatws_mask_utf8(call->pos, n, rd->head, 0, &rd->utf8);

        if (n == rd->left
            && rd->first & CHATWS_FRAME_FIN
            && rd->utf8 != CHATWS_UTF8_START)
        {
            rc = CHATWS_ERROR;
        }

    } else {
        chatws_mask(call->pos, n, rd->head, 0);
    }

    /* rotate the key: the next piece starts with its first byte */

    if (n & 3) {
        for (i = 0; i < 4; i++) {
            mask[i] = rd->head[(i + n) & 3];
        }

        memcpy(rd->head, mask, 4);
    }

    return rc;
}


/*
 * Copies the next n bytes to the message.  If it ends without any byte, it gets
 * a block all the same, which is then delivered.
 */

static chatws_rc_e
chatws_reader_append(chatws_reader_t *rd, chatws_reader_call_t *call,
    size_t n)
{
    if (n == 0
        && (rd->data || rd->left || !(rd->first & CHATWS_FRAME_FIN)))
    {
        return CHATWS_OK;
    }

    if (rd->data == NULL || n > rd->size - rd->len) {
        if (chatws_reader_reserve(rd, call, n) != CHATWS_OK) {
            return CHATWS_ERROR;
        }
    }

    memcpy(rd->data + CHATWS_READER_HEADROOM + rd->len, call->pos, n);
    rd->len += n;

    return CHATWS_OK;
}


/*
 * Makes room for n more bytes by doubling the block: it is the bytes that a
 * peer has sent that cost memory, not the length that it has declared.  If the
 * end of the message is known, the block does not get larger than that.
 */

static chatws_rc_e
chatws_reader_reserve(chatws_reader_t *rd, chatws_reader_call_t *call,
    size_t n)
{
    size_t                  end, size;
    uint8_t                *data;
    const chatws_memory_t  *memory;

    memory = &call->conf->memory;

    if (rd->first & CHATWS_FRAME_FIN) {
        end = rd->len + rd->left;

    } else {
        end = chatws_reader_limit(rd, call->conf);
    }

    size = 2 * (size_t) rd->size;

    if (size < CHATWS_READER_FIRST) {
        size = CHATWS_READER_FIRST;
    }

    if (size < rd->len + n) {
        size = rd->len + n;
    }

    if (size > end) {
        size = end;
    }

    data = memory->alloc(memory->ctx, CHATWS_READER_HEADROOM + size);

    if (data == NULL) {
        return CHATWS_ERROR;
    }

    if (rd->data) {
        memcpy(data + CHATWS_READER_HEADROOM,
               rd->data + CHATWS_READER_HEADROOM, rd->len);
        memory->free(memory->ctx, rd->data);
    }

    rd->data = data;
    rd->size = (uint32_t) size;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_reader_deliver(chatws_reader_t *rd, chatws_event_t *ev, uint8_t *data,
    size_t len, unsigned in_place)
{
    if ((rd->message & CHATWS_FRAME_OPCODE) == CHATWS_FRAME_TEXT) {
        ev->type = CHATWS_EVENT_TEXT;

    } else {
        ev->type = CHATWS_EVENT_BINARY;
    }

    ev->compressed = (rd->message & CHATWS_FRAME_RSV1) != 0;
    ev->in_place = in_place;
    ev->data = data;
    ev->len = len;

    rd->message = 0;

    return CHATWS_OK;
}


/* Reads the payload of a control frame, as much of it as has arrived. */

static chatws_rc_e
chatws_reader_control(chatws_reader_t *rd, chatws_reader_call_t *call)
{
    size_t                  n;
    uint8_t                *data;
    const chatws_memory_t  *memory;

    n = call->last - call->pos;

    if (rd->left <= n
        && rd->control == NULL
        && chatws_reader_in_place(rd, call))
    {
        n = rd->left;
        data = call->pos;

        chatws_mask(data, n, rd->head, 0);
        call->pos += n;

        return chatws_reader_deliver_control(rd, call->ev, data, n, 1);
    }

    if (rd->left && n == 0) {
        return CHATWS_AGAIN;
    }

    if (rd->control == NULL) {
        memory = &call->conf->memory;

        rd->control = memory->alloc(memory->ctx, CHATWS_READER_HEADROOM
                                                 + CHATWS_FRAME_CTL_MAX);
        if (rd->control == NULL) {
            return chatws_frame_fail(&call->ev->failure,
                                     CHATWS_CLOSE_INTERNAL,
                                     "out of memory, reconnect");
        }
    }

    if (n > rd->left) {
        n = rd->left;
    }

    data = rd->control + CHATWS_READER_HEADROOM;

    memcpy(data + rd->nctl, call->pos, n);
    chatws_mask(data + rd->nctl, n, rd->head, rd->nctl);

    call->pos += n;
    rd->left -= n;
    rd->nctl += n;

    if (rd->left) {
        return CHATWS_AGAIN;
    }

    return chatws_reader_deliver_control(rd, call->ev, data, rd->nctl, 0);
}


static chatws_rc_e
chatws_reader_deliver_control(chatws_reader_t *rd, chatws_event_t *ev,
    uint8_t *data, size_t len, unsigned in_place)
{
    ev->compressed = 0;
    ev->in_place = in_place;
    ev->data = data;
    ev->len = len;

    rd->state = CHATWS_READER_HEAD;

    switch (rd->first & CHATWS_FRAME_OPCODE) {

    case CHATWS_FRAME_PING:
        ev->type = CHATWS_EVENT_PING;
        return CHATWS_OK;

    case CHATWS_FRAME_PONG:
        ev->type = CHATWS_EVENT_PONG;
        return CHATWS_OK;

    default: /* CHATWS_FRAME_CLOSE */

        /* 5.5.1: the peer sends no more, an unfinished message is void */

        rd->state = CHATWS_READER_DONE;
        rd->message = 0;

        ev->type = CHATWS_EVENT_CLOSE;
        return chatws_reader_deliver_close(ev, data, len);
    }
}


static chatws_rc_e
chatws_reader_deliver_close(chatws_event_t *ev, uint8_t *data, size_t len)
{
    if (len == 0) {
        ev->code = CHATWS_CLOSE_NONE;
        return CHATWS_OK;
    }

    /* 5.5.1: "the first two bytes of the body MUST be" the code */

    if (len == 1) {
        return chatws_frame_fail(&ev->failure, CHATWS_CLOSE_PROTOCOL,
                                 "close code is cut off");
    }

    ev->code = (uint16_t) (data[0] << 8 | data[1]);
    ev->data = data + 2;
    ev->len = len - 2;

    if (!chatws_frame_close_valid(ev->code)) {
        return chatws_frame_fail(&ev->failure, CHATWS_CLOSE_PROTOCOL,
                                 "invalid close code");
    }

    if (chatws_utf8_valid(ev->data, ev->len) != CHATWS_OK) {
        return chatws_frame_fail(&ev->failure, CHATWS_CLOSE_DATA,
                                 "close reason is not UTF-8");
    }

    return CHATWS_OK;
}


/*
 * Returns the largest payload of the message.  If it is compressed, RFC 7692
 * lets an encoder use up to nine bits for a byte.
 */

static size_t
chatws_reader_limit(const chatws_reader_t *rd,
    const chatws_reader_conf_t *conf)
{
    size_t  max;

    max = conf->max_message;

    if (rd->message & CHATWS_FRAME_RSV1) {
        max += max / 8 + 64;
    }

    return max;
}
