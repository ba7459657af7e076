-- SPDX-License-Identifier: MIT
-- The accounts of the demonstration: the main one, and thirty with something on them.
INSERT INTO accounts (id, name, balance_cents) VALUES
    (1, 'main', 0),
    (2, 'till 1', 84891),
    (3, 'till 2', 248478),
    (4, 'till 3', 39545),
    (5, 'till 4', 103501),
    (6, 'till 5', 170639),
    (7, 'till 6', 12658),
    (8, 'till 7', 18989),
    (9, 'till 8', 215293),
    (10, 'till 9', 140479),
    (11, 'till 10', 24676),
    (12, 'till 11', 95864),
    (13, 'till 12', 152775),
    (14, 'till 13', 15205),
    (15, 'till 14', 238474),
    (16, 'till 15', 133022),
    (17, 'till 16', 56282),
    (18, 'till 17', 9830),
    (19, 'till 18', 22531),
    (20, 'till 19', 113678),
    (21, 'till 20', 109622),
    (22, 'till 21', 18313),
    (23, 'till 22', 63089),
    (24, 'till 23', 23780),
    (25, 'till 24', 144454),
    (26, 'till 25', 111286),
    (27, 'till 26', 15496),
    (28, 'till 27', 216755),
    (29, 'till 28', 148231),
    (30, 'till 29', 32454),
    (31, 'till 30', 248369);

INSERT INTO entries (account_id, reference, amount_cents)
SELECT id, 'opening', balance_cents FROM accounts;
