/* SPDX-License-Identifier: MIT */
/*
 * Forwarding: moves due tasks to their queues at the moment when they become due. The broker says
 * when the next one is; the listener tells when an earlier one has come. Outcomes of this server's tell of
 * their own time. The limit of a minute is for wall clocks that step.
 *
 * Something is due and nothing moved: the broker's clock is a fraction of a millisecond behind, or what is due cannot be moved. So it
 * is tried again after 1 ms, 2 ms, 4 ms ... up to STUCK_MS, which is how late others may become meanwhile.
 */
#include <config.h>

#include "runtime.h"

enum {
    FORWARD_MAX = 256,
    LONGEST_SLEEP_MS = 60000,
    STUCK_MS = 128
};

/* The boot time of a wall clock time. */
static int64_t
boot_time_of(weir_server *server, int64_t at_ms)
{
    int64_t now_ms = weir__broker_now_ms(server->broker);
    int64_t boot_ms = weir__broker_boot_ms(server->broker);
    int64_t left_ms = at_ms <= now_ms                     ? 0
                      : at_ms - now_ms < LONGEST_SLEEP_MS ? at_ms - now_ms
                                                          : LONGEST_SLEEP_MS;

    return boot_ms + left_ms;
}

void
weir__forward_by(weir_server *server, int64_t at_ms)
{
    weir__keeper_call(&server->keeper, WEIR__DUTY_FORWARD, boot_time_of(server, at_ms));
}

/* More at once lets the other duties run in between. */
static int64_t
next_look(weir_server *server, const weir_forward *forward)
{
    int64_t boot_ms = weir__broker_boot_ms(server->broker);
    int64_t at_ms = boot_time_of(server, forward->next_due_at_ms);

    if (forward->moved > 0 || at_ms > boot_ms) {
        server->stuck_ms = 0;
        return at_ms > boot_ms ? at_ms : boot_ms;
    }
    server->stuck_ms = server->stuck_ms == 0         ? 1
                       : server->stuck_ms < STUCK_MS ? 2 * server->stuck_ms
                                                     : STUCK_MS;
    return boot_ms + server->stuck_ms;
}

int64_t
weir__forward_duty(void *arg)
{
    weir_server *server = arg;
    weir_error err = {0};
    weir_forward forward = {.max = FORWARD_MAX};

    if (weir__server_stops(server)) {
        return WEIR_NEVER;
    }
    struct weir__queue_set *queues = weir__server_queues(server);
    forward.queues = queues->names;
    forward.queue_count = queues->count;
    int code = weir__forward(server->broker, &forward, &err);
    weir__queue_set_unref(queues);
    if (code != 0) {
        return weir__broker_boot_ms(server->broker) +
               weir__outage_failed(server, WEIR__PARTY_FORWARD, "forward", &err);
    }
    weir__outage_over(server, WEIR__PARTY_FORWARD);
    if (forward.moved > 0) {
        weir__mover_look(server);
    }
    return next_look(server, &forward);
}
