
/*
 * Copyright (C) chatws contributors
 *
 * The hash table of nodes.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "hub/ngx_http_chatws_index.h"


#define NGX_HTTP_CHATWS_INDEX_MIN  64


static void ngx_http_chatws_index_grow(ngx_http_chatws_index_t *index,
    ngx_log_t *log);
static ngx_http_chatws_node_t *ngx_http_chatws_index_find(
    ngx_http_chatws_node_t *node, uint64_t key);


ngx_int_t
ngx_http_chatws_index_init(ngx_http_chatws_index_t *index, ngx_log_t *log)
{
    index->buckets = ngx_calloc(NGX_HTTP_CHATWS_INDEX_MIN
                                * sizeof(ngx_http_chatws_node_t *), log);
    if (index->buckets == NULL) {
        return NGX_ERROR;
    }

    index->mask = NGX_HTTP_CHATWS_INDEX_MIN - 1;
    index->n = 0;

    return NGX_OK;
}


void
ngx_http_chatws_index_done(ngx_http_chatws_index_t *index)
{
    ngx_free(index->buckets);
    index->buckets = NULL;
}


void
ngx_http_chatws_index_add(ngx_http_chatws_index_t *index,
    ngx_http_chatws_node_t *node, ngx_log_t *log)
{
    ngx_http_chatws_node_t  **bucket;

    if (index->n > index->mask) {
        ngx_http_chatws_index_grow(index, log);
    }

    bucket = &index->buckets[node->key & index->mask];

    node->next = *bucket;
    *bucket = node;
    index->n++;
}


void
ngx_http_chatws_index_del(ngx_http_chatws_index_t *index,
    ngx_http_chatws_node_t *node)
{
    ngx_http_chatws_node_t  **p;

    p = &index->buckets[node->key & index->mask];

    while (*p != node) {
        p = &(*p)->next;
    }

    *p = node->next;
    index->n--;
}


ngx_http_chatws_node_t *
ngx_http_chatws_index_first(ngx_http_chatws_index_t *index, uint64_t key)
{
    return ngx_http_chatws_index_find(index->buckets[key & index->mask], key);
}


ngx_http_chatws_node_t *
ngx_http_chatws_index_next(ngx_http_chatws_node_t *node)
{
    return ngx_http_chatws_index_find(node->next, node->key);
}


static ngx_http_chatws_node_t *
ngx_http_chatws_index_find(ngx_http_chatws_node_t *node, uint64_t key)
{
    while (node != NULL && node->key != key) {
        node = node->next;
    }

    return node;
}


static void
ngx_http_chatws_index_grow(ngx_http_chatws_index_t *index, ngx_log_t *log)
{
    size_t                    i, size;
    ngx_http_chatws_node_t  **buckets, *next, *node;

    size = (index->mask + 1) * 2;

    buckets = ngx_calloc(size * sizeof(ngx_http_chatws_node_t *), log);
    if (buckets == NULL) {
        return;
    }

    for (i = 0; i <= index->mask; i++) {
        for (node = index->buckets[i]; node != NULL; node = next) {
            next = node->next;
            node->next = buckets[node->key & (size - 1)];
            buckets[node->key & (size - 1)] = node;
        }
    }

    ngx_free(index->buckets);

    index->buckets = buckets;
    index->mask = size - 1;
}
