/* SPDX-License-Identifier: MIT */
/*
 * Write transactions: the queues they have met, places, counters, notes for waiters.
 *
 * Places: pending tasks are taken by ascending `ord`. A new or forwarded one gets the place after the last, a
 * requeued one the place before the first; each end is looked up in the index when it is first needed in a transaction.
 */
#include <config.h>

#include "tx.h"

#include <string.h>

#include <weir/broker.h>

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

void
weir__tx_init(struct weir__tx *tx, struct weir__conn *conn)
{
    memset(tx, 0, sizeof(*tx));
    tx->conn = conn;
}

int64_t
weir__day_of(int64_t at_ms)
{
    return at_ms >= 0 ? at_ms / DAY_MS : -((-at_ms + DAY_MS - 1) / DAY_MS);
}

static int
flush_queue(struct weir__tx *tx, struct weir__tx_queue *queue)
{
    int code = 0;

    if (queue->name != NULL && queue->joins != 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_joined, NULL, "ii", queue->qid, queue->joins);
    queue->joins = 0;
    if (code != 0 || queue->name == NULL || (queue->processed == 0 && queue->failed == 0))
        return code;
    code = weir__conn_run(tx->conn, WEIR__SQL_count_day, NULL, "iiii", queue->qid, queue->day,
                          queue->processed, queue->failed);
    queue->processed = queue->failed = 0;
    return code;
}

int
weir__tx_flush(struct weir__tx *tx)
{
    int code = 0;
    size_t i;

    for (i = 0; i < WEIR__TX_QUEUES && code == 0; i++)
        code = flush_queue(tx, &tx->state.queues[i]);
    return code;
}

void
weir__tx_forget(struct weir__tx *tx)
{
    memset(&tx->state, 0, sizeof(tx->state));
}

static int
load_queue(struct weir__tx *tx, struct weir__tx_queue *queue, const char *name)
{
    sqlite3_stmt *stmt;
    int code;

    memset(queue, 0, sizeof(*queue));
    code = weir__conn_start(tx->conn, WEIR__SQL_queue_get, &stmt, "s", name);
    if (code != 0)
        return code;
    code = weir__conn_step(tx->conn, stmt);
    if (code == 1) {
        queue->qid = sqlite3_column_int64(stmt, 0);
        queue->paused = sqlite3_column_int(stmt, 1) != 0;
        queue->known = sqlite3_column_int(stmt, 2) != 0;
    }
    weir__conn_end(stmt);
    if (code < 0)
        return code;
    queue->name = name;
    return 0;
}

/* The queue's entry, or NULL. */
static const struct weir__tx_queue *
recall(const struct weir__tx *tx, const char *name)
{
    const struct weir__tx_queue *queue;
    size_t i;

    for (i = 0; i < WEIR__TX_QUEUES; i++) {
        queue = &tx->state.queues[i];
        if (queue->name != NULL && strcmp(queue->name, name) == 0)
            return queue;
    }
    return NULL;
}

bool
weir__tx_remembers(const struct weir__tx *tx, const char *name)
{
    return recall(tx, name) != NULL;
}

static int
find_queue(struct weir__tx *tx, const char *name, struct weir__tx_queue **queue)
{
    struct weir__tx_state *state = &tx->state;
    const struct weir__tx_queue *known = recall(tx, name);
    int code;

    if (known != NULL) {
        *queue = &state->queues[known - state->queues];
        return 0;
    }
    *queue = &state->queues[state->next];
    state->next = (state->next + 1) % WEIR__TX_QUEUES;
    code = flush_queue(tx, *queue);
    return code != 0 ? code : load_queue(tx, *queue, name);
}

int
weir__tx_queue(struct weir__tx *tx, const char *name, bool create, struct weir__tx_queue **queue)
{
    int code = find_queue(tx, name, queue);

    if (code != 0 || !create || (*queue)->known)
        return code;
    code = weir__conn_run(tx->conn, WEIR__SQL_queue_add, NULL, "si", name, (int64_t)1);
    return code != 0 ? code : load_queue(tx, *queue, name);
}

int
weir__tx_ends(struct weir__tx *tx, int64_t qid, weir_state state, int64_t *low, int64_t *high)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, WEIR__SQL_ends, &stmt, "ii", qid, (int64_t)state);

    *low = *high = 0;
    if (code != 0)
        return code;
    code = weir__conn_step(tx->conn, stmt);
    if (code == 1) {
        *low = sqlite3_column_int64(stmt, 0);
        *high = sqlite3_column_int64(stmt, 1);
        code = sqlite3_column_type(stmt, 0) != SQLITE_NULL;
    }
    weir__conn_end(stmt);
    return code;
}

/* The place at one end of a queue's tasks in a state; 0 when there are none. */
static int
find_end(struct weir__tx *tx, enum weir__statement id, int64_t qid, weir_state state,
         int64_t *place)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, id, &stmt, "ii", qid, (int64_t)state);

    *place = 0;
    if (code != 0)
        return code;
    code = weir__conn_step(tx->conn, stmt);
    if (code == 1)
        *place = sqlite3_column_int64(stmt, 0);
    weir__conn_end(stmt);
    return code < 0 ? code : 0;
}

int
weir__tx_tail(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t *place)
{
    int code = 0;

    if (!queue->has_tail) {
        code = find_end(tx, WEIR__SQL_tail, queue->qid, WEIR_STATE_PENDING, &queue->tail);
        queue->tail++;
        queue->has_tail = code == 0;
    }
    *place = queue->tail++;
    return code;
}

int
weir__tx_head(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t *place)
{
    int code = 0;

    if (!queue->has_head) {
        code = find_end(tx, WEIR__SQL_head, queue->qid, WEIR_STATE_PENDING, &queue->head);
        queue->head--;
        queue->has_head = code == 0;
    }
    *place = queue->head--;
    return code;
}

int
weir__tx_group_tail(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t *place)
{
    int code = find_end(tx, WEIR__SQL_tail, queue->qid, WEIR_STATE_AGGREGATING, place);

    ++*place;
    return code;
}

void
weir__tx_join(struct weir__tx *tx, struct weir__tx_queue *queue)
{
    queue->joins++;
    weir__tx_note(tx, queue->name, WEIR_WAKE_GROUP, 0);
}

int
weir__tx_count(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t now_ms, int64_t processed,
               int64_t failed)
{
    int64_t day = weir__day_of(now_ms);
    int code = day != queue->day ? flush_queue(tx, queue) : 0;

    queue->day = day;
    queue->processed += processed;
    queue->failed += failed;
    return code;
}

void
weir__tx_drained(struct weir__tx *tx, struct weir__drain drain)
{
    if (drain.key != 0 && tx->state.drain_count < WEIR__TX_QUEUES)
        tx->state.drains[tx->state.drain_count++] = drain;
}

void
weir__tx_tell_drained(const struct weir__tx *tx)
{
    size_t i;

    for (i = 0; i < tx->state.drain_count; i++)
        weir__board_drain(tx->conn->board, tx->state.drains[i].key, tx->state.drains[i].offered);
}

/* The note of a queue, made if there is none; where all are taken the last one, which then stands for all queues. */
static struct weir__note *
find_note(struct weir__tx *tx, const char *queue)
{
    struct weir__note *note;
    size_t i;

    for (i = 0; i < tx->note_count; i++) {
        note = &tx->notes[i];
        if (note->queue == NULL || strcmp(note->queue, queue) == 0)
            return note;
    }
    if (tx->note_count == WEIR__TX_NOTES) {
        note = &tx->notes[WEIR__TX_NOTES - 1];
        note->queue = NULL;
        return note;
    }
    note = &tx->notes[tx->note_count++];
    *note = (struct weir__note){.queue = queue, .due_at_ms = WEIR_NEVER};
    return note;
}

void
weir__tx_note_tasks(struct weir__tx *tx, const char *queue, uint32_t tasks)
{
    struct weir__note *note = find_note(tx, queue);

    note->what |= WEIR_WAKE_WORK;
    note->tasks += tasks;
}

void
weir__tx_note(struct weir__tx *tx, const char *queue, unsigned what, int64_t due_at_ms)
{
    struct weir__note *note = find_note(tx, queue);

    note->what |= what;
    if ((what & WEIR_WAKE_DUE) != 0 && due_at_ms < note->due_at_ms)
        note->due_at_ms = due_at_ms;
    note->tasks += (what & WEIR_WAKE_WORK) != 0;
}
