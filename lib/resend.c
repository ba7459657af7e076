/* SPDX-License-Identifier: MIT */
/*
 * The usual call costs one look at each result. Only when a reply was lost are the results so far
 * remembered, in an array beside the items, where UNTOUCHED stands for "no try has changed it".
 */
#include <config.h>

#include "resend.h"

#include <limits.h>
#include <stdlib.h>

enum {
    UNSET = INT_MAX,    /* the backend said nothing */
    UNTOUCHED = INT_MIN /* no code, so that it cannot be mistaken for one */
};

static size_t
count_items(const struct weir__resend *resend)
{
    return resend->results[0].count + resend->results[1].count;
}

static int *
result_of(const struct weir__resend *resend, size_t i)
{
    const struct weir__results *results = &resend->results[0];

    if (i >= results->count) {
        i -= results->count;
        results++;
    }
    return (int *)((char *)results->first + i * results->stride);
}

static int
bad_result(size_t i, int result, weir_error *err)
{
    if (result == UNSET)
        return weir_error_set(err, WEIR_E_INTERNAL, "backend gave no result for item %zu", i);
    return weir_error_set(err, WEIR_E_INTERNAL, "backend gave the result %d for item %zu", result,
                          i);
}

/* The code of a try, given what it said as a whole: that of its worst item when it said less. */
static int
judge(const struct weir__resend *resend, int rc, weir_error *err)
{
    size_t count = count_items(resend);

    if (rc > 0)
        rc = weir_error_set(err, WEIR_E_INTERNAL, "backend returned %d", rc);
    else if (rc < 0)
        weir_error_set(err, rc, NULL);
    for (size_t i = 0; i < count; i++) {
        int *result = result_of(resend, i);

        if (*result == WEIR_E_UNKNOWN && rc == 0)
            rc = weir_error_set(err, WEIR_E_UNKNOWN, NULL);
        if (*result <= 0)
            continue;
        if (rc == 0)
            rc = bad_result(i, *result, err);
        *result = rc;
    }
    return rc;
}

static int
try_once(const struct weir__resend *resend, weir_error *err)
{
    size_t count = count_items(resend);

    for (size_t i = 0; i < count; i++)
        *result_of(resend, i) = UNSET;
    return judge(resend, resend->send(resend->call, err), err);
}

static bool
any_unknown(const struct weir__resend *resend)
{
    size_t count = count_items(resend);

    for (size_t i = 0; i < count; i++) {
        if (*result_of(resend, i) == WEIR_E_UNKNOWN)
            return true;
    }
    return false;
}

static int
merged(int before, int after, int rc)
{
    bool untouched = rc < 0 && rc != WEIR_E_UNKNOWN && after == rc;

    if (untouched)
        return before;
    if (after == WEIR_E_UNKNOWN && before != UNTOUCHED)
        return before;
    return after;
}

static void
merge(const struct weir__resend *resend, int *known, int rc)
{
    size_t count = count_items(resend);

    for (size_t i = 0; i < count; i++)
        known[i] = merged(known[i], *result_of(resend, i), rc);
}

static void
give_known(const struct weir__resend *resend, const int *known, int rc)
{
    size_t count = count_items(resend);

    for (size_t i = 0; i < count; i++)
        *result_of(resend, i) = known[i] == UNTOUCHED ? rc : known[i];
}

/* A first try that got no answer leaves the whole call unknown, whatever kept later ones from asking. */
static int
whole_code(const struct weir__resend *resend, int rc, weir_error *err)
{
    if (rc == 0 || rc == WEIR_E_UNKNOWN)
        return rc;
    if (count_items(resend) > 0 && !any_unknown(resend))
        return rc;
    if (err && err->code == rc)
        err->code = WEIR_E_UNKNOWN;
    return weir_error_set(err, WEIR_E_UNKNOWN, NULL);
}

/* An error of the caller's own, from before the call, stays; one of an earlier try goes. */
static int
repeat(const struct weir__resend *resend, int *known, bool own_error, weir_error *err)
{
    int rc = WEIR_E_UNKNOWN;

    for (int i = 0; i < WEIR__RESENDS && rc < 0; i++) {
        if (own_error)
            weir_error_clear(err);
        resend->request->tries++;
        rc = try_once(resend, err);
        merge(resend, known, rc);
    }
    give_known(resend, known, rc);
    if (rc == 0 && own_error)
        weir_error_clear(err);
    return whole_code(resend, rc, err);
}

static int
resend_call(const struct weir__resend *resend, weir_error *err)
{
    size_t count = count_items(resend);
    bool own_error = err && err->code == 0;
    int rc = try_once(resend, err);
    int *known;

    if (rc == 0 || (rc != WEIR_E_UNKNOWN && !any_unknown(resend)))
        return rc;
    known = malloc((count + 1) * sizeof *known);
    if (!known)
        return whole_code(resend, rc, err);
    for (size_t i = 0; i < count; i++)
        known[i] = UNTOUCHED;
    merge(resend, known, rc);
    rc = repeat(resend, known, own_error, err);
    free(known);
    return rc;
}

int
weir__resend(weir_broker *broker, const struct weir__resend *resend, weir_error *err)
{
    int slot;
    int rc;

    if (broker->capabilities & WEIR_CAP_SURE_REPLIES)
        return try_once(resend, err);
    slot = weir__lanes_take(&broker->lanes, resend->request);
    rc = resend_call(resend, err);
    weir__lanes_release(&broker->lanes, slot, rc != WEIR_E_UNKNOWN);
    return rc;
}
