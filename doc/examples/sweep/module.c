/* SPDX-License-Identifier: MIT */
/*
 * The module "sweep": task type sweep:account, payload {"account_id": 7}. Collects what is on an account into
 * the main one. The ledger's reference is the task's queue and id, so a task that runs again after a
 * crash moves nothing again.
 *
 * Options: {"database": "ledger.db", "main_account": 1}
 */
#include "ledger.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/module.h>

struct sweeper {
    json_t *root;
    const char *database;
    json_int_t main_account;
};

static int
read_account(const weir_task_info *task, json_int_t *account, weir_error *err)
{
    json_error_t error;
    json_t *root = json_loadb(task->payload == NULL ? "" : task->payload, task->payload_len,
                              JSON_REJECT_DUPLICATES, &error);
    int result = 0;

    if (root == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "malformed payload: line %d column %d: %s",
                              error.line, error.column, error.text);
    }
    if (json_unpack_ex(root, &error, 0, "{s:I}", "account_id", account) != 0) {
        result = weir_error_set(err, WEIR_E_INVALID, "malformed payload: %s", error.text);
    }
    json_decref(root);
    return result;
}

static int
sweep(const struct sweeper *sweeper, const weir_task_info *task, int64_t *moved_cents, bool *is_new,
      weir_error *err)
{
    char reference[2 * WEIR_ID_SIZE];
    json_int_t account;
    int result = read_account(task, &account, err);

    if (result != 0) {
        return result;
    }
    snprintf(reference, sizeof(reference), "%s/%s", task->queue, task->id);
    return ledger_sweep(sweeper->database, account, sweeper->main_account, reference, moved_cents,
                        is_new, err);
}

static weir_outcome
sweep_account(weir_context *ctx, const weir_task_info *task, void *arg)
{
    char text[64];
    int64_t moved_cents = 0;
    bool is_new = false;
    weir_error err = {0};
    int result = sweep(arg, task, &moved_cents, &is_new, &err);

    if (result == WEIR_E_INVALID) {
        return weir_skip_retry(ctx, "%s", err.text);
    }
    if (result != 0) {
        return weir_fail(ctx, "%s", err.text);
    }

    int len = snprintf(text, sizeof(text), "{\"moved_cents\":%" PRId64 ",\"new\":%s}", moved_cents,
                       is_new ? "true" : "false");

    weir_context_set_result(ctx, text, (size_t)len, NULL);
    return WEIR_DONE;
}

static void
sweep_fini(void *state)
{
    struct sweeper *sweeper = state;

    json_decref(sweeper->root);
    free(sweeper);
}

static int
read_options(struct sweeper *sweeper, const char *text, weir_error *err)
{
    json_error_t error;

    sweeper->root = json_loads(text == NULL ? "{}" : text, JSON_REJECT_DUPLICATES, &error);
    if (sweeper->root == NULL ||
        json_unpack_ex(sweeper->root, &error, JSON_STRICT, "{s:s, s:I}", "database",
                       &sweeper->database, "main_account", &sweeper->main_account) != 0) {
        return weir_error_set(err, WEIR_E_CONFIG, "options: %s", error.text);
    }
    return 0;
}

static int
sweep_init(weir_mux *mux, const char *options, weir_logger *logger, void **state, weir_error *err)
{
    struct sweeper *sweeper = calloc(1, sizeof(*sweeper));

    (void)logger;
    if (sweeper == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }

    int result = read_options(sweeper, options, err);

    if (result == 0) {
        result = weir_mux_handle(mux, "sweep:account", sweep_account, sweeper, err);
    }
    if (result != 0) {
        sweep_fini(sweeper);
        return result;
    }
    *state = sweeper;
    return 0;
}

WEIR_MODULE_EXPORT const weir_module weir_module_entry = {
    .abi = WEIR_MODULE_ABI,
    .name = "sweep",
    .init = sweep_init,
    .fini = sweep_fini,
};
