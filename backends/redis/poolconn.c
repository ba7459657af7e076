/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "poolconn.h"

#include "link.h"
#include "outage.h"
#include "tls.h"
#include "topology.h"

#include <stdlib.h>
#include <time.h>

#define IDLE_MS 60000
#define TRIM_EVERY_MS 10000

struct weir__redis {
    struct weir__redis_options options;
    struct weir__redis_tls *tls;
    struct weir__redis_topology topology;
    struct weir__redis_outage outage;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct weir__redis_conn *idle; /* the last one used first */
    int total;                     /* idle, borrowed, and being made */
    int64_t trim_at_ms;
};

/* ---- opening ---- */

static int
init_lock(struct weir__redis *r)
{
    pthread_condattr_t attr;
    int rc = pthread_mutex_init(&r->lock, NULL);

    if (rc != 0) {
        return rc;
    }
    rc = pthread_condattr_init(&attr);
    if (rc == 0) {
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        rc = pthread_cond_init(&r->freed, &attr);
        pthread_condattr_destroy(&attr);
    }
    if (rc != 0) {
        pthread_mutex_destroy(&r->lock);
    }
    return rc;
}

static int
init_parts(struct weir__redis *r, const weir_backend_open *how, weir_error *err)
{
    int rc = weir__redis_topology_init(&r->topology, &r->options, r->tls, how->logger, err);

    if (rc != 0) {
        return rc;
    }
    rc = weir__redis_outage_init(&r->outage, how->clock, how->logger,
                                 weir__redis_topology_name(&r->topology), err);
    if (rc != 0) {
        goto out_topology;
    }
    if (init_lock(r) != 0) {
        rc = weir_error_set(err, WEIR_E_NOMEM, NULL);
        goto out_outage;
    }
    return 0;
out_outage:
    weir__redis_outage_release(&r->outage);
out_topology:
    weir__redis_topology_release(&r->topology);
    return rc;
}

int
weir__redis_open(struct weir__redis **out, const weir_backend_open *how, weir_error *err)
{
    struct weir__redis *r = calloc(1, sizeof *r);

    *out = NULL;
    if (r == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    int rc = weir__redis_options_init(&r->options, how->url, err);
    if (rc != 0) {
        goto out_free;
    }
    rc = r->options.tls ? weir__redis_tls_new(&r->tls, &r->options, err) : 0;
    if (rc == 0) {
        rc = init_parts(r, how, err);
    }
    if (rc == 0) {
        *out = r;
        return 0;
    }
    weir__redis_tls_free(r->tls);
    weir__redis_options_release(&r->options);
out_free:
    free(r);
    return rc;
}

static void
hang_up_all(struct weir__redis_conn *list)
{
    while (list != NULL) {
        struct weir__redis_conn *next = list->next;
        weir__redis_hang_up(list);
        list = next;
    }
}

void
weir__redis_close(struct weir__redis *r)
{
    if (r == NULL) {
        return;
    }
    hang_up_all(r->idle);
    pthread_cond_destroy(&r->freed);
    pthread_mutex_destroy(&r->lock);
    weir__redis_outage_release(&r->outage);
    weir__redis_topology_release(&r->topology);
    weir__redis_tls_free(r->tls);
    weir__redis_options_release(&r->options);
    free(r);
}

const struct weir__redis_options *
weir__redis_options(const struct weir__redis *r)
{
    return &r->options;
}

/* ---- borrowing ---- */

int
weir__redis_connect(struct weir__redis *r, bool patient, struct weir__redis_conn **conn,
                    weir_error *err)
{
    weir_error told = {0};
    int rc = weir__redis_outage_enter(&r->outage, patient, err);

    *conn = NULL;
    if (rc != 0) {
        return rc;
    }
    rc = weir__redis_topology_dial(&r->topology, conn, &told);
    weir__redis_outage_leave(&r->outage, rc, &told);
    if (rc != 0) {
        return weir_error_set(err, rc, "%s", told.text);
    }
    (*conn)->owner = r;
    return 0;
}

int
weir__redis_retry_ms(struct weir__redis *r)
{
    return weir__redis_outage_left_ms(&r->outage);
}

bool
weir__redis_is_current(struct weir__redis *r, const struct weir__redis_conn *conn)
{
    return conn->epoch >= weir__redis_topology_epoch(&r->topology);
}

static void
leave_pool(struct weir__redis *r, struct weir__redis_conn *conn)
{
    weir__redis_hang_up(conn);
    pthread_mutex_lock(&r->lock);
    r->total--;
    pthread_cond_signal(&r->freed);
    pthread_mutex_unlock(&r->lock);
}

/* *conn is an idle connection, or NULL when a new one may be made (which then counts already). */
static int
take_place(struct weir__redis *r, struct weir__redis_conn **conn, weir_error *err)
{
    int64_t end_ms = weir__redis_now_ms() + r->options.timeout_ms;
    struct timespec end = {.tv_sec = end_ms / 1000, .tv_nsec = end_ms % 1000 * 1000000};
    int rc = 0;

    pthread_mutex_lock(&r->lock);
    while (rc == 0 && r->idle == NULL && r->total >= r->options.max_connections) {
        rc = pthread_cond_timedwait(&r->freed, &r->lock, &end);
    }
    *conn = r->idle;
    if (*conn != NULL) {
        r->idle = (*conn)->next;
        (*conn)->next = NULL;
        rc = 0;
    } else if (rc == 0) {
        r->total++;
    }
    pthread_mutex_unlock(&r->lock);
    return rc == 0 ? 0
                   : weir_error_set(err, WEIR_E_BUSY, "all %d connections to Redis are in use",
                                    r->options.max_connections);
}

int
weir__redis_acquire(struct weir__redis *r, struct weir__redis_conn **conn, weir_error *err)
{
    uint64_t epoch = weir__redis_topology_epoch(&r->topology);

    for (;;) {
        int rc = take_place(r, conn, err);
        if (rc != 0) {
            return rc;
        }
        if (*conn == NULL) {
            break;
        }
        if ((*conn)->epoch >= epoch && !weir__redis_gone(*conn)) {
            return 0;
        }
        leave_pool(r, *conn);
    }
    int rc = weir__redis_connect(r, true, conn, err);
    if (rc != 0) {
        leave_pool(r, NULL);
    }
    return rc;
}

/* With the lock. The list is in order of use, so what is old is at its end. */
static struct weir__redis_conn *
cut_old(struct weir__redis *r, int64_t now_ms)
{
    struct weir__redis_conn **at = &r->idle;
    struct weir__redis_conn *old;

    if (now_ms < r->trim_at_ms) {
        return NULL;
    }
    r->trim_at_ms = now_ms + TRIM_EVERY_MS;
    while (*at != NULL && now_ms - (*at)->idle_since_ms < IDLE_MS) {
        at = &(*at)->next;
    }
    old = *at;
    *at = NULL;
    for (struct weir__redis_conn *c = old; c != NULL; c = c->next) {
        r->total--;
    }
    return old;
}

void
weir__redis_release(struct weir__redis *r, struct weir__redis_conn *conn)
{
    struct weir__redis_conn *old;

    if (conn == NULL) {
        return;
    }
    if (conn->failed || conn->unfit || conn->waiting > 0 || conn->out_len > 0) {
        leave_pool(r, conn);
        return;
    }
    weir__redis_outage_fine(&r->outage);
    conn->extra_ms = 0;
    conn->idle_since_ms = weir__redis_now_ms();
    pthread_mutex_lock(&r->lock);
    conn->next = r->idle;
    r->idle = conn;
    old = cut_old(r, conn->idle_since_ms);
    pthread_cond_signal(&r->freed);
    pthread_mutex_unlock(&r->lock);
    hang_up_all(old);
}

void
weir__redis_note(struct weir__redis *r, struct weir__redis_conn *conn,
                 const struct weir__redis_meaning *meaning, const char *text)
{
    if ((meaning->flags & WEIR__REDIS_MOVED) != 0) {
        weir__redis_topology_moved(&r->topology, conn->epoch);
    }
    if ((meaning->flags & WEIR__REDIS_OUTAGE) != 0) {
        weir__redis_outage_refused(&r->outage, meaning, text);
    }
}
