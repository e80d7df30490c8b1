"""Double entry for value that people hold. Owns account kinds, books, transfers, balances and period closings.

A *book* is what accounts are kept in (a bonus chain, gift cards): one controller, one currency, and value never moves
between books. A person's account in a book is (kind, expires_on); a bonus lot is an account. Other layers say what the
kinds mean: the ledger knows no bonus.

Invariants, held by PostgreSQL and proved in tests/ledger:

1. A transfer is one row: amount above zero from one account to another of the same book, so every book sums to zero.
2. Its id is derived from its natural key, so (subject_id, id) makes posting idempotent: the same key with the same
   content is nothing new, the same key with other content is refused (`TL001`).
3. A holding is never below zero, an owing (debt) never above (CHECK).
4. balance = carried (what was disposed of) + its transfers.
5. Rows are written by functions of the role `tillit_ledger` alone; never changed: a reversal is a new one.
6. Locks are taken in one order: books (advisory, shared), balances by (subject, book, kind, expiry), transfers by
   (subject, id).
7. What is disposed of has been folded into closings: sums, trial balance and liability survive it.
"""
