-- name: history
-- The movements of one person's accounts in one book, each with the balance of its account after it.
SELECT m.id, m.event_at, m.recorded_at, m.kind, m.expires_on, m.counter_kind, m.amount,
       coalesce(b.carried, 0) + sum(m.amount) OVER (PARTITION BY m.kind, m.expires_on
                                                    ORDER BY m.recorded_at, m.id ROWS UNBOUNDED PRECEDING) AS after,
       m.reference
FROM (
  SELECT t.id, t.event_at, t.recorded_at, v.kind, v.expires_on, v.counter_kind, v.amount, t.reference
  FROM ledger_transfer t
  CROSS JOIN LATERAL (VALUES (t.credit_kind, t.credit_expires, t.debit_kind, t.amount),
                             (t.debit_kind, t.debit_expires, t.credit_kind, -t.amount))
    AS v(kind, expires_on, counter_kind, amount)
  WHERE t.subject_id = %(subject)s AND t.book_id = %(book)s AND v.kind >= 100
) AS m
LEFT JOIN ledger_balance b ON b.subject_id = %(subject)s AND b.book_id = %(book)s AND b.kind = m.kind
                          AND b.expires_on = m.expires_on
ORDER BY m.recorded_at, m.id, m.kind
