/* SPDX-License-Identifier: MIT */
/*
 * Periodic tasks. Every server that has some tries to lead at each heartbeat; the one that does enqueues the ticks that are
 * due. A tick is enqueued by compare-and-advance on the entry's last tick, under an id made of entry and time, so
 * that neither a second leader nor a lost reply can double it; the leadership only spares the others the work.
 *
 * What is due follows from three times: the entry's last tick, as the broker has it; since when this server watches; and
 * now. So a tick whose enqueue fails is due again at the next try, until the next one takes its place, and a server that
 * takes the lead makes up for what came while nobody led and it watched. The policy for missed ticks says what becomes
 * of those from before.
 *
 * How long it watches is measured on the boot clock: a wall clock that is set right when the network comes up has not
 * missed fifty years of ticks.
 */
#include <config.h>

#include "runtime.h"

#include "cron.h"
#include "prepare.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    TICKS_AT_ONCE = 32, /* then the other duties have their turn */
    LONGEST_SLEEP_MS = 60000,
    CLOCK_ERROR_MS = 60 * 60 * 1000 /* a last tick so far ahead is of a wrong clock */
};

/* ---- leading ---- */

static void
scheduler_id(const weir_server *server, char id[WEIR_ID_SIZE])
{
    snprintf(id, WEIR_ID_SIZE, "%.150s:%ld:%s", server->host, (long)getpid(), server->id);
}

void
weir__periodic_leave(weir_server *server)
{
    struct weir__schedule *schedule = &server->schedule;
    char id[WEIR_ID_SIZE];
    weir_error err = {0};
    int code = 0;

    if (schedule->listed) {
        scheduler_id(server, id);
        code = weir__scheduler_beat(server->broker, id, NULL, 0, 1, &err);
    }
    if (schedule->leads && code == 0) {
        code = weir__resign(server->broker, schedule->leadership, server->id, &err);
    }
    if (code != 0) {
        weir_log(server->logger, WEIR_LOG_DEBUG, "could not give up the periodic tasks",
                 weir_log_str("error", err.text));
    }
    schedule->leads = schedule->listed = false;
}

static void
begin_leading(weir_server *server)
{
    struct weir__schedule *schedule = &server->schedule;

    for (size_t i = 0; i < schedule->ticker_count; i++) {
        schedule->tickers[i].known = false;
    }
    weir_log(server->logger, WEIR_LOG_INFO, "this server enqueues the periodic tasks",
             weir_log_uint("tasks", schedule->ticker_count));
}

/* Takes or renews the leadership when it is time. */
static int
renew(weir_server *server, int64_t boot_ms, weir_error *err)
{
    struct weir__schedule *schedule = &server->schedule;
    bool led = schedule->leads, leads;

    int code = weir__lead(server->broker, schedule->leadership, server->id,
                          server->settings.lease_ms, &leads, err);
    if (code != 0) {
        schedule->leads = led && boot_ms < schedule->leads_till_ms;
        return code;
    }
    schedule->leads = leads;
    schedule->renew_at_ms = boot_ms + server->settings.heartbeat_ms;
    schedule->leads_till_ms = boot_ms + server->settings.lease_ms;
    if (leads && !led) {
        begin_leading(server);
    } else if (led && !leads) {
        weir_log(server->logger, WEIR_LOG_WARN, "another server enqueues the periodic tasks now");
        weir__periodic_leave(server);
    }
    return 0;
}

static int
publish(weir_server *server, weir_error *err)
{
    struct weir__schedule *schedule = &server->schedule;
    char id[WEIR_ID_SIZE];

    for (size_t i = 0; i < schedule->ticker_count; i++) {
        const struct weir__ticker *ticker = &schedule->tickers[i];
        schedule->shown[i] = (weir_scheduler_entry){
            .id = ticker->entry->id,
            .spec = ticker->entry->spec,
            .task = &ticker->entry->shown,
            .options = ticker->entry->options,
            .option_count = ticker->entry->option_count,
            .next_at_ms = ticker->next_ms == WEIR_CRON_NEVER ? 0 : ticker->next_ms,
            .prev_at_ms = ticker->last_ms,
        };
    }
    scheduler_id(server, id);
    schedule->listed = true;
    return weir__scheduler_beat(server->broker, id, schedule->shown, schedule->ticker_count,
                                3 * server->settings.heartbeat_ms, err);
}

/* ---- what is due ---- */

/* Ticks up to this time are not for now: they were, or they are not made up for. */
static int64_t
settled_until(struct weir__ticker *ticker, int64_t now_ms, int64_t boot_ms)
{
    int64_t since_ms = now_ms - (boot_ms - ticker->since_boot_ms);
    int64_t last_ms = ticker->last_ms;

    if (last_ms > now_ms + CLOCK_ERROR_MS) {
        ticker->floor_ms = ticker->floor_ms == 0 || ticker->floor_ms > now_ms ? now_ms
                                                                              : ticker->floor_ms;
        return ticker->floor_ms;
    }
    ticker->floor_ms = 0;
    if (last_ms == 0) {
        return since_ms;
    }
    return ticker->entry->missed == WEIR_MISSED_SKIP && since_ms > last_ms ? since_ms : last_ms;
}

static size_t
find_due(weir_server *server, struct weir__ticker *ticker, int64_t now_ms, int64_t boot_ms)
{
    struct weir__schedule *schedule = &server->schedule;
    int64_t from_ms = settled_until(ticker, now_ms, boot_ms);
    size_t max = ticker->entry->missed == WEIR_MISSED_ALL ? WEIR_MISSED_MAX : 1;
    bool more;

    if (ticker->given_up_ms > from_ms && ticker->given_up_ms <= now_ms) {
        from_ms = ticker->given_up_ms;
    }
    size_t count =
        weir__cron_latest(ticker->entry->cron, from_ms, now_ms, schedule->due, max, &more);
    if (more && ticker->entry->missed == WEIR_MISSED_ALL) {
        weir_log(server->logger, WEIR_LOG_WARN,
                 "a periodic task missed more ticks than are made up for",
                 weir_log_str("entry", ticker->entry->id), weir_log_uint("made_up", count));
    }
    ticker->next_ms = weir_cron_next(ticker->entry->cron, now_ms);
    return count;
}

/* ---- one tick ---- */

static void
log_tick(weir_server *server, const struct weir__ticker *ticker, const char *task_id, int result)
{
    if (result == 0) {
        weir_log(server->logger, WEIR_LOG_DEBUG, "periodic task enqueued",
                 weir_log_str("entry", ticker->entry->id), weir_log_str("id", task_id),
                 weir_log_str("type", ticker->entry->shown.type));
    } else if (result != WEIR_E_STALE) {
        weir_log(server->logger, WEIR_LOG_WARN, "a tick of a periodic task was refused",
                 weir_log_str("entry", ticker->entry->id), weir_log_str("id", task_id),
                 weir_log_str("error", weir_strerror(result)));
    }
}

/* Failures that another try will not mend. */
static bool
is_final(int code)
{
    return code == WEIR_E_INVALID || code == WEIR_E_TOO_BIG || code == WEIR_E_UNSUPPORTED;
}

/* Sets *stale when the last tick was not what it was thought to be. */
static int
enqueue_tick(weir_server *server, struct weir__ticker *ticker, int64_t tick_ms, bool *stale,
             weir_error *err)
{
    struct weir__arena arena = {0};
    struct weir__prepared prepared;
    weir_task task = ticker->entry->task;
    char id[WEIR_ID_SIZE];

    snprintf(id, sizeof(id), "%.*s@%lld", WEIR_PERIODIC_ID_MAX, ticker->entry->id,
             (long long)(tick_ms / 1000));
    task.id = id;
    int code = weir__prepare(&prepared, &task, server->settings.rules.clock,
                             weir__broker_now_ms(server->broker), &arena, err);
    if (code == 0) {
        weir_enqueue_item item = {.task = &prepared.info, .unique_ttl_ms = prepared.unique_ttl_ms};
        code = weir__tick(server->broker, ticker->entry->id, &ticker->last_ms, tick_ms, &item, err);
        if (code == 0) {
            *stale = item.result == WEIR_E_STALE;
            log_tick(server, ticker, id, item.result);
        }
    }
    weir__arena_release(&arena);
    return code;
}

static int
learn_last(weir_server *server, struct weir__ticker *ticker, weir_error *err)
{
    if (ticker->known) {
        return 0;
    }
    int code = weir__last_tick(server->broker, ticker->entry->shown.queue, ticker->entry->id,
                               &ticker->last_ms, err);
    ticker->known = code == 0;
    return code;
}

static void
give_up(weir_server *server, struct weir__ticker *ticker, int64_t tick_ms, weir_error *err)
{
    weir_log(server->logger, WEIR_LOG_ERROR, "a tick of a periodic task was given up",
             weir_log_str("entry", ticker->entry->id), weir_log_str("error", err->text));
    weir_error_clear(err);
    ticker->given_up_ms = tick_ms;
}

/* Enqueues what is due of an entry, at most *left ticks; *left is 0 afterwards when it has to be looked at anew. */
static int
run_ticker(weir_server *server, struct weir__ticker *ticker, size_t *left, weir_error *err)
{
    int64_t now_ms = weir__broker_now_ms(server->broker);
    int64_t boot_ms = weir__broker_boot_ms(server->broker);
    bool stale = false;
    int code = learn_last(server, ticker, err);

    if (code != 0) {
        return code;
    }
    size_t count = find_due(server, ticker, now_ms, boot_ms);
    for (size_t i = 0; i<count && * left> 0 && !stale && code == 0; i++) {
        int64_t tick_ms = server->schedule.due[i];
        code = enqueue_tick(server, ticker, tick_ms, &stale, err);
        if (is_final(code)) {
            give_up(server, ticker, tick_ms, err);
            code = 0;
        }
        *left = stale ? 0 : *left - 1;
    }
    return code;
}

/* ---- the duty ---- */

static int
run_tickers(weir_server *server, size_t *left, weir_error *err)
{
    struct weir__schedule *schedule = &server->schedule;
    int code = 0;

    for (size_t i = 0; i<schedule->ticker_count && * left> 0 && code == 0; i++) {
        code = run_ticker(server, &schedule->tickers[i], left, err);
    }
    return code;
}

static int64_t
next_run(weir_server *server, int64_t boot_ms)
{
    const struct weir__schedule *schedule = &server->schedule;
    int64_t now_ms = weir__broker_now_ms(server->broker);
    int64_t wait_ms = LONGEST_SLEEP_MS;

    for (size_t i = 0; i < schedule->ticker_count; i++) {
        int64_t next_ms = schedule->tickers[i].next_ms;
        if (next_ms - now_ms < wait_ms) {
            wait_ms = next_ms > now_ms ? next_ms - now_ms : 0;
        }
    }
    return boot_ms + wait_ms < schedule->renew_at_ms ? boot_ms + wait_ms : schedule->renew_at_ms;
}

/* Renews, ticks, and publishes after each renewal. Sets when to come again. */
static int
lead_and_tick(weir_server *server, int64_t *again_ms, weir_error *err)
{
    struct weir__schedule *schedule = &server->schedule;
    int64_t boot_ms = weir__broker_boot_ms(server->broker);
    bool renewal = boot_ms >= schedule->renew_at_ms;
    size_t left = TICKS_AT_ONCE;
    int code = renewal ? renew(server, boot_ms, err) : 0;

    *again_ms = schedule->renew_at_ms;
    if (code != 0 || !schedule->leads) {
        return code;
    }
    code = run_tickers(server, &left, err);
    if (code == 0 && renewal) {
        code = publish(server, err);
    }
    *again_ms = left == 0 ? boot_ms : next_run(server, weir__broker_boot_ms(server->broker));
    return code;
}

/* Another set of entries has another leader. */
static int
take_over_changes(weir_server *server)
{
    struct weir__schedule *schedule = &server->schedule;
    char leadership[sizeof(schedule->leadership)];
    bool changed;

    int code =
        weir__schedule_sync(schedule, weir__broker_boot_ms(server->broker), leadership, &changed);
    if (code != 0 || !changed) {
        return code;
    }
    schedule->renew_at_ms = 0;
    if (strcmp(leadership, schedule->leadership) != 0) {
        weir__periodic_leave(server);
        memcpy(schedule->leadership, leadership, sizeof(leadership));
    }
    return 0;
}

int
weir__periodic_turn(weir_server *server, int64_t *next_at_ms, weir_error *err)
{
    const struct weir__schedule *schedule = &server->schedule;
    int64_t boot_ms = weir__broker_boot_ms(server->broker);
    int64_t again_ms = WEIR_NEVER;
    int code = take_over_changes(server);

    *next_at_ms = WEIR_NEVER;
    if (code != 0) {
        return weir_error_set(err, code, NULL);
    }
    do {
        if (schedule->ticker_count > 0) {
            code = lead_and_tick(server, &again_ms, err);
        }
    } while (code == 0 && again_ms <= boot_ms);
    for (size_t i = 0; i < schedule->ticker_count && schedule->leads; i++) {
        if (schedule->tickers[i].next_ms < *next_at_ms) {
            *next_at_ms = schedule->tickers[i].next_ms;
        }
    }
    return code;
}

int64_t
weir__periodic_duty(void *arg)
{
    weir_server *server = arg;
    weir_error err = {0};
    int64_t again_ms;

    if (weir__server_stops(server)) {
        weir__periodic_leave(server);
        return WEIR_NEVER;
    }
    if (take_over_changes(server) != 0) {
        return weir__broker_boot_ms(server->broker) + server->settings.heartbeat_ms;
    }
    if (server->schedule.ticker_count == 0) {
        return WEIR_NEVER;
    }
    if (lead_and_tick(server, &again_ms, &err) != 0) {
        return weir__broker_boot_ms(server->broker) +
               weir__outage_failed(server, WEIR__PARTY_PERIODIC, "periodic", &err);
    }
    weir__outage_over(server, WEIR__PARTY_PERIODIC);
    return again_ms;
}
