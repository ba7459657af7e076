/* SPDX-License-Identifier: MIT */
/* One list of what is kept, behind a mutex. */
#include <config.h>

#include "keep.h"

#include <pthread.h>
#include <stdlib.h>

struct kept {
    struct kept *next;
    weir_claim claim; /* task NULL: none */
    weir_task_info *task;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct kept *first;

static struct kept *
keep(void)
{
    struct kept *kept = calloc(1, sizeof(*kept));

    if (kept == NULL)
        abort();
    pthread_mutex_lock(&mutex);
    kept->next = first;
    first = kept;
    pthread_mutex_unlock(&mutex);
    return kept;
}

weir_claim *
keep_claim(const weir_claim *claim)
{
    struct kept *kept = keep();

    kept->claim = *claim;
    return &kept->claim;
}

const weir_task_info *
keep_task(weir_task_info *task)
{
    keep()->task = task;
    return task;
}

void
keep_free(void)
{
    while (first != NULL) {
        struct kept *kept = first;

        first = kept->next;
        if (kept->claim.task != NULL)
            weir__claim_release(&kept->claim);
        weir_task_info_free(kept->task);
        free(kept);
    }
}
