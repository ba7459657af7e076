/* SPDX-License-Identifier: MIT */
/* The set of entries: changed as a whole under the lock, on a copy, so that a failure changes nothing. */
#include <config.h>

#include "runtime.h"

#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A set in the making. */
struct set {
    struct weir__periodic **entries;
    size_t count;
};

int
weir__schedule_init(struct weir__schedule *schedule)
{
    schedule->has_lock = pthread_mutex_init(&schedule->lock, NULL) == 0;
    return schedule->has_lock ? 0 : WEIR_E_NOMEM;
}

static void
set_release(struct set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        weir__periodic_unref(set->entries[i]);
    }
    free(set->entries);
}

static void
drop_tickers(struct weir__ticker *tickers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        weir__periodic_unref(tickers[i].entry);
    }
    free(tickers);
}

void
weir__schedule_release(struct weir__schedule *schedule)
{
    struct set set = {schedule->entries, schedule->count};

    set_release(&set);
    drop_tickers(schedule->tickers, schedule->ticker_count);
    free(schedule->shown);
    if (schedule->has_lock) {
        pthread_mutex_destroy(&schedule->lock);
    }
}

static struct weir__periodic *
find(const struct set *set, const char *id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->entries[i]->id, id) == 0) {
            return set->entries[i];
        }
    }
    return NULL;
}

/* ---- changing ---- */

static int
set_init(struct set *set, size_t room, weir_error *err)
{
    *set = (struct set){.entries = calloc(room + 1, sizeof(struct weir__periodic *))};
    return set->entries != NULL ? 0 : weir_error_set(err, WEIR_E_NOMEM, NULL);
}

static void
set_put(struct set *set, struct weir__periodic *entry)
{
    set->entries[set->count++] = entry;
}

/* Puts the set in place of the server's, which it gets. */
static void
swap(weir_server *server, struct set *set)
{
    struct weir__schedule *schedule = &server->schedule;
    struct set before = {schedule->entries, schedule->count};

    schedule->entries = set->entries;
    schedule->count = set->count;
    schedule->generation++;
    *set = before;
}

/* Before the start there is no duty to call; the first run sees the set. */
static void
tell_keeper(weir_server *server)
{
    if (server->keeper.count > WEIR__DUTY_PERIODIC) {
        weir__keeper_call(&server->keeper, WEIR__DUTY_PERIODIC,
                          weir__broker_boot_ms(server->broker));
    }
}

static int
check_capabilities(const weir_server *server, weir_error *err)
{
    const unsigned wanted = WEIR_CAP_PERIODIC | WEIR_CAP_LEADER;

    if ((weir__broker_capabilities(server->broker) & wanted) == wanted) {
        return 0;
    }
    return weir_error_set(err, WEIR_E_UNSUPPORTED, "this broker cannot keep periodic tasks");
}

static int
make_entry(struct weir__periodic **made, const weir_periodic *entry, size_t i, weir_error *err)
{
    weir_error detail = {0};
    int code = weir__periodic_new(made, entry, &detail);

    if (code == 0) {
        return 0;
    }
    return weir_error_set(err, code, "periodic task %zu: %s", i + 1, detail.text);
}

static int
make_set(struct set *set, const weir_periodic *entries, size_t count, weir_error *err)
{
    int code = set_init(set, count, err);

    for (size_t i = 0; code == 0 && i < count; i++) {
        struct weir__periodic *made;
        code = make_entry(&made, &entries[i], i, err);
        if (code != 0) {
            break;
        }
        if (find(set, made->id) != NULL) {
            code = weir_error_set(err, WEIR_E_INVALID, "periodic task %zu: \"%s\" is there twice",
                                  i + 1, made->id);
            weir__periodic_unref(made);
        } else {
            set_put(set, made);
        }
    }
    return code;
}

/* Entries that were there go on as the same objects. */
static void
keep_unchanged(struct set *set, const struct weir__schedule *schedule)
{
    const struct set before = {schedule->entries, schedule->count};

    for (size_t i = 0; i < set->count; i++) {
        struct weir__periodic *same = find(&before, set->entries[i]->id);
        if (same != NULL && weir__periodic_same(same, set->entries[i])) {
            weir__periodic_unref(set->entries[i]);
            set->entries[i] = weir__periodic_ref(same);
        }
    }
}

int
weir_server_periodic_set(weir_server *server, const weir_periodic *entries, size_t count,
                         weir_error *err)
{
    struct set set = {0};
    int code = count > 0 ? check_capabilities(server, err) : 0;

    if (code == 0) {
        code = make_set(&set, entries, count, err);
    }
    if (code == 0) {
        pthread_mutex_lock(&server->schedule.lock);
        keep_unchanged(&set, &server->schedule);
        swap(server, &set);
        pthread_mutex_unlock(&server->schedule.lock);
        tell_keeper(server);
    }
    set_release(&set);
    return code;
}

/* A copy of the server's set without one entry, with room for one more. With the lock held. */
static int
copy_without(struct set *set, const struct weir__schedule *schedule, const char *id,
             weir_error *err)
{
    int code = set_init(set, schedule->count + 1, err);

    for (size_t i = 0; code == 0 && i < schedule->count; i++) {
        if (strcmp(schedule->entries[i]->id, id) != 0) {
            set_put(set, weir__periodic_ref(schedule->entries[i]));
        }
    }
    return code;
}

int
weir_server_periodic_add(weir_server *server, const weir_periodic *entry, weir_error *err)
{
    struct set set = {0};
    struct weir__periodic *made = NULL;
    int code = check_capabilities(server, err);

    if (code == 0) {
        code = weir__periodic_new(&made, entry, err);
    }
    if (code != 0) {
        return code;
    }
    pthread_mutex_lock(&server->schedule.lock);
    code = copy_without(&set, &server->schedule, made->id, err);
    if (code == 0 && set.count < server->schedule.count) {
        code = weir_error_set(err, WEIR_E_CONFLICT, "there is a periodic task \"%s\"", made->id);
    }
    if (code == 0) {
        set_put(&set, made);
        made = NULL;
        swap(server, &set);
    }
    pthread_mutex_unlock(&server->schedule.lock);
    weir__periodic_unref(made);
    set_release(&set);
    tell_keeper(server);
    return code;
}

int
weir_server_periodic_remove(weir_server *server, const char *id, weir_error *err)
{
    struct set set = {0};
    int code;

    if (id == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "no id");
    }
    pthread_mutex_lock(&server->schedule.lock);
    code = copy_without(&set, &server->schedule, id, err);
    if (code == 0 && set.count == server->schedule.count) {
        code = weir_error_set(err, WEIR_E_NO_TASK, "there is no periodic task \"%s\"", id);
    }
    if (code == 0) {
        swap(server, &set);
    }
    pthread_mutex_unlock(&server->schedule.lock);
    set_release(&set);
    tell_keeper(server);
    return code;
}

/* ---- the keeper's copy ---- */

static int
compare_ids(const void *a, const void *b)
{
    const struct weir__ticker *left = a, *right = b;

    return strcmp(left->entry->id, right->entry->id);
}

/* The same entries in any order give the same name. */
static int
name_leadership(char name[64], const struct weir__ticker *tickers, size_t count)
{
    char digest[WEIR__MD5_TEXT_SIZE];
    struct weir__buf buf = {0};
    bool failed;

    for (size_t i = 0; i < count; i++) {
        weir__buf_puts(&buf, tickers[i].entry->id);
        weir__buf_putc(&buf, '\n');
    }
    failed = buf.failed;
    if (!failed) {
        weir__md5_text(buf.data, buf.len, digest);
        snprintf(name, 64, "periodic:%s", digest);
    }
    weir__buf_release(&buf);
    return failed ? WEIR_E_NOMEM : 0;
}

static struct weir__ticker
ticker_of(const struct weir__schedule *schedule, struct weir__periodic *entry, int64_t boot_ms)
{
    struct weir__ticker ticker = {.since_boot_ms = boot_ms};

    for (size_t i = 0; i < schedule->ticker_count; i++) {
        if (schedule->tickers[i].entry == entry) {
            ticker = schedule->tickers[i];
        }
    }
    ticker.entry = weir__periodic_ref(entry);
    return ticker;
}

/* Copies the set into new tickers. With the lock held. */
static struct weir__ticker *
copy_set(struct weir__schedule *schedule, int64_t boot_ms, size_t *count)
{
    struct weir__ticker *tickers = calloc(schedule->count + 1, sizeof(*tickers));

    *count = tickers != NULL ? schedule->count : 0;
    for (size_t i = 0; i < *count; i++) {
        tickers[i] = ticker_of(schedule, schedule->entries[i], boot_ms);
    }
    if (*count > 0) {
        qsort(tickers, *count, sizeof(*tickers), compare_ids);
    }
    return tickers;
}

int
weir__schedule_sync(struct weir__schedule *schedule, int64_t boot_ms, char leadership[64],
                    bool *changed)
{
    size_t count = 0;

    memset(leadership, 0, sizeof(schedule->leadership));
    pthread_mutex_lock(&schedule->lock);
    uint64_t generation = schedule->generation;
    *changed = generation != schedule->seen;
    struct weir__ticker *tickers = *changed ? copy_set(schedule, boot_ms, &count) : NULL;
    pthread_mutex_unlock(&schedule->lock);
    if (!*changed) {
        return 0;
    }
    weir_scheduler_entry *shown = calloc(count + 1, sizeof(*shown));
    if (tickers == NULL || shown == NULL ||
        (count > 0 && name_leadership(leadership, tickers, count) != 0)) {
        drop_tickers(tickers, count);
        free(shown);
        return WEIR_E_NOMEM;
    }
    drop_tickers(schedule->tickers, schedule->ticker_count);
    free(schedule->shown);
    schedule->tickers = tickers;
    schedule->shown = shown;
    schedule->ticker_count = count;
    schedule->seen = generation;
    return 0;
}
