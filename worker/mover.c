/* SPDX-License-Identifier: MIT */
/*
 * The mover: one thread that brings outcomes to the broker and tasks from it, both in one call.
 *
 * Each call has whatever outcomes have gathered while the last one was under way, and asks for as many tasks as there
 * will be free slots. So nothing is delayed to make a batch, a busy server needs one trip for many tasks, and there are
 * never more claims than slots. Outcomes never wait for tasks: taking does not block.
 *
 * `more` says that the queues may have work. It is cleared before a call and set again when that call left
 * something behind; the listener sets it for every change after the generation it knows, so that a change
 * during the call is seen after it. While it is clear the mover sleeps.
 *
 * After a failed call it waits, for outcomes and for taking by themselves: outcomes that were in a call that failed
 * are tried alone at once, so that a store that gives no tasks (it is full) still gets what is finished.
 */
#include <config.h>

#include "runtime.h"

void
weir__mover_wake(weir_server *server)
{
    if (server->mover_waits) {
        pthread_cond_signal(&server->mover_wake);
    }
}

void
weir__mover_look(weir_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->more = true;
    weir__mover_wake(server);
    pthread_mutex_unlock(&server->lock);
}

static bool
wants_tasks(const weir_server *server)
{
    return server->phase == WEIR__RUNNING && server->more;
}

static bool
can_finish(const weir_server *server, int64_t now_ms)
{
    return server->outcomes != NULL && server->move.finish_at_ms <= now_ms;
}

static bool
can_take(const weir_server *server, int64_t now_ms)
{
    return wants_tasks(server) && server->move.take_at_ms <= now_ms;
}

static bool
has_work(const weir_server *server, int64_t now_ms)
{
    return can_finish(server, now_ms) || (can_take(server, now_ms) && server->free_count > 0);
}

/* The time, as far as it matters: it is asked for in an outage and at the end only. */
static int64_t
time_now(const weir_server *server)
{
    bool matters = server->mover_ends || server->move.finish_at_ms > 0 ||
                   server->move.take_at_ms > 0;

    return matters ? weir__mono_ms() : 0;
}

static bool
is_over(const weir_server *server, int64_t now_ms)
{
    return server->mover_ends && (server->held == 0 || now_ms >= server->flush_until_ms);
}

static int64_t
wait_until(const weir_server *server)
{
    int64_t until_ms = server->mover_ends ? server->flush_until_ms : WEIR_NEVER;

    if (server->outcomes != NULL && server->move.finish_at_ms < until_ms) {
        until_ms = server->move.finish_at_ms;
    }
    if (wants_tasks(server) && server->free_count > 0 && server->move.take_at_ms < until_ms) {
        until_ms = server->move.take_at_ms;
    }
    return until_ms;
}

/* A listener that does not listen for work has to before the mover may sleep. True when the lock was
 * given up for that. */
static bool
unmute_listener(weir_server *server)
{
    if (!server->listener_muted || server->phase != WEIR__RUNNING || server->more) {
        return false;
    }
    server->listener_muted = false;
    pthread_mutex_unlock(&server->lock);
    weir__interrupt(server->broker);
    pthread_mutex_lock(&server->lock);
    return true;
}

/* Sleeps until there is something to do, whose time is then *now_ms; false: the end. */
static bool
wait_for_work(weir_server *server, int64_t *now_ms)
{
    for (;;) {
        *now_ms = time_now(server);
        weir__slots_fit(server);
        if (is_over(server, *now_ms)) {
            return false;
        }
        if (has_work(server, *now_ms)) {
            return true;
        }
        if (unmute_listener(server)) {
            continue;
        }
        server->mover_waits = true;
        weir__cond_wait_until(&server->mover_wake, &server->lock, wait_until(server));
        server->mover_waits = false;
    }
}

/* Fills the next call with outcomes; returns how many slots will be free after it. */
static size_t
load_finishes(weir_server *server)
{
    struct weir__move *move = &server->move;
    size_t room = server->free_count;

    while (server->outcomes != NULL && move->count < WEIR__MOVE_MAX) {
        struct weir__slot *slot = server->outcomes;
        server->outcomes = slot->next;
        slot->hold = WEIR__HOLD_MOVING;
        room += slot->running ? 0 : 1;
        move->slots[move->count] = slot;
        move->finishes[move->count] = slot->finish;
        move->finishes[move->count].outcome = WEIR_E_UNKNOWN;
        move->count++;
    }
    if (server->outcomes == NULL) {
        server->outcomes_end = &server->outcomes;
    }
    return room;
}

/* Other queues have been laid down: from now on they are asked. */
static void
take_over_queues(weir_server *server)
{
    if (server->next_set == NULL) {
        return;
    }
    weir__order_inherit(&server->next_order, &server->order);
    weir__order_release(&server->order);
    weir__queue_set_unref(server->order_set);
    server->order = server->next_order;
    server->order_set = server->next_set;
    server->next_order = (struct weir__order){0};
    server->next_set = NULL;
}

static void
load_move(weir_server *server, int64_t now_ms)
{
    struct weir__move *move = &server->move;
    size_t too_many = weir__slots_fit(server);
    size_t room = server->free_count;

    take_over_queues(server);
    move->count = 0;
    if (can_finish(server, now_ms)) {
        room = load_finishes(server);
    }
    room -= room < too_many ? room : too_many;
    move->want = can_take(server, now_ms) ? room : 0;
    if (move->want > WEIR__MOVE_MAX) {
        move->want = WEIR__MOVE_MAX;
    }
    if (move->want > 0) {
        server->more = false;
    }
}

static int
call_broker(weir_server *server, weir__claims *claims, weir_error *err)
{
    struct weir__move *move = &server->move;
    weir__want want = {.queue_count = server->order.count,
                       .max = move->want,
                       .start = move->want,
                       .lease_ms = server->settings.lease_ms};

    if (move->want == 0) {
        return weir__consume(server->broker, move->finishes, move->count, NULL, 0, NULL, NULL, err);
    }
    want.queues = weir__order_plan(&server->order, move->want);
    return weir__consume(server->broker, move->finishes, move->count, NULL, 0, &want, claims, err);
}

/* Whether an outcome is to be tried again: the broker has not decided, as the call failed. */
static bool
is_open(int outcome, int code)
{
    return outcome != 0 && outcome != WEIR_E_STALE && code != 0;
}

/* The task stays with whoever has it now. */
static void
log_refused(const weir_server *server, const struct weir__slot *slot, int code)
{
    const weir_task_info *task = slot->claim.task;

    weir_log(server->logger, slot->unsure ? WEIR_LOG_INFO : WEIR_LOG_WARN,
             slot->unsure
                 ? "outcome of a task was refused: it was committed before its reply was lost"
                   ", or the lease was lost"
                 : "outcome of a task was refused",
             weir_log_str("queue", task->queue), weir_log_str("id", task->id),
             weir_log_str("type", task->type), weir_log_str("error", weir_strerror(code)));
}

/* Puts an outcome that is to be tried again in front of those that came later. */
static void
try_again(weir_server *server, struct weir__slot *slot, struct weir__slot ***front)
{
    slot->hold = WEIR__HOLD_QUEUED;
    slot->next = **front;
    **front = slot;
    if (slot->next == NULL) {
        server->outcomes_end = &slot->next;
    }
    *front = &slot->next;
}

static void
settle_finishes(weir_server *server, int code)
{
    struct weir__move *move = &server->move;
    struct weir__slot **front = &server->outcomes;

    for (size_t i = 0; i < move->count; i++) {
        struct weir__slot *slot = move->slots[i];
        int outcome = move->finishes[i].outcome;
        if (is_open(outcome, code)) {
            slot->unsure = slot->unsure || outcome == WEIR_E_UNKNOWN;
            try_again(server, slot, &front);
            continue;
        }
        if (outcome == 0 && slot->finish.kind == WEIR_FINISH_RETRY) {
            weir__forward_by(server, slot->finish.at_ms);
        }
        server->given_back += outcome == 0 && slot->finish.kind == WEIR_FINISH_REQUEUE;
        weir__slot_settle(slot);
    }
}

/* When the server has begun to stop, tasks that come go back. */
static void
give_back_assigned(weir_server *server)
{
    struct weir__move *move = &server->move;

    for (size_t i = 0; i < move->assigned_count; i++) {
        struct weir__slot *slot = move->assigned[i];
        weir__outcome_give_back(&slot->claim, &slot->finish);
        weir__slot_resolve(slot);
        weir__slot_return(slot);
    }
    move->assigned_count = 0;
}

/* Gives tasks to slots. */
static void
assign_claims(weir_server *server, const weir__claims *claims, int64_t lease_end_boot_ms)
{
    struct weir__move *move = &server->move;
    int64_t now_ms = weir__broker_now_ms(server->broker);
    int64_t boot_ms = weir__broker_boot_ms(server->broker);
    int64_t first_end_ms = lease_end_boot_ms;

    for (size_t i = 0; i < claims->count; i++) {
        struct weir__slot *slot =
            weir__slot_take(server, &claims->items[i], now_ms, boot_ms, lease_end_boot_ms);
        if (slot->end_boot_ms < first_end_ms) {
            first_end_ms = slot->end_boot_ms;
        }
        move->assigned[move->assigned_count++] = slot;
        weir__order_took(&server->order, slot->claim.task->queue);
    }
    if (claims->count > 0) {
        weir__keeper_call(&server->watch, WEIR__WATCH_DEADLINES, first_end_ms);
    }
    if (server->phase == WEIR__STOPPING) {
        give_back_assigned(server);
    }
}

static void
settle_move(weir_server *server, int code, const weir__claims *claims, int64_t lease_end_boot_ms)
{
    struct weir__move *move = &server->move;

    move->assigned_count = 0;
    settle_finishes(server, code);
    if (move->want == 0) {
        return;
    }
    if (code != 0) {
        server->more = true;
        return;
    }
    assign_claims(server, claims, lease_end_boot_ms);
    bool left = weir__order_settle(&server->order);
    server->more = server->more || left || claims->count >= move->want;
}

/* Notes whose turn it is to wait after a failure. */
static void
note_result(weir_server *server, int code, const weir_error *err)
{
    struct weir__move *move = &server->move;

    if (code != 0 && move->want > 0) {
        move->take_at_ms = weir__mono_ms() +
                           weir__outage_failed(server, WEIR__PARTY_TAKE, "take", err);
    } else if (code != 0) {
        move->finish_at_ms = weir__mono_ms() +
                             weir__outage_failed(server, WEIR__PARTY_FINISH, "finish", err);
    }
    if (code == 0 && move->want > 0) {
        move->take_at_ms = 0;
        weir__outage_over(server, WEIR__PARTY_TAKE);
    }
    if (code == 0 && move->count > 0) {
        move->finish_at_ms = 0;
        weir__outage_over(server, WEIR__PARTY_FINISH);
    }
}

/* Tells the application what is committed and what was refused, while the slots still have what that is about. */
static void
tell_changes(const weir_server *server, int code)
{
    const struct weir__move *move = &server->move;

    for (size_t i = 0; i < move->count; i++) {
        int outcome = move->finishes[i].outcome;
        if (outcome == 0) {
            weir__outcome_tell(&server->settings.rules, &move->finishes[i]);
        } else if (!is_open(outcome, code)) {
            log_refused(server, move->slots[i], outcome);
        }
    }
}

/* One call, without the lock. */
static void
move_once(weir_server *server)
{
    struct weir__move *move = &server->move;
    weir__claims claims = {.items = move->claims};
    weir_error err = {0};
    int64_t lease_end_ms = weir__broker_boot_ms(server->broker) + server->settings.lease_ms;
    int code = call_broker(server, &claims, &err);

    note_result(server, code, &err);
    tell_changes(server, code);
    pthread_mutex_lock(&server->lock);
    settle_move(server, code, &claims, lease_end_ms);
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < move->assigned_count; i++) {
        sem_post(&move->assigned[i]->ready);
    }
}

void *
weir__mover_main(void *arg)
{
    weir_server *server = arg;
    int64_t now_ms;

    pthread_mutex_lock(&server->lock);
    while (wait_for_work(server, &now_ms)) {
        load_move(server, now_ms);
        pthread_mutex_unlock(&server->lock);
        move_once(server);
        pthread_mutex_lock(&server->lock);
    }
    server->mover_ended = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}
