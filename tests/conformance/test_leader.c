/* SPDX-License-Identifier: MIT */
/* Leadership. */
#include <config.h>

#include "kit.h"

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

static void
a_renewed_leadership_goes_on(void)
{
    NEED(LEADER);
    YES(lead("periodic", "a"));
    pass(TTL_MS / 2);
    YES(lead("periodic", "a"));
    pass(TTL_MS / 2 + TTL_MS / 4);
    YES(!lead("periodic", "b"));
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
