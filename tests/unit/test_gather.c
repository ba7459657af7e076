/* SPDX-License-Identifier: MIT */
/*
 * How the enqueues of many threads become few calls to the store, on a store whose calls wait at a gate: while it is shut,
 * what comes gathers, and the number of calls is exact. Tasks with a payload are let through.
 */
#include <config.h>

#include "broker.h"
#include "calls.h"
#include "fake.h"
#include "harness.h"
#include "registry.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <weir/client.h>

enum {
    THREADS_MAX = 160,
    CALLS_MAX = 32
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool shut;
    unsigned capabilities;
    int rc; /* of each call */
    size_t calls;
    size_t sizes[CALLS_MAX];
    weir_request_id requests[CALLS_MAX];
    size_t lost; /* so many calls have no reply */
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static weir_broker *broker;
static weir_client *client;

/* ---- the store ---- */

static int
gate_open(void **self, const weir_backend_open *how, weir_error *err)
{
    (void)how;
    (void)err;
    *self = &gate;
    return 0;
}

static void
gate_close(void *self)
{
    (void)self;
}

static unsigned
gate_capabilities(void *self)
{
    (void)self;
    return gate.capabilities;
}

/* Tasks whose ids begin with 'c' conflict. */
static int
result_of(const weir_enqueue_item *item, int rc)
{
    return rc == 0 && item->task->id[0] == 'c' ? WEIR_E_CONFLICT : rc;
}

static int
gate_enqueue(void *self, const weir_request_id *request, int64_t now_ms, weir_enqueue_item *items,
             size_t count, weir_error *err)
{
    (void)self;
    (void)now_ms;
    pthread_mutex_lock(&gate.lock);
    if (gate.calls < CALLS_MAX) {
        gate.sizes[gate.calls] = count;
        gate.requests[gate.calls] = *request;
    }
    gate.calls++;
    pthread_cond_broadcast(&gate.changed);
    while (gate.shut && items[0].task->payload_len == 0)
        pthread_cond_wait(&gate.changed, &gate.lock);
    int rc = gate.rc;
    if (gate.lost > 0) {
        gate.lost--;
        rc = WEIR_E_UNKNOWN;
    }
    pthread_mutex_unlock(&gate.lock);
    for (size_t i = 0; i < count; i++)
        items[i].result = result_of(&items[i], rc);
    return rc < 0 ? weir_error_set(err, rc, "the gate is broken") : 0;
}

static void
open_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.shut = false;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static void
use_store(unsigned capabilities)
{
    static const char *const schemes[] = {"gate", NULL};
    static weir_backend backend;

    gate.capabilities = capabilities;
    if (!backend.name) {
        backend = fake_backend;
        backend.name = "gate";
        backend.schemes = schemes;
        backend.open = gate_open;
        backend.close = gate_close;
        backend.capabilities = gate_capabilities;
        backend.enqueue = gate_enqueue;
        CU_ASSERT_EQUAL_FATAL(weir__registry_add(&backend, NULL), 0);
    }
    weir_client_free(client);
    weir_broker_close(broker);
    CU_ASSERT_EQUAL_FATAL(weir_broker_open(&broker, "gate:store", NULL, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(weir_client_new(&client, broker, NULL), 0);
}

static void
setup(void)
{
    gate.calls = gate.lost = 0;
    gate.rc = 0;
    gate.shut = false;
    use_store(0);
}

static void
teardown(void)
{
    weir_client_free(client);
    weir_broker_close(broker);
    client = NULL;
    broker = NULL;
}

/* ---- the threads ---- */

struct producer {
    pthread_t thread;
    char id[24];
    int rc;
    weir_error err;
    weir_receipt receipt;
};

static struct producer producers[THREADS_MAX];

static void *
produce(void *arg)
{
    struct producer *self = arg;
    const weir_task task = {.type = "t", .id = self->id};

    weir_error_clear(&self->err);
    self->rc = weir_enqueue(client, &task, &self->receipt, &self->err);
    return NULL;
}

static void
start(size_t first, size_t count, char kind)
{
    for (size_t i = first; i < first + count; i++) {
        snprintf(producers[i].id, sizeof producers[i].id, "%c%zu", kind, i);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&producers[i].thread, NULL, produce, &producers[i]),
                              0);
    }
}

static void
join(size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_join(producers[i].thread, NULL);
}

/* A test that hangs here is ended by the time limit of all tests. */
static void
await_calls(size_t calls)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.calls < calls)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void
await_waiting(size_t count)
{
    size_t waiting;

    do {
        sched_yield();
        pthread_mutex_lock(&broker->gather.lock);
        waiting = broker->gather.waiting;
        pthread_mutex_unlock(&broker->gather.lock);
    } while (waiting < count);
}

/* Both calls at once are under way and stand at the gate; `count` others of this kind wait behind them. */
static void
crowd(size_t count, char kind)
{
    gate.shut = true;
    start(0, WEIR__GATHER_CALLS, 'a');
    await_calls(WEIR__GATHER_CALLS);
    start(WEIR__GATHER_CALLS, count, kind);
    await_waiting(count);
}

static bool
same_id(const weir_request_id *a, const weir_request_id *b)
{
    return a->instance == b->instance && a->lane == b->lane && a->number == b->number;
}

/* How many of the calls had a request id of their own. */
static size_t
requests_seen(void)
{
    size_t seen = 0;

    for (size_t i = 0; i < gate.calls; i++) {
        bool again = false;

        for (size_t j = 0; j < i; j++)
            again |= same_id(&gate.requests[i], &gate.requests[j]);
        seen += !again;
    }
    return seen;
}

/* ---- the tests ---- */

static void
a_lone_thread_makes_a_call_for_each_task(void)
{
    for (size_t i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(weir_enqueue(client, &(weir_task){.type = "t"}, NULL, NULL), 0);
    CU_ASSERT_EQUAL(gate.calls, 5);
    CU_ASSERT_EQUAL(gate.sizes[4], 1);
}

static void
threads_that_come_while_calls_are_under_way_share_the_next(void)
{
    crowd(64, 'a');
    CU_ASSERT_EQUAL(gate.calls, WEIR__GATHER_CALLS);
    open_gate();
    join(WEIR__GATHER_CALLS + 64);
    CU_ASSERT_EQUAL(gate.calls, WEIR__GATHER_CALLS + 1);
    CU_ASSERT_EQUAL(gate.sizes[WEIR__GATHER_CALLS], 64);
    for (size_t i = 0; i < WEIR__GATHER_CALLS + 64; i++) {
        CU_ASSERT_EQUAL(producers[i].rc, 0);
        CU_ASSERT_EQUAL(producers[i].receipt.state, WEIR_STATE_PENDING);
        CU_ASSERT_STRING_EQUAL(producers[i].receipt.id, producers[i].id);
    }
    CU_ASSERT_EQUAL(broker->gather.calls, 0);
    CU_ASSERT_EQUAL(broker->gather.waiting, 0);
}

static void
a_shared_call_is_bounded(void)
{
    size_t count = WEIR__GATHER_MOST + 7, most = 0;

    crowd(count, 'a');
    open_gate();
    join(WEIR__GATHER_CALLS + count);
    CU_ASSERT_EQUAL(gate.calls, WEIR__GATHER_CALLS + 2);
    for (size_t i = 0; i < gate.calls; i++)
        most = gate.sizes[i] > most ? gate.sizes[i] : most;
    CU_ASSERT_EQUAL(most, WEIR__GATHER_MOST);
}

static void
each_thread_is_told_of_its_own_task(void)
{
    crowd(10, 'a');
    start(WEIR__GATHER_CALLS + 10, 10, 'c');
    await_waiting(20);
    open_gate();
    join(WEIR__GATHER_CALLS + 20);
    for (size_t i = 0; i < WEIR__GATHER_CALLS + 20; i++) {
        const struct producer *p = &producers[i];

        CU_ASSERT_EQUAL(p->rc, p->id[0] == 'c' ? WEIR_E_CONFLICT : 0);
        CU_ASSERT_EQUAL(p->receipt.code, p->rc);
        if (p->rc != 0)
            CU_ASSERT_PTR_NOT_NULL(strstr(p->err.text, p->id));
    }
}

static void
a_call_that_fails_as_a_whole_fails_for_each_with_its_text(void)
{
    gate.rc = WEIR_E_UNAVAILABLE;
    crowd(12, 'a');
    open_gate();
    join(WEIR__GATHER_CALLS + 12);
    for (size_t i = 0; i < WEIR__GATHER_CALLS + 12; i++) {
        CU_ASSERT_EQUAL(producers[i].rc, WEIR_E_UNAVAILABLE);
        CU_ASSERT_STRING_EQUAL(producers[i].err.text, "the gate is broken");
    }
}

static void
a_shared_call_whose_reply_was_lost_is_repeated_under_its_id(void)
{
    crowd(12, 'a');
    gate.lost = WEIR__GATHER_CALLS + 1;
    open_gate();
    join(WEIR__GATHER_CALLS + 12);
    for (size_t i = 0; i < WEIR__GATHER_CALLS + 12; i++)
        CU_ASSERT_EQUAL(producers[i].rc, 0);
    CU_ASSERT_EQUAL(gate.lost, 0);
    CU_ASSERT_EQUAL(gate.calls, 2 * (WEIR__GATHER_CALLS + 1));
    CU_ASSERT_EQUAL(requests_seen(), WEIR__GATHER_CALLS + 1);
}

static void
large_payloads_travel_alone(void)
{
    static char payload[WEIR__GATHER_BYTES + 1];
    weir_task task = {.type = "t", .payload = payload, .payload_len = sizeof payload};

    crowd(1, 'a');
    CU_ASSERT_EQUAL(weir_enqueue(client, &task, NULL, NULL), 0);
    CU_ASSERT_EQUAL(gate.calls, WEIR__GATHER_CALLS + 1);
    open_gate();
    join(WEIR__GATHER_CALLS + 1);
    CU_ASSERT_EQUAL(gate.calls, WEIR__GATHER_CALLS + 2);
}

static void
a_store_in_this_process_gets_each_call_as_it_is(void)
{
    use_store(WEIR_CAP_SURE_REPLIES);
    gate.shut = true;
    start(0, 8, 'a');
    await_calls(8);
    open_gate();
    join(8);
    CU_ASSERT_EQUAL(gate.calls, 8);
}

static const CU_TestInfo tests[] = {
    HARNESS_TEST(a_lone_thread_makes_a_call_for_each_task),
    HARNESS_TEST(threads_that_come_while_calls_are_under_way_share_the_next),
    HARNESS_TEST(a_shared_call_is_bounded),
    HARNESS_TEST(each_thread_is_told_of_its_own_task),
    HARNESS_TEST(a_call_that_fails_as_a_whole_fails_for_each_with_its_text),
    HARNESS_TEST(a_shared_call_whose_reply_was_lost_is_repeated_under_its_id),
    HARNESS_TEST(large_payloads_travel_alone),
    HARNESS_TEST(a_store_in_this_process_gets_each_call_as_it_is),
    CU_TEST_INFO_NULL,
};

HARNESS_SUITE(gather, tests, setup, teardown);
