/* SPDX-License-Identifier: MIT */
/*
 * A ledger in a SQLite file (its tables are in ledger.sql).
 */
#ifndef SWEEP_LEDGER_H
#define SWEEP_LEDGER_H

#include <weir/error.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * Moves what is on an account to the main account, in one transaction, under a reference. A reference
 * is booked once: when it was before, nothing moves, *moved_cents is what was moved then, and *is_new is
 * false. An account without money, or with less than none, stays as it is (an entry of 0 is booked).
 * Any thread or process.
 * Errors: WEIR_E_INVALID (no such account, or it is the main one), WEIR_E_BUSY, WEIR_E_IO.
 */
int ledger_sweep(const char *database, int64_t account, int64_t main_account, const char *reference,
                 int64_t *moved_cents, bool *is_new, weir_error *err);

#endif
