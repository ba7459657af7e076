/* SPDX-License-Identifier: MIT */
/*
 * Each task is an order of its own, so that what is refused never stops the rest.
 */
#include <config.h>

#include "task_ids.h"

#include "outcomes.h"
#include "task_find.h"

struct each {
    weir_inspector *inspector;
    const char *queue; /* NULL: look for it */
    task_ids_fn act;
    void *arg;
    struct outcomes outcomes;
};

static void
act_on(struct each *each, const char *id)
{
    weir_task_list *found = NULL;
    weir_error why = {0};
    struct outcome outcome = {.name = id, .queue = each->queue, .why = why.text};

    if (outcome.queue == NULL) {
        outcome.rc = task_find(each->inspector, NULL, id, &found, &why);
        outcome.queue = outcome.rc == 0 ? found->items[0]->queue : NULL;
    }
    if (outcome.rc == 0) {
        outcome.rc = each->act(each->inspector, outcome.queue, id, each->arg, &why);
    }
    outcomes_add(&each->outcomes, &outcome);
    weir_task_list_free(found);
}

int
task_ids_each(struct session *session, const struct task_ids *ids, char **words, int count,
              const char *done, task_ids_fn act, void *arg, weir_error *err)
{
    struct each each = {.queue = ids->queue, .act = act, .arg = arg};

    if (ids->id == NULL && count == 0) {
        return weir_error_set(err, WEIR_E_INVALID, "ID... is missing");
    }
    int rc = session_steer(session, &each.inspector, err);
    if (rc != 0) {
        return rc;
    }
    outcomes_init(&each.outcomes, session->json, "id", done);
    if (ids->id != NULL) {
        act_on(&each, ids->id);
    }
    for (int i = 0; i < count; i++) {
        act_on(&each, words[i]);
    }
    return outcomes_end(&each.outcomes, err);
}
