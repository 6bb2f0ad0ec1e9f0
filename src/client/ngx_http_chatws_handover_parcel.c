
/*
 * Copyright (C) chatws contributors
 *
 * Parcels: a head, then the user, the name, the id of the session, the
 * credential, the address, the unsent output, the reader with its incomplete
 * input, the chats, those of them in which the user types, and the users that
 * it watches.  Both workers run the same program, so structures are copied as
 * they are.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "websocket/chatws_reader_save.h"
#include "process/ngx_http_chatws_fdpass.h"
#include "client/ngx_http_chatws_client_auth.h"
#include "client/ngx_http_chatws_client_grant.h"
#include "client/ngx_http_chatws_client_inbox.h"
#include "client/ngx_http_chatws_client_members.h"
#include "client/ngx_http_chatws_client_people.h"
#include "client/ngx_http_chatws_client_presence.h"
#include "client/ngx_http_chatws_client_question.h"
#include "client/ngx_http_chatws_client_replay.h"
#include "client/ngx_http_chatws_client_seat.h"
#include "client/ngx_http_chatws_client_state.h"
#include "client/ngx_http_chatws_handover_parcel.h"
#include "client/ngx_http_chatws_proofs.h"
#include "client/ngx_http_chatws_users.h"


typedef struct {
    size_t      size;                    /* bytes of the whole parcel */
    uint64_t    location;
    uint64_t    position;                /* in the durable ring */
    uint64_t    states;                  /* the same in the other one */
    uint64_t    since;                   /* the same, for commands */
    uint64_t    expires;                 /* as in the session */
    uint64_t    due;
    ngx_uint_t  expiry;
    ngx_uint_t  warned;                  /* these two as in the client */
    chatws_bucket_t  auth;
    size_t      user;                    /* bytes of each of these parts */
    size_t      name;
    size_t      id;
    size_t      credential;
    size_t      addr;
    size_t      out;
    size_t      reader;
    ngx_uint_t  chats;                   /* each a serial, a byte of length,
                                            the id, its mark, a byte that tells
                                            whether it gets states, the proof
                                            of a grant by a token of the chat */
    size_t      typing;                  /* bytes of the last two parts */
    size_t      watch;
    chatws_deflate_params_t  params;
    chatws_bucket_t          bucket;
    uint32_t                 turn;
    uint32_t                 told;
    ngx_uint_t               seated;
    ngx_http_chatws_client_limits_t  limits;   /* zeros: it has none */
    ngx_http_chatws_client_people_t  people;   /* the same */
    uint64_t                         gate;     /* when it waits no more for a
                                                  resume, or 0 */
} ngx_http_chatws_parcel_t;


/* Writes chats. */

typedef struct {
    ngx_http_chatws_client_t  *client;
    u_char                    *p;
} ngx_http_chatws_parcel_writer_t;


/* of the last part; the id of the chat follows */

typedef struct {
    uint64_t    deadline;
    uint32_t    round;
    uint32_t    id;                      /* bytes */
} ngx_http_chatws_parcel_typist_t;


static size_t ngx_http_chatws_parcel_size(ngx_http_chatws_client_t *client);
static size_t ngx_http_chatws_parcel_credential_size(
    ngx_http_chatws_client_t *client);
static void ngx_http_chatws_parcel_add_chat(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);
static void ngx_http_chatws_parcel_put_chat(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);
static ngx_int_t ngx_http_chatws_parcel_proof(
    ngx_http_chatws_client_t *client, const ngx_str_t *id, u_char **p,
    u_char *last);
static void ngx_http_chatws_parcel_add_typist(void *data,
    const ngx_str_t *chat, uint32_t round, uint64_t deadline);
static void ngx_http_chatws_parcel_put_typist(void *data,
    const ngx_str_t *chat, uint32_t round, uint64_t deadline);
static u_char *ngx_http_chatws_parcel_put_out(u_char *p,
    ngx_http_chatws_session_t *s);
static ngx_int_t ngx_http_chatws_parcel_valid(
    ngx_http_chatws_parcel_t *head, size_t len);
static ngx_int_t ngx_http_chatws_parcel_credential(
    ngx_http_chatws_client_t *client, ngx_str_t *text);
static ngx_int_t ngx_http_chatws_parcel_restore(
    ngx_http_chatws_client_t *client, ngx_http_chatws_parcel_t *head,
    u_char *p);
static ngx_int_t ngx_http_chatws_parcel_chats(
    ngx_http_chatws_client_t *client, ngx_uint_t n, u_char *p, u_char *last);
static void ngx_http_chatws_parcel_typing(ngx_http_chatws_client_t *client,
    u_char *p, u_char *last);
static void ngx_http_chatws_parcel_catch_up(
    ngx_http_chatws_client_t *client, ngx_http_chatws_parcel_t *head);


size_t
ngx_http_chatws_parcel_write(ngx_http_chatws_client_t *client,
    uint64_t position, u_char *parcel)
{
    u_char                           *p;
    ngx_http_chatws_parcel_t          head;
    ngx_http_chatws_session_t        *s;
    ngx_http_chatws_parcel_writer_t   writer;
    ngx_http_chatws_client_limits_t  *limits;
    ngx_http_chatws_client_people_t  *people;

    s = &client->session;

    ngx_memzero(&head, sizeof(ngx_http_chatws_parcel_t));

    ngx_http_chatws_typing_each(&client->subscriber,
                                ngx_http_chatws_parcel_add_typist,
                                &head.typing);

    head.watch = ngx_http_chatws_client_watch_size(client);
    head.size = ngx_http_chatws_parcel_size(client) + head.typing
                + head.watch;

    if (head.size > NGX_HTTP_CHATWS_PARCEL_MAX) {
        return 0;
    }

    head.location = client->rules->location_id;
    head.position = position;
    head.states = ngx_http_chatws_hub_states(client->subscriber.hub);
    head.since = ngx_http_chatws_users_since(client);
    head.expires = s->expires;
    head.due = s->due;
    head.expiry = s->expiry;
    head.warned = client->warned;
    head.auth = client->auth;
    head.user = client->user.len;
    head.name = client->name.len;
    head.id = client->id != NULL ? CHATWS_SESSION_LEN : 0;
    head.credential = ngx_http_chatws_parcel_credential_size(client);
    head.addr = s->addr.len;
    head.out = s->out_size;
    head.reader = chatws_reader_save_size(&s->reader);
    head.chats = client->subscriber.nsubs;
    head.params = s->params;
    head.bucket = client->bucket;
    head.turn = client->turn;
    head.told = client->told;
    head.seated = client->seated;

    limits = ngx_http_chatws_client_limits(client);

    if (limits != NULL) {
        head.limits = *limits;
    }

    people = ngx_http_chatws_client_people(client);

    if (people != NULL) {
        head.people = *people;
        head.gate = ngx_http_chatws_members_due(client);
    }

    p = ngx_cpymem(parcel, &head, sizeof(ngx_http_chatws_parcel_t));
    p = ngx_cpymem(p, client->user.data, head.user);
    p = ngx_cpymem(p, client->name.data, head.name);

    if (head.id != 0) {
        p = ngx_cpymem(p, client->id, head.id);
    }

    if (head.credential != 0) {
        p = ngx_cpymem(p, client->credential, head.credential);
    }

    p = ngx_cpymem(p, s->addr.data, head.addr);
    p = ngx_http_chatws_parcel_put_out(p, s);

    chatws_reader_save(&s->reader, p);
    p += head.reader;

    writer.client = client;
    writer.p = p;

    ngx_http_chatws_hub_each_chat(&client->subscriber,
                                  ngx_http_chatws_parcel_put_chat, &writer);
    ngx_http_chatws_typing_each(&client->subscriber,
                                ngx_http_chatws_parcel_put_typist, &writer.p);

    (void) ngx_http_chatws_client_watch_save(client, writer.p);

    return head.size;
}


static size_t
ngx_http_chatws_parcel_size(ngx_http_chatws_client_t *client)
{
    size_t  size;

    size = sizeof(ngx_http_chatws_parcel_t) + client->user.len
           + client->name.len
           + (client->id != NULL ? CHATWS_SESSION_LEN : 0)
           + ngx_http_chatws_parcel_credential_size(client)
           + client->session.addr.len + client->session.out_size
           + chatws_reader_save_size(&client->session.reader);

    ngx_http_chatws_hub_each_chat(&client->subscriber,
                                  ngx_http_chatws_parcel_add_chat, &size);

    return size;
}


static size_t
ngx_http_chatws_parcel_credential_size(ngx_http_chatws_client_t *client)
{
    return client->credential != NULL
           ? ngx_http_chatws_credential_size(client->credential) : 0;
}


static void
ngx_http_chatws_parcel_add_chat(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark)
{
    size_t *size = data;

    *size += sizeof(serial) + 1 + id->len + sizeof(*mark) + 1;

    if (ngx_http_chatws_grant_source(*mark) == NGX_HTTP_CHATWS_GRANT_TOKEN) {
        *size += sizeof(ngx_http_chatws_proof_t);
    }
}


static void
ngx_http_chatws_parcel_put_chat(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark)
{
    ngx_http_chatws_parcel_writer_t *writer = data;

    u_char                         *p;
    const ngx_http_chatws_proof_t  *proof;

    static const ngx_http_chatws_proof_t  none;

    p = ngx_cpymem(writer->p, &serial, sizeof(serial));
    *p++ = (u_char) id->len;
    p = ngx_cpymem(p, id->data, id->len);
    p = ngx_cpymem(p, mark, sizeof(*mark));
    *p++ = (u_char) ngx_http_chatws_hub_has_state(&writer->client->subscriber,
                                                  (ngx_str_t *) id);

    if (ngx_http_chatws_grant_source(*mark) == NGX_HTTP_CHATWS_GRANT_TOKEN) {
        proof = ngx_http_chatws_proofs_get(writer->client, id);

        p = ngx_cpymem(p, proof != NULL ? proof : &none,
                       sizeof(ngx_http_chatws_proof_t));
    }

    writer->p = p;
}


static void
ngx_http_chatws_parcel_add_typist(void *data, const ngx_str_t *chat,
    uint32_t round, uint64_t deadline)
{
    size_t *size = data;

    *size += sizeof(ngx_http_chatws_parcel_typist_t) + chat->len;
}


static void
ngx_http_chatws_parcel_put_typist(void *data, const ngx_str_t *chat,
    uint32_t round, uint64_t deadline)
{
    u_char **p = data;

    ngx_http_chatws_parcel_typist_t  typist;

    typist.deadline = deadline;
    typist.round = round;
    typist.id = (uint32_t) chat->len;

    *p = ngx_cpymem(*p, &typist, sizeof(ngx_http_chatws_parcel_typist_t));
    *p = ngx_cpymem(*p, chat->data, chat->len);
}


static u_char *
ngx_http_chatws_parcel_put_out(u_char *p, ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_out_t  *out;

    for (out = s->out; out != NULL; out = out->next) {
        p = ngx_cpymem(p, out->pos,
                       out->buf->data + out->buf->len - out->pos);
    }

    return p;
}


ngx_int_t
ngx_http_chatws_parcel_begun(u_char *parcel, size_t len)
{
    ngx_http_chatws_parcel_t  head;

    if (len < sizeof(ngx_http_chatws_parcel_t)) {
        return 1;
    }

    ngx_memcpy(&head, parcel, sizeof(ngx_http_chatws_parcel_t));

    return head.out != 0;
}


ngx_int_t
ngx_http_chatws_parcel_location(u_char *parcel, size_t len, uint64_t *location)
{
    ngx_http_chatws_parcel_t  head;

    if (len < sizeof(ngx_http_chatws_parcel_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(&head, parcel, sizeof(ngx_http_chatws_parcel_t));

    *location = head.location;

    return ngx_http_chatws_parcel_valid(&head, len);
}


static ngx_int_t
ngx_http_chatws_parcel_valid(ngx_http_chatws_parcel_t *head, size_t len)
{
    size_t  rest;

    if (head->size != len) {
        return NGX_ERROR;
    }

    rest = len - sizeof(ngx_http_chatws_parcel_t);

    if (head->user > rest
        || head->name > rest
        || head->id > rest
        || head->credential > rest
        || head->addr > rest
        || head->out > rest
        || head->reader > rest
        || head->typing > rest
        || head->watch > rest
        || head->user + head->name + head->id + head->credential + head->addr
           + head->out + head->reader + head->typing + head->watch
           > rest)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_parcel_read(ngx_http_chatws_hub_t *hub, ngx_socket_t fd,
    const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_rules_t *rules, u_char *parcel, size_t len)
{
    u_char                     *p, *typing, *watch;
    ngx_str_t                   addr, credential;
    ngx_http_chatws_parcel_t    head;
    ngx_http_chatws_client_t   *client;
    ngx_http_chatws_session_t  *s;
    ngx_http_chatws_identity_t  who;

    p = parcel;

    ngx_memcpy(&head, p, sizeof(ngx_http_chatws_parcel_t));
    p += sizeof(ngx_http_chatws_parcel_t);

    who.user.len = head.user;
    who.user.data = p;
    p += head.user;

    who.name.len = head.name;
    who.name.data = p;
    p += head.name;

    who.id.len = head.id;
    who.id.data = p;
    p += head.id;

    credential.len = head.credential;
    credential.data = p;
    p += head.credential;

    addr.len = head.addr;
    addr.data = p;
    p += addr.len;

    watch = parcel + len - head.watch;
    typing = watch - head.typing;

    s = ngx_http_chatws_session_adopt(fd,
                                      ngx_http_chatws_client_size(hub, rules,
                                                                  &who),
                                      conf, &ngx_http_chatws_client_handlers,
                                      &addr);
    if (s == NULL) {
        return NGX_ERROR;
    }

    client = (ngx_http_chatws_client_t *) s;

    (void) ngx_http_chatws_client_init(client, hub, rules, &who);

    if (head.seated) {
        ngx_http_chatws_client_sit_again(client);
    }

    if (who.user.len == 0) {
        ngx_http_chatws_auth_wait(client, head.due);
    }

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_OPENED, 1);

    if (ngx_http_chatws_parcel_credential(client, &credential) != NGX_OK
        || ngx_http_chatws_parcel_restore(client, &head, p) != NGX_OK
        || ngx_http_chatws_parcel_chats(client, head.chats,
                                        p + head.out + head.reader, typing)
           != NGX_OK
        || ngx_http_chatws_inbox_adopt(client) != NGX_OK
        || ngx_http_chatws_client_watch_load(client, watch, head.watch)
           != NGX_OK)
    {
        ngx_http_chatws_session_close(s, CHATWS_CLOSE_LATER,
                                      "no room, reconnect");

    } else if (!client->stranger) {
        ngx_http_chatws_parcel_typing(client, typing, watch);
        ngx_http_chatws_parcel_catch_up(client, &head);

        ngx_http_chatws_hub_missed(&client->subscriber, head.states);
        ngx_http_chatws_state_tell(client);
    }

    ngx_http_chatws_session_continue(s);

    return NGX_OK;
}


/* The text may lie at any address. */

static ngx_int_t
ngx_http_chatws_parcel_credential(ngx_http_chatws_client_t *client,
    ngx_str_t *text)
{
    if (text->len == 0) {
        return NGX_OK;
    }

    client->credential = ngx_alloc(text->len, ngx_cycle->log);

    if (client->credential == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(client->credential, text->data, text->len);

    return NGX_OK;
}


/* Restores the unsent output, the reader, and the agreed extension. */

static ngx_int_t
ngx_http_chatws_parcel_restore(ngx_http_chatws_client_t *client,
    ngx_http_chatws_parcel_t *head, u_char *p)
{
    ngx_http_chatws_session_t        *s;
    ngx_http_chatws_client_limits_t  *limits;
    ngx_http_chatws_client_people_t  *people;

    s = &client->session;

    client->bucket = head->bucket;
    client->turn = head->turn;
    client->told = head->told;

    limits = ngx_http_chatws_client_limits(client);

    if (limits != NULL) {
        *limits = head->limits;
    }

    people = ngx_http_chatws_client_people(client);

    if (people != NULL) {
        *people = head->people;
        people->client = NULL;
        people->watcher = NULL;
        people->gate = NULL;

        if (head->gate != 0) {
            ngx_http_chatws_members_wait(client, head->gate);
        }
    }

    s->expires = head->expires;
    s->expiry = head->expiry;
    s->due = head->due;

    client->warned = head->warned;
    client->auth = head->auth;

    if (head->out != 0 && ngx_http_chatws_queue(s, p, head->out) != NGX_OK) {
        return NGX_ERROR;
    }

    p += head->out;

    if (chatws_reader_load(&s->reader, ngx_http_chatws_session_reader(s), p,
                           head->reader)
        != CHATWS_OK)
    {
        return NGX_ERROR;
    }

    s->params = head->params;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_parcel_chats(ngx_http_chatws_client_t *client, ngx_uint_t n,
    u_char *p, u_char *last)
{
    ssize_t              rest;
    uint32_t             mark;
    uint64_t             serial;
    ngx_str_t            id;
    ngx_uint_t           state;
    chatws_subscribed_t  at;

    while (n-- != 0) {

        rest = last - p
               - (ssize_t) (sizeof(uint64_t) + 1 + sizeof(uint32_t) + 1);

        if (rest < 0 || p[sizeof(uint64_t)] > rest) {
            return NGX_ERROR;
        }

        ngx_memcpy(&serial, p, sizeof(uint64_t));
        p += sizeof(uint64_t);

        id.len = *p++;
        id.data = p;
        p += id.len;

        ngx_memcpy(&mark, p, sizeof(uint32_t));
        p += sizeof(uint32_t);

        state = *p++;

        /*
         * No limit for the user: the subscriptions in the other worker may
         * still count.  If the chat has another serial, it was removed and made
         * again, and notifications in between may be lost.
         */

        if (ngx_http_chatws_subscribe(&client->subscriber, &id,
                                      CHATWS_SHARE_ANY, mark, 0, &at)
            != NGX_OK
            || at.serial != serial)
        {
            return NGX_ERROR;
        }

        if (state) {
            ngx_http_chatws_hub_set_state(&client->subscriber, &id);
        }

        if (ngx_http_chatws_grant_source(mark) == NGX_HTTP_CHATWS_GRANT_TOKEN
            && ngx_http_chatws_parcel_proof(client, &id, &p, last) != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_chatws_question_remind(client, mark);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_parcel_proof(ngx_http_chatws_client_t *client,
    const ngx_str_t *id, u_char **p, u_char *last)
{
    ngx_http_chatws_proof_t  proof;

    if (last - *p < (ssize_t) sizeof(ngx_http_chatws_proof_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(&proof, *p, sizeof(ngx_http_chatws_proof_t));
    *p += sizeof(ngx_http_chatws_proof_t);

    return ngx_http_chatws_proofs_set(client, id, &proof);
}


/* Goes on with what the user types; the table counts the connection as ever. */

static void
ngx_http_chatws_parcel_typing(ngx_http_chatws_client_t *client, u_char *p,
    u_char *last)
{
    ngx_str_t                        id;
    ngx_http_chatws_parcel_typist_t  typist;

    while (last - p >= (ssize_t) sizeof(ngx_http_chatws_parcel_typist_t)) {
        ngx_memcpy(&typist, p, sizeof(ngx_http_chatws_parcel_typist_t));
        p += sizeof(ngx_http_chatws_parcel_typist_t);

        if (typist.id > last - p) {
            return;
        }

        id.len = typist.id;
        id.data = p;
        p += id.len;

        ngx_http_chatws_typing_adopt(&client->subscriber, &id, typist.round,
                                     typist.deadline);
    }
}


/*
 * Sends the notifications since the other worker has released the client, and
 * carries the commands since then out.
 */

static void
ngx_http_chatws_parcel_catch_up(ngx_http_chatws_client_t *client,
    ngx_http_chatws_parcel_t *head)
{
    uint64_t                  live;
    ngx_http_chatws_replay_t  replay;

    ngx_http_chatws_replay_init(&replay, client);
    ngx_http_chatws_hub_begin_at(&client->subscriber, head->position);

    live = ngx_http_chatws_replay_walk(&replay, head->position, head->since);

    if (live != CHATWS_OFF_NONE) {
        ngx_http_chatws_replay_send(&replay);
        ngx_http_chatws_hub_begin_at(&client->subscriber, live);
        ngx_http_chatws_users_add(client, live);

    } else {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "notifications missed, reconnect");
    }

    ngx_http_chatws_replay_done(&replay);
}
