-- name: movements
-- What moved in a book month by month of record time and by account kind (credit less debit): closings, and the transfers
-- of months that are not closed. For a scope that sees every row of the book.
SELECT m.period, m.kind, sum(m.amount)::bigint AS moved
FROM (
  SELECT c.period, c.kind, c.credit - c.debit AS amount FROM ledger_closing c WHERE c.book_id = %(book)s
  UNION ALL
  SELECT t.period, v.kind, v.amount
  FROM (
    SELECT date_trunc('month', x.recorded_at AT TIME ZONE b.zone)::date AS period, x.debit_kind, x.credit_kind,
           sum(x.amount) AS amount
    FROM ledger_transfer x JOIN ledger_book b ON b.id = x.book_id
    WHERE x.book_id = %(book)s
    GROUP BY 1, 2, 3
  ) AS t
  CROSS JOIN LATERAL (VALUES (t.debit_kind, -t.amount), (t.credit_kind, t.amount)) AS v(kind, amount)
  WHERE NOT EXISTS (SELECT FROM ledger_closing d WHERE d.book_id = %(book)s AND d.period = t.period
                    AND d.closed_at IS NOT NULL)
) AS m
GROUP BY m.period, m.kind
ORDER BY m.period, m.kind
