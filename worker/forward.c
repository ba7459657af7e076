/* SPDX-License-Identifier: MIT */
/*
 * Forwarding: moves due tasks to their queues at the moment when they become due. The broker says
 * when the next one is; the listener tells when an earlier one has come. Outcomes of this server's tell of
 * their own time. The limit of a minute is for wall clocks that step.
 */
#include <config.h>

#include "runtime.h"

enum {
    FORWARD_MAX = 256,
    LONGEST_SLEEP_MS = 60000
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
    /* More at once lets the other duties run in between; nothing moved and still due is a clock a
     * fraction of a millisecond behind. */
    int64_t at_ms = boot_time_of(server, forward.next_due_at_ms);
    int64_t soonest_ms = weir__broker_boot_ms(server->broker) + (forward.moved > 0 ? 0 : 1);
    return at_ms > soonest_ms ? at_ms : soonest_ms;
}
