/* SPDX-License-Identifier: MIT */
/*
 * The mux: from a task's type to its handler, through the middleware.
 *
 * A chain needs no memory: weir_next is a position in the list of middleware, and each step has
 * its own on the stack. A mux does not change while a server uses it, so that it has no lock.
 */
#include <config.h>

#include "mux.h"
#include "pattern.h"

#include <stdlib.h>

struct route {
    struct weir__pattern pattern; /* first, for weir__pattern_find() */
    weir_handler handler;
    void *arg;
};

struct aggregate {
    struct weir__pattern pattern; /* first; "" takes every type */
    weir_aggregate_fn fn;
    void *arg;
};

struct layer {
    weir_middleware middleware;
    void *arg;
};

struct weir_mux {
    struct route *routes;
    size_t route_count;
    struct aggregate *aggregates;
    size_t aggregate_count;
    struct layer *layers;
    size_t layer_count;
    weir_handler not_found;
    void *not_found_arg;
};

struct weir_next {
    const weir_mux *mux;
    size_t layer; /* the next one to run */
    weir_handler handler;
    void *arg;
};

static weir_outcome
fail_not_found(weir_context *ctx, const weir_task_info *task, void *arg)
{
    (void)arg;
    return weir_fail(ctx, "handler not found for task \"%s\"", task->type);
}

weir_mux *
weir_mux_new(void)
{
    weir_mux *mux = calloc(1, sizeof(*mux));

    if (mux != NULL) {
        mux->not_found = fail_not_found;
    }
    return mux;
}

void
weir_mux_free(weir_mux *mux)
{
    if (mux == NULL) {
        return;
    }
    for (size_t i = 0; i < mux->route_count; i++) {
        weir__pattern_release(&mux->routes[i].pattern);
    }
    for (size_t i = 0; i < mux->aggregate_count; i++) {
        weir__pattern_release(&mux->aggregates[i].pattern);
    }
    free(mux->aggregates);
    free(mux->routes);
    free(mux->layers);
    free(mux);
}

static int
check_route(const weir_mux *mux, const char *pattern, weir_handler handler, weir_error *err)
{
    if (mux == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "mux is NULL");
    }
    if (weir__pattern_is_blank(pattern)) {
        return weir_error_set(err, WEIR_E_INVALID, "the pattern of a handler is blank");
    }
    if (handler == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "no handler for pattern \"%s\"", pattern);
    }
    if (weir__pattern_index(mux->routes, mux->route_count, sizeof(*mux->routes), pattern) !=
        WEIR__NO_PATTERN) {
        return weir_error_set(err, WEIR_E_INVALID, "pattern \"%s\" has a handler already", pattern);
    }
    return 0;
}

int
weir_mux_handle(weir_mux *mux, const char *pattern, weir_handler handler, void *arg,
                weir_error *err)
{
    int code = check_route(mux, pattern, handler, err);

    if (code != 0) {
        return code;
    }
    struct route *routes = realloc(mux->routes, (mux->route_count + 1) * sizeof(*routes));
    if (routes == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    mux->routes = routes;
    struct route *route = &routes[mux->route_count];
    if (!weir__pattern_init(&route->pattern, pattern)) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    route->handler = handler;
    route->arg = arg;
    mux->route_count++;
    return 0;
}

int
weir_mux_use(weir_mux *mux, weir_middleware middleware, void *arg, weir_error *err)
{
    if (mux == NULL || middleware == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "%s is NULL",
                              mux == NULL ? "mux" : "middleware");
    }
    struct layer *layers = realloc(mux->layers, (mux->layer_count + 1) * sizeof(*layers));
    if (layers == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    mux->layers = layers;
    layers[mux->layer_count++] = (struct layer){middleware, arg};
    return 0;
}

int
weir_mux_not_found(weir_mux *mux, weir_handler handler, void *arg, weir_error *err)
{
    if (mux == NULL || handler == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "%s is NULL", mux == NULL ? "mux" : "handler");
    }
    mux->not_found = handler;
    mux->not_found_arg = arg;
    return 0;
}

static int
check_aggregate(const weir_mux *mux, const char *pattern, weir_aggregate_fn fn, weir_error *err)
{
    if (mux == NULL || fn == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "%s is NULL",
                              mux == NULL ? "mux" : "the aggregator");
    }
    if (pattern != NULL && weir__pattern_is_blank(pattern)) {
        return weir_error_set(err, WEIR_E_INVALID, "the pattern of an aggregator is blank");
    }
    if (weir__pattern_index(mux->aggregates, mux->aggregate_count, sizeof(*mux->aggregates),
                            pattern != NULL ? pattern : "") != WEIR__NO_PATTERN) {
        return weir_error_set(err, WEIR_E_INVALID, "pattern \"%s\" has an aggregator already",
                              pattern != NULL ? pattern : "");
    }
    return 0;
}

int
weir_mux_aggregate(weir_mux *mux, const char *pattern, weir_aggregate_fn aggregate, void *arg,
                   weir_error *err)
{
    int code = check_aggregate(mux, pattern, aggregate, err);

    if (code != 0) {
        return code;
    }
    struct aggregate *all = realloc(mux->aggregates, (mux->aggregate_count + 1) * sizeof(*all));
    if (all == NULL) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    mux->aggregates = all;
    if (!weir__pattern_init(&all[mux->aggregate_count].pattern, pattern != NULL ? pattern : "")) {
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    all[mux->aggregate_count].fn = aggregate;
    all[mux->aggregate_count].arg = arg;
    mux->aggregate_count++;
    return 0;
}

bool
weir__mux_aggregates(const weir_mux *mux)
{
    return mux->aggregate_count > 0;
}

bool
weir__mux_aggregate_of(const weir_mux *mux, const char *type, weir_aggregate_fn *aggregate,
                       void **arg)
{
    size_t i =
        weir__pattern_find(mux->aggregates, mux->aggregate_count, sizeof(*mux->aggregates), type);

    if (i == WEIR__NO_PATTERN) { /* an empty pattern is none to weir__pattern_find() */
        i = weir__pattern_index(mux->aggregates, mux->aggregate_count, sizeof(*mux->aggregates),
                                "");
    }
    if (i == WEIR__NO_PATTERN) {
        return false;
    }
    *aggregate = mux->aggregates[i].fn;
    *arg = mux->aggregates[i].arg;
    return true;
}

static const struct route *
find_route(const weir_mux *mux, const char *type)
{
    size_t i = weir__pattern_find(mux->routes, mux->route_count, sizeof(*mux->routes), type);

    return i != WEIR__NO_PATTERN ? &mux->routes[i] : NULL;
}

bool
weir_mux_matches(const weir_mux *mux, const char *type)
{
    return mux != NULL && type != NULL && find_route(mux, type) != NULL;
}

const char *
weir_mux_pattern(const weir_mux *mux, size_t i)
{
    return mux != NULL && i < mux->route_count ? mux->routes[i].pattern.text : NULL;
}

const char *
weir_mux_aggregate_pattern(const weir_mux *mux, size_t i)
{
    return mux != NULL && i < mux->aggregate_count ? mux->aggregates[i].pattern.text : NULL;
}

weir_outcome
weir_next_run(weir_next *next, weir_context *ctx, const weir_task_info *task)
{
    if (next->layer == next->mux->layer_count) {
        return next->handler(ctx, task, next->arg);
    }
    const struct layer *layer = &next->mux->layers[next->layer];
    weir_next inner = *next;
    inner.layer++;
    return layer->middleware(ctx, task, &inner, layer->arg);
}

weir_outcome
weir__mux_run(const weir_mux *mux, weir_context *ctx, const weir_task_info *task)
{
    const struct route *route = find_route(mux, task->type);
    weir_next chain = {
        .mux = mux,
        .handler = route != NULL ? route->handler : mux->not_found,
        .arg = route != NULL ? route->arg : mux->not_found_arg,
    };

    return weir_next_run(&chain, ctx, task);
}
