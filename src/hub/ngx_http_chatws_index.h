
/*
 * Copyright (C) chatws contributors
 *
 * A chained hash table of nodes that lie inside the caller's structures.
 * It doubles when it is full, so that every operation takes constant time
 * on average; several nodes may have one key, the caller tells them apart.
 */


#ifndef _NGX_HTTP_CHATWS_INDEX_H_INCLUDED_
#define _NGX_HTTP_CHATWS_INDEX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_http_chatws_node_s  ngx_http_chatws_node_t;


struct ngx_http_chatws_node_s {
    ngx_http_chatws_node_t   *next;
    uint64_t                  key;      /* well mixed by the caller */
};


/* the structure that a node is a member of */
#define ngx_http_chatws_node_data(node, type, member)                         \
    ((type *) ((u_char *) (node) - offsetof(type, member)))


typedef struct {
    ngx_http_chatws_node_t  **buckets;
    size_t                    mask;
    size_t                    n;        /* nodes in the table */
} ngx_http_chatws_index_t;


/* Returns NGX_ERROR when there is no memory. */
ngx_int_t ngx_http_chatws_index_init(ngx_http_chatws_index_t *index,
    ngx_log_t *log);

/* Frees the buckets; the nodes are the caller's. */
void ngx_http_chatws_index_done(ngx_http_chatws_index_t *index);

/* Adds a node whose key is set.  Without memory chains only get longer. */
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
