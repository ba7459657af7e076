/* SPDX-License-Identifier: MIT */
/*
 * Group commit: see writer.h.
 *
 * The list of jobs and `busy` are under the lock; the connection and the transaction belong to whoever set busy.
 */
#include <config.h>

#include "writer.h"

#include "store.h"

#include <string.h>

int
weir__writer_init(struct weir__writer *writer)
{
    memset(writer, 0, sizeof(*writer));
    writer->last = &writer->first;
    if (pthread_mutex_init(&writer->lock, NULL) != 0)
        return WEIR_E_NOMEM;
    if (pthread_cond_init(&writer->idle, NULL) == 0)
        return 0;
    pthread_mutex_destroy(&writer->lock);
    return WEIR_E_NOMEM;
}

void
weir__writer_release(struct weir__writer *writer)
{
    pthread_cond_destroy(&writer->idle);
    pthread_mutex_destroy(&writer->lock);
}

static void
append(struct weir__writer *writer, struct weir__job *job)
{
    job->next = NULL;
    *writer->last = job;
    writer->last = &job->next;
}

static struct weir__job *
take_all(struct weir__writer *writer)
{
    struct weir__job *jobs = writer->first;

    writer->first = NULL;
    writer->last = &writer->first;
    return jobs;
}

/* Waits, with the lock held, until the job is done or its thread may lead. */
static void
await_turn(struct weir__writer *writer, struct weir__job *job)
{
    while (!job->done && writer->busy)
        pthread_cond_wait(&job->wake, &writer->lock);
}

/* Lets the next caller lead; with the lock held. */
static void
pass_on(struct weir__writer *writer)
{
    writer->busy = false;
    if (writer->first != NULL)
        pthread_cond_signal(&writer->first->wake);
    if (writer->holders > 0)
        pthread_cond_signal(&writer->idle);
}

static void
fail_job(struct weir__job *job, int code, const weir_error *why)
{
    job->code = code;
    if (why->code != 0)
        weir_error_set(job->err, code, "%s", why->text);
    else
        weir_error_set(job->err, code, NULL);
}

/* One of several jobs. Returns whether the transaction still stands. */
static bool
run_protected(struct weir__tx *tx, struct weir__job *job)
{
    struct weir__tx_state before = tx->state;

    weir_error_clear(&tx->conn->err);
    job->code = weir__conn_run(tx->conn, WEIR__SQL_savepoint, NULL, "");
    if (job->code == 0)
        job->code = job->run(tx, job->arg);
    if (job->code >= 0)
        return weir__conn_run(tx->conn, WEIR__SQL_release, NULL, "") == 0;
    fail_job(job, job->code, &tx->conn->err);
    tx->state = before;
    if (sqlite3_get_autocommit(tx->conn->db))
        return false;
    return weir__conn_run(tx->conn, WEIR__SQL_rollback_to, NULL, "") == 0 &&
           weir__conn_run(tx->conn, WEIR__SQL_release, NULL, "") == 0;
}

/* A job that is alone in its transaction. */
static int
run_alone(struct weir__tx *tx, struct weir__job *job)
{
    job->code = job->run(tx, job->arg);
    return job->code < 0 ? job->code : 0;
}

static int
run_several(struct weir__tx *tx, struct weir__job *jobs)
{
    struct weir__job *job;

    for (job = jobs; job != NULL; job = job->next) {
        if (!run_protected(tx, job))
            return tx->conn->err.code != 0 ? tx->conn->err.code : WEIR_E_INTERNAL;
    }
    return 0;
}

static int
run_jobs(struct weir__tx *tx, struct weir__job *jobs)
{
    int code = weir__conn_run(tx->conn, WEIR__SQL_begin, NULL, "");

    if (code != 0)
        return code;
    code = jobs->next == NULL ? run_alone(tx, jobs) : run_several(tx, jobs);
    if (code == 0)
        code = weir__tx_flush(tx);
    if (code == 0 && weir__conn_has_moved(tx->conn))
        code = weir__conn_fail_moved(tx->conn);
    if (code == 0)
        code = weir__conn_commit(tx->conn, WEIR__SQL_commit);
    return code;
}

/* Runs jobs in a transaction and sets the code of each. */
static void
lead(struct weir__store *store, struct weir__job *jobs)
{
    struct weir__tx *tx = &store->writer.tx;
    struct weir__job *job;
    weir_error why;
    int code;

    weir__tx_init(tx, &store->writer.conn);
    weir_error_clear(&tx->conn->err);
    code = run_jobs(tx, jobs);
    if (code == 0) {
        weir__board_pass_turn(&store->hub.board);
        weir__tx_tell_drained(tx);
        weir__hub_notify(&store->hub, tx->notes, tx->note_count);
        return;
    }
    why = tx->conn->err;
    if (!sqlite3_get_autocommit(tx->conn->db))
        weir__conn_run(tx->conn, WEIR__SQL_rollback, NULL, "");
    weir__board_pass_turn(&store->hub.board);
    weir__checkpoint_after_failure(&store->checkpoint, code);
    for (job = jobs; job != NULL; job = job->next)
        fail_job(job, job->code < 0 ? job->code : code, &why);
}

/* Tells the others of a finished transaction; with the lock held. */
static void
tell(struct weir__job *jobs, const struct weir__job *own)
{
    struct weir__job *next;

    for (; jobs != NULL; jobs = next) {
        next = jobs->next; /* once told, a job may be gone */
        jobs->done = true;
        if (jobs != own)
            pthread_cond_signal(&jobs->wake);
    }
}

/* Leads a transaction of everything that waits; with the lock held, which is given up meanwhile. */
static void
take_lead(struct weir__store *store, const struct weir__job *own)
{
    struct weir__writer *writer = &store->writer;
    struct weir__job *jobs = take_all(writer);

    writer->busy = true;
    pthread_mutex_unlock(&writer->lock);
    lead(store, jobs);
    pthread_mutex_lock(&writer->lock);
    tell(jobs, own);
    if (weir__checkpoint_is_due(&store->checkpoint)) {
        pthread_mutex_unlock(&writer->lock);
        weir__checkpoint_run(store);
        pthread_mutex_lock(&writer->lock);
    }
    pass_on(writer);
}

int
weir__writer_run(struct weir__store *store, weir__job_run run, void *arg, weir_error *err)
{
    struct weir__writer *writer = &store->writer;
    struct weir__job job = {.run = run, .arg = arg, .err = err};

    if (store->options.mode == WEIR_OPEN_READ)
        return weir_error_set(err, WEIR_E_READONLY, "%s: opened for reading only", store->path);
    if (pthread_cond_init(&job.wake, NULL) != 0)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    pthread_mutex_lock(&writer->lock);
    append(writer, &job);
    await_turn(writer, &job);
    if (!job.done)
        take_lead(store, &job);
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_destroy(&job.wake);
    return job.code;
}

void
weir__writer_hold(struct weir__writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->holders++;
    while (writer->busy)
        pthread_cond_wait(&writer->idle, &writer->lock);
    writer->holders--;
    writer->busy = true;
    pthread_mutex_unlock(&writer->lock);
}

void
weir__writer_free(struct weir__writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    pass_on(writer);
    pthread_mutex_unlock(&writer->lock);
}
