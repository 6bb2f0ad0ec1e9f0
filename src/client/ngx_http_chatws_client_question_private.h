
/*
 * Copyright (C) chatws contributors
 *
 * The inside of questions, for the files that ask, answer and review.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_QUESTION_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_QUESTION_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_ask.h"
#include "client/ngx_http_chatws_client_grant.h"
#include "client/ngx_http_chatws_client_question.h"


/* A chat of what waits, and what is decided about it. */

typedef struct {
    uint64_t               hash;       /* of the id */
    ngx_str_t              id;         /* behind the array */
    ngx_str_t              token;      /* of the chat, the same; empty: none */
    const chatws_fault_t  *fault;      /* undecided; NULL: it may; or what the
                                          client is told */
    uint32_t               grant;      /* by which it may, */
    uint32_t               commands;   /* and those for the user before that */
    unsigned               asked:1;    /* in the question that is open */
    unsigned               cancelled:1;
} ngx_http_chatws_held_chat_t;


/* What waits for an answer: an action of the client, or a review. */

typedef struct {
    ngx_queue_t                   queue;
    chatws_str_t                  text;     /* of the action; empty: a review
                                               of subscriptions */
    ngx_http_chatws_right_e       right;    /* that it needs */
    u_char                       *ids;      /* where the next id goes */
    ngx_uint_t                    n;        /* chats */
    ngx_uint_t                    next;     /* the one that is looked for */
    ngx_http_chatws_held_chat_t   chats[];
} ngx_http_chatws_held_t;


/* Made when the first action waits; freed when there is nothing left to do. */

struct ngx_http_chatws_question_s {
    ngx_http_chatws_client_t     *client;   /* NULL: it has gone */
    ngx_http_chatws_ask_t        *ask;      /* that is open, or NULL */
    ngx_http_chatws_held_t       *acting;   /* is carried out now, or NULL */
    ngx_queue_t                   held;     /* what waits, in order */
    ngx_uint_t                    n;        /* actions among it, */
    size_t                        size;     /* and bytes of their texts */
    uint32_t                      commands; /* before the app was asked */
    ngx_connection_t              ident;    /* of the events */
    ngx_event_t                   event;    /* posted: ask */
    ngx_event_t                   timer;    /* a grant is due */
};


/* The question of the client, made if need be.  NULL: there is no memory. */
ngx_http_chatws_question_t *ngx_http_chatws_question_get(
    ngx_http_chatws_client_t *client);

/* Frees the question if nothing waits and nothing is due. */
void ngx_http_chatws_question_put(ngx_http_chatws_question_t *q);

/*
 * Makes what waits, with room for n chats whose ids and tokens have size bytes
 * together, and a copy of the text.  NULL: there is no memory.
 */
ngx_http_chatws_held_t *ngx_http_chatws_held_create(const chatws_str_t *text,
    ngx_http_chatws_right_e right, ngx_uint_t n, size_t size);

/* Adds a chat, whose id and token or NULL are copied, as undecided. */
ngx_http_chatws_held_chat_t *ngx_http_chatws_held_add(
    ngx_http_chatws_client_t *client, ngx_http_chatws_held_t *held,
    const ngx_str_t *id, const ngx_str_t *token);

/*
 * What a source has granted to actions that wait is not sure any more: it is
 * decided anew before they are carried out.
 */
void ngx_http_chatws_held_again(ngx_http_chatws_client_t *client,
    ngx_uint_t source);

/*
 * Whether all chats of what waits are decided.  Those that the app server has
 * granted before a command for the user are not.
 */
ngx_uint_t ngx_http_chatws_held_is_decided(
    const ngx_http_chatws_client_t *client, ngx_http_chatws_held_t *held);

/*
 * Looks for the right of what waits in one of its chats.  Returns 1 if it is
 * decided now, else 0.
 */
ngx_uint_t ngx_http_chatws_held_decide(ngx_http_chatws_client_t *client,
    ngx_http_chatws_held_t *held, ngx_http_chatws_held_chat_t *chat);

/*
 * The chat of that id among those of what waits, or NULL.  The search begins
 * behind the one that was found last: the chats of a resume are looked for in
 * their order.
 */
ngx_http_chatws_held_chat_t *ngx_http_chatws_held_find(
    ngx_http_chatws_client_t *client, ngx_http_chatws_held_t *held,
    const ngx_str_t *id);

/*
 * Carries an action out, whose chats are decided, and frees what has waited.
 * NGX_DONE: the session has ended, and the question was freed.
 */
ngx_int_t ngx_http_chatws_held_carry_out(ngx_http_chatws_question_t *q,
    ngx_http_chatws_held_t *held);

/* Puts it at the end of what waits, and asks soon. */
void ngx_http_chatws_held_wait(ngx_http_chatws_question_t *q,
    ngx_http_chatws_held_t *held);

/*
 * Carries out what is decided, in order; if something is left, the app server
 * is asked soon.  The question may be freed.
 */
void ngx_http_chatws_question_go_on(ngx_http_chatws_question_t *q);

/* In the next turn of the event loop goes on, unless the app is asked now. */
void ngx_http_chatws_question_later(ngx_http_chatws_question_t *q);

/* Asks for chats that are undecided; the handler of question->event. */
void ngx_http_chatws_question_ask_handler(ngx_event_t *ev);

/* Ends the subscriptions that a review has found to be over. */
void ngx_http_chatws_question_reviewed(ngx_http_chatws_client_t *client,
    ngx_http_chatws_held_t *held);

/* Looks for grants that are due; the handler of question->timer. */
void ngx_http_chatws_question_due_handler(ngx_event_t *ev);


#endif /* _NGX_HTTP_CHATWS_CLIENT_QUESTION_PRIVATE_H_INCLUDED_ */
