/* SPDX-License-Identifier: MIT */
/* A periodic task: greets every second, for three greetings. Run it as often as you like: each tick comes once. */
#include <semaphore.h>
#include <stdio.h>
#include <weir.h>

static sem_t done;

static weir_outcome
greet(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)ctx;
    (void)arg;
    printf("%s: Hello, %.*s!\n", task->id, (int)task->payload_len, (const char *)task->payload);
    fflush(stdout);
    sem_post(&done);
    return WEIR_DONE;
}

int
main(void)
{
    static const weir_periodic periodic[] = {
        {.id = "greeting",
         .spec = "@every 1s",
         .task = {.type = "greet", .payload = "Ada", .payload_len = 3}},
        {.spec = "CRON_TZ=Europe/Berlin 30 4 * * mon-fri",
         .task = {.type = "report", .queue = "low"},
         .missed = WEIR_MISSED_ONCE},
    };
    const weir_server_options options = {.periodic = periodic, .periodic_count = 2};
    weir_broker *broker = NULL;
    weir_server *server = NULL;
    weir_mux *mux = weir_mux_new();
    weir_error err = {0};

    sem_init(&done, 0, 0);
    if (weir_broker_open(&broker, "sqlite:tasks.db", NULL, &err) == 0 &&
        weir_mux_handle(mux, "greet", greet, NULL, &err) == 0 &&
        weir_server_new(&server, broker, mux, &options, &err) == 0 &&
        weir_server_start(server, &err) == 0) {
        for (int i = 0; i < 3; i++) {
            sem_wait(&done);
        }
        weir_server_stop(server);
    }
    if (err.code != 0) {
        fprintf(stderr, "%s\n", err.text);
    }
    weir_server_free(server);
    weir_mux_free(mux);
    weir_broker_close(broker);
    return err.code != 0;
}
