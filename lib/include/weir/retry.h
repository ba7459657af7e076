/* SPDX-License-Identifier: MIT */
/*
 * Retry policies: how long a failed task waits for its next attempt.
 */
#ifndef WEIR_RETRY_H
#define WEIR_RETRY_H

#include <weir/api.h>
#include <weir/clock.h>
#include <weir/error.h>
#include <weir/task.h>

#include <stdint.h>

WEIR_BEGIN_DECLS

/* No policy waits longer than this, 100 years. */
#define WEIR_RETRY_MAX_MS INT64_C(3155760000000)

/*   name            value  text           delay, n = failures before this one */
#define WEIR_RETRY_KIND_MAP(X)                                                                     \
    X(ASYNQ, 0, "asynq")             /* n^4 + 15 + random(0..29) * (n+1) seconds; the default */   \
    X(FIXED, 1, "fixed")             /* base */                                                    \
    X(LINEAR, 2, "linear")           /* base * (n+1) */                                            \
    X(EXPONENTIAL, 3, "exponential") /* base * factor^n */

typedef enum weir_retry_kind {
#define WEIR_RETRY_KIND_ENUM(name, value, text) WEIR_RETRY_KIND_##name = (value),
    WEIR_RETRY_KIND_MAP(WEIR_RETRY_KIND_ENUM)
#undef WEIR_RETRY_KIND_ENUM
} weir_retry_kind;

/* A policy, a plain value; zero-filled it is asynq's formula. Since 0.1. */
typedef struct weir_retry_policy {
    weir_retry_kind kind;
    int64_t base_ms; /* not for asynq. 0 means at once, and then for every attempt */
    int64_t max_ms;  /* no delay is longer; 0: WEIR_RETRY_MAX_MS */
    double factor;   /* exponential only, at least 1; 0: 2 */
    double jitter;   /* 0 to 1: a random part of the delay, up to this share, is left out */
} weir_retry_policy;

/*
 * An application's own rule. Returns the delay in ms; a negative one leaves the choice to the
 * policy. `retried` is the number of failures before this one (0 for the first), `error` the text
 * of this one. Any thread, several at once. Since 0.1.
 */
typedef int64_t (*weir_retry_delay_fn)(int retried, const char *error, const weir_task_info *task,
                                       void *arg);

/*
 * Reads a policy from text: "asynq" or "default" (the same), "fixed:BASE", "linear:BASE[,MAX]" or
 * "exponential:BASE[,FACTOR[,MAX]]", each with ",jitter=SHARE" at the end if wanted; BASE and MAX
 * are lengths of time ("30s"). For example "exponential:1s,2,10m,jitter=0.5".
 * Errors: WEIR_E_INVALID (names the part); *policy is then untouched. Any thread. Since 0.1.
 */
WEIR_API int weir_retry_policy_parse(weir_retry_policy *policy, const char *text, weir_error *err);

/*
 * Returns the delay in ms after the failure that `retried` others came before: 0 to max_ms,
 * whatever the arguments. policy NULL is asynq's formula, clock NULL the system's randomness. Any
 * thread. Since 0.1.
 */
WEIR_API int64_t weir_retry_delay_ms(const weir_retry_policy *policy, const weir_clock *clock,
                                     int retried);

WEIR_END_DECLS

#endif
