-- SPDX-License-Identifier: MIT
-- The ledger of the module "sweep". Amounts are whole cents. An account's balance is the sum of its
-- entries; no two entries of one account may have the same reference, which is what makes a repeated
-- booking impossible.
CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    balance_cents INTEGER NOT NULL DEFAULT 0 CHECK (typeof(balance_cents) = 'integer')
);

CREATE TABLE IF NOT EXISTS entries (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    reference TEXT NOT NULL,
    amount_cents INTEGER NOT NULL CHECK (typeof(amount_cents) = 'integer'),
    PRIMARY KEY (account_id, reference)
) WITHOUT ROWID;
