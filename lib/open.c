/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing: finds the URL's backend, lets it open the store, and counts the references to what
 * came of it.
 */
#include <config.h>

#include "broker.h"
#include "calls.h"
#include "clock.h"
#include "registry.h"
#include "url.h"

#include <stdlib.h>
#include <string.h>

static int
check_options(const weir_broker_options *options, weir_error *err)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++) {
        if (options->reserved[i] != 0)
            return weir_error_set(err, WEIR_E_INVALID, "broker options: reserved must be zero");
    }
    if (options->mode < WEIR_OPEN_CREATE || options->mode > WEIR_OPEN_READ)
        return weir_error_set(err, WEIR_E_INVALID, "broker options: mode %d", (int)options->mode);
    return 0;
}

/* A backend must set err; where one forgets, the code's text has to do. */
static int
open_store(weir_broker *broker, const weir_url *url, weir_open_mode mode, weir_error *err)
{
    weir_backend_open how = {
        .url = url, .clock = broker->clock, .logger = broker->logger, .mode = mode};
    int rc = broker->backend->open(&broker->self, &how, err);

    if (rc < 0)
        return weir_error_set(err, rc, "%s: %s", broker->url, weir_strerror(rc));
    broker->capabilities = broker->backend->capabilities(broker->self);
    rc = weir__backend_check(broker->backend, broker->capabilities, err);
    if (rc < 0)
        broker->backend->close(broker->self);
    return rc;
}

static int
broker_new(weir_broker **result, const struct weir__url *url, const weir_broker_options *options,
           weir_error *err)
{
    weir_broker *broker = calloc(1, sizeof *broker);
    int rc = WEIR_E_NOMEM;

    if (!broker)
        return weir_error_set(err, rc, NULL);
    if (weir__gather_init(&broker->gather) < 0) {
        free(broker);
        return weir_error_set(err, rc, NULL);
    }
    atomic_init(&broker->refs, 1);
    broker->clock = weir__clock_or_system(options->clock);
    broker->logger = options->logger;
    weir__lanes_init(&broker->lanes, broker->clock);
    broker->url = strdup(weir__url_redacted(url));
    if (!broker->url) {
        weir_error_set(err, rc, NULL);
        goto fail;
    }
    rc = weir__registry_find(&broker->backend, url->parts.scheme, err);
    if (rc < 0)
        goto fail;
    rc = open_store(broker, &url->parts, options->mode, err);
    if (rc < 0)
        goto fail;
    *result = broker;
    return 0;

fail:
    weir__gather_release(&broker->gather);
    free(broker->url);
    free(broker);
    return rc;
}

int
weir_broker_open(weir_broker **broker, const char *url, const weir_broker_options *options,
                 weir_error *err)
{
    static const weir_broker_options defaults;
    struct weir__url parsed;
    int rc;

    if (!broker)
        return weir_error_set(err, WEIR_E_INVALID, "no place for the broker");
    *broker = NULL;
    if (!url)
        return weir_error_set(err, WEIR_E_URL, "no broker URL");
    options = options ? options : &defaults;
    rc = check_options(options, err);
    if (rc < 0)
        return rc;
    rc = weir__url_parse(&parsed, url, err);
    if (rc < 0)
        return rc;
    rc = broker_new(broker, &parsed, options, err);
    weir__url_release(&parsed);
    return rc;
}

weir_broker *
weir_broker_ref(weir_broker *broker)
{
    atomic_fetch_add_explicit(&broker->refs, 1, memory_order_relaxed);
    return broker;
}

void
weir_broker_close(weir_broker *broker)
{
    if (!broker || atomic_fetch_sub_explicit(&broker->refs, 1, memory_order_acq_rel) != 1)
        return;
    broker->backend->close(broker->self);
    weir__gather_release(&broker->gather);
    free(broker->url);
    free(broker);
}

const char *
weir_broker_url(const weir_broker *broker)
{
    return broker->url;
}

const weir_clock *
weir_broker_clock(const weir_broker *broker)
{
    return broker->clock;
}

int64_t
weir__broker_now_ms(const weir_broker *broker)
{
    return weir__clock_wall_ms(broker->clock);
}

int64_t
weir__broker_boot_ms(const weir_broker *broker)
{
    return weir__clock_boot_ms(broker->clock);
}

weir_logger *
weir__broker_logger(const weir_broker *broker)
{
    return broker->logger;
}

unsigned
weir__broker_capabilities(const weir_broker *broker)
{
    return broker->capabilities;
}

int
weir__require(const weir_broker *broker, unsigned capability, const char *what, weir_error *err)
{
    if ((broker->capabilities & capability) == capability)
        return 0;
    return weir_error_set(err, WEIR_E_UNSUPPORTED, "%s: not supported by the broker %s", what,
                          broker->url);
}
