/* SPDX-License-Identifier: MIT */
/*
 * What the commands of one run share: the global options, and the broker with its client and inspector, which
 * are opened when a command first asks for them.
 */
#ifndef WEIR_CLI_SESSION_H
#define WEIR_CLI_SESSION_H

#include <weir/client.h>
#include <weir/config.h>
#include <weir/inspector.h>

#include <stdbool.h>

struct command;

struct session {
    const char *broker_option;
    const char *config_path;
    bool json;
    bool help;
    bool version;
    const struct command *command; /* that runs, or NULL */
    bool is_unconfirmed;           /* it was refused for want of a yes: no wrong usage */
    const char *about_key;         /* what the command is at: "queue", "id"; for JSON errors */
    const char *about;             /* which one, or NULL */
    weir_config *config;
    weir_broker *broker;
    weir_client *client;
    weir_inspector *inspector;
};

/*
 * What a command works with, owned by the session. Which one it asks for first decides what opening the broker may do: a client
 * makes a file that is missing, orders need one, and looking only reads it. Errors: those of opening a broker; WEIR_E_INVALID: what is
 * written to a broker in memory would be lost.
 */
int session_client(struct session *session, weir_client **client, weir_error *err);
int session_steer(struct session *session, weir_inspector **inspector, weir_error *err);
int session_inspector(struct session *session, weir_inspector **inspector, weir_error *err);

/* Says which thing the command is at from now on; the text must last. NULL: none. */
void session_about(struct session *session, const char *key, const char *about);

/* The time that tasks are compared with, ms since 1970. */
int64_t session_now_ms(const struct session *session);

void session_close(struct session *session);

#endif
