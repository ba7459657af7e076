/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "outage.h"

#include "link.h"

#include <string.h>
#include <time.h>

#define BACKOFF_FIRST_MS 20
#define BACKOFF_MAX_MS 2000
#define BACKOFF_MAX_SHIFT 7
/* A different reason is worth another line, but not more often than this. */
#define RELOG_MS 5000
/* A refusal is over when it was not met for so long. */
#define QUIET_MS 5000

int
weir__redis_outage_init(struct weir__redis_outage *o, const weir_clock *clock, weir_logger *logger,
                        const char *broker, weir_error *err)
{
    pthread_condattr_t attr;
    int rc;

    memset(o, 0, sizeof *o);
    o->clock = clock;
    o->logger = logger;
    o->broker = broker;
    if (pthread_mutex_init(&o->lock, NULL) != 0) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    rc = pthread_condattr_init(&attr);
    if (rc == 0) {
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        rc = pthread_cond_init(&o->changed, &attr);
        pthread_condattr_destroy(&attr);
    }
    if (rc != 0) {
        pthread_mutex_destroy(&o->lock);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return 0;
}

void
weir__redis_outage_release(struct weir__redis_outage *o)
{
    pthread_cond_destroy(&o->changed);
    pthread_mutex_destroy(&o->lock);
}

static int
share_last(const struct weir__redis_outage *o, weir_error *err)
{
    return weir_error_set(err, o->last.code, "%s", o->last.text);
}

static void
wait_until(struct weir__redis_outage *o, int64_t at_ms)
{
    struct timespec t = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};

    pthread_cond_timedwait(&o->changed, &o->lock, &t);
}

/* With the lock: 0 to try, 1 to look again, or the error of another's attempt. */
static int
turn(struct weir__redis_outage *o, bool patient, weir_error *err)
{
    uint64_t attempts = o->attempts;
    int64_t now_ms = weir__redis_now_ms();

    if (!o->away) {
        return 0;
    }
    if (!o->trying && now_ms >= o->retry_at_ms) {
        o->trying = true;
        return 0;
    }
    if (!patient) {
        return share_last(o, err);
    }
    wait_until(o, o->trying ? now_ms + BACKOFF_MAX_MS : o->retry_at_ms);
    return o->attempts != attempts && o->away ? share_last(o, err) : 1;
}

int
weir__redis_outage_enter(struct weir__redis_outage *o, bool patient, weir_error *err)
{
    int rc;

    pthread_mutex_lock(&o->lock);
    do {
        rc = turn(o, patient, err);
    } while (rc > 0);
    pthread_mutex_unlock(&o->lock);
    return rc;
}

static int64_t
backoff_ms(const struct weir__redis_outage *o)
{
    unsigned shift = o->failures < BACKOFF_MAX_SHIFT ? o->failures : BACKOFF_MAX_SHIFT;
    int64_t ms = (int64_t)BACKOFF_FIRST_MS << shift;
    uint32_t random = 0;

    ms = ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
    o->clock->random(o->clock->ctx, &random, sizeof random);
    return ms / 2 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

static void
failed(struct weir__redis_outage *o, int rc, const weir_error *told)
{
    int64_t now_ms = weir__redis_now_ms();
    bool first = !o->away;
    bool is_told = first && !o->met; /* as the error of opening the broker */

    o->last = *told;
    o->last.code = rc;
    o->retry_at_ms = now_ms + backoff_ms(o);
    o->failures++;
    if (first) {
        o->away = true;
        o->since_ms = now_ms;
    }
    bool is_news = !o->is_logged || (rc != o->logged_code && now_ms - o->logged_at_ms >= RELOG_MS);
    if (is_news && !is_told) {
        o->is_logged = true;
        o->logged_code = rc;
        o->logged_at_ms = now_ms;
        weir_log(o->logger, WEIR_LOG_WARN, "redis cannot be used",
                 weir_log_str("broker", o->broker), weir_log_str("error", told->text));
    }
}

static void
succeeded(struct weir__redis_outage *o)
{
    o->met = true;
    if (!o->away) {
        return;
    }
    if (o->is_logged) {
        weir_log(o->logger, WEIR_LOG_INFO, "redis can be used again",
                 weir_log_str("broker", o->broker),
                 weir_log_ms("after", weir__redis_now_ms() - o->since_ms));
    }
    o->away = o->is_logged = false;
    o->failures = 0;
}

void
weir__redis_outage_leave(struct weir__redis_outage *o, int rc, const weir_error *told)
{
    pthread_mutex_lock(&o->lock);
    if (rc == 0) {
        succeeded(o);
    } else {
        failed(o, rc, told);
    }
    o->trying = false;
    o->attempts++;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->lock);
}

int
weir__redis_outage_left_ms(struct weir__redis_outage *o)
{
    int64_t left = 0;

    pthread_mutex_lock(&o->lock);
    if (o->away) {
        left = o->retry_at_ms - weir__redis_now_ms();
        left = left > 1 ? left : 1;
    }
    pthread_mutex_unlock(&o->lock);
    return (int)left;
}

/* ---- refusals ---- */

static struct weir__redis_refusal *
place_of(struct weir__redis_outage *o, const struct weir__redis_meaning *meaning)
{
    struct weir__redis_refusal *unused = NULL;

    for (size_t i = 0; i < WEIR__REDIS_REFUSALS; i++) {
        if (o->refusals[i].meaning == meaning) {
            return &o->refusals[i];
        }
        if (o->refusals[i].meaning == NULL) {
            unused = &o->refusals[i];
        }
    }
    return unused;
}

void
weir__redis_outage_refused(struct weir__redis_outage *o, const struct weir__redis_meaning *meaning,
                           const char *text)
{
    int64_t now_ms = weir__redis_now_ms();

    pthread_mutex_lock(&o->lock);
    struct weir__redis_refusal *place = place_of(o, meaning);
    if (place != NULL && place->meaning == NULL) {
        place->meaning = meaning;
        place->since_ms = now_ms;
        __atomic_add_fetch(&o->refused, 1, __ATOMIC_RELAXED);
        weir_log(o->logger, WEIR_LOG_WARN, "redis refuses commands",
                 weir_log_str("broker", o->broker), weir_log_str("error", text));
    }
    if (place != NULL) {
        place->last_ms = now_ms;
    }
    pthread_mutex_unlock(&o->lock);
}

void
weir__redis_outage_fine(struct weir__redis_outage *o)
{
    int64_t now_ms;

    if (__atomic_load_n(&o->refused, __ATOMIC_RELAXED) == 0) {
        return;
    }
    now_ms = weir__redis_now_ms();
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < WEIR__REDIS_REFUSALS; i++) {
        struct weir__redis_refusal *place = &o->refusals[i];
        if (place->meaning != NULL && now_ms - place->last_ms >= QUIET_MS) {
            weir_log(o->logger, WEIR_LOG_INFO, "redis takes commands again",
                     weir_log_str("broker", o->broker),
                     weir_log_str("was", place->meaning->explain),
                     weir_log_ms("after", now_ms - place->since_ms));
            place->meaning = NULL;
            __atomic_sub_fetch(&o->refused, 1, __ATOMIC_RELAXED);
        }
    }
    pthread_mutex_unlock(&o->lock);
}
