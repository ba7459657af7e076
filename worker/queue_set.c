/* SPDX-License-Identifier: MIT */
/* A counted, constant list of queues; queue_set.h tells what for. */
#include <config.h>

#include "queue_set.h"
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

static int
check_queue(const weir_queue_weight *queues, size_t i, weir_error *err)
{
    const char *name = queues[i].name;

    if (weir__pattern_is_blank(name) || strlen(name) > WEIR_NAME_MAX) {
        return weir_error_set(err, WEIR_E_INVALID, "option queues: the name of queue %zu is %s",
                              i + 1, weir__pattern_is_blank(name) ? "blank" : "too long");
    }
    if (queues[i].weight <= 0) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "option queues: the weight of \"%s\" is %d, not above 0", name,
                              queues[i].weight);
    }
    for (size_t k = 0; k < i; k++) {
        if (strcmp(queues[k].name, name) == 0) {
            return weir_error_set(err, WEIR_E_INVALID, "option queues: \"%s\" is there twice",
                                  name);
        }
    }
    return 0;
}

static int
copy_queues(struct weir__queue_set *set, const weir_queue_weight *queues, size_t count,
            weir_error *err)
{
    set->items = calloc(count, sizeof(*set->items));
    set->names = calloc(count, sizeof(*set->names));
    if (set->items == NULL || set->names == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        int code = check_queue(queues, i, err);
        if (code != 0) {
            return code;
        }
        char *name = strdup(queues[i].name);
        if (name == NULL) {
            return weir_error_set(err, WEIR_E_NOMEM, NULL);
        }
        set->items[i] = (weir_queue_weight){name, queues[i].weight};
        set->names[i] = name;
        set->count++;
    }
    return 0;
}

int
weir__queue_set_new(struct weir__queue_set **set_out, const weir_queue_weight *queues, size_t count,
                    bool strict, weir_error *err)
{
    static const weir_queue_weight fallback = {WEIR_DEFAULT_QUEUE, 1};

    *set_out = NULL;
    if (queues == NULL && count > 0) {
        return weir_error_set(err, WEIR_E_INVALID, "option queues is NULL");
    }
    struct weir__queue_set *set = calloc(1, sizeof(*set));
    if (set == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    atomic_init(&set->refs, 1);
    set->strict = strict;
    int code = copy_queues(set, count > 0 ? queues : &fallback, count > 0 ? count : 1, err);
    if (code != 0) {
        weir__queue_set_unref(set);
        return code;
    }
    *set_out = set;
    return 0;
}

struct weir__queue_set *
weir__queue_set_ref(struct weir__queue_set *set)
{
    atomic_fetch_add(&set->refs, 1);
    return set;
}

void
weir__queue_set_unref(struct weir__queue_set *set)
{
    if (set == NULL || atomic_fetch_sub(&set->refs, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < set->count; i++) {
        free((char *)set->names[i]);
    }
    free(set->items);
    free(set->names);
    free(set);
}
