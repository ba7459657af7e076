/* SPDX-License-Identifier: MIT */
/*
 * A note is old enough to be acted upon when the core has given the request up, which it does after three
 * tries: upkeep acts on a note only at its second visit, one heartbeat later at least. The script that repeats a take
 * tells what it holds; those tasks are then finished as requeues of tasks that never started.
 */
#include <config.h>

#include "lost.h"
#include "take.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

struct note {
    char *queue; /* NULL: free */
    weir_request_id request;
    int visits;
};

struct weir__lost {
    pthread_mutex_t mutex;
    atomic_size_t count;
    struct note notes[MOST];
};

struct weir__lost *
weir__lost_new(void)
{
    struct weir__lost *lost = calloc(1, sizeof *lost);

    if (lost)
        pthread_mutex_init(&lost->mutex, NULL);
    return lost;
}

void
weir__lost_free(struct weir__lost *lost)
{
    if (!lost)
        return;
    for (size_t i = 0; i < MOST; i++)
        free(lost->notes[i].queue);
    pthread_mutex_destroy(&lost->mutex);
    free(lost);
}

static bool
is_of(const struct note *note, const weir_request_id *request)
{
    return note->queue && note->request.instance == request->instance &&
           note->request.lane == request->lane && note->request.number == request->number;
}

static void
forget(struct weir__lost *lost, struct note *note)
{
    free(note->queue);
    *note = (struct note){0};
    atomic_fetch_sub(&lost->count, 1);
}

static void
add(struct weir__lost *lost, const char *queue, const weir_request_id *request)
{
    for (size_t i = 0; i < MOST; i++) {
        struct note *note = &lost->notes[i];

        if (note->queue)
            continue;
        note->queue = strdup(queue);
        note->request = *request;
        note->visits = 0;
        if (note->queue)
            atomic_fetch_add(&lost->count, 1);
        return;
    }
}

void
weir__lost_note(struct weir__lost *lost, const char *queue, const weir_request_id *request)
{
    bool known = false;

    pthread_mutex_lock(&lost->mutex);
    for (size_t i = 0; i < MOST; i++)
        known = known ||
                (is_of(&lost->notes[i], request) && strcmp(lost->notes[i].queue, queue) == 0);
    if (!known)
        add(lost, queue, request);
    pthread_mutex_unlock(&lost->mutex);
}

void
weir__lost_found(struct weir__lost *lost, const weir_request_id *request)
{
    if (atomic_load(&lost->count) == 0)
        return;
    pthread_mutex_lock(&lost->mutex);
    for (size_t i = 0; i < MOST; i++) {
        if (is_of(&lost->notes[i], request))
            forget(lost, &lost->notes[i]);
    }
    pthread_mutex_unlock(&lost->mutex);
}

/* ---- putting back ---- */

static int
read_part(const struct weir__step *step, const struct weir__queue *queue,
          struct weir__claimed_list *list, struct weir__space *space)
{
    struct weir__taken taken;
    int rc = weir__taken_read(&taken, step->reply, NULL);

    if (rc == 0)
        rc = weir__claimed_reserve(list, taken.count, space);
    for (size_t i = 0; rc == 0 && i < taken.count; i++) {
        const char *id = weir__taken_id(&taken, i);

        list->items[list->count] =
            (struct weir__claimed){.queue = queue, .id = id, .token = taken.token};
        list->count += id != NULL;
    }
    return rc;
}

static struct weir__step *
add_part(struct weir__trip *trip, struct weir__queue *queue, const weir_request_id *request,
         const char *part)
{
    struct weir__step *step;

    if (weir__queue_lane(queue, request, part, &trip->space) < 0)
        return NULL;
    step = weir__trip_script(trip, WEIR__SCRIPT_TAKE, queue);
    weir__step_number(step, (int64_t)request->number);
    weir__step_text(step, "repeat");
    weir__step_text(step, "0");
    weir__step_text(step, "1");
    weir__step_text(step, "0");
    weir__step_text(step, "0");
    weir__step_text(step, "10000");
    return step;
}

/* True when nothing of it is held any more. */
static bool
put_back(struct weir__redis_backend *b, const struct note *note, int64_t now_ms)
{
    static const char *const parts[] = {":t", ":u"};
    struct weir__claimed_list list = {0};
    struct weir__step *steps[2];
    struct weir__queue queue;
    struct weir__trip trip;
    int rc;

    weir__trip_init(&trip, b);
    rc = weir__queue_init(&queue, b->prefix, note->queue, now_ms, &trip.space);
    for (int i = 0; rc == 0 && i < 2; i++)
        steps[i] = add_part(&trip, &queue, &note->request, parts[i]);
    if (rc == 0)
        rc = weir__trip_run(&trip, NULL);
    for (int i = 0; rc == 0 && i < 2; i++)
        rc = read_part(steps[i], &queue, &list, &trip.space);
    if (rc == 0 && list.count > 0)
        weir__claimed_return(b, &list, &note->request, now_ms);
    weir__trip_release(&trip);
    return rc == 0 || rc == WEIR_E_STALE;
}

static struct note
next_note(struct weir__lost *lost, size_t i)
{
    struct note copy = {0};

    pthread_mutex_lock(&lost->mutex);
    if (lost->notes[i].queue && lost->notes[i].visits++ > 0) {
        copy = lost->notes[i];
        copy.queue = strdup(copy.queue);
    }
    pthread_mutex_unlock(&lost->mutex);
    return copy;
}

static void
done_with(struct weir__lost *lost, size_t i, const weir_request_id *request)
{
    pthread_mutex_lock(&lost->mutex);
    if (is_of(&lost->notes[i], request))
        forget(lost, &lost->notes[i]);
    pthread_mutex_unlock(&lost->mutex);
}

void
weir__lost_return(struct weir__redis_backend *b, int64_t now_ms)
{
    if (atomic_load(&b->lost->count) == 0)
        return;
    for (size_t i = 0; i < MOST; i++) {
        struct note note = next_note(b->lost, i);

        if (note.queue && put_back(b, &note, now_ms))
            done_with(b->lost, i, &note.request);
        free(note.queue);
    }
}
