/* SPDX-License-Identifier: MIT */
/* When to look, what is due, and the threads; see aggregator.h. What is done with a set is in round.c. */
#include <config.h>

#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum {
    LONGEST_SLEEP_MS = 60000, /* for wall clocks that step */
    SHORTEST_GAP_MS = 10,     /* between two looks */
    GAP_FACTOR = 10           /* a look that took t is followed by none for so many times t */
};

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t
policy_ms(const weir_group_policy *policy)
{
    if (policy->max_size > 0) {
        return 0;
    }
    return policy->max_delay_ms > 0 ? earlier(policy->grace_ms, policy->max_delay_ms)
                                    : policy->grace_ms;
}

static int64_t
shortest_ms(const struct weir__group_rules *rules)
{
    int64_t shortest = policy_ms(&rules->policy);

    for (size_t i = 0; i < rules->type_count; i++) {
        shortest = earlier(shortest, policy_ms(&rules->types[i].policy));
    }
    return shortest;
}

int
weir__aggregator_init(weir_server *server)
{
    struct weir__aggregator *aggregator = &server->aggregator;

    if (pthread_mutex_init(&aggregator->lock, NULL) != 0) {
        return WEIR_E_NOMEM;
    }
    if (weir__cond_init(&aggregator->wake) != 0) {
        pthread_mutex_destroy(&aggregator->lock);
        return WEIR_E_NOMEM;
    }
    aggregator->shortest_ms = shortest_ms(&server->settings.groups);
    return 0;
}

void
weir__due_release(struct weir__due *due)
{
    free(due->queue);
    free(due->name);
}

static void
clear_agenda(struct weir__aggregator *aggregator)
{
    while (aggregator->agenda_count > 0) {
        weir__due_release(&aggregator->agenda[--aggregator->agenda_count]);
    }
}

void
weir__aggregator_release(weir_server *server)
{
    clear_agenda(&server->aggregator);
    pthread_cond_destroy(&server->aggregator.wake);
    pthread_mutex_destroy(&server->aggregator.lock);
}

/* ---- looking ---- */

struct look {
    weir_server *server;
    const char *queue;
    int64_t now_ms;
    int64_t next_ms; /* wall clock: when the next group is due that is not yet */
};

static weir_group_policy
policy_of(weir_server *server, const char *type)
{
    const struct weir__group_rules *rules = &server->settings.groups;

    pthread_rwlock_rdlock(&server->policy_lock);
    size_t i = weir__pattern_find(rules->types, rules->type_count, sizeof(*rules->types), type);
    weir_group_policy policy = i != WEIR__NO_PATTERN ? rules->types[i].policy : rules->policy;
    pthread_rwlock_unlock(&server->policy_lock);
    return policy;
}

static int64_t
due_at(const weir_group_info *group, const weir_group_policy *policy, int64_t now_ms)
{
    int64_t at_ms = group->newest_at_ms + policy->grace_ms;

    if (policy->max_size > 0 && group->size >= (size_t)policy->max_size) {
        return now_ms;
    }
    if (policy->max_delay_ms > 0) {
        at_ms = earlier(at_ms, group->oldest_at_ms + policy->max_delay_ms);
    }
    return at_ms;
}

/* A full agenda is looked at again once it is done. */
static int
note_group(void *arg, const weir_group_info *group)
{
    struct look *look = arg;
    struct weir__aggregator *aggregator = &look->server->aggregator;
    struct weir__due due = {.policy = policy_of(look->server, group->type)};
    int64_t at_ms = due_at(group, &due.policy, look->now_ms);

    if (!weir__mux_aggregate_of(look->server->mux, group->type, &due.aggregate, &due.arg)) {
        return 0;
    }
    if (at_ms > look->now_ms || aggregator->agenda_count == WEIR__AGENDA) {
        look->next_ms = earlier(look->next_ms, at_ms);
        return 0;
    }
    due.queue = strdup(look->queue);
    due.name = strdup(group->name);
    if (due.queue == NULL || due.name == NULL) {
        weir__due_release(&due);
        return WEIR_E_NOMEM;
    }
    aggregator->agenda[aggregator->agenda_count++] = due;
    return 0;
}

/* Puts the groups of all queues that are due into the agenda. */
static int
look_at_queues(weir_server *server, struct look *look, weir_error *err)
{
    struct weir__queue_set *queues = weir__server_queues(server);
    int code = 0;

    *look = (struct look){
        .server = server, .now_ms = weir__broker_now_ms(server->broker), .next_ms = WEIR_NEVER};
    for (size_t i = 0; i < queues->count && code == 0; i++) {
        look->queue = queues->names[i];
        code = weir__groups(server->broker, look->queue, WEIR_GROUP_SET_MAX, note_group, look, err);
    }
    weir__queue_set_unref(queues);
    return code;
}

/* Looks at all groups. Returns in how many ms to look again at the latest. */
static int64_t
look_at_groups(weir_server *server)
{
    struct look look;
    weir_error err = {0};

    if (look_at_queues(server, &look, &err) != 0) {
        return weir__outage_failed(server, WEIR__PARTY_GROUPS, "groups", &err);
    }
    weir__outage_over(server, WEIR__PARTY_GROUPS);
    if (look.next_ms == WEIR_NEVER || look.next_ms - look.now_ms > LONGEST_SLEEP_MS) {
        return LONGEST_SLEEP_MS;
    }
    return look.next_ms > look.now_ms ? look.next_ms - look.now_ms : 0;
}

static void
look_again_at(struct weir__aggregator *aggregator, int64_t mono_ms)
{
    if (mono_ms < aggregator->not_before_ms) {
        mono_ms = aggregator->not_before_ms;
    }
    aggregator->look_at_ms = earlier(aggregator->look_at_ms, mono_ms);
}

static void
refill_agenda(weir_server *server)
{
    struct weir__aggregator *aggregator = &server->aggregator;
    int64_t begun_ms = weir__mono_ms();
    int64_t next_ms = look_at_groups(server);
    int64_t now_ms = weir__mono_ms();

    pthread_mutex_lock(&aggregator->lock);
    aggregator->not_before_ms = now_ms + SHORTEST_GAP_MS + GAP_FACTOR * (now_ms - begun_ms);
    look_again_at(aggregator, now_ms + next_ms);
    pthread_mutex_unlock(&aggregator->lock);
}

static bool
takes_rounds(weir_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool runs = server->phase == WEIR__RUNNING;
    pthread_mutex_unlock(&server->lock);
    return runs;
}

/* A set that is as large as it may be left the rest of its group behind, which is due as well. */
static void
look_for_rest(struct weir__aggregator *aggregator, const struct weir__round *round)
{
    int64_t most = round->due.policy.max_size > 0 ? round->due.policy.max_size : WEIR_GROUP_SET_MAX;

    if ((int64_t)round->staged.count < most) {
        return;
    }
    pthread_mutex_lock(&aggregator->lock);
    look_again_at(aggregator, weir__mono_ms());
    pthread_mutex_unlock(&aggregator->lock);
}

/* For how long a set is staged. */
int64_t
weir__group_timeout_ms(weir_server *server)
{
    pthread_rwlock_rdlock(&server->policy_lock);
    int64_t timeout_ms = server->settings.groups.timeout_ms;
    pthread_rwlock_unlock(&server->policy_lock);
    return timeout_ms;
}

/* Stages the next group of the agenda. *found: *round is a set. */
static int
stage_next(weir_server *server, struct weir__round *round, bool *found, weir_error *err)
{
    struct weir__aggregator *aggregator = &server->aggregator;
    int64_t timeout_ms = weir__group_timeout_ms(server);

    *round = (struct weir__round){.due = aggregator->agenda[--aggregator->agenda_count]};
    round->end_boot_ms = weir__broker_boot_ms(server->broker) + timeout_ms;
    int code = weir__group_stage(server->broker, round->due.queue, round->due.name,
                                 &round->due.policy, timeout_ms, &round->staged, err);
    *found = round->staged.count > 0;
    if (!*found) {
        weir__staged_release(&round->staged);
        weir__due_release(&round->due);
    }
    return code;
}

/* Stages the next group that is due. True: *round is a set. */
static bool
next_round(weir_server *server, struct weir__round *round)
{
    struct weir__aggregator *aggregator = &server->aggregator;
    weir_error err = {0};
    bool found;

    if (!takes_rounds(server)) {
        clear_agenda(aggregator);
        return false;
    }
    if (aggregator->agenda_count == 0) {
        refill_agenda(server);
    }
    if (aggregator->agenda_count == 0) {
        return false;
    }
    if (stage_next(server, round, &found, &err) != 0) {
        int64_t delay_ms = weir__outage_failed(server, WEIR__PARTY_GROUPS, "group_stage", &err);
        clear_agenda(aggregator);
        pthread_mutex_lock(&aggregator->lock);
        aggregator->not_before_ms = weir__mono_ms() + delay_ms;
        look_again_at(aggregator, aggregator->not_before_ms);
        pthread_mutex_unlock(&aggregator->lock);
    }
    if (found) {
        look_for_rest(aggregator, round);
    }
    return found;
}

int
weir__aggregator_turn(weir_server *server, size_t *rounds, int64_t *next_at_ms, weir_error *err)
{
    struct weir__aggregator *aggregator = &server->aggregator;
    struct weir__round round;
    struct look look = {.next_ms = WEIR_NEVER};
    bool found;
    int code = 0;

    *rounds = 0;
    if (weir__mux_aggregates(server->mux) &&
        (weir__broker_capabilities(server->broker) & WEIR_CAP_GROUPS) != 0) {
        code = look_at_queues(server, &look, err);
    }
    *next_at_ms = look.next_ms;
    while (code == 0 && aggregator->agenda_count > 0) {
        code = stage_next(server, &round, &found, err);
        if (found) {
            weir__round_run(server, &round);
            ++*rounds;
        }
    }
    clear_agenda(aggregator);
    return code;
}

/* ---- threads ---- */

/* Waits for its turn to lead; false: the end. With the lock held. */
static bool
wait_for_turn(struct weir__aggregator *aggregator)
{
    while (!aggregator->ends) {
        if (aggregator->leading) {
            weir__cond_wait_until(&aggregator->wake, &aggregator->lock, WEIR_NEVER);
        } else if (aggregator->agenda_count > 0 || weir__mono_ms() >= aggregator->look_at_ms) {
            return true;
        } else {
            weir__cond_wait_until(&aggregator->wake, &aggregator->lock, aggregator->look_at_ms);
        }
    }
    return false;
}

/* With the lock held, which is given up meanwhile. */
static void
take_turn(weir_server *server, struct weir__rounder *self)
{
    struct weir__aggregator *aggregator = &server->aggregator;
    struct weir__round round;

    aggregator->leading = true;
    if (aggregator->outdated) {
        clear_agenda(aggregator);
        aggregator->outdated = false;
    }
    if (aggregator->agenda_count == 0) {
        aggregator->look_at_ms = WEIR_NEVER;
    }
    pthread_mutex_unlock(&aggregator->lock);
    bool found = next_round(server, &round);
    pthread_mutex_lock(&aggregator->lock);
    aggregator->leading = false;
    self->busy = found;
    aggregator->rounds += found;
    pthread_cond_broadcast(&aggregator->wake);
    if (!found) {
        return;
    }
    pthread_mutex_unlock(&aggregator->lock);
    weir__round_run(server, &round);
    pthread_mutex_lock(&aggregator->lock);
    self->busy = false;
    aggregator->rounds--;
    pthread_cond_broadcast(&aggregator->wake);
}

static void *
aggregator_main(void *arg)
{
    struct weir__rounder *self = arg;
    weir_server *server = self->server;
    struct weir__aggregator *aggregator = &server->aggregator;

    pthread_mutex_lock(&aggregator->lock);
    while (wait_for_turn(aggregator)) {
        take_turn(server, self);
    }
    pthread_mutex_unlock(&aggregator->lock);
    weir__server_unref(server);
    return NULL;
}

bool
weir__aggregator_runs(const weir_server *server)
{
    return server->aggregator.thread_count > 0;
}

int
weir__aggregator_start(weir_server *server, weir_error *err)
{
    struct weir__aggregator *aggregator = &server->aggregator;
    int code = 0;

    if (!weir__mux_aggregates(server->mux)) {
        return 0;
    }
    if ((weir__broker_capabilities(server->broker) & WEIR_CAP_GROUPS) == 0) {
        return 0;
    }
    while (aggregator->thread_count < WEIR__ROUNDS && code == 0) {
        struct weir__rounder *rounder = &aggregator->threads[aggregator->thread_count];
        rounder->server = server;
        atomic_fetch_add(&server->refs, 1);
        code = weir__thread_start(&rounder->thread, "weir-groups", aggregator_main, rounder, err);
        if (code == 0) {
            aggregator->thread_count++;
        } else {
            atomic_fetch_sub(&server->refs, 1);
        }
    }
    return code;
}

void
weir__aggregator_call(weir_server *server)
{
    struct weir__aggregator *aggregator = &server->aggregator;

    pthread_mutex_lock(&aggregator->lock);
    int64_t before_ms = aggregator->look_at_ms;
    look_again_at(aggregator, weir__mono_ms() + aggregator->shortest_ms);
    if (aggregator->look_at_ms < before_ms) {
        pthread_cond_broadcast(&aggregator->wake); /* one alone may be one that waits to commit */
    }
    pthread_mutex_unlock(&aggregator->lock);
}

void
weir__aggregator_set_rules(weir_server *server, struct weir__group_rules *rules)
{
    struct weir__aggregator *aggregator = &server->aggregator;
    struct weir__group_rules before;

    pthread_mutex_lock(&aggregator->lock);
    pthread_rwlock_wrlock(&server->policy_lock);
    before = server->settings.groups;
    server->settings.groups = *rules;
    pthread_rwlock_unlock(&server->policy_lock);
    aggregator->shortest_ms = shortest_ms(rules);
    aggregator->outdated = true;
    look_again_at(aggregator, weir__mono_ms());
    pthread_cond_broadcast(&aggregator->wake);
    pthread_mutex_unlock(&aggregator->lock);
    *rules = before;
}

void
weir__aggregator_end(weir_server *server)
{
    pthread_mutex_lock(&server->aggregator.lock);
    server->aggregator.ends = true;
    pthread_cond_broadcast(&server->aggregator.wake);
    pthread_mutex_unlock(&server->aggregator.lock);
}

int
weir__aggregator_stop(weir_server *server, int64_t mono_ms)
{
    struct weir__aggregator *aggregator = &server->aggregator;
    bool busy[WEIR__ROUNDS];

    if (aggregator->joined) {
        return 0;
    }
    aggregator->joined = true;
    weir__aggregator_end(server);
    pthread_mutex_lock(&aggregator->lock);
    while (aggregator->rounds > 0 && weir__mono_ms() < mono_ms) {
        weir__cond_wait_until(&aggregator->wake, &aggregator->lock, mono_ms);
    }
    int rounds = aggregator->rounds;
    for (size_t i = 0; i < aggregator->thread_count; i++) {
        busy[i] = aggregator->threads[i].busy;
    }
    pthread_mutex_unlock(&aggregator->lock);
    for (size_t i = 0; i < aggregator->thread_count; i++) {
        if (busy[i]) {
            pthread_detach(aggregator->threads[i].thread);
        } else {
            pthread_join(aggregator->threads[i].thread, NULL);
        }
    }
    return rounds;
}
