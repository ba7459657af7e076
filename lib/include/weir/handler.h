/* SPDX-License-Identifier: MIT */
/*
 * Handlers: the functions that do the work, what they are told (weir_context) and how they answer.
 * The mux finds the handler for a task's type.
 */
#ifndef WEIR_HANDLER_H
#define WEIR_HANDLER_H

#include <weir/api.h>
#include <weir/log.h>
#include <weir/task.h>

WEIR_BEGIN_DECLS

typedef struct weir_context weir_context;
typedef struct weir_mux weir_mux;

/* How an attempt ended; what a handler returns. Any other value counts as WEIR_RETRY. */
typedef enum weir_outcome {
    WEIR_DONE = 0,   /* it succeeded */
    WEIR_RETRY,      /* it failed: try again later, or archive it when its retries are used up */
    WEIR_SKIP_RETRY, /* it failed for good: archive it now */
    WEIR_REVOKE,     /* drop it: counted as processed, neither retried nor kept */
    WEIR_SNOOZE /* not now: again at the time given to weir_snooze(), not counted as a failure */
} weir_outcome;

/*
 * Does the work of one task. Runs on one of the server's worker threads; the same function may run
 * on several at once. task and what it points to are valid until the handler returns. `arg` is what
 * was given with the handler. Since 0.1.
 */
typedef weir_outcome (*weir_handler)(weir_context *ctx, const weir_task_info *task, void *arg);

/*
 * Ways to end a handler: `return weir_fail(ctx, "no such user: %d", id);`. The text is stored with
 * the task (UTF-8; other bytes are replaced; cut at 4096 bytes). Only on the handler's thread.
 * Since 0.1.
 */
WEIR_API weir_outcome weir_fail(weir_context *ctx, const char *format, ...)
    WEIR_PRINTF_LIKE(2, 3); /* WEIR_RETRY */
WEIR_API weir_outcome weir_skip_retry(weir_context *ctx, const char *format, ...)
    WEIR_PRINTF_LIKE(2, 3);                                             /* WEIR_SKIP_RETRY */
WEIR_API weir_outcome weir_snooze(weir_context *ctx, int64_t delay_ms); /* WEIR_SNOOZE */

/*
 * Tells whether the handler should stop: 0, WEIR_E_CANCELED (a person cancelled the task, the
 * server stops, or the lease was lost) or WEIR_E_DEADLINE (timeout or deadline passed). Any thread.
 * Since 0.1.
 */
WEIR_API int weir_context_cancelled(const weir_context *ctx);

/* Returns when this attempt must end, ms since 1970, or 0 for never. Any thread. Since 0.1. */
WEIR_API int64_t weir_context_deadline_ms(const weir_context *ctx);

/*
 * Sleeps for timeout_ms, or for ever when negative, but no longer than until the task is cancelled.
 * Returns 0 when the time is over, else as weir_context_cancelled(). Any thread. Since 0.1.
 */
WEIR_API int weir_context_wait(weir_context *ctx, int64_t timeout_ms);

/*
 * Returns a file descriptor that becomes readable when the task is cancelled, for poll() and event
 * loops; made at the first call. Never read from it, write to it or close it. -1 when none could be
 * made. Valid until the handler returns. Any thread. Since 0.1.
 */
WEIR_API int weir_context_fd(weir_context *ctx);

/*
 * Sets the task's result, replacing an earlier one; copied. It is stored with the task when the
 * task succeeds and has a retention. Errors: WEIR_E_TOO_BIG, WEIR_E_NOMEM. Only on the handler's
 * thread. Since 0.1.
 */
WEIR_API int weir_context_set_result(weir_context *ctx, const void *data, size_t len,
                                     weir_error *err);

/*
 * The same, and shows it at once: weir_inspect_task() and others give it as the result of the active task. For progress
 * and parts of a result; each call is a trip to the broker. What was shown last stays with the task when the attempt
 * fails, until another result takes its place. Errors: those of setting; WEIR_E_STALE (the lease is lost, the context
 * is cancelled), WEIR_E_UNSUPPORTED (the broker cannot show it: it is set all the same), those of the broker. Only on the
 * handler's thread. Since 0.1.
 */
WEIR_API int weir_context_show_result(weir_context *ctx, const void *data, size_t len,
                                      weir_error *err);

/* Returns the server's logger. Any thread. Since 0.1. */
WEIR_API weir_logger *weir_context_logger(const weir_context *ctx);

/* ---- mux ---- */

/* The rest of the chain inside a middleware. */
typedef struct weir_next weir_next;

/*
 * Wraps handlers: does something before and after `weir_next_run(next, ctx, task)`, or answers by
 * itself without calling it. Since 0.1.
 */
typedef weir_outcome (*weir_middleware)(weir_context *ctx, const weir_task_info *task,
                                        weir_next *next, void *arg);

/* Runs the rest of the chain, the handler at its end. At most once in a middleware. Since 0.1. */
WEIR_API weir_outcome weir_next_run(weir_next *next, weir_context *ctx, const weir_task_info *task);

/* Makes an empty mux, or returns NULL when memory ran out. Ends with weir_mux_free(). Since 0.1. */
WEIR_API weir_mux *weir_mux_new(void);

/* Frees a mux; no server may use it any more. NULL is allowed. Since 0.1. */
WEIR_API void weir_mux_free(weir_mux *mux);

/*
 * Registers a handler for a pattern. A task goes to the handler whose pattern is its type exactly,
 * else to the longest pattern that its type begins with ("email:" takes "email:deliver"). Not while
 * a server uses the mux. Errors: WEIR_E_INVALID (blank pattern, no handler, pattern taken),
 * WEIR_E_NOMEM. Since 0.1.
 */
WEIR_API int weir_mux_handle(weir_mux *mux, const char *pattern, weir_handler handler, void *arg,
                             weir_error *err);

/*
 * Adds a middleware; the first one added is the outermost. It wraps the not-found handler too. Not
 * while a server uses the mux. Errors: WEIR_E_INVALID, WEIR_E_NOMEM. Since 0.1.
 */
WEIR_API int weir_mux_use(weir_mux *mux, weir_middleware middleware, void *arg, weir_error *err);

/*
 * Replaces what happens to a type without handler; by default the attempt fails with `handler not
 * found for task "TYPE"`. Errors: WEIR_E_INVALID. Since 0.1.
 */
WEIR_API int weir_mux_not_found(weir_mux *mux, weir_handler handler, void *arg, weir_error *err);

/* Tells whether a handler is registered that would take this type. Since 0.1. */
WEIR_API bool weir_mux_matches(const weir_mux *mux, const char *type);

/*
 * Returns the i-th pattern with a handler, in the order in which they were registered, or NULL behind the last. The
 * string is the mux's. Since 0.1.
 */
WEIR_API const char *weir_mux_pattern(const weir_mux *mux, size_t i);

WEIR_END_DECLS

#endif
