
/*
 * Copyright (C) chatws contributors
 *
 * chatws_allowed_origins: whose pages may connect, and publish.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_field.h"
#include "endpoint/ngx_http_chatws_origin.h"
#include "endpoint/ngx_http_chatws_response.h"


/* an origin, or the value of "Host", taken apart */

typedef struct {
    ngx_str_t  scheme;
    ngx_str_t  host;
    ngx_str_t  port;    /* empty: that of the scheme */
} ngx_http_chatws_authority_t;


static const char *ngx_http_chatws_origin_fault(ngx_str_t *origin);
static ngx_int_t ngx_http_chatws_is_port(ngx_str_t *port);
static ngx_int_t ngx_http_chatws_made_of(ngx_str_t *text,
    const char *others);
static ngx_int_t ngx_http_chatws_page_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf);
static ngx_int_t ngx_http_chatws_own_site(chatws_str_t *site);
static ngx_int_t ngx_http_chatws_origin_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_str_t *origin);
static ngx_int_t ngx_http_chatws_same_origin(ngx_http_request_t *r,
    ngx_str_t *origin);
static ngx_int_t ngx_http_chatws_split_origin(ngx_str_t *origin,
    ngx_http_chatws_authority_t *authority);
static void ngx_http_chatws_split_host(ngx_str_t *text,
    ngx_http_chatws_authority_t *authority);
static ngx_str_t *ngx_http_chatws_default_port(ngx_str_t *scheme);
static ngx_int_t ngx_http_chatws_equal(ngx_str_t *one, ngx_str_t *other);
static ngx_int_t ngx_http_chatws_wildcard(ngx_str_t *pattern,
    ngx_str_t *text);


/* the value "same" of chatws_allowed_origins */
static ngx_str_t  ngx_http_chatws_same = ngx_string("same");

static ngx_str_t  ngx_http_chatws_http = ngx_string("http");
static ngx_str_t  ngx_http_chatws_https = ngx_string("https");


/* chatws_allowed_origins PATTERN ... */

char *
ngx_http_chatws_origin_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_str_t   *origin, *value;
    ngx_uint_t   i;
    const char  *fault;

    if (cwlcf->origins != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    cwlcf->origins = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                      sizeof(ngx_str_t));
    if (cwlcf->origins == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        fault = ngx_http_chatws_origin_fault(&value[i]);

        if (fault != NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "no page has the origin \"%V\" of \"%V\": %s",
                               &value[i], &value[0], fault);
            return NGX_CONF_ERROR;
        }

        origin = ngx_array_push(cwlcf->origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        *origin = ngx_http_chatws_equal(&value[i], &ngx_http_chatws_same)
                  ? ngx_http_chatws_same : value[i];
    }

    return NGX_CONF_OK;
}


/* Why nothing that a browser sends can match, or NULL: RFC 6454, 6.2. */

static const char *
ngx_http_chatws_origin_fault(ngx_str_t *origin)
{
    ngx_str_t                   *port;
    ngx_http_chatws_authority_t  authority;

    static ngx_str_t             null = ngx_string("null");
    static ngx_str_t             ws = ngx_string("ws");
    static ngx_str_t             wss = ngx_string("wss");

    if (ngx_http_chatws_equal(origin, &ngx_http_chatws_same)
        || ngx_http_chatws_equal(origin, &null))
    {
        return NULL;
    }

    if (!ngx_http_chatws_split_origin(origin, &authority)) {

        /* the asterisk stands for a scheme, too */

        if (origin->len == 0 || origin->data[0] != '*') {
            return "it has to begin with a scheme, as \"https://\" is";
        }

        ngx_str_null(&authority.scheme);
        ngx_http_chatws_split_host(origin, &authority);
    }

    if (ngx_http_chatws_equal(&authority.scheme, &ws)
        || ngx_http_chatws_equal(&authority.scheme, &wss))
    {
        return "its scheme is that of a page, as \"https://\" is";
    }

    if (ngx_strlchr(authority.host.data, origin->data + origin->len, '/')
        != NULL)
    {
        return "it has to end with a host or a port, without a slash";
    }

    if (!ngx_http_chatws_made_of(&authority.scheme, "+-.*")
        || !ngx_http_chatws_made_of(&authority.host,
                                    *authority.host.data == '[' ? "-._*[]:"
                                                                : "-._*"))
    {
        return "it is made of ASCII letters, digits and \"-._*\"";
    }

    if (authority.host.len == 0) {
        return "it has no host";
    }

    if (authority.port.data == NULL) {
        return NULL;
    }

    if (!ngx_http_chatws_is_port(&authority.port)) {
        return "its port is no number";
    }

    port = ngx_http_chatws_default_port(&authority.scheme);

    if (port != NULL && ngx_http_chatws_equal(&authority.port, port)) {
        return "browsers leave out the default port";
    }

    return NULL;
}


static ngx_int_t
ngx_http_chatws_is_port(ngx_str_t *port)
{
    size_t  i;

    for (i = 0; i < port->len; i++) {
        if ((port->data[i] < '0' || port->data[i] > '9')
            && port->data[i] != '*')
        {
            return 0;
        }
    }

    return port->len != 0;
}


/* Whether a text has nothing but letters, digits and these characters. */

static ngx_int_t
ngx_http_chatws_made_of(ngx_str_t *text, const char *others)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < text->len; i++) {
        ch = ngx_tolower(text->data[i]);

        if ((ch < 'a' || ch > 'z')
            && (ch < '0' || ch > '9')
            && ngx_strchr(others, ch) == NULL)
        {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_chatws_check_page(ngx_http_request_t *r,
    const chatws_fault_t **fault)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    static const chatws_fault_t  refused =
        chatws_fault("Origin not allowed",
                              "this server does not serve that origin");

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->origins == NULL || ngx_http_chatws_page_allowed(r, cwlcf)) {
        return NGX_OK;
    }

    *fault = &refused;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_chatws_page_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    chatws_str_t            *origin, *site;
    ngx_http_chatws_walk_t   walk;

    static ngx_str_t         origin_name = ngx_string("origin");
    static ngx_str_t         site_name = ngx_string("sec-fetch-site");

    ngx_http_chatws_walk(&walk, &r->headers_in.headers);
    origin = ngx_http_chatws_next_field(&walk, &origin_name);

    if (origin != NULL) {
        return ngx_http_chatws_next_field(&walk, &origin_name) == NULL
               && ngx_http_chatws_origin_allowed(r, cwlcf,
                                                 (ngx_str_t *) origin);
    }

    /* what has neither is no browser, and could claim any */

    ngx_http_chatws_walk(&walk, &r->headers_in.headers);

    while ((site = ngx_http_chatws_next_field(&walk, &site_name)) != NULL) {

        if (!ngx_http_chatws_own_site(site)) {
            return 0;
        }
    }

    return 1;
}


/* Whether no page of another origin is behind it: Fetch Metadata, 2.3. */

static ngx_int_t
ngx_http_chatws_own_site(chatws_str_t *site)
{
    ngx_uint_t                 i;

    static const chatws_str_t  own[] = {
        chatws_str("same-origin"),
        chatws_str("none")
    };

    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {

        if (site->len == own[i].len
            && ngx_strncmp(site->data, own[i].data, own[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_chatws_origin_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_str_t *origin)
{
    ngx_str_t   *patterns;
    ngx_uint_t   i;

    patterns = cwlcf->origins->elts;

    for (i = 0; i < cwlcf->origins->nelts; i++) {

        if (patterns[i].data == ngx_http_chatws_same.data
            ? ngx_http_chatws_same_origin(r, origin)
            : ngx_http_chatws_wildcard(&patterns[i], origin))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Whether the page is of the host, and port, that the request is sent to.  The
 * scheme is compared where it is known: another server may have ended TLS.
 */

static ngx_int_t
ngx_http_chatws_same_origin(ngx_http_request_t *r, ngx_str_t *origin)
{
    ngx_str_t                    text, *port;
    ngx_http_chatws_authority_t  host, page;

    if (!ngx_http_chatws_split_origin(origin, &page)
        || (ngx_http_chatws_tls(r->connection)
            && !ngx_http_chatws_equal(&page.scheme, &ngx_http_chatws_https)))
    {
        return 0;
    }

    port = ngx_http_chatws_default_port(&page.scheme);
    if (port == NULL) {
        return 0;
    }

    if (r->headers_in.host != NULL) {
        text = r->headers_in.host->value;

    } else {
        /* of ":authority" */
        text.data = r->host_start;
        text.len = r->host_end - r->host_start;
    }

    ngx_http_chatws_split_host(&text, &host);

    return host.host.len != 0
           && ngx_http_chatws_equal(&host.host, &page.host)
           && ngx_http_chatws_equal(host.port.len ? &host.port : port,
                                    page.port.len ? &page.port : port);
}


/* Returns whether there is a scheme. */

static ngx_int_t
ngx_http_chatws_split_origin(ngx_str_t *origin,
    ngx_http_chatws_authority_t *authority)
{
    u_char     *p;
    ngx_str_t   rest;

    p = ngx_strnstr(origin->data, "://", origin->len);

    if (p == NULL || p == origin->data) {
        return 0;
    }

    authority->scheme.data = origin->data;
    authority->scheme.len = p - origin->data;

    rest.data = p + 3;
    rest.len = origin->data + origin->len - rest.data;

    ngx_http_chatws_split_host(&rest, authority);

    return 1;
}


/* An IPv6 address has colons in brackets. */

static void
ngx_http_chatws_split_host(ngx_str_t *text,
    ngx_http_chatws_authority_t *authority)
{
    size_t  i;

    authority->host = *text;
    ngx_str_null(&authority->port);

    for (i = text->len; i-- > 0; /* void */ ) {

        if (text->data[i] == ']') {
            return;
        }

        if (text->data[i] == ':') {
            authority->host.len = i;
            authority->port.data = text->data + i + 1;
            authority->port.len = text->len - i - 1;
            return;
        }
    }
}


static ngx_str_t *
ngx_http_chatws_default_port(ngx_str_t *scheme)
{
    static ngx_str_t  http = ngx_string("80");
    static ngx_str_t  https = ngx_string("443");

    if (ngx_http_chatws_equal(scheme, &ngx_http_chatws_http)) {
        return &http;
    }

    if (ngx_http_chatws_equal(scheme, &ngx_http_chatws_https)) {
        return &https;
    }

    return NULL;
}


static ngx_int_t
ngx_http_chatws_equal(ngx_str_t *one, ngx_str_t *other)
{
    return one->len == other->len
           && ngx_strncasecmp(one->data, other->data, one->len) == 0;
}


/* "*" stands for any characters; letters match in either case. */

static ngx_int_t
ngx_http_chatws_wildcard(ngx_str_t *pattern, ngx_str_t *text)
{
    size_t  p, resume, star, t;

    p = 0;
    t = 0;
    star = pattern->len;
    resume = 0;

    while (t < text->len) {

        if (p < pattern->len && pattern->data[p] == '*') {
            star = p++;
            resume = t;

        } else if (p < pattern->len
                   && ngx_tolower(pattern->data[p])
                      == ngx_tolower(text->data[t]))
        {
            p++;
            t++;

        } else if (star < pattern->len) {
            p = star + 1;
            t = ++resume;

        } else {
            return 0;
        }
    }

    while (p < pattern->len && pattern->data[p] == '*') {
        p++;
    }

    return p == pattern->len;
}
