/* SPDX-License-Identifier: MIT */
/* Results of tasks that still run. */
#include <config.h>

#include "calls.h"

struct show {
    weir_show *items;
    size_t count;
};

static int
run_show(struct weir__tx *tx, void *arg)
{
    struct show *call = arg;
    int code = 0;

    for (size_t i = 0; i < call->count && code == 0; i++) {
        weir_show *item = &call->items[i];
        int changed = 0;

        code = weir__conn_run(tx->conn, WEIR__SQL_show, &changed, "iib", (int64_t)item->claim->ref,
                              (int64_t)item->claim->token, item->result, item->result_len);
        item->outcome = changed > 0 ? 0 : WEIR_E_STALE;
    }
    return code;
}

int
weir__sqlite_show(void *self, int64_t now_ms, weir_show *items, size_t count, weir_error *err)
{
    struct show call = {items, count};
    int code = weir__writer_run(self, run_show, &call, err);

    (void)now_ms;
    for (size_t i = 0; i < count && code != 0; i++)
        items[i].outcome = code;
    return code;
}
