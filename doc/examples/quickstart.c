/* SPDX-License-Identifier: MIT */
/* The example of README.md: enqueues three tasks and runs them in the same program. */
#include <semaphore.h>
#include <stdio.h>
#include <weir.h>

static sem_t done;

static weir_outcome
greet(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)arg;
    if (task->payload_len == 0) {
        return weir_skip_retry(ctx, "whom should I greet?");
    }
    printf("Hello, %.*s!\n", (int)task->payload_len, (const char *)task->payload);
    sem_post(&done);
    return WEIR_DONE;
}

int
main(void)
{
    static const weir_task tasks[3] = {
        {.type = "greet", .payload = "Ada", .payload_len = 3},
        {.type = "greet", .payload = "Grace", .payload_len = 5},
        {.type = "greet", .payload = "Barbara", .payload_len = 7, .process_in_ms = 1000},
    };
    weir_broker *broker = NULL;
    weir_client *client = NULL;
    weir_server *server = NULL;
    weir_mux *mux = weir_mux_new();
    weir_error err = {0};

    sem_init(&done, 0, 0);
    if (weir_broker_open(&broker, "sqlite:tasks.db", NULL, &err) == 0 &&
        weir_client_new(&client, broker, &err) == 0 &&
        weir_enqueue_many(client, tasks, 3, NULL, &err) == 0 &&
        weir_mux_handle(mux, "greet", greet, NULL, &err) == 0 &&
        weir_server_new(&server, broker, mux, NULL, &err) == 0 &&
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
    weir_client_free(client);
    weir_mux_free(mux);
    weir_broker_close(broker);
    return err.code != 0;
}
