/* SPDX-License-Identifier: MIT */
/*
 * An outage begins when the first party's call fails and ends when the last one's succeeds again; it is
 * logged at both, however many calls fail between. Each party waits between its own attempts: 50 ms at
 * first, twice as long each time up to 5 s, half of it at random so that servers do not
 * come back all at once.
 */
#include <config.h>

#include "runtime.h"
#include "clock.h"

enum {
    FIRST_DELAY_MS = 50,
    LAST_DELAY_MS = 5000
};

void
weir__trouble(weir_server *server)
{
    atomic_store(&server->trouble_at_ms, weir__broker_boot_ms(server->broker));
}

static int64_t
delay_after(const weir_clock *clock, int attempts)
{
    int64_t delay_ms = FIRST_DELAY_MS;

    for (int i = 1; i < attempts && delay_ms < LAST_DELAY_MS; i++) {
        delay_ms *= 2;
    }
    delay_ms = delay_ms < LAST_DELAY_MS ? delay_ms : LAST_DELAY_MS;
    return delay_ms / 2 + (int64_t)weir__clock_random_below(clock, (uint64_t)delay_ms / 2 + 1);
}

int64_t
weir__outage_failed(weir_server *server, enum weir__party party, const char *what,
                    const weir_error *err)
{
    unsigned before = atomic_fetch_or(&server->parties_down, 1u << party);

    weir__trouble(server);
    if (before == 0) {
        atomic_store(&server->down_since_ms, weir__broker_boot_ms(server->broker));
        weir_log(server->logger, WEIR_LOG_ERROR, "broker fails, trying again until it answers",
                 weir_log_str("call", what), weir_log_str("error", err->text));
    } else if ((before & 1u << party) == 0) {
        weir_log(server->logger, WEIR_LOG_DEBUG, "broker fails here too",
                 weir_log_str("call", what), weir_log_str("error", err->text));
    }
    if (server->attempts[party] < 100) {
        server->attempts[party]++;
    }
    return delay_after(server->settings.rules.clock, server->attempts[party]);
}

void
weir__outage_over(weir_server *server, enum weir__party party)
{
    if (server->attempts[party] == 0) {
        return;
    }
    server->attempts[party] = 0;
    weir__trouble(server);
    if (atomic_fetch_and(&server->parties_down, ~(1u << party)) == 1u << party) {
        int64_t since_ms = atomic_load(&server->down_since_ms);
        weir_log(server->logger, WEIR_LOG_INFO, "broker answers again",
                 weir_log_ms("after", weir__broker_boot_ms(server->broker) - since_ms));
    }
}
