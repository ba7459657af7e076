/* SPDX-License-Identifier: MIT */
/* The testing mode as a whole: made, asked for its parts, emptied, freed. */
#include <config.h>

#include "testing.h"

#include <stdlib.h>
#include <string.h>

#define LEASE_MS (365 * INT64_C(86400000)) /* nobody else is there to take a task over */

static const weir_testing_options defaults;

static int
check_options(const weir_testing_options *options, weir_error *err)
{
    for (size_t i = 0; i < sizeof(options->reserved) / sizeof(options->reserved[0]); i++) {
        if (options->reserved[i] != 0) {
            return weir_error_set(err, WEIR_E_INVALID, "testing options: reserved is not zero");
        }
    }
    if (options->start_at_ms < 0) {
        return weir_error_set(err, WEIR_E_INVALID, "testing options: start_at_ms is below 0");
    }
    return 0;
}

static int
open_broker(weir_testing *testing, const weir_testing_options *options, weir_error *err)
{
    const weir_broker_options how = {.clock = &testing->clock.clock, .logger = options->logger};
    const char *url = options->url != NULL ? options->url : "sqlite::memory:";

    return weir_broker_open(&testing->broker, url, &how, err);
}

static int
make_server(weir_testing *testing, weir_mux *mux, const weir_testing_options *options,
            weir_error *err)
{
    static const weir_server_options usual;
    weir_server_options given = options->server != NULL ? *options->server : usual;

    if (mux == NULL) {
        mux = testing->no_mux = weir_mux_new();
    }
    if (mux == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    testing->all_queues = given.queue_count == 0;
    given.concurrency = 1;
    given.lease_ms = LEASE_MS;
    given.heartbeat_ms = 0;
    if (given.logger == NULL) {
        given.logger = options->logger;
    }
    return weir_server_new(&testing->server, testing->broker, mux, &given, err);
}

/* The queues that options name; fit_queues() does the rest. The aggregator is told that nobody waits for a broker. */
static int
prepare_server(weir_testing *testing, weir_error *err)
{
    struct weir__queue_set *set = weir__server_queues(testing->server);

    weir__aggregator_end(testing->server);
    testing->order_set = set;
    if (!weir__order_init(&testing->order, set->items, set->count, set->strict)) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    return 0;
}

/* What the broker calls itself has to be new each time: a store that outlives it remembers its requests. The first turn
 * begins to watch for ticks. */
static int
fill(weir_testing *testing, weir_mux *mux, const weir_testing_options *options, weir_error *err)
{
    int64_t next_ms;
    int code = open_broker(testing, options, err);

    weir__moving_clock_seed(&testing->clock, options->seed);
    if (code == 0) {
        code = weir_client_new(&testing->client, testing->broker, err);
    }
    if (code == 0) {
        code = weir_inspector_new(&testing->inspector, testing->broker, err);
    }
    if (code == 0) {
        code = make_server(testing, mux, options, err);
    }
    if (code == 0) {
        code = prepare_server(testing, err);
    }
    return code == 0 ? weir__testing_turn(testing, &next_ms, err) : code;
}

int
weir_testing_new(weir_testing **testing_out, weir_mux *mux, const weir_testing_options *options,
                 weir_error *err)
{
    if (testing_out == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "no place for the testing mode");
    }
    *testing_out = NULL;
    options = options != NULL ? options : &defaults;
    int code = check_options(options, err);
    if (code != 0) {
        return code;
    }
    weir_testing *testing = calloc(1, sizeof(*testing));
    if (testing == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    weir__moving_clock_init(&testing->clock, options->start_at_ms != 0 ? options->start_at_ms
                                                                       : WEIR_TESTING_START_MS);
    testing->most_attempts = options->most_attempts != 0 ? options->most_attempts : 10000;
    code = fill(testing, mux, options, err);
    if (code != 0) {
        weir_testing_free(testing);
        return code;
    }
    *testing_out = testing;
    return 0;
}

void
weir_testing_free(weir_testing *testing)
{
    if (testing == NULL) {
        return;
    }
    if (testing->server != NULL) {
        weir__periodic_leave(testing->server);
        weir_server_free(testing->server);
    }
    weir__order_release(&testing->order);
    weir__queue_set_unref(testing->order_set);
    weir_mux_free(testing->no_mux);
    weir_inspector_free(testing->inspector);
    weir_client_free(testing->client);
    weir_broker_close(testing->broker);
    weir_task_info_free(testing->task);
    free(testing->error);
    free(testing->result);
    free(testing);
}

weir_broker *
weir_testing_broker(weir_testing *testing)
{
    return testing->broker;
}

weir_client *
weir_testing_client(weir_testing *testing)
{
    return testing->client;
}

weir_inspector *
weir_testing_inspector(weir_testing *testing)
{
    return testing->inspector;
}

const weir_clock *
weir_testing_clock(weir_testing *testing)
{
    return &testing->clock.clock;
}

int
weir__testing_outside(const weir_testing *testing, const char *what, weir_error *err)
{
    if (testing == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "%s: there is no testing mode", what);
    }
    if (testing->slot != NULL || testing->turning) {
        return weir_error_set(err, WEIR_E_STATE, "%s: not in %s", what,
                              testing->slot != NULL ? "a handler" : "an aggregator");
    }
    return 0;
}

int
weir_testing_clear(weir_testing *testing, weir_error *err)
{
    weir_queue_list *queues;
    int code = weir__testing_outside(testing, "clear", err);

    if (code == 0) {
        code = weir_inspect_queues(testing->inspector, &queues, err);
    }
    if (code != 0) {
        return code;
    }
    for (size_t i = 0; code == 0 && i < queues->count; i++) {
        code = weir_remove_queue(testing->inspector, queues->items[i].name, true, NULL, NULL, err);
    }
    weir_queue_list_free(queues);
    return code;
}
