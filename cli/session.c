/* SPDX-License-Identifier: MIT */
/*
 * The broker has no logger: what goes wrong with it comes back as the error of a call.
 */
#include <config.h>

#include "session.h"

#include "report.h"
#include "where.h"

#include <string.h>

/* Looking into an empty place is harmless; a task that is gone when the command ends is not. */
static int
check_lasts(const struct where *where, weir_open_mode mode, weir_error *err)
{
    if (mode == WEIR_OPEN_READ || !where_is_in_memory(where->url)) {
        return 0;
    }
    return weir_error_set(err, WEIR_E_INVALID,
                          "a broker in memory ends with this command, and all that is in it: "
                          "name a file, sqlite:PATH");
}

static int
open_broker(struct session *session, weir_open_mode mode, weir_error *err)
{
    const weir_broker_options options = {.mode = mode};
    struct where where = {0};

    if (session->broker != NULL) {
        return 0;
    }
    int rc = where_config(&session->config, session->config_path, err);
    if (rc == 0) {
        rc = where_broker(&where, session->broker_option, session->config, err);
    }
    if (rc == 0) {
        rc = check_lasts(&where, mode, err);
    }
    if (rc == 0 && where.from == WHERE_FALLBACK) {
        report_note(session, "no broker given, using %s", where.url);
    }
    if (rc == 0) {
        rc = where_open(&session->broker, &where, session->config, &options, err);
    }
    where_release(&where);
    return rc;
}

int
session_client(struct session *session, weir_client **client, weir_error *err)
{
    int rc = open_broker(session, WEIR_OPEN_CREATE, err);

    if (rc == 0 && session->client == NULL) {
        rc = weir_client_new(&session->client, session->broker, err);
    }
    *client = session->client;
    return rc;
}

static int
open_inspector(struct session *session, weir_open_mode mode, weir_inspector **inspector,
               weir_error *err)
{
    int rc = open_broker(session, mode, err);

    if (rc == 0 && session->inspector == NULL) {
        rc = weir_inspector_new(&session->inspector, session->broker, err);
    }
    *inspector = session->inspector;
    return rc;
}

int
session_steer(struct session *session, weir_inspector **inspector, weir_error *err)
{
    return open_inspector(session, WEIR_OPEN_EXISTING, inspector, err);
}

int
session_inspector(struct session *session, weir_inspector **inspector, weir_error *err)
{
    return open_inspector(session, WEIR_OPEN_READ, inspector, err);
}

void
session_about(struct session *session, const char *key, const char *about)
{
    session->about_key = key;
    session->about = about;
}

int64_t
session_now_ms(const struct session *session)
{
    const weir_clock *clock = session->broker != NULL ? weir_broker_clock(session->broker)
                                                      : weir_clock_system();

    return clock->wall_ms(clock->ctx);
}

void
session_close(struct session *session)
{
    weir_inspector_free(session->inspector);
    weir_client_free(session->client);
    weir_broker_close(session->broker);
    weir_config_free(session->config);
    memset(session, 0, sizeof *session);
}
