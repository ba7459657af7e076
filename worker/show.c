/* SPDX-License-Identifier: MIT */
/*
 * What a handler shows before it ends goes to the broker on the handler's own thread, past the mover: a handler that shows
 * much waits for it, and nobody else does.
 */
#include <config.h>

#include "runtime.h"

int
weir_context_show_result(weir_context *ctx, const void *data, size_t len, weir_error *err)
{
    int code = weir_context_set_result(ctx, data, len, err);

    return code == 0 && ctx->show != NULL ? ctx->show(ctx->show_arg, err) : code;
}

int
weir__slot_show(void *arg, weir_error *err)
{
    struct weir__slot *slot = arg;
    weir_show show = {.claim = &slot->job->claim,
                      .result = slot->context.result,
                      .result_len = slot->context.result_len};
    int code = weir__show(slot->server->broker, &show, 1, err);

    if (code == 0 && show.outcome != 0) {
        code = weir_error_set(err, show.outcome, NULL);
    }
    if (code == WEIR_E_STALE) {
        weir__context_cancel(&slot->context, WEIR_E_CANCELED);
    }
    return code;
}
