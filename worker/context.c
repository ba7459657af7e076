/* SPDX-License-Identifier: MIT */
/*
 * Cancelling sets the code first and looks for a descriptor then; making a descriptor publishes it
 * first and looks at the code then. Both do so under the context's lock, so that a descriptor made during
 * a cancellation is readable too.
 */
#include <config.h>

#include "context.h"
#include "utf8.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    KEPT_RESULT_SIZE = 64 * 1024 /* larger buffers are given back after the attempt */
};

int
weir__context_init(struct weir_context *ctx, weir_logger *logger)
{
    pthread_condattr_t attr;

    memset(ctx, 0, sizeof(*ctx));
    ctx->logger = logger;
    atomic_init(&ctx->cancelled, 0);
    atomic_init(&ctx->cancel_mode, WEIR_CANCEL_NONE);
    atomic_init(&ctx->fd, -1);
    if (pthread_mutex_init(&ctx->lock, NULL) != 0) {
        return WEIR_E_NOMEM;
    }
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&ctx->woken, &attr);
    pthread_condattr_destroy(&attr);
    if (failed) {
        pthread_mutex_destroy(&ctx->lock);
        return WEIR_E_NOMEM;
    }
    return 0;
}

void
weir__context_release(struct weir_context *ctx)
{
    weir__context_end(ctx);
    free(ctx->result);
    pthread_cond_destroy(&ctx->woken);
    pthread_mutex_destroy(&ctx->lock);
}

void
weir__context_begin(struct weir_context *ctx, int64_t deadline_ms)
{
    if (ctx->result_size > KEPT_RESULT_SIZE) {
        free(ctx->result);
        ctx->result = NULL;
        ctx->result_size = 0;
    }
    ctx->deadline_ms = deadline_ms;
    ctx->has_result = false;
    ctx->result_len = 0;
    ctx->has_text = false;
    ctx->snooze_ms = 0;
    atomic_store(&ctx->cancel_mode, WEIR_CANCEL_NONE);
    atomic_store(&ctx->cancelled, 0);
}

void
weir__context_end(struct weir_context *ctx)
{
    if (atomic_load(&ctx->fd) < 0) {
        return;
    }
    pthread_mutex_lock(&ctx->lock);
    close(atomic_exchange(&ctx->fd, -1));
    pthread_mutex_unlock(&ctx->lock);
}

static void
make_readable(int fd)
{
    uint64_t one = 1;

    if (fd >= 0 && write(fd, &one, sizeof(one)) < 0) {
        /* The counter is at its limit, so it is readable already. */
        return;
    }
}

void
weir__context_cancel(struct weir_context *ctx, int code)
{
    int none = 0;

    pthread_mutex_lock(&ctx->lock);
    if (atomic_compare_exchange_strong(&ctx->cancelled, &none, code)) {
        make_readable(atomic_load(&ctx->fd));
        pthread_cond_broadcast(&ctx->woken);
    }
    pthread_mutex_unlock(&ctx->lock);
}

void
weir__context_cancel_as(struct weir_context *ctx, weir_cancel_mode mode)
{
    atomic_store(&ctx->cancel_mode, (int)mode);
    weir__context_cancel(ctx, WEIR_E_CANCELED);
}

int
weir_context_cancelled(const weir_context *ctx)
{
    return atomic_load(&ctx->cancelled);
}

int64_t
weir_context_deadline_ms(const weir_context *ctx)
{
    return ctx->deadline_ms;
}

static struct timespec
time_after(int64_t timeout_ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    if (timeout_ms / 1000 > INT_MAX) {
        timeout_ms = (int64_t)INT_MAX * 1000;
    }
    at.tv_sec += (time_t)(timeout_ms / 1000);
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

int
weir_context_wait(weir_context *ctx, int64_t timeout_ms)
{
    struct timespec until = time_after(timeout_ms > 0 ? timeout_ms : 0);
    int over = 0;

    if (ctx->pass != NULL && atomic_load(&ctx->cancelled) == 0) {
        ctx->pass(ctx->pass_arg, timeout_ms);
        return atomic_load(&ctx->cancelled);
    }
    pthread_mutex_lock(&ctx->lock);
    while (atomic_load(&ctx->cancelled) == 0 && over == 0) {
        over = timeout_ms < 0 ? pthread_cond_wait(&ctx->woken, &ctx->lock)
                              : pthread_cond_timedwait(&ctx->woken, &ctx->lock, &until);
    }
    pthread_mutex_unlock(&ctx->lock);
    return atomic_load(&ctx->cancelled);
}

int
weir_context_fd(weir_context *ctx)
{
    pthread_mutex_lock(&ctx->lock);
    int fd = atomic_load(&ctx->fd);
    if (fd < 0) {
        fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        atomic_store(&ctx->fd, fd);
        if (atomic_load(&ctx->cancelled) != 0) {
            make_readable(fd);
        }
    }
    pthread_mutex_unlock(&ctx->lock);
    return fd;
}

weir_logger *
weir_context_logger(const weir_context *ctx)
{
    return ctx->logger;
}

int
weir_context_set_result(weir_context *ctx, const void *data, size_t len, weir_error *err)
{
    if (len > WEIR_PAYLOAD_MAX) {
        return weir_error_set(err, WEIR_E_TOO_BIG, "a result of %zu bytes is larger than %u", len,
                              WEIR_PAYLOAD_MAX);
    }
    if (len > ctx->result_size || ctx->result == NULL) {
        size_t size = len > 256 ? len : 256;
        char *grown = malloc(size);
        if (grown == NULL) {
            return weir_error_set(err, WEIR_E_NOMEM, NULL);
        }
        free(ctx->result);
        ctx->result = grown;
        ctx->result_size = size;
    }
    if (len > 0) {
        memcpy(ctx->result, data, len);
    }
    ctx->result_len = len;
    ctx->has_result = true;
    return 0;
}

void *
weir__context_take_result(struct weir_context *ctx)
{
    void *result = ctx->result;

    ctx->result = NULL;
    ctx->result_size = 0;
    ctx->has_result = false;
    return result;
}

static void set_text(weir_context *ctx, const char *format, va_list args) WEIR_PRINTF_LIKE(2, 0);

/* The text is cut first and made UTF-8 then: a character that the cut has split is replaced. */
static void
set_text(weir_context *ctx, const char *format, va_list args)
{
    char raw[WEIR__ERROR_TEXT_MAX + 1];

    ctx->has_text = false;
    if (format == NULL || vsnprintf(raw, sizeof(raw), format, args) <= 0) {
        return;
    }
    size_t len = weir__utf8_sanitize(ctx->text, sizeof(ctx->text), raw, strlen(raw));
    ctx->has_text = len > 0;
}

weir_outcome
weir_fail(weir_context *ctx, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_text(ctx, format, args);
    va_end(args);
    return WEIR_RETRY;
}

weir_outcome
weir_skip_retry(weir_context *ctx, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_text(ctx, format, args);
    va_end(args);
    return WEIR_SKIP_RETRY;
}

weir_outcome
weir_snooze(weir_context *ctx, int64_t delay_ms)
{
    ctx->snooze_ms = delay_ms > 0 ? delay_ms : 0;
    return WEIR_SNOOZE;
}

const char *
weir__context_text(const struct weir_context *ctx)
{
    return ctx->has_text ? ctx->text : NULL;
}
