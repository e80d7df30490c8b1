-- name: signs
-- The figures of members' purchases at a controller's chains in a period that are above their limits: member, sign, figure
-- and limit. A receipt is one's at a store on a day; a line without number is its own.
WITH bought AS (
  SELECT p.subject_id, p.amount, p.last_four, p.store_id, p.receipt,
         (p.event_at AT TIME ZONE 'Europe/Oslo')::date AS day, coalesce(nullif(p.receipt, ''), p.id::text) AS slip
  FROM purchases_purchase p JOIN purchases_chain c ON c.id = p.chain_id
  WHERE c.controller_id = %(controller)s AND p.event_at >= %(start)s AND p.event_at < %(end)s
), each AS (
  SELECT b.subject_id, coalesce(sum(b.amount) FILTER (WHERE b.amount > 0), 0) AS volume,
         coalesce(-sum(b.amount) FILTER (WHERE b.amount < 0), 0) AS refunded,
         count(DISTINCT b.last_four) FILTER (WHERE b.last_four <> '') AS cards
  FROM bought b GROUP BY 1
), daily AS (
  SELECT d.subject_id, max(d.receipts) AS velocity
  FROM (SELECT b.subject_id, b.day, count(DISTINCT (b.store_id, b.slip)) AS receipts FROM bought b
        WHERE b.amount > 0 GROUP BY 1, 2) AS d GROUP BY 1
), shared AS (
  SELECT s.subject_id, count(*) AS receipts
  FROM (SELECT DISTINCT b.subject_id, b.store_id, b.day, b.receipt FROM bought b
        WHERE b.receipt <> '' AND b.amount > 0) AS s
  WHERE EXISTS (SELECT FROM bought o WHERE o.store_id = s.store_id AND o.day = s.day AND o.receipt = s.receipt
                AND o.subject_id <> s.subject_id)
  GROUP BY 1
)
SELECT f.subject_id, f.sign, f.measured::bigint, f.most::bigint
FROM (
  SELECT e.subject_id, 'volume' AS sign, e.volume AS measured, %(volume)s AS most FROM each e
  UNION ALL SELECT d.subject_id, 'velocity', d.velocity, %(velocity)s FROM daily d
  UNION ALL SELECT e.subject_id, 'cards', e.cards, %(cards)s FROM each e
  UNION ALL SELECT s.subject_id, 'shared_receipt', s.receipts, %(shared_receipt)s FROM shared s
  UNION ALL SELECT e.subject_id, 'refunds', round(100 * e.refunded / e.volume), %(refunds)s FROM each e WHERE e.volume > 0
) AS f
WHERE f.measured > f.most ORDER BY f.subject_id, f.sign

-- name: owing
-- Who owes what in the books: wrongly credited bonus that was spent, not repaid by later earning yet.
SELECT b.subject_id, b.book_id, -b.balance FROM ledger_balance b
WHERE b.book_id = ANY (%(books)s) AND b.kind >= 200 AND b.kind = %(debt)s AND b.balance < 0
ORDER BY b.subject_id, b.book_id
