/* SPDX-License-Identifier: MIT */
/* The checks at the end of a round; judge.h tells more. */
#include <config.h>

#include "judge.h"

#include <inttypes.h>
#include <string.h>

void
judge_gather(struct evidence *evidence, struct crew_scene *scene, const char *acks, const char *log)
{
    ledger_read(&evidence->acks, acks);
    ledger_read(&evidence->log, log);
    listing_read(&evidence->tasks, scene, WEIR_STATE_NONE);
}

void
judge_release(struct evidence *evidence)
{
    ledger_free(&evidence->acks);
    ledger_free(&evidence->log);
    listing_free(&evidence->tasks);
    for (int i = 0; i < evidence->kill_count; i++) {
        listing_free(&evidence->kills[i].active);
        listing_free(&evidence->kills[i].completed);
    }
}

static bool
is(const struct ledger_entry *entry, const char *what)
{
    return strcmp(entry->what, what) == 0;
}

static bool
in_ledger(const struct ledger *ledger, const struct ledger_entry *entry, const char *id)
{
    return entry != NULL && entry < ledger->entries + ledger->count && strcmp(entry->id, id) == 0;
}

/* ---- acknowledged ---- */

static bool
is_in_a_window(const struct evidence *evidence, int64_t at_us)
{
    for (int i = 0; i < evidence->window_count; i++) {
        if (evidence->windows[i].from_us <= at_us && at_us <= evidence->windows[i].to_us)
            return true;
    }
    return false;
}

void
judge_acknowledged(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->acks.count; i++) {
        const struct ledger_entry *ack = &evidence->acks.entries[i];
        const struct listed *task = listing_find(&evidence->tasks, ack->id);
        if (task == NULL && is_in_a_window(evidence, ack->at_us))
            evidence->lost_in_windows++;
        else if (task == NULL)
            crew_fail("task %s was acknowledged and is lost", ack->id);
        else if (task->state != WEIR_STATE_COMPLETED &&
                 !(task->state == WEIR_STATE_ARCHIVED && is(ack, "once")))
            crew_fail("task %s was acknowledged and is %s", ack->id, weir_state_name(task->state));
    }
}

/* ---- finished ---- */

static int64_t
last_start(const struct ledger *log, const char *id)
{
    const struct ledger_entry *entry;
    int64_t at_us = 0;

    for (entry = ledger_find(log, id); in_ledger(log, entry, id); entry++) {
        if (is(entry, "start"))
            at_us = entry->at_us;
    }
    return at_us;
}

static void
check_completed(const struct evidence *evidence, const struct listing *listing, bool at_listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        const struct listed *task = &listing->tasks[i];
        int64_t start_us = last_start(&evidence->log, task->id);
        int64_t done_us = at_listing ? listing->at_us : (task->since_ms + 1) * 1000;
        if (task->state != WEIR_STATE_COMPLETED)
            continue;
        if (start_us == 0)
            crew_fail("task %s is completed and was never started", task->id);
        if (start_us > done_us)
            crew_fail("task %s was finished and started again %" PRId64 " us later", task->id,
                      start_us - done_us);
    }
}

void
judge_finished(const struct evidence *evidence)
{
    check_completed(evidence, &evidence->tasks, false);
    for (int i = 0; i < evidence->kill_count; i++)
        check_completed(evidence, &evidence->kills[i].completed, true);
}

/* ---- overlaps ---- */

static bool
was_killed_before(const struct evidence *evidence, int pid, int64_t at_us)
{
    for (int i = 0; i < evidence->kill_count; i++) {
        if (evidence->kills[i].pid == pid && evidence->kills[i].at_us <= at_us)
            return true;
    }
    return false;
}

/* The entry that ends what `start` began, NULL where there is none. */
static const struct ledger_entry *
end_of(const struct ledger *log, const struct ledger_entry *start)
{
    const struct ledger_entry *entry;

    for (entry = start + 1; in_ledger(log, entry, start->id); entry++) {
        if (entry->pid == start->pid && !is(entry, "start"))
            return entry;
    }
    return NULL;
}

/* Whether `start` was still running when the same task was started at a time. */
static void
check_pair(struct evidence *evidence, const struct ledger_entry *start,
           const struct ledger_entry *next)
{
    const struct ledger_entry *end = end_of(&evidence->log, start);

    if (end != NULL && end->at_us <= next->at_us)
        return;
    if (end == NULL && was_killed_before(evidence, start->pid, next->at_us))
        return;
    if (end != NULL && is(end, "lost")) {
        evidence->lost_leases++;
        return;
    }
    crew_fail("task %s was started by %d while %d ran it (%" PRId64 " us after its start)",
              start->id, next->pid, start->pid, next->at_us - start->at_us);
}

void
judge_overlaps(struct evidence *evidence)
{
    const struct ledger_entry *entry, *start = NULL;

    for (size_t i = 0; i < evidence->log.count; i++) {
        entry = &evidence->log.entries[i];
        if (!is(entry, "start"))
            continue;
        if (start != NULL && strcmp(start->id, entry->id) == 0)
            check_pair(evidence, start, entry);
        start = entry;
    }
}

/* ---- once ---- */

static int
count_of(const struct ledger *log, const char *id, const char *what)
{
    const struct ledger_entry *entry;
    int count = 0;

    for (entry = ledger_find(log, id); in_ledger(log, entry, id); entry++)
        count += is(entry, what);
    return count;
}

void
judge_once(const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->acks.count; i++) {
        const char *id = evidence->acks.entries[i].id;
        int starts = count_of(&evidence->log, id, "start");
        int ends = count_of(&evidence->log, id, "end");
        int fails = count_of(&evidence->log, id, "fail");
        if (ends != 1 || starts != ends + fails)
            crew_fail("task %s was started %d times, failed %d times and ended %d times", id,
                      starts, fails, ends);
    }
}

/* ---- counters ---- */

void
judge_counters(const struct evidence *evidence, struct crew_scene *scene)
{
    int64_t succeeded = 0, completed = 0;
    weir_queue_list *list;

    for (int i = 0; i < 2; i++) {
        if (weir_inspect_queue(scene->inspector, scene->queues[i], &list, NULL) != 0)
            continue;
        succeeded += list->items[0].processed_total - list->items[0].failed_total;
        weir_queue_list_free(list);
    }
    for (size_t i = 0; i < evidence->tasks.count; i++)
        completed += evidence->tasks.tasks[i].state == WEIR_STATE_COMPLETED;
    int64_t off = succeeded > completed ? succeeded - completed : completed - succeeded;
    if (off > 0 && (size_t)off >= evidence->lost_in_windows)
        crew_fail("%" PRId64 " tasks are completed, and %" PRId64 " were counted", completed,
                  succeeded);
}

/* ---- recovery ---- */

static bool
another_kill_between(const struct evidence *evidence, const struct kill *kill, int64_t at_us)
{
    for (int i = 0; i < evidence->kill_count; i++) {
        if (evidence->kills[i].at_us > kill->at_us && evidence->kills[i].at_us < at_us)
            return true;
    }
    return false;
}

/* When the task ran again that the killed worker was running; 0 where it was not, or did not run again. */
static int64_t
ran_again_at(const struct evidence *evidence, const struct kill *kill, const char *id)
{
    const struct ledger_entry *entry;
    bool was_its_own = false;

    for (entry = ledger_find(&evidence->log, id); in_ledger(&evidence->log, entry, id); entry++) {
        if (is(entry, "start") && entry->at_us > kill->at_us && entry->pid != kill->pid)
            return was_its_own ? entry->at_us : 0;
        was_its_own = is(entry, "start") && entry->pid == kill->pid;
    }
    return 0;
}

static bool
delay_of(const struct evidence *evidence, const struct kill *kill, const struct listed *task,
         double *delay_ms)
{
    int64_t again_us = ran_again_at(evidence, kill, task->id);
    int64_t from_us = task->lease_end_ms > 0 ? task->lease_end_ms * 1000
                                             : kill->at_us + evidence->lease_ms * 1000;

    if (again_us == 0 || another_kill_between(evidence, kill, again_us))
        return false;
    if (from_us < kill->takeover_us)
        from_us = kill->takeover_us;
    *delay_ms = (double)(again_us - from_us) / 1000;
    return true;
}

size_t
judge_recovery(const struct evidence *evidence, double *delays_ms, size_t count, size_t room,
               double limit_ms)
{
    double delay_ms;

    for (int k = 0; k < evidence->kill_count; k++) {
        const struct kill *kill = &evidence->kills[k];
        for (size_t i = 0; i < kill->active.count; i++) {
            const struct listed *task = &kill->active.tasks[i];
            if (!delay_of(evidence, kill, task, &delay_ms))
                continue;
            if (delay_ms > limit_ms)
                crew_fail("task %s ran again only %.0f ms after its lease", task->id, delay_ms);
            if (delay_ms < -50)
                crew_fail("task %s ran again %.0f ms before its lease ended", task->id, -delay_ms);
            if (count < room)
                delays_ms[count++] = delay_ms;
        }
    }
    return count;
}
