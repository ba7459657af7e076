/* SPDX-License-Identifier: MIT */
/* See sqlite_kit.h. */
#include <config.h>

#include "sqlite_kit.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weir/open.h>

char kit_path[256];
static char folder[200];

void
kit_setup(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(folder, sizeof(folder), "%s/weir-sqlite-XXXXXX", tmp != NULL ? tmp : "/tmp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(kit_path, sizeof(kit_path), "%s/q.db", folder);
}

void
kit_teardown(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", "-weir"};
    char name[300];

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", kit_path, suffixes[i]);
        unlink(name);
    }
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

weir_broker *
kit_open(const char *parameters, weir_error *err)
{
    weir_broker *broker;
    char url[300];

    snprintf(url, sizeof(url), "sqlite:%s%s", kit_path, parameters);
    weir_broker_open(&broker, url, NULL, err);
    return broker;
}

void
kit_open_fails(const char *parameters, int code, const char *words)
{
    weir_error err = {0};

    CU_ASSERT_PTR_NULL(kit_open(parameters, &err));
    CU_ASSERT_EQUAL(err.code, code);
    if (strstr(err.text, words) == NULL)
        CU_FAIL("the text lacks a word");
}

struct weir__store *
kit_store(weir_broker *broker)
{
    return broker->self;
}

sqlite3 *
kit_connect(void)
{
    sqlite3 *db = NULL;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(kit_path, &db), SQLITE_OK);
    return db;
}

int
kit_sql(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int
kit_put(weir_broker *broker, const char *id, size_t payload_len, weir_error *err)
{
    return kit_put_into(broker, "q", id, payload_len, err);
}

int
kit_put_into(weir_broker *broker, const char *queue, const char *id, size_t payload_len,
             weir_error *err)
{
    char *payload = calloc(1, payload_len + 1);
    weir_task_info task = {.id = id,
                           .type = "t",
                           .queue = queue,
                           .state = WEIR_STATE_PENDING,
                           .payload = payload,
                           .payload_len = payload_len};
    weir_enqueue_item item = {.task = &task};

    weir__enqueue(broker, &item, 1, err);
    free(payload);
    return item.result;
}

int
kit_pending(weir_broker *broker)
{
    weir_queue_info info = {0};

    return weir__queue(broker, "q", &info, NULL) == 0 ? (int)info.pending : -1;
}

int
kit_work(weir_broker *broker, weir_error *err)
{
    weir_claim items[10];
    weir_finish finishes[10];
    weir__claims claims = {items, 0};
    weir_take_queue queue = {.name = "q", .want = 10};
    weir__want want = {&queue, 1, 10, 10, 10000, 0};
    int code = weir__consume(broker, NULL, 0, NULL, 0, &want, &claims, err);
    int count = (int)claims.count;

    for (int i = 0; i < count; i++)
        finishes[i] = (weir_finish){.claim = &items[i], .kind = WEIR_FINISH_DONE};
    if (code == 0 && count > 0)
        code = weir__consume(broker, finishes, claims.count, NULL, 0, NULL, NULL, err);
    for (int i = 0; i < count; i++)
        weir__claim_release(&items[i]);
    return code != 0 ? code : count;
}

weir_wait
kit_settled(weir_broker *broker)
{
    static const char *const queues[] = {"q"};
    weir_wait wait = {.queues = queues, .queue_count = 1, .interest = WEIR_WAKE_WORK};

    do {
        CU_ASSERT_EQUAL(weir__wait(broker, &wait, NULL), 0);
        wait.timeout_ms = 20;
    } while (wait.generation == 0 || wait.reasons != WEIR_WAKE_TIMEOUT);
    wait.timeout_ms = 5000;
    return wait;
}
