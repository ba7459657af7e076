/* SPDX-License-Identifier: MIT */
/* Leadership. */
#include <config.h>

#include "kit.h"

#include <time.h>

#define TTL_MS 400

static bool
lead(const char *name, const char *holder)
{
    bool leads = false;

    OK(weir__lead(store, name, holder, TTL_MS, &leads, NULL));
    return leads;
}

static void
resign(const char *name, const char *holder)
{
    OK(weir__resign(store, name, holder, NULL));
}

static void
the_first_who_asks_leads_and_others_do_not(void)
{
    NEED(LEADER);
    YES(lead("periodic", "a"));
    YES(!lead("periodic", "b"));
    YES(lead("another", "b"));
    YES(lead("periodic", "a"));
}

static int64_t
mono_ms(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

/* Whether b has to wait after a has renewed. What a machine says that slept over the end does not count. */
static bool
b_waits(void)
{
    for (int tries = 0; tries < 20; tries++) {
        int64_t renewed_ms;

        YES(lead("periodic", "a"));
        pass(TTL_MS / 2);
        renewed_ms = mono_ms();
        YES(lead("periodic", "a"));
        pass(TTL_MS / 2 + TTL_MS / 4);
        if (!lead("periodic", "b"))
            return true;
        if (mono_ms() - renewed_ms < TTL_MS)
            return false;
        resign("periodic", "b");
    }
    return false;
}

static void
a_renewed_leadership_goes_on(void)
{
    NEED(LEADER);
    YES(b_waits());
}

static void
a_leadership_that_is_not_renewed_ends(void)
{
    NEED(LEADER);
    YES(lead("periodic", "a"));
    pass(TTL_MS + 1);
    YES(lead("periodic", "b"));
    YES(!lead("periodic", "a"));
}

static void
who_resigns_makes_room_at_once(void)
{
    NEED(LEADER);
    YES(lead("periodic", "a"));
    resign("periodic", "a");
    YES(lead("periodic", "b"));
}

static void
nobody_else_can_resign_for_the_leader(void)
{
    NEED(LEADER);
    YES(lead("periodic", "a"));
    resign("periodic", "b");
    YES(!lead("periodic", "b"));
    YES(lead("periodic", "a"));
}

static const CU_TestInfo cases[] = {
    CASE(the_first_who_asks_leads_and_others_do_not), CASE(a_renewed_leadership_goes_on),
    CASE(a_leadership_that_is_not_renewed_ends),      CASE(who_resigns_makes_room_at_once),
    CASE(nobody_else_can_resign_for_the_leader),      CASES_END,
};

CASES(leader);
