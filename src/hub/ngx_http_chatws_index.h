
/*
 * Copyright (C) chatws contributors
 *
 * A hash table of nodes, which are members of the caller's structures.  It
 * doubles when it is full, so that each operation takes constant time on
 * average.  Several nodes may have the same key: the caller goes through them.
 */


#ifndef _NGX_HTTP_CHATWS_INDEX_H_INCLUDED_
#define _NGX_HTTP_CHATWS_INDEX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_http_chatws_node_s  ngx_http_chatws_node_t;


struct ngx_http_chatws_node_s {
    ngx_http_chatws_node_t   *next;
    uint64_t                  key;      /* a hash: its lower bits count */
};


/* the structure whose member a node is */
#define ngx_http_chatws_node_data(node, type, member)                         \
    ((type *) ((u_char *) (node) - offsetof(type, member)))


typedef struct {
    ngx_http_chatws_node_t  **buckets;
    size_t                    mask;     /* buckets - 1, a power of two - 1 */
    size_t                    n;        /* nodes in the table */
} ngx_http_chatws_index_t;


/* Makes an empty table.  NGX_ERROR: there is no memory. */
ngx_int_t ngx_http_chatws_index_init(ngx_http_chatws_index_t *index,
    ngx_log_t *log);

/* Frees the buckets; the nodes are the caller's. */
void ngx_http_chatws_index_done(ngx_http_chatws_index_t *index);

/*
 * Adds a node whose key is set.  It cannot fail: without memory for more
 * buckets the table becomes slower.
 */
void ngx_http_chatws_index_add(ngx_http_chatws_index_t *index,
    ngx_http_chatws_node_t *node, ngx_log_t *log);

/* Removes a node that is in the table. */
void ngx_http_chatws_index_del(ngx_http_chatws_index_t *index,
    ngx_http_chatws_node_t *node);

/* The first node with the key, or NULL. */
ngx_http_chatws_node_t *ngx_http_chatws_index_first(
    ngx_http_chatws_index_t *index, uint64_t key);

/* The next node with the same key, or NULL. */
ngx_http_chatws_node_t *ngx_http_chatws_index_next(
    ngx_http_chatws_node_t *node);


#endif /* _NGX_HTTP_CHATWS_INDEX_H_INCLUDED_ */
