
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_allowed_origins: the origins whose pages may connect and
 * publish.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_field.h"
#include "endpoint/ngx_http_chatws_origin.h"
#include "endpoint/ngx_http_chatws_response.h"


/* The parts of an origin, or of the value of "Host". */

typedef struct {
    ngx_str_t  scheme;
    ngx_str_t  host;
    ngx_str_t  port;    /* empty: that of the scheme */
} ngx_http_chatws_authority_t;


static const char *ngx_http_chatws_origin_fault(ngx_str_t *origin);
static ngx_int_t ngx_http_chatws_origin_is_port(ngx_str_t *port);
static ngx_int_t ngx_http_chatws_origin_is_made_of(ngx_str_t *text,
    const char *others);
static ngx_int_t ngx_http_chatws_origin_is_page_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf);
static ngx_int_t ngx_http_chatws_origin_is_site_own(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_origin_is_own_site(chatws_str_t *site);
static ngx_int_t ngx_http_chatws_origin_is_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_str_t *origin);
static ngx_int_t ngx_http_chatws_origin_is_same(ngx_http_request_t *r,
    ngx_str_t *origin);
static ngx_int_t ngx_http_chatws_origin_split(ngx_str_t *origin,
    ngx_http_chatws_authority_t *authority);
static void ngx_http_chatws_origin_split_host(ngx_str_t *text,
    ngx_http_chatws_authority_t *authority);
static ngx_str_t *ngx_http_chatws_origin_default_port(ngx_str_t *scheme);
static ngx_int_t ngx_http_chatws_origin_equal(ngx_str_t *one, ngx_str_t *other);
static ngx_int_t ngx_http_chatws_origin_match(ngx_str_t *pattern,
    ngx_str_t *text);


/* the value "same" of chatws_allowed_origins */
static ngx_str_t  ngx_http_chatws_origin_same = ngx_string("same");

static ngx_str_t  ngx_http_chatws_origin_http = ngx_string("http");
static ngx_str_t  ngx_http_chatws_origin_https = ngx_string("https");

static ngx_str_t  ngx_http_chatws_origin_name = ngx_string("origin");
static ngx_str_t  ngx_http_chatws_origin_site = ngx_string("sec-fetch-site");

static const chatws_fault_t  ngx_http_chatws_origin_refused =
    chatws_fault("Origin not allowed",
                 "this server does not serve that origin");


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

        *origin = ngx_http_chatws_origin_equal(&value[i],
                                               &ngx_http_chatws_origin_same)
                  ? ngx_http_chatws_origin_same : value[i];
    }

    return NGX_CONF_OK;
}


/*
 * Returns NULL, or why a pattern can't match an origin as browsers write it:
 * RFC 6454, section 6.2.
 */

static const char *
ngx_http_chatws_origin_fault(ngx_str_t *origin)
{
    ngx_str_t                   *port;
    ngx_http_chatws_authority_t  authority;

    static ngx_str_t             null = ngx_string("null");
    static ngx_str_t             ws = ngx_string("ws");
    static ngx_str_t             wss = ngx_string("wss");

    if (ngx_http_chatws_origin_equal(origin, &ngx_http_chatws_origin_same)
        || ngx_http_chatws_origin_equal(origin, &null))
    {
        return NULL;
    }

    if (!ngx_http_chatws_origin_split(origin, &authority)) {

        /* "*" at the beginning matches any scheme with the rest of it */

        if (origin->len == 0 || origin->data[0] != '*') {
            return "it has to begin with a scheme, as \"https://\" is";
        }

        ngx_str_null(&authority.scheme);
        ngx_http_chatws_origin_split_host(origin, &authority);
    }

    if (ngx_http_chatws_origin_equal(&authority.scheme, &ws)
        || ngx_http_chatws_origin_equal(&authority.scheme, &wss))
    {
        return "its scheme is that of a page, as \"https://\" is";
    }

    if (ngx_strlchr(authority.host.data, origin->data + origin->len, '/')
        != NULL)
    {
        return "it has to end with a host or a port, without a slash";
    }

    if (!ngx_http_chatws_origin_is_made_of(&authority.scheme, "+-.*")
        || !ngx_http_chatws_origin_is_made_of(&authority.host,
                                              *authority.host.data == '['
                                              ? "-._*[]:" : "-._*"))
    {
        return "it is made of ASCII letters, digits and \"-._*\"";
    }

    if (authority.host.len == 0) {
        return "it has no host";
    }

    if (authority.port.data == NULL) {
        return NULL;
    }

    if (!ngx_http_chatws_origin_is_port(&authority.port)) {
        return "its port is no number";
    }

    port = ngx_http_chatws_origin_default_port(&authority.scheme);

    if (port != NULL && ngx_http_chatws_origin_equal(&authority.port, port)) {
        return "browsers leave out the default port";
    }

    return NULL;
}


/* Whether a text consists of digits and "*". */

static ngx_int_t
ngx_http_chatws_origin_is_port(ngx_str_t *port)
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


/* Whether a text consists of letters, digits, and the other characters. */

static ngx_int_t
ngx_http_chatws_origin_is_made_of(ngx_str_t *text, const char *others)
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
ngx_http_chatws_origin_check(ngx_http_request_t *r,
    const chatws_fault_t **fault)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->origins == NULL
        || ngx_http_chatws_origin_is_page_allowed(r, cwlcf))
    {
        return NGX_OK;
    }

    *fault = &ngx_http_chatws_origin_refused;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_chatws_origin_is_page_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    chatws_str_t                 *origin;
    ngx_http_chatws_field_walk_t  walk;

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);
    origin = ngx_http_chatws_field_next(&walk, &ngx_http_chatws_origin_name);

    if (origin != NULL) {
        return ngx_http_chatws_field_next(&walk,
                                          &ngx_http_chatws_origin_name) == NULL
               && ngx_http_chatws_origin_is_allowed(r, cwlcf,
                                                    (ngx_str_t *) origin);
    }

    /* a client with neither field is no browser, and could send any origin */

    return ngx_http_chatws_origin_is_site_own(r);
}


ngx_int_t
ngx_http_chatws_origin_check_api(ngx_http_request_t *r,
    const chatws_fault_t **fault)
{
    chatws_str_t                 *origin;
    ngx_http_chatws_loc_conf_t   *cwlcf;
    ngx_http_chatws_field_walk_t  walk;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    *fault = &ngx_http_chatws_origin_refused;

    if (!ngx_http_chatws_origin_is_site_own(r)) {
        return NGX_DECLINED;
    }

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);

    while ((origin = ngx_http_chatws_field_next(&walk,
                                              &ngx_http_chatws_origin_name))
           != NULL)
    {
        if (!ngx_http_chatws_origin_is_same(r, (ngx_str_t *) origin)
            && (cwlcf->origins == NULL
                || !ngx_http_chatws_origin_is_allowed(r, cwlcf,
                                                      (ngx_str_t *) origin)))
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* Whether no page of another origin has made the request. */

static ngx_int_t
ngx_http_chatws_origin_is_site_own(ngx_http_request_t *r)
{
    chatws_str_t                 *site;
    ngx_http_chatws_field_walk_t  walk;

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);

    while ((site = ngx_http_chatws_field_next(&walk,
                                              &ngx_http_chatws_origin_site))
           != NULL)
    {
        if (!ngx_http_chatws_origin_is_own_site(site)) {
            return 0;
        }
    }

    return 1;
}


/*
 * Whether a value of "Sec-Fetch-Site" says that the request is not made by a
 * page of another origin: W3C Fetch Metadata Request Headers, section 2.3.
 */

static ngx_int_t
ngx_http_chatws_origin_is_own_site(chatws_str_t *site)
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
ngx_http_chatws_origin_is_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_str_t *origin)
{
    ngx_str_t   *patterns;
    ngx_uint_t   i;

    patterns = cwlcf->origins->elts;

    for (i = 0; i < cwlcf->origins->nelts; i++) {

        if (patterns[i].data == ngx_http_chatws_origin_same.data
            ? ngx_http_chatws_origin_is_same(r, origin)
            : ngx_http_chatws_origin_match(&patterns[i], origin))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Whether an origin has the host and the port to which the request was sent.
 * The scheme is compared only where TLS ends here; where it does not, a server
 * in front may have ended it.
 */

static ngx_int_t
ngx_http_chatws_origin_is_same(ngx_http_request_t *r, ngx_str_t *origin)
{
    ngx_str_t                    text, *port;
    ngx_http_chatws_authority_t  host, page;

    if (!ngx_http_chatws_origin_split(origin, &page)
        || (ngx_http_chatws_tls(r->connection)
            && !ngx_http_chatws_origin_equal(&page.scheme,
                                             &ngx_http_chatws_origin_https)))
    {
        return 0;
    }

    port = ngx_http_chatws_origin_default_port(&page.scheme);
    if (port == NULL) {
        return 0;
    }

    if (r->headers_in.host != NULL) {
        text = r->headers_in.host->value;

    } else {
        /* the pseudo-header field ":authority" of HTTP/2 and HTTP/3 */
        text.data = r->host_start;
        text.len = r->host_end - r->host_start;
    }

    ngx_http_chatws_origin_split_host(&text, &host);

    return host.host.len != 0
           && ngx_http_chatws_origin_equal(&host.host, &page.host)
           && ngx_http_chatws_origin_equal(host.port.len ? &host.port : port,
                                           page.port.len ? &page.port : port);
}


/* Takes an origin apart.  Returns 1, or 0: it has no scheme. */

static ngx_int_t
ngx_http_chatws_origin_split(ngx_str_t *origin,
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

    ngx_http_chatws_origin_split_host(&rest, authority);

    return 1;
}


/* Takes a host and a port apart; colons of an IPv6 address are in brackets. */

static void
ngx_http_chatws_origin_split_host(ngx_str_t *text,
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


/* Returns the default port of a scheme, or NULL. */

static ngx_str_t *
ngx_http_chatws_origin_default_port(ngx_str_t *scheme)
{
    static ngx_str_t  http = ngx_string("80");
    static ngx_str_t  https = ngx_string("443");

    if (ngx_http_chatws_origin_equal(scheme, &ngx_http_chatws_origin_http)) {
        return &http;
    }

    if (ngx_http_chatws_origin_equal(scheme, &ngx_http_chatws_origin_https)) {
        return &https;
    }

    return NULL;
}


static ngx_int_t
ngx_http_chatws_origin_equal(ngx_str_t *one, ngx_str_t *other)
{
    return one->len == other->len
           && ngx_strncasecmp(one->data, other->data, one->len) == 0;
}


/*
 * Whether a pattern matches a text: "*" stands for any characters, and letters
 * match in either case.
 */

static ngx_int_t
ngx_http_chatws_origin_match(ngx_str_t *pattern, ngx_str_t *text)
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
