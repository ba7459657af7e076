/* SPDX-License-Identifier: MIT */
/* Uniqueness locks: who takes them, who is refused, and what releases them. */
#include <config.h>

#include "kit.h"

#define KEY "unique:k"

/* Whether the lock is free, by a task that takes it if so: to be asked until the answer is yes. */
static bool
lock_is_free(void)
{
    int code = PUT_UNIQUE(HOUR, .queue = "alpha", .id = "probe", .unique_key = KEY);

    if (code != WEIR_E_DUPLICATE)
        OK(code);
    return code == 0;
}

static weir_claim *
put_and_take(void)
{
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = KEY));
    return take("alpha");
}

static void
a_held_lock_refuses_another_task(void)
{
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = KEY));
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = KEY), WEIR_E_DUPLICATE);
    IDS("alpha", PENDING, "a");
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = "unique:other"));
    SAME(look("alpha", "a")->unique_key, KEY);
}

static void
a_lock_ends_when_its_time_is_over(void)
{
    OK(PUT_UNIQUE(1000, .queue = "alpha", .id = "a", .unique_key = KEY));
    IS(PUT_UNIQUE(1000, .queue = "alpha", .id = "b", .unique_key = KEY), WEIR_E_DUPLICATE);
    pass(1001);
    OK(PUT_UNIQUE(1000, .queue = "alpha", .id = "b", .unique_key = KEY));
}

static void
the_end_of_an_outlived_lock_s_task_leaves_the_next_holder_s_lock(void)
{
    OK(PUT_UNIQUE(1000, .queue = "alpha", .id = "a", .unique_key = KEY));
    pass(1001);
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = KEY));
    OK(FINISH(take("alpha"), DONE));
    IS(state_of("alpha", "a"), WEIR_STATE_NONE);
    IS(lock_is_free(), false);
}

static void
done_releases_the_lock(void)
{
    OK(FINISH(put_and_take(), DONE));
    IS(lock_is_free(), true);
}

static void
complete_releases_the_lock(void)
{
    OK(FINISH(put_and_take(), COMPLETE, .at_ms = START_MS + HOUR));
    IS(lock_is_free(), true);
}

static void
retry_keeps_the_lock(void)
{
    OK(FINISH(put_and_take(), RETRY, .at_ms = START_MS, .counted = true, .error = "no"));
    IS(lock_is_free(), false);
    forward("alpha", 10, NULL);
    IS(lock_is_free(), false);
    OK(FINISH(take("alpha"), DONE));
    IS(lock_is_free(), true);
}

static void
requeue_keeps_the_lock(void)
{
    OK(FINISH(put_and_take(), REQUEUE));
    IS(lock_is_free(), false);
}

static void
archive_keeps_the_lock_and_deleting_releases_it(void)
{
    NEED(STEER);
    OK(FINISH(put_and_take(), ARCHIVE, .error = "no"));
    IS(lock_is_free(), false);
    OK(steer(WEIR_VERB_DELETE, "alpha", "a"));
    IS(lock_is_free(), true);
}

static void
expiry_of_an_archived_task_releases_the_lock(void)
{
    OK(FINISH(put_and_take(), ARCHIVE, .error = "no"));
    IS(expire("alpha", 10, 0, -1), 1);
    IS(lock_is_free(), true);
}

static void
a_refused_id_leaves_the_uniqueness_lock_untouched(void)
{
    OK(PUT(.queue = "alpha", .id = "a"));
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = KEY), WEIR_E_CONFLICT);
    IS(lock_is_free(), true);
}

static void
an_id_that_exists_is_told_before_a_lock_that_is_held(void)
{
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = KEY));
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = KEY), WEIR_E_CONFLICT);
}

static void
a_refused_task_does_not_extend_the_lock(void)
{
    OK(PUT_UNIQUE(1000, .queue = "alpha", .id = "a", .unique_key = KEY));
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = KEY), WEIR_E_DUPLICATE);
    pass(1001);
    IS(lock_is_free(), true);
}

static void
a_batch_with_one_lock_twice_takes_it_once(void)
{
    weir_task_info a =
        with_defaults(&(weir_task_info){.queue = "alpha", .id = "a", .unique_key = KEY});
    weir_task_info b =
        with_defaults(&(weir_task_info){.queue = "alpha", .id = "b", .unique_key = KEY});
    weir_enqueue_item items[] = {{.task = &a, .unique_ttl_ms = HOUR, .result = 1},
                                 {.task = &b, .unique_ttl_ms = HOUR, .result = 1}};

    OK(weir__enqueue(store, items, 2, NULL));
    IS(items[0].result, 0);
    IS(items[1].result, WEIR_E_DUPLICATE);
    IDS("alpha", PENDING, "a");
}

static void
scheduled_and_grouped_tasks_take_locks_as_well(void)
{
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "a", .unique_key = KEY, .group = "g"));
    OK(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "b", .unique_key = "unique:l",
                  .next_process_at_ms = START_MS + HOUR));
    IS(lock_is_free(), false);
    IS(PUT_UNIQUE(HOUR, .queue = "alpha", .id = "c", .unique_key = "unique:l"), WEIR_E_DUPLICATE);
}

static const CU_TestInfo cases[] = {
    CASE(a_held_lock_refuses_another_task),
    CASE(a_lock_ends_when_its_time_is_over),
    CASE(the_end_of_an_outlived_lock_s_task_leaves_the_next_holder_s_lock),
    CASE(done_releases_the_lock),
    CASE(complete_releases_the_lock),
    CASE(retry_keeps_the_lock),
    CASE(requeue_keeps_the_lock),
    CASE(archive_keeps_the_lock_and_deleting_releases_it),
    CASE(expiry_of_an_archived_task_releases_the_lock),
    CASE(a_refused_id_leaves_the_uniqueness_lock_untouched),
    CASE(an_id_that_exists_is_told_before_a_lock_that_is_held),
    CASE(a_refused_task_does_not_extend_the_lock),
    CASE(a_batch_with_one_lock_twice_takes_it_once),
    CASE(scheduled_and_grouped_tasks_take_locks_as_well),
    CASES_END,
};

CASES(unique);
