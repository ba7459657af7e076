/* SPDX-License-Identifier: MIT */
/* Deleting what was kept for its time. */
#include <config.h>

#include "kit.h"

#define ALL (-1)

static void
complete(const char *id, int64_t keep_ms)
{
    put_all("alpha", id);
    OK(FINISH(take("alpha"), COMPLETE, .at_ms = now_ms() + keep_ms));
}

static void
archive(const char *id)
{
    put_all("alpha", id);
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    manual_clock_advance(&now, 10);
}

static void
a_completed_task_is_kept_until_its_retention_is_over(void)
{
    complete("a", 1000);
    manual_clock_advance(&now, 999);
    IS(expire("alpha", 10, ALL, ALL), 0);
    IS(state_of("alpha", "a"), WEIR_STATE_COMPLETED);
    manual_clock_advance(&now, 2);
    IS(expire("alpha", 10, ALL, ALL), 1);
    IS(state_of("alpha", "a"), WEIR_STATE_NONE);
    COUNTED("alpha", 1, 0);
}

static void
the_oldest_archived_tasks_beyond_the_number_are_deleted(void)
{
    archive("a");
    archive("b");
    archive("c");
    archive("d");
    IS(expire("alpha", 10, 4, ALL), 0);
    IS(expire("alpha", 10, 3, ALL), 1);
    IDS("alpha", ARCHIVED, "b c d");
    IS(expire("alpha", 10, 1, ALL), 2);
    IDS("alpha", ARCHIVED, "d");
    IS(expire("alpha", 10, 0, ALL), 1);
    IS(queue_info("alpha").size, 0);
}

static void
no_more_than_too_many_go_when_all_were_archived_at_one_moment(void)
{
    weir_claim *claims[5];

    put_all("alpha", "a b c d e");
    MUST(take_some(store, "alpha", 5, 5, claims) == 5);
    for (int i = 0; i < 5; i++)
        OK(FINISH(claims[i], ARCHIVE, .error = "no"));
    IS(expire("alpha", 10, 3, ALL), 2);
    IS(queue_info("alpha").archived, 3);
    IS(expire("alpha", 10, 3, ALL), 0);
    IS(expire("alpha", 1, 1, ALL), 1);
    IS(expire("alpha", 10, 1, ALL), 1);
    IS(queue_info("alpha").archived, 1);
}

static void
archived_tasks_beyond_the_age_are_deleted(void)
{
    archive("a");
    manual_clock_advance(&now, 1000);
    archive("b");
    IS(expire("alpha", 10, ALL, 2000), 0);
    IS(expire("alpha", 10, ALL, 1000), 1);
    IDS("alpha", ARCHIVED, "b");
}

static void
archived_tasks_are_kept_without_limits(void)
{
    archive("a");
    manual_clock_advance(&now, 1000 * DAY);
    IS(expire("alpha", 10, ALL, ALL), 0);
    IDS("alpha", ARCHIVED, "a");
}

static void
at_most_max_are_deleted_in_one_call_oldest_first(void)
{
    archive("a");
    archive("b");
    archive("c");
    IS(expire("alpha", 2, 0, ALL), 2);
    IDS("alpha", ARCHIVED, "c");
    IS(expire("alpha", 2, 0, ALL), 1);
    complete("x", 30);
    complete("y", 10);
    complete("z", 20);
    manual_clock_advance(&now, 1000);
    IS(expire("alpha", 2, ALL, ALL), 2);
    IDS("alpha", COMPLETED, "x");
    IS(expire("alpha", 2, ALL, ALL), 1);
}

static void
each_queue_has_its_own_archive_limit(void)
{
    static const char *const queues[] = {"alpha", "beta"};
    weir_expire work = {
        .queues = queues, .queue_count = 2, .max = 10, .archive_max = 1, .archive_age_ms = ALL};

    archive("a");
    archive("b");
    bring_to("beta", "c", WEIR_STATE_ARCHIVED);
    OK(weir__expire(store, &work, NULL));
    IS(work.removed, 1);
    IDS("alpha", ARCHIVED, "b");
    IDS("beta", ARCHIVED, "c");
}

static void
expiry_leaves_other_states_alone(void)
{
    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_RETRY; state++) {
        const char *queue = weir_state_name(state);

        bring_to(queue, "a", state);
        manual_clock_advance(&now, 1000 * DAY);
        IS(expire(queue, 10, 0, 0), 0);
        IS(state_of(queue, "a"), state);
    }
}

static void
an_expired_task_s_id_is_free_again(void)
{
    complete("a", 10);
    manual_clock_advance(&now, 11);
    IS(expire("alpha", 10, ALL, ALL), 1);
    OK(PUT(.queue = "alpha", .id = "a"));
}

static const CU_TestInfo cases[] = {
    CASE(a_completed_task_is_kept_until_its_retention_is_over),
    CASE(the_oldest_archived_tasks_beyond_the_number_are_deleted),
    CASE(no_more_than_too_many_go_when_all_were_archived_at_one_moment),
    CASE(archived_tasks_beyond_the_age_are_deleted),
    CASE(archived_tasks_are_kept_without_limits),
    CASE(at_most_max_are_deleted_in_one_call_oldest_first),
    CASE(each_queue_has_its_own_archive_limit),
    CASE(expiry_leaves_other_states_alone),
    CASE(an_expired_task_s_id_is_free_again),
    CASES_END,
};

CASES(expire);
