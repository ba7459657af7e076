/* SPDX-License-Identifier: MIT */
/*
 * The life of a job:
 *
 *   take --> waiting --> starting --> waiting --> claimed --resolve--> queued --(mover)--> moving --settle--> none
 *               '----- give back -------'------------------------------'
 *
 * Its outcome may be committed while its handler still runs (it was given up), or wait for the broker long after that has
 * returned, or while a heartbeat looks at its task: whoever comes last clears it.
 */
#include <config.h>

#include "runtime.h"

#include <stdlib.h>

void
weir__jobs_append(struct weir__jobs *jobs, struct weir__job *job)
{
    job->next = NULL;
    if (jobs->last != NULL) {
        jobs->last->next = job;
    } else {
        jobs->first = job;
    }
    jobs->last = job;
    jobs->count++;
}

struct weir__job *
weir__jobs_shift(struct weir__jobs *jobs)
{
    struct weir__job *job = jobs->first;

    if (job == NULL) {
        return NULL;
    }
    jobs->first = job->next;
    if (jobs->first == NULL) {
        jobs->last = NULL;
    }
    jobs->count--;
    return job;
}

void
weir__jobs_prepend(struct weir__jobs *jobs, struct weir__jobs *front)
{
    if (front->count == 0) {
        return;
    }
    front->last->next = jobs->first;
    jobs->first = front->first;
    if (jobs->last == NULL) {
        jobs->last = front->last;
    }
    jobs->count += front->count;
    *front = (struct weir__jobs){0};
}

void
weir__job_hold(weir_server *server, struct weir__job *job, const weir_claim *claim,
               int64_t lease_end_boot_ms)
{
    job->place = server->job_count;
    server->jobs[server->job_count++] = job;
    server->held++;
    job->hold = WEIR__HOLD_WAITING;
    job->claim = *claim;
    job->number = server->taken++;
    job->lease_end_boot_ms = lease_end_boot_ms;
}

void
weir__job_resolve(weir_server *server, struct weir__job *job)
{
    job->hold = WEIR__HOLD_QUEUED;
    weir__jobs_append(&server->outcomes, job);
}

void
weir__job_give_back(weir_server *server, struct weir__job *job)
{
    weir__outcome_give_back(&job->claim, &job->finish);
    weir__job_resolve(server, job);
}

bool
weir__job_leave(weir_server *server, struct weir__job *job)
{
    if (job->slot != NULL || job->hold != WEIR__HOLD_NONE) {
        return false;
    }
    if (job->pinned) {
        job->dead = true;
        return false;
    }
    struct weir__job *last = server->jobs[--server->job_count];
    server->jobs[job->place] = last;
    last->place = job->place;
    return true;
}

bool
weir__job_settle(weir_server *server, struct weir__job *job)
{
    job->hold = WEIR__HOLD_NONE;
    server->held--;
    if (server->phase == WEIR__STOPPING) {
        pthread_cond_broadcast(&server->changed);
    }
    return weir__job_leave(server, job);
}

void
weir__job_clear(struct weir__job *job)
{
    if (job->claim.task != NULL) {
        weir__claim_release(&job->claim);
    }
    free(job->text);
    free(job->result);
    *job = (struct weir__job){0};
}

void
weir__job_free(struct weir__job *job)
{
    weir__job_clear(job);
    free(job);
}
