/* SPDX-License-Identifier: MIT */
/*
 * The module "email": task type email:deliver. Reads the payload, looks the user up, renders the message and
 * delivers it. What each step reports decides how the attempt ends: WEIR_E_INVALID (the task itself is
 * wrong, no later attempt can mend it) archives the task at once, every other error leads to a retry.
 *
 * A task may run more than once (after a crash). The Message-ID and the file's name in a Maildir come from the
 * task, so that a Maildir gets a message once, and a mail server's users can at least tell.
 */
#include "mime.h"
#include "maildir.h"
#include "options.h"
#include "payload.h"
#include "user.h"
#ifdef EMAIL_WITH_SMTP
#include "smtp.h"
#include <curl/curl.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weir/module.h>

#define SMTP_TIMEOUT_MS (60 * 1000)

/* One attempt of one task, step by step. */
struct attempt {
    const struct options *options;
    weir_context *ctx;
    const weir_task_info *task;
    struct payload payload;
    struct user user;
    char key[MIME_KEY_SIZE];
    char *text;
    size_t len;
    bool is_new;
};

static int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The date is the task's where it is known, so that each attempt renders the same message. */
static int
render(struct attempt *a, weir_error *err)
{
    const struct mime_message message = {
        .key = a->key,
        .from_name = a->options->from_name,
        .from_address = a->options->from,
        .to_name = a->user.name,
        .to_address = a->user.address,
        .subject = a->payload.subject,
        .body = a->payload.body != NULL ? a->payload.body : a->payload.subject,
        .date_ms = a->task->enqueued_at_ms > 0 ? a->task->enqueued_at_ms : now_ms(),
    };

    return mime_render(&message, a->options->smtp != NULL ? "\r\n" : "\n", &a->text, &a->len, err);
}

#ifdef EMAIL_WITH_SMTP
static int
is_cancelled(const void *ctx)
{
    return weir_context_cancelled(ctx);
}

static int
deliver_smtp(struct attempt *a, weir_error *err)
{
    int64_t deadline_ms = weir_context_deadline_ms(a->ctx);
    int64_t left_ms = deadline_ms > 0 ? deadline_ms - now_ms() : SMTP_TIMEOUT_MS;
    const struct smtp_job job = {
        .url = a->options->smtp,
        .from = a->options->from,
        .to = a->user.address,
        .text = a->text,
        .len = a->len,
        .timeout_ms = left_ms < 1                 ? 1
                      : left_ms < SMTP_TIMEOUT_MS ? left_ms
                                                  : SMTP_TIMEOUT_MS,
        .is_cancelled = is_cancelled,
        .arg = a->ctx,
    };

    a->is_new = true;
    return smtp_send(&job, err);
}
#else
static int
deliver_smtp(struct attempt *a, weir_error *err)
{
    (void)a;
    return weir_error_set(err, WEIR_E_UNSUPPORTED, "this build is without libcurl");
}
#endif

static int
deliver(struct attempt *a, weir_error *err)
{
    if (a->options->smtp != NULL) {
        return deliver_smtp(a, err);
    }
    return maildir_deliver(a->options->maildir, a->key, a->text, a->len, &a->is_new, err);
}

static int
run(struct attempt *a, weir_error *err)
{
    int result = payload_parse(&a->payload, a->task, err);

    if (result == 0) {
        result = mime_key(a->key, a->task->queue, a->task->id, err);
    }
    if (result == 0) {
        result = user_find(&a->user, a->options->database, a->payload.user_id, err);
    }
    if (result == 0) {
        result = render(a, err);
    }
    return result == 0 ? deliver(a, err) : result;
}

static weir_outcome
report(struct attempt *a, int result, const weir_error *err)
{
    char text[MIME_KEY_SIZE + 64];

    if (result == WEIR_E_INVALID) {
        return weir_skip_retry(a->ctx, "%s", err->text);
    }
    if (result != 0) {
        return weir_fail(a->ctx, "%s", err->text);
    }

    int len = snprintf(text, sizeof(text), "{\"message\":\"%s\",\"new\":%s}", a->key,
                       a->is_new ? "true" : "false");

    weir_context_set_result(a->ctx, text, (size_t)len, NULL);
    return WEIR_DONE;
}

static weir_outcome
email_deliver(weir_context *ctx, const weir_task_info *task, void *arg)
{
    struct attempt attempt = {.options = arg, .ctx = ctx, .task = task};
    weir_error err = {0};
    int result = run(&attempt, &err);
    weir_outcome outcome = report(&attempt, result, &err);

    free(attempt.text);
    user_release(&attempt.user);
    payload_release(&attempt.payload);
    return outcome;
}

static void
email_fini(void *state)
{
    options_release(state);
    free(state);
#ifdef EMAIL_WITH_SMTP
    curl_global_cleanup();
#endif
}

static int
email_init(weir_mux *mux, const char *text, weir_logger *logger, void **state, weir_error *err)
{
    struct options *options = calloc(1, sizeof(*options));

    (void)logger;
    if (options == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
#ifdef EMAIL_WITH_SMTP
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(options);
        return weir_error_set(err, WEIR_E_MODULE, "libcurl cannot be used");
    }
#endif

    int result = options_parse(options, text, err);

    if (result == 0 && options->maildir != NULL) {
        result = maildir_prepare(options->maildir, err);
    }
    if (result == 0) {
        result = weir_mux_handle(mux, "email:deliver", email_deliver, options, err);
    }
    if (result != 0) {
        email_fini(options);
        return result;
    }
    *state = options;
    return 0;
}

WEIR_MODULE_EXPORT const weir_module weir_module_entry = {
    .abi = WEIR_MODULE_ABI,
    .name = "email",
    .init = email_init,
    .fini = email_fini,
};
