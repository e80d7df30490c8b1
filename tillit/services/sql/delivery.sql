-- name: claim
-- The order of one controller that has been due longest, taken by us: nobody else's, and once. What a worker that died
-- had taken is taken again when its time is out; what the issuer has is asked about. Nobody answers for a rejected one
-- but a colleague.
UPDATE services_block_order o SET order_state = CASE WHEN o.order_state = 'accepted' THEN 'accepted' ELSE 'sending' END,
  claimed_at = %(now)s, attempts = attempts + 1
FROM (
  SELECT subject_id, id FROM services_block_order
  WHERE controller_id = %(controller)s AND settled_at IS NULL AND order_state <> 'rejected' AND due_at <= %(now)s
    AND issuer_id <> ALL (%(silent)s::bigint[])
    AND (claimed_at IS NULL OR claimed_at < %(lapsed)s)
  ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) due
WHERE o.subject_id = due.subject_id AND o.id = due.id
RETURNING o.subject_id, o.id
