/* SPDX-License-Identifier: MIT */
/*
 * The calls that hand out claims, and those that need one: consume, recover, extend.
 *
 * What a backend shows of a task is copied once, in one block, into the caller's array. A try that is
 * repeated starts with an empty array, because a resend gives the same tasks again; a call that failed leaves it
 * empty.
 */
#include <config.h>

#include "calls.h"

#include "broker.h"
#include "resend.h"

/* What the tries of one call have in common. */
struct consume_call {
    weir_broker *broker;
    weir_request_id request;
    int64_t now_ms;
    weir_consume work;
    weir__claims *claims; /* NULL: nothing is taken */
};

struct recover_call {
    weir_broker *broker;
    weir_request_id request;
    int64_t now_ms;
    weir_recover *recover;
    weir__claims *claims;
};

/* Where a claim sink puts what it is told. */
struct gather {
    weir__claims *claims;
    size_t max;
};

void
weir__claim_release(weir_claim *claim)
{
    weir_task_info_free(claim->task);
    claim->task = NULL;
}

static void
drop_claims(weir__claims *claims)
{
    while (claims && claims->count > 0)
        weir__claim_release(&claims->items[--claims->count]);
}

static int
gather_claim(void *arg, const weir_task_info *task, uint64_t token, uint64_t ref, bool started)
{
    struct gather *gather = arg;
    weir__claims *claims = gather->claims;
    weir_claim *claim;

    if (claims->count == gather->max || token == 0 || !task || !task->id || !task->queue ||
        !task->type)
        return WEIR_E_INTERNAL;
    claim = &claims->items[claims->count];
    claim->task = weir_task_info_copy(task);
    if (!claim->task)
        return WEIR_E_NOMEM;
    claim->token = token;
    claim->ref = ref;
    claim->started = started;
    claims->count++;
    return 0;
}

static int
check_room(const weir__claims *claims, size_t max, int64_t lease_ms, weir_error *err)
{
    if (!claims || !claims->items)
        return weir_error_set(err, WEIR_E_INVALID, "no place for claims");
    if (max > WEIR_BATCH_MAX)
        return weir_error_set(err, WEIR_E_INVALID, "cannot take more than %d tasks at once",
                              WEIR_BATCH_MAX);
    if (lease_ms <= 0)
        return weir_error_set(err, WEIR_E_INVALID, "a lease must be longer than 0");
    return 0;
}

static int
check_claim(const weir_claim *claim, const char *what, size_t i, weir_error *err)
{
    if (claim && claim->task && claim->token != 0)
        return 0;
    return weir_error_set(err, WEIR_E_INVALID, "%s %zu of the batch has no claim", what, i);
}

static int
check_finishes(const weir_finish *finishes, size_t count, weir_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = check_claim(finishes[i].claim, "outcome", i, err);
        if (rc == 0 &&
            (finishes[i].kind < WEIR_FINISH_DONE || finishes[i].kind > WEIR_FINISH_REQUEUE))
            rc = weir_error_set(err, WEIR_E_INVALID, "outcome %zu of the batch is of no kind", i);
    }
    return rc;
}

static int
check_starts(const weir_start *starts, size_t count, weir_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = check_claim(starts[i].claim, "start", i, err);
    return rc;
}

static int
check_want(weir__want *want, const weir__claims *claims, weir_error *err)
{
    size_t sum = 0;
    int rc = check_room(claims, want->max, want->lease_ms, err);

    if (rc < 0)
        return rc;
    if (want->queue_count > 0 && !want->queues)
        return weir_error_set(err, WEIR_E_INVALID, "no queues to take from");
    for (size_t i = 0; i < want->queue_count; i++) {
        if (!want->queues[i].name)
            return weir_error_set(err, WEIR_E_INVALID, "no name for queue %zu", i);
        if (want->queues[i].want > want->max - sum)
            return weir_error_set(err, WEIR_E_INVALID, "queues want more than %zu tasks",
                                  want->max);
        sum += want->queues[i].want;
        want->queues[i].left = 0;
    }
    if (want->start > want->max || want->start_soon > want->max - want->start)
        return weir_error_set(err, WEIR_E_INVALID, "cannot start %zu and %zu of %zu tasks",
                              want->start, want->start_soon, want->max);
    return 0;
}

static int
send_consume(void *arg, weir_error *err)
{
    struct consume_call *call = arg;

    drop_claims(call->claims);
    return call->broker->backend->consume(call->broker->self, &call->request, call->now_ms,
                                          &call->work, err);
}

static int
consume_batch(struct consume_call *call, weir_error *err)
{
    const weir_consume *work = &call->work;
    struct weir__resend resend = {.send = send_consume, .call = call, .request = &call->request};
    int rc;

    if (work->finish_count > 0)
        resend.results[0] = (struct weir__results){&work->finishes[0].outcome,
                                                   sizeof work->finishes[0], work->finish_count};
    if (work->start_count > 0)
        resend.results[1] = (struct weir__results){&work->starts[0].result, sizeof work->starts[0],
                                                   work->start_count};
    call->now_ms = weir__broker_now_ms(call->broker);
    rc = weir__resend(call->broker, &resend, err);
    if (rc < 0)
        drop_claims(call->claims);
    return rc;
}

static void
refuse(weir_finish *finishes, size_t finish_count, weir_start *starts, size_t start_count, int rc)
{
    for (size_t i = 0; i < finish_count; i++)
        finishes[i].outcome = rc;
    for (size_t i = 0; i < start_count; i++)
        starts[i].result = rc;
}

/* Batches that are too long go ahead in pieces; what is to be taken goes with the last. */
static int
consume(struct consume_call *call, weir_take *take, weir_error *err)
{
    weir_consume rest = call->work;
    int rc = 0;

    while (rc == 0 && (rest.finish_count > 0 || rest.start_count > 0 || take)) {
        weir_consume *work = &call->work;

        *work = rest;
        work->finish_count = weir__batch(rest.finish_count);
        work->start_count = weir__batch(rest.start_count);
        /* Absent lists are NULL, to which not even 0 may be added. */
        if (work->finish_count > 0)
            rest.finishes += work->finish_count;
        rest.finish_count -= work->finish_count;
        if (work->start_count > 0)
            rest.starts += work->start_count;
        rest.start_count -= work->start_count;
        if (rest.finish_count == 0 && rest.start_count == 0) {
            work->take = take;
            take = NULL;
        }
        rc = consume_batch(call, err);
    }
    refuse(rest.finishes, rest.finish_count, rest.starts, rest.start_count, rc);
    return rc;
}

int
weir__consume(weir_broker *broker, weir_finish *finishes, size_t finish_count, weir_start *starts,
              size_t start_count, weir__want *want, weir__claims *claims, weir_error *err)
{
    struct gather gather = {.claims = claims, .max = want ? want->max : 0};
    weir_take take = {.sink = gather_claim, .sink_arg = &gather};
    struct consume_call call = {.broker = broker, .claims = claims};
    int rc = check_finishes(finishes, finish_count, err);

    if (claims)
        claims->count = 0;
    if (rc == 0)
        rc = check_starts(starts, start_count, err);
    if (rc == 0 && want)
        rc = check_want(want, claims, err);
    if (rc < 0) {
        refuse(finishes, finish_count, starts, start_count, rc);
        return rc;
    }
    call.work = (weir_consume){finishes, finish_count, starts, start_count, NULL};
    if (!want || want->max == 0)
        return consume(&call, NULL, err);
    take.queues = want->queues;
    take.queue_count = want->queue_count;
    take.max = want->max;
    take.start = want->start;
    take.start_soon = want->start_soon;
    take.lease_ms = want->lease_ms;
    return consume(&call, &take, err);
}

static int
send_recover(void *arg, weir_error *err)
{
    struct recover_call *call = arg;

    drop_claims(call->claims);
    call->recover->repaired = 0;
    return call->broker->backend->recover(call->broker->self, &call->request, call->now_ms,
                                          call->recover, err);
}

int
weir__recover(weir_broker *broker, const char *const *queues, size_t queue_count, size_t max,
              int64_t lease_ms, weir__claims *claims, size_t *repaired, weir_error *err)
{
    struct gather gather = {.claims = claims, .max = max};
    weir_recover recover = {queues, queue_count, max, lease_ms, gather_claim, &gather, 0};
    struct recover_call call = {.broker = broker, .recover = &recover, .claims = claims};
    struct weir__resend resend = {.send = send_recover, .call = &call, .request = &call.request};
    int rc;

    if (claims)
        claims->count = 0;
    rc = weir__check_queues(queues, queue_count, err);
    if (rc == 0)
        rc = check_room(claims, max, lease_ms, err);
    if (rc < 0)
        return rc;
    call.now_ms = weir__broker_now_ms(broker);
    rc = weir__resend(broker, &resend, err);
    if (rc < 0)
        drop_claims(claims);
    if (repaired)
        *repaired = rc < 0 ? 0 : recover.repaired;
    return rc;
}

int
weir__extend(weir_broker *broker, int64_t lease_ms, weir_extend_item *items, size_t count,
             weir_error *err)
{
    size_t done = 0;
    int rc = 0;

    if (lease_ms <= 0)
        rc = weir_error_set(err, WEIR_E_INVALID, "a lease must be longer than 0");
    for (size_t i = 0; i < count; i++) {
        if (rc == 0)
            rc = check_claim(items[i].claim, "item", i, err);
        items[i].cancelled = WEIR_CANCEL_NONE;
    }
    while (rc == 0 && done < count) {
        size_t n = weir__batch(count - done);

        rc = broker->backend->extend(broker->self, weir__broker_now_ms(broker), lease_ms,
                                     items + done, n, err);
        done += n;
    }
    for (; done < count; done++)
        items[done].result = rc;
    return rc;
}

static int
check_show(const weir_broker *broker, const weir_show *items, size_t count, weir_error *err)
{
    int rc = weir__require(broker, WEIR_CAP_SHOW, "showing a result before its task ends", err);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = check_claim(items[i].claim, "item", i, err);
        if (rc == 0 && !items[i].result)
            rc = weir_error_set(err, WEIR_E_INVALID, "item %zu of the batch has no result", i);
    }
    return rc;
}

int
weir__show(weir_broker *broker, weir_show *items, size_t count, weir_error *err)
{
    int rc = check_show(broker, items, count, err);
    size_t done = 0;

    while (rc == 0 && done < count) {
        size_t n = weir__batch(count - done);

        rc = broker->backend->show(broker->self, weir__broker_now_ms(broker), items + done, n, err);
        done += n;
    }
    for (; done < count; done++)
        items[done].outcome = rc;
    return rc;
}
