/* SPDX-License-Identifier: MIT */
/* Work on a whole queue goes in transactions of bounded size, and is complete all the same. */
#include <config.h>

#include "harness.h"
#include "sqlite_kit.h"

#include "sqlite/piece.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 1000
#define BIG_BYTES ((size_t)100 * 1024)
#define BIG_UNITS (1 + BIG_BYTES / 4096)

/* Rows of tasks that were changed in the present transaction, and in the largest one. */
static struct {
    size_t rows, most, commits;
} seen;

static void
on_row(void *arg, int what, const char *database, const char *table, sqlite3_int64 seq)
{
    (void)arg;
    (void)what;
    (void)database;
    (void)seq;
    seen.rows += strcmp(table, "weir_task") == 0;
}

static int
on_commit(void *arg)
{
    (void)arg;
    seen.most = seen.rows > seen.most ? seen.rows : seen.most;
    seen.commits += seen.rows > 0;
    seen.rows = 0;
    return 0;
}

/* A queue "q" of so many tasks, and from now on a count of what is changed. */
static weir_broker *
open_with(size_t count, weir_state state, size_t payload_len)
{
    weir_broker *broker = kit_open("?sync=normal", NULL);
    weir_enqueue_item *items = calloc(count, sizeof(*items));
    weir_task_info *tasks = calloc(count, sizeof(*tasks));
    char(*ids)[24] = calloc(count, sizeof(*ids));
    char *payload = calloc(1, payload_len + 1);
    sqlite3 *db = kit_store(broker)->writer.conn.db;

    for (size_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof(ids[i]), "t%06zu", i);
        tasks[i] = (weir_task_info){.id = ids[i],
                                    .type = "t",
                                    .queue = "q",
                                    .state = state,
                                    .next_process_at_ms = INT64_MAX / 2,
                                    .payload = payload,
                                    .payload_len = payload_len};
        items[i].task = &tasks[i];
    }
    CU_ASSERT_EQUAL(weir__enqueue(broker, items, count, NULL), 0);
    memset(&seen, 0, sizeof(seen));
    sqlite3_update_hook(db, on_row, NULL);
    sqlite3_commit_hook(db, on_commit, NULL);
    free(payload);
    free(ids);
    free(tasks);
    free(items);
    return broker;
}

static void
went_in_pieces(size_t done, size_t count, size_t units)
{
    CU_ASSERT_EQUAL(done, count);
    CU_ASSERT(seen.most * units < WEIR__PIECE_UNITS + units);
    CU_ASSERT(seen.commits >= count * units / WEIR__PIECE_UNITS);
}

static void
orders_to_all_go_in_pieces(void)
{
    weir_broker *broker = open_with(MANY, WEIR_STATE_SCHEDULED, 10);
    size_t done = 0;

    CU_ASSERT_EQUAL(weir__steer_all(broker, WEIR_VERB_RUN, "q", WEIR_STATE_SCHEDULED, NULL,
                                    WEIR_BATCH_MAX, &done, NULL),
                    0);
    went_in_pieces(done, MANY, 1);
    memset(&seen, 0, sizeof(seen));
    CU_ASSERT_EQUAL(weir__steer_all(broker, WEIR_VERB_ARCHIVE, "q", WEIR_STATE_PENDING, NULL,
                                    WEIR_BATCH_MAX, &done, NULL),
                    0);
    went_in_pieces(done, MANY, 1);
    memset(&seen, 0, sizeof(seen));
    CU_ASSERT_EQUAL(weir__steer_all(broker, WEIR_VERB_DELETE, "q", WEIR_STATE_ARCHIVED, NULL,
                                    WEIR_BATCH_MAX, &done, NULL),
                    0);
    went_in_pieces(done, MANY, 1);
    weir_broker_close(broker);
}

static void
an_order_does_no_more_than_it_may(void)
{
    weir_broker *broker = open_with(MANY, WEIR_STATE_PENDING, 10);
    size_t done = 0;

    CU_ASSERT_EQUAL(weir__steer_all(broker, WEIR_VERB_DELETE, "q", WEIR_STATE_PENDING, NULL,
                                    WEIR__PIECE_UNITS, &done, NULL),
                    0);
    CU_ASSERT_EQUAL(done, WEIR__PIECE_UNITS);
    CU_ASSERT_EQUAL(weir__steer_all(broker, WEIR_VERB_DELETE, "q", WEIR_STATE_PENDING, NULL,
                                    WEIR__PIECE_UNITS + 7, &done, NULL),
                    0);
    CU_ASSERT_EQUAL(done, WEIR__PIECE_UNITS + 7);
    CU_ASSERT_EQUAL(kit_pending(broker), MANY - 2 * WEIR__PIECE_UNITS - 7);
    weir_broker_close(broker);
}

static void
large_payloads_make_small_pieces(void)
{
    enum {
        COUNT = 60
    };

    weir_broker *broker = open_with(COUNT, WEIR_STATE_PENDING, BIG_BYTES);
    size_t done = 0;

    CU_ASSERT_EQUAL(weir__steer_all(broker, WEIR_VERB_DELETE, "q", WEIR_STATE_PENDING, NULL,
                                    WEIR_BATCH_MAX, &done, NULL),
                    0);
    went_in_pieces(done, COUNT, BIG_UNITS);
    weir_broker_close(broker);
}

/* The last transaction removes what is left of the queue, and less than max says so. */
static void
a_queue_is_removed_in_pieces(void)
{
    weir_broker *broker = open_with(MANY, WEIR_STATE_PENDING, 10);
    weir_error err = {0};
    size_t done = 0;

    CU_ASSERT_EQUAL(weir__remove_queue(broker, "q", true, MANY, &done, NULL), 0);
    went_in_pieces(done, MANY, 1);
    CU_ASSERT_EQUAL(weir__remove_queue(broker, "q", true, MANY, &done, NULL), 0);
    CU_ASSERT_EQUAL(done, 0);
    CU_ASSERT_EQUAL(weir__remove_queue(broker, "q", true, MANY, &done, &err), WEIR_E_NO_QUEUE);
    weir_broker_close(broker);
}

static void
a_queue_of_just_a_piece_is_gone_at_once(void)
{
    weir_broker *broker = open_with(WEIR__PIECE_UNITS, WEIR_STATE_PENDING, 10);
    size_t done = 0;

    CU_ASSERT_EQUAL(weir__remove_queue(broker, "q", true, WEIR_BATCH_MAX, &done, NULL), 0);
    CU_ASSERT_EQUAL(done, WEIR__PIECE_UNITS);
    CU_ASSERT_EQUAL(weir__remove_queue(broker, "q", true, MANY, &done, NULL), WEIR_E_NO_QUEUE);
    weir_broker_close(broker);
}

/* What is above the limit is counted no further than it may be deleted: a step costs the same however many there are. */
static void
expiry_goes_in_pieces_and_counts_no_more_than_it_deletes(void)
{
    enum {
        KEPT = 10,
        MAX = 500
    };

    const char *queue = "q";
    weir_expire expire = {
        .queues = &queue, .queue_count = 1, .max = MAX, .archive_max = KEPT, .archive_age_ms = -1};
    weir_broker *broker = open_with(MANY, WEIR_STATE_PENDING, 10);
    sqlite3_stmt *count;
    size_t done = 0;

    CU_ASSERT_EQUAL(weir__steer_all(broker, WEIR_VERB_ARCHIVE, "q", WEIR_STATE_PENDING, NULL,
                                    WEIR_BATCH_MAX, &done, NULL),
                    0);
    memset(&seen, 0, sizeof(seen));
    CU_ASSERT_EQUAL(weir__expire(broker, &expire, NULL), 0);
    went_in_pieces(expire.removed, MAX, 1);
    count = kit_store(broker)->writer.conn.statements[WEIR__SQL_archive_count];
    sqlite3_stmt_status(count, SQLITE_STMTSTATUS_VM_STEP, 1);
    expire.max = 1;
    CU_ASSERT_EQUAL(weir__expire(broker, &expire, NULL), 0);
    CU_ASSERT_EQUAL(expire.removed, 1);
    CU_ASSERT(sqlite3_stmt_status(count, SQLITE_STMTSTATUS_VM_STEP, 0) < MAX);
    expire.max = MAX;
    CU_ASSERT_EQUAL(weir__expire(broker, &expire, NULL), 0);
    CU_ASSERT_EQUAL(expire.removed, MANY - MAX - 1 - KEPT);
    weir_broker_close(broker);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(orders_to_all_go_in_pieces),
    HARNESS_TEST(an_order_does_no_more_than_it_may),
    HARNESS_TEST(large_payloads_make_small_pieces),
    HARNESS_TEST(a_queue_is_removed_in_pieces),
    HARNESS_TEST(a_queue_of_just_a_piece_is_gone_at_once),
    HARNESS_TEST(expiry_goes_in_pieces_and_counts_no_more_than_it_deletes),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(sqlite_piece, tests, kit_setup, kit_teardown);
