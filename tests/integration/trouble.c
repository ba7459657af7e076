/* SPDX-License-Identifier: MIT */
/*
 * What happens to a database file under running workers: the disk is full for a while, somebody holds the write lock,
 * the file is deleted or replaced, the power goes out at any moment.
 *
 * After each, what was acknowledged is there and gets done; and where a file is gone, nothing is
 * acknowledged any more. The power's going out is played by stopping all processes between two of their instructions
 * and copying the file with its log.
 */
#include <config.h>

#include "judge.h"
#include "roles.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_MS 60000
#define IMAGES 8

struct stage {
    struct crew_scene scene;
    char url[CREW_PATH_SIZE + 96]; /* for the processes */
    char db[CREW_PATH_SIZE];
    char acks[CREW_PATH_SIZE];
    char log[CREW_PATH_SIZE];
};

static void
stage_open(struct stage *stage, const char *parameters)
{
    crew_open(&stage->scene, "trouble");
    crew_path(&stage->scene, "q.db", stage->db);
    crew_path(&stage->scene, "acks", stage->acks);
    crew_path(&stage->scene, "log", stage->log);
    snprintf(stage->url, sizeof(stage->url), "%s%s", stage->scene.url, parameters);
}

static pid_t
start_worker(const struct stage *stage, const char *lease_ms)
{
    return crew_start("worker", stage->url, stage->log, stage->scene.queues[0],
                      stage->scene.queues[1], "4", lease_ms, (char *)NULL);
}

static pid_t
start_producer(const struct stage *stage, const char *count)
{
    char seed[24];

    snprintf(seed, sizeof(seed), "%u", crew_random(1000000));
    return crew_start("producer", stage->url, stage->acks, stage->scene.queues[0],
                      stage->scene.queues[1], seed, count, "0", (char *)NULL);
}

struct watch {
    const struct stage *stage;
    const char *what;
    size_t count;
};

static bool
has_logged(void *arg)
{
    struct watch *watch = arg;

    return ledger_count(watch->stage->log, watch->what) >= watch->count;
}

static void
await_log(const struct stage *stage, const char *what, size_t count)
{
    struct watch watch = {stage, what, count};

    if (!crew_until(has_logged, &watch, 30000))
        crew_fail("no %zu times \"%s\" in the log", count, what);
}

/* Everything gets done; then all that was acknowledged is there, and done once. */
static void
settle_and_judge(struct stage *stage, pid_t worker)
{
    struct evidence evidence = {0};

    if (!crew_until(crew_is_settled, &stage->scene, SETTLE_MS))
        crew_fail("the tasks are not done after %d s", SETTLE_MS / 1000);
    crew_end(worker, "worker");
    judge_gather(&evidence, &stage->scene, stage->acks, stage->log);
    judge_acknowledged(&evidence);
    judge_finished(&evidence);
    judge_overlaps(&evidence);
    judge_counters(&evidence, &stage->scene);
    judge_release(&evidence);
}

/* ---- a full disk ---- */

static void
limit_files(pid_t pid, rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};

    if (prlimit(pid, RLIMIT_FSIZE, &limit, NULL) != 0)
        crew_fail("prlimit");
}

static void
a_disk_is_full_for_a_while(struct stage *stage)
{
    struct stat wal;
    char path[CREW_PATH_SIZE + 8];
    pid_t worker, producer = start_producer(stage, "150");

    crew_await_writer(producer, "producer", stage->acks);
    worker = start_worker(stage, "30000");
    await_log(stage, "end", 10);
    snprintf(path, sizeof(path), "%s-wal", stage->db);
    limit_files(worker, stat(path, &wal) == 0 ? (rlim_t)wal.st_size : 4096);
    await_log(stage, "broker", 1);
    limit_files(worker, RLIM_INFINITY);
    settle_and_judge(stage, worker);
}

/* ---- a lock that is held too long ---- */

static sqlite3 *
take_lock(const struct stage *stage)
{
    sqlite3 *db = NULL;

    if (sqlite3_open(stage->db, &db) != SQLITE_OK || sqlite3_busy_timeout(db, 10000) != SQLITE_OK ||
        sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        crew_fail("no lock: %s", sqlite3_errmsg(db));
    return db;
}

static void
the_file_is_locked_for_too_long(struct stage *stage)
{
    pid_t worker, producer = start_producer(stage, "150");
    sqlite3 *db;

    crew_await_writer(producer, "producer", stage->acks);
    worker = start_worker(stage, "30000");
    await_log(stage, "end", 10);
    db = take_lock(stage);
    await_log(stage, "broker", 1);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    settle_and_judge(stage, worker);
}

/* ---- the file is gone ---- */

static int
enqueue(weir_broker *broker, const char *queue, weir_error *err)
{
    weir_task task = {.type = "t",
                      .queue = queue,
                      .payload = "1 0",
                      .payload_len = 3,
                      .retention_ms = 60 * 60 * 1000};
    weir_client *client;
    int code = weir_client_new(&client, broker, err);

    if (code != 0)
        return code;
    code = weir_enqueue(client, &task, NULL, err);
    weir_client_free(client);
    return code;
}

static void
expect_refusal(struct stage *stage)
{
    weir_error err = {0};

    if (enqueue(stage->scene.broker, stage->scene.queues[0], &err) == 0)
        crew_fail("a task was acknowledged into a file that is not there");
    else if (strstr(err.text, "deleted or replaced") == NULL)
        crew_fail("not told that the file is gone: %s", err.text);
}

static void
scene_open(struct crew_scene *scene)
{
    weir_error err = {0};

    scene->broker = NULL;
    scene->inspector = NULL;
    if (weir_broker_open(&scene->broker, scene->url, NULL, &err) != 0 ||
        weir_inspector_new(&scene->inspector, scene->broker, &err) != 0)
        crew_fail("%s: %s", scene->url, err.text);
}

static void
scene_close(struct crew_scene *scene)
{
    weir_inspector_free(scene->inspector);
    weir_broker_close(scene->broker);
    scene->inspector = NULL;
    scene->broker = NULL;
}

static size_t
pending_in(struct crew_scene *scene)
{
    weir_queue_list *list;
    size_t pending;

    if (weir_inspect_queue(scene->inspector, scene->queues[0], &list, NULL) != 0)
        return 0;
    pending = list->items[0].pending;
    weir_queue_list_free(list);
    return pending;
}

/* The file that took the place of the deleted one is served, and loses nothing when those who have the old one open
 * close it. */
static void
check_new_file(struct stage *stage)
{
    struct crew_scene new = stage->scene, look = stage->scene;
    weir_error err = {0};
    pid_t worker;

    scene_open(&new);
    if (enqueue(new.broker, new.queues[0], &err) != 0)
        crew_fail("enqueueing into the new file: %s", err.text);
    worker = start_worker(stage, "30000");
    if (!crew_until(crew_is_settled, &new, SETTLE_MS))
        crew_fail("the new file's task is not done");
    crew_end(worker, "worker on the new file");
    if (enqueue(new.broker, new.queues[0], &err) != 0)
        crew_fail("enqueueing into the new file: %s", err.text);
    expect_refusal(stage);
    scene_close(&stage->scene);
    scene_open(&look);
    if (pending_in(&look) != 1)
        crew_fail("the new file's task is lost");
    scene_close(&look);
    scene_close(&new);
}

static void
remove_database(const struct stage *stage)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[CREW_PATH_SIZE + 8];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", stage->db, ends[i]);
        unlink(path);
    }
}

static void
the_file_is_deleted(struct stage *stage)
{
    pid_t worker = start_worker(stage, "1000");
    weir_error err = {0};

    if (enqueue(stage->scene.broker, stage->scene.queues[0], &err) != 0)
        crew_fail("enqueue: %s", err.text);
    await_log(stage, "end", 1);
    remove_database(stage);
    expect_refusal(stage);
    await_log(stage, "broker", 1);
    crew_kill(worker);
    check_new_file(stage);
}

static void
the_file_is_moved_away_and_back(struct stage *stage)
{
    char other[CREW_PATH_SIZE + 8];
    weir_queue_list *list;
    pid_t worker = start_worker(stage, "30000");
    weir_error err = {0};

    snprintf(other, sizeof(other), "%s.away", stage->db);
    if (enqueue(stage->scene.broker, stage->scene.queues[0], &err) != 0)
        crew_fail("enqueue: %s", err.text);
    await_log(stage, "end", 1);
    if (rename(stage->db, other) != 0)
        crew_fail("rename");
    expect_refusal(stage);
    if (weir_inspect_queues(stage->scene.inspector, &list, NULL) == 0)
        weir_queue_list_free(list);
    if (access(stage->db, F_OK) == 0)
        crew_fail("an empty file was put into the place of the one that is away");
    if (rename(other, stage->db) != 0)
        crew_fail("rename");
    if (enqueue(stage->scene.broker, stage->scene.queues[0], &err) != 0)
        crew_fail("enqueue, the file is back: %s", err.text);
    settle_and_judge(stage, worker);
}

/* ---- the power goes out ---- */

static void
copy_file(const char *from, const char *to, bool with_a_torn_end)
{
    static char block[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t len = 0;

    while (in >= 0 && out >= 0 && (len = read(in, block, sizeof(block))) > 0) {
        if (write(out, block, (size_t)len) != len)
            crew_fail("copying %s", from);
    }
    if (with_a_torn_end) {
        len = 1 + (ssize_t)crew_random(9000);
        memset(block, 0x5a, sizeof(block));
        if (write(out, block, (size_t)len) != len)
            crew_fail("tearing %s", to);
    }
    close(in);
    close(out);
}

static void
check_integrity(const char *path)
{
    sqlite3_stmt *stmt = NULL;
    sqlite3 *db = NULL;

    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        crew_fail("%s: %s", path, sqlite3_errmsg(db));
    else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
        crew_fail("%s: %s", path, sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

static void
check_image(struct stage *stage, const char *path, const struct ledger *acks)
{
    struct crew_scene image = stage->scene;
    struct listing listing;

    snprintf(image.url, sizeof(image.url), "sqlite:%s", path);
    scene_open(&image);
    listing_read(&listing, &image, WEIR_STATE_NONE);
    for (size_t i = 0; i < acks->count; i++) {
        if (listing_find(&listing, acks->entries[i].id) == NULL)
            crew_fail("%s lacks %s, which was acknowledged", path, acks->entries[i].id);
    }
    listing_free(&listing);
    scene_close(&image);
    check_integrity(path);
}

static void
take_image(struct stage *stage, const pid_t *pids, size_t count, int number)
{
    char path[CREW_PATH_SIZE], wal[CREW_PATH_SIZE + 8], copy[CREW_PATH_SIZE + 8], name[32];
    struct ledger acks;

    snprintf(name, sizeof(name), "image-%d", number);
    crew_path(&stage->scene, name, path);
    snprintf(wal, sizeof(wal), "%s-wal", stage->db);
    snprintf(copy, sizeof(copy), "%s-wal", path);
    for (size_t i = 0; i < count; i++)
        crew_stop(pids[i]);
    ledger_read(&acks, stage->acks);
    copy_file(stage->db, path, false);
    copy_file(wal, copy, crew_chance(2));
    for (size_t i = 0; i < count; i++)
        kill(pids[i], SIGCONT);
    check_image(stage, path, &acks);
    ledger_free(&acks);
}

static void
the_power_goes_out(struct stage *stage)
{
    pid_t pids[3] = {start_producer(stage, "1200"), start_producer(stage, "1200"),
                     start_worker(stage, "30000")};

    await_log(stage, "start", 1);
    for (int i = 0; i < IMAGES; i++) {
        crew_pause_us(1000 + crew_random(100000));
        take_image(stage, pids, 3, i);
    }
    crew_await_writer(pids[0], "producer", stage->acks);
    crew_await_writer(pids[1], "producer", stage->acks);
    settle_and_judge(stage, pids[2]);
}

/* ---- */

static const struct scenario {
    const char *name;
    const char *parameters;
    void (*play)(struct stage *stage);
} scenarios[] = {
    {"a disk is full for a while", "", a_disk_is_full_for_a_while},
    {"the file is locked for too long", "?busy_timeout=200ms", the_file_is_locked_for_too_long},
    {"the file is deleted", "", the_file_is_deleted},
    {"the file is moved away and back", "", the_file_is_moved_away_and_back},
    {"the power goes out", "", the_power_goes_out},
};

int
main(int argc, char **argv)
{
    size_t i, count = sizeof(scenarios) / sizeof(scenarios[0]);
    struct stage stage;
    int status, before;

    if (roles_play(argc, argv, &status))
        return status;
    unsetenv("WEIR_TEST_BROKER");
    crew_seed("trouble");
    for (i = 0; i < count; i++) {
        if (argc > 1 && strstr(scenarios[i].name, argv[1]) == NULL)
            continue;
        before = crew_failures();
        stage_open(&stage, scenarios[i].parameters);
        scenarios[i].play(&stage);
        crew_close(&stage.scene);
        printf("%s: %s\n", scenarios[i].name, crew_failures() > before ? "FAILED" : "ok");
    }
    printf("trouble: %zu scenarios, %d failures\n", count, crew_failures());
    return crew_failures() > 0;
}
