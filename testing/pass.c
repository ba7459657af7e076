/* SPDX-License-Identifier: MIT */
/*
 * How time passes: the clock goes from one moment at which something happens to the next one, and a turn at each does
 * it. What is due is found by the same functions that the server's threads call.
 */
#include <config.h>

#include "testing.h"

#include <stdlib.h>
#include <string.h>

enum {
    FORWARD_MAX = 256,
    EXPIRE_MAX = 256
};

/* ---- queues ---- */

struct names {
    weir_queue_weight *items;
    size_t count;
    size_t room;
};

static int
take_name(void *arg, const char *name)
{
    struct names *names = arg;

    if (names->count == names->room) {
        size_t room = names->room > 0 ? 2 * names->room : 8;
        weir_queue_weight *items = realloc(names->items, room * sizeof(*items));
        if (items == NULL) {
            return WEIR_E_NOMEM;
        }
        names->items = items;
        names->room = room;
    }
    char *copy = strdup(name);
    if (copy == NULL) {
        return WEIR_E_NOMEM;
    }
    names->items[names->count++] = (weir_queue_weight){.name = copy, .weight = 1};
    return 0;
}

static void
drop_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free((char *)names->items[i].name);
    }
    free(names->items);
}

static bool
are_served(const weir_testing *testing, const struct names *names)
{
    const struct weir__queue_set *set = testing->order_set;
    bool same = set->count == names->count;

    for (size_t i = 0; same && i < names->count; i++) {
        same = strcmp(set->names[i], names->items[i].name) == 0;
    }
    return same;
}

static int
serve(weir_testing *testing, const struct names *names, weir_error *err)
{
    struct weir__order order;
    int code = weir_server_set_queues(testing->server, names->items, names->count, false, err);

    if (code != 0) {
        return code;
    }
    struct weir__queue_set *set = weir__server_queues(testing->server);
    if (!weir__order_init(&order, set->items, set->count, set->strict)) {
        weir__queue_set_unref(set);
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    weir__order_inherit(&order, &testing->order);
    weir__order_release(&testing->order);
    weir__queue_set_unref(testing->order_set);
    testing->order = order;
    testing->order_set = set;
    return 0;
}

int
weir__testing_fit_queues(weir_testing *testing, weir_error *err)
{
    struct names names = {0};

    if (!testing->all_queues) {
        return 0;
    }
    int code = weir__queues(testing->broker, take_name, &names, err);
    if (code == 0 && names.count > 0 && !are_served(testing, &names)) {
        code = serve(testing, &names, err);
    }
    drop_names(&names);
    return code;
}

/* ---- a turn ---- */

static int
forward(weir_testing *testing, size_t *moved, int64_t *next_at_ms, weir_error *err)
{
    struct weir__queue_set *queues = testing->order_set;
    weir_forward forward = {
        .queues = queues->names, .queue_count = queues->count, .max = FORWARD_MAX};
    int code;

    *moved = 0;
    do {
        code = weir__forward(testing->broker, &forward, err);
        *moved += forward.moved;
    } while (code == 0 && forward.moved >= FORWARD_MAX);
    *next_at_ms = forward.next_due_at_ms;
    return code;
}

static int
expire(weir_testing *testing, weir_error *err)
{
    struct weir__queue_set *queues = testing->order_set;
    weir_expire expire = {.queues = queues->names,
                          .queue_count = queues->count,
                          .max = EXPIRE_MAX,
                          .archive_max = testing->server->settings.archive_max,
                          .archive_age_ms = testing->server->settings.archive_age_ms};
    int code;

    do {
        code = weir__expire(testing->broker, &expire, err);
    } while (code == 0 && expire.removed >= EXPIRE_MAX);
    return code;
}

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Groups and due tasks bring forth each other: what is forwarded may join a group, and what a group becomes may be for
 * later. The time of a set that nobody committed is a moment as well. */
static int
settle(weir_testing *testing, int64_t *next_at_ms, weir_error *err)
{
    int64_t timeout_ms = weir__group_timeout_ms(testing->server);
    int64_t now_ms = weir_testing_now_ms(testing);
    int64_t set_end_ms = WEIR_NEVER, due_ms = WEIR_NEVER, group_ms = WEIR_NEVER;
    size_t moved = 0, rounds = 0;
    int code;

    do {
        code = weir__testing_fit_queues(testing, err);
        if (code == 0) {
            code = weir__aggregator_turn(testing->server, &rounds, &group_ms, err);
        }
        if (code == 0 && rounds > 0) {
            set_end_ms = now_ms + timeout_ms;
        }
        if (code == 0) {
            code = forward(testing, &moved, &due_ms, err);
        }
    } while (code == 0 && (moved > 0 || rounds > 0));
    *next_at_ms = earlier(set_end_ms, earlier(due_ms, group_ms));
    return code;
}

static int
turn(weir_testing *testing, int64_t *next_at_ms, weir_error *err)
{
    int64_t tick_ms = WEIR_NEVER, next_ms = WEIR_NEVER;
    int code = weir__testing_fit_queues(testing, err);

    if (code == 0) {
        weir__recover_duty(testing->server);
        code = weir__periodic_turn(testing->server, &tick_ms, err);
    }
    if (code == 0) {
        code = settle(testing, &next_ms, err);
    }
    *next_at_ms = earlier(tick_ms, next_ms);
    return code == 0 ? expire(testing, err) : code;
}

int
weir__testing_turn(weir_testing *testing, int64_t *next_at_ms, weir_error *err)
{
    testing->turning = true;
    int code = turn(testing, next_at_ms, err);
    testing->turning = false;
    return code;
}

/* ---- the clock ---- */

int64_t
weir_testing_now_ms(const weir_testing *testing)
{
    return weir__moving_clock_now(&testing->clock);
}

/* Not beyond end_ms, and on at least, whatever the time of the next thing. Deadlines are looked at as the watch would. */
static void
move_clock(weir_testing *testing, int64_t to_ms, int64_t end_ms)
{
    int64_t now_ms = weir_testing_now_ms(testing);

    to_ms = to_ms > now_ms ? to_ms : now_ms + 1;
    weir__moving_clock_to(&testing->clock, earlier(to_ms, end_ms));
    if (testing->slot != NULL) {
        weir__deadlines_duty(testing->server);
    }
}

int
weir__testing_pass(weir_testing *testing, int64_t ms, weir_error *err)
{
    int64_t end_ms = weir_testing_now_ms(testing) + ms;
    int64_t next_ms;
    int code = weir__testing_turn(testing, &next_ms, err);

    while (code == 0 && weir_testing_now_ms(testing) < end_ms) {
        move_clock(testing, next_ms, end_ms);
        code = weir__testing_turn(testing, &next_ms, err);
    }
    return code;
}

static int
check_length(const weir_testing *testing, int64_t ms, const char *what, weir_error *err)
{
    if (ms < 0 || ms > WEIR_NEVER - weir_testing_now_ms(testing) - 1) {
        return weir_error_set(err, WEIR_E_INVALID, "%s: %lld ms cannot pass", what, (long long)ms);
    }
    return 0;
}

int
weir_testing_advance(weir_testing *testing, int64_t ms, weir_error *err)
{
    if (testing == NULL || testing->turning) {
        return weir__testing_outside(testing, "advance", err);
    }
    int code = check_length(testing, ms, "advance", err);

    return code == 0 ? weir__testing_pass(testing, ms, err) : code;
}

int
weir_testing_elapse(weir_testing *testing, int64_t ms, weir_tally *tally, weir_error *err)
{
    weir_tally unasked;
    int64_t next_ms;
    int code = weir__testing_can_run(testing, "elapse", err);

    tally = tally != NULL ? tally : &unasked;
    *tally = (weir_tally){0};
    if (code == 0) {
        code = check_length(testing, ms, "elapse", err);
    }
    if (code != 0) {
        return code;
    }
    size_t left = testing->most_attempts;
    int64_t end_ms = weir_testing_now_ms(testing) + ms;
    code = weir__testing_exhaust(testing, NULL, tally, &left, &next_ms, err);
    while (code == 0 && weir_testing_now_ms(testing) < end_ms) {
        move_clock(testing, next_ms, end_ms);
        code = weir__testing_exhaust(testing, NULL, tally, &left, &next_ms, err);
    }
    return code;
}
