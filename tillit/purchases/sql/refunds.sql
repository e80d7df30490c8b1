-- name: waiting
-- A page of the refunds that wait at the controllers, the oldest first, each with what its receipt says and the number of
-- all of them. One that was paid to another's card has no receipt here.
SELECT u.id, u.subject_id, u.controller_id, u.event_at, c.name, s.name, s.place, coalesce(r.receipt, ''),
       coalesce(r.product, ''), u.amount, c.currency, u.refund_of IS NOT NULL, coalesce(r.batch_id, 0), u.asked, count(*) OVER ()
FROM purchases_unmatched_refund u
JOIN purchases_chain c ON c.id = u.chain_id
JOIN purchases_store s ON s.id = u.store_id
LEFT JOIN purchases_purchase r ON r.subject_id = u.subject_id AND r.id = u.purchase_id
WHERE u.settled_at IS NULL AND u.state = 0 AND u.controller_id = ANY (%(controllers)s::integer[])
ORDER BY u.event_at, u.id LIMIT %(limit)s OFFSET %(offset)s

-- name: one
-- One refund that waits, as `waiting` tells it.
SELECT u.id, u.subject_id, u.controller_id, u.event_at, c.name, s.name, s.place, coalesce(r.receipt, ''),
       coalesce(r.product, ''), u.amount, c.currency, u.refund_of IS NOT NULL, coalesce(r.batch_id, 0), u.asked, 1
FROM purchases_unmatched_refund u
JOIN purchases_chain c ON c.id = u.chain_id
JOIN purchases_store s ON s.id = u.store_id
LEFT JOIN purchases_purchase r ON r.subject_id = u.subject_id AND r.id = u.purchase_id
WHERE u.id = %(refund)s AND u.settled_at IS NULL AND u.state = 0

-- name: candidates
-- Purchases of the refund's own person that it may be of: in the same chain, made before it (or by what
-- staff posted, whose time is not known so well, on the same day), with enough left that was not refunded. The same store comes first, then the same amount, then the nearest in time.
SELECT p.id, p.event_at, s.name, s.place, p.receipt, p.product, p.amount, p.amount - b.back, p.currency
FROM purchases_unmatched_refund u
JOIN purchases_purchase p ON p.subject_id = u.subject_id AND p.chain_id = u.chain_id AND p.amount > 0 AND p.state = 0
 AND (p.event_at <= u.event_at
      OR (p.event_at AT TIME ZONE %(zone)s)::date = (u.event_at AT TIME ZONE %(zone)s)::date
         AND EXISTS (SELECT FROM purchases_made_good m WHERE m.purchase_id = p.id))
JOIN purchases_store s ON s.id = p.store_id
CROSS JOIN LATERAL (
  SELECT coalesce(-sum(o.amount), 0)::bigint AS back FROM purchases_unmatched_refund o
  WHERE o.subject_id = p.subject_id AND o.refund_of = p.id AND o.outcome IN ('', 'settled') AND o.id <> u.id
) AS b
WHERE u.id = %(refund)s AND p.amount - b.back >= -u.amount
ORDER BY p.store_id <> u.store_id, p.amount <> -u.amount, greatest(u.event_at - p.event_at, p.event_at - u.event_at), p.id LIMIT %(most)s
