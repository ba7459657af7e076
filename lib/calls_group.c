/* SPDX-License-Identifier: MIT */
/*
 * Groups. Staging and committing are repeated under their request id when a reply was lost: a stage gives the same
 * set again, a commit what became of it. Reclaiming is not: what one call has put back the next one does not find.
 */
#include <config.h>

#include "calls.h"

#include "broker.h"
#include "resend.h"

#include <stdlib.h>

struct stage_call {
    weir_broker *broker;
    weir_request_id request;
    int64_t now_ms;
    const char *queue;
    const char *group;
    const weir_group_policy *policy;
    int64_t ttl_ms;
    weir__staged *staged;
};

struct commit_call {
    weir_broker *broker;
    weir_request_id request;
    int64_t now_ms;
    const char *queue;
    const char *set_id;
    weir_enqueue_item *item;
};

static int
check_group(const weir_broker *broker, const char *queue, const char *what, const char *name,
            weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_GROUPS, "group", err);

    if (rc < 0)
        return rc;
    if (!queue || queue[0] == '\0')
        return weir_error_set(err, WEIR_E_INVALID, "queue must not be empty");
    if (!name || name[0] == '\0')
        return weir_error_set(err, WEIR_E_INVALID, "%s must not be empty", what);
    return 0;
}

int
weir__groups(weir_broker *broker, const char *queue, size_t count_to, weir_group_sink sink,
             void *arg, weir_error *err)
{
    int rc = check_group(broker, queue, "group", "-", err);

    return rc < 0 ? rc : broker->backend->groups(broker->self, queue, count_to, sink, arg, err);
}

/* ---- staging ---- */

void
weir__staged_release(weir__staged *staged)
{
    while (staged->count > 0)
        weir_task_info_free(staged->tasks[--staged->count]);
    free(staged->tasks);
    *staged = (weir__staged){.count = 0};
}

static int
grow(weir__staged *staged)
{
    size_t room = staged->room > 0 ? staged->room * 2 : 16;
    weir_task_info **tasks = realloc(staged->tasks, room * sizeof *tasks);

    if (!tasks)
        return WEIR_E_NOMEM;
    staged->tasks = tasks;
    staged->room = room;
    return 0;
}

static int
gather_task(void *arg, const weir_task_info *task)
{
    weir__staged *staged = arg;

    if (staged->count == WEIR_GROUP_SET_MAX || !task || !task->id || !task->type)
        return WEIR_E_INTERNAL;
    if (staged->count == staged->room && grow(staged) < 0)
        return WEIR_E_NOMEM;
    staged->tasks[staged->count] = weir_task_info_copy(task);
    if (!staged->tasks[staged->count])
        return WEIR_E_NOMEM;
    staged->count++;
    return 0;
}

static int
send_stage(void *arg, weir_error *err)
{
    struct stage_call *call = arg;
    weir__staged *staged = call->staged;

    weir__staged_release(staged);
    return call->broker->backend->group_stage(call->broker->self, &call->request, call->now_ms,
                                              call->queue, call->group, call->policy, call->ttl_ms,
                                              staged->set_id, gather_task, staged, err);
}

int
weir__group_stage(weir_broker *broker, const char *queue, const char *group,
                  const weir_group_policy *policy, int64_t ttl_ms, weir__staged *staged,
                  weir_error *err)
{
    struct stage_call call = {.broker = broker,
                              .now_ms = weir__broker_now_ms(broker),
                              .queue = queue,
                              .group = group,
                              .policy = policy,
                              .ttl_ms = ttl_ms,
                              .staged = staged};
    struct weir__resend resend = {.send = send_stage, .call = &call, .request = &call.request};
    int rc = check_group(broker, queue, "group", group, err);

    *staged = (weir__staged){.count = 0};
    if (rc < 0)
        return rc;
    if (ttl_ms <= 0 || policy->grace_ms <= 0 || policy->max_delay_ms < 0 || policy->max_size < 0)
        return weir_error_set(err, WEIR_E_INVALID, "the policy of group \"%s\" is none", group);
    rc = weir__resend(broker, &resend, err);
    if (rc == 0 && (staged->set_id[0] != '\0') != (staged->count > 0))
        rc = weir_error_set(err, WEIR_E_INTERNAL, "the broker gave a set without tasks");
    if (rc < 0)
        weir__staged_release(staged);
    return rc;
}

/* ---- committing and reclaiming ---- */

static int
send_commit(void *arg, weir_error *err)
{
    struct commit_call *call = arg;

    return call->broker->backend->group_commit(call->broker->self, &call->request, call->now_ms,
                                               call->queue, call->set_id, call->item, err);
}

int
weir__group_commit(weir_broker *broker, const char *queue, const char *set_id,
                   weir_enqueue_item *item, weir_error *err)
{
    struct commit_call call = {.broker = broker,
                               .now_ms = weir__broker_now_ms(broker),
                               .queue = queue,
                               .set_id = set_id,
                               .item = item};
    struct weir__resend resend = {.send = send_commit,
                                  .call = &call,
                                  .request = &call.request,
                                  .results[0] = {&item->result, sizeof *item, 1}};
    int rc = check_group(broker, queue, "set", set_id, err);

    if (rc == 0 && (!item->task || !item->task->id || !item->task->type || !item->task->queue))
        rc = weir_error_set(err, WEIR_E_INVALID, "the task of the group is incomplete");
    if (rc < 0) {
        item->result = rc;
        return rc;
    }
    return weir__resend(broker, &resend, err);
}

int
weir__group_reclaim(weir_broker *broker, const char *const *queues, size_t queue_count, size_t max,
                    size_t *reclaimed, weir_error *err)
{
    int rc = check_group(broker, "-", "set", "-", err);

    *reclaimed = 0;
    if (rc == 0)
        rc = weir__check_queues(queues, queue_count, err);
    if (rc < 0)
        return rc;
    return broker->backend->group_reclaim(broker->self, weir__broker_now_ms(broker), queues,
                                          queue_count, max, reclaimed, err);
}
