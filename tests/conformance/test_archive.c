/* SPDX-License-Identifier: MIT */
/* How long a task is kept once archived: its own time (archive_for_ms) in place of the archive's age. */
#include <config.h>

#include "kit.h"

#define ALL (-1)

static void
put_own(const char *id, int64_t own_ms)
{
    OK(PUT(.queue = "alpha", .id = id, .archive_for_ms = own_ms));
}

/* Archived, with a time of its own unless that is 0; each ten milliseconds after the one before. */
static void
archive_own(const char *id, int64_t own_ms)
{
    put_own(id, own_ms);
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    manual_clock_advance(&now, 10);
}

/* The task goes at the end of its own time, and not a millisecond before, while the archive's age is another one. */
static void
ends_at(const char *id, int64_t at_ms, int64_t age_ms)
{
    IS(state_of("alpha", id), WEIR_STATE_ARCHIVED);
    manual_clock_advance(&now, at_ms - 1 - now_ms());
    IS(expire("alpha", 10, ALL, age_ms), 0);
    manual_clock_advance(&now, 1);
    IS(expire("alpha", 10, ALL, age_ms), 1);
    IS(state_of("alpha", id), WEIR_STATE_NONE);
}

static void
a_shorter_time_of_its_own_ends_before_the_archive_s_age(void)
{
    archive_own("a", 1234);
    ends_at("a", START_MS + 1234, DAY);
}

static void
a_longer_time_of_its_own_ends_after_the_archive_s_age(void)
{
    archive_own("a", 200 * DAY + 1);
    ends_at("a", START_MS + 200 * DAY + 1, 90 * DAY);
}

static void
a_time_of_its_own_ends_where_the_archive_is_kept_for_ever(void)
{
    archive_own("a", DAY);
    ends_at("a", START_MS + DAY, ALL);
}

static void
each_task_ends_by_its_own_time_whatever_the_order(void)
{
    archive_own("long", 3000);
    archive_own("age", 0);
    archive_own("short", 1000);
    archive_own("middle", 2500);
    manual_clock_advance(&now, 1000);
    IS(expire("alpha", 10, ALL, 2000), 1);
    IS(state_of("alpha", "short"), WEIR_STATE_NONE);
    manual_clock_advance(&now, 1000);
    IS(expire("alpha", 10, ALL, 2000), 1);
    IS(state_of("alpha", "age"), WEIR_STATE_NONE);
    manual_clock_advance(&now, 500);
    IS(expire("alpha", 10, ALL, 2000), 1);
    IDS("alpha", ARCHIVED, "long");
}

static void
no_more_than_max_end_in_one_call(void)
{
    archive_own("a", 1000);
    archive_own("b", 0);
    archive_own("c", 2000);
    archive_own("d", 1000);
    manual_clock_advance(&now, HOUR);
    IS(expire("alpha", 3, ALL, 1000), 3);
    IS(expire("alpha", 3, ALL, 1000), 1);
    IS(queue_info("alpha").size, 0);
}

static void
beyond_the_number_those_go_first_that_would_end_first(void)
{
    archive_own("year", 365 * DAY);
    archive_own("hour", HOUR);
    archive_own("b", 0);
    archive_own("minute", MINUTE);
    archive_own("c", 0);
    IS(expire("alpha", 10, 4, DAY), 1);
    IS(state_of("alpha", "minute"), WEIR_STATE_NONE);
    IS(expire("alpha", 10, 2, DAY), 2);
    IS(state_of("alpha", "hour"), WEIR_STATE_NONE);
    IS(state_of("alpha", "b"), WEIR_STATE_NONE);
    IS(expire("alpha", 10, 1, DAY), 1);
    IDS("alpha", ARCHIVED, "year");
}

static void
beyond_the_number_what_is_kept_for_ever_goes_last(void)
{
    archive_own("age", 0);
    archive_own("own", 100 * 365 * DAY);
    IS(expire("alpha", 10, 1, ALL), 1);
    IDS("alpha", ARCHIVED, "age");
    IS(expire("alpha", 10, 0, ALL), 1);
    IS(queue_info("alpha").size, 0);
}

static void
the_time_counts_from_archiving_which_is_told(void)
{
    put_own("a", 1000);
    manual_clock_advance(&now, HOUR);
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    IS(look("alpha", "a")->state_since_ms, START_MS + HOUR);
    IS(look("alpha", "a")->archive_for_ms, 1000);
    ends_at("a", START_MS + HOUR + 1000, ALL);
}

static void
it_survives_retries_and_requeues(void)
{
    put_own("a", 1000);
    OK(FINISH(take("alpha"), RETRY, .at_ms = START_MS, .counted = true, .error = "why"));
    IS(forward("alpha", 1, NULL), 1);
    OK(FINISH(take("alpha"), REQUEUE));
    IS(look("alpha", "a")->archive_for_ms, 1000);
    weir_claim *claim = take("alpha");
    MUST(claim != NULL);
    IS(claim->task->archive_for_ms, 1000);
    OK(FINISH(claim, ARCHIVE, .error = "no"));
    ends_at("a", START_MS + 1000, DAY);
}

static void
it_holds_for_a_task_whose_lease_ended(void)
{
    weir_claim *claims[1];

    put_own("a", 5 * DAY);
    MUST(take("alpha") != NULL);
    pass_lease();
    MUST(recover("alpha", 1, claims) == 1);
    OK(FINISH(claims[0], ARCHIVE, .error = "lost"));
    ends_at("a", now_ms() + 5 * DAY, DAY);
}

static void
it_holds_for_tasks_that_a_person_archives(void)
{
    NEED(STEER);
    put_own("pending", 1000);
    OK(PUT(.queue = "alpha", .id = "scheduled", .next_process_at_ms = START_MS + HOUR,
           .archive_for_ms = 2000));
    OK(PUT(.queue = "alpha", .id = "default"));
    OK(steer(WEIR_VERB_ARCHIVE, "alpha", "pending"));
    OK(steer(WEIR_VERB_ARCHIVE, "alpha", "scheduled"));
    OK(steer(WEIR_VERB_ARCHIVE, "alpha", "default"));
    IS(look("alpha", "pending")->state_since_ms, START_MS);
    ends_at("pending", START_MS + 1000, DAY);
    ends_at("scheduled", START_MS + 2000, DAY);
    ends_at("default", START_MS + DAY, DAY);
}

static void
it_holds_for_all_tasks_that_a_person_archives_at_once(void)
{
    size_t done = 0;

    NEED(STEER);
    OK(PUT(.queue = "alpha", .id = "a", .payload = "\xc2\x3e\x02\x38\x01", .payload_len = 5));
    put_own("b", 1000);
    OK(weir__steer_all(store, WEIR_VERB_ARCHIVE, "alpha", WEIR_STATE_PENDING, NULL, 10, &done,
                       NULL));
    IS(done, 2);
    ends_at("b", START_MS + 1000, DAY);
    ends_at("a", START_MS + DAY, DAY);
}

static void
it_holds_again_for_a_task_that_is_run_from_the_archive(void)
{
    NEED(STEER);
    archive_own("a", 1000);
    OK(steer(WEIR_VERB_RUN, "alpha", "a"));
    IS(look("alpha", "a")->archive_for_ms, 1000);
    manual_clock_advance(&now, HOUR);
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    ends_at("a", now_ms() + 1000, DAY);
}

static void
it_stays_when_a_task_is_changed(void)
{
    NEED(STEER);
    put_own("a", 1000);
    OK(weir__amend(store, "alpha", "a", &(weir_amend){.payload = "new", .payload_len = 3}, NULL));
    IS(look("alpha", "a")->archive_for_ms, 1000);
}

static void
it_holds_for_the_tasks_of_periodic_entries(void)
{
    weir_task_info task =
        with_defaults(&(weir_task_info){.id = "a", .queue = "alpha", .archive_for_ms = 1000});
    weir_enqueue_item item = {.task = &task};
    int64_t last_ms = 0;

    NEED(PERIODIC);
    OK(weir__tick(store, "entry", &last_ms, START_MS, &item, NULL));
    OK(FINISH(take("alpha"), ARCHIVE, .error = "no"));
    ends_at("a", START_MS + 1000, DAY);
}

static void
success_does_not_look_at_it(void)
{
    put_own("a", 1000);
    OK(FINISH(take("alpha"), COMPLETE, .at_ms = START_MS + DAY));
    manual_clock_advance(&now, HOUR);
    IS(expire("alpha", 10, ALL, ALL), 0);
    IS(state_of("alpha", "a"), WEIR_STATE_COMPLETED);
}

static const CU_TestInfo cases[] = {
    CASE(a_shorter_time_of_its_own_ends_before_the_archive_s_age),
    CASE(a_longer_time_of_its_own_ends_after_the_archive_s_age),
    CASE(a_time_of_its_own_ends_where_the_archive_is_kept_for_ever),
    CASE(each_task_ends_by_its_own_time_whatever_the_order),
    CASE(no_more_than_max_end_in_one_call),
    CASE(beyond_the_number_those_go_first_that_would_end_first),
    CASE(beyond_the_number_what_is_kept_for_ever_goes_last),
    CASE(the_time_counts_from_archiving_which_is_told),
    CASE(it_survives_retries_and_requeues),
    CASE(it_holds_for_a_task_whose_lease_ended),
    CASE(it_holds_for_tasks_that_a_person_archives),
    CASE(it_holds_for_all_tasks_that_a_person_archives_at_once),
    CASE(it_holds_again_for_a_task_that_is_run_from_the_archive),
    CASE(it_stays_when_a_task_is_changed),
    CASE(it_holds_for_the_tasks_of_periodic_entries),
    CASE(success_does_not_look_at_it),
    CASES_END,
};

CASES(archive);
