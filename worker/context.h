/* SPDX-License-Identifier: MIT */
/*
 * The context of one attempt: what a handler is told, and what it answers beside its outcome.
 *
 * A context belongs to a slot and serves one attempt after the other. The attempt's end is told by a code that
 * is set once and read without a lock; waiting and the file descriptor hang on a lock of the
 * context's own, which is taken after the server's where both are held.
 */
#ifndef WEIR_WORKER_CONTEXT_H
#define WEIR_WORKER_CONTEXT_H

#include <weir/handler.h>
#include <weir/inspector.h>

#include <pthread.h>
#include <stdatomic.h>

#define WEIR__ERROR_TEXT_MAX 4096 /* bytes of an error text that is stored with a task */

struct weir_context {
    weir_logger *logger;
    int64_t deadline_ms; /* of this attempt, wall clock; 0: none */
    atomic_int cancelled;
    atomic_int cancel_mode; /* weir_cancel_mode */
    atomic_int fd;          /* -1: not made */
    pthread_mutex_t lock;
    pthread_cond_t woken; /* monotonic clock */
    char *result;
    size_t result_len;
    size_t result_size;
    bool has_result;
    bool has_text;
    int64_t snooze_ms;
    int (*show)(void *arg,
                weir_error *err); /* stores the result as it is; NULL: nobody would see it */
    void *show_arg;
    void (*pass)(void *arg,
                 int64_t timeout_ms); /* waits in place of the context; NULL: it sleeps */
    void *pass_arg;
    char text[WEIR__ERROR_TEXT_MAX + 1];
};

/* 0 or WEIR_E_NOMEM. */
int weir__context_init(struct weir_context *ctx, weir_logger *logger);
void weir__context_release(struct weir_context *ctx);

/* Begins an attempt: nothing cancelled, nothing answered. No one else may use the context. */
void weir__context_begin(struct weir_context *ctx, int64_t deadline_ms);

/* Ends an attempt: the descriptor is closed, so that nobody's event loop hears of later ones. */
void weir__context_end(struct weir_context *ctx);

/* Cancels the attempt with WEIR_E_CANCELED or WEIR_E_DEADLINE; the first reason stays. Any thread. */
void weir__context_cancel(struct weir_context *ctx, int code);

/* The same with WEIR_E_CANCELED, by a person who says what becomes of the task. Any thread. */
void weir__context_cancel_as(struct weir_context *ctx, weir_cancel_mode mode);

/* The buffer of the result, which is the caller's to free from then on. */
void *weir__context_take_result(struct weir_context *ctx);

/* The text of the handler's failure, or NULL. */
const char *weir__context_text(const struct weir_context *ctx);

#endif
