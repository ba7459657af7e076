/* SPDX-License-Identifier: MIT */
/*
 * The handshake is made on an SSL object of our own (redisInitiateSSL), because hiredis's own contexts leave
 * no room to set the expected name before it. OpenSSL writes to sockets in a way that raises SIGPIPE,
 * in handshakes and even in reads: it is blocked meanwhile, and only for this thread.
 */
#include <config.h>

#include "tls.h"

#ifndef WEIR_HAVE_HIREDIS_SSL

int
weir__redis_tls_new(struct weir__redis_tls **tls, const struct weir__redis_options *options,
                    weir_error *err)
{
    (void)options;
    *tls = NULL;
    return weir_error_set(err, WEIR_E_UNSUPPORTED,
                          "rediss:// is not possible: this build's hiredis has no TLS (it needs "
                          "hiredis 1.0 or newer with libhiredis_ssl)");
}

void
weir__redis_tls_free(struct weir__redis_tls *tls)
{
    (void)tls;
}

int
weir__redis_tls_start(struct weir__redis_tls *tls, redisContext *ctx, const char *host,
                      const char *where, weir_error *err)
{
    (void)tls;
    (void)ctx;
    (void)host;
    return weir_error_set(err, WEIR_E_UNSUPPORTED, "no TLS to Redis at %s: hiredis has none",
                          where);
}

int
weir__redis_tls_write(redisContext *ctx, bool *done)
{
    (void)ctx;
    *done = false;
    return REDIS_ERR;
}

int
weir__redis_tls_read(redisContext *ctx)
{
    (void)ctx;
    return REDIS_ERR;
}

bool
weir__redis_tls_pending(const redisContext *ctx)
{
    (void)ctx;
    return false;
}

#else

#include <hiredis/hiredis_ssl.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct weir__redis_tls {
    SSL_CTX *ctx;
    const char *name; /* the options' */
};

/* ---- OpenSSL writes without MSG_NOSIGNAL ---- */

struct quiet {
    sigset_t before;
    bool pending; /* somebody else's SIGPIPE, to be left alone */
};

static void
quiet_begin(struct quiet *q)
{
    sigset_t pipe;
    sigset_t pending;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    q->pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &q->before);
}

static void
quiet_end(const struct quiet *q)
{
    const struct timespec none = {0, 0};
    sigset_t pipe;
    sigset_t pending;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    if (!q->pending && sigismember(&pending, SIGPIPE) == 1) {
        sigtimedwait(&pipe, NULL, &none);
    }
    pthread_sigmask(SIG_SETMASK, &q->before, NULL);
}

/* ---- certificates ---- */

/* OpenSSL has no words for the system's errors ("Broken pipe"). */
static const char *
reason(void)
{
    unsigned long error = ERR_peek_last_error();
    const char *text = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error))
                                               : ERR_reason_error_string(error);

    return text != NULL ? text : "unknown error";
}

static int
bad_file(const char *what, const char *file, weir_error *err)
{
    int rc = weir_error_set(err, WEIR_E_CONFIG, "%s %s cannot be used: %s", what, file, reason());

    ERR_clear_error();
    return rc;
}

/* Keys with a pass phrase are refused; nobody is asked on the terminal. */
static int
no_pass_phrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int
load_ca(SSL_CTX *ctx, const char *ca, weir_error *err)
{
    struct stat st;

    if (ca == NULL) {
        return SSL_CTX_set_default_verify_paths(ctx) == 1
                   ? 0
                   : weir_error_set(err, WEIR_E_CONFIG, "the system's certificates: %s", reason());
    }
    bool folder = stat(ca, &st) == 0 && S_ISDIR(st.st_mode);
    if (SSL_CTX_load_verify_locations(ctx, folder ? NULL : ca, folder ? ca : NULL) != 1) {
        return bad_file("tls_ca", ca, err);
    }
    return 0;
}

static int
load_own(SSL_CTX *ctx, const struct weir__redis_options *options, weir_error *err)
{
    if (options->tls_cert == NULL) {
        return 0;
    }
    if (SSL_CTX_use_certificate_chain_file(ctx, options->tls_cert) != 1) {
        return bad_file("tls_cert", options->tls_cert, err);
    }
    SSL_CTX_set_default_passwd_cb(ctx, no_pass_phrase);
    if (SSL_CTX_use_PrivateKey_file(ctx, options->tls_key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1) {
        return bad_file("tls_key", options->tls_key, err);
    }
    return 0;
}

int
weir__redis_tls_new(struct weir__redis_tls **out, const struct weir__redis_options *options,
                    weir_error *err)
{
    struct weir__redis_tls *tls = calloc(1, sizeof *tls);

    *out = NULL;
    if (tls == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    tls->name = options->tls_name;
    tls->ctx = SSL_CTX_new(TLS_client_method());
    if (tls->ctx == NULL) {
        free(tls);
        return weir_error_set(err, WEIR_E_NOMEM, "TLS: %s", reason());
    }
    SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
    int rc = load_ca(tls->ctx, options->tls_ca, err);
    if (rc == 0) {
        rc = load_own(tls->ctx, options, err);
    }
    if (rc != 0) {
        weir__redis_tls_free(tls);
        return rc;
    }
    *out = tls;
    return 0;
}

void
weir__redis_tls_free(struct weir__redis_tls *tls)
{
    if (tls != NULL) {
        SSL_CTX_free(tls->ctx);
        free(tls);
    }
}

/* ---- the handshake ---- */

/* A name is asked for (SNI) and checked; an address is only checked. */
static bool
expect_name(SSL *ssl, const char *name)
{
    unsigned char address[16];

    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static int
shake_hands(redisContext *ctx, SSL *ssl, const char *where, weir_error *err)
{
    struct quiet quiet;

    quiet_begin(&quiet);
    int rc = redisInitiateSSL(ctx, ssl);
    quiet_end(&quiet);
    if (rc == REDIS_OK) {
        return 0;
    }
    long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
        return weir_error_set(err, WEIR_E_AUTH, "the certificate of Redis at %s is refused: %s",
                              where, X509_verify_cert_error_string(verdict));
    }
    return weir_error_set(err, WEIR_E_UNAVAILABLE, "no TLS with Redis at %s: %s", where,
                          ctx->errstr);
}

int
weir__redis_tls_start(struct weir__redis_tls *tls, redisContext *ctx, const char *host,
                      const char *where, weir_error *err)
{
    SSL *ssl = SSL_new(tls->ctx);
    int rc;

    if (ssl == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    if (!expect_name(ssl, tls->name != NULL ? tls->name : host)) {
        rc = weir_error_set(err, WEIR_E_URL, "\"%s\" is no name for a certificate",
                            tls->name != NULL ? tls->name : host);
    } else {
        rc = shake_hands(ctx, ssl, where, err);
    }
    ERR_clear_error();
    if (rc != 0) {
        SSL_free(ssl);
        return rc;
    }
    ctx->privdata = ssl;
    return 0;
}

/* ---- bytes ---- */

/* hiredis has errno only; what OpenSSL says is worth more ("certificate required"). */
static void
explain(redisContext *ctx, int rc)
{
    if (rc != REDIS_OK && ERR_peek_last_error() != 0) {
        snprintf(ctx->errstr, sizeof ctx->errstr, "TLS: %s", reason());
    }
    ERR_clear_error();
}

int
weir__redis_tls_write(redisContext *ctx, bool *done)
{
    struct quiet quiet;
    int all = 0;

    quiet_begin(&quiet);
    int rc = redisBufferWrite(ctx, &all);
    quiet_end(&quiet);
    explain(ctx, rc);
    *done = all != 0;
    return rc;
}

int
weir__redis_tls_read(redisContext *ctx)
{
    struct quiet quiet;

    quiet_begin(&quiet);
    int rc = redisBufferRead(ctx);
    quiet_end(&quiet);
    explain(ctx, rc);
    return rc;
}

bool
weir__redis_tls_pending(const redisContext *ctx)
{
    return SSL_pending(ctx->privdata) > 0;
}

#endif
