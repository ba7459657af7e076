/* SPDX-License-Identifier: MIT */
/*
 * weir-bench: options, the table of scenarios, the runs and what is printed of them.
 */
#include <config.h>

#include "apart.h"
#include "bench.h"
#include "meter.h"
#include "options.h"
#include "where.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    EXIT_USAGE = 2,
    PATIENCE_S = 60,
    LOOK_MS = 100,
    PAYLOAD = 64,
    CONCURRENCY = 10
};

struct scenario {
    const char *name;
    const char *help;
    bench_fn run;
    int count;          /* the default */
    size_t queue_count; /* that it needs */
    bool has_backlog;
    bool has_apart; /* a worker in another process */
};

static const struct scenario scenarios[] = {
    {"enqueue", "producers enqueue; nobody works", bench_enqueue, 20000, 1, true, false},
    {"process", "a worker empties a queue; its handler does nothing", bench_process, 20000, 1, true,
     false},
    {"e2e", "both at once, and how long tasks wait", bench_e2e, 20000, 1, false, false},
    {"latency", "from the call to the handler of an idle worker in another process", bench_latency,
     200, 1, true, true},
    {"scheduled", "how late tasks with a due time run; the worker as above", bench_scheduled, 200,
     1, true, true},
    {"idle", "what a worker without tasks costs", bench_idle, 1, 1, true, true},
    {"fairness", "the shares of ten queues with the weights 1 to 10", bench_fairness, 100000,
     PLACE_QUEUES, false, false},
};

#define FIELD(name) offsetof(struct bench_options, name)

static const struct option_row rows[] = {
    {"broker", 'b', OPTION_TEXT, FIELD(broker), "URL",
     "what to measure; queues of its own are made and removed", NULL},
    {"backend", 0, OPTION_CALL, 0, "FILE.so",
     "load a kind of broker from a shared object; repeatable", where_load_backend},
    {"count", 'n', OPTION_COUNT, FIELD(count), "N",
     "tasks (20000; latency, scheduled: 200; fairness: 100000)", NULL},
    {"concurrency", 'c', OPTION_COUNT, FIELD(concurrency), "N", "handlers of the worker (10)",
     NULL},
    {"producers", 'p', OPTION_COUNT, FIELD(producers), "N", "threads that enqueue (1)", NULL},
    {"batch", 0, OPTION_COUNT, FIELD(batch), "N", "tasks of one enqueue call (1)", NULL},
    {"payload", 0, OPTION_COUNT, FIELD(payload), "BYTES", "of each task (64; at least 8)", NULL},
    {"backlog", 0, OPTION_COUNT, FIELD(backlog), "N",
     "tasks that are there before; latency, scheduled and idle:\nscheduled ones, due in a day",
     NULL},
    {"runs", 'r', OPTION_COUNT, FIELD(runs), "N", "how often; medians are printed (3)", NULL},
    {"seconds", 0, OPTION_COUNT, FIELD(seconds), "N", "how long to look at an idle worker (10)",
     NULL},
    {"server-pid", 0, OPTION_COUNT, FIELD(server_pid), "PID",
     "the broker's server, for its CPU; found by itself for a\nRedis on this machine", NULL},
    {"json", 'j', OPTION_FLAG, FIELD(json), NULL, "print JSON", NULL},
    {"help", 'h', OPTION_FLAG, FIELD(help), NULL, "print help and exit", NULL},
    {"version", 'V', OPTION_FLAG, FIELD(version), NULL, "print the version and exit", NULL},
};

static volatile sig_atomic_t told_to_stop;

static void
stop(int number)
{
    told_to_stop = number;
}

int
bench_stopped(weir_error *err)
{
    return told_to_stop ? weir_error_set(err, WEIR_E_CANCELED, "stopped by a signal") : 0;
}

int
bench_await(void *semaphore, size_t (*progress)(void *arg), void *arg, weir_error *err)
{
    size_t before = progress(arg);
    int64_t since_ns = meter_now_ns();

    for (;;) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (sem_timedwait(semaphore, &until) == 0) {
            return 0;
        }
        int rc = bench_stopped(err);
        if (rc != 0) {
            return rc;
        }
        if (progress(arg) != before) {
            before = progress(arg);
            since_ns = meter_now_ns();
        } else if (meter_now_ns() - since_ns > PATIENCE_S * INT64_C(1000000000)) {
            return weir_error_set(err, WEIR_E_TIMEOUT, "no task was run for %d s", PATIENCE_S);
        }
    }
}

static void
print_help(void)
{
    puts("Usage: weir-bench [OPTION...] SCENARIO\n\n"
         "Measures a broker: tasks that do nothing, through the library's public calls.\n\n"
         "Scenarios:");
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        printf("  %-10s  %s\n", scenarios[i].name, scenarios[i].help);
    }
    puts("\nOptions:");
    options_print(stdout, rows, sizeof rows / sizeof rows[0]);
}

static void
print_text(const struct bench *bench, const struct scenario *scenario)
{
    const struct bench_options *o = &bench->options;

    printf("%s: %s, n=%d, concurrency=%d, producers=%d, batch=%d, payload=%d, backlog=%d, "
           "runs=%d, weir %s\n",
           scenario->name, weir_broker_url(bench->place.broker), o->count, o->concurrency,
           o->producers, o->batch, o->payload, o->backlog, o->runs, weir_version());
    for (size_t i = 0; i < bench->figures.count; i++) {
        const struct figure *figure = &bench->figures.rows[i];
        double median = figure_median(figure);
        int digits = median >= 1000 ? 0 : 3;
        printf("  %-20s %12.*f", figure->name, digits, median);
        if (figure->count > 1) {
            printf("   (%.*f to %.*f)", digits, figure_least(figure), digits, figure_most(figure));
        }
        putchar('\n');
    }
}

static json_t *
figures_json(const struct figures *figures)
{
    json_t *all = json_object();

    for (size_t i = 0; i < figures->count; i++) {
        const struct figure *figure = &figures->rows[i];
        json_t *values = json_array();
        for (size_t k = 0; k < figure->count; k++) {
            json_array_append_new(values, json_real(figure->values[k]));
        }
        json_object_set_new(all, figure->name,
                            json_pack("{s:f, s:f, s:f, s:o}", "median", figure_median(figure),
                                      "min", figure_least(figure), "max", figure_most(figure),
                                      "runs", values));
    }
    return all;
}

static int
print_json(const struct bench *bench, const struct scenario *scenario, weir_error *err)
{
    const struct bench_options *o = &bench->options;
    json_t *document =
        json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o}", "scenario",
                  scenario->name, "broker", weir_broker_url(bench->place.broker), "version",
                  weir_version(), "count", o->count, "concurrency", o->concurrency, "producers",
                  o->producers, "batch", o->batch, "payload", o->payload, "backlog", o->backlog,
                  "runs", o->runs, "figures", figures_json(&bench->figures));

    if (document == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(document);
    return 0;
}

static int
find_scenario(const struct scenario **scenario, int argc, char *const *argv, weir_error *err)
{
    if (argc != 1) {
        return weir_error_set(err, WEIR_E_INVALID, "name one scenario");
    }
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (strcmp(scenarios[i].name, argv[0]) == 0) {
            *scenario = &scenarios[i];
            return 0;
        }
    }
    return weir_error_set(err, WEIR_E_INVALID, "there is no scenario \"%.100s\"", argv[0]);
}

static void
or_default(int *option, int value)
{
    *option = *option != 0 ? *option : value;
}

static int
fill_defaults(struct bench_options *options, const struct scenario *scenario, weir_error *err)
{
    or_default(&options->count, scenario->count);
    or_default(&options->concurrency, CONCURRENCY);
    or_default(&options->producers, 1);
    or_default(&options->batch, 1);
    or_default(&options->payload, PAYLOAD);
    or_default(&options->runs, 3);
    or_default(&options->seconds, 10);
    if (options->payload < 8) {
        return weir_error_set(err, WEIR_E_INVALID, "option --payload: at least 8");
    }
    if (options->backlog > 0 && !scenario->has_backlog) {
        return weir_error_set(err, WEIR_E_INVALID, "%s has no backlog", scenario->name);
    }
    return 0;
}

/* The worker in another process must be there before anything is opened, and end before the queues go. */
static int
measure(struct bench *bench, const struct scenario *scenario, weir_error *err)
{
    struct bench_options *options = &bench->options;
    struct apart apart = {0};
    int rc = 0;

    bench->figures.runs = (size_t)options->runs;
    if (scenario->has_apart) {
        bench->apart = &apart;
        rc = apart_start(&apart, &bench->place, options->concurrency, (size_t)options->count, err);
    }
    if (rc == 0) {
        rc = place_open(&bench->place, options->server_pid, err);
    }
    for (int i = 0; i < options->runs && rc == 0; i++) {
        rc = scenario->run(bench, err);
        if (rc == 0 && !scenario->has_apart) {
            rc = place_clear(&bench->place, err);
        }
    }
    apart_end(&apart);
    weir_error why = {0};
    int cleared = place_clear(&bench->place, &why);
    if (rc == 0 && cleared != 0) {
        rc = weir_error_set(err, cleared, "queues were left behind: %s", why.text);
    }
    return rc;
}

static int
run(struct bench *bench, int argc, char **argv, weir_error *err)
{
    struct bench_options *options = &bench->options;
    struct option_set set = {rows, sizeof rows / sizeof rows[0], options};
    const struct scenario *scenario = NULL;
    int first;

    int rc = options_parse(&set, 1, argc, argv, false, &first, err);
    if (rc == 0 && options->help) {
        print_help();
        return 0;
    }
    if (rc == 0 && options->version) {
        printf("weir-bench %s\n", weir_version());
        return 0;
    }
    if (rc == 0) {
        rc = find_scenario(&scenario, argc - first, argv + first, err);
    }
    if (rc == 0) {
        rc = fill_defaults(options, scenario, err);
    }
    if (rc == 0 && options->broker == NULL) {
        rc = weir_error_set(err, WEIR_E_INVALID, "option --broker is missing");
    }
    if (rc != 0) {
        return rc;
    }
    if (scenario->has_apart && where_is_in_memory(options->broker)) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "%s has its worker in another process, which sees no broker in this "
                              "one's memory: name a file, sqlite:PATH",
                              scenario->name);
    }
    place_name(&bench->place, options->broker, scenario->queue_count);
    rc = measure(bench, scenario, err);
    if (rc == 0 && options->json) {
        return print_json(bench, scenario, err);
    }
    if (rc == 0) {
        print_text(bench, scenario);
    }
    return rc;
}

static int
exit_status(int rc)
{
    if (rc == 0) {
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return rc == WEIR_E_INVALID || rc == WEIR_E_URL ? EXIT_USAGE : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = stop};
    struct bench bench = {0};
    weir_error err = {0};

    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    srandom((unsigned)meter_now_ns());
    int rc = run(&bench, argc, argv, &err);
    if (rc != 0) {
        fprintf(stderr, "weir-bench: %s\n", err.text[0] != '\0' ? err.text : weir_strerror(rc));
    }
    if (rc == WEIR_E_INVALID) {
        fputs("Try 'weir-bench --help'.\n", stderr);
    }
    place_close(&bench.place);
    figures_release(&bench.figures);
    return exit_status(rc);
}
