/* SPDX-License-Identifier: MIT */
/* People's orders about tasks. Amending reads, changes and writes back if nobody was faster. */
#include <config.h>

#include "inspect.h"
#include "message.h"
#include "row.h"

#include <string.h>

#define CHUNK 500 /* tasks that one script steers */

static const char *
verb_name(weir_verb verb)
{
    static const char *const names[] = {
        [WEIR_VERB_RUN] = "run", [WEIR_VERB_ARCHIVE] = "archive", [WEIR_VERB_DELETE] = "delete"};

    return names[verb];
}

static struct weir__step *
add_steer(struct weir__trip *trip, weir_verb verb, const char *queue_name, int64_t now_ms,
          const char *mode)
{
    struct weir__queue queue;
    struct weir__step *step;

    if (weir__queue_init(&queue, trip->b->prefix, queue_name, now_ms, &trip->space) < 0)
        trip->nomem = true;
    step = trip->nomem ? NULL : weir__trip_script(trip, WEIR__SCRIPT_STEER, &queue);
    weir__step_text(step, verb_name(verb));
    weir__step_number(step, now_ms);
    weir__step_text(step, mode);
    return step;
}

static int
result_of(char letter)
{
    if (letter == 'o')
        return 0;
    return letter == 'n' ? WEIR_E_NO_TASK : WEIR_E_STATE;
}

int
weir__redis_steer(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                  weir_steer_item *items, size_t count, weir_error *err)
{
    struct weir__step *step;
    struct weir__trip trip;
    const char *letters;
    size_t len = 0;
    int rc;

    weir__trip_init(&trip, self);
    trip.writes = true;
    step = add_steer(&trip, verb, queue, now_ms, "ids");
    for (size_t i = 0; i < count; i++)
        weir__step_text(step, items[i].id);
    rc = step ? weir__trip_run(&trip, err) : weir_error_set(err, WEIR_E_NOMEM, NULL);
    letters = rc == 0 ? weir__reply_text(step->reply, &len) : NULL;
    if (rc == 0 && (!letters || len != count))
        rc = weir__bad_reply(err, "steer.lua");
    for (size_t i = 0; i < count; i++)
        items[i].result = rc < 0 ? rc : result_of(letters[i]);
    weir__trip_release(&trip);
    return rc;
}

/* Steers some tasks of one list or set. *tried tells how many there were. */
static int
steer_some(struct weir__trip *trip, weir_verb verb, const char *queue, int64_t now_ms,
           weir_state state, const char *group, size_t max, size_t *done, size_t *tried,
           weir_error *err)
{
    struct weir__step *step = add_steer(trip, verb, queue, now_ms, "all");
    const char *letters;
    int rc;

    weir__step_text(step, weir_state_name(state));
    weir__step_number(step, (int64_t)max);
    if (group)
        weir__step_text(step, group);
    rc = step ? weir__trip_run_from(trip, &step, err) : weir_error_set(err, WEIR_E_NOMEM, NULL);
    if (rc < 0)
        return rc;
    letters = weir__reply_text(step->reply, tried);
    for (size_t i = 0; letters && i < *tried; i++)
        *done += letters[i] == 'o';
    return 0;
}

/* All of one list or set, in steps, up to max. */
static int
steer_set(struct weir__trip *trip, weir_verb verb, const char *queue, int64_t now_ms,
          weir_state state, const char *group, size_t max, size_t *done, weir_error *err)
{
    size_t tried = 1;
    int rc = 0;

    while (rc == 0 && tried > 0 && *done < max) {
        size_t some = max - *done < CHUNK ? max - *done : CHUNK;

        tried = 0;
        rc = steer_some(trip, verb, queue, now_ms, state, group, some, done, &tried, err);
    }
    return rc;
}

static int
steer_groups(struct weir__trip *trip, weir_verb verb, const char *queue_name, int64_t now_ms,
             size_t max, size_t *done, weir_error *err)
{
    struct weir__group_sizes sizes = {0};
    struct weir__queue queue;
    int rc = weir__queue_init(&queue, trip->b->prefix, queue_name, now_ms, &trip->space);

    if (rc < 0)
        return weir_error_set(err, rc, NULL);
    rc = weir__group_sizes(trip, &queue, &sizes, err);
    for (size_t i = 0; rc == 0 && i < sizes.count && *done < max; i++)
        rc = steer_set(trip, verb, queue_name, now_ms, WEIR_STATE_AGGREGATING, sizes.items[i].name,
                       max, done, err);
    return rc;
}

int
weir__redis_steer_all(void *self, int64_t now_ms, weir_verb verb, const char *queue,
                      weir_state state, const char *group, size_t max, size_t *done,
                      weir_error *err)
{
    struct weir__trip trip;
    int rc;

    *done = 0;
    weir__trip_init(&trip, self);
    trip.writes = true;
    if (state == WEIR_STATE_AGGREGATING && !group)
        rc = steer_groups(&trip, verb, queue, now_ms, max, done, err);
    else
        rc = steer_set(&trip, verb, queue, now_ms, state, group, max, done, err);
    weir__trip_release(&trip);
    return rc;
}

/* ---- amend ---- */

static int
add_amend(struct weir__trip *trip, const struct weir__queue *queue, struct weir__row *row,
          const weir_amend *amend, struct weir__step **step)
{
    const char *message = NULL;
    size_t len = 0;
    int rc;

    if (amend->payload) {
        row->task.payload = amend->payload;
        row->task.payload_len = amend->payload_len;
    }
    rc = weir__message_encode(&row->task, queue, &trip->space, &message, &len);
    *step = rc == 0 ? weir__trip_script(trip, WEIR__SCRIPT_AMEND, queue) : NULL;
    weir__step_text(*step, row->task.id);
    weir__step_bytes(*step, row->message, row->message_len);
    weir__step_bytes(*step, amend->payload ? message : row->message,
                     amend->payload ? len : row->message_len);
    if (amend->process_at_ms > 0) {
        weir__step_number(*step, weir__seconds_up(amend->process_at_ms));
        weir__step_number(*step, amend->process_at_ms);
    } else {
        weir__step_text(*step, "");
        weir__step_text(*step, "");
    }
    return *step ? rc : WEIR_E_NOMEM;
}

/* In which states the change is possible: amend.lua has the last word. */
static bool
may_amend(weir_state state, const weir_amend *amend)
{
    return state == WEIR_STATE_SCHEDULED || state == WEIR_STATE_RETRY ||
           (state == WEIR_STATE_PENDING && amend->process_at_ms == 0);
}

/* One try: 0, an error, or 1 when somebody else changed the task meanwhile. */
static int
amend_once(struct weir__trip *trip, const struct weir__queue *queue, const char *id,
           const weir_amend *amend, weir_error *err)
{
    struct weir__step *step = weir__look_add(trip, queue);
    struct weir__step **from;
    struct weir__row row;
    const char *letter;
    int rc;

    weir__step_text(step, id);
    rc = weir__trip_run(trip, err);
    if (rc == 0 && weir__look_count(step) == 0)
        rc = weir_error_set(err, WEIR_E_NO_TASK, "task \"%s\" not found", id);
    if (rc == 0)
        rc = weir__look_row(step, 0, queue, &trip->space, &row);
    if (rc == 0 && !may_amend(row.task.state, amend))
        rc = weir_error_set(err, WEIR_E_STATE, "task \"%s\" is %s", id,
                            weir_state_name(row.task.state));
    from = trip->last;
    if (rc == 0)
        rc = add_amend(trip, queue, &row, amend, &step);
    if (rc == 0)
        rc = weir__trip_run_from(trip, from, err);
    if (rc < 0)
        return weir_error_set(err, rc, NULL);
    letter = weir__reply_text(step->reply, NULL);
    if (letter && (letter[0] == 'r' || letter[0] == 's'))
        return 1;
    rc = result_of(letter ? letter[0] : 's');
    return rc < 0 ? weir_error_set(err, rc, NULL) : 0;
}

int
weir__redis_amend(void *self, int64_t now_ms, const char *queue_name, const char *id,
                  const weir_amend *amend, weir_error *err)
{
    struct weir__queue queue;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, self);
    trip.writes = true;
    rc = weir__queue_init(&queue, trip.b->prefix, queue_name, now_ms, &trip.space);
    if (rc < 0)
        weir_error_set(err, rc, NULL);
    for (int tries = 0; rc == 0 && tries < 100; tries++) {
        weir__trip_clear(&trip);
        rc = amend_once(&trip, &queue, id, amend, err);
        if (rc == 0)
            break;
        rc = rc == 1 ? (tries == 99 ? weir_error_set(err, WEIR_E_BUSY, NULL) : 0) : rc;
    }
    weir__trip_release(&trip);
    return rc;
}
