/* SPDX-License-Identifier: MIT */
/*
 * The message tells what the task is, the hash in what state, and the score since or until when. The exact ms
 * of a score are in weir_at, as long as they round to it.
 */
#include <config.h>

#include "row.h"
#include "message.h"

#include <math.h>
#include <stdlib.h>

enum {
    ID,
    MESSAGE,
    STATE,
    PENDING_SINCE,
    RESULT,
    GROUP,
    AT,
    SCORE,
    COLUMNS
};

struct weir__step *
weir__look_add(struct weir__trip *trip, const struct weir__queue *queue)
{
    return weir__trip_script(trip, WEIR__SCRIPT_LOOK, queue);
}

size_t
weir__look_count(const struct weir__step *step)
{
    return step->reply && step->reply->elements > 0 ? step->reply->elements - 1 : 0;
}

static int64_t
score_of(const redisReply *row)
{
    const char *text = weir__reply_text(weir__reply_at(row, SCORE), NULL);
    double score = text ? strtod(text, NULL) : 0;

    return score > -9e15 && score < 9e15 ? (int64_t)floor(score) : 0;
}

/* due: the score was rounded up. */
static int64_t
exact_ms(const redisReply *row, bool due)
{
    int64_t at_ms = weir__reply_number(weir__reply_at(row, AT));
    int64_t score = score_of(row);
    int64_t rounded = due ? weir__seconds_up(at_ms) : weir__seconds_down(at_ms);

    return at_ms != 0 && rounded == score ? at_ms : score * 1000;
}

/* An archived task with a time of its own stands by the end of that time. */
static int64_t
archived_ms(const redisReply *row, const weir_task_info *task)
{
    int64_t ends_s = score_of(row) - WEIR__ARCHIVE_OWN_S;
    int64_t at_ms = weir__reply_number(weir__reply_at(row, AT));

    if (ends_s < 0)
        return exact_ms(row, false);
    return (weir__seconds_up(at_ms) == ends_s ? at_ms : ends_s * 1000) - task->archive_for_ms;
}

static void
set_state(weir_task_info *task, const redisReply *row, int64_t now_s)
{
    task->state = weir_state_parse(weir__reply_text(weir__reply_at(row, STATE), NULL));
    if (task->state != WEIR_STATE_COMPLETED)
        task->state_since_ms = 0;
    if (task->state == WEIR_STATE_PENDING)
        task->pending_since_ms = weir__reply_number(weir__reply_at(row, PENDING_SINCE)) / 1000000;
    if (task->state == WEIR_STATE_SCHEDULED || task->state == WEIR_STATE_RETRY)
        task->next_process_at_ms = exact_ms(row, true);
    if (task->state == WEIR_STATE_AGGREGATING)
        task->state_since_ms = exact_ms(row, false);
    if (task->state == WEIR_STATE_ARCHIVED)
        task->state_since_ms = archived_ms(row, task);
    if (task->state == WEIR_STATE_ACTIVE) {
        task->lease_expires_at_ms = score_of(row) * 1000;
        task->is_orphaned = score_of(row) <= now_s;
    }
}

int
weir__look_row(const struct weir__step *step, size_t i, const struct weir__queue *queue,
               struct weir__space *space, struct weir__row *row)
{
    const redisReply *columns = weir__reply_at(step->reply, i + 1);
    const char *id = weir__reply_text(weir__reply_at(columns, ID), NULL);
    const char *group = weir__reply_text(weir__reply_at(columns, GROUP), NULL);
    size_t len = 0;
    int rc;

    row->message = weir__reply_text(weir__reply_at(columns, MESSAGE), &row->message_len);
    if (!id || !row->message)
        return WEIR_E_CORRUPT;
    rc = weir__message_decode(row->message, row->message_len, id, queue, space, &row->task);
    if (rc < 0)
        return rc;
    if (group && group[0] != '\0')
        row->task.group = group;
    row->task.result = weir__reply_text(weir__reply_at(columns, RESULT), &len);
    row->task.result_len = len;
    set_state(&row->task, columns, weir__reply_number(weir__reply_at(step->reply, 0)));
    return 0;
}
