/* SPDX-License-Identifier: MIT */
/*
 * How attempts end. Each outcome is one statement that changes the row only while the claim's token is the
 * present one; no row changed means that the claim is stale. Those that are done, nearly all, go together.
 */
#include <config.h>

#include "calls.h"

struct outcome {
    const weir_finish *finish;
    int64_t now_ms;
    struct weir__tx_queue *queue;
    int64_t seq;
    int64_t token;
};

int
weir__unlock(struct weir__tx *tx, int64_t qid, const char *unique_key, const char *id)
{
    if (unique_key == NULL)
        return 0;
    return weir__conn_run(tx->conn, WEIR__SQL_lock_drop, NULL, "sis", unique_key, qid, id);
}

static int
unlock(struct weir__tx *tx, const struct outcome *outcome)
{
    const weir_task_info *task = outcome->finish->claim->task;

    return weir__unlock(tx, outcome->queue->qid, task->unique_key, task->id);
}

/* What goes with the row of a task that is done. */
static int
clear_done(struct weir__tx *tx, const struct outcome *outcome)
{
    int code = 0;

    if (outcome->finish->claim->task->payload_len > WEIR__INLINE_MAX)
        code = weir__conn_run(tx->conn, WEIR__SQL_payload_drop, NULL, "i", outcome->seq);
    if (code == 0)
        code = unlock(tx, outcome);
    if (code == 0)
        code = weir__tx_count(tx, outcome->queue, outcome->now_ms, 1, 0);
    return code;
}

static int
finish_done(struct weir__tx *tx, const struct outcome *outcome, int *changed)
{
    int code = weir__conn_run(tx->conn, WEIR__SQL_finish_done_range, changed, "iii", outcome->token,
                              outcome->seq, outcome->seq);

    return code != 0 || *changed == 0 ? code : clear_done(tx, outcome);
}

static int
finish_complete(struct weir__tx *tx, const struct outcome *outcome, int *changed)
{
    const weir_finish *finish = outcome->finish;
    int code = weir__conn_run(tx->conn, WEIR__SQL_finish_complete, changed, "iiiib", outcome->seq,
                              outcome->token, outcome->now_ms, finish->at_ms, finish->result,
                              finish->result_len);

    if (code != 0 || *changed == 0)
        return code;
    code = unlock(tx, outcome);
    return code != 0 ? code : weir__tx_count(tx, outcome->queue, outcome->now_ms, 1, 0);
}

static int
finish_retry(struct weir__tx *tx, const struct outcome *outcome, int *changed)
{
    const weir_finish *finish = outcome->finish;
    int64_t counted = finish->counted ? 1 : 0;
    int code = weir__conn_run(tx->conn, WEIR__SQL_finish_retry, changed, "iiiisi", outcome->seq,
                              outcome->token, outcome->now_ms, finish->at_ms, finish->error,
                              counted);

    if (code != 0 || *changed == 0)
        return code;
    weir__tx_note(tx, finish->claim->task->queue, WEIR_WAKE_DUE, finish->at_ms);
    return weir__tx_count(tx, outcome->queue, outcome->now_ms, counted, counted);
}

static int
finish_archive(struct weir__tx *tx, const struct outcome *outcome, int *changed)
{
    int code = weir__conn_run(tx->conn, WEIR__SQL_finish_archive, changed, "iiis", outcome->seq,
                              outcome->token, outcome->now_ms, outcome->finish->error);

    if (code != 0 || *changed == 0)
        return code;
    return weir__tx_count(tx, outcome->queue, outcome->now_ms, 1, 1);
}

static int
finish_requeue(struct weir__tx *tx, const struct outcome *outcome, int *changed)
{
    int64_t place;
    int code = weir__tx_head(tx, outcome->queue, &place);

    if (code == 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_finish_requeue, changed, "iii", outcome->seq,
                              outcome->token, place);
    if (code == 0 && *changed > 0)
        weir__tx_note(tx, outcome->finish->claim->task->queue, WEIR_WAKE_WORK, 0);
    return code;
}

static int (*const kinds[])(struct weir__tx *tx, const struct outcome *outcome, int *changed) = {
    [WEIR_FINISH_DONE] = finish_done,       [WEIR_FINISH_COMPLETE] = finish_complete,
    [WEIR_FINISH_RETRY] = finish_retry,     [WEIR_FINISH_ARCHIVE] = finish_archive,
    [WEIR_FINISH_REQUEUE] = finish_requeue,
};

/* Why nothing changed: the claim is stale, or it was never started and may only be requeued. */
static int
find_refusal(struct weir__tx *tx, const struct outcome *outcome, int *refusal)
{
    sqlite3_stmt *stmt;
    int code =
        weir__conn_start(tx->conn, WEIR__SQL_holds, &stmt, "ii", outcome->seq, outcome->token);

    if (code != 0)
        return code;
    code = weir__conn_step(tx->conn, stmt);
    weir__conn_end(stmt);
    *refusal = code == 1 ? WEIR_E_STATE : WEIR_E_STALE;
    return code < 0 ? code : 0;
}

static struct outcome
outcome_of(int64_t now_ms, const weir_finish *finish)
{
    return (struct outcome){
        .finish = finish,
        .now_ms = now_ms,
        .seq = (int64_t)finish->claim->ref,
        .token = (int64_t)finish->claim->token,
    };
}

int
weir__finish(struct weir__tx *tx, int64_t now_ms, weir_finish *finish)
{
    struct outcome outcome = outcome_of(now_ms, finish);
    int changed = 0;
    int code = weir__tx_queue(tx, finish->claim->task->queue, false, &outcome.queue);

    if (code == 0 && outcome.queue->qid != 0)
        code = kinds[finish->kind](tx, &outcome, &changed);
    finish->outcome = 0;
    if (code == 0 && changed == 0)
        code = find_refusal(tx, &outcome, &finish->outcome);
    return code;
}

/* The row of one of several tasks is gone, or its claim was refused. */
static int
settle_done(struct weir__tx *tx, int64_t now_ms, weir_finish *finish, bool deleted)
{
    struct outcome outcome = outcome_of(now_ms, finish);
    int code;

    finish->outcome = 0;
    if (!deleted)
        return find_refusal(tx, &outcome, &finish->outcome);
    code = weir__tx_queue(tx, finish->claim->task->queue, false, &outcome.queue);
    return code != 0 ? code : clear_done(tx, &outcome);
}

int
weir__finish_done(struct weir__tx *tx, int64_t now_ms, weir_finish *finishes,
                  struct weir__claimed *claims, size_t count)
{
    int code = weir__claimed_run(tx->conn, WEIR__SQL_finish_done_range, WEIR__SQL_finish_done_rows,
                                 claims, count);
    size_t i;

    for (i = 0; i < count && code == 0; i++)
        code = settle_done(tx, now_ms, &finishes[claims[i].item], claims[i].changed);
    return code;
}
