/* SPDX-License-Identifier: MIT */
/*
 * Groups: tasks that wait together until one new task is made of them.
 *
 * A task with a group (weir_task.group) waits in it, in its queue, in the state aggregating. When
 * the group's policy says so, a server with an aggregator takes its tasks, oldest first, as a set,
 * and has the aggregator make one task of them, which goes to the same queue; the set and the locks
 * of its tasks are gone in the same step. doc/groups.md has what is promised.
 */
#ifndef WEIR_GROUP_H
#define WEIR_GROUP_H

#include <weir/api.h>
#include <weir/error.h>
#include <weir/handler.h>
#include <weir/task.h>

WEIR_BEGIN_DECLS

/* Most tasks that become one; what is beyond them makes the next set. */
#define WEIR_GROUP_SET_MAX 1000

/*
 * When the tasks of a group become one: at the first of the three. Since 0.1.
 */
typedef struct weir_group_policy {
    int64_t grace_ms;     /* no task has joined for so long; at least 1000 */
    int64_t max_delay_ms; /* the oldest waits for so long; 0: no limit */
    int64_t max_size;     /* there are so many, which then is the most that become one; 0: when the
                             time comes, WEIR_GROUP_SET_MAX at once */
} weir_group_policy;

/* The policy of groups whose oldest task has a type that the pattern takes (same rules as the mux).
 * What is 0 is as for the server. Since 0.1. */
typedef struct weir_type_group {
    const char *pattern;
    weir_group_policy policy;
} weir_type_group;

/* A group at one moment: what of its tasks is not yet part of a set. Since 0.1. */
typedef struct weir_group_info {
    const char *name;
    const char *type; /* of its oldest task */
    size_t size;
    int64_t oldest_at_ms; /* when the oldest joined, ms since 1970 */
    int64_t newest_at_ms; /* when the last one joined */
} weir_group_info;

/* What an aggregator is to make one task of. Since 0.1. */
typedef struct weir_group {
    const char *queue;
    const char *name;
    const weir_task_info *const *tasks; /* in the order in which they joined; at least one */
    size_t count;
} weir_group;

/*
 * Makes one task of a group's tasks: fills *task, which is zero-filled when it comes, as for an
 * enqueue. The task goes to the group's queue, whatever task->queue says. What it points to must
 * stay until the task is committed: the group's own tasks do, memory of weir_group_alloc() does,
 * memory of the function's own that it frees does not.
 *
 * Runs on a thread of the server's; the same function may run on several at once, for different
 * groups. Returns 0, or a negative code with err filled: the set is then put back into its group
 * when its time is over (weir_server_options.group_timeout_ms), as it is when the function takes
 * longer than that. It must bring about nothing but the task: after a crash it runs again. Since
 * 0.1.
 */
typedef int (*weir_aggregate_fn)(const weir_group *group, weir_task *task, void *arg,
                                 weir_error *err);

/*
 * Returns memory that stays until the group's task is committed or given up, aligned for any type,
 * or NULL when there is none. Only inside the aggregator, on its thread. Since 0.1.
 */
WEIR_API void *weir_group_alloc(const weir_group *group, size_t size);

/*
 * Registers an aggregator for groups whose oldest task has a type that the pattern takes (same
 * rules as handlers); NULL is for all that no other pattern takes. Groups without an aggregator are
 * left alone, and a server whose mux has none does not look at groups. Not while a server uses the
 * mux. Errors: WEIR_E_INVALID (blank pattern, no function, pattern taken), WEIR_E_NOMEM. Since 0.1.
 */
WEIR_API int weir_mux_aggregate(weir_mux *mux, const char *pattern, weir_aggregate_fn aggregate,
                                void *arg, weir_error *err);

/*
 * Returns the i-th pattern with an aggregator, in the order in which they were registered ("" is the one for all
 * others), or NULL behind the last. The string is the mux's. Since 0.1.
 */
WEIR_API const char *weir_mux_aggregate_pattern(const weir_mux *mux, size_t i);

WEIR_END_DECLS

#endif
