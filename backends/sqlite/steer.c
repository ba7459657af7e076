/* SPDX-License-Identifier: MIT */
/*
 * Running, archiving, deleting and changing tasks by a person's hand. Active tasks are their worker's: they can only be
 * asked to stop.
 */
#include <config.h>

#include "calls.h"
#include "remove.h"

#include <string.h>

#define STATE_BIT(state) (1u << (state))

struct steer {
    int64_t now_ms;
    weir_verb verb;
    const char *queue;
    weir_steer_item *items;
    size_t count;
    weir_state state;
    const char *group;
    size_t max;
    size_t done;
    struct weir__piece piece;
};

static int
find_queue(struct weir__tx *tx, const char *name, struct weir__tx_queue **queue)
{
    int code = weir__tx_queue(tx, name, false, queue);

    if (code != 0)
        return code;
    if ((*queue)->qid != 0 && (*queue)->known)
        return 0;
    return weir_error_set(&tx->conn->err, WEIR_E_NO_QUEUE, "queue \"%s\" not found", name);
}

static int
move_to_pending(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t now_ms,
                const struct weir__removal *task)
{
    int64_t place;
    int code = weir__tx_tail(tx, queue, &place);

    if (code == 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_steer_run, NULL, "iii", task->seq, place, now_ms);
    if (code == 0)
        weir__tx_note(tx, queue->name, WEIR_WAKE_WORK, 0);
    return code;
}

static int
move_to_archive(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t now_ms,
                const struct weir__removal *task)
{
    (void)queue;
    return weir__conn_run(tx->conn, WEIR__SQL_steer_archive, NULL, "ii", task->seq, now_ms);
}

static int
delete_task(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t now_ms,
            const struct weir__removal *task)
{
    (void)now_ms;
    return weir__removal_run(tx, queue->qid, task);
}

/* What a verb does, and to which states it may. */
static const struct {
    unsigned states;
    int (*run)(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t now_ms,
               const struct weir__removal *task);
} verbs[] = {
    [WEIR_VERB_RUN] = {STATE_BIT(WEIR_STATE_SCHEDULED) | STATE_BIT(WEIR_STATE_RETRY) |
                           STATE_BIT(WEIR_STATE_ARCHIVED) | STATE_BIT(WEIR_STATE_AGGREGATING) |
                           STATE_BIT(WEIR_STATE_COMPLETED),
                       move_to_pending},
    [WEIR_VERB_ARCHIVE] = {STATE_BIT(WEIR_STATE_PENDING) | STATE_BIT(WEIR_STATE_SCHEDULED) |
                               STATE_BIT(WEIR_STATE_RETRY) | STATE_BIT(WEIR_STATE_AGGREGATING),
                           move_to_archive},
    [WEIR_VERB_DELETE] = {~STATE_BIT(WEIR_STATE_ACTIVE), delete_task},
};

static int
find_task(struct weir__tx *tx, int64_t qid, const char *id, struct weir__removal *task,
          size_t *found)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, WEIR__SQL_steer_get, &stmt, "is", qid, id);

    *found = 0;
    return code != 0 ? code : weir__removals_read(tx->conn, stmt, 1, task, found);
}

static int
steer_one(struct weir__tx *tx, const struct steer *call, struct weir__tx_queue *queue,
          weir_steer_item *item)
{
    struct weir__removal task;
    size_t found;
    int code = find_task(tx, queue->qid, item->id, &task, &found);

    if (code != 0)
        return code;
    item->result = found == 0 ? WEIR_E_NO_TASK : WEIR_E_STATE;
    if (found > 0 && (verbs[call->verb].states & STATE_BIT(task.state))) {
        item->result = 0;
        code = verbs[call->verb].run(tx, queue, call->now_ms, &task);
    }
    weir__removals_release(&task, found);
    return code;
}

static int
run_steer(struct weir__tx *tx, void *arg)
{
    const struct steer *call = arg;
    struct weir__tx_queue *queue;
    int code = find_queue(tx, call->queue, &queue);
    size_t i;

    for (i = 0; i < call->count && code == 0; i++)
        code = steer_one(tx, call, queue, &call->items[i]);
    return code;
}

int
weir__sqlite_steer(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                   weir_steer_item *items, size_t count, weir_error *err)
{
    struct steer call = {
        .now_ms = now_ms, .verb = verb, .queue = queue, .items = items, .count = count};
    int code = weir__writer_run(self, run_steer, &call, err);
    size_t i;

    for (i = 0; i < count && code != 0; i++)
        items[i].result = code;
    return code;
}

/* ---- all of a state ---- */

static int
list_some(struct weir__tx *tx, const struct steer *call, int64_t qid, size_t limit,
          struct weir__removal *list, size_t *count)
{
    sqlite3_stmt *stmt;
    int code;

    *count = 0;
    if (call->state == WEIR_STATE_AGGREGATING && call->group != NULL)
        code = weir__conn_start(tx->conn, WEIR__SQL_steer_list_of_group, &stmt, "isi", qid,
                                call->group, (int64_t)limit);
    else
        code = weir__conn_start(tx->conn, WEIR__SQL_steer_list, &stmt, "iii", qid,
                                (int64_t)call->state, (int64_t)limit);
    return code != 0 ? code : weir__removals_read(tx->conn, stmt, 1, list, count);
}

/* Lists up to `limit` and deals with as many as fit into the piece. */
static int
steer_some(struct weir__tx *tx, struct steer *call, struct weir__tx_queue *queue, size_t limit,
           size_t *count)
{
    struct weir__removal list[WEIR__REMOVE_CHUNK];
    int code = list_some(tx, call, queue->qid, limit, list, count);
    size_t i;

    for (i = 0; i < *count && code == 0 && !call->piece.full; i++) {
        code = verbs[call->verb].run(tx, queue, call->now_ms, &list[i]);
        weir__piece_add(&call->piece, call->verb == WEIR_VERB_DELETE ? list[i].big : 0);
    }
    call->done += i;
    weir__removals_release(list, *count);
    return code;
}

static int
run_steer_all(struct weir__tx *tx, void *arg)
{
    struct steer *call = arg;
    struct weir__tx_queue *queue;
    size_t left, limit = 0, count = 0;
    int code = find_queue(tx, call->queue, &queue);

    if (code != 0)
        return code;
    if ((verbs[call->verb].states & STATE_BIT(call->state)) == 0)
        return weir_error_set(&tx->conn->err, WEIR_E_STATE, "not possible with %s tasks",
                              weir_state_name(call->state));
    while (code == 0 && count == limit && call->done < call->max && !call->piece.full) {
        left = call->max - call->done;
        limit = left < WEIR__REMOVE_CHUNK ? left : WEIR__REMOVE_CHUNK;
        code = steer_some(tx, call, queue, limit, &count);
    }
    return code;
}

int
weir__sqlite_steer_all(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                       weir_state state, const char *group, size_t max, size_t *done,
                       weir_error *err)
{
    struct steer call = {
        .now_ms = now_ms, .verb = verb, .queue = queue, .state = state, .group = group, .max = max};
    int code = weir__pieces_run(self, &call.piece, run_steer_all, &call, &call.done, err);

    *done = call.done;
    return code;
}

/* ---- amend ---- */

struct amend {
    const char *queue;
    const char *id;
    const weir_amend *amend;
};

static int
amend_due(struct weir__tx *tx, const struct amend *call, const struct weir__removal *task)
{
    int64_t at_ms = call->amend->process_at_ms;

    if (at_ms == 0)
        return 0;
    weir__tx_note(tx, call->queue, WEIR_WAKE_DUE, at_ms);
    return weir__conn_run(tx->conn, WEIR__SQL_amend_due, NULL, "ii", task->seq, at_ms);
}

static int
amend_payload(struct weir__tx *tx, const struct amend *call, const struct weir__removal *task)
{
    const weir_amend *amend = call->amend;
    bool big = amend->payload_len > WEIR__INLINE_MAX;
    int code = 0;

    if (amend->payload == NULL)
        return 0;
    if (big)
        code = weir__conn_run(tx->conn, WEIR__SQL_payload_put, NULL, "ib", task->seq,
                              amend->payload, amend->payload_len);
    else if (task->big != 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_payload_drop, NULL, "i", task->seq);
    if (code != 0)
        return code;
    return weir__conn_run(tx->conn, WEIR__SQL_amend_payload, NULL, "iib", task->seq, (int64_t)big,
                          big ? NULL : amend->payload, amend->payload_len);
}

static int
check_amend(struct weir__conn *conn, const struct amend *call, const struct weir__removal *task)
{
    unsigned states = STATE_BIT(WEIR_STATE_SCHEDULED) | STATE_BIT(WEIR_STATE_RETRY);

    if (call->amend->process_at_ms == 0)
        states |= STATE_BIT(WEIR_STATE_PENDING);
    if (states & STATE_BIT(task->state))
        return 0;
    return weir_error_set(&conn->err, WEIR_E_STATE, "task \"%s\" is %s", call->id,
                          weir_state_name((weir_state)task->state));
}

static int
run_amend(struct weir__tx *tx, void *arg)
{
    const struct amend *call = arg;
    struct weir__tx_queue *queue;
    struct weir__removal task;
    size_t found;
    int code = find_queue(tx, call->queue, &queue);

    if (code == 0)
        code = find_task(tx, queue->qid, call->id, &task, &found);
    if (code != 0)
        return code;
    if (found == 0)
        return weir_error_set(&tx->conn->err, WEIR_E_NO_TASK, "task \"%s\" not found", call->id);
    code = check_amend(tx->conn, call, &task);
    if (code == 0)
        code = amend_payload(tx, call, &task);
    if (code == 0)
        code = amend_due(tx, call, &task);
    weir__removals_release(&task, found);
    return code;
}

int
weir__sqlite_amend(void *self, int64_t now_ms, const char *queue, const char *id,
                   const weir_amend *amend, weir_error *err)
{
    struct amend call = {queue, id, amend};

    (void)now_ms;
    return weir__writer_run(self, run_amend, &call, err);
}

/* ---- cancel ---- */

struct cancel {
    const char *queue;
    const char *id;
    weir_cancel_mode mode;
};

static int
run_cancel(struct weir__tx *tx, void *arg)
{
    const struct cancel *call = arg;
    struct weir__tx_queue *queue;
    int changed = 0;
    int code = weir__tx_queue(tx, call->queue, false, &queue);

    if (code == 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_cancel, &changed, "isi", queue->qid, call->id,
                              (int64_t)call->mode);
    if (code != 0)
        return code;
    if (changed == 0)
        return weir_error_set(&tx->conn->err, WEIR_E_NO_TASK,
                              "task \"%s\" is not active in queue \"%s\"", call->id, call->queue);
    weir__tx_note(tx, call->queue, WEIR_WAKE_CANCEL, 0);
    return weir__conn_run(tx->conn, WEIR__SQL_cancel_note, NULL, "i", queue->qid);
}

int
weir__sqlite_cancel(void *self, int64_t now_ms, const char *queue, const char *id,
                    weir_cancel_mode mode, weir_error *err)
{
    struct cancel call = {queue, id, mode};

    (void)now_ms;
    return weir__writer_run(self, run_cancel, &call, err);
}
