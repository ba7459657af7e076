/* SPDX-License-Identifier: MIT */
/*
 * WAIT: Redis answers how many replicas have what this connection wrote before. Fewer than asked for is not
 * a failure of the write, which stands; it is an unknown future, and reported as such. A resend with the
 * same request id then finds the write done and waits again.
 */
#include <config.h>

#include "link.h"

#include <stdio.h>

int
weir__redis_wait_replicas(struct weir__redis_conn *conn, weir_error *err)
{
    int wanted = conn->options->wait_replicas;
    int timeout_ms = conn->options->timeout_ms;
    char count[16];
    char limit[16];
    const char *argv[] = {"WAIT", count, limit};
    redisReply *reply = NULL;

    if (wanted == 0) {
        return 0;
    }
    snprintf(count, sizeof count, "%d", wanted);
    snprintf(limit, sizeof limit, "%d", timeout_ms);
    weir__redis_allow_ms(conn, timeout_ms);
    int rc = weir__redis_command(conn, &reply, 3, argv, NULL, err);
    weir__redis_allow_ms(conn, 0);
    if (rc == WEIR_E_UNAVAILABLE && err != NULL) {
        err->code = WEIR_E_UNKNOWN;
    }
    if (rc == 0 && (reply->type != REDIS_REPLY_INTEGER || reply->integer < wanted)) {
        rc = weir_error_set(err, WEIR_E_UNKNOWN,
                            "only %lld of %d replicas of Redis at %s have the write after %d ms",
                            reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0, wanted,
                            conn->where, timeout_ms);
    }
    freeReplyObject(reply);
    return rc == WEIR_E_UNAVAILABLE ? WEIR_E_UNKNOWN : rc;
}
