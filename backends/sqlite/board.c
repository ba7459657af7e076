/* SPDX-License-Identifier: MIT */
/*
 * The page that processes share: see board.h. A futex lies on it; without futexes sleepers are woken by the time alone.
 */
#include <config.h>

#include "board.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>
#ifdef HAVE_LINUX_FUTEX_H
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

static void *
map(void *at, int flags, int fd)
{
    void *page = mmap(at, WEIR__BOARD_BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);

    return page != MAP_FAILED ? page : NULL;
}

void
weir__board_init(struct weir__board *board)
{
    board->page = map(NULL, MAP_SHARED | MAP_ANONYMOUS, -1);
}

void
weir__board_release(struct weir__board *board)
{
    if (board->page != NULL)
        munmap(board->page, WEIR__BOARD_BYTES);
    board->page = NULL;
}

/* A file that cannot be mapped must not cost the page that is there: whether it can is tried elsewhere. */
void
weir__board_share(struct weir__board *board, int fd)
{
    void *trial = board->page != NULL ? map(NULL, MAP_SHARED, fd) : NULL;

    if (trial == NULL)
        return;
    munmap(trial, WEIR__BOARD_BYTES);
    map(board->page, MAP_SHARED | MAP_FIXED, fd);
}

#ifdef HAVE_LINUX_FUTEX_H
static bool
sleep_on(_Atomic uint32_t *word, uint32_t value, int64_t us)
{
    struct timespec room = {us / 1000000, us % 1000000 * 1000};

    return syscall(SYS_futex, word, FUTEX_WAIT, value, &room, NULL, 0) == 0 || errno != ETIMEDOUT;
}

static void
wake_one(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
#else
static bool
sleep_on(_Atomic uint32_t *word, uint32_t value, int64_t us)
{
    struct timespec room = {us / 1000000, us % 1000000 * 1000};

    (void)word;
    (void)value;
    nanosleep(&room, NULL);
    return false;
}

static void
wake_one(_Atomic uint32_t *word)
{
    (void)word;
}
#endif

uint32_t
weir__board_turn(const struct weir__board *board)
{
    return board != NULL && board->page != NULL ? atomic_load(&board->page->turn) : 0;
}

bool
weir__board_await_turn(struct weir__board *board, uint32_t seen, int64_t us)
{
    bool woken;

    if (board == NULL || board->page == NULL) {
        const struct timespec room = {us / 1000000, us % 1000000 * 1000};
        nanosleep(&room, NULL);
        return false;
    }
    atomic_fetch_add(&board->page->sleepers, 1);
    woken = sleep_on(&board->page->turn, seen, us);
    atomic_fetch_sub(&board->page->sleepers, 1);
    return woken;
}

void
weir__board_pass_turn(struct weir__board *board)
{
    if (board->page == NULL)
        return;
    atomic_fetch_add(&board->page->turn, 1);
    if (atomic_load(&board->page->sleepers) != 0)
        wake_one(&board->page->turn);
}
