/*
 * tsa_http - a timestamp request over HTTP or HTTPS (RFC 3161, 3.4), by OpenSSL's own client
 *
 * With HTTPS the server must show a certificate of its name by an authority that this system
 * knows, or by one in the section's `certificate`. That is for the connection only: what a token
 * is worth follows from its own signature.
 *
 * The client reads the reply to its end within one time limit for all of it, so a server that
 * sends an octet a second does not hold us longer than one that sends nothing.
 */
#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "db/tsa.h"

struct connection {
    SSL_CTX *tls;
    const char *host, *port;
    int timeout_s;
    bool by_proxy;
};

/* The first error is the one nearest to the cause. */
const char *tsa_reason(char text[200])
{
    const char *data = NULL;
    int flags = 0;
    unsigned long code = ERR_peek_error_all(NULL, NULL, NULL, &data, &flags);
    const char *reason = !code                    ? "no reason given"
                         : ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                                                  : ERR_reason_error_string(code);
    bool detailed = data && *data && (flags & ERR_TXT_STRING);
    snprintf(text, 200, "%s%s%s", reason ? reason : "unknown reason", detailed ? ": " : "",
             detailed ? data : "");
    ERR_clear_error();
    return text;
}

/* SSL_set1_host() takes names only. */
static bool expect_host(SSL *ssl, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
        return true;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static BIO *tls_begin(BIO *bio, const struct connection *c)
{
    if (c->by_proxy &&
        OSSL_HTTP_proxy_connect(bio, c->host, c->port, NULL, NULL, c->timeout_s, NULL, NULL) != 1)
        return NULL;
    SSL *ssl = SSL_new(c->tls);
    BIO *filter = ssl ? BIO_new(BIO_f_ssl()) : NULL;
    if (!filter || !expect_host(ssl, c->host)) {
        BIO_free(filter);
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    BIO_set_ssl(filter, ssl, BIO_CLOSE);
    return BIO_push(filter, bio);
}

/* OSSL_HTTP_bio_cb_t: puts TLS before the connection, and takes it off at the end. */
static BIO *tls_layer(BIO *bio, void *context, int connects, int detail)
{
    const struct connection *c = context;
    (void)detail;
    if (connects)
        return c->tls ? tls_begin(bio, c) : bio;
    if (!c->tls)
        return bio;
    BIO *below = BIO_pop(bio);
    BIO_free(bio);
    return below;
}

static SSL_CTX *tls_context(const char *certificate)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls || SSL_CTX_set_default_verify_paths(tls) != 1 ||
        SSL_CTX_load_verify_file(tls, certificate) != 1 ||
        SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(tls);
        return NULL;
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_AUTO_RETRY);
    return tls;
}

/* Read what the client kept in memory. */
static bool take(BIO *from, struct bytes *reply)
{
    char piece[4096];
    int got;
    while ((got = BIO_read(from, piece, sizeof piece)) > 0)
        if (!bytes_append(reply, piece, (size_t)got))
            return false;
    return true;
}

static enum store_status transfer(const struct tsa *tsa, const struct connection *c,
                                  const char *path, const struct bytes *request,
                                  struct bytes *reply, struct store_error *err)
{
    char reason[200];
    if (request->len > 65536)
        return store_fail(err, STORE_INVALID, "tsa \"%s\": the request is too long", tsa->name);
    BIO *body = BIO_new_mem_buf(request->data, (int)request->len);
    if (!body)
        return store_fail(err, STORE_NO_MEMORY, "out of memory");
    ERR_clear_error();
    BIO *answer =
        OSSL_HTTP_transfer(NULL, c->host, c->port, path, c->tls != NULL, NULL, NULL, NULL, NULL,
                           tls_layer, (void *)(uintptr_t)c, 0, NULL, "application/timestamp-query",
                           body, "application/timestamp-reply", 1, TSA_REPLY_MAX, c->timeout_s, 0);
    BIO_free(body);
    if (!answer)
        return store_fail(err, STORE_BUSY, "tsa \"%s\" (%s) gives no timestamp: %s", tsa->name,
                          tsa->url, tsa_reason(reason));
    bool whole = take(answer, reply);
    BIO_free_all(answer);
    return whole ? STORE_OK : store_fail(err, STORE_NO_MEMORY, "out of memory");
}

enum store_status tsa_post(const struct tsa *tsa, const struct bytes *request, struct bytes *reply,
                           struct store_error *err)
{
    char *host = NULL, *port = NULL, *path = NULL, *query = NULL;
    struct bytes target = {0};
    int tls = 0;
    if (OSSL_HTTP_parse_url(tsa->url, &tls, NULL, &host, &port, NULL, &path, &query, NULL) != 1) {
        ERR_clear_error();
        return store_fail(err, STORE_INVALID, "tsa \"%s\": %s is no HTTP address", tsa->name,
                          tsa->url);
    }
    struct connection c = {.host = host,
                           .port = port,
                           .timeout_s = (int)((tsa->timeout_ms + 999) / 1000),
                           .by_proxy = OSSL_HTTP_adapt_proxy(NULL, NULL, host, tls) != NULL};
    enum store_status st = STORE_OK;
    char reason[200];
    if (tls && !(c.tls = tls_context(tsa->certificate)))
        st = store_fail(err, STORE_INVALID, "tsa \"%s\": no TLS with the certificates of %s: %s",
                        tsa->name, tsa->certificate, tsa_reason(reason));
    if (st == STORE_OK &&
        (!bytes_puts(&target, path) || (query && *query && !bytes_printf(&target, "?%s", query))))
        st = store_fail(err, STORE_NO_MEMORY, "out of memory");
    if (st == STORE_OK)
        st = transfer(tsa, &c, target.data, request, reply, err);
    bytes_free(&target);
    SSL_CTX_free(c.tls);
    OPENSSL_free(host);
    OPENSSL_free(port);
    OPENSSL_free(path);
    OPENSSL_free(query);
    return st;
}
