/* SPDX-License-Identifier: MIT */
/*
 * Waiting. Real time: a wait that should wake gets 5 s, one that should not gets a short timeout, and busy
 * waiting shows in the number of returns and in the processor time.
 */
#include <config.h>

#include "child.h"
#include "kit.h"

#include <time.h>

#define LONG_MS 5000
#define SHORT_MS 60
#define EVERYTHING (WEIR_WAKE_WORK | WEIR_WAKE_DUE | WEIR_WAKE_CANCEL | WEIR_WAKE_GROUP)

static const char *const alpha[] = {"alpha"};

static weir_wait
wait_for(unsigned interest, int64_t timeout_ms)
{
    return (weir_wait){
        .queues = alpha, .queue_count = 1, .interest = interest, .timeout_ms = timeout_ms};
}

/* Brings a wait to the present generation, and past what was told twice. */
static void
settle(weir_broker *broker, weir_wait *wait)
{
    int64_t timeout_ms = wait->timeout_ms;

    OK(weir__wait(broker, wait, NULL));
    wait->timeout_ms = SHORT_MS;
    for (int i = 0; i < 10; i++) {
        OK(weir__wait(broker, wait, NULL));
        if (wait->reasons == WEIR_WAKE_TIMEOUT)
            break;
    }
    wait->timeout_ms = timeout_ms;
}

/* Waits until a reason is told; false when the deadline comes first. */
static bool
told(weir_broker *broker, weir_wait *wait, unsigned reason)
{
    int64_t end = real_ms() + LONG_MS;

    wait->timeout_ms = LONG_MS;
    do {
        OK(weir__wait(broker, wait, NULL));
    } while ((wait->reasons & reason) == 0 && real_ms() < end);
    return (wait->reasons & reason) != 0;
}

struct waiter {
    pthread_t thread;
    weir_broker *broker;
    weir_wait wait;
    unsigned reason;
    _Atomic int begun;
    bool told;
};

static void *
run_waiter(void *arg)
{
    struct waiter *waiter = arg;

    atomic_store(&waiter->begun, 1);
    waiter->told = told(waiter->broker, &waiter->wait, waiter->reason);
    return NULL;
}

/* A thread that sleeps in a settled wait until it is told a reason. */
static void
begin_until(struct waiter *waiter, weir_broker *broker, unsigned interest, unsigned reason)
{
    *waiter = (struct waiter){.broker = broker, .reason = reason};
    waiter->wait = wait_for(interest, LONG_MS);
    settle(broker, &waiter->wait);
    OK(pthread_create(&waiter->thread, NULL, run_waiter, waiter));
    YES(until(&waiter->begun));
}

static void
begin(struct waiter *waiter, weir_broker *broker, unsigned interest)
{
    begin_until(waiter, broker, interest, interest);
}

static bool
woke(struct waiter *waiter)
{
    OK(pthread_join(waiter->thread, NULL));
    return waiter->told;
}

static void
generation_zero_returns_at_once_with_the_present_one(void)
{
    weir_wait wait = wait_for(EVERYTHING, LONG_MS);
    int64_t begin_ms = real_ms();

    OK(weir__wait(store, &wait, NULL));
    IS(wait.generation != 0, true);
    IS(wait.reasons & WEIR_WAKE_TIMEOUT, WEIR_WAKE_TIMEOUT);
    IS(real_ms() - begin_ms < LONG_MS / 2, true);
}

static void
a_wait_ends_when_its_time_is_over(void)
{
    weir_wait wait = wait_for(EVERYTHING, LONG_MS);
    int64_t begin_ms;

    settle(store, &wait);
    wait.timeout_ms = SHORT_MS;
    begin_ms = real_ms();
    OK(weir__wait(store, &wait, NULL));
    IS(wait.reasons, WEIR_WAKE_TIMEOUT);
    IS(real_ms() - begin_ms >= SHORT_MS - 1, true);
    IS(real_ms() - begin_ms < SHORT_MS + 1000, true);
    wait.timeout_ms = 0;
    OK(weir__wait(store, &wait, NULL));
    IS(wait.reasons, WEIR_WAKE_TIMEOUT);
}

static void
a_task_of_another_thread_wakes(void)
{
    struct waiter waiter;

    begin(&waiter, store, WEIR_WAKE_WORK);
    OK(PUT(.queue = "alpha", .id = "a"));
    YES(woke(&waiter));
}

static void
a_task_of_another_handle_wakes(void)
{
    struct waiter waiter;
    weir_broker *other;

    NEED(SHARED);
    other = kit_open(kit_url(), &now);
    MUST(other != NULL);
    begin(&waiter, other, WEIR_WAKE_WORK);
    OK(PUT(.queue = "alpha", .id = "a"));
    YES(woke(&waiter));
    weir_broker_close(other);
}

static void
a_task_of_another_process_wakes(void)
{
    struct waiter waiter;

    NEED(SHARED);
    begin(&waiter, store, WEIR_WAKE_WORK);
    IS(child_wait(child_start("enqueue", "a")), 0);
    YES(woke(&waiter));
    IS(state_of("alpha", "a"), WEIR_STATE_PENDING);
}

static void
a_task_of_another_handle_that_joins_a_group_wakes(void)
{
    struct waiter waiter;
    weir_broker *other;

    NEED(GROUPS);
    NEED(SHARED);
    other = kit_open(kit_url(), &now);
    MUST(other != NULL);
    begin(&waiter, store, WEIR_WAKE_GROUP);
    OK(put_task(other, &(weir_task_info){.queue = "alpha", .id = "a", .group = "g"}, 0));
    YES(woke(&waiter));
    weir_broker_close(other);
}

static void
a_change_before_the_wait_is_not_slept_over(void)
{
    weir_wait wait = wait_for(WEIR_WAKE_WORK, LONG_MS);

    settle(store, &wait);
    OK(PUT(.queue = "alpha", .id = "a"));
    YES(told(store, &wait, WEIR_WAKE_WORK));
}

static void
a_task_that_becomes_pending_again_wakes(void)
{
    weir_wait wait = wait_for(WEIR_WAKE_WORK, LONG_MS);
    weir_claim *claim;

    put_all("alpha", "a");
    claim = take("alpha");
    settle(store, &wait);
    OK(FINISH(claim, REQUEUE));
    YES(told(store, &wait, WEIR_WAKE_WORK));
    claim = take("alpha");
    OK(FINISH(claim, RETRY, .at_ms = START_MS, .counted = true, .error = "no"));
    settle(store, &wait);
    IS(forward("alpha", 1, NULL), 1);
    YES(told(store, &wait, WEIR_WAKE_WORK));
}

static void
an_earlier_due_time_wakes(void)
{
    weir_wait wait = wait_for(WEIR_WAKE_DUE, LONG_MS);

    OK(PUT(.queue = "alpha", .id = "late", .next_process_at_ms = START_MS + HOUR));
    settle(store, &wait);
    OK(PUT(.queue = "alpha", .id = "soon", .next_process_at_ms = START_MS + MINUTE));
    YES(told(store, &wait, WEIR_WAKE_DUE));
}

static void
a_retry_that_is_due_earlier_wakes(void)
{
    weir_wait wait = wait_for(WEIR_WAKE_DUE, LONG_MS);
    weir_claim *claim;

    put_all("alpha", "a");
    claim = take("alpha");
    settle(store, &wait);
    OK(FINISH(claim, RETRY, .at_ms = START_MS + 10, .counted = true, .error = "no"));
    YES(told(store, &wait, WEIR_WAKE_DUE));
}

static void
a_task_that_joins_a_group_wakes(void)
{
    struct waiter waiter;

    NEED(GROUPS);
    OK(PUT(.queue = "alpha", .id = "before", .group = "g"));
    begin(&waiter, store, WEIR_WAKE_GROUP);
    OK(PUT(.queue = "alpha", .id = "a", .group = "g"));
    YES(woke(&waiter));
}

static void
a_due_task_that_joins_its_group_wakes(void)
{
    struct waiter waiter;

    NEED(GROUPS);
    OK(PUT(.queue = "alpha", .id = "a", .group = "g", .next_process_at_ms = START_MS + 1000));
    begin(&waiter, store, WEIR_WAKE_GROUP);
    manual_clock_advance(&now, 1000);
    IS(forward("alpha", 10, NULL), 1);
    YES(woke(&waiter));
}

static void
a_cancellation_wakes(void)
{
    struct waiter waiter;

    NEED(STEER);
    put_all("alpha", "a");
    MUST(take("alpha") != NULL);
    begin(&waiter, store, WEIR_WAKE_CANCEL);
    OK(weir__cancel(store, "alpha", "a", WEIR_CANCEL_RETRY, NULL));
    YES(woke(&waiter));
}

static void
that_a_queue_was_resumed_is_work(void)
{
    struct waiter waiter;

    NEED(STEER);
    put_all("alpha", "a");
    OK(weir__pause(store, "alpha", true, NULL));
    begin(&waiter, store, WEIR_WAKE_WORK);
    OK(weir__pause(store, "alpha", false, NULL));
    YES(woke(&waiter));
}

static void
an_interrupt_wakes_each_wait(void)
{
    struct waiter waiters[3];

    for (int i = 0; i < 3; i++)
        begin_until(&waiters[i], store, WEIR_WAKE_WORK, WEIR_WAKE_INTERRUPT);
    weir__interrupt(store);
    for (int i = 0; i < 3; i++)
        YES(woke(&waiters[i]));
}

static void
an_interrupt_before_the_wait_is_not_slept_over(void)
{
    weir_wait wait = wait_for(WEIR_WAKE_WORK, LONG_MS);

    settle(store, &wait);
    weir__interrupt(store);
    YES(told(store, &wait, WEIR_WAKE_INTERRUPT));
    wait.timeout_ms = SHORT_MS;
    OK(weir__wait(store, &wait, NULL));
    IS(wait.reasons, WEIR_WAKE_TIMEOUT);
}

/* Returns of wait in a quarter of a second in which nothing happens, each asking for a long sleep. */
static int
returns_while_idle(void)
{
    weir_wait wait = wait_for(EVERYTHING, LONG_MS);
    int64_t end;
    int returns = 0;

    settle(store, &wait);
    end = real_ms() + 250;
    while (real_ms() < end) {
        wait.timeout_ms = end - real_ms();
        OK(weir__wait(store, &wait, NULL));
        returns++;
    }
    return returns;
}

static void
an_empty_queue_does_not_keep_a_waiter_awake(void)
{
    int64_t cpu = cpu_ms();

    IS(returns_while_idle() <= 5, true);
    IS(cpu_ms() - cpu < 150, true);
}

static void
a_paused_queue_with_tasks_does_not_keep_a_waiter_awake(void)
{
    int64_t cpu;

    NEED(STEER);
    put_all("alpha", "a b c");
    OK(weir__pause(store, "alpha", true, NULL));
    cpu = cpu_ms();
    IS(returns_while_idle() <= 5, true);
    IS(cpu_ms() - cpu < 150, true);
}

/* ---- the race between looking and waiting ---- */

#define ROUNDS 3000
#define ROUNDS_MS 20000 /* then fewer have to do: each is several syncs, on whatever disk */

/* A task for each round that is asked for, until a negative number is. */
static void *
put_each_round(void *arg)
{
    _Atomic int *asked = arg;
    struct timespec moment = {.tv_nsec = 20000};

    for (int i = 1; atomic_load(asked) >= 0; i++) {
        while (atomic_load(asked) >= 0 && atomic_load(asked) < i)
            nanosleep(&moment, NULL);
        if (atomic_load(asked) >= i && PUT(.queue = "alpha", .id = "a") != 0)
            return arg;
    }
    return NULL;
}

/* Looks, and waits when there was nothing; false when a wait slept over the task. */
static bool
take_by_waiting(weir_wait *wait)
{
    int64_t end = real_ms() + LONG_MS;

    while (real_ms() < end) {
        weir_claim *claim = take("alpha");

        if (claim != NULL)
            return OK(FINISH(claim, DONE));
        wait->timeout_ms = LONG_MS;
        if (weir__wait(store, wait, NULL) != 0 || wait->reasons == WEIR_WAKE_TIMEOUT)
            return false;
    }
    return false;
}

static void
a_change_between_look_and_wait_is_never_slept_over(void)
{
    weir_wait wait = wait_for(WEIR_WAKE_WORK, LONG_MS);
    _Atomic int asked = 0;
    pthread_t producer;
    void *refused = NULL;
    int64_t end = real_ms() + ROUNDS_MS;
    int missed = 0;

    OK(weir__wait(store, &wait, NULL));
    OK(pthread_create(&producer, NULL, put_each_round, &asked));
    for (int i = 0; i < ROUNDS && real_ms() < end && missed == 0; i++) {
        atomic_fetch_add(&asked, 1);
        missed += !take_by_waiting(&wait);
    }
    IS(missed, 0);
    atomic_store(&asked, -1);
    OK(pthread_join(producer, &refused));
    IS(refused == NULL || missed > 0, true);
}

static const CU_TestInfo cases[] = {
    CASE(generation_zero_returns_at_once_with_the_present_one),
    CASE(a_wait_ends_when_its_time_is_over),
    CASE(a_task_of_another_thread_wakes),
    CASE(a_task_of_another_handle_wakes),
    CASE(a_task_of_another_process_wakes),
    CASE(a_change_before_the_wait_is_not_slept_over),
    CASE(a_task_that_becomes_pending_again_wakes),
    CASE(an_earlier_due_time_wakes),
    CASE(a_retry_that_is_due_earlier_wakes),
    CASE(a_task_that_joins_a_group_wakes),
    CASE(a_task_of_another_handle_that_joins_a_group_wakes),
    CASE(a_due_task_that_joins_its_group_wakes),
    CASE(a_cancellation_wakes),
    CASE(that_a_queue_was_resumed_is_work),
    CASE(an_interrupt_wakes_each_wait),
    CASE(an_interrupt_before_the_wait_is_not_slept_over),
    CASE(an_empty_queue_does_not_keep_a_waiter_awake),
    CASE(a_paused_queue_with_tasks_does_not_keep_a_waiter_awake),
    CASE(a_change_between_look_and_wait_is_never_slept_over),
    CASES_END,
};

CASES(wait);
