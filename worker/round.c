/* SPDX-License-Identifier: MIT */
/*
 * A round: a staged set becomes one task. The task is made once, with its id, and its commit is tried until the broker has
 * said what became of it or the set's time is over; so a reply that was lost costs nothing. A set that is given up goes
 * back to its group by itself, at the end of its time.
 */
#include <config.h>

#include "runtime.h"
#include "prepare.h"

enum {
    FIRST_DELAY_MS = 50,
    LAST_DELAY_MS = 2000
};

/* What weir_group_alloc() finds behind the group. */
struct group {
    weir_group group;
    struct weir__arena arena;
};

void *
weir_group_alloc(const weir_group *group, size_t size)
{
    struct group *whole = (struct group *)group;

    return weir__arena_alloc(&whole->arena, size > 0 ? size : 1);
}

static void
log_given_up(weir_server *server, const struct weir__round *round, const char *why,
             const weir_error *err)
{
    weir_log(server->logger, WEIR_LOG_ERROR, why, weir_log_str("queue", round->due.queue),
             weir_log_str("group", round->due.name), weir_log_uint("tasks", round->staged.count),
             weir_log_str("error", err->text[0] != '\0' ? err->text : weir_strerror(err->code)));
}

/* Whether the broker has decided, and not only failed. */
static bool
is_final(int code)
{
    return code == 0 || code == WEIR_E_STALE || code == WEIR_E_CONFLICT ||
           code == WEIR_E_DUPLICATE || code == WEIR_E_INVALID || code == WEIR_E_TOO_BIG ||
           code == WEIR_E_UNSUPPORTED;
}

/* Sleeps, but not past the end of the server. False: it has come. */
static bool
sleep_for(struct weir__aggregator *aggregator, int64_t delay_ms)
{
    int64_t until_ms = weir__mono_ms() + delay_ms;
    bool ends;

    pthread_mutex_lock(&aggregator->lock);
    while (!aggregator->ends && weir__mono_ms() < until_ms) {
        weir__cond_wait_until(&aggregator->wake, &aggregator->lock, until_ms);
    }
    ends = aggregator->ends;
    pthread_mutex_unlock(&aggregator->lock);
    return !ends;
}

static int
commit(weir_server *server, const struct weir__round *round, const struct weir__prepared *prepared,
       weir_error *err)
{
    weir_enqueue_item item = {.task = &prepared->info, .unique_ttl_ms = prepared->unique_ttl_ms};
    int64_t delay_ms = FIRST_DELAY_MS;
    bool more = true;
    int code;

    do {
        weir_error_clear(err);
        code =
            weir__group_commit(server->broker, round->due.queue, round->staged.set_id, &item, err);
        if (is_final(code)) {
            return code;
        }
        more = sleep_for(&server->aggregator, delay_ms);
        delay_ms = delay_ms * 2 < LAST_DELAY_MS ? delay_ms * 2 : LAST_DELAY_MS;
    } while (more && weir__broker_boot_ms(server->broker) < round->end_boot_ms);
    return code;
}

static void
make_and_commit(weir_server *server, struct weir__round *round, struct group *whole)
{
    const weir_clock *clock = weir_broker_clock(server->broker);
    struct weir__prepared prepared;
    weir_task task = {0};
    weir_error err = {0};
    int code = round->due.aggregate(&whole->group, &task, round->due.arg, &err);

    if (code != 0) {
        err.code = code;
        log_given_up(server, round, "an aggregator failed, its tasks go back to their group", &err);
        return;
    }
    task.queue = round->due.queue;
    code = weir__prepare(&prepared, &task, clock, weir__broker_now_ms(server->broker),
                         &whole->arena, &err);
    if (code == 0) {
        code = commit(server, round, &prepared, &err);
    }
    if (code != 0) {
        log_given_up(server, round, "the task of a group was not taken", &err);
        return;
    }
    weir_log(server->logger, WEIR_LOG_DEBUG, "the tasks of a group became one",
             weir_log_str("queue", round->due.queue), weir_log_str("group", round->due.name),
             weir_log_uint("tasks", round->staged.count), weir_log_str("id", prepared.info.id));
}

void
weir__round_run(weir_server *server, struct weir__round *round)
{
    struct group whole = {
        .group = {.queue = round->due.queue,
                  .name = round->due.name,
                  .tasks = (const weir_task_info *const *)round->staged.tasks,
                  .count = round->staged.count},
    };

    make_and_commit(server, round, &whole);
    weir__arena_release(&whole.arena);
    weir__staged_release(&round->staged);
    weir__due_release(&round->due);
}
