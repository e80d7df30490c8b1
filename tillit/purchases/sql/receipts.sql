-- name: page
-- A page of receipts of the given people, newest first: lines grouped by store, receipt number and day (a line without
-- number is its own receipt), after the keyset (time, key) of the page before. Runs within a scope.
WITH line AS (
  SELECT p.*, CASE WHEN p.receipt = '' THEN p.id::text
              ELSE p.source_id || ':' || p.store_id || ':' || (p.event_at AT TIME ZONE 'Europe/Oslo')::date || ':' || p.receipt END AS key
  FROM purchases_purchase p
  WHERE p.subject_id = ANY (%(subjects)s::bigint[])
), bought AS (
  SELECT max(l.event_at) AS event_at, l.key, l.chain_id, l.store_id, l.receipt, l.currency, sum(l.amount) AS total,
         max(l.last_four) AS last_four,
         jsonb_agg(jsonb_build_object('id', l.id, 'product', l.product, 'amount', l.amount,
                                      'refund', l.amount < 0) ORDER BY l.event_at, l.id) AS lines
  FROM line l GROUP BY l.key, l.chain_id, l.store_id, l.receipt, l.currency
  HAVING %(at)s::timestamptz IS NULL OR (max(l.event_at), l.key) < (%(at)s::timestamptz, %(key)s)
  ORDER BY max(l.event_at) DESC, l.key DESC LIMIT %(limit)s
)
SELECT b.event_at, b.key, c.name, s.name, s.place, b.receipt, b.currency, b.total, b.last_four, b.lines
FROM bought b JOIN purchases_chain c ON c.id = b.chain_id JOIN purchases_store s ON s.id = b.store_id
ORDER BY b.event_at DESC, b.key DESC
